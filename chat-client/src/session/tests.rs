//! The session against a small server made of vectors, over a line that loses what it likes.

mod list;
mod property;
mod server;
mod world;

use std::collections::VecDeque;

use chat_proto::{
    Body, ClientId, Conversation, ConversationKind, Done, Emoji, Event, EventKind, GetHistory, HistoryPage,
    Invitation, Invitations, Message, Missed, PresenceList, ProtocolRange, ReadState, Registration, Resumed,
    Sent, Seq, SessionId, Timestamp, Tombstone, UserName,
};
use uuid::Uuid;

use super::*;
use crate::cache::{self, Cache};
use crate::engine::Storage;
use crate::update::{Anchor, Delivery, Draft, Outgoing};
use server::Server;
use world::World;

const ME: u128 = 1;
const OTHER: u128 = 2;

fn person(n: u128) -> Person {
    Person::new(UserId(Uuid::from_u128(n)), UserName::parse(&format!("p{n}")).unwrap())
}

fn room(n: usize) -> ConversationId {
    ConversationId(Uuid::from_u128(100 + n as u128))
}

/// What can happen to a message.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Edit,
    Delete,
    React,
    Pin,
    Answer,
}

#[test]
fn coming_back_takes_one_round_trip() {
    let mut world = World::online(2);
    world.other_writes(0, 1);
    world.deliver(1);
    world.cut(None);
    world.other_writes(0, 1);
    world.sent.clear();
    world.connect();
    world.deliver(1);
    assert_eq!((world.asked("auth.token"), world.asked("sync.resume")), (1, 1), "both follow the hello");
    world.deliver(2);
    assert!(world.session.is_online());
    assert_eq!(world.last[&room(0)], Seq(2));
    assert_eq!(world.asked("history.get"), 0);
    let live: Vec<bool> = world
        .told
        .iter()
        .filter_map(|update| match update {
            Update::Events { live, .. } => Some(*live),
            _ => None,
        })
        .collect();
    assert_eq!(live, [true, false], "what was missed notifies nobody");
}

#[test]
fn a_lost_event_is_fetched_and_what_follows_it_waits() {
    let mut world = World::online(1);
    world.other_writes(0, 0);
    world.other_writes(0, 1);
    world.other_writes(0, 2);
    world.deliver(usize::MAX);
    assert_eq!(world.last[&room(0)], Seq(3));
    assert_eq!(world.asked("history.get"), 1, "one page at a time");
    assert_eq!(world.row(0).unread, 3);
}

#[test]
fn an_event_that_overtakes_a_page_from_before_it_is_asked_for_again() {
    let mut world = World::online(1);
    world.other_writes(0, 0);
    world.other_writes(0, 1);
    world.deliver(1);
    let page = world.line.pop_back().unwrap();
    world.other_writes(0, 1);
    world.line.push_back(page.clone());
    world.deliver(usize::MAX);
    assert_eq!(world.last[&room(0)], Seq(3));
    assert_eq!((world.asked("history.get"), world.row(0).unread), (2, 3));
    // One that the server does not have after all is not asked for without end.
    world.other_writes(0, 0);
    world.other_writes(0, 1);
    world.server.logs[0].truncate(3);
    world.deliver(usize::MAX);
    assert_eq!(world.last[&room(0)], Seq(3));
    assert!(world.asked("history.get") <= 4 && !world.told.contains(&Update::Reset(room(0))));
}

#[test]
fn a_row_that_an_event_overtakes_is_asked_for_again() {
    let mut world = World::online(1);
    world.other_writes(0, 1);
    world.changes(0, Deed::Delete, OTHER, 0, 1);
    world.deliver(2);
    let row = world.line.pop_back().unwrap();
    world.other_writes(0, 1);
    world.line.push_back(row);
    world.deliver(usize::MAX);
    assert_eq!((world.row(0).unread, world.server.row(0).unread), (1, 1));
    assert_eq!(world.asked("conversation.get"), 2);
}

#[test]
fn a_row_from_before_a_read_mark_does_not_take_it_back() {
    let mut world = World::online(1);
    world.other_writes(0, 1);
    world.other_writes(0, 1);
    world.deliver(2);
    world.session.mark_read(room(0), Seq(1), world.now);
    world.settle();
    // The row is asked for while the mark is on its way, and was read before it; its answer comes after the mark's.
    world.changes(0, Deed::Delete, OTHER, 1, 1);
    world.line.swap(0, 1);
    world.deliver(1);
    world.line[1] = world.line[1].replace("\"read\":1,", "\"read\":0,");
    world.deliver(usize::MAX);
    assert_eq!((world.row(0).read, world.row(0).unread), (Seq(1), 0));
    assert_eq!(world.asked("conversation.get"), 2);
}

