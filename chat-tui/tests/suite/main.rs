//! The chat from its keys to its screen, in one program: linking it once keeps builds small.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod attention;
mod bots;
mod common;
mod desk;
mod files;
mod flows;
mod idle;
mod keys;
mod listings;
mod messages;
mod palette;
mod panic;
mod people;
mod plain;
mod rooms;
mod screens;
