//! The server's parts on the real thing, in one program: linking it once keeps builds small.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test"
)]

mod backup;
mod both_engines;
mod doctor;
mod documents;
mod examples;
mod exchange;
mod files;
mod floors;
mod home;
mod live;
mod nodes;
mod postgres;
mod search;
mod store;
mod turns;
mod upgrade;
mod watching;
