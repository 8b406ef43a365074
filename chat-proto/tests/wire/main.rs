//! The wire, held against its specification.
//!
//! 1. Every example in `PROTOCOL.md` is read and written again without a change of meaning.
//! 2. Every request, event kind, push, signal, error code and close code stands there, in the
//!    words of the code.
//! 3. Readers take what they do not know, and no bytes make them panic.

// clippy.toml allows these inside test functions; their helpers are tests as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arbitrary;
mod examples;
mod hostile;
mod spec;
mod tables;
