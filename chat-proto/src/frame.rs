//! Frames: one text message on the socket, `{"type": …, "payload": …, "id"?: …}`.
//!
//! 1. Decoding never panics, whatever the bytes are.
//! 2. Unknown fields are ignored in both directions.
//! 3. An unknown request is an error that names its id; an unknown push is
//!    [`ServerFrame::Unknown`], which a client ignores.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::{Answer, ErrorCode, Push, Request, RequestKind, Signal, WireError, limits};

/// A request's `id`: chosen by the client, opaque, at most [`limits::REQUEST_ID_BYTES`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct FrameId(Arc<str>);

impl FrameId {
    /// Takes an id; `None` if it is empty or too long.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (1..=limits::REQUEST_ID_BYTES).contains(&text.len()).then(|| Self(text.into()))
    }

    /// The id of a client's n-th request.
    #[must_use]
    pub fn numbered(n: u64) -> Self {
        Self(n.to_string().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FrameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FrameId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| {
            serde::de::Error::custom(format_args!("an id has 1 to {} bytes", limits::REQUEST_ID_BYTES))
        })
    }
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientFrame {
    /// Asks; the reply carries the same id.
    Request {
        /// Echoed on the reply.
        id: FrameId,
        /// What is asked.
        request: Box<Request>,
    },
    /// Tells, and wants no answer.
    Signal(Signal),
}

/// What a server sends.
#[derive(Debug, Clone)]
pub enum ServerFrame {
    /// A request was done.
    Ok {
        /// The request's id.
        id: FrameId,
        /// What [`RequestKind::decode_answer`] of that request reads.
        payload: Box<RawValue>,
    },
    /// A request was refused, or (without id) a frame could not be read.
    Error {
        /// The request's id, where there was one.
        id: Option<FrameId>,
        /// Why.
        error: WireError,
    },
    /// News.
    Push(Box<Push>),
    /// A type that this version does not know; to be ignored.
    Unknown {
        /// Its type, cut to a loggable length.
        kind: String,
    },
}

/// A frame that could not be read: what to answer, and to which request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct DecodeError {
    /// The request's id, where it could be read.
    pub id: Option<FrameId>,
    /// What was wrong.
    pub error: WireError,
}

/// The envelope before its payload is looked at.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    id: Option<FrameId>,
    #[serde(default, borrow)]
    payload: Option<&'a RawValue>,
}

impl ClientFrame {
    /// Reads a frame from a client.
    ///
    /// # Errors
    /// The error frame to answer with: `bad_frame`, `unknown_type` or `invalid`.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let Envelope { kind, id, payload } = envelope(text)?;
        // A missing payload is an empty one, so that `{"type":"ping","id":"1"}` works.
        let payload = payload.unwrap_or(empty_payload());
        let Some(id) = id else { return Self::decode_signal(&kind, payload) };
        let fail = |error| DecodeError { id: Some(id.clone()), error };
        let Some(request) = RequestKind::from_type(&kind) else {
            return Err(fail(unknown_type(&kind)));
        };
        match request.decode_payload(payload) {
            Ok(request) => Ok(Self::Request { id, request: Box::new(request) }),
            Err(cause) => Err(fail(invalid(&kind, &cause))),
        }
    }

    fn decode_signal(kind: &str, payload: &RawValue) -> Result<Self, DecodeError> {
        let fail = |error| DecodeError { id: None, error };
        if kind == "typing" {
            return from_parts(kind, payload).map(Self::Signal).map_err(|cause| fail(invalid(kind, &cause)));
        }
        Err(fail(match RequestKind::from_type(kind) {
            Some(_) => {
                WireError::new(ErrorCode::Invalid, format!("{kind} is a request and needs an \"id\"."))
            }
            None => unknown_type(kind),
        }))
    }

    /// The frame as text.
    #[must_use]
    pub fn encode(&self) -> String {
        #[derive(Serialize)]
        struct WithId<'a> {
            id: &'a FrameId,
            #[serde(flatten)]
            request: &'a Request,
        }
        match self {
            Self::Request { id, request } => to_text(&WithId { id, request }),
            Self::Signal(signal) => to_text(signal),
        }
    }
}

