//! The chat client engine: everything between an interface and a server.
//!
//! ```text
//! interface -> Client -> engine -> socket
//! interface <- Updates <- engine <- socket
//!                           |
//!                 cache and outbox (SQLite)
//! ```

mod client;
pub mod update;

pub use client::{Client, RequestError, Updates};
pub use update::{Anchor, Connection, Delivery, History, Outgoing, Update};
