//! Passwords, sessions, second factors, and guessing.

use anyhow::{Context, Result};
use chat_tests::{Options, PASSWORD, Script, Server, http::Http};
use serde_json::{Value, json};

use super::{bot, text};

const OTHER: &str = "violet stapler battery";

/// The close codes of the specification.
const ENDED: u64 = 4502;
const CHANGED: u64 = 4505;
const EXPIRED: u64 = 4506;

fn login(name: &str, password: &str) -> Value {
    json!({"protocol": 1, "name": name, "password": password, "device": "elsewhere"})
}

/// What an authenticator with this secret shows so many steps from now.
fn code(secret: &str, steps: i64) -> Result<String> {
    let secret = totp_rs::Secret::try_from_base32(secret).map_err(|_| anyhow::anyhow!("no Base32"))?;
    let totp = totp_rs::Builder::new().with_secret(secret).build()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    Ok(totp.generate(now.saturating_add_signed(30 * steps)).to_string())
}

/// Sets up a second factor; gives the secret and the recovery codes.
pub(crate) fn enrol(person: &mut Script) -> Result<(String, Vec<String>)> {
    let setup = person.ok("totp.begin", json!({"password": PASSWORD}))?;
    let secret = text(&setup["secret"]);
    let made = person.ok("totp.confirm", json!({"code": code(&secret, -1)?}))?;
    let codes = made["codes"].as_array().context("codes")?.iter().map(text).collect();
    Ok((secret, codes))
}

#[test]
fn a_new_password_ends_all_other_sessions_and_says_why() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let mut other = Script::login(&server, "ada")?;
    let weak = json!({"current": PASSWORD, "password": "Password"});
    assert_eq!(ada.refused("account.password", weak)?, "password_weak");
    let weak = json!({"current": PASSWORD, "password": "ada-ada-2026"});
    assert_eq!(ada.refused("account.password", weak)?, "password_weak");
    let wrong = json!({"current": OTHER, "password": OTHER});
    assert_eq!(ada.refused("account.password", wrong)?, "password_weak", "the same one is not new");
    let wrong = json!({"current": "not the password", "password": OTHER});
    assert_eq!(ada.refused("account.password", wrong)?, "bad_credentials");
    other.barrier()?;

    ada.ok("account.password", json!({"current": PASSWORD, "password": OTHER}))?;
    assert_eq!(other.expect_closed()?, CHANGED);
    ada.barrier()?;
    let mut stranger = Script::stranger(&server)?;
    assert_eq!(stranger.refused("auth.login", login("ada", PASSWORD))?, "bad_credentials");
    stranger.ok("auth.login", login("ada", OTHER))?;
    let sessions = ada.ok("session.list", json!({}))?;
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(2), "{sessions}");
    Ok(())
}

#[test]
fn common_passwords_and_the_teams_name_are_refused() -> Result<()> {
    let more = vec!["--name".to_owned(), "Acme Rockets".to_owned()];
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let mut stranger = Script::stranger(&server)?;
    for password in ["password", "QwertyUiop", "11111111", "AcmeRockets!1", "grace-hopper1", "hopper.grace"] {
        let payload = json!({"protocol": 1, "name": "grace-hopper", "password": password});
        let answer = stranger.request("auth.register", payload)?;
        if password == "hopper.grace" {
            assert!(answer.is_ok(), "{answer:?}");
        } else {
            assert_eq!(answer.unwrap_err()["code"], "password_weak", "{password}");
        }
    }
    Ok(())
}

