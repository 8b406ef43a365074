//! A snapshot plus events equals a snapshot, for every kind of event.
//!
//! A client takes a snapshot, and from then on only follows what is pushed to it, by the rules of
//! PROTOCOL.md and by `Event::apply`. After each act it must hold exactly what a client that just
//! came is told. [`acts`] names every event kind, so a new one does not compile until it has an
//! act here, and [`Held::follow`] until it says what it changes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use chat_proto::{
    Card, Conversation, ConversationId, Event, EventKind, InboxPage, Invitation, Member, Push, Reason,
    RoomRole, SavedPage, Seq, ThreadList, ThreadState, Tombstone, UserId,
};
use chat_tests::{Script, Server, Signal};
use serde_json::{Value, json};

use crate::scenarios::files::{PICTURE, http, send};
use crate::scenarios::{about, kick, private_room, room, say, say_with, set_role, text};

/// Everything that one person holds.
#[derive(Debug, Clone)]
struct Replica {
    me: UserId,
    conversations: BTreeMap<ConversationId, Held>,
    invitations: Vec<Invitation>,
    /// What is in the inbox, and how much of it is not read.
    inbox: BTreeMap<(ConversationId, Seq), Reason>,
    inbox_unread: u64,
    /// The threads that are followed.
    threads: BTreeMap<(ConversationId, Seq), ThreadState>,
    /// The messages that are saved.
    saved: BTreeSet<(ConversationId, Seq)>,
}

/// One conversation as it is held.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    row: Conversation,
    events: BTreeMap<Seq, Event>,
    members: BTreeMap<UserId, Member>,
    /// The newest event of `events`; `row` says its own.
    as_of: Seq,
}

impl Replica {
    /// What a client that just came is told.
    fn snapshot(script: &mut Script) -> Result<Self> {
        let me = serde_json::from_value(json!(script.user_id()))?;
        let rows: Vec<Conversation> =
            serde_json::from_value(script.welcome()["conversations"].clone()).context("the welcome")?;
        let mut conversations = BTreeMap::new();
        for row in rows {
            conversations.insert(row.id, Held::fetch(script, row)?);
        }
        let mut listed = script.ok("invitation.list", json!({}))?;
        let invitations = serde_json::from_value(listed["invitations"].take())?;
        let inbox: InboxPage = serde_json::from_value(script.ok("inbox.list", json!({}))?)?;
        let threads: ThreadList = serde_json::from_value(script.ok("thread.list", json!({}))?)?;
        let saved: SavedPage = serde_json::from_value(script.ok("saved.list", json!({}))?)?;
        let place = |event: &Event| (event.conversation, event.seq);
        Ok(Self {
            me,
            conversations,
            invitations,
            inbox: inbox.items.iter().map(|item| (place(&item.event), item.reason)).collect(),
            inbox_unread: inbox.state.unread,
            threads: threads.threads.iter().map(|thread| (place(&thread.root), thread.state)).collect(),
            saved: saved.messages.iter().map(place).collect(),
        })
    }

