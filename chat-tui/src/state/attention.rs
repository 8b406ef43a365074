//! What calls for the person and what must not: how they stand to threads, which conversations are
//! silent, and whether they may be disturbed now.

use std::collections::HashMap;

use chat_client::is_quiet;
use chat_proto::{Conversation, ConversationId, Dnd, Notify, NotifyLevel, Seq, ThreadState, Timestamp};
use jiff::tz::TimeZone;

use super::items::short_time;
use crate::settings::Times;

/// Threads of which it is kept how one stands to them; more than anybody follows.
const THREADS: usize = 5_000;

/// Milliseconds of a minute, to which clocks on the wall are exact.
const MINUTE_MS: i64 = 60_000;

/// How one stands to threads, as far as that was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Threads(HashMap<(ConversationId, Seq), ThreadState>);

impl Threads {
    /// How one stands to a thread.
    pub(crate) fn get(&self, conversation: ConversationId, root: Seq) -> Option<&ThreadState> {
        self.0.get(&(conversation, root))
    }

    /// What is unread in a thread, as far as is known; nothing in one that is not followed.
    pub(crate) fn unread(&self, conversation: ConversationId, root: Seq) -> u64 {
        self.get(conversation, root).filter(|state| state.following).map_or(0, |state| state.unread)
    }

    /// The followed threads with something unread.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &ThreadState> {
        self.0.values().filter(|state| state.following && state.unread > 0)
    }

    /// Takes how one stands to a thread; says whether that is news.
    pub(crate) fn take(&mut self, state: ThreadState) -> bool {
        let key = (state.conversation, state.thread);
        if self.0.len() >= THREADS && !self.0.contains_key(&key) {
            // What has something unread is worth more.
            self.0.retain(|_, known| known.unread > 0);
            if self.0.len() >= THREADS {
                self.0.clear();
            }
        }
        self.0.insert(key, state) != Some(state)
    }

    /// Nothing is known after a time without news.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

/// What of the screen changes by the clock alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hush {
    /// Whether one does not want to be disturbed now.
    pub(crate) quiet: bool,
    /// How many conversations are silent now.
    silent: usize,
    /// Whether the clock will change any of this.
    pub(crate) will_change: bool,
}

impl Hush {
    pub(crate) fn now<'a>(
        dnd: &Dnd,
        conversations: impl Iterator<Item = &'a Conversation>,
        now: Timestamp,
    ) -> Self {
        let pauses = dnd.until.is_some_and(|until| now < until);
        let mut hush =
            Self { quiet: is_quiet(dnd, now), silent: 0, will_change: pauses || dnd.schedule.is_some() };
        for conversation in conversations {
            hush.silent += usize::from(conversation.notify.is_silent(now));
            hush.will_change |= conversation.notify.muted_until.is_some_and(|until| now < until);
        }
        hush
    }
}

/// Milliseconds to the next full minute.
pub(crate) fn to_next_minute(now: Timestamp) -> u64 {
    u64::try_from(MINUTE_MS - now.0.rem_euclid(MINUTE_MS)).unwrap_or_default()
}

/// Seconds that are left until then.
pub(crate) fn left_of(until: Option<Timestamp>, now: Timestamp) -> Option<u64> {
    let ms = u64::try_from(until?.0.saturating_sub(now.0)).ok()?;
    Some(ms.div_ceil(1_000)).filter(|seconds| *seconds > 0)
}

/// How one hears of a conversation, as one sentence. Not safe to draw.
pub(crate) fn notify_words(
    title: &str,
    conversation: &Conversation,
    notify: Notify,
    zone: &TimeZone,
    now: Timestamp,
    times: Times,
) -> String {
    let level = match notify.level.unwrap_or(NotifyLevel::usual(conversation.kind)) {
        NotifyLevel::All => "every message alerts you",
        NotifyLevel::Mentions => "mentions, calls, answers and followed threads alert you",
        NotifyLevel::None => {
            return format!("{title} is muted: nothing alerts you until /unmute; mentions still count");
        }
    };
    match notify.muted_until.filter(|until| now < *until) {
        Some(until) => {
            format!("{title} is muted until {}; then {level}", short_time(until, zone, now, times))
        }
        None if notify.level.is_none() => format!("{title}: {level}, as is usual"),
        None => format!("{title}: {level}"),
    }
}

/// When one does not want to be disturbed, as one sentence.
pub(crate) fn dnd_words(dnd: &Dnd, zone: &TimeZone, now: Timestamp, times: Times) -> String {
    let mut words = Vec::new();
    if let Some(until) = dnd.until.filter(|until| now < *until) {
        words.push(format!("until {}", short_time(until, zone, now, times)));
    }
    if let Some(schedule) = &dnd.schedule {
        let days: Vec<&str> = schedule.days.iter().map(|day| day.as_str()).collect();
        let days = if days.is_empty() { "every day".to_owned() } else { days.join(" ") };
        let own = zone.iana_name() == Some(schedule.zone.as_str());
        let place = if own { String::new() } else { format!(" in {}", schedule.zone.as_str()) };
        words.push(format!("{}-{} {days}{place}", schedule.from, schedule.to));
    }
    if words.is_empty() {
        return "You may be disturbed at all times; /dnd 2h changes that".to_owned();
    }
    format!("Do not disturb {}; /dnd off ends it", words.join(", and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_waited_for_to_their_end() {
        assert_eq!(to_next_minute(Timestamp(120_000)), 60_000);
        assert_eq!(to_next_minute(Timestamp(120_001)), 59_999);
        assert_eq!(left_of(Some(Timestamp(1_500)), Timestamp(1_000)), Some(1));
        assert_eq!(left_of(Some(Timestamp(1_000)), Timestamp(1_000)), None);
        assert_eq!(left_of(None, Timestamp(0)), None);
    }

    #[test]
    fn threads_are_bounded_and_keep_what_is_unread() {
        let mut threads = Threads::default();
        let conversation = ConversationId(uuid::Uuid::nil());
        let state = |thread: u64, unread| ThreadState {
            conversation,
            thread: Seq(thread),
            following: true,
            read: Seq(thread),
            unread,
        };
        assert!(threads.take(state(0, 3)) && !threads.take(state(0, 3)));
        for thread in 1..2 * THREADS as u64 {
            threads.take(state(thread, 0));
        }
        assert!(threads.0.len() <= THREADS);
        assert_eq!(threads.unread(conversation, Seq(0)), 3);
        threads.take(ThreadState { following: false, ..state(0, 3) });
        assert_eq!(threads.unread(conversation, Seq(0)), 0, "what is not followed does not call");
    }
}