#[test]
fn sessions_are_listed_and_revoked_at_once() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let mut lost = Script::login(&server, "ada")?;
    let mut phone = Script::login(&server, "ada")?;
    let list = ada.ok("session.list", json!({}))?;
    let rows = list["sessions"].as_array().context("rows")?;
    assert_eq!(rows.len(), 3);
    let own: Vec<_> = rows.iter().filter(|row| row["current"] == true).collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["id"], ada.welcome()["session"]);
    assert_eq!(own[0]["device"], "script");
    assert!(list["second_factor"].is_null());

    let session = lost.welcome()["session"].clone();
    assert_eq!(lin.refused("session.revoke", json!({"session": session}))?, "not_found", "not hers");
    lost.barrier()?;
    ada.ok("session.revoke", json!({"session": session}))?;
    assert_eq!(lost.expect_closed()?, ENDED);
    assert_eq!(ada.refused("session.revoke", json!({"session": session}))?, "not_found");
    let own = ada.welcome()["session"].clone();
    assert_eq!(ada.refused("session.revoke", json!({"session": own}))?, "invalid");

    phone.barrier()?;
    ada.ok("session.revoke", json!({}))?;
    assert_eq!(phone.expect_closed()?, ENDED);
    ada.barrier()?;
    lin.barrier()?;
    Ok(())
}

#[test]
fn a_revoked_token_is_void_on_every_way_in() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let mut other = Script::stranger(&server)?;
    let welcome = other.ok("auth.login", login("ada", PASSWORD))?;
    let token = text(&welcome["token"]);
    let uploads =
        |token: &str| -> Result<u16> { Ok(Http::new(&server, token).try_upload("a.txt", 3)?.status) };
    assert_eq!(uploads(&token)?, 201);
    ada.ok("session.revoke", json!({"session": welcome["session"]}))?;
    assert_eq!(uploads(&token)?, 401);
    let mut stranger = Script::stranger(&server)?;
    let by_token = json!({"protocol": 1, "token": token});
    assert_eq!(stranger.refused("auth.token", by_token)?, "bad_credentials");
    Ok(())
}

#[test]
fn a_second_factor_is_asked_for_and_each_code_is_good_once() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let mut other = Script::login(&server, "ada")?;
    assert_eq!(ada.refused("totp.begin", json!({"password": "not the password"}))?, "bad_credentials");
    assert_eq!(ada.refused("totp.confirm", json!({"code": "000000"}))?, "not_found");
    other.barrier()?;
    let (secret, recovery) = enrol(&mut ada)?;
    assert_eq!(other.expect_closed()?, CHANGED, "what was begun without it ends");
    assert_eq!(recovery.len(), 10);
    assert_eq!(ada.refused("totp.begin", json!({"password": PASSWORD}))?, "forbidden");
    let list = ada.ok("session.list", json!({}))?;
    assert_eq!(list["second_factor"]["recovery_codes"], 10);

    let with = |code: &str| {
        let mut ask = login("ada", PASSWORD);
        ask["code"] = code.into();
        ask
    };
    let mut stranger = Script::stranger(&server)?;
    // A wrong password says nothing about the second factor, with a code or without.
    assert_eq!(stranger.refused("auth.login", login("ada", "not the password"))?, "bad_credentials");
    assert_eq!(stranger.refused("auth.login", login("ada", PASSWORD))?, "second_factor_required");
    assert_eq!(stranger.refused("auth.login", with("000000"))?, "second_factor_required");
    let good = code(&secret, 0)?;
    let welcome = stranger.ok("auth.login", with(&good))?;
    let mut again = Script::stranger(&server)?;
    assert_eq!(again.refused("auth.login", with(&good))?, "second_factor_required", "used up");
    assert_eq!(again.refused("auth.login", with(&code(&secret, -1)?))?, "second_factor_required", "older");
    again.ok("auth.login", with(&recovery[3].to_lowercase().replace('-', " ")))?;
    let mut again = Script::stranger(&server)?;
    assert_eq!(again.refused("auth.login", with(&recovery[3]))?, "second_factor_required", "used up");
    // A token is the proof of a whole login.
    Script::token(&server, "ada", &text(&welcome["token"]))?;

    assert_eq!(ada.refused("totp.disable", json!({}))?, "invalid");
    assert_eq!(ada.refused("totp.disable", json!({"code": "000000"}))?, "second_factor_required");
    ada.ok("totp.disable", json!({"code": recovery[0]}))?;
    again.ok("auth.login", login("ada", PASSWORD))?;
    Ok(())
}