    /// Follows a push, as PROTOCOL.md says; what is new is fetched, as a client would.
    fn follow(&mut self, push: Push, script: &mut Script) -> Result<()> {
        let me = self.me;
        match push {
            Push::Event(event) => {
                let held = self.conversations.get_mut(&event.conversation);
                let held = held.with_context(|| format!("an event of what one is not in: {event:?}"))?;
                if let EventKind::Deleted { target } = event.what {
                    self.inbox.remove(&(event.conversation, target));
                    self.saved.remove(&(event.conversation, target));
                    if target > held.row.read {
                        let row = json!({"conversation": event.conversation});
                        held.row = serde_json::from_value(script.ok("conversation.get", row)?)?;
                    }
                }
                held.follow(&event, me)?;
            }
            Push::InboxItem(item) => {
                self.inbox.insert((item.event.conversation, item.event.seq), item.reason);
            }
            Push::InboxChanged(state) => self.inbox_unread = state.unread,
            Push::Thread(state) if state.following => {
                self.threads.insert((state.conversation, state.thread), state);
            }
            Push::Thread(state) => drop(self.threads.remove(&(state.conversation, state.thread))),
            Push::Notify(state) => {
                let held = self.conversations.get_mut(&state.conversation).context("notify, nowhere")?;
                held.row.notify = state.notify;
            }
            Push::Starred(state) => {
                let held = self.conversations.get_mut(&state.conversation).context("starred, nowhere")?;
                held.row.starred = state.on;
            }
            Push::Saved(state) if state.on => drop(self.saved.insert((state.conversation, state.seq))),
            Push::Saved(state) => drop(self.saved.remove(&(state.conversation, state.seq))),
            Push::Read { conversation, user, seq } => {
                let held = self.conversations.get_mut(&conversation).context("read, nowhere")?;
                held.members.get_mut(&user).context("read by nobody")?.read = seq;
            }
            Push::Unread { conversation, read, unread, mentions } => {
                let held = self.conversations.get_mut(&conversation).context("unread, nowhere")?;
                (held.row.read, held.row.unread, held.row.mentions) = (read, unread, mentions);
                held.members.get_mut(&me).context("not in it")?.read = read;
            }
            Push::ConversationAdded { conversation } => {
                self.invitations.retain(|invitation| invitation.conversation != conversation.id);
                self.conversations.insert(conversation.id, Held::fetch(script, conversation)?);
            }
            Push::ConversationRemoved { conversation } => {
                self.conversations.remove(&conversation).context("removed, and never there")?;
                self.inbox.retain(|(there, _), _| *there != conversation);
                self.threads.retain(|(there, _), _| *there != conversation);
                self.saved.retain(|(there, _)| *there != conversation);
            }
            Push::Invitation { invitation } => self.invitations.insert(0, invitation),
            Push::InvitationRemoved { conversation } => {
                self.invitations.retain(|invitation| invitation.conversation != conversation);
            }
            // Nothing of these is held.
            Push::Dnd(_)
            | Push::Report { .. }
            | Push::Lockdown(_)
            | Push::Hello(_)
            | Push::Typing { .. }
            | Push::Presence { .. }
            | Push::Command(_)
            | Push::CommandAnswer(_)
            | Push::Profile { .. }
            | Push::Blocked { .. }
            | Push::Privacy { .. }
            | Push::Draining { .. } => {}
        }
        Ok(())
    }
}

impl Held {
    fn fetch(script: &mut Script, row: Conversation) -> Result<Self> {
        let ask = json!({"conversation": row.id, "limit": 200});
        let mut page = script.ok("history.get", ask.clone())?;
        let mut members = script.ok("member.list", ask)?;
        let pins: Vec<Event> = serde_json::from_value(
            script.ok("message.pins", json!({"conversation": row.id}))?["events"].take(),
        )?;
        let as_of = serde_json::from_value(page["head"].take())?;
        let events: Vec<Event> = serde_json::from_value(page["events"].take())?;
        let members: Vec<Member> = serde_json::from_value(members["members"].take())?;
        ensure!(
            pins.iter().eq(events.iter().filter(|event| event.message().is_some_and(|m| m.pinned))),
            "the pins are not those of the history: {pins:?}"
        );
        Ok(Self {
            row,
            events: events.into_iter().map(|event| (event.seq, event)).collect(),
            members: members.into_iter().map(|member| (member.user.id, member)).collect(),
            as_of,
        })
    }

    fn follow(&mut self, event: &Event, me: UserId) -> Result<()> {
        fold(&mut self.events, event);
        if event.seq > self.as_of {
            ensure!(event.seq == self.as_of.next(), "a gap before {event:?}");
            self.as_of = event.seq;
            self.events.insert(event.seq, event.clone());
            self.follow_members(event);
        }
        if event.seq > self.row.head {
            self.row.head = event.seq;
            self.row.active_at = event.at;
            self.follow_row(event, me);
        }
        Ok(())
    }

