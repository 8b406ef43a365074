//! What people do about the safety of their account, and admins about accounts.

use chat_proto::{AccountInfo, Request, Role, Secret, SessionId, UserName};

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub enum Safety {
    /// Asks for another password.
    Password,
    /// Where one is logged in.
    Sessions,
    /// Asks whether to end this login, of the device with this name; all others without. Of
    /// somebody else, for admins.
    End(Option<UserName>, Option<(SessionId, String)>),
    /// Begins to set up a second factor.
    TwoFactor,
    /// Asks for the password that ends it.
    TwoFactorOff,
    /// Asks for the password with which a link with the provider begins.
    Link,
    /// Goes on with it, by the code that the last page shows.
    LinkCode(Secret),
    /// Asks for the password that ends it.
    Unlink,
    /// All that admins do, in one list.
    Admin,
    /// What is known of an account, and what can be done about it.
    Account(Box<AccountInfo>),
    /// Asks for the first password of a new account, or for none.
    Create(UserName, Role),
    /// Copies what is shown once; it stays on the screen, for a terminal that copies nothing.
    CopyOnce(Box<Once>),
    /// Asks the server this, and says what came of it.
    Ask(Box<Request>),
    /// The same, after a question.
    Confirm(String, Box<Request>),
}

/// Nothing in a request differs from itself: there are no floating point numbers in it.
impl Eq for Safety {}

/// Something that is shown this once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// What it is.
    pub title: String,
    /// The secret.
    pub code: Secret,
    /// For whom, until when, and what to do with it.
    pub words: String,
}
