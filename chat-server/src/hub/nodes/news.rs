//! What nodes tell each other, and how it is written.
//!
//! A piece of news is a line of JSON: who says it, when, and one of a list of kinds. Nodes one
//! version apart understand each other: fields may be added, and a kind that a node does not know
//! it leaves alone. What nodes must not do without is in the store.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chat_proto::{
    CloseReason, ConversationId, Event, Person, PresenceState, Reason, RunId, Seq, SessionId, ThreadState,
    Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::domain::ReadPosition;
use crate::hub::runs::Run;
use crate::hub::{Ending, SessionKey};

/// The form of the lines. A node that meets a higher one leaves it alone and looks into the store.
const VERSION: u32 = 1;

/// One line.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    v: u32,
    node: Uuid,
    /// Which piece of news this is; the same may come twice, over the bus and by the store.
    id: Uuid,
    at: Timestamp,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// A piece of news as it came.
#[derive(Debug)]
pub(in crate::hub) struct Heard {
    /// Who said it.
    pub(in crate::hub) node: Uuid,
    /// Which it is.
    pub(in crate::hub) id: Uuid,
    /// When it was said, by the clock there.
    pub(in crate::hub) at: Timestamp,
    /// What; `None` if this version does not know it.
    pub(in crate::hub) news: Option<News>,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident($body:ty) = $kind:literal;)+) => {
        /// What there is to tell.
        #[derive(Debug)]
        pub(in crate::hub) enum News { $($(#[doc = $doc])+ $name($body),)+ }

        impl News {
            fn kind(&self) -> &'static str {
                match self { $(News::$name(_) => $kind,)+ }
            }

            fn body(&self) -> serde_json::Result<Box<RawValue>> {
                match self { $(News::$name(body) => serde_json::value::to_raw_value(body),)+ }
            }

            fn read(kind: &str, body: &RawValue) -> serde_json::Result<Option<News>> {
                Ok(match kind {
                    $($kind => Some(News::$name(serde_json::from_str(body.get())?)),)+
                    _ => None,
                })
            }
        }
    };
}

kinds! {
    /// Something happened in a conversation.
    Turn(Turn) = "turn";
    /// Something happened in a conversation that is too much to tell; the store has it.
    Moved(Place) = "moved";
    /// Somebody has read further.
    Read(Read) = "read";
    /// Somebody is writing.
    Typing(Typing) = "typing";
    /// Somebody is a member of a conversation now.
    Added(Added) = "added";
    /// Somebody is asked into a room.
    Invited(Invited) = "invited";
    /// Something left the inboxes of these.
    Inboxes(Inboxes) = "inboxes";
    /// A push for all connections of a person.
    Tell(Tell) = "tell";
    /// A push for those who watch a person.
    TellWatchers(Tell) = "tell_watchers";
    /// A slash command for a bot.
    Call(Call) = "call";
    /// Connections of a person end.
    End(End) = "end";
    /// Bans, mutes, blocks or privacy changed.
    Policy(PolicyNews) = "policy";
    /// The doors were shut or opened.
    Doors(Nothing) = "doors";
    /// Who came and went on the node.
    Presence(People) = "presence";
    /// Everybody on the node, or a part of them.
    Everybody(Everybody) = "everybody";
    /// The node is new, and wants to hear who is on the others.
    Hello(Nothing) = "hello";
    /// The node ends.
    Bye(Nothing) = "bye";
    /// The node hears nothing over the bus.
    Deaf(Nothing) = "deaf";
    /// The node could not say all that it had to; look into the store.
    Look(Nothing) = "look";
}

/// What one commit did in one conversation.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Turn {
    pub(in crate::hub) conversation: ConversationId,
    /// The frames as clients get them: written once, whatever this version knows of what is in them.
    pub(in crate::hub) frames: Vec<Box<RawValue>>,
    /// In whose inbox which of the events came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::hub) notices: Vec<(UserId, Seq, Reason)>,
    /// Who stands how to a thread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::hub) threads: Vec<(UserId, ThreadState)>,
    /// Whether the members' counts were set back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(in crate::hub) recounted: bool,
}

/// A frame of [`Turn`], as far as a node must know it.
#[derive(Debug, Deserialize)]
pub(in crate::hub) struct EventFrame {
    pub(in crate::hub) payload: Event,
}

/// A conversation.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Place {
    pub(in crate::hub) conversation: ConversationId,
}

/// A read mark.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Read {
    pub(in crate::hub) conversation: ConversationId,
    pub(in crate::hub) user: UserId,
    pub(in crate::hub) seq: Seq,
    pub(in crate::hub) messages: u64,
    pub(in crate::hub) sent: u64,
    pub(in crate::hub) mentions: u64,
    /// The newest event that the counts know of; an older node does not say it.
    #[serde(default)]
    pub(in crate::hub) as_of: Seq,
    /// Whether their inbox changed by it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(in crate::hub) inbox: bool,
}

impl Read {
    pub(in crate::hub) fn position(&self) -> ReadPosition {
        ReadPosition { seq: self.seq, messages: self.messages, sent: self.sent, mentions: self.mentions }
    }
}

/// Somebody writes, or stopped.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Typing {
    pub(in crate::hub) conversation: ConversationId,
    pub(in crate::hub) user: Person,
    pub(in crate::hub) active: bool,
}

/// New members.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::hub) struct Added {
    pub(in crate::hub) conversation: ConversationId,
    pub(in crate::hub) users: Vec<UserId>,
}

/// Somebody asked in.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Invited {
    pub(in crate::hub) conversation: ConversationId,
    pub(in crate::hub) user: UserId,
}

/// Whose inboxes changed by what happened in a conversation. No event tells this to who reads it out of the store.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Inboxes {
    pub(in crate::hub) conversation: ConversationId,
    pub(in crate::hub) users: BTreeSet<UserId>,
}