    fn follow_row(&mut self, event: &Event, me: UserId) {
        let row = &mut self.row;
        match &event.what {
            EventKind::Message(message) => {
                if event.author.id != me && event.seq > row.read {
                    row.unread += u64::from(message.thread.is_none());
                    row.mentions += u64::from(message.mentions.contains(&me) || message.call.is_some());
                }
            }
            EventKind::Joined => row.members += 1,
            EventKind::Left | EventKind::Removed { .. } | EventKind::Banned { removed: true, .. } => {
                row.members -= 1;
            }
            EventKind::Role { user, role } if user.id == me => row.role = *role,
            EventKind::Topic { topic } => row.topic = topic.clone(),
            EventKind::Renamed { name } => row.name = Some(name.clone()),
            EventKind::Described { description } => row.description = description.clone(),
            EventKind::Rules { rules } => row.rules = *rules,
            EventKind::Created { .. }
            | EventKind::Tombstone(_)
            | EventKind::Edited { .. }
            | EventKind::Deleted { .. }
            | EventKind::Reaction { .. }
            | EventKind::Pinned { .. }
            | EventKind::Invited { .. }
            | EventKind::Banned { .. }
            | EventKind::Unbanned { .. }
            | EventKind::Muted { .. }
            | EventKind::Unmuted { .. }
            | EventKind::Role { .. }
            | EventKind::Unknown => {}
        }
    }

    fn follow_members(&mut self, event: &Event) {
        match &event.what {
            EventKind::Joined => {
                let member = Member {
                    user: event.author.clone(),
                    role: RoomRole::Member,
                    read: event.seq,
                    card: Card::default(),
                };
                self.members.insert(event.author.id, member);
            }
            EventKind::Left => drop(self.members.remove(&event.author.id)),
            EventKind::Removed { user, .. } | EventKind::Banned { user, .. } => {
                drop(self.members.remove(&user.id))
            }
            EventKind::Role { user, role } => {
                if let Some(member) = self.members.get_mut(&user.id) {
                    member.role = *role;
                }
            }
            _ => {}
        }
    }

    /// What a row says that follows from the rest.
    fn settled(mut self, me: UserId) -> Self {
        let others = self.members.values().filter(|member| member.user.id != me);
        self.row.others_read = others.map(|member| member.read).max().unwrap_or(Seq::ZERO);
        let main_line = |event: &&Event| event.message().is_some_and(|message| message.thread.is_none());
        self.row.last_message = self.events.values().rev().find(main_line).cloned();
        self
    }
}

/// Brings held events up to date with a later one; what they know already changes nothing.
fn fold(events: &mut BTreeMap<Seq, Event>, later: &Event) {
    if let EventKind::Deleted { target } = later.what {
        // Its text goes from the edits that are kept as well.
        for event in events.values_mut() {
            if matches!(event.what, EventKind::Edited { target: edited, .. } if edited == target) {
                let deleted = later.seq;
                event.what = EventKind::Tombstone(Tombstone {
                    deleted,
                    edit_of: Some(target),
                    ..Tombstone::default()
                });
            }
        }
    }
    if let Some(target) = later.target().and_then(|target| events.get_mut(&target)) {
        target.apply(later);
    }
}

/// Who acts. Lin watches from one device and acts from another.
struct Stage {
    server: Server,
    ada: Script,
    grace: Script,
    eve: Script,
    phone: Script,
    lin: Script,
    /// Ada owns it; grace and lin are in.
    room: String,
    /// A message of ada's, one of lin's, and one of grace's with a thread under it.
    adas: u64,
    lins: u64,
    root: u64,
    reply: u64,
}

impl Stage {
    fn set() -> Result<Self> {
        let server = Server::start()?;
        let mut ada = Script::register(&server, "ada")?;
        let mut grace = Script::register(&server, "grace")?;
        let mut eve = Script::register(&server, "eve")?;
        let mut phone = Script::register(&server, "lin")?;
        let room = room("deploys", &mut ada, &mut [&mut grace, &mut phone])?;
        super::scenarios::room("kitchen", &mut eve, &mut [&mut phone])?;
        let adas = say(&mut ada, &room, "canray is out, @lin")?;
        let lins = say(&mut phone, &room, "mine")?;
        let root = say(&mut grace, &room, "root")?;
        let reply = say_with(&mut ada, &room, "reply, @lin", json!({"thread": root}))?;
        let lin = Script::token(&server, "lin", &phone.own_token())?;
        Ok(Self { server, ada, grace, eve, phone, lin, room, adas, lins, root, reply })
    }

