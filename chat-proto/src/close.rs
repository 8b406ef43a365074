//! Why a connection ends: each close code carries a verdict, reconnect or stop.

use std::fmt;

/// What a client does after a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Connect again, with backoff, and resume.
    Reconnect,
    /// Do not connect again without a person's decision.
    Stop,
}

macro_rules! close_reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $word:literal, $verdict:ident;)+) => {
        /// The closed list of reasons for which a server closes a connection.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CloseReason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl CloseReason {
            /// Every reason, in the order of the specification.
            pub const ALL: &[CloseReason] = &[$(CloseReason::$name,)+];

            /// The WebSocket close code.
            #[must_use]
            pub fn code(self) -> u16 {
                match self { $(CloseReason::$name => $code,)+ }
            }

            /// The reason text in the close frame.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(CloseReason::$name => $word,)+ }
            }

            /// What a client does next.
            #[must_use]
            pub fn verdict(self) -> Verdict {
                match self { $(CloseReason::$name => Verdict::$verdict,)+ }
            }

            /// What the reason means, as the specification says it.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(CloseReason::$name => concat!($($doc,)+).trim_ascii_start(),)+ }
            }
        }
    };
}

close_reasons! {
    /// The client said goodbye.
    Normal = 1000, "bye", Stop;
    /// A frame broke the rules of WebSocket, or was compressed.
    Malformed = 1002, "malformed", Reconnect;
    /// A binary frame came; the protocol is text.
    Binary = 1003, "binary", Stop;
    /// A text frame was no UTF-8.
    NotText = 1007, "not_text", Stop;
    /// A frame was larger than the limit.
    TooLarge = 1009, "too_large", Stop;
    /// The server is restarting.
    Restart = 1012, "restart", Reconnect;
    /// The client read too slowly; resume continues without a gap.
    Slow = 4000, "slow", Reconnect;
    /// The client did not answer pings.
    Silent = 4001, "silent", Reconnect;
    /// The server had a fault of its own.
    Internal = 4002, "internal", Reconnect;
    /// The account's role on the server was changed; it holds from the next login on.
    RoleChanged = 4003, "role_changed", Reconnect;
    /// No login within the time allowed.
    LoginTimeout = 4500, "login_timeout", Stop;
    /// Too many frames before login, or too many that could not be read.
    Abuse = 4501, "abuse", Stop;
    /// The session was ended: logged out or revoked.
    SessionEnded = 4502, "session_ended", Stop;
    /// An admin banned the account; the next login says until when and why.
    Banned = 4503, "banned", Stop;
    /// An admin disabled the account.
    Disabled = 4504, "disabled", Stop;
    /// The password was changed or a second factor set up, from elsewhere; log in again.
    CredentialsChanged = 4505, "credentials_changed", Stop;
    /// The session was not used for so long that it ended; log in again.
    SessionExpired = 4506, "session_expired", Stop;
}

impl CloseReason {
    /// The reason with this code, if it is one of ours.
    #[must_use]
    pub fn from_code(code: u16) -> Option<CloseReason> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }

    /// The verdict for any close code, also one that this version does not know: 4500 to 4999
    /// and the codes above that say so stop; everything else, and a cut without a code,
    /// reconnects.
    #[must_use]
    pub fn verdict_of(code: Option<u16>) -> Verdict {
        match code {
            None => Verdict::Reconnect,
            Some(code) => match Self::from_code(code) {
                Some(reason) => reason.verdict(),
                None if (4500..5000).contains(&code) => Verdict::Stop,
                None => Verdict::Reconnect,
            },
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_the_promise_of_their_range() {
        for reason in CloseReason::ALL {
            match reason.code() {
                4000..4500 => assert_eq!(reason.verdict(), Verdict::Reconnect, "{reason}"),
                4500..5000 => assert_eq!(reason.verdict(), Verdict::Stop, "{reason}"),
                _ => {}
            }
            assert_eq!(CloseReason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(CloseReason::verdict_of(None), Verdict::Reconnect);
        assert_eq!(CloseReason::verdict_of(Some(1006)), Verdict::Reconnect);
        assert_eq!(CloseReason::verdict_of(Some(4999)), Verdict::Stop);
    }
}
