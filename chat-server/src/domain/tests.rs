//! The rules as tables: who, what, answer.

use uuid::Uuid;

use std::collections::HashSet;

use super::*;

/// A stable id per name, so that cases read well.
fn person(name: &str) -> Person {
    let mut bytes = [0; 16];
    for (at, byte) in name.bytes().take(16).enumerate() {
        bytes[at] = byte;
    }
    Person::new(UserId(Uuid::from_bytes(bytes)), UserName::parse(name).unwrap())
}

fn room(kind: ConversationKind, members: &[&str]) -> Room {
    let members: Vec<Person> = members.iter().map(|name| person(name)).collect();
    Room::begin(ConversationId(Uuid::nil()), kind, false, &members)
}

/// A room with one member of each role.
fn staffed() -> Room {
    let mut room = room(ConversationKind::Room, &["owner", "mod", "mem", "ro"]);
    room.members.get_mut(&person("mod").id).unwrap().role = RoomRole::Moderator;
    room.members.get_mut(&person("ro").id).unwrap().role = RoomRole::ReadOnly;
    room
}

fn draft(text: &str) -> Draft {
    let (client_id, body) = (ClientId(Uuid::nil()), Body::new(text).unwrap());
    Draft { client_id, body, files: Vec::new(), action: false, reply_to: None, thread: None, forwarded: None }
}

fn send(text: &str) -> Command {
    Command::Send(Box::new(draft(text)))
}

fn act_at(room: &mut Room, who: &str, command: Command, now: i64) -> Result<Change, ErrorCode> {
    let role = if who == "admin" { Role::Admin } else { Role::Member };
    let actor = Actor { person: person(who), role };
    let change = room.decide(&actor, command, Timestamp(now)).map_err(|refusal| refusal.code)?;
    room.apply(&change);
    if let Change::Event(event) = &change {
        let hearing = room.hearing(event, |_| false, HashSet::new());
        room.count_calls(&hearing);
    }
    Ok(change)
}

fn act(room: &mut Room, who: &str, command: Command) -> Result<Change, ErrorCode> {
    act_at(room, who, command, 1)
}

fn event(change: Result<Change, ErrorCode>) -> Event {
    match change {
        Ok(Change::Event(event)) => event,
        other => panic!("no event: {other:?}"),
    }
}

fn wrote(room: &mut Room, who: &str, text: &str) -> Event {
    event(act(room, who, send(text)))
}