    fn in_room(&self, more: Value) -> Value {
        let mut payload = more;
        payload["conversation"] = self.room.as_str().into();
        payload
    }

    fn react(&self, seq: u64, emoji: &str, on: bool) -> Value {
        about(&self.room, seq, json!({"emoji": emoji, "on": on}))
    }
}

/// An act for each event kind, in an order in which they can happen.
macro_rules! acts {
    ($($kind:ident $word:literal => $act:expr;)+) => {
        /// The `kind` on the wire, and what makes it happen.
        const ACTS: &[(&str, fn(&mut Stage) -> Result<()>)] = &[$(($word, $act),)+];

        /// Does not compile while a kind has no act.
        #[expect(dead_code)]
        fn every_kind_has_an_act(kind: &EventKind) {
            match kind { $(EventKind::$kind { .. } => {})+ }
        }
    };
}

acts! {
    Message "message" => messages;
    Edited "edited" => edits;
    Reaction "reaction" => reactions;
    Pinned "pinned" => pins;
    Deleted "deleted" => deletions;
    Tombstone "tombstone" => threads_of_deleted_messages;
    Created "created" => new_conversations;
    Joined "joined" => joins;
    Left "left" => departures;
    Invited "invited" => invitations;
    Removed "removed" => removals;
    Banned "banned" => bans;
    Unbanned "unbanned" => unbans;
    Muted "muted" => mutes;
    Unmuted "unmuted" => |stage| {
        stage.ada.ok("member.unmute", stage.in_room(json!({"user": "grace"}))).map(drop)
    };
    Role "role" => roles;
    Renamed "renamed" => |stage| {
        stage.ada.ok("room.rename", stage.in_room(json!({"name": "releases"}))).map(drop)
    };
    Described "described" => |stage| {
        stage.ada.ok("room.describe", stage.in_room(json!({"description": "what\nwhen"}))).map(drop)
    };
    Rules "rules" => |stage| {
        let rules = json!({"rules": {"announcement": true, "slow_mode_s": 5}});
        stage.ada.ok("room.rules", stage.in_room(rules)).map(drop)
    };
    Topic "topic" => |stage| {
        stage.ada.ok("room.topic", stage.in_room(json!({"topic": "freeze Friday"}))).map(drop)
    };
    // No server sends what it does not know.
    Unknown "unknown" => |_| Ok(());
}

fn messages(stage: &mut Stage) -> Result<()> {
    let Stage { server, ada, grace, phone, room, adas, lins, root, reply, .. } = stage;
    let first = say(ada, room, "one, @lin")?;
    say_with(grace, room, "two", json!({"reply_to": first}))?;
    say_with(ada, room, "in a thread, @lin", json!({"thread": *reply}))?;
    say_with(phone, room, "my own, in a thread", json!({"thread": *root}))?;
    // The mark stands in the middle of it.
    phone.ok("read.mark", json!({"conversation": room, "seq": first}))?;
    say(phone, room, "my own")?;
    say_with(ada, room, "waves at @lin", json!({"action": true}))?;
    say_with(grace, room, "x", json!({"forward": {"conversation": room, "seq": *adas}}))?;
    say_with(grace, room, "answers @room", json!({"reply_to": *lins}))?;
    say(grace, room, "who is @here?")?;
    let picture = http(server, ada).upload("latency.png", PICTURE)?;
    send(ada, room, "graph attached", &[&picture])?;
    phone.ok("thread.follow", json!({"conversation": room, "thread": *adas, "on": true}))?;
    say_with(ada, room, "another thread", json!({"thread": *adas}))?;
    phone.ok("conversation.notify", json!({"conversation": room, "level": "all", "mute_s": 60}))?;
    phone.ok("conversation.star", json!({"conversation": room, "on": true}))?;
    for (seq, on) in [(*adas, true), (*lins, true), (*root, true), (*lins, false)] {
        phone.ok("saved.set", about(room, seq, json!({"on": on})))?;
    }
    phone.ok("inbox.mark", json!({"items": [{"conversation": room, "seq": *adas}]}))?;
    ada.ok("read.mark", json!({"conversation": room, "seq": first})).map(drop)
}

