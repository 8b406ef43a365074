//! A snapshot plus events equals a snapshot, for every kind of event.
//!
//! A client takes a snapshot, and from then on only follows what is pushed to it, by the rules of
//! PROTOCOL.md and by `Event::apply`. After each act it must hold exactly what a client that just
//! came is told. [`acts`] names every event kind, so a new one does not compile until it has an
//! act here, and [`Held::follow`] until it says what it changes.

mod replica;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use chat_proto::{ConversationId, Event, EventKind};
use chat_tests::{Script, Server, Signal};
use serde_json::{Value, json};

use crate::scenarios::files::{PICTURE, http, send};
use replica::{Replica, assert_same, fold};

use crate::scenarios::{about, kick, private_room, room, say, say_with, set_role, text};

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
