//! Bots: their life, what their tokens are good for, and their slash commands.

use anyhow::Result;
use chat_proto::{Needs, RequestKind, Scope};
use chat_tests::{Script, Server, uuid};
use serde_json::{Value, json};

use super::{ada_and_lin, bot, column, look, message, register_as, room, say, text};

const ALL: [&str; 4] = ["read", "write", "rooms", "commands"];

#[test]
fn a_bot_lives_and_ends() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut lin, &mut [&mut ada])?;
    let made = lin.ok("bot.create", json!({"name": "Deployer", "scopes": ["read", "write"]}))?;
    assert_eq!((&made["user"]["name"], &made["user"]["bot"]), (&json!("deployer"), &json!(true)));
    assert!(text(&made["token"]).len() >= 43, "256 random bits");
    let mut robo = Script::token(&server, "deployer", &text(&made["token"]))?;
    assert_eq!(robo.welcome()["role"], "member");

    // Whoever may invite brings it in, for it has no will of its own.
    lin.ok("room.invite", json!({"conversation": id, "user": "deployer"}))?;
    robo.expect("conversation.added", |added| added["conversation"]["id"] == id.as_str())?;
    let joined = ada.expect("event", |event| event["kind"] == "joined" && event["author"]["bot"] == true)?;
    assert_eq!(joined["author"]["name"], "deployer");
    say(&mut ada, &id, "hello, @deployer")?;
    robo.expect_message("hello, @deployer")?;
    say(&mut robo, &id, "hello, ada")?;
    assert_eq!(ada.expect_message("hello, ada")?["author"]["bot"], true);

    // Everybody sees what it is: in lists, members and the last message.
    let people = ada.ok("user.list", json!({}))?;
    let bots: Vec<&Value> =
        people["people"].as_array().unwrap().iter().filter(|p| !p["bot"].is_null()).collect();
    assert_eq!(bots, [&made["user"]]);
    let members = ada.ok("member.list", json!({"conversation": id}))?;
    assert!(members["members"].as_array().unwrap().iter().any(|member| member["user"] == made["user"]));
    assert_eq!(look(&mut ada, &id)?["last_message"]["author"], made["user"]);

    // It is its owner's and the admins' to see. Ada owns the server.
    let listed = lin.ok("bot.list", json!({}))?;
    assert_eq!(listed["bots"][0]["scopes"], json!(["read", "write"]));
    assert_eq!(listed["bots"][0]["owner"]["name"], "lin");
    assert_eq!(column(&ada.ok("bot.list", json!({}))?["bots"], "/user/name"), ["deployer"]);
    let mut eve = Script::register(&server, "eve")?;
    assert_eq!(eve.ok("bot.list", json!({}))?["bots"], json!([]));
    assert_eq!(eve.refused("bot.delete", json!({"bot": "deployer"}))?, "not_found");
    assert_eq!(eve.refused("bot.token", json!({"bot": "deployer"}))?, "not_found");
    assert_eq!(ada.refused("bot.token", json!({"bot": "deployer"}))?, "forbidden");
    assert_eq!(lin.refused("bot.delete", json!({"bot": "ada"}))?, "not_found");

    lin.ok("bot.delete", json!({"bot": "deployer"}))?;
    assert_eq!(robo.expect_closed()?, 4502, "its connection ends at once");
    ada.expect("event", |event| event["kind"] == "left" && event["author"]["name"] == "deployer")?;
    assert!(Script::token(&server, "deployer", &text(&made["token"])).is_err());
    let history = ada.ok("history.get", json!({"conversation": id}))?;
    assert!(history.to_string().contains("hello, ada"), "what it wrote stays");
    assert_eq!(ada.ok("user.list", json!({"query": "deployer"}))?["people"], json!([]));
    assert_eq!(lin.refused("room.invite", json!({"conversation": id, "user": "deployer"}))?, "not_found");

    // Its name is its maker's, who may bring it back.
    let taken = json!({"name": "deployer", "scopes": ["read"]});
    assert_eq!(ada.refused("bot.create", taken.clone())?, "name_taken");
    assert_eq!(lin.ok("bot.create", taken)?["user"], made["user"]);
    Ok(())
}