fn edits(stage: &mut Stage) -> Result<()> {
    let Stage { ada, phone, room, adas, lins, reply, .. } = stage;
    for body in ["canary is out, @lin", "canary is out, @grace"] {
        ada.ok("message.edit", about(room, *adas, json!({"body": body})))?;
    }
    phone.ok("message.edit", about(room, *lins, json!({"body": "mine, better"})))?;
    ada.ok("message.edit", about(room, *reply, json!({"body": "reply"})))?;
    let last = say(ada, room, "the lsat")?;
    ada.ok("message.edit", about(room, last, json!({"body": "the last, @lin"}))).map(drop)
}

fn reactions(stage: &mut Stage) -> Result<()> {
    let (adas, root) = (stage.adas, stage.root);
    for (seq, emoji, on) in [(adas, "🎉", true), (adas, "👍", true), (root, "👀", true), (adas, "👍", false)]
    {
        let payload = stage.react(seq, emoji, on);
        stage.ada.ok("message.react", payload)?;
    }
    for (seq, emoji, on) in [(adas, "👍", true), (adas, "🎉", true), (root, "👀", true)] {
        let payload = stage.react(seq, emoji, on);
        stage.phone.ok("message.react", payload)?;
    }
    let taken_back = stage.react(adas, "🎉", false);
    stage.ada.ok("message.react", taken_back).map(drop)
}

fn pins(stage: &mut Stage) -> Result<()> {
    let Stage { ada, phone, room, adas, lins, root, .. } = stage;
    for seq in [*adas, *lins, *root] {
        phone.ok("message.pin", about(room, seq, json!({"on": true})))?;
    }
    ada.ok("message.pin", about(room, *root, json!({"on": false}))).map(drop)
}

fn deletions(stage: &mut Stage) -> Result<()> {
    let Stage { server, ada, phone, grace, room, adas, lins, reply, .. } = stage;
    // An unread one that calls, the newest ones, an edited and pinned one, one of a thread; by the
    // author and by the owner.
    let calling = say(grace, room, "oops, @lin")?;
    let file = http(server, ada).upload("salaries.txt", b"1\n")?;
    let with_file = send(ada, room, "oops", &[&file])?;
    ada.ok("message.edit", about(room, with_file, json!({"body": "not for you"})))?;
    let newest = say(grace, room, "oops")?;
    for seq in [calling, with_file, newest, *lins] {
        ada.ok("message.delete", about(room, seq, json!({})))?;
    }
    let again = say(phone, room, "mine again")?;
    phone.ok("message.delete", about(room, again, json!({})))?;
    for seq in [*adas, *reply] {
        ada.ok("message.delete", about(room, seq, json!({})))?;
    }
    Ok(())
}

fn threads_of_deleted_messages(stage: &mut Stage) -> Result<()> {
    let Stage { ada, grace, phone, room, root, .. } = stage;
    grace.ok("message.delete", about(room, *root, json!({})))?;
    let under = say_with(ada, room, "under a tombstone", json!({"thread": *root}))?;
    say_with(phone, room, "me too", json!({"thread": under}))?;
    ada.ok("message.delete", about(room, under, json!({}))).map(drop)
}

fn new_conversations(stage: &mut Stage) -> Result<()> {
    let Stage { ada, grace, phone, .. } = stage;
    let direct = text(&ada.ok("direct.open", json!({"user": "lin"}))?["id"]);
    say(ada, &direct, "hi @lin")?;
    let group = text(&grace.ok("direct.open", json!({"user": "lin", "also": ["ada"]}))?["id"]);
    say(phone, &group, "hi both")?;
    room("own", phone, &mut [ada]).map(drop)
}

