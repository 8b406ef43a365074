//! Making an account, coming in, going out.

use anyhow::Result;
use chat_tests::{Options, PASSWORD, Script, Server};
use serde_json::json;

use super::text;

#[test]
fn register_then_login_then_token() -> Result<()> {
    let server = Server::start()?;
    let ada = Script::register(&server, "Ada")?;
    assert_eq!(ada.welcome()["user"]["name"], "ada", "names are canonical");
    assert_eq!(ada.own_token().len(), 43, "256 bits in base64url");

    let again = Script::login(&server, "ada")?;
    assert_eq!(again.user_id(), ada.user_id());
    assert_ne!(again.welcome()["session"], ada.welcome()["session"]);

    let by_token = Script::token(&server, "ada", &ada.own_token())?;
    assert_eq!(by_token.welcome()["session"], ada.welcome()["session"]);
    assert!(by_token.welcome()["token"].is_null(), "a token is shown once");
    Ok(())
}

#[test]
fn the_hello_comes_first_and_says_the_limits() -> Result<()> {
    let server = Server::start()?;
    let hello = Script::stranger(&server)?.expect("hello", |_| true)?;
    assert_eq!(hello["protocol"], json!({"min": 1, "max": 1}));
    assert_eq!(hello["registration"], "open");
    assert_eq!(hello["limits"]["message_bytes"], 16_384);
    assert_eq!(hello["limits"]["sends_in_flight"], 32);
    assert!(hello["epoch"].is_string());
    Ok(())
}

#[test]
fn an_unknown_name_and_a_wrong_password_look_alike() -> Result<()> {
    let server = Server::start()?;
    Script::register(&server, "ada")?;
    let mut stranger = Script::stranger(&server)?;
    let mut refusal = |name: &str, password: &str| {
        let payload = json!({"protocol": 1, "name": name, "password": password});
        stranger.request("auth.login", payload)
    };
    let wrong = refusal("ada", "not the password")?.unwrap_err();
    let unknown = refusal("nobody", PASSWORD)?.unwrap_err();
    assert_eq!(wrong["code"], "bad_credentials");
    assert_eq!(wrong, unknown);
    // The connection is still good.
    let payload = json!({"protocol": 1, "name": "ada", "password": PASSWORD});
    stranger.ok("auth.login", payload)?;
    Ok(())
}

#[test]
fn names_and_passwords_have_rules() -> Result<()> {
    let server = Server::start()?;
    Script::register(&server, "ada")?;
    let cases = [
        ("ada", PASSWORD, "name_taken"),
        ("ＡＤＡ", PASSWORD, "name_taken"),
        ("аda", PASSWORD, "name_taken"), // Cyrillic а
        ("admin", PASSWORD, "name_taken"),
        ("a b", PASSWORD, "invalid"),
        ("", PASSWORD, "invalid"),
        ("grace", "short", "password_weak"),
        ("grace-hopper", "grace-hopper", "password_weak"),
    ];
    for (name, password, code) in cases {
        let mut stranger = Script::stranger(&server)?;
        let payload = json!({"protocol": 1, "name": name, "password": password});
        assert_eq!(stranger.refused("auth.register", payload)?, code, "{name:?}");
    }
    Ok(())
}

#[test]
fn before_login_only_logins_and_pings_are_answered() -> Result<()> {
    let server = Server::start()?;
    let mut stranger = Script::stranger(&server)?;
    stranger.barrier()?;
    assert_eq!(stranger.refused("room.list", json!({}))?, "login_required");
    assert_eq!(stranger.refused("auth.logout", json!({}))?, "login_required");
    assert_eq!(stranger.refused("no.such", json!({}))?, "unknown_type");
    let future = json!({"protocol": 99, "token": "x"});
    assert_eq!(stranger.refused("auth.token", future)?, "unsupported_version");

    let mut ada = Script::register(&server, "ada")?;
    let again = json!({"protocol": 1, "token": ada.own_token()});
    assert_eq!(ada.refused("auth.token", again)?, "already_logged_in");
    Ok(())
}