#[test]
fn a_gap_that_is_too_large_is_given_up() {
    let mut world = World::online(1);
    world.cut(None);
    for _ in 0..=log::MAX_MISSED + 10 {
        world.other_writes(0, 0);
    }
    world.server.page = 2;
    world.told.clear();
    world.connect();
    world.deliver(usize::MAX);
    assert!(world.told.contains(&Update::Reset(room(0))));
    assert!(world.session.is_online());
    assert_eq!(world.row(0).unread, log::MAX_MISSED + 11);
    world.last.insert(room(0), world.row(0).head);
    world.other_writes(0, 1);
    world.deliver(usize::MAX);
    assert_eq!(world.row(0).unread, log::MAX_MISSED + 12, "news go on behind the gap");
}

/// A page that an older client cannot read, or that is refused for good.
#[test]
fn a_page_that_is_not_to_be_had_is_not_asked_for_again_and_again() {
    let mut world = World::online(1);
    world.other_writes(0, 0);
    world.other_writes(0, 1);
    world.deliver(1);
    let page = world.line.pop_back().unwrap();
    assert!(page.contains("\"events\":["));
    world.line.push_back(page.replace("\"events\":[", "\"events\":[7,"));
    world.deliver(usize::MAX);
    assert_eq!((world.asked("history.get"), world.asked("conversation.get")), (1, 2));
    assert!(world.told.contains(&Update::Reset(room(0))));
    world.last.insert(room(0), world.row(0).head);
    // A row that cannot be read takes nothing away.
    world.changes(0, Deed::Delete, OTHER, 0, 1);
    world.deliver(1);
    let row = world.line.pop_back().unwrap();
    world.line.push_back(row.replace("\"members\":2", "\"members\":\"two\""));
    world.deliver(usize::MAX);
    assert!(!world.told.contains(&Update::Removed(room(0))));
}

/// Something else that happens just then, and asks nothing, must not lose the time at which it is tried again.
#[test]
fn a_message_is_tried_again_also_when_its_time_has_passed_unnoticed() {
    let mut world = World::online(1);
    world.server.refuse_next_send = true;
    let mine = world.write(0);
    world.deliver(usize::MAX);
    world.now += Duration::from_millis(701);
    world.session.heard(world.now);
    assert!(world.session.deadline().is_some_and(|at| at <= world.now));
    world.pass(Duration::ZERO);
    world.deliver(usize::MAX);
    assert_eq!(world.server.stored(mine), [Seq(1)]);
}

#[test]
fn messages_of_a_conversation_go_one_after_the_other() {
    let mut world = World::online(2);
    world.server.refuse_next_send = true;
    let (first, second, elsewhere) = (world.write(0), world.write(0), world.write(1));
    assert_eq!(world.asked("message.send"), 2, "one in each conversation");
    world.deliver(usize::MAX);
    assert_eq!(world.server.stored(first), [], "refused for the moment");
    assert_eq!(world.server.stored(second), [], "and not overtaken");
    assert_eq!(world.server.stored(elsewhere), [Seq(1)]);
    assert_eq!(world.session.deadline().map(|at| at - world.now), Some(Duration::from_millis(700)));
    world.pass(Duration::from_millis(700));
    world.deliver(usize::MAX);
    assert_eq!((world.server.stored(first), world.server.stored(second)), (vec![Seq(1)], vec![Seq(2)]));
}

#[test]
fn a_lost_answer_makes_no_second_message() {
    let mut world = World::online(1);
    world.deaf = true;
    let mine = world.write(0);
    world.cut(None);
    let queued = |update: &Update| matches!(update, Update::Outgoing(outgoing) if outgoing.delivery == Delivery::Queued && outgoing.client_id == mine);
    assert_eq!(world.told.iter().filter(|update| queued(update)).count(), 2, "back in the queue");
    world.connect();
    world.deliver(usize::MAX);
    assert_eq!(world.server.stored(mine), [Seq(1)]);
    assert!(world.disk.saved().unwrap().outbox.is_empty());
}