#[test]
fn a_new_token_ends_the_old_one_at_once() -> Result<()> {
    let (mut server, _ada, mut lin) = ada_and_lin()?;
    let made = lin.ok("bot.create", json!({"name": "robo", "scopes": ["read"]}))?;
    let (old, login) = (text(&made["token"]), |token: &str| Script::token(&server, "robo", token));
    let (mut here, mut there) = (login(&old)?, login(&old)?);
    let new = lin.ok("bot.token", json!({"bot": "robo"}))?;
    assert_eq!(new["scopes"], json!(["read"]), "they stay where none are named");
    for connection in [&mut here, &mut there] {
        assert_eq!(connection.expect_closed()?, 4502);
    }
    assert!(login(&old).is_err());
    login(&text(&new["token"]))?.ok("search", json!({"query": "x"}))?;

    let less = lin.ok("bot.token", json!({"bot": "robo", "scopes": ["write", "write"]}))?;
    assert_eq!(less["scopes"], json!(["write"]));
    assert_eq!(lin.refused("bot.token", json!({"bot": "robo", "scopes": []}))?, "invalid");
    assert_eq!(lin.refused("bot.token", json!({"bot": "robo", "scopes": ["root"]}))?, "invalid");
    server.kill();
    server.restart()?;
    let mut robo = Script::token(&server, "robo", &text(&less["token"]))?;
    assert_eq!(robo.refused("search", json!({"query": "x"}))?, "forbidden");
    Ok(())
}

#[test]
fn no_password_fits_a_bot_and_its_names_are_as_peoples() -> Result<()> {
    let (server, mut ada, _lin) = ada_and_lin()?;
    let create = |name: &str| json!({"name": name, "scopes": ALL});
    ada.ok("bot.create", create("robo"))?;
    let mut stranger = Script::stranger(&server)?;
    stranger.expect("hello", |_| true)?;
    for password in ["!", "robo-password", ""] {
        let login = json!({"protocol": 1, "name": "robo", "password": password});
        assert_eq!(stranger.refused("auth.login", login)?, "bad_credentials");
    }
    for name in ["ada", "robo", "аdа", "bot", "system"] {
        assert_eq!(ada.refused("bot.create", create(name))?, "name_taken", "{name}");
    }
    assert_eq!(ada.refused("bot.create", create("a b"))?, "invalid");
    assert_eq!(ada.refused("bot.create", json!({"name": "x"}))?, "invalid");
    let mut guest = register_as(&server, "gus", "guest")?;
    assert_eq!(guest.refused("bot.create", create("mine"))?, "forbidden");
    for n in 1..chat_proto::limits::BOTS_PER_PERSON {
        ada.ok("bot.create", create(&format!("robo{n}x")))?;
    }
    assert_eq!(ada.refused("bot.create", create("surplus"))?, "forbidden");
    Ok(())
}

/// A payload with which a request can be read; what it names need not exist.
fn any_payload(kind: RequestKind, id: &str) -> Value {
    let nobody = uuid();
    let mut payload = json!({
        "conversation": id, "seq": 2, "thread": 2, "user": "lin", "name": format!("n{}", &uuid()[24..]),
        "room": "absent", "client_id": uuid(), "body": "hi", "emoji": "👍", "on": true, "topic": "t",
        "role": "member", "description": "d", "rules": {}, "query": "x", "users": [nobody], "state": "online",
        "epoch": uuid(), "conversations": {}, "bot": "robo", "scopes": ["read"], "hook": nobody,
        "file": nobody, "report": nobody, "url": "https://1.1.1.1/", "commands": [], "text": "x", "run": nobody,
        "protocol": 1, "password": "no password", "token": "no token", "invite": "no", "current": "x", "poll": "x",
        "reset": "x", "code": "x", "session": nobody, "id": "x",
    });
    if kind == RequestKind::RenameRoom {
        payload["name"] = format!("r{}", &uuid()[24..]).into();
    }
    payload
}

