//! Accounts in the hands of those who run the server.

use anyhow::{Context, Result};
use chat_tests::{PASSWORD, Script, Server};
use serde_json::{Value, json};

use super::{bot, register_as, text};

const OTHER: &str = "violet stapler battery";

/// The close codes of the specification.
const ROLE: u64 = 4003;
const DISABLED: u64 = 4504;
const CHANGED: u64 = 4505;

fn login(name: &str, password: &str) -> Value {
    json!({"protocol": 1, "name": name, "password": password})
}

fn acts(admin: &mut Script) -> Result<Vec<String>> {
    let log = admin.ok("audit.list", json!({}))?;
    let entries = log["entries"].as_array().context("entries")?;
    // How the accounts of the test came in is not what it is about.
    let acts = entries.iter().map(|entry| text(&entry["act"])).filter(|act| act != "invite_create");
    Ok(acts.collect())
}

#[test]
fn a_disabled_account_is_out_at_once_with_its_bots() -> Result<()> {
    let server = Server::start()?;
    let mut chief = Script::register(&server, "chief")?;
    let mut lin = Script::register(&server, "lin")?;
    let mut robo = bot(&server, &mut lin, "robo", &["read"])?;
    robo.barrier()?;
    chief.ok("user.disable", json!({"user": "lin", "reason": "left"}))?;
    assert_eq!(lin.expect_closed()?, DISABLED);
    assert_eq!(robo.expect_closed()?, DISABLED);
    let mut stranger = Script::stranger(&server)?;
    for token in [lin.own_token(), robo.own_token()] {
        let ask = json!({"protocol": 1, "token": token});
        assert_eq!(stranger.refused("auth.token", ask)?, "bad_credentials");
    }
    assert_eq!(stranger.refused("auth.login", login("lin", "not the password"))?, "bad_credentials");
    assert_eq!(stranger.refused("auth.login", login("lin", PASSWORD))?, "account_disabled");
    let page = chief.ok("account.list", json!({"query": "lin"}))?;
    assert!(page["accounts"][0]["disabled"].is_i64(), "{page}");
    assert!(page["accounts"][0]["sessions"].is_null(), "none: {page}");

    chief.ok("user.enable", json!({"user": "lin"}))?;
    let mut again = Script::stranger(&server)?;
    again.ok("auth.login", login("lin", PASSWORD))?;
    assert_eq!(acts(&mut chief)?, ["enable", "disable"]);
    Ok(())
}

#[test]
fn a_new_role_holds_for_those_who_are_connected() -> Result<()> {
    let server = Server::start()?;
    let mut chief = Script::register(&server, "chief")?;
    let mut boss = register_as(&server, "boss", "admin")?;
    let mut lin = Script::register(&server, "lin")?;
    lin.ok("room.list", json!({}))?;
    // An admin gives only weaker roles, and only to weaker ones.
    assert_eq!(boss.refused("user.role", json!({"user": "lin", "role": "admin"}))?, "forbidden");
    assert_eq!(boss.refused("user.role", json!({"user": "chief", "role": "guest"}))?, "forbidden");
    assert_eq!(boss.refused("user.role", json!({"user": "boss", "role": "member"}))?, "forbidden");
    assert_eq!(chief.refused("user.role", json!({"user": "lin", "role": "owner"}))?, "forbidden");
    assert_eq!(lin.refused("user.role", json!({"user": "lin", "role": "admin"}))?, "forbidden");
    boss.ok("user.role", json!({"user": "lin", "role": "guest"}))?;
    assert_eq!(lin.expect_closed()?, ROLE, "comes back");
    let lin = Script::token(&server, "lin", &lin.own_token())?;
    assert_eq!(lin.welcome()["role"], "guest");

    chief.ok("user.role", json!({"user": "boss", "role": "member"}))?;
    assert_eq!(boss.expect_closed()?, ROLE);
    let mut boss = Script::token(&server, "boss", &boss.own_token())?;
    assert_eq!(boss.refused("account.list", json!({}))?, "forbidden", "an admin no more");
    assert_eq!(acts(&mut chief)?, ["server_role", "server_role"]);
    Ok(())
}

