//! What people do about the safety of their account, and admins about accounts.

use chat_proto::{Request, SessionId};

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub enum Safety {
    /// Asks for another password.
    Password,
    /// Where one is logged in.
    Sessions,
    /// Asks whether to end this login, of the device with this name; all others without.
    End(Option<(SessionId, String)>),
    /// Begins to set up a second factor.
    TwoFactor,
    /// Asks the server this, and says what came of it.
    Ask(Box<Request>),
    /// The same, after a question.
    Confirm(String, Box<Request>),
}

/// Nothing in a request differs from itself: there are no floating point numbers in it.
impl Eq for Safety {}
