//! What is said to the server and what is heard from it: our protocol, as cheaply as it can be read.
//!
//! An event's head is read by its place in the text, because the server writes its fields always in
//! the same order. Should that change, every event is [`Heard::Strange`] and the run ends with an
//! error; nothing is counted wrong.

use std::io::Write as _;

use chat_proto::{ConversationId, UserId};
use uuid::Uuid;

use crate::mark::Mark;

/// How an event begins.
const EVENT: &[u8] = b"{\"type\":\"event\",\"payload\":{\"conversation\":\"";
const SEQ: &[u8] = b"\",\"seq\":";

/// How answers begin.
const OK: &[u8] = b"{\"type\":\"ok\",\"id\":\"";
const ERROR: &[u8] = b"{\"type\":\"error\"";
const ERROR_ID: &[u8] = b"{\"type\":\"error\",\"id\":\"";

/// Letters in the text of a UUID.
const UUID: usize = 36;

/// What each message has, and nothing else: by it the messages of an answer are counted.
const IN_EACH_MESSAGE: &[u8] = b"\"client_id\":\"";

/// A conversation as its text stands in frames.
pub(crate) type Conversation = [u8; UUID];

/// The text of a conversation's id.
pub(crate) fn conversation(id: ConversationId) -> Conversation {
    let mut text = [0; UUID];
    id.0.hyphenated().encode_lower(&mut text);
    text
}

/// What an answer answers: a letter for the kind of request, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id {
    /// The kind, as the workload chose it.
    pub(crate) kind: u8,
    /// The number.
    pub(crate) number: u32,
}

impl Id {
    /// A login.
    pub(crate) const LOGIN: u8 = b'l';
    /// A resume.
    pub(crate) const RESUME: u8 = b'r';
    /// A send.
    pub(crate) const SEND: u8 = b's';
}

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    /// An event.
    Event {
        /// Where.
        conversation: &'a Conversation,
        /// Its number there.
        seq: u64,
        /// The message of ours that it is.
        mark: Option<Mark>,
    },
    /// An answer.
    Answer {
        /// To what.
        id: Id,
        /// Whether it is `ok`.
        ok: bool,
    },
    /// A push that is not counted.
    Other,
    /// What cannot be read.
    Strange,
}

/// Reads a frame's text.
pub(crate) fn hear(text: &[u8]) -> Heard<'_> {
    if text.starts_with(&EVENT[..EVENT.len().min(16)]) {
        return event(text).unwrap_or(Heard::Strange);
    }
    let (rest, ok) = match (text.strip_prefix(OK), text.strip_prefix(ERROR_ID)) {
        (Some(rest), _) => (rest, true),
        (_, Some(rest)) => (rest, false),
        _ if text.starts_with(ERROR) => return Heard::Strange,
        _ => return Heard::Other,
    };
    match id(rest) {
        Some(id) => Heard::Answer { id, ok },
        None => Heard::Strange,
    }
}

fn event(text: &[u8]) -> Option<Heard<'_>> {
    let (conversation, rest) = text.strip_prefix(EVENT)?.split_first_chunk::<UUID>()?;
    let (seq, rest) = digits(rest.strip_prefix(SEQ)?)?;
    Some(Heard::Event { conversation, seq, mark: Mark::find(rest) })
}

fn id(text: &[u8]) -> Option<Id> {
    let (kind, rest) = text.split_first()?;
    let (number, rest) = digits(rest)?;
    rest.starts_with(b"\"").then_some(())?;
    Some(Id { kind: *kind, number: u32::try_from(number).ok()? })
}

