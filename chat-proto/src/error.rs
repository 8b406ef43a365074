//! Why a request was refused: a stable code for programs, a kind sentence for people.

use serde::{Deserialize, Serialize};
use thiserror::Error;

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, temporary: $temporary:literal;)+) => {
        /// The closed list of error codes. A client treats a code that it does not know by the
        /// `temporary` flag beside it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ #[serde(rename = $code)] $name,)+
            /// A code that this version does not know; never sent.
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl ErrorCode {
            /// Every code that a server may send, in the order of the specification.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$name,)+];

            /// The code on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(ErrorCode::$name => $code,)+
                    ErrorCode::Unknown => "unknown",
                }
            }

            /// Whether the same request may succeed later without any change.
            #[must_use]
            pub fn is_temporary(self) -> bool {
                match self {
                    $(ErrorCode::$name => $temporary,)+
                    ErrorCode::Unknown => false,
                }
            }

            /// What the code means, as the specification says it.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(ErrorCode::$name => concat!($($doc,)+).trim_ascii_start(),)+
                    ErrorCode::Unknown => "",
                }
            }
        }
    };
}

error_codes! {
    /// The frame is not JSON of the form `{type, payload, id?}`, or too large.
    BadFrame = "bad_frame", temporary: false;
    /// The server does not know this type of request.
    UnknownType = "unknown_type", temporary: false;
    /// The payload does not fit the request; the message says where.
    Invalid = "invalid", temporary: false;
    /// Only `auth.*` and `ping` are answered before login.
    LoginRequired = "login_required", temporary: false;
    /// The connection is logged in already.
    AlreadyLoggedIn = "already_logged_in", temporary: false;
    /// The client speaks no protocol version that the server speaks.
    UnsupportedVersion = "unsupported_version", temporary: false;
    /// Unknown name, wrong password, or a token that is not valid (any more).
    BadCredentials = "bad_credentials", temporary: false;
    /// The password is right, and a `code` is needed besides: none was given, or it is not good (any more).
    SecondFactorRequired = "second_factor_required", temporary: false;
    /// The password is right, and an admin has disabled the account.
    AccountDisabled = "account_disabled", temporary: false;
    /// The provider has not said yet who it is; ask again after `retry_after_ms`.
    LoginPending = "login_pending", temporary: true;
    /// The code that the last page in the browser shows is missing or wrong.
    ConfirmRequired = "confirm_required", temporary: false;
    /// The reset code is unknown, used up or expired.
    ResetInvalid = "reset_invalid", temporary: false;
    /// The server takes no new accounts.
    RegistrationClosed = "registration_closed", temporary: false;
    /// The invite code is missing, unknown, used up or expired.
    InviteInvalid = "invite_invalid", temporary: false;
    /// The name of the account or room is taken, reserved, or looks like one that is.
    NameTaken = "name_taken", temporary: false;
    /// The password is too short, too long, one that many people have, or made of the name.
    PasswordWeak = "password_weak", temporary: false;
    /// No such thing, or it is not yours to see: the two look alike.
    NotFound = "not_found", temporary: false;
    /// You can see it but may not do this.
    Forbidden = "forbidden", temporary: false;
    /// You are banned, from the room or the server; the message says until when and why.
    Banned = "banned", temporary: false;
    /// The `client_id` was used before for something else.
    ClientIdReused = "client_id_reused", temporary: false;
    /// The file is larger than the server takes.
    TooLarge = "too_large", temporary: false;
    /// There is no space left for one's files, or for anybody's; the message says what to delete.
    StorageFull = "storage_full", temporary: false;
    /// Too fast; try again after `retry_after_ms`.
    RateLimited = "rate_limited", temporary: true;
    /// The server cannot do this now; nothing was changed; try again.
    Unavailable = "unavailable", temporary: true;
}

/// The payload of an `error` frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{message}")]
pub struct WireError {
    /// For programs.
    pub code: ErrorCode,
    /// For people: one sentence that says what to do next.
    pub message: String,
    /// Whether the same request may succeed later.
    #[serde(default)]
    pub temporary: bool,
    /// How long to wait before that, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl WireError {
    /// An error with the code's own `temporary`.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), temporary: code.is_temporary(), retry_after_ms: None }
    }

    /// The same error with a time to wait.
    #[must_use]
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }
}