#[test]
fn a_reset_code_is_good_once_and_ends_all_sessions() -> Result<()> {
    let server = Server::start()?;
    let mut chief = Script::register(&server, "chief")?;
    let mut boss = register_as(&server, "boss", "admin")?;
    let mut lin = Script::register(&server, "lin")?;
    assert_eq!(boss.refused("user.reset", json!({"user": "chief"}))?, "forbidden", "nobody resets the owner");
    let before = boss.ok("user.reset", json!({"user": "lin"}))?;
    let made = boss.ok("user.reset", json!({"user": "lin"}))?;
    lin.barrier()?;
    let reset = |code: &Value, password: &str| json!({"protocol": 1, "reset": code, "password": password});
    let mut stranger = Script::stranger(&server)?;
    assert_eq!(stranger.refused("auth.reset", reset(&before["code"], OTHER))?, "reset_invalid", "replaced");
    assert_eq!(stranger.refused("auth.reset", reset(&made["code"], "lin"))?, "password_weak");
    assert_eq!(stranger.refused("auth.reset", reset(&"GUESS".into(), OTHER))?, "reset_invalid");
    let typed = text(&made["code"]).to_lowercase().replace('-', " ");
    let welcome = stranger.ok("auth.reset", reset(&typed.into(), OTHER))?;
    assert_eq!(welcome["user"]["name"], "lin");
    assert_eq!(lin.expect_closed()?, CHANGED);
    let mut again = Script::stranger(&server)?;
    assert_eq!(again.refused("auth.reset", reset(&made["code"], PASSWORD))?, "reset_invalid", "used");
    assert_eq!(again.refused("auth.login", login("lin", PASSWORD))?, "bad_credentials");
    again.ok("auth.login", login("lin", OTHER))?;
    assert_eq!(acts(&mut chief)?, ["reset", "reset"]);
    Ok(())
}

#[test]
fn accounts_are_listed_for_admins_alone() -> Result<()> {
    let server = Server::start()?;
    let mut chief = Script::register(&server, "chief")?;
    let mut lin = Script::register(&server, "lin")?;
    bot(&server, &mut lin, "robo", &["read"])?;
    assert_eq!(lin.refused("account.list", json!({}))?, "forbidden");
    let page = chief.ok("account.list", json!({"limit": 2}))?;
    let names = |page: &Value| -> Vec<String> {
        let rows = page["accounts"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| text(&row["user"]["name"])).collect()
    };
    assert_eq!(names(&page), ["chief", "lin"]);
    assert_eq!(page["more"], true);
    assert_eq!(page["accounts"][0]["role"], "owner");
    assert_eq!(page["accounts"][1]["sessions"], 1);
    assert!(page["accounts"][1]["last_seen"].is_i64(), "who has not gone yet was seen: {page}");
    let rest = chief.ok("account.list", json!({"limit": 2, "after": "lin"}))?;
    assert_eq!((names(&rest), &rest["more"]), (vec!["robo".to_owned()], &json!(false)));
    assert_eq!(chief.refused("user.disable", json!({"user": "robo"}))?, "forbidden", "a bot is ended");
    Ok(())
}

#[test]
fn an_admin_sees_and_ends_the_logins_of_weaker_accounts_alone() -> Result<()> {
    let server = Server::start()?;
    let mut chief = Script::register(&server, "chief")?;
    let mut boss = register_as(&server, "boss", "admin")?;
    let mut lin = Script::register(&server, "lin")?;
    let mut robo = bot(&server, &mut lin, "robo", &["read"])?;
    let held = boss.ok("session.list", json!({"user": "lin"}))?;
    assert_eq!(held["sessions"].as_array().context("sessions")?.len(), 1);
    for by in ["chief", "boss"] {
        assert_eq!(lin.refused("session.list", json!({"user": by}))?, "forbidden");
        assert_eq!(lin.refused("session.revoke", json!({"user": by}))?, "forbidden");
    }
    assert_eq!(boss.refused("session.list", json!({"user": "chief"}))?, "forbidden", "a stronger account");
    assert_eq!(boss.refused("session.revoke", json!({"user": "chief"}))?, "forbidden");
    let ask = json!({"user": "chief", "password": OTHER});
    assert_eq!(boss.refused("user.password", ask)?, "forbidden");
    assert_eq!(boss.refused("user.password", json!({"user": "lin", "password": "short"}))?, "password_weak");

    boss.ok("session.revoke", json!({"user": "robo"}))?;
    assert_eq!(robo.expect_closed()?, 4502);
    boss.ok("session.revoke", json!({"user": "lin", "session": held["sessions"][0]["id"]}))?;
    assert_eq!(lin.expect_closed()?, 4502);
    let mut lin = Script::login(&server, "lin")?;
    boss.ok("user.password", json!({"user": "lin", "password": OTHER}))?;
    assert_eq!(lin.expect_closed()?, CHANGED);
    let mut stranger = Script::stranger(&server)?;
    assert_eq!(stranger.refused("auth.login", login("lin", PASSWORD))?, "bad_credentials");
    stranger.ok("auth.login", login("lin", OTHER))?;
    assert_eq!(acts(&mut chief)?, ["password", "logout", "logout"]);
    Ok(())
}