fn digits(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    // Nineteen digits always fit.
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    Some((digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')), rest))
}

/// How many messages an answer has in it.
pub(crate) fn messages(text: &[u8]) -> usize {
    memchr::memmem::find_iter(text, IN_EACH_MESSAGE).count()
}

/// Appends a login by token.
pub(crate) fn login(token: &str, out: &mut Vec<u8>) {
    let payload = format!("{{\"protocol\":1,\"token\":\"{token}\"}}");
    request("auth.token", Id { kind: Id::LOGIN, number: 0 }, &payload, out);
}

/// Appends a message; its client id is made of `life`, which no other run of a database has, and its
/// number.
pub(crate) fn send(conversation: &Conversation, life: u64, mark: Mark, length: usize, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = write!(
        out,
        "{{\"type\":\"message.send\",\"id\":\"{}{}\",\"payload\":{{\"conversation\":\"",
        char::from(Id::SEND),
        mark.number
    );
    out.extend_from_slice(conversation);
    out.extend_from_slice(b"\",\"client_id\":\"");
    let mut client_id = [0; UUID];
    Uuid::from_u64_pair(life, u64::from(mark.number)).hyphenated().encode_lower(&mut client_id);
    out.extend_from_slice(&client_id);
    out.extend_from_slice(b"\",\"body\":\"");
    mark.write(length, out);
    out.extend_from_slice(b"\"}}");
}

/// Appends any request.
pub(crate) fn request(name: &str, id: Id, payload: &str, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = write!(
        out,
        "{{\"type\":\"{name}\",\"id\":\"{}{}\",\"payload\":{payload}}}",
        char::from(id.kind),
        id.number
    );
}

/// Appends a signal.
pub(crate) fn typing(conversation: &Conversation, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"typing\",\"payload\":{\"conversation\":\"");
    out.extend_from_slice(conversation);
    out.extend_from_slice(b"\",\"active\":true}}");
}

/// A list of people as JSON.
pub(crate) fn people(people: impl Iterator<Item = UserId>) -> String {
    let names: Vec<String> = people.map(|person| format!("\"{}\"", person.0)).collect();
    format!("[{}]", names.join(","))
}

#[cfg(test)]
mod tests {
    use chat_proto::{
        Answer, Body, ClientId, Event, EventKind, FrameId, Message, Person, Push, Sent, Seq, ServerFrame,
        Timestamp, UserName,
    };
    use proptest::prelude::*;

    use super::*;

    fn message(body: &str) -> Event {
        let author = Person { id: UserId(Uuid::nil()), name: UserName::parse("ada").unwrap(), bot: false };
        let body = Body::new(body).unwrap();
        Event {
            conversation: ConversationId(Uuid::from_u128(7)),
            seq: Seq(42),
            at: Timestamp(1),
            author,
            what: EventKind::Message(Box::new(Message::new(ClientId(Uuid::nil()), body))),
        }
    }

    #[test]
    fn the_frames_of_this_server_are_read() {
        let mut body = Vec::new();
        let mark = Mark { number: 5, due: 6 };
        mark.write(100, &mut body);
        let event = message(std::str::from_utf8(&body).unwrap());
        let id = conversation(event.conversation);
        let text = ServerFrame::encode_push(&Push::Event(event));
        let heard = hear(text.as_bytes());
        assert_eq!(heard, Heard::Event { conversation: &id, seq: 42, mark: Some(mark) });
        assert_eq!(messages(text.as_bytes()), 1);

        let sent = Sent {
            conversation: ConversationId(Uuid::nil()),
            seq: Seq(1),
            at: Timestamp(1),
            duplicate: false,
        };
        let ok = ServerFrame::encode_ok(&FrameId::new("s12").unwrap(), &Answer::SendMessage(sent));
        let id = Id { kind: Id::SEND, number: 12 };
        assert_eq!(hear(ok.as_bytes()), Heard::Answer { id, ok: true });
        assert_eq!(hear(br#"{"type":"error","id":"s12","payload":{}}"#), Heard::Answer { id, ok: false });
        assert_eq!(hear(br#"{"type":"error","payload":{}}"#), Heard::Strange);
        assert_eq!(hear(br#"{"type":"presence","payload":{}}"#), Heard::Other);
    }

    #[test]
    fn an_event_of_another_form_is_not_overlooked() {
        assert_eq!(hear(br#"{"type":"event","payload":{"seq":1}}"#), Heard::Strange);
    }

    #[test]
    fn what_is_said_is_what_the_server_reads() {
        let mut frames = vec![Vec::new(), Vec::new(), Vec::new()];
        login("secret", &mut frames[0]);
        send(&conversation(ConversationId(Uuid::nil())), 1, Mark { number: 2, due: 3 }, 100, &mut frames[1]);
        typing(&conversation(ConversationId(Uuid::nil())), &mut frames[2]);
        for frame in frames {
            let text = String::from_utf8(frame).unwrap();
            assert!(chat_proto::ClientFrame::decode(&text).is_ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..100), cut in 0_usize..100) {
            let _ = hear(&text);
            for head in [EVENT, OK, ERROR_ID] {
                let mut made = head.to_vec();
                made.extend_from_slice(&text);
                made.truncate(cut);
                let _ = hear(&made);
            }
        }
    }
}
