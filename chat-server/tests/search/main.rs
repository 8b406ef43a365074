//! Search: what is found, by whom, in which order, and what is gone for good.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test"
)]

mod corpus;
mod finding;
mod fixture;
mod rights;
mod upgrade;
mod wire;