/// A push.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Tell {
    pub(in crate::hub) user: UserId,
    pub(in crate::hub) frame: Box<RawValue>,
}

/// A run of a slash command.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Call {
    pub(in crate::hub) frame: Box<RawValue>,
    pub(in crate::hub) id: RunId,
    pub(in crate::hub) run: Run,
}

/// Which connections end.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct End {
    pub(in crate::hub) user: UserId,
    /// Those of this login; of all if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    /// Those of all logins but that one.
    #[serde(default, skip_serializing_if = "is_false")]
    others: bool,
    /// The reason of the close frame.
    reason: String,
}

impl End {
    pub(in crate::hub) fn of(user: UserId, which: Ending) -> Self {
        let (session, others) = match which {
            // The connection that asked is on the node that says this.
            Ending::Login(SessionKey { login, .. }) | Ending::Session(login, _) => (Some(login), false),
            Ending::Others(login, _) => (Some(login), true),
            Ending::All | Ending::Banned | Ending::Because(_) => (None, false),
        };
        Self { user, session, others, reason: which.reason().as_str().to_owned() }
    }

    pub(in crate::hub) fn which(&self) -> Ending {
        let known = CloseReason::ALL.iter().find(|reason| reason.as_str() == self.reason);
        let reason = known.copied().unwrap_or(CloseReason::SessionEnded);
        match self.session {
            Some(login) if self.others => Ending::Others(login, reason),
            Some(login) => Ending::Session(login, reason),
            None => Ending::Because(reason),
        }
    }
}

/// A change of the policy. What holds is read from the store, so two changes at once on two nodes
/// leave all of them with the same.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct PolicyNews {
    /// Two who do not see each other from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::hub) apart: Option<(UserId, UserId)>,
}

/// How people stand on a node; `None` for one who is not there any more.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct People {
    pub(in crate::hub) people: Vec<(UserId, Option<PresenceState>)>,
}

/// How people stand on a node: all whose ids fall into that part, and no others are there.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Everybody {
    pub(in crate::hub) part: u32,
    pub(in crate::hub) parts: u32,
    pub(in crate::hub) people: Vec<(UserId, PresenceState)>,
}

impl Everybody {
    /// Into which of so many parts somebody falls.
    pub(in crate::hub) fn part_of(user: UserId, parts: u32) -> u32 {
        let [.., a, b] = *user.0.as_bytes();
        u32::from(u16::from_be_bytes([a, b])) % parts.max(1)
    }
}

/// Nothing beside the kind.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Nothing {}

/// The frame of a push, to be passed on as it is.
pub(in crate::hub) fn raw(frame: String) -> Option<Box<RawValue>> {
    // What the server writes is JSON.
    RawValue::from_string(frame).ok()
}

impl News {
    /// As a line, said by this node now.
    pub(in crate::hub) fn line(&self, node: Uuid, at: Timestamp) -> serde_json::Result<String> {
        let body = self.body()?;
        let kind = Cow::Borrowed(self.kind());
        serde_json::to_string(&Line { v: VERSION, node, id: Uuid::new_v4(), at, kind, body: &body })
    }
}

impl Heard {
    /// Reads a line.
    ///
    /// # Errors
    /// It is none of a node.
    pub(in crate::hub) fn read(line: &str) -> serde_json::Result<Self> {
        let Line { v, node, id, at, kind, body } = serde_json::from_str(line)?;
        let news = if v > VERSION { Some(News::Look(Nothing {})) } else { News::read(&kind, body)? };
        Ok(Self { node, id, at, news })
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, body: &str, v: u32) -> String {
        let id = Uuid::nil();
        format!(r#"{{"v":{v},"node":"{id}","id":"{id}","at":5,"later":[1],"kind":"{kind}","body":{body}}}"#)
    }

    #[test]
    fn what_is_said_is_understood() {
        let user = UserId(Uuid::from_u128(1));
        let said =
            News::End(End::of(user, Ending::Others(SessionId(Uuid::nil()), CloseReason::CredentialsChanged)));
        let heard = Heard::read(&said.line(Uuid::from_u128(7), Timestamp(9)).unwrap()).unwrap();
        assert_eq!((heard.node, heard.at), (Uuid::from_u128(7), Timestamp(9)));
        let Some(News::End(end)) = heard.news else { panic!("another kind") };
        assert_eq!(end.which(), Ending::Others(SessionId(Uuid::nil()), CloseReason::CredentialsChanged));
        assert_eq!(end.user, user);
    }

    #[test]
    fn a_newer_node_is_understood_as_far_as_that_goes() {
        let unknown = Heard::read(&line("from_the_future", r#"{"x":1}"#, 1)).unwrap();
        assert!(unknown.news.is_none(), "a kind that is not known is left alone");
        let more = Heard::read(&line("policy", r#"{"apart":null,"more":true}"#, 1)).unwrap();
        assert!(matches!(more.news, Some(News::Policy(PolicyNews { apart: None }))));
        let other_form = Heard::read(&line("turn", r#"[]"#, VERSION + 1)).unwrap();
        assert!(matches!(other_form.news, Some(News::Look(_))), "then the store is asked");
        assert!(Heard::read("{}").is_err());
        let odd = End { user: UserId(Uuid::nil()), session: None, others: false, reason: "odd".to_owned() };
        assert_eq!(odd.which(), Ending::Because(CloseReason::SessionEnded), "it ends all the same");
    }

    #[test]
    fn everybody_falls_into_one_part() {
        for n in 0..1_000_u128 {
            assert!(Everybody::part_of(UserId(Uuid::from_u128(n)), 3) < 3);
        }
    }
}