fn joins(stage: &mut Stage) -> Result<()> {
    let Stage { eve, phone, room, ada, .. } = stage;
    eve.ok("room.join", json!({"room": "deploys"}))?;
    say(eve, room, "hello @lin")?;
    super::scenarios::room("lounge", ada, &mut [phone]).map(drop)
}

fn departures(stage: &mut Stage) -> Result<()> {
    let Stage { eve, grace, phone, room, .. } = stage;
    eve.ok("read.mark", json!({"conversation": room, "seq": 1_000_000}))?;
    eve.ok("room.leave", json!({"conversation": room}))?;
    let id = text(&phone.ok("room.join", json!({"room": "kitchen"}))?["id"]);
    phone.ok("room.leave", json!({"conversation": id}))?;
    grace.ok("room.join", json!({"room": "lounge"})).map(drop)
}

fn invitations(stage: &mut Stage) -> Result<()> {
    let Stage { ada, grace, eve, phone, room, .. } = stage;
    ada.ok("room.invite", json!({"conversation": room, "user": "eve"}))?;
    let plans = private_room("plans", ada, &mut [grace])?;
    let garden = private_room("garden", eve, &mut [])?;
    for (inviter, id) in [(grace, &plans), (eve, &garden)] {
        inviter.ok("room.invite", json!({"conversation": id, "user": "lin"}))?;
    }
    phone.ok("invitation.accept", json!({"conversation": plans}))?;
    say(ada, &plans, "welcome, @lin").map(drop)
}

fn removals(stage: &mut Stage) -> Result<()> {
    let Stage { ada, eve, phone, room, .. } = stage;
    eve.ok("invitation.accept", json!({"conversation": room}))?;
    kick(ada, room, "eve")?;
    let lounge = text(&phone.ok("room.join", json!({"room": "lounge"}))?["id"]);
    kick(ada, &lounge, "lin")?;
    say(ada, &lounge, "lin is not here")?;
    private_room("club", ada, &mut [phone]).map(drop)
}

fn bans(stage: &mut Stage) -> Result<()> {
    let Stage { ada, eve, phone, room, .. } = stage;
    // A member, one who has only an invitation, and the one who watches.
    ada.ok("room.invite", json!({"conversation": room, "user": "eve"}))?;
    for user in ["grace", "eve"] {
        ada.ok("member.ban", json!({"conversation": room, "user": user, "for_s": 3600, "reason": "spam"}))?;
    }
    let club = text(&phone.ok("room.join", json!({"room": "club"}))?["id"]);
    ada.ok("member.ban", json!({"conversation": club, "user": "lin"}))?;
    assert_eq!(eve.refused("invitation.accept", json!({"conversation": room}))?, "not_found");
    Ok(())
}

fn unbans(stage: &mut Stage) -> Result<()> {
    let Stage { ada, grace, room, .. } = stage;
    ada.ok("member.unban", json!({"conversation": room, "user": "grace"}))?;
    grace.ok("room.join", json!({"room": "deploys"})).map(drop)
}

fn mutes(stage: &mut Stage) -> Result<()> {
    let Stage { ada, room, .. } = stage;
    for user in ["grace", "lin"] {
        ada.ok("member.mute", json!({"conversation": room, "user": user, "reason": "calm down"}))?;
    }
    ada.ok("member.unmute", json!({"conversation": room, "user": "lin"})).map(drop)
}

fn roles(stage: &mut Stage) -> Result<()> {
    let Stage { ada, phone, room, .. } = stage;
    set_role(ada, room, "lin", "moderator")?;
    set_role(phone, room, "grace", "read-only")?;
    set_role(ada, room, "ada", "owner")
}