#[test]
fn close_codes_say_reconnect_or_stop() {
    let case = |code: u16| World::online(1).cut(Some(code));
    assert!(matches!(case(4000), End::Retry { after: None, .. }));
    assert!(matches!(case(4502), End::Stop { login_needed: true, .. }));
    assert!(matches!(case(4501), End::Stop { login_needed: false, .. }));
    assert!(matches!(case(1009), End::Stop { .. }));

    let mut world = World::online(1);
    world.line.push_back(ServerFrame::encode_push(&Push::Draining { reconnect_after_ms: 1834 }));
    world.deliver(1);
    let after = Some(Duration::from_millis(1834));
    assert!(matches!(world.cut(Some(1012)), End::Retry { after: told, .. } if told == after));
}

#[test]
fn a_bad_token_asks_for_a_login() {
    let mut world = World::new(1);
    world.connect();
    world.deliver(1);
    let error = WireError::new(ErrorCode::BadCredentials, "Log in again.");
    world.line = VecDeque::from([ServerFrame::encode_error(Some(&FrameId::numbered(1)), &error)]);
    world.deliver(1);
    assert_eq!(world.ended, Some(End::Stop { reason: "Log in again.".to_owned(), login_needed: true }));
}

#[test]
fn a_silent_line_is_taken_for_dead() {
    let mut world = World::online(1);
    world.pass(Duration::from_secs(54));
    assert_eq!(world.ended, None);
    world.session.heard(world.now);
    world.pass(Duration::from_secs(54));
    assert_eq!(world.ended, None, "any sign of life counts");
    world.pass(Duration::from_secs(1));
    assert!(matches!(world.ended, Some(End::Retry { .. })));
}

#[test]
fn typing_keeps_the_pace() {
    let mut world = World::online(1);
    let mut key = |after_ms: u64, active: bool| {
        let before = world.asked("typing");
        world.now += Duration::from_millis(after_ms);
        world.session.typing(room(0), active, world.now);
        world.settle();
        world.asked("typing") > before
    };
    assert!(key(0, true));
    assert!(!key(100, true));
    assert!(!key(2_800, true));
    assert!(key(100, true), "said again while it lasts");
    assert!(key(100, false));
    assert!(!key(100, false));
    assert!(!key(100, true), "not more than one in three seconds");
    assert!(key(2_700, true));
}

#[test]
fn read_marks_grow_and_survive() {
    let mut world = World::online(1);
    for _ in 0..3 {
        world.other_writes(0, 1);
    }
    world.deliver(usize::MAX);
    assert_eq!(world.row(0).unread, 3);
    world.session.mark_read(room(0), Seq(1), world.now);
    world.settle();
    world.session.mark_read(room(0), Seq(2), world.now);
    world.settle();
    assert_eq!(world.asked("read.mark"), 1, "the next waits for the answer");
    world.deliver(usize::MAX);
    assert_eq!((world.asked("read.mark"), world.row(0).unread), (2, 1));

    world.cut(None);
    world.session.mark_read(room(0), Seq(3), world.now);
    world.session.mark_read(room(0), Seq(2), world.now);
    world.settle();
    assert_eq!(world.row(0).unread, 0, "seen at once");
    world.kill();
    world.heal();
    assert_eq!((world.server.read[0], world.row(0).unread), (Seq(3), 0));
    assert!(world.disk.saved().unwrap().reads.is_empty());
}

/// The answer to a read mark may overtake an event that it counts; the count was one too high
/// from then on, until the next connection.
#[test]
fn counts_that_overtake_an_event_do_not_count_it_twice() {
    let mut world = World::online(1);
    world.other_writes(0, 1);
    world.other_writes(0, 1);
    world.deliver(usize::MAX);
    world.other_writes(0, 1);
    let event = world.line.pop_front().unwrap();
    world.session.mark_read(room(0), Seq(1), world.now);
    world.settle();
    world.line.push_back(event);
    world.deliver(1);
    assert_eq!(world.row(0).unread, 2, "told by the server");
    world.deliver(usize::MAX);
    assert_eq!(world.row(0).unread, 2, "and still true when the event is here");
}

#[test]
fn who_one_watches_is_said_again_after_a_cut() {
    let mut world = World::online(1);
    world.session.watch(vec![person(OTHER).id], world.now);
    world.session.set_presence(chat_proto::PresenceState::Away, world.now);
    world.settle();
    world.cut(None);
    world.connect();
    world.deliver(usize::MAX);
    assert_eq!((world.asked("presence.watch"), world.asked("presence.set")), (2, 2));
}

