//! The closed lists by which metrics are told apart.

use chat_proto::{CloseReason, ErrorCode, RequestKind};

/// A value of a label.
pub trait Label: Copy + 'static {
    /// What the label is called.
    const NAME: &'static str;
    /// Every value, in order.
    fn all() -> &'static [Self];
    /// The value as it is shown.
    fn word(self) -> &'static str;
    /// Where it stands in [`all`](Self::all).
    fn place(self) -> usize;
}

macro_rules! wire_labels {
    ($($type:ty, $name:literal;)+) => {
        $(impl Label for $type {
            const NAME: &'static str = $name;

            fn all() -> &'static [Self] {
                Self::ALL
            }

            fn word(self) -> &'static str {
                self.as_str()
            }

            fn place(self) -> usize {
                self as usize
            }
        })+
    };
}

wire_labels! {
    CloseReason, "reason";
    ErrorCode, "code";
    RequestKind, "type";
}

macro_rules! labels {
    ($($(#[doc = $doc:literal])+ $type:ident by $name:literal { $($(#[doc = $value_doc:literal])+ $value:ident = $word:literal,)+ })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum $type {
                $($(#[doc = $value_doc])+ $value,)+
            }

            impl Label for $type {
                const NAME: &'static str = $name;

                fn all() -> &'static [Self] {
                    &[$($type::$value,)+]
                }

                fn word(self) -> &'static str {
                    match self { $($type::$value => $word,)+ }
                }

                fn place(self) -> usize {
                    self as usize
                }
            }
        )+
    };
}

labels! {
    /// Why a connection got no further than the door.
    Door by "reason" {
        /// Its address has as many connections as it may.
        Address = "address",
        /// A proxy that should say whom it speaks for did not.
        Proxy = "proxy",
        /// No TLS handshake came of it.
        Tls = "tls",
        /// A web page of another host.
        Origin = "origin",
        /// Something else than the upgrade of a WebSocket.
        Upgrade = "upgrade",
        /// The server is stopping.
        Draining = "draining",
    }
    /// What a client that came back was told about a conversation.
    ResumeResult by "result" {
        /// All that it missed.
        Inline = "inline",
        /// The newest; the rest is paged.
        Gap = "gap",
        /// To begin anew: the database is another one.
        Resync = "resync",
    }
    /// What came of a call of a webhook.
    HookCall by "result" {
        /// It was taken.
        Sent = "sent",
        /// It failed and will be tried again.
        Retried = "retried",
        /// It failed for the last time.
        GivenUp = "given_up",
    }
    /// Which side of the store failed.
    Kept by "side" {
        /// A commit.
        Commit = "commit",
        /// Something that a request needed.
        Request = "request",
    }
    /// What became of a span of a trace.
    Traced by "result" {
        /// The collector took it.
        Sent = "sent",
        /// The collector did not.
        Failed = "failed",
        /// Too many were waiting for the collector.
        Dropped = "dropped",
    }
    /// What came of a reload.
    Reload by "result" {
        /// It is in force.
        Done = "done",
        /// Something was wrong with it; what was before goes on.
        Refused = "refused",
    }
}