#[test]
fn who_follows_every_event_holds_what_a_newcomer_is_told() -> Result<()> {
    let mut stage = Stage::set()?;
    let mut replica = Replica::snapshot(&mut stage.lin)?;
    for (kind, act) in ACTS {
        act(&mut stage).with_context(|| format!("making {kind}"))?;
        let fresh = Replica::snapshot(&mut Script::token(&stage.server, "lin", &stage.phone.own_token())?)?;
        let pushes = stage.lin.pushes()?;
        let pushed = pushes.iter().any(|push| push["type"] == "event" && push["payload"]["kind"] == *kind);
        // A tombstone is what history shows; the push is `deleted`.
        assert_eq!(pushed, !["tombstone", "unknown"].contains(kind), "{kind} was pushed");
        for push in pushes {
            let shown = push.to_string();
            let push = serde_json::from_value(push).with_context(|| shown.clone())?;
            replica.follow(push, &mut stage.lin).with_context(|| format!("{kind}: {shown}"))?;
        }
        assert_same(&replica, &fresh, kind);
    }
    Ok(())
}

#[test]
fn who_was_away_for_every_event_catches_up_to_the_same() -> Result<()> {
    let mut stage = Stage::set()?;
    let token = stage.phone.own_token();
    let mut replica = Replica::snapshot(&mut stage.lin)?;
    let epoch = stage.lin.welcome()["epoch"].clone();
    stage.lin.signal(Signal::Kill)?;
    for (kind, act) in ACTS {
        act(&mut stage).with_context(|| format!("making {kind}"))?;
    }

    let mut lin = Script::token(&stage.server, "lin", &token)?;
    let positions: BTreeMap<_, _> = replica.conversations.iter().map(|(id, held)| (id, held.as_of)).collect();
    let answer = lin.ok("sync.resume", json!({"epoch": epoch, "conversations": positions}))?;
    for gone in serde_json::from_value::<Vec<ConversationId>>(answer["gone"].clone())? {
        replica.conversations.remove(&gone).context("gone, and never there")?;
    }
    for missed in answer["resumed"].as_array().unwrap() {
        let events: Vec<Event> = serde_json::from_value(missed["events"].clone())?;
        assert_eq!(json!(events.last().unwrap().seq), missed["head"], "not too much to come at once");
        let held = replica.conversations.get_mut(&events[0].conversation).context("resumed, nowhere")?;
        held.events.extend(events.iter().map(|event| (event.seq, event.clone())));
        for event in &events {
            fold(&mut held.events, event);
        }
    }
    let fresh = Replica::snapshot(&mut lin)?;
    for (id, held) in &replica.conversations {
        for (seq, event) in &fresh.conversations[id].events {
            assert_eq!(held.events.get(seq), Some(event));
        }
        assert_eq!(held.events.len(), fresh.conversations[id].events.len());
    }
    assert!(
        replica.conversations.len() == 1 && fresh.conversations.len() > 4,
        "{:?}",
        fresh.conversations.keys()
    );
    Ok(())
}

/// Compares piece by piece, so that a failure shows the piece.
fn assert_same(followed: &Replica, fresh: &Replica, after: &str) {
    assert_eq!(followed.invitations, fresh.invitations, "after {after}: the invitations");
    assert_eq!(followed.inbox, fresh.inbox, "after {after}: the inbox");
    assert_eq!(followed.inbox_unread, fresh.inbox_unread, "after {after}: what is not read there");
    assert_eq!(followed.threads, fresh.threads, "after {after}: the threads");
    let ids = |replica: &Replica| replica.conversations.keys().copied().collect::<Vec<_>>();
    assert_eq!(ids(followed), ids(fresh), "after {after}: the conversations");
    for (id, told) in &fresh.conversations {
        let held = followed.conversations[id].clone().settled(followed.me);
        for (seq, event) in &told.events {
            assert_eq!(held.events.get(seq), Some(event), "after {after}: the event");
        }
        assert_eq!(held.events.len(), told.events.len(), "after {after}: the log");
        assert_eq!(held.members, told.members, "after {after}: the members");
        assert_eq!(held.row, told.row, "after {after}: the row");
        assert_eq!(held.as_of, told.as_of, "after {after}: the head");
    }
}
