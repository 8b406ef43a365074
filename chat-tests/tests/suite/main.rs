//! The product as its users meet it: real binaries over real sockets and terminals.
//!
//! Run `cargo build --workspace --bins` first, or `cargo xtask test`, which does.

// clippy.toml allows these inside test functions; their helpers are tests as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acme;
mod admin;
mod backup;
mod bots;
mod cli;
mod cluster;
mod console;
mod crash;
mod examples;
mod exchange;
mod files_cli;
mod files_direct;
mod hostile;
mod image;
mod isolation;
mod oidc;
mod raw_socket;
mod scenarios;
mod security;
mod snapshot_plus_events;
mod stage;
mod terminals;
mod terminals_accounts;
mod terminals_plain;
mod terminals_reading;
mod terminals_trust;
mod trust;
