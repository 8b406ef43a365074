//! What is known before the form opens, what it asks, and how that can fail.

use std::time::Duration;

use chat_client::address::ServerAddress;
use chat_client::provider::Answers;
use chat_proto::{Secret, UserName};

/// What may be known before the form opens, from flags and the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The server's address.
    pub server: Option<String>,
    /// The account's name.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// An invite code.
    pub invite: Option<Secret>,
    /// A token from an earlier login; asks for nothing else.
    pub token: Option<Secret>,
    /// Whether giving up leads back to another account.
    pub returns: bool,
}

impl Known {
    /// Whether nothing has to be asked of a person.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.server.is_some() && (self.token.is_some() || (self.user.is_some() && self.password.is_some()))
    }
}

/// What the form wants to be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Who is at this address?
    Probe(ServerAddress),
    /// Log in.
    LogIn(ServerAddress, UserName, Secret, Option<Secret>),
    /// Set a password by a reset code, and log in.
    Reset(ServerAddress, Secret, Secret, Option<Secret>),
    /// Log in by a token.
    Token(ServerAddress, Secret),
    /// Make an account.
    Register(ServerAddress, UserName, Secret, Option<Secret>),
    /// Begin a login by the server's provider.
    Provider(ServerAddress),
    /// Ask, after this time, whether the login of this name is done.
    Finish(ServerAddress, Secret, Box<Answers>, Duration),
    /// The person gave up.
    Quit,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// For people.
    pub message: String,
    /// Whether the same is to be asked again with the code of the second factor.
    pub needs_code: bool,
    /// Whether it is the invite code that is wrong or missing.
    pub needs_invite: bool,
}

impl From<String> for Refused {
    fn from(message: String) -> Self {
        Self { message, needs_code: false, needs_invite: false }
    }
}
