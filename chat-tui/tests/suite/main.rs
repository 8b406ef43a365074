//! The chat from its keys to its screen, in one program: linking it once keeps builds small.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod administration;
mod arranging;
mod attention;
mod bots;
mod browser;
mod cards;
mod common;
mod desk;
mod documents;
mod drafts;
mod files;
mod flows;
mod idle;
mod keys;
mod listings;
mod lock;
mod looks;
mod messages;
mod palette;
mod panic;
mod pasting;
mod people;
mod pictures;
mod plain;
mod provider;
mod reading;
mod right_to_left;
mod rooms;
mod screens;
mod sign_in;
mod trust;
