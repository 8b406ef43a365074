//! The end of somebody's connections by the server.

use chat_proto::{CloseReason, SessionId};

use super::SessionKey;

/// Which of a person's connections end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Those of one login, apart from the connection that asked.
    Login(SessionKey),
    /// All.
    All,
    /// All, because the account was banned.
    Banned,
    /// All, for this reason.
    Because(CloseReason),
    /// Those of one login, for this reason.
    Session(SessionId, CloseReason),
    /// Those of all logins but one, for this reason.
    Others(SessionId, CloseReason),
}

impl Ending {
    pub(super) fn includes(self, session: &SessionKey) -> bool {
        match self {
            Ending::Login(asking) => session.login == asking.login && *session != asking,
            Ending::All | Ending::Banned | Ending::Because(_) => true,
            Ending::Session(login, _) => session.login == login,
            Ending::Others(login, _) => session.login != login,
        }
    }

    pub(super) fn reason(self) -> CloseReason {
        match self {
            Ending::Login(_) | Ending::All => CloseReason::SessionEnded,
            Ending::Banned => CloseReason::Banned,
            Ending::Because(reason) | Ending::Session(_, reason) | Ending::Others(_, reason) => reason,
        }
    }
}
