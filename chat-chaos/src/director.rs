//! Has people do what the plan says, at its times: makes of each wish an act on what that person knows then.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chat_proto::{ConversationId, Emoji, Seq};
use tokio::time::{Instant, sleep_until};

use crate::history::{Act, tag};
use crate::plan::{DIRECTS, PRIVATE, PUBLIC, Step, Wish};
use crate::seen::{Known, Seen};
use crate::stage::{Cast, Place};

/// What people react with.
pub(crate) const EMOJIS: [&str; 8] = ["🎉", "👍", "👀", "🚀", "🔥", "🙏", "💯", "🌊"];

/// Words of a long message: with some of them, a slow reader's server has much to hold.
const LONG: usize = 1_500;

/// One in so many wishes goes where one is no member, to be refused.
const TRESPASSES: usize = 12;

/// See the module.
pub(crate) struct Director {
    cast: Arc<Cast>,
    ops: u64,
    /// Reactions that were tried: each once.
    reacted: HashSet<(usize, ConversationId, Seq, usize)>,
    /// Messages that somebody tried to delete or is about to: nothing else is tried on them.
    condemned: BTreeSet<(ConversationId, Seq)>,
}

impl Director {
    pub(crate) fn new(cast: Arc<Cast>) -> Self {
        Self { cast, ops: 0, reacted: HashSet::new(), condemned: BTreeSet::new() }
    }

    /// Plays all steps. What nobody can do at its time is left out.
    pub(crate) async fn play(&mut self, steps: &[Step]) {
        let began = Instant::now();
        for step in steps {
            sleep_until(began + step.at).await;
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        let who = self.who(step);
        let Some(place) = self.place(&step.wish) else { return };
        let op = self.ops + 1;
        let cast = Arc::clone(&self.cast);
        let Some(player) = cast.players.get(who) else { return };
        let act = {
            let seen = player.notes.seen();
            self.act(op, who, &place, &step.wish, &seen)
        };
        if let Some(act) = act {
            self.ops = op;
            player.give(op, act);
        }
    }

    /// Directs belong to two people, whoever the dice named.
    fn who(&self, step: &Step) -> usize {
        match place_of(&step.wish).checked_sub(PUBLIC + PRIVATE) {
            Some(direct) if direct < DIRECTS => 2 * direct + 1 + step.who % 2,
            _ => step.who,
        }
    }

    fn place(&self, wish: &Wish) -> Option<Place> {
        self.cast.places.get(place_of(wish)).cloned()
    }

    fn act(&mut self, op: u64, who: usize, place: &Place, wish: &Wish, seen: &Seen) -> Option<Act> {
        let conversation = place.id;
        let is_member = seen.rows.contains_key(&conversation) || op.is_multiple_of(TRESPASSES as u64);
        let room = || place.name.clone();
        let name = |whom: &usize| Some(self.cast.players.get(*whom)?.person.name.clone());
        let act = match wish {
            Wish::Join { .. } => return Some(Act::Join { conversation, room: room()? }),
            Wish::Accept { .. } => return Some(Act::Accept { conversation }),
            Wish::Invite { whom, .. } => return Some(Act::Invite { conversation, user: name(whom)? }),
            Wish::Remove { whom, .. } => return Some(Act::Remove { conversation, user: name(whom)? }),
            _ if !is_member => return None,
            // Without a connection these are only refused; some are tried all the same.
            Wish::Edit { .. } | Wish::Delete { .. } | Wish::React { .. } | Wish::Leave { .. }
                if !seen.up && !op.is_multiple_of(4) =>
            {
                return None;
            }
            Wish::Leave { .. } => Act::Leave { conversation },
            Wish::Send { mention, long, .. } => {
                let call = mention.as_ref().and_then(name).map(|name| format!(" @{name}"));
                let body = text(op, call.as_deref().unwrap_or_default(), *long);
                Act::Send { conversation, body, thread: None }
            }
            Wish::Answer { pick, .. } => {
                let known = self.pick(seen, conversation, *pick, |_| true)?;
                let thread = Some(known.thread.unwrap_or(known.seq));
                Act::Send { conversation, body: text(op, "", false), thread }
            }
            Wish::Edit { pick, .. } => {
                let known = self.pick(seen, conversation, *pick, |known| known.mine)?;
                let body = format!("{} {} edited", known.tag, tag(op));
                Act::Edit { conversation, seq: known.seq, body }
            }
            Wish::Delete { pick, .. } => {
                let seq = self.pick(seen, conversation, *pick, |known| known.mine)?.seq;
                self.condemned.insert((conversation, seq));
                Act::Delete { conversation, seq }
            }
            Wish::React { pick, emoji, .. } => {
                let seq = self.pick(seen, conversation, *pick, |_| true)?.seq;
                let new = self.reacted.insert((who, conversation, seq, *emoji));
                let emoji = Emoji::new(EMOJIS.get(*emoji)?).ok().filter(|_| new)?;
                Act::React { conversation, seq, emoji }
            }
            Wish::Read { .. } => Act::Read { conversation, seq: *seen.heads.get(&conversation)? },
            Wish::Look { pick, .. } => {
                let known = self.pick(seen, conversation, *pick, |_| true);
                Act::Look { conversation, before: known.filter(|_| pick % 2 == 0).map(|known| known.seq) }
            }
        };
        Some(act)
    }

    /// One of the newest messages that fit, none of which is being deleted.
    fn pick(
        &self,
        seen: &Seen,
        conversation: ConversationId,
        pick: usize,
        fits: impl Fn(&Known) -> bool,
    ) -> Option<Known> {
        const NEWEST: usize = 24;
        let known = seen.messages.get(&conversation)?;
        let free = |known: &&Known| fits(known) && !self.condemned.contains(&(conversation, known.seq));
        let fitting: Vec<&Known> = known.iter().rev().filter(free).take(NEWEST).collect();
        fitting.get(pick % fitting.len().max(1)).map(|known| (*known).clone())
    }
}

/// How long is waited after the last step before the ending begins: what is under way is answered.
pub(crate) const LAST_ANSWERS: Duration = Duration::from_millis(500);

fn text(op: u64, call: &str, long: bool) -> String {
    let words = if long { "swell ".repeat(LONG) } else { "hello".to_owned() };
    format!("{}{call} {words}", tag(op))
}

fn place_of(wish: &Wish) -> usize {
    match wish {
        Wish::Send { place, .. }
        | Wish::Answer { place, .. }
        | Wish::Edit { place, .. }
        | Wish::Delete { place, .. }
        | Wish::React { place, .. }
        | Wish::Read { place }
        | Wish::Look { place, .. }
        | Wish::Join { place }
        | Wish::Leave { place }
        | Wish::Invite { place, .. }
        | Wish::Remove { place, .. }
        | Wish::Accept { place } => *place,
    }
}
