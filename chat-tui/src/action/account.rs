//! What a person does with their accounts.

use crate::state::neighbours::{SeatId, Spot};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// Signs in to a further one.
    Add,
    /// Goes to the one of this name.
    Go(String),
    /// Asks whether to sign out of the one of this name, or of the one on screen.
    Remove(Option<String>),
    /// Signs out; was asked before.
    SignOut(SeatId),
    /// Goes to a conversation of another account, or to the account as it was left.
    Visit(Spot),
}