#[test]
fn a_token_is_good_for_its_scopes_and_nothing_else() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    say(&mut ada, &id, "a message")?;
    for scope in Scope::ALL {
        let name = format!("{scope}-bot");
        let mut robo = bot(&server, &mut ada, &name, &[scope.as_str()])?;
        ada.ok("room.invite", json!({"conversation": id, "user": name}))?;
        // Leaving comes last.
        let kinds = RequestKind::ALL.iter().filter(|kind| **kind != RequestKind::LeaveRoom);
        for kind in kinds.chain(&[RequestKind::LeaveRoom]) {
            let context = format!("{} with {scope}", kind.as_str());
            let refusal = robo.request(kind.as_str(), any_payload(*kind, &id))?.err();
            let told = refusal.as_ref().map(|refusal| text(&refusal["message"])).unwrap_or_default();
            match kind.needs() {
                Needs::Scope(needed) if needed != scope => {
                    assert!(told.contains(&format!("scope {needed}")), "{context}: {told}");
                    assert_eq!(refusal.unwrap()["code"], "forbidden", "{context}");
                }
                Needs::Person => {
                    assert_eq!(told, "Bots cannot do this; a person must.", "{context}");
                }
                Needs::Scope(_) | Needs::Nothing => {
                    assert!(!told.contains("scope") && !told.contains("Bots"), "{context}: {told}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn who_may_not_read_is_told_nothing() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    say(&mut ada, &id, "hush")?;
    let made = ada.ok("bot.create", json!({"name": "writer", "scopes": ["write", "rooms"]}))?;
    let mut writer = Script::token(&server, "writer", &text(&made["token"]))?;
    let joined = writer.ok("room.join", json!({"room": "deploys"}))?;
    assert_eq!((&joined["id"], &joined["last_message"]), (&json!(id), &Value::Null));
    assert!(look(&mut writer, &id)?["last_message"].is_null());
    let direct = lin.ok("direct.open", json!({"user": "writer"}))?;
    say(&mut lin, &text(&direct["id"]), "hush, you")?;
    writer.ok("direct.open", json!({"user": "lin"}))?;
    lin.tell("typing", json!({"conversation": id, "active": true}))?;
    let seq = say(&mut lin, &id, "hush again")?;
    ada.ok("read.mark", json!({"conversation": id, "seq": seq}))?;
    let mine = say(&mut writer, &id, "it writes")?;
    ada.expect_message("it writes")?;
    writer.expect_nothing_about("hush")?;
    writer.expect_none("event", |_| true)?;
    writer.expect_none("typing", |_| true)?;
    writer.expect_none("read", |_| true)?;
    // Forwarding would show what it may not read.
    let mut forward = message(&id, &uuid(), "x");
    forward["forward"] = json!({"conversation": id, "seq": seq});
    assert_eq!(writer.refused("message.send", forward)?, "forbidden");
    writer.ok("message.edit", json!({"conversation": id, "seq": mine, "body": "it edits"}))?;
    let again = Script::token(&server, "writer", &text(&made["token"]))?;
    assert!(!again.welcome().to_string().contains("hush"), "{}", again.welcome());
    assert_eq!(again.welcome()["conversations"].as_array().unwrap().len(), 2);
    Ok(())
}

#[test]
fn a_command_runs_and_is_answered() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let mut robo = bot(&server, &mut ada, "robo", &["commands", "write"])?;
    let spec = json!({"name": "Deploy", "description": "Deploys a service", "usage": "SERVICE"});
    robo.ok("command.register", json!({"commands": [spec, {"name": "undo"}]}))?;
    assert_eq!(lin.refused("command.run", json!({"conversation": id, "name": "deploy"}))?, "not_found");
    ada.ok("room.invite", json!({"conversation": id, "user": "robo"}))?;

    let listed = lin.ok("command.list", json!({"conversation": id}))?;
    assert_eq!(column(&listed["commands"], "/name"), ["deploy", "undo"]);
    assert_eq!(listed["commands"][0]["usage"], "SERVICE");
    assert_eq!(listed["commands"][0]["bot"]["bot"], true);

    let mut lins_laptop = Script::login(&server, "lin")?;
    let run = lin.ok("command.run", json!({"conversation": id, "name": "DEPLOY", "text": "api v2"}))?;
    let call = robo.expect("command", |_| true)?;
    assert_eq!(
        (&call["run"], &call["name"], &call["text"]),
        (&run["run"], &json!("deploy"), &json!("api v2"))
    );
    assert_eq!((&call["user"]["name"], &call["conversation"]), (&json!("lin"), &json!(id)));

    // To lin alone, on every device; then to everybody.
    robo.ok("command.answer", json!({"run": call["run"], "text": "on it"}))?;
    for device in [&mut lin, &mut lins_laptop] {
        let answer = device.expect("command.answer", |_| true)?;
        assert_eq!((&answer["text"], &answer["run"]), (&json!("on it"), &run["run"]));
        assert_eq!((&answer["bot"]["name"], &answer["name"]), (&json!("robo"), &json!("deploy")));
    }
    say(&mut robo, &id, "api v2 is out")?;
    ada.expect_message("api v2 is out")?;
    ada.expect_nothing_about("on it")?;
    let history = lin.ok("history.get", json!({"conversation": id}))?;
    assert!(!history.to_string().contains("on it"), "a private answer is not stored");

    // Only the bot answers, and not for ever.
    let mut other = bot(&server, &mut ada, "other", &["commands"])?;
    let answer = json!({"run": run["run"], "text": "psst"});
    assert_eq!(other.refused("command.answer", answer.clone())?, "not_found");
    for _ in 1..chat_proto::limits::ANSWERS_PER_RUN {
        robo.ok("command.answer", answer.clone())?;
    }
    assert_eq!(robo.refused("command.answer", answer)?, "not_found");

    // Not here: the command ends, the bot goes, its connection goes.
    robo.ok("command.register", json!({"commands": [{"name": "undo"}]}))?;
    assert_eq!(lin.refused("command.run", json!({"conversation": id, "name": "deploy"}))?, "not_found");
    robo.kill();
    let gone = json!({"conversation": id, "name": "undo"});
    while lin.request("command.run", gone.clone())?.is_ok() {}
    assert_eq!(lin.refused("command.run", gone.clone())?, "unavailable");
    ada.ok("bot.token", json!({"bot": "robo", "scopes": ["write"]}))?;
    assert_eq!(lin.ok("command.list", json!({"conversation": id}))?["commands"], json!([]));
    assert_eq!(lin.refused("command.run", gone)?, "not_found");
    Ok(())
}

#[test]
fn no_bot_takes_over_the_command_of_another() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let mut bots = Vec::new();
    for name in ["robo", "aaa"] {
        let mut robo = bot(&server, &mut ada, name, &["commands"])?;
        ada.ok("room.invite", json!({"conversation": id, "user": name}))?;
        robo.ok("command.register", json!({"commands": [{"name": "deploy"}]}))?;
        bots.push(robo);
    }
    let plain = json!({"conversation": id, "name": "deploy"});
    let refusal = lin.request("command.run", plain)?.unwrap_err();
    assert!(text(&refusal["message"]).contains("/aaa:deploy or /robo:deploy"), "{refusal}");
    let named = json!({"conversation": id, "name": "deploy", "bot": "robo"});
    assert_eq!(lin.ok("command.run", named)?["bot"]["name"], "robo");
    bots[0].expect("command", |_| true)?;
    bots[1].expect_none("command", |_| true)?;
    Ok(())
}

#[test]
fn a_command_that_cannot_be_is_refused() -> Result<()> {
    let (server, mut ada, _lin) = ada_and_lin()?;
    let mut robo = bot(&server, &mut ada, "robo", &["commands"])?;
    for name in ["leave", "help", "a b", "", "déploy", "-x"] {
        let commands = json!({"commands": [{"name": name}]});
        assert_eq!(robo.refused("command.register", commands)?, "invalid", "{name}");
    }
    let twice = json!({"commands": [{"name": "x"}, {"name": "X"}]});
    assert_eq!(robo.refused("command.register", twice)?, "invalid");
    let rows: Vec<Value> = (0..51).map(|n| json!({"name": format!("c{n}")})).collect();
    assert_eq!(robo.refused("command.register", json!({"commands": rows}))?, "invalid");
    let two_lines = json!({"commands": [{"name": "x", "description": "a\nb"}]});
    assert_eq!(robo.refused("command.register", two_lines)?, "invalid");
    assert_eq!(ada.refused("command.register", json!({"commands": []}))?, "forbidden");
    let id = room("deploys", &mut ada, &mut [])?;
    let long = json!({"conversation": id, "name": "x", "text": "x".repeat(4 * 1024 + 1)});
    assert_eq!(ada.refused("command.run", long)?, "invalid");
    drop::<Server>(server);
    Ok(())
}
