//! The words on the wire, shared by the server, the clients and the tests.
//!
//! A conversation between a client and a server, in ten lines:
//!
//! ```text
//! S  {"type":"hello","payload":{"protocol":{"min":1,"max":1},…}}
//! C  {"type":"auth.token","id":"1","payload":{"protocol":1,"token":"…"}}
//! C  {"type":"sync.resume","id":"2","payload":{"epoch":"…","conversations":{"…":41}}}
//! S  {"type":"ok","id":"1","payload":{"user":…,"conversations":[…]}}
//! S  {"type":"ok","id":"2","payload":{"resumed":[{"conversation":"…","events":[…]}]}}
//! C  {"type":"message.send","id":"3","payload":{"conversation":"…","client_id":"…","body":"hi"}}
//! S  {"type":"ok","id":"3","payload":{"conversation":"…","seq":43,…}}
//! S  {"type":"event","payload":{"conversation":"…","seq":43,"kind":"message",…}}
//! S  {"type":"typing","payload":{"conversation":"…","user":…,"active":true}}
//! S  {"type":"draining","payload":{"reconnect_after_ms":1834}}
//! ```
//!
//! `PROTOCOL.md` beside this crate is the specification; every example in it is decoded and
//! encoded again by `tests/wire/`. This crate is pure: no I/O, no clock, no randomness.

mod absent;
mod close;
mod command;
mod error;
mod event;
mod file;
mod fingerprint;
mod frame;
mod id;
mod inbox;
mod lenient;
pub mod limits;
mod mention;
mod model;
mod name;
mod notify;
mod profile;
mod push;
mod request;
mod safe;
mod scope;
mod search;
mod secret;
mod text;

pub use close::{CloseReason, Verdict};
pub use command::{CommandName, CommandNameError, RESERVED_COMMANDS};
pub use error::{ErrorCode, WireError};
pub use event::{Event, EventKind, Forwarded, Message, Reaction, Tombstone};
pub use file::{Attachment, BlurHash, FileName, FileNameError, FormError, MediaType, Picture};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use frame::{ClientFrame, DecodeError, FrameId, ServerFrame};
pub use id::{
    ClientId, ConversationId, Epoch, FileId, HookId, ReportId, RunId, Seq, SessionId, Timestamp, UserId,
};
pub use inbox::{Call, FollowedThread, InboxItem, InboxState, Reason, ThreadState};
pub use mention::{called, mentioned_names};
pub use model::{
    Closed, Conversation, ConversationKind, Invitation, Member, Person, Presence, PresenceState, Report,
    Role, RoomInfo, RoomRole, RoomRules,
};
pub use name::{NameError, RoomName, UserName};
pub use notify::{ClockTime, Dnd, Notify, NotifyLevel, Schedule, Weekday, ZoneName};
pub use profile::{Card, PersonRow, Privacy, Status};
pub use push::{Hello, Limits, ProtocolRange, Push, Registration};
pub use request::*;
pub use safe::SafeText;
pub use scope::{Needs, Scope, Scopes};
pub use search::{FILTERS, Filter, Place, SearchError, SearchQuery, Term, Whom};
pub use secret::Secret;
pub use text::{Body, Description, DeviceName, DisplayName, Emoji, StatusText, TextError, Topic, Zone};

/// The protocol version that this crate speaks.
///
/// Additions (a new field, request, event kind or push) do not change it; a removal or a change
/// of meaning does.
pub const PROTOCOL_VERSION: u16 = 1;
