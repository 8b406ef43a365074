//! A colleague of the demo: reads what you write, types, answers, goes away and returns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;
use chat_tests::{Script, uuid};
use serde_json::{Value, json};

use crate::small_talk;
use crate::team::YOU;

/// How often a colleague looks whether it is time for the next deed.
const TICK: Duration = Duration::from_millis(100);

/// How long reading takes before the first key.
const READING: Duration = Duration::from_millis(900);

/// How long typing takes, at least and for each character.
const TYPING: Duration = Duration::from_millis(1_200);
const TYPING_EACH: Duration = Duration::from_millis(45);

/// Deeds that may be planned at once; a person who gets more messages leaves some unanswered.
const PLANS: usize = 16;

/// What somebody is like.
pub(crate) struct Character {
    /// The room in which they answer you; in others only when called by name.
    pub(crate) room: String,
    /// All rooms of the team; what is none of them is a direct.
    pub(crate) rooms: Vec<String>,
    /// When they come, counted from the start.
    pub(crate) comes_after: Duration,
    /// How long they stay at the keyboard, and how long away from it.
    pub(crate) stays: Duration,
    pub(crate) away: Duration,
}

/// Something to do later.
enum Deed {
    Read { conversation: String, seq: u64 },
    Type { conversation: String },
    Say { conversation: String, body: &'static str },
    Be(&'static str),
}

struct Colleague {
    script: Script,
    character: Character,
    plans: Vec<(Instant, Deed)>,
    answers: usize,
}

/// Lets somebody live in a thread until `stop`; their connection ends with it.
pub(crate) fn bring_to_life(
    script: Script,
    character: Character,
    stop: &Arc<AtomicBool>,
) -> JoinHandle<Result<()>> {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let mut colleague = Colleague { script, character, plans: Vec::new(), answers: 0 };
        colleague.plan_the_day()?;
        while !stop.load(Ordering::Relaxed) {
            if let Some(push) = colleague.script.push_within(TICK)? {
                colleague.hears(&push);
            }
            colleague.does_what_is_due()?;
        }
        Ok(())
    })
}

impl Colleague {
    /// Away at first, then here; the rest follows from [`Deed::Be`].
    fn plan_the_day(&mut self) -> Result<()> {
        self.script.ok("presence.set", json!({"state": "away"}))?;
        self.plan(self.character.comes_after, Deed::Be("online"));
        Ok(())
    }

    fn plan(&mut self, after: Duration, deed: Deed) {
        if self.plans.len() < PLANS {
            self.plans.push((Instant::now() + after, deed));
        }
    }

    fn hears(&mut self, push: &Value) {
        let event = &push["payload"];
        if push["type"] != "event" || event["kind"] != "message" || event["author"]["name"] != YOU {
            return;
        }
        let (Some(conversation), Some(seq)) = (event["conversation"].as_str(), event["seq"].as_u64()) else {
            return;
        };
        let conversation = conversation.to_owned();
        self.plan(READING, Deed::Read { conversation: conversation.clone(), seq });
        if !self.is_for_me(&conversation, event) {
            return;
        }
        let body = small_talk::answer(event["body"].as_str().unwrap_or_default(), self.answers);
        self.answers += 1;
        let length = u32::try_from(body.chars().count()).unwrap_or(1);
        self.plan(READING, Deed::Type { conversation: conversation.clone() });
        self.plan(READING + TYPING + TYPING_EACH * length, Deed::Say { conversation, body });
    }

    /// In the own room always, elsewhere when called by name, in a direct because it is one.
    fn is_for_me(&self, conversation: &str, event: &Value) -> bool {
        let me = self.script.user_id();
        let called = event["mentions"].as_array().is_some_and(|ids| ids.iter().any(|id| *id == me.as_str()));
        let calls_others = event["mentions"].as_array().is_some_and(|ids| !ids.is_empty());
        called || (conversation == self.character.room && !calls_others) || self.is_direct(conversation)
    }

    fn is_direct(&self, conversation: &str) -> bool {
        !self.character.rooms.iter().any(|room| room == conversation)
    }

    fn does_what_is_due(&mut self) -> Result<()> {
        let now = Instant::now();
        while let Some(at) = self.plans.iter().position(|(when, _)| *when <= now) {
            let (_, deed) = self.plans.remove(at);
            self.does(deed)?;
        }
        Ok(())
    }

    fn does(&mut self, deed: Deed) -> Result<()> {
        match deed {
            Deed::Read { conversation, seq } => {
                self.script.ok("read.mark", json!({"conversation": conversation, "seq": seq})).map(drop)
            }
            Deed::Type { conversation } => {
                self.script.tell("typing", json!({"conversation": conversation, "active": true}))
            }
            Deed::Say { conversation, body } => {
                let payload = json!({"conversation": conversation, "client_id": uuid(), "body": body});
                self.script.ok("message.send", payload).map(drop)
            }
            Deed::Be(state) => self.is_now(state),
        }
    }

    fn is_now(&mut self, state: &'static str) -> Result<()> {
        self.script.ok("presence.set", json!({"state": state}))?;
        match state {
            "online" => self.plan(self.character.stays, Deed::Be("away")),
            _ => self.plan(self.character.away, Deed::Be("online")),
        }
        Ok(())
    }
}