fn invitation(n: usize) -> Invitation {
    let name = format!("room{n}").parse().unwrap();
    let (topic, at) = (Default::default(), Timestamp(0));
    Invitation { conversation: room(n), name, topic, private: true, by: person(OTHER), at }
}

#[test]
fn invitations_are_listed_and_kept_in_step() {
    let mut world = World::new(1);
    world.server.invitations = vec![invitation(7)];
    world.connect();
    world.deliver(usize::MAX);
    let told = |world: &World| {
        let list = world.told.iter().rev().find_map(|update| match update {
            Update::Invitations(list) => Some(list.iter().map(|i| i.conversation).collect::<Vec<_>>()),
            _ => None,
        });
        list.unwrap_or_default()
    };
    assert_eq!(told(&world), [room(7)]);
    let mut push = |push: Push| {
        world.line.push_back(ServerFrame::encode_push(&push));
        world.deliver(1);
        told(&world)
    };
    assert_eq!(push(Push::Invitation { invitation: invitation(8) }), [room(8), room(7)]);
    assert_eq!(push(Push::Invitation { invitation: invitation(8) }), [room(8), room(7)], "once");
    let conversation = Conversation { id: room(7), ..world.server.row(0) };
    world.line.push_back(ServerFrame::encode_push(&Push::ConversationAdded { conversation }));
    world.deliver(1);
    assert_eq!(told(&world), [room(8)], "accepted on another device");
    let decline = chat_proto::DeclineInvitation { conversation: room(8) };
    world.session.request(5, Request::DeclineInvitation(decline), world.now);
    world.settle();
    world.deliver(usize::MAX);
    assert_eq!(told(&world), []);
}

#[test]
fn the_row_of_a_room_follows_its_events() {
    let mut world = World::online(1);
    let rules = chat_proto::RoomRules { archived: true, ..Default::default() };
    let description = chat_proto::Description::new("all about it").unwrap();
    for what in [
        EventKind::Renamed { name: "releases".parse().unwrap() },
        EventKind::Described { description: description.clone() },
        EventKind::Rules { rules },
        EventKind::Role { user: person(OTHER), role: chat_proto::RoomRole::Owner },
        EventKind::Role { user: person(ME), role: chat_proto::RoomRole::Moderator },
        EventKind::Invited { user: person(3) },
        EventKind::Joined,
        EventKind::Joined,
        EventKind::Removed { user: person(3), reason: Default::default() },
    ] {
        world.happens(0, OTHER, what, 1);
    }
    world.deliver(usize::MAX);
    let row = world.row(0);
    assert_eq!(row.name.unwrap().as_str(), "releases");
    assert_eq!((row.description, row.rules), (description, rules));
    assert_eq!((row.role, row.members, row.unread), (chat_proto::RoomRole::Moderator, 3, 0));
    assert_eq!(world.asked("conversation.get"), 0);
}

/// The list is ordered by this. After the server's clock had been an hour ahead for a moment, the room
/// stayed at the top of this client's list for an hour, and of nobody else's.
#[test]
fn a_clock_that_went_back_leaves_no_room_at_the_top() {
    let mut world = World::online(1);
    for at in [7, 3_600_007, 8] {
        let mut event = world.server.append(0, OTHER, EventKind::Joined);
        event.at = Timestamp(at);
        world.line.push_back(ServerFrame::encode_push(&Push::Event(event)));
    }
    world.deliver(usize::MAX);
    assert_eq!(world.row(0).active_at, Timestamp(8));
}

#[test]
fn a_draft_is_sent_with_its_ties() {
    let mut world = World::online(1);
    let (reply_to, thread) = (Some(Seq(1)), Some(Seq(1)));
    let forward = Some(chat_proto::Position { conversation: room(0), seq: Seq(1) });
    let plain = Draft::new(room(0), Body::new("waves").unwrap());
    let draft = Draft { action: true, reply_to, thread, forward, ..plain };
    world.other_writes(0, 1);
    world.session.queue(Outgoing::new(ClientId(Uuid::from_u128(9)), draft, Timestamp(0)), world.now);
    world.settle();
    let sent = world.sent.iter().find(|frame| frame.contains("message.send")).unwrap();
    for part in ["\"action\":true", "\"reply_to\":1", "\"thread\":1", "\"forward\":{"] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
}
