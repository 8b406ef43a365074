//! The chat server.
//!
//! Floors; each imports only lower ones, which `tests/suite/floors.rs` checks:
//!
//! ```text
//! 7 cli, config, service   flags -> checked config -> open -> serve; backup, exchange: all of it
//!                          in a file, and back
//! 6 server                 listener, permits, TLS, upgrade, drain
//! 5 session, console       one connection: read, answer, write; before login it is another type
//! 4 handler                which request goes where
//! 3 hub, outgoing          shards own conversations: decide, apply, commit, deliver; calls of webhooks
//!   sso                    who somebody is, as a provider says it
//! 2 store, bus, auth,      memory; other nodes; secrets; bytes;
//!   files                   metrics: what is counted
//! 1 domain, registration   pure rules; slack: what other programs post
//! 0 chat-proto
//! ```

pub mod domain;
pub mod registration;
pub mod slack;

pub mod auth;
pub mod bus;
pub mod files;
pub mod metrics;
pub mod store;

pub mod hub;
pub mod outgoing;
pub mod sso;

pub mod handler;

pub mod console;
pub mod session;

pub mod server;

pub mod backup;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod exchange;
pub mod limits;
pub mod log;
pub mod migrate;
pub mod serve;
pub mod service;
pub mod traces;