#[test]
fn no_request_gets_around_the_second_factor() -> Result<()> {
    let server = Server::start()?;
    let mut chief = Script::register(&server, "chief")?;
    let mut lin = Script::register(&server, "lin")?;
    let robo = bot(&server, &mut lin, "robo", &["read"])?;
    let (secret, recovery) = enrol(&mut lin)?;
    // A reset code alone is no second factor, unless the admin said so.
    let made = chief.ok("user.reset", json!({"user": "lin"}))?;
    let reset = |code: &Value| json!({"protocol": 1, "reset": code, "password": OTHER});
    let mut stranger = Script::stranger(&server)?;
    assert_eq!(stranger.refused("auth.reset", reset(&made["code"]))?, "second_factor_required");
    let mut with = reset(&made["code"]);
    with["code"] = recovery[0].clone().into();
    stranger.ok("auth.reset", with)?;
    assert_eq!(lin.expect_closed()?, CHANGED);

    let made = chief.ok("user.reset", json!({"user": "lin", "second_factor": true}))?;
    let mut stranger = Script::stranger(&server)?;
    stranger.ok("auth.reset", reset(&made["code"]))?;
    let mut again = Script::stranger(&server)?;
    again.ok("auth.login", login("lin", OTHER))?;
    // The account of a bot has no password to guess.
    let mut again = Script::stranger(&server)?;
    assert_eq!(again.refused("auth.login", login("robo", "!"))?, "bad_credentials");
    drop((robo, secret));
    Ok(())
}

#[test]
fn guessing_has_to_wait_and_the_rightful_one_comes_in() -> Result<()> {
    let server = Server::start()?;
    Script::register(&server, "ada")?;
    let mut codes = Vec::new();
    for name in ["ada", "nobody"] {
        let mut guesser = Script::stranger(&server)?;
        let mut answers = Vec::new();
        for n in 0..8 {
            let refused =
                guesser.request("auth.login", login(name, &format!("wrong guess {n}")))?.unwrap_err();
            if refused["code"] == "rate_limited" {
                assert!(refused["retry_after_ms"].as_u64().is_some_and(|wait| wait <= 30_000), "{refused}");
            }
            answers.push(text(&refused["code"]));
        }
        assert!(answers[..5].iter().all(|code| code == "bad_credentials"), "{answers:?}");
        assert!(answers[5..].iter().any(|code| code == "rate_limited"), "{answers:?}");
        codes.push(answers[5].clone());
    }
    assert_eq!(codes[0], codes[1], "whether there is such an account is not told");
    // Others are not concerned.
    Script::register(&server, "lin")?;
    // Whoever knows the password waits as long as is said, and is in.
    let mut ada = Script::stranger(&server)?;
    let deadline = std::time::Instant::now() + chat_tests::DEADLINE;
    while let Err(refused) = ada.request("auth.login", login("ada", PASSWORD))? {
        assert_eq!(refused["code"], "rate_limited", "{refused}");
        assert!(std::time::Instant::now() < deadline, "kept out");
        let wait = refused["retry_after_ms"].as_u64().context("how long")?;
        std::thread::sleep(std::time::Duration::from_millis(wait));
    }
    Ok(())
}

#[test]
fn a_session_that_nobody_uses_ends_with_its_connection() -> Result<()> {
    let more = vec!["--session-idle".to_owned(), "2s".to_owned()];
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let mut busy = Script::register(&server, "ada")?;
    let mut idle = Script::login(&server, "ada")?;
    let token = text(&Script::stranger(&server)?.ok("auth.login", login("ada", PASSWORD))?["token"]);
    // One asks something now and then, the other does not.
    let closed = loop {
        busy.barrier()?;
        if let Some(told) = idle.push_within(std::time::Duration::from_millis(100))?
            && told["type"] == "closed"
        {
            break told;
        }
    };
    assert_eq!(closed["payload"]["code"], EXPIRED, "{closed}");
    busy.barrier()?;
    let mut late = Script::stranger(&server)?;
    assert_eq!(late.refused("auth.token", json!({"protocol": 1, "token": token}))?, "bad_credentials");
    Ok(())
}
