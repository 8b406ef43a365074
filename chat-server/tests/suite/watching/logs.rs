//! What the log says, and what it must never say.

use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{PASSWORD, Server, User};

const BODY: &str = "umbrella-marmalade-49";

/// A busy server at the level where most is logged; gives all that it logged, and what must not be in it.
async fn busy(format: &str) -> (String, Vec<String>) {
    let mut server = Server::start(&format!("log = \"trace\"\nlog_format = \"{format}\"\n"));
    let owner_code = server.owner_code.clone().unwrap();
    let mut secrets: Vec<String> =
        [BODY, PASSWORD, "wrong-password-8812", "AAAA-BBBB-CCCC-DDDD-EEEE", "never-a-token-77"]
            .map(str::to_owned)
            .to_vec();
    let mut ada = User::connect(server.address, None).await.unwrap();
    for (kind, payload) in [
        ("auth.login", json!({"protocol": 1, "name": "ada", "password": "wrong-password-8812"})),
        ("auth.token", json!({"protocol": 1, "token": "never-a-token-77"})),
        (
            "auth.register",
            json!({"protocol": 1, "name": "ada", "password": "x", "invite": "AAAA-BBBB-CCCC-DDDD-EEEE"}),
        ),
    ] {
        assert!(ada.ask(kind, payload).await["code"].is_string());
    }
    let account = json!({"protocol": 1, "name": "ada", "password": PASSWORD, "invite": owner_code});
    ada.welcome = ada.ask("auth.register", account).await;
    let token = ada.welcome["token"].as_str().unwrap().to_owned();
    let mut lin = server.user("lin").await;
    let room = ada.room("busy").await;
    lin.ask("room.join", json!({"room": "busy"})).await;
    let sent = ada.write(&room, &format!("first {BODY}")).await;
    ada.ask(
        "message.edit",
        json!({"conversation": room, "seq": sent["seq"], "body": format!("edited {BODY}")}),
    )
    .await;
    ada.write(&room, &BODY.repeat(2_000)).await;
    ada.say(format!("{{\"type\":\"message.send\",\"id\":\"1\",\"payload\":\"{BODY}\"}}")).await;
    ada.say(format!("{BODY} is no frame")).await;
    ada.ask("search", json!({"query": BODY})).await;
    let hook = ada
        .ask("incoming.create", json!({"conversation": room, "name": "ci", "client_id": Uuid::new_v4()}))
        .await;
    let bot = ada.ask("bot.create", json!({"name": "robot", "scopes": ["read"]})).await;
    for secret in [&hook["secret"], &hook["url"], &hook["path"], &bot["token"]] {
        secrets.extend(secret.as_str().map(str::to_owned));
    }
    let mut again = User::connect(server.address, None).await.unwrap();
    let welcome = again.ask("auth.token", json!({"protocol": 1, "token": token})).await;
    assert_eq!(welcome["user"]["name"], "ada", "{welcome}");
    secrets.extend([owner_code, token]);
    server.signal(rustix::process::Signal::TERM);
    drop((ada, lin, again));
    assert!(server.wait().success());
    (server.log(), secrets)
}

#[tokio::test]
async fn nothing_that_people_write_or_keep_secret_is_logged_at_any_level() {
    for format in ["text", "json"] {
        let (log, secrets) = busy(format).await;
        assert!(log.contains("listening") && log.contains("DEBUG"), "it logged little:\n{log}");
        assert!(log.contains("a request was refused") && log.contains("connection"), "{log}");
        for secret in secrets {
            assert!(!log.contains(&secret), "{secret} is in the log");
        }
    }
}

#[tokio::test]
async fn a_line_of_json_names_its_connection_and_request() {
    let (log, _) = busy("json").await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let refused = lines.iter().find(|line| line["message"] == "a connection began").unwrap();
    assert_eq!(refused["spans"][0]["name"], "connection", "{refused}");
    assert!(refused["spans"][0]["n"].is_u64());
    assert_eq!(refused["client"], "127.0.0.1");
}
