//! The chat client engine: everything between an interface and a server.
//!
//! ```text
//! interface -> Client -> engine -> socket
//! interface <- Updates <- engine <- socket
//!                           |
//!                 cache and outbox (SQLite)
//! ```

pub mod account;
pub mod address;
mod alert;
mod backoff;
mod cache;
mod client;
mod disk;
mod engine;
pub mod export;
pub mod files;
pub mod known;
pub mod link;
pub mod paths;
pub mod private;
pub mod provider;
mod session;
pub mod sign_in;
pub mod stranger;
pub mod tls;
pub mod update;
pub mod wire;
pub mod words;

pub use alert::is_quiet;
pub use client::{Client, RequestError, Updates};
pub use engine::{Options, Road, StartError, Storage, start, start_over};
pub use update::{Alert, Anchor, Connection, Delivery, Draft, Enclosure, History, Outgoing, Update};
