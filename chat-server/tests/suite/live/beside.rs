//! A database in which others write who tell this server nothing: a node that was killed right after it did
//! something, a command of an admin on another machine, a bus that is away.

use std::time::Duration;

use chat_proto::{Answer, CloseReason, ConversationId, Limits, Person, Role, Seq, SetPrivacy, Topic, UserId};
use chat_server::bus::BusSettings;
use chat_server::domain::Actor;
use chat_server::domain::audit::Note;
use chat_server::domain::moderation::Penalty;
use chat_server::domain::policy::Policy;
use chat_server::hub::{Hub, Task, now};
use chat_server::store::{BanKind, Store};
use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{Running, User, message};
use crate::home::Home;
use crate::turns::letter;

/// A node whose bus never comes, and the store of somebody else.
async fn node() -> (Running, Store) {
    let home = Home::new();
    let store = home.open().await;
    // Nothing listens there: nobody may open port 1 but root, and it does not.
    let bus = BusSettings {
        servers: vec!["nats://127.0.0.1:1".to_owned()],
        cluster: "test".to_owned(),
        user: None,
        secret: None,
        ca_file: None,
    };
    (Running::start_from(home, |config| config.bus = Some(bus)).await, store)
}

fn id(user: &User) -> UserId {
    UserId(user.id.parse().unwrap())
}

fn note(user: &User, act: &'static str) -> Note {
    Note::new(id(user), act, None, now())
}

fn penalty() -> Penalty {
    Penalty { until: None, reason: Topic::default() }
}

#[tokio::test]
async fn a_login_that_ends_in_the_store_ends_its_connection_and_no_other() {
    let (server, store) = node().await;
    let mut ada = server.user("ada").await;
    let mut second = server.another_device("ada").await;
    let listed = ada.ask("session.list", json!({})).await;
    let sessions = listed["sessions"].as_array().unwrap();
    let other = sessions.iter().find(|session| session["current"] != true).unwrap();
    let session = serde_json::from_value(other["id"].clone()).unwrap();
    assert!(store.revoke_session(id(&ada), session).await.unwrap());
    assert_eq!(second.close_code().await, CloseReason::SessionEnded.code());
    ada.ask("ping", json!({})).await;
}

#[tokio::test]
async fn a_ban_in_the_store_ends_connections_and_says_why() {
    let (server, store) = node().await;
    let (ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    assert!(store.punish(BanKind::Ban, id(&lin), penalty(), note(&ada, "user.ban")).await.unwrap());
    assert_eq!(lin.close_code().await, CloseReason::Banned.code());
}

#[tokio::test]
async fn an_account_disabled_in_the_store_is_disconnected() {
    let (server, store) = node().await;
    let (ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    assert!(store.disable(id(&lin), note(&ada, "user.disable")).await.unwrap());
    assert_eq!(lin.close_code().await, CloseReason::Disabled.code());
}

#[tokio::test]
async fn another_role_in_the_store_ends_what_was_opened_with_the_old_one() {
    let (server, store) = node().await;
    let (ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    assert!(store.set_server_role(id(&lin), Role::Admin, note(&ada, "user.role")).await.unwrap());
    assert_eq!(lin.close_code().await, CloseReason::RoleChanged.code());
    // Nothing ends what is opened with the new one.
    let mut lin = server.another_device("lin").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    lin.ask("ping", json!({})).await;
}

#[tokio::test]
async fn a_mute_and_privacy_in_the_store_hold_soon() {
    let (server, store) = node().await;
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    let room = ada.room("deploys").await;
    lin.ask("room.join", json!({"room": "deploys"})).await;
    assert!(store.punish(BanKind::Mute, id(&lin), penalty(), note(&ada, "user.mute")).await.unwrap());
    while lin.reply("message.send", message(&room, "but")).await["type"] == "ok" {}
    assert!(store.pardon(BanKind::Mute, id(&lin), note(&ada, "user.unmute")).await.unwrap());
    while lin.reply("message.send", message(&room, "thanks")).await["type"] != "ok" {}
    let silent = SetPrivacy { typing: Some(false), ..SetPrivacy::default() };
    store.set_privacy(id(&lin), silent).await.unwrap();
    // The policy as a whole is read anew with what comes after it.
    assert!(store.punish(BanKind::Mute, id(&ada), penalty(), note(&lin, "user.mute")).await.unwrap());
    while ada.reply("message.send", message(&room, "hm")).await["type"] == "ok" {}
    let typing = json!({"type": "typing", "payload": {"conversation": room, "active": true}});
    lin.ws.send(Message::text(typing.to_string())).await.unwrap();
    lin.ask("message.send", message(&room, "last")).await;
    let told = ada.next_of(&["typing", "event"], |frame| frame["payload"]["body"] != "hm").await;
    assert_eq!(told["type"], "event", "{told}");
}

#[tokio::test]
async fn doors_that_are_shut_in_the_store_are_shut_soon() {
    let (server, store) = node().await;
    let mut ada = server.user("ada").await;
    assert_eq!(server.hello().await["payload"]["registration"], "open");
    store.set_lockdown(Some(now()), note(&ada, "server.lockdown")).await.unwrap();
    ada.ask("ping", json!({})).await;
    while server.hello().await["payload"]["registration"] != "closed" {
        // An address may not come as fast as it can.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Somebody who knows nothing of the others, and writes all the same.
struct Another {
    hub: Hub,
    room: ConversationId,
}

impl Another {
    fn of(store: &Store, room: &str) -> Self {
        let hub = Hub::start(store, &Policy::default(), 1, Duration::ZERO, &Limits::default());
        Self { hub, room: ConversationId(room.parse().unwrap()) }
    }

    async fn does(&self, user: &User, name: &str, task: Task) -> Answer {
        let actor = Actor { person: Person::new(id(user), name.parse().unwrap()), role: Role::Member };
        self.hub.ask(self.room, actor, task).await.unwrap()
    }
}

#[tokio::test]
async fn who_is_a_member_since_hears_of_it_and_of_what_comes() {
    let (server, store) = node().await;
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    let room = ada.room("deploys").await;
    let another = Another::of(&store, &room);
    another.does(&lin, "lin", Task::Join).await;
    lin.push("conversation.added", |added| added["conversation"]["id"] == room.as_str()).await;
    another.does(&lin, "lin", letter("from elsewhere")).await;
    for user in [&mut ada, &mut lin] {
        user.push("event", |event| event["body"] == "from elsewhere").await;
    }
    ada.ask("message.send", message(&room, "from here")).await;
    lin.push("event", |event| event["body"] == "from here").await;
}

/// The node holds the room, because ada listens, and has not heard of what another did: it asks
/// before it says no.
#[tokio::test]
async fn nobody_is_told_no_because_of_what_was_before() {
    let (server, store) = node().await;
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    let room = ada.room("deploys").await;
    let another = Another::of(&store, &room);
    for round in 0..3 {
        another.does(&lin, "lin", Task::Join).await;
        lin.ask("message.send", message(&room, &format!("at once {round}"))).await;
        let Answer::SendMessage(sent) = another.does(&lin, "lin", letter("to be pinned")).await else {
            panic!("not sent")
        };
        assert!(sent.seq > Seq(1));
        ada.ask("message.pin", json!({"conversation": room, "seq": sent.seq, "on": true})).await;
        another.does(&lin, "lin", Task::Command(chat_server::domain::Command::Leave)).await;
        let refused = lin.reply("message.send", message(&room, "too late")).await;
        assert_eq!(refused["payload"]["code"], "not_found", "{refused}");
    }
}
