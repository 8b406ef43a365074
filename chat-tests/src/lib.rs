//! The whole product from outside: real binaries, real sockets, real terminals.
//!
//! Harness code for the tests of this crate and for `cargo xtask demo` and `picture`. It promises:
//!
//! 1. Every process that it starts is ended when its handle is dropped, by its own process id.
//! 2. Every wait has a deadline, and says what it waited for and what was there instead.
//! 3. Nothing sleeps to let something else happen first; order comes from barriers.

mod binaries;
mod cleanup;
mod cluster;
pub mod http;
mod interrupt;
mod nats;
pub mod postgres;
mod process;
mod programs;
mod screenshot;
mod script;
mod server;
mod terminal;

use std::time::Duration;

pub use binaries::{bin, use_binaries_in};
pub use cleanup::{Folder, end_all, hold, release};
pub use cluster::Cluster;
pub use interrupt::tidy_up_on_signals;
pub use nats::Nats;
pub use process::{Running, Signal, clean_environment, run};
pub use programs::program;
pub use screenshot::{light_screenshot, screenshot};
pub use script::{Script, uuid};
pub use server::{Options, Server};
pub use terminal::{Key, Manner, Terminal};

/// How long anything may take before a test gives up. A machine that compiles beside the tests
/// needs seconds where a free one needs milliseconds.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The password of every test account.
pub const PASSWORD: &str = "correct horse battery staple";