#[test]
fn by_default_the_owner_invites() -> Result<()> {
    let mut server = Server::start_with(Options { registration: "invite", ..Options::default() })?;
    let owner_invite = server.owner_invite().expect("an empty server prints the owner's invite").to_owned();
    let mut stranger = Script::stranger(&server)?;
    let register = |invite: Option<&str>| {
        let mut payload = json!({"protocol": 1, "name": "eve", "password": PASSWORD});
        if let Some(invite) = invite {
            payload["invite"] = invite.into();
        }
        payload
    };
    assert_eq!(stranger.refused("auth.register", register(None))?, "invite_invalid");
    assert_eq!(stranger.refused("auth.register", register(Some("guess")))?, "invite_invalid");

    let ada = Script::register_with(&server, "ada", Some(&owner_invite))?;
    assert_eq!(ada.welcome()["role"], "owner");
    assert_eq!(stranger.refused("auth.register", register(Some(&owner_invite)))?, "invite_invalid");

    let invite = server.invite()?;
    let lin = Script::register_with(&server, "lin", Some(&invite))?;
    assert_eq!(lin.welcome()["role"], "member");
    assert_eq!(stranger.refused("auth.register", register(Some(&invite)))?, "invite_invalid", "used up");

    server.restart()?;
    assert_eq!(server.owner_invite(), None, "there is an owner");
    Ok(())
}

#[test]
fn a_closed_server_takes_only_its_owner() -> Result<()> {
    let server = Server::start_with(Options { registration: "closed", ..Options::default() })?;
    let owner_invite = server.owner_invite().expect("an empty server prints the owner's invite").to_owned();
    let ada = Script::register_with(&server, "ada", Some(&owner_invite))?;
    assert_eq!(ada.welcome()["role"], "owner");
    let payload = json!({"protocol": 1, "name": "eve", "password": PASSWORD});
    assert_eq!(Script::stranger(&server)?.refused("auth.register", payload)?, "registration_closed");
    Ok(())
}

#[test]
fn logout_ends_the_token_and_the_connection() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let mut other_session = Script::login(&server, "ada")?;
    ada.ok("auth.logout", json!({}))?;
    assert_eq!(ada.expect_closed()?, 4502);
    let payload = json!({"protocol": 1, "token": ada.own_token()});
    assert_eq!(Script::stranger(&server)?.refused("auth.token", payload)?, "bad_credentials");
    other_session.barrier()
}

#[test]
fn logout_ends_every_connection_of_the_session() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let mut same_session = Script::token(&server, "ada", &ada.own_token())?;
    ada.ok("auth.logout", json!({}))?;
    assert_eq!(same_session.expect_closed()?, 4502);
    Ok(())
}

#[test]
fn nothing_secret_is_stored_or_logged() -> Result<()> {
    let mut server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let token = ada.own_token();
    let room = super::room("deploys", &mut ada, &mut [])?;
    super::say(&mut ada, &room, "the launch code is tangerine")?;
    server.signal(chat_tests::Signal::Terminate)?;
    server.wait()?;
    let mut files = 0;
    for entry in std::fs::read_dir(server.data_dir())? {
        let path = entry?.path();
        if path.is_file() {
            let bytes = std::fs::read(&path)?;
            let holds = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!holds(&token), "the token stands in {}", path.display());
            assert!(!holds(PASSWORD), "the password stands in {}", path.display());
            files += 1;
        }
    }
    assert!(files > 0, "the data folder holds something");
    for secret in [token.as_str(), PASSWORD, "tangerine"] {
        assert!(!server.log().contains(secret), "{secret} was logged");
    }
    Ok(())
}

#[test]
fn the_people_of_the_server_are_listed_by_name_in_pages() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    for name in ["lin", "grace", "linus"] {
        Script::register(&server, name)?;
    }
    let page = ada.ok("user.list", json!({"limit": 2}))?;
    assert_eq!(super::column(&page["people"], "/name"), ["ada", "grace"]);
    assert_eq!(page["more"], true);
    let page = ada.ok("user.list", json!({"limit": 2, "after": "grace"}))?;
    assert_eq!(super::column(&page["people"], "/name"), ["lin", "linus"]);
    assert_eq!(page["more"], false);
    let page = ada.ok("user.list", json!({"query": "lin"}))?;
    assert_eq!(super::column(&page["people"], "/name"), ["lin", "linus"]);
    assert_eq!(text(&ada.welcome()["user"]["name"]), "ada");
    Ok(())
}
