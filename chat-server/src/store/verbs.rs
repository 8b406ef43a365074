//! What can be asked of a store and done to it, for either engine.

mod accounts;
mod administration;
mod append;
mod asides;
mod audit;
mod bans;
mod bots;
mod change;
mod days;
mod doors;
mod entry;
mod exchange;
mod files;
mod hooks;
mod identities;
mod import;
mod inbox;
mod keeping;
mod lists;
mod log;
mod messages;
mod nodes;
mod notify;
mod people;
mod reports;
mod retention;
mod row;
mod search;
mod second_factor;
mod sign_in;
mod threads;
mod welcome;

pub use accounts::noted_every;

pub(super) use entry::Entry;
pub(super) use log::{commit, read_position};
pub(super) use nodes::notices;
pub(super) use row::{EVENT, event, int};

use super::Store;
