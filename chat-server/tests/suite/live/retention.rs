//! What has been kept for its time goes, really, and everybody is told.

use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Makes what was written until now older by so many days.
fn age(home: &Home, days: i64) {
    let statements = [
        format!("UPDATE events SET at = at - {}", days * DAY_MS),
        format!("UPDATE days SET day = day - {days}"),
        format!("UPDATE conversations SET day = day - {days}"),
    ];
    for sql in statements {
        if let Some(database) = home.postgres() {
            drop(database.query(&sql).unwrap());
            continue;
        }
        let db = rusqlite::Connection::open(home.file()).unwrap();
        db.busy_timeout(PATIENCE).unwrap();
        db.execute(&sql, []).unwrap();
    }
}

async fn history(user: &mut User, room: &str) -> Vec<Value> {
    let page = user.ask("history.get", json!({"conversation": room, "after": 0})).await;
    page["events"].as_array().unwrap().clone()
}

async fn say(user: &mut User, room: &str, body: &str) -> u64 {
    let sent = json!({"conversation": room, "client_id": Uuid::now_v7(), "body": body});
    user.ask("message.send", sent).await["seq"].as_u64().unwrap()
}

async fn room(user: &mut User, name: &str) -> String {
    let made = user.ask("room.create", json!({"client_id": Uuid::now_v7(), "name": name})).await;
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_messages_go_by_the_shorter_of_the_two_times() {
    let dir = Home::new();
    let path = dir.path().to_owned();
    let server = Running::start_in(dir, Some(100)).await;
    let mut ada = server.user("ada").await;
    let (short, plain) = (room(&mut ada, "short").await, room(&mut ada, "plain").await);
    ada.ask("room.rules", json!({"conversation": short, "rules": {"keep_days": 30}})).await;
    let old = say(&mut ada, &short, "sunflower seeds").await;
    let edited = json!({"conversation": short, "seq": old, "body": "sunflower oil"});
    ada.ask("message.edit", edited).await;
    say(&mut ada, &plain, "sunflower field").await;
    let (stop, task) = (server.stop.clone(), server.server);
    stop.cancel();
    task.await.unwrap().unwrap();
    age(&server._dir, 40);

    let server = Running::start_in(server._dir, Some(100)).await;
    let mut ada = server.another_device("ada").await;
    say(&mut ada, &short, "fresh sunflower").await;
    let until = tokio::time::Instant::now() + PATIENCE;
    let events = loop {
        let events = history(&mut ada, &short).await;
        if events.iter().any(|event| event["kind"] == "tombstone") {
            break events;
        }
        assert!(tokio::time::Instant::now() < until, "it never went: {events:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let all = json!(events).to_string();
    assert!(!all.contains("seeds") && !all.contains("oil") && all.contains("fresh sunflower"), "{all}");
    let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "no number is missing");
    let told = events.iter().find(|event| event["kind"] == "deleted").unwrap();
    assert_eq!((&told["target"], &told["author"]["name"]), (&json!(old), &json!("ada")));
    assert!(json!(history(&mut ada, &plain).await).to_string().contains("sunflower field"));
    let found = ada.ask("search", json!({"query": "sunflower"})).await;
    assert_eq!(found["hits"].as_array().unwrap().len(), 2, "{found}");

    let (stop, task) = (server.stop.clone(), server.server);
    stop.cancel();
    task.await.unwrap().unwrap();
    for file in ["chat.sqlite", "chat.sqlite-wal"] {
        let bytes = std::fs::read(path.join(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains("sunflower oil") && !text.contains("sunflower seeds"),
            "it is still in {file}"
        );
    }
}

#[tokio::test]
async fn only_owners_set_it_and_nobody_for_a_thousand_years() {
    let server = Running::start().await;
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    let id = room(&mut ada, "deploys").await;
    lin.ask("room.join", json!({"room": "deploys"})).await;
    let rules = |days: u32| json!({"conversation": id, "rules": {"keep_days": days}});
    assert_eq!(lin.reply("room.rules", rules(30)).await["payload"]["code"], "forbidden");
    assert_eq!(ada.reply("room.rules", rules(99_999)).await["payload"]["code"], "invalid");
    ada.ask("room.rules", rules(30)).await;
    let shown = lin.ask("conversation.get", json!({"conversation": id})).await;
    assert_eq!(shown["rules"]["keep_days"], 30);
}