/// Who out of everybody may do this in a staffed room.
fn who_may(command: impl Fn(&mut Room) -> Command) -> String {
    let may = |who: &&str| {
        let mut room = staffed();
        room.members.insert(person("admin").id, room.members[&person("ro").id].clone());
        let command = command(&mut room);
        act(&mut room, who, command).is_ok_and(|change| change != Change::Nothing)
    };
    ["stranger", "ro", "mem", "mod", "owner", "admin"].into_iter().filter(may).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_act_has_its_people() {
    let topic = || Topic::new("t").unwrap();
    assert_eq!(who_may(|_| send("hi")), "mem mod owner admin");
    assert_eq!(who_may(|_| Command::SetTopic(topic())), "mem mod owner admin");
    assert_eq!(who_may(|_| Command::Invite { user: person("new"), invited: false }), "mem mod owner admin");
    assert_eq!(who_may(|_| Command::Describe(Description::new("d").unwrap())), "mod owner admin");
    assert_eq!(who_may(|_| Command::Remove { user: person("mem"), reason: topic() }), "mod owner admin");
    assert_eq!(who_may(|_| Command::Remove { user: person("mod"), reason: topic() }), "owner admin");
    assert_eq!(
        who_may(|_| Command::SetRole { user: person("mem"), role: RoomRole::ReadOnly }),
        "mod owner admin"
    );
    assert_eq!(
        who_may(|_| Command::SetRole { user: person("mem"), role: RoomRole::Moderator }),
        "owner admin"
    );
    assert_eq!(who_may(|_| Command::Rename(RoomName::parse("new").unwrap())), "owner admin");
    let slow = RoomRules { slow_mode_s: 10, ..RoomRules::default() };
    assert_eq!(who_may(|_| Command::SetRules(slow)), "mod owner admin");
    let archived = RoomRules { archived: true, ..RoomRules::default() };
    assert_eq!(who_may(|_| Command::SetRules(archived)), "owner admin");
    assert_eq!(who_may(|_| Command::Leave), "ro mem mod admin", "the only owner stays");
    let by_mem = |room: &mut Room| Some(wrote(room, "mem", "x"));
    assert_eq!(who_may(|room| Command::Edit { target: by_mem(room), body: Body::new("y").unwrap() }), "mem");
    assert_eq!(who_may(|room| Command::Delete { target: by_mem(room) }), "mem mod owner admin");
    assert_eq!(
        who_may(|room| Command::Pin { target: by_mem(room), on: true, pins: 0 }),
        "mem mod owner admin"
    );
}

#[test]
fn numbers_follow_without_a_gap() {
    let mut room = room(ConversationKind::Room, &["ada"]);
    for expected in 2..6 {
        assert_eq!(wrote(&mut room, "ada", "hi").seq, Seq(expected));
    }
    let again = act(&mut room, "ada", Command::Join { invited: false });
    assert_eq!(again, Ok(Change::Nothing), "joining twice is harmless");
    assert_eq!(room.head, Seq(5));
}

#[test]
fn strangers_and_former_members_find_nothing() {
    let mut room = room(ConversationKind::Room, &["ada", "lin", "max"]);
    act(&mut room, "lin", Command::Leave).unwrap();
    act(&mut room, "ada", Command::Remove { user: person("max"), reason: Topic::default() }).unwrap();
    let position = room.all_read(person("ada").id);
    for who in ["lin", "max", "eve"] {
        for command in
            [send("hi"), Command::Leave, Command::SetTopic(Topic::default()), Command::MarkRead(position)]
        {
            assert_eq!(act(&mut room, who, command), Err(ErrorCode::NotFound));
        }
    }
}

#[test]
fn a_private_room_takes_only_who_is_invited() {
    let mut room = room(ConversationKind::Room, &["ada"]);
    room.private = true;
    assert_eq!(act(&mut room, "lin", Command::Join { invited: false }), Err(ErrorCode::NotFound));
    assert!(act(&mut room, "lin", Command::Join { invited: true }).is_ok());
}

#[test]
fn a_direct_is_closed_to_others_and_has_no_topic() {
    let mut direct = room(ConversationKind::Direct, &["ada", "lin"]);
    assert_eq!(act(&mut direct, "eve", Command::Join { invited: true }), Err(ErrorCode::NotFound));
    for command in [
        Command::Leave,
        Command::SetTopic(Topic::default()),
        Command::Invite { user: person("eve"), invited: false },
        Command::Remove { user: person("lin"), reason: Topic::default() },
        Command::SetRules(RoomRules { archived: true, ..RoomRules::default() }),
    ] {
        assert_eq!(act(&mut direct, "ada", command), Err(ErrorCode::Forbidden));
    }
}

#[test]
fn a_room_never_loses_its_last_owner() {
    let mut room = staffed();
    let demote = |who: &str| Command::SetRole { user: person(who), role: RoomRole::Member };
    assert_eq!(act(&mut room, "owner", demote("owner")), Err(ErrorCode::Forbidden));
    act(&mut room, "owner", Command::SetRole { user: person("mod"), role: RoomRole::Owner }).unwrap();
    act(&mut room, "owner", demote("owner")).unwrap();
    assert_eq!(act(&mut room, "mod", Command::Leave), Err(ErrorCode::Forbidden));
}

#[test]
fn an_archived_room_is_only_read_until_it_is_opened_again() {
    let mut room = staffed();
    let archived = |archived| Command::SetRules(RoomRules { archived, ..RoomRules::default() });
    act(&mut room, "owner", archived(true)).unwrap();
    assert_eq!(act(&mut room, "owner", send("hi")), Err(ErrorCode::Forbidden));
    let all = room.all_read(person("mem").id);
    assert!(act(&mut room, "mem", Command::MarkRead(all)).is_ok());
    act(&mut room, "owner", archived(false)).unwrap();
    assert!(act(&mut room, "mem", send("hi")).is_ok());
}

#[test]
fn an_announcement_room_is_answered_in_threads() {
    let mut room = staffed();
    let first = wrote(&mut room, "mod", "news");
    let rules = RoomRules { announcement: true, ..RoomRules::default() };
    act(&mut room, "owner", Command::SetRules(rules)).unwrap();
    assert_eq!(act(&mut room, "mem", send("hi")), Err(ErrorCode::Forbidden));
    let answer = Draft { thread: Some(Target { seq: first.seq, event: Some(first) }), ..draft("thanks") };
    assert!(act(&mut room, "mem", Command::Send(Box::new(answer))).is_ok());
}

#[test]
fn slow_mode_holds_members_back_and_says_how_long() {
    let mut room = staffed();
    act(&mut room, "mod", Command::SetRules(RoomRules { slow_mode_s: 10, ..RoomRules::default() })).unwrap();
    act_at(&mut room, "mem", send("one"), 1_000).unwrap();
    let actor = Actor { person: person("mem"), role: Role::Member };
    let refused = room.decide(&actor, send("two"), Timestamp(4_000)).unwrap_err();
    assert_eq!((refused.code, refused.retry_after_ms), (ErrorCode::RateLimited, Some(7_000)));
    assert!(act_at(&mut room, "mem", send("two"), 11_000).is_ok());
    assert!(act_at(&mut room, "mem", send("three"), 2_000).is_ok(), "whose clock went back waits no day");
    assert!(
        act_at(&mut room, "mod", send("a"), 11_000).is_ok()
            && act_at(&mut room, "mod", send("b"), 11_001).is_ok()
    );
}

#[test]
fn unread_counts_the_messages_of_others_in_the_main_line_after_the_mark() {
    let mut room = room(ConversationKind::Room, &["ada", "lin"]);
    let unread = |room: &Room, who: &str| {
        let member = &room.members[&person(who).id];
        (member.unread(room.messages), member.mentions)
    };
    let first = wrote(&mut room, "ada", "one");
    wrote(&mut room, "lin", "two @ada");
    let threaded = Draft { thread: Some(Target { seq: first.seq, event: Some(first) }), ..draft("aside") };
    act(&mut room, "lin", Command::Send(Box::new(threaded))).unwrap();
    assert_eq!(unread(&room, "ada"), (1, 1));
    assert_eq!(unread(&room, "lin"), (1, 0));

    let all = room.all_read(person("ada").id);
    act(&mut room, "ada", Command::MarkRead(all)).unwrap();
    assert_eq!(unread(&room, "ada"), (0, 0));
    assert_eq!(act(&mut room, "ada", Command::MarkRead(all)), Ok(Change::Nothing), "marks only grow");
    act(&mut room, "eve", Command::Join { invited: false }).unwrap();
    assert_eq!(unread(&room, "eve"), (0, 0), "a newcomer has nothing to catch up");
}

#[test]
fn only_members_are_mentioned_and_nobody_mentions_themselves() {
    let mut room = room(ConversationKind::Room, &["ada", "lin"]);
    let message = wrote(&mut room, "ada", "@ada @lin @eve");
    assert_eq!(message.message().unwrap().mentions, [person("lin").id]);
}

#[test]
fn reactions_and_pins_that_are_so_already_change_nothing() {
    let mut room = staffed();
    let mut message = wrote(&mut room, "mem", "x");
    let react = |target: &Event, on| Command::React {
        target: Some(target.clone()),
        emoji: Emoji::new("👍").unwrap(),
        on,
    };
    assert_eq!(act(&mut room, "mod", react(&message, false)), Ok(Change::Nothing));
    let reaction = event(act(&mut room, "mod", react(&message, true)));
    message.apply(&reaction);
    assert_eq!(act(&mut room, "mod", react(&message, true)), Ok(Change::Nothing));
    let deletion = event(act(&mut room, "mem", Command::Delete { target: Some(message.clone()) }));
    message.apply(&deletion);
    assert_eq!(
        act(&mut room, "mod", react(&message, true)),
        Err(ErrorCode::NotFound),
        "what is gone takes no reaction"
    );
}

#[test]
fn a_thread_has_one_first_message_and_outlives_it() {
    let mut room = staffed();
    let mut first = wrote(&mut room, "mem", "first");
    let reply = |event: &Event| {
        Command::Send(Box::new(Draft {
            thread: Some(Target { seq: event.seq, event: Some(event.clone()) }),
            ..draft("re")
        }))
    };
    let second = event(act(&mut room, "mod", reply(&first)));
    let third = event(act(&mut room, "mem", reply(&second)));
    assert_eq!(
        third.message().unwrap().thread,
        Some(first.seq),
        "an answer to an answer is in the same thread"
    );
    let deletion = event(act(&mut room, "mem", Command::Delete { target: Some(first.clone()) }));
    first.apply(&deletion);
    assert_eq!(event(act(&mut room, "mem", reply(&first))).message().unwrap().thread, Some(first.seq));
}

/// A message as it is written, and who of the members hears of it, with why.
fn heard(room: &mut Room, who: &str, text: &str, here: &[&str], ties: &Ties) -> String {
    let message = wrote(room, who, text);
    let is_here = |user| here.iter().any(|name| person(name).id == user);
    let hearing = room.hearing(&message, is_here, HashSet::from([person("deaf").id]));
    let mut heard: Vec<String> = (hearing.notices(person(who).id, ties).into_iter())
        .map(|(user, reason)| format!("{} {}", room.members[&user].name, reason.as_str()))
        .collect();
    heard.sort();
    heard.join(", ")
}

#[test]
fn a_message_is_heard_once_and_for_the_strongest_reason() {
    let mut room = room(ConversationKind::Room, &["ada", "lin", "eve", "deaf"]);
    let ids = |names: &[&str]| names.iter().map(|name| person(name).id).collect::<Vec<_>>();
    let none = Ties::default();
    assert_eq!(heard(&mut room, "ada", "hi", &["lin"], &none), "");
    assert_eq!(heard(&mut room, "ada", "@lin @deaf @ada hi", &[], &none), "lin mention");
    assert_eq!(heard(&mut room, "ada", "@room hi @lin", &[], &none), "eve room, lin mention");
    assert_eq!(heard(&mut room, "ada", "@here", &["ada", "lin", "deaf"], &none), "lin here");
    let tied = Ties { answered: Some(person("lin").id), followers: ids(&["ada", "lin", "eve", "deaf"]) };
    assert_eq!(heard(&mut room, "ada", "yes", &[], &tied), "eve thread, lin reply");
    assert_eq!(heard(&mut room, "ada", "yes @eve", &[], &tied), "eve mention, lin reply");
}

#[test]
fn in_large_rooms_only_moderators_call_everybody() {
    let names: Vec<String> =
        (0..chat_proto::limits::FREE_CALLS_MEMBERS).map(|n| format!("member{n}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut small = room(ConversationKind::Room, &names);
    assert!(act(&mut small, "member1", send("@room hi")).is_ok());
    names.push("last");
    let mut large = room(ConversationKind::Room, &names);
    assert_eq!(act(&mut large, "last", send("@here hi")), Err(ErrorCode::Forbidden));
    assert!(act(&mut large, "last", send("mail@room hi")).is_ok());
    assert!(act(&mut large, "member0", send("@room hi")).is_ok(), "the owner may");
    let rules = RoomRules { free_calls: true, ..RoomRules::default() };
    act(&mut large, "member0", Command::SetRules(rules)).unwrap();
    assert!(act(&mut large, "last", send("@room hi")).is_ok());
}

fn ban(user: &str, for_s: Option<u32>) -> Command {
    Command::Ban { user: person(user), for_s, reason: Topic::default() }
}

fn mute(user: &str, for_s: Option<u32>) -> Command {
    Command::Mute { user: person(user), for_s, reason: Topic::default() }
}

#[test]
fn order_is_kept_by_moderators_over_weaker_people() {
    for order in [ban, mute] {
        assert_eq!(who_may(|_| order("ro", None)), "mod owner admin");
        assert_eq!(who_may(|_| order("mod", None)), "owner admin");
    }
    assert_eq!(who_may(|_| ban("new", None)), "mod owner admin", "they need not be there");
    assert_eq!(who_may(|_| mute("new", None)), "");
    assert_eq!(who_may(|_| ban("owner", None)), "", "the last owner stays");
    let banned = |room: &mut Room| drop(act(room, "mod", ban("new", None)));
    let unban = || Command::Unban { user: person("new") };
    assert_eq!(
        who_may(|room| {
            banned(room);
            unban()
        }),
        "mod owner admin"
    );
    let mut direct = room(ConversationKind::Direct, &["ada", "lin"]);
    assert_eq!(act(&mut direct, "ada", ban("lin", None)), Err(ErrorCode::Forbidden));
}

#[test]
fn a_ban_holds_until_it_runs_out() {
    let mut room = staffed();
    let banned = event(act_at(&mut room, "mod", ban("mem", Some(10)), 1_000));
    assert!(matches!(banned.what, EventKind::Banned { until: Some(Timestamp(11_000)), removed: true, .. }));
    let join = |room: &mut Room, now| act_at(room, "mem", Command::Join { invited: true }, now);
    assert_eq!(join(&mut room, 10_999), Err(ErrorCode::Banned));
    let invite = Command::Invite { user: person("mem"), invited: false };
    assert_eq!(act_at(&mut room, "owner", invite.clone(), 10_999), Err(ErrorCode::Forbidden));
    assert!(act_at(&mut room, "owner", invite, 11_000).is_ok());
    room.private = true;
    assert_eq!(join(&mut room, 10_999), Err(ErrorCode::NotFound), "a private room is not there");
    assert!(join(&mut room, 11_000).is_ok());
    // What has run out goes when the next comes.
    event(act_at(&mut room, "mod", ban("new", None), 12_000));
    assert_eq!(room.bans.keys().copied().collect::<Vec<_>>(), [person("new").id]);
}

#[test]
fn who_is_muted_keeps_their_hands_off_and_only_that() {
    let mut room = staffed();
    let seq = wrote(&mut room, "mem", "hi");
    event(act_at(&mut room, "mod", mute("mem", Some(10)), 1_000));
    let topic = || Command::SetTopic(Topic::new("t").unwrap());
    for command in
        [send("x"), topic(), Command::Edit { target: Some(seq.clone()), body: Body::new("x").unwrap() }]
    {
        assert_eq!(act_at(&mut room, "mem", command, 10_999), Err(ErrorCode::Forbidden));
    }
    assert!(act_at(&mut room, "mem", Command::Delete { target: Some(seq) }, 10_999).is_ok());
    assert!(act_at(&mut room, "mem", send("x"), 11_000).is_ok());
    event(act_at(&mut room, "mod", mute("mem", None), 12_000));
    event(act(&mut room, "mod", Command::Unmute { user: person("mem") }));
    assert_eq!(act(&mut room, "mod", Command::Unmute { user: person("mem") }), Ok(Change::Nothing));
    assert!(act_at(&mut room, "mem", send("x"), 13_000).is_ok());
}

#[test]
fn a_block_is_between_two_and_says_no_more_than_it_must() {
    use super::policy::{Policy, PolicyChange};
    let (ada, lin) = (person("ada").id, person("lin").id);
    let mut policy = Policy::default();
    policy.apply(&PolicyChange::Block(ada, lin, true));
    let may = |policy: &Policy, who, room: &Room, command: &Command| {
        policy.may(who, room, command, Timestamp(1)).map_err(|refusal| refusal.message)
    };
    let direct = room(ConversationKind::Direct, &["ada", "lin"]);
    let refusal = Err("You cannot write to this person.".to_owned());
    assert_eq!(may(&policy, lin, &direct, &send("hi")), refusal);
    assert_eq!(may(&policy, ada, &direct, &send("hi")), Ok(()));
    assert_eq!(may(&policy, lin, &direct, &Command::Leave), Ok(()));
    for wider in [
        room(ConversationKind::Direct, &["ada", "lin", "joe"]),
        room(ConversationKind::Room, &["ada", "lin"]),
    ] {
        assert_eq!(may(&policy, lin, &wider, &send("hi")), Ok(()));
    }
    let invite = Command::Invite { user: person("ada"), invited: false };
    assert_eq!(may(&policy, lin, &room(ConversationKind::Room, &["lin"]), &invite), refusal);
    assert!(policy.may_begin(lin, &[ada], Timestamp(1)).is_err());
    assert!(policy.may_begin(lin, &[ada, person("joe").id], Timestamp(1)).is_ok());
    assert!(policy.are_apart(ada, lin) && policy.are_apart(lin, ada) && !policy.blocks(lin, ada));
    policy.apply(&PolicyChange::Block(ada, lin, false));
    assert_eq!(policy, Policy::default());
}

#[test]
fn what_is_put_behind_messages_of_others_is_as_if_it_had_been_decided_after_them() {
    let before = staffed();
    let (mut late, mut in_order) = (before.clone(), before.clone());
    wrote(&mut late, "mem", "mine, @mod");
    let onto = [wrote(&mut in_order, "mod", "first, @mem"), wrote(&mut in_order, "owner", "second")];
    wrote(&mut in_order, "mem", "mine, @mod");
    late.rebase(&onto, [person("mem").id].into_iter());
    assert_eq!(late, in_order);
}

#[test]
fn only_messages_of_different_people_commute() {
    let mut room = staffed();
    let message = wrote(&mut room, "mem", "one");
    let other = wrote(&mut room, "mod", "two");
    let topic = event(act(&mut room, "owner", Command::SetTopic(Topic::default())));
    let cases = [
        (&message, &other, true),
        (&message, &message, false),
        (&message, &topic, false),
        (&topic, &message, false),
    ];
    for (decided, onto, may) in cases {
        assert_eq!(rebase::commute([decided].into_iter(), std::slice::from_ref(onto)), may);
    }
}
