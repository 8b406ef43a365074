//! How a command fails: one sentence on stderr and an exit code.

use std::fmt::Display;
use std::process::ExitCode;

use chat_client::link::LinkError;
use chat_client::{RequestError, StartError};
use chat_proto::{ErrorCode, WireError};

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The server said no.
    pub(crate) fn refused(message: impl Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    /// The command was not understood, or something is missing on this side.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// There is no connection.
    pub(crate) fn connect(message: impl Display) -> Self {
        Self { code: 3, message: message.to_string() }
    }

    /// It took too long.
    pub(crate) fn timed_out(message: impl Display) -> Self {
        Self { code: 4, message: message.to_string() }
    }

    /// Nobody reads the output any more, which ends a command quietly.
    pub(crate) fn quiet() -> Self {
        Self { code: 0, message: String::new() }
    }

    /// Prints the sentence; gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            eprintln!("chat-cli: {}", chat_proto::SafeText::line(&self.message));
        }
        ExitCode::from(self.code)
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        match &error {
            LinkError::Refused(refusal) => refusal.into(),
            LinkError::Unreadable(_) => Self::refused(error),
            LinkError::TimedOut(_) => Self::timed_out(error),
            LinkError::Dial(_) | LinkError::Tls(_) | LinkError::Version { .. } | LinkError::Cut { .. } => {
                Self::connect(error)
            }
        }
    }
}

impl From<&WireError> for Failure {
    fn from(error: &WireError) -> Self {
        match error.code {
            ErrorCode::InviteInvalid => {
                Self::refused(format!("{} Give a code with --invite or CHAT_INVITE.", error.message))
            }
            ErrorCode::SecondFactorRequired => {
                Self::refused(format!("{} Without a terminal, set CHAT_CODE.", error.message))
            }
            _ => Self::refused(&error.message),
        }
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match &error {
            RequestError::Refused(refusal) => refusal.into(),
            RequestError::Offline | RequestError::Stopped => Self::connect(error),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::connect(error)
    }
}