impl ServerFrame {
    /// Reads a frame from a server.
    ///
    /// # Errors
    /// What could not be read; a client logs it and goes on.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let Envelope { kind, id, payload } = envelope(text)?;
        let payload = payload.unwrap_or(empty_payload());
        let fail = |cause: &serde_json::Error| DecodeError { id: id.clone(), error: invalid(&kind, cause) };
        match (&*kind, &id) {
            ("ok", Some(id)) => Ok(Self::Ok { id: id.clone(), payload: payload.to_owned() }),
            ("error", _) => {
                let error = serde_json::from_str(payload.get()).map_err(|cause| fail(&cause))?;
                Ok(Self::Error { id, error })
            }
            // By far the most frequent, so read without the detour of `from_parts`.
            ("event", _) => {
                let event = serde_json::from_str(payload.get()).map_err(|cause| fail(&cause))?;
                Ok(Self::Push(Box::new(Push::Event(event))))
            }
            _ if PUSHES.contains(&&*kind) => from_parts(&kind, payload)
                .map(|push| Self::Push(Box::new(push)))
                .map_err(|cause| fail(&cause)),
            _ => Ok(Self::Unknown { kind: shorten(&kind) }),
        }
    }

    /// The text of an `ok` frame.
    #[must_use]
    pub fn encode_ok(id: &FrameId, answer: &Answer) -> String {
        #[derive(Serialize)]
        struct Ok<'a> {
            r#type: &'static str,
            id: &'a FrameId,
            payload: &'a Answer,
        }
        to_text(&Ok { r#type: "ok", id, payload: answer })
    }

    /// The text of an `error` frame.
    #[must_use]
    pub fn encode_error(id: Option<&FrameId>, error: &WireError) -> String {
        #[derive(Serialize)]
        struct Error<'a> {
            r#type: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<&'a FrameId>,
            payload: &'a WireError,
        }
        to_text(&Error { r#type: "error", id, payload: error })
    }

    /// The text of a push.
    #[must_use]
    pub fn encode_push(push: &Push) -> String {
        to_text(push)
    }
}

/// The types of [`Push`]; a test holds this list against the enum.
const PUSHES: &[&str] = &[
    "hello",
    "event",
    "read",
    "unread",
    "typing",
    "presence",
    "conversation.added",
    "conversation.removed",
    "invitation",
    "invitation.removed",
    "inbox.item",
    "inbox.changed",
    "thread",
    "lockdown",
    "notify",
    "dnd",
    "starred",
    "saved",
    "report",
    "command",
    "command.answer",
    "profile",
    "blocked",
    "privacy",
    "draining",
];

fn envelope(text: &str) -> Result<Envelope<'_>, DecodeError> {
    serde_json::from_str(text).map_err(|cause| DecodeError {
        id: None,
        error: WireError::new(
            ErrorCode::BadFrame,
            format!("The frame is not of the form {{\"type\", \"payload\", \"id\"?}}: {}.", describe(&cause)),
        ),
    })
}

/// Decodes an adjacently tagged enum from its two parts.
fn from_parts<T: serde::de::DeserializeOwned>(
    kind: &str,
    payload: &RawValue,
) -> Result<T, serde_json::Error> {
    #[derive(Serialize)]
    struct Parts<'a> {
        r#type: &'a str,
        payload: &'a RawValue,
    }
    serde_json::from_str(&to_text(&Parts { r#type: kind, payload }))
}

fn empty_payload() -> &'static RawValue {
    static EMPTY: std::sync::OnceLock<Box<RawValue>> = std::sync::OnceLock::new();
    EMPTY.get_or_init(|| RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned()))
}

fn unknown_type(kind: &str) -> WireError {
    let kind = shorten(kind);
    WireError::new(ErrorCode::UnknownType, format!("This server does not know requests of type {kind:?}."))
}

fn invalid(kind: &str, cause: &serde_json::Error) -> WireError {
    WireError::new(
        ErrorCode::Invalid,
        format!("The payload of {} does not fit: {}.", shorten(kind), describe(cause)),
    )
}

/// A parse error without the text it stumbled over at length: it goes into logs.
fn describe(cause: &serde_json::Error) -> String {
    shorten(&cause.to_string())
}

fn shorten(text: &str) -> String {
    const CHARS: usize = 160;
    match text.char_indices().nth(CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Our frames are plain data with text keys, which JSON can always hold.
fn to_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
