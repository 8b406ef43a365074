//! Webhooks: who keeps them, what they are told, and when a failed call is tried again.

use chat_proto::{
    ConversationKind, ErrorCode, Event, EventKind, HookEvents, Role, RoomRole, Timestamp, WireError,
};

use super::not_found;

/// How long a webhook may fail before it is given up: a day off does not lose it, a week does.
pub const PATIENCE_MS: i64 = 24 * 60 * 60 * 1_000;

/// The wait after the first failure; each further one doubles it.
const FIRST_WAIT_MS: i64 = 1_000;

/// The longest wait between two calls, so that one that is back is told within the hour.
const LONGEST_WAIT_MS: i64 = 60 * 60 * 1_000;

/// Whether somebody may see, make and end the webhooks of a conversation. `standing` is what they
/// are there, `None` for outsiders.
///
/// # Errors
/// The refusal.
pub fn may_keep(standing: Option<(ConversationKind, RoomRole)>, role: Role) -> Result<(), WireError> {
    let forbidden = |message| Err(WireError::new(ErrorCode::Forbidden, message));
    match standing {
        None => Err(not_found()),
        Some((ConversationKind::Direct, _)) => {
            forbidden("A direct conversation has no webhooks; make a room for them.")
        }
        Some((ConversationKind::Room, own)) if own >= RoomRole::Moderator || role >= Role::Admin => Ok(()),
        Some(_) => forbidden("Only the moderators of this room can see and change its webhooks."),
    }
}

/// Whether a webhook for these kinds, with this trigger, is told of an event.
///
/// A trigger asks for messages of people that begin with it. Messages of bots do not trigger:
/// a webhook that answers in the room would call itself for ever.
#[must_use]
pub fn wants(events: &HookEvents, trigger: &str, event: &Event) -> bool {
    if !events.has(event.what.as_str()) {
        return false;
    }
    if trigger.is_empty() {
        return true;
    }
    match &event.what {
        EventKind::Message(message) => !event.author.bot && begins(message.body.as_str(), trigger),
        _ => false,
    }
}

/// Whether a text begins with this word or words, in any case.
fn begins(text: &str, trigger: &str) -> bool {
    let mut text = text.trim_start().chars().flat_map(char::to_lowercase);
    trigger.chars().flat_map(char::to_lowercase).all(|wanted| text.next() == Some(wanted))
        && text.next().is_none_or(|next| !next.is_alphanumeric())
}

/// When a webhook is called again whose call has just failed; `None` if it is to be given up.
/// `attempts` counts the failures before this one; `spread`, from 0 to 1, keeps webhooks that
/// failed together from being called together.
#[must_use]
pub fn retry_at(
    now: Timestamp,
    attempts: u32,
    failing_since: Option<Timestamp>,
    spread: f64,
) -> Option<Timestamp> {
    if failing_since.is_some_and(|since| now.0 - since.0 >= PATIENCE_MS) {
        return None;
    }
    let doubled = FIRST_WAIT_MS.saturating_mul(1 << attempts.min(20));
    let wait = doubled.min(LONGEST_WAIT_MS);
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most an hour")]
    let spread = (wait as f64 / 2.0 * spread.clamp(0.0, 1.0)) as i64;
    Some(Timestamp(now.0 + wait / 2 + spread))
}

#[cfg(test)]
mod tests {
    use chat_proto::{Body, ClientId, ConversationId, Message, Person, Seq, UserId};
    use uuid::Uuid;

    use super::*;

    fn said(text: &str, bot: bool) -> Event {
        let author = Person { bot, ..Person::new(UserId(Uuid::nil()), "ada".parse().unwrap()) };
        let message = Message::new(ClientId(Uuid::nil()), Body::new(text).unwrap());
        Event {
            conversation: ConversationId(Uuid::nil()),
            seq: Seq(2),
            at: Timestamp(0),
            author,
            what: EventKind::Message(Box::new(message)),
        }
    }

    #[test]
    fn moderators_keep_webhooks_and_strangers_do_not_know_of_them() {
        let code = |standing, role| may_keep(standing, role).err().map(|error| error.code);
        let room = |role| Some((ConversationKind::Room, role));
        assert_eq!(code(None, Role::Owner), Some(ErrorCode::NotFound));
        assert_eq!(code(room(RoomRole::Member), Role::Member), Some(ErrorCode::Forbidden));
        assert_eq!(code(room(RoomRole::Moderator), Role::Member), None);
        assert_eq!(code(room(RoomRole::Member), Role::Admin), None);
        let direct = Some((ConversationKind::Direct, RoomRole::Member));
        assert_eq!(code(direct, Role::Admin), Some(ErrorCode::Forbidden));
    }

    #[test]
    fn kinds_and_trigger_choose() {
        let all = HookEvents::default();
        let edits = HookEvents::new(["edited"]).unwrap();
        assert!(wants(&all, "", &said("hi", true)));
        assert!(!wants(&edits, "", &said("hi", false)));
        for (text, told) in
            [("deploy now", true), (" Deploy: now", true), ("deployed", false), ("dep", false)]
        {
            assert_eq!(wants(&all, "deploy", &said(text, false)), told, "{text}");
        }
        assert!(wants(&all, "!build", &said("!BUILD", false)));
        assert!(!wants(&all, "deploy", &said("deploy now", true)), "bots do not trigger");
        let joined = Event { what: EventKind::Joined, ..said("x", false) };
        assert!(wants(&all, "", &joined) && !wants(&all, "deploy", &joined));
    }

    #[test]
    fn waits_double_up_to_an_hour_and_a_day_ends_it() {
        let at = |attempts| retry_at(Timestamp(0), attempts, None, 1.0).map(|at| at.0);
        assert_eq!((at(0), at(1), at(5)), (Some(1_000), Some(2_000), Some(32_000)));
        assert_eq!((at(12), at(u32::MAX)), (Some(LONGEST_WAIT_MS), Some(LONGEST_WAIT_MS)));
        assert_eq!(retry_at(Timestamp(0), 1, None, 0.0), Some(Timestamp(1_000)), "half is certain");
        let day = Timestamp(PATIENCE_MS);
        assert_eq!(retry_at(day, 30, Some(Timestamp(0)), 0.5), None);
        assert!(retry_at(Timestamp(PATIENCE_MS - 1), 30, Some(Timestamp(0)), 0.5).is_some());
    }
}
