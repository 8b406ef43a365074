//! Logging in by a provider, against a real one on this machine.

mod provider;

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use chat_tests::http::{Answer, Http};
use chat_tests::{Folder, Key, Options, PASSWORD, Running, Script, Server, Terminal, bin};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{Shell, json_lines};
use crate::terminals_accounts::sign_up;
use provider::{CLIENT, Lie, Provider, SECRET};

/// A server whose people log in by this provider, with these further settings; the owner has a
/// password.
fn server(provider: &Provider, registration: &'static str, more: &str) -> Result<(Server, Script)> {
    let dir = Folder::new("chat-server-")?;
    let settings = format!(
        "oidc_issuer = {:?}\noidc_client_id = {CLIENT:?}\noidc_client_secret = {SECRET:?}\noidc_name = \"Acme\"\n\
         oidc_redirect = {:?}\n{more}\n",
        provider.issuer,
        provider::REDIRECT,
    );
    std::fs::write(dir.path().join("server.toml"), settings)?;
    let server = Server::start_in(dir, Options { registration, ..Options::default() }, 0)?;
    let invite = server.owner_invite().map(str::to_owned);
    let owner = Script::register_with(&server, "owner", invite.as_deref())?;
    Ok((server, owner))
}

const BROWSER: &str = "oidc_flow = \"browser\"";
const DEVICE: &str = "oidc_flow = \"device\"";

fn begin(server: &Server) -> Result<Value> {
    Script::stranger(server)?.ok("auth.oidc.begin", json!({"protocol": 1}))
}

/// Asks once; what is missing is given by `more`.
fn ask(server: &Server, begun: &Value, more: Value) -> Result<Result<Value, Value>> {
    let mut payload = json!({"protocol": 1, "poll": begun["poll"], "device": "terminal"});
    payload.as_object_mut().context("object")?.extend(more.as_object().cloned().unwrap_or_default());
    Script::stranger(server)?.request("auth.oidc.poll", payload)
}

fn refusal(server: &Server, begun: &Value, more: Value) -> Result<String> {
    let answer = ask(server, begun, more)?;
    Ok(answer.err().context("it was not refused")?["code"].as_str().unwrap_or_default().to_owned())
}

/// Asks until it is no longer pending.
fn ask_until_done(server: &Server, begun: &Value) -> Result<Result<Value, Value>> {
    for _ in 0..60 {
        match ask(server, begun, json!({}))? {
            Err(error) if error["code"] == "login_pending" => {
                sleep(Duration::from_millis(error["retry_after_ms"].as_u64().context("when")?.min(1_000)));
            }
            done => return Ok(done),
        }
    }
    anyhow::bail!("it stays pending")
}

/// The path of our page to which the provider sends a browser that opens this login.
fn way_back(server: &Server, provider: &Provider, begun: &Value) -> Result<String> {
    let door = begun["url"].as_str().context("url")?.strip_prefix("http://127.0.0.1:1").context("ours")?;
    let there = browse(server, door)?;
    assert_eq!(there.status, 302, "{there:?}");
    let location = provider.open(there.header("location").context("location")?)?;
    Ok(location.strip_prefix("http://127.0.0.1:1").context("the redirect")?.to_owned())
}

fn browse(server: &Server, path: &str) -> Result<Answer> {
    Http::stranger(server).ask("GET", path, &[], b"")
}

fn code_on(page: &Answer) -> Result<String> {
    let html = String::from_utf8(page.body.clone())?;
    let code = html.split_once("<code>").and_then(|(_, rest)| rest.split_once("</code>"));
    Ok(code.with_context(|| html.clone())?.0.to_owned())
}

/// Logs in by the browser, to the end.
fn log_in(server: &Server, provider: &Provider, more: Value) -> Result<Result<Value, Value>> {
    let begun = begin(server)?;
    let code = code_on(&browse(server, &way_back(server, provider, &begun)?)?)?;
    let mut with_code = more;
    with_code["confirm"] = code.into();
    ask(server, &begun, with_code)
}

#[test]
fn a_browser_logs_in_and_the_terminal_must_have_the_code_of_its_page() -> Result<()> {
    let provider = Provider::start()?;
    let (server, _owner) = server(&provider, "open", BROWSER)?;
    let mut stranger = Script::stranger(&server)?;
    let hello = stranger.expect("hello", |_| true)?;
    assert_eq!(hello["provider"], json!({"name": "Acme"}));

    provider.seat("4711", "Lin.Torvalds");
    let begun = begin(&server)?;
    assert_eq!(begun["confirm"], true, "{begun}");
    assert_eq!(refusal(&server, &begun, json!({}))?, "login_pending");
    let path = way_back(&server, &provider, &begun)?;
    let page = browse(&server, &path)?;
    assert_eq!(page.status, 200);
    for (header, word) in [
        ("content-security-policy", "default-src 'none'"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert!(page.header(header).is_some_and(|value| value.contains(word)), "{header}");
    }
    assert!(page.header("set-cookie").is_none());
    let code = code_on(&page)?;

    // Who has the address, the state and the provider's code has nothing; nor has who knows no code.
    assert_eq!(browse(&server, &path)?.status, 400, "a state is good once");
    assert_eq!(refusal(&server, &begun, json!({}))?, "confirm_required");
    assert_eq!(refusal(&server, &begun, json!({"confirm": "0000-0000"}))?, "confirm_required");
    let other = begin(&server)?;
    assert_eq!(refusal(&server, &other, json!({"confirm": code}))?, "login_pending", "another's terminal");

    let welcome = ask(&server, &begun, json!({"confirm": code}))?.unwrap();
    assert_eq!((&welcome["user"]["name"], &welcome["role"]), (&json!("lin.torvalds"), &json!("member")));
    Script::token(&server, "lin.torvalds", welcome["token"].as_str().context("token")?)?.barrier()?;
    assert_eq!(
        refusal(&server, &begun, json!({"confirm": code}))?,
        "bad_credentials",
        "a login is used once"
    );

    // The same subject is the same account, whatever its name is now; another one never is.
    provider.seat("4711", "owner");
    let again = log_in(&server, &provider, json!({}))?.unwrap();
    assert_eq!(again["user"], welcome["user"]);
    provider.seat("4712", "lin.torvalds");
    assert_eq!(log_in(&server, &provider, json!({}))?.unwrap_err()["code"], "name_taken");
    provider.seat("4713", "owner");
    assert_eq!(log_in(&server, &provider, json!({}))?.unwrap_err()["code"], "name_taken");
    Ok(())
}

#[test]
fn a_token_that_lies_in_one_thing_lets_nobody_in() -> Result<()> {
    let provider = Provider::start()?;
    let (server, mut owner) = server(&provider, "open", BROWSER)?;
    provider.seat("1", "eve");
    for lie in [
        Lie::Nonce,
        Lie::NoNonce,
        Lie::Audience,
        Lie::Expired,
        Lie::Issuer,
        Lie::NoSignature,
        Lie::UnknownKey,
        Lie::OtherKey,
        Lie::SharedSecret,
        Lie::NoToken,
    ] {
        provider.lie(Some(lie));
        let begun = begin(&server)?;
        let page = browse(&server, &way_back(&server, &provider, &begun)?)?;
        assert_eq!(page.status, 400, "{lie:?}");
        assert!(code_on(&page).is_err(), "{lie:?}");
        assert_eq!(refusal(&server, &begun, json!({}))?, "bad_credentials", "{lie:?}");
    }
    provider.lie(None);

    // The provider's code of one login does not fit another: the proof key is the other's.
    let (one, two) = (begin(&server)?, begin(&server)?);
    let (first, second) = (way_back(&server, &provider, &one)?, way_back(&server, &provider, &two)?);
    let part = |path: &str, key: &str| {
        let rest = path.split_once(&format!("{key}=")).unwrap().1;
        rest.split('&').next().unwrap().to_owned()
    };
    let mixed = second.replace(&part(&second, "code"), &part(&first, "code"));
    assert_eq!(browse(&server, &mixed)?.status, 400);
    assert_eq!(refusal(&server, &two, json!({}))?, "bad_credentials");
    let other_issuer = first.replace(&part(&first, "iss"), "https%3A%2F%2Fevil.example.org");
    assert_eq!(browse(&server, &other_issuer)?.status, 400);
    for path in
        ["/auth/go/0000", "/auth/callback", "/auth/callback?code=a&state=b", "/auth/callback?error=x&state=y"]
    {
        assert_eq!(browse(&server, path)?.status, 400, "{path}");
    }
    let people = owner.ok("user.list", json!({}))?;
    assert!(!people.to_string().contains("eve"), "{people}");
    let log = server.log();
    assert!(!log.contains(SECRET) && !log.contains(one["poll"].as_str().unwrap()), "{log}");
    Ok(())
}

#[test]
fn a_typed_code_logs_in_at_the_providers_pace() -> Result<()> {
    let provider = Provider::start()?;
    let (server, _owner) = server(&provider, "open", DEVICE)?;
    provider.seat("1", "ada");
    let begun = begin(&server)?;
    let user_code = begun["user_code"].as_str().context("user_code")?.to_owned();
    assert_eq!((&begun["interval_ms"], &begun["confirm"]), (&json!(1_000), &Value::Null));
    assert!(begun["complete_url"].as_str().context("complete")?.contains(&user_code));
    // However often a terminal asks, the provider is asked once a second; it refuses who is faster.
    for _ in 0..5 {
        assert_eq!(refusal(&server, &begun, json!({}))?, "login_pending");
    }
    provider.slow_down();
    assert_eq!(refusal(&server, &begun, json!({}))?, "login_pending");
    provider.approve(&user_code);
    let welcome = ask_until_done(&server, &begun)?.unwrap();
    assert_eq!(welcome["user"]["name"], "ada");
    assert_eq!(refusal(&server, &begun, json!({}))?, "bad_credentials");

    let denied = begin(&server)?;
    provider.deny(denied["user_code"].as_str().context("user_code")?);
    assert_eq!(ask_until_done(&server, &denied)?.unwrap_err()["code"], "bad_credentials");

    // Nobody wants to know: the provider is left alone.
    let asked = provider.asked();
    begin(&server)?;
    begin(&server)?;
    assert_eq!(provider.asked(), asked);
    Ok(())
}

#[test]
fn new_keys_of_the_provider_are_not_a_stop_for_long() -> Result<()> {
    let provider = Provider::start()?;
    let (mut server, _owner) = server(&provider, "open", BROWSER)?;
    provider.seat("1", "ada");
    assert!(log_in(&server, &provider, json!({}))?.is_ok());
    provider.rotate();
    // A minute has to pass before they are asked for again; a start asks at once.
    server.restart()?;
    assert!(log_in(&server, &provider, json!({}))?.is_ok());
    Ok(())
}

#[test]
fn an_account_is_linked_by_its_owner_and_by_nothing_else() -> Result<()> {
    let provider = Provider::start()?;
    let (server, _owner) = server(&provider, "open", &format!("{BROWSER}\noidc_registration = \"never\""))?;
    let mut ada = Script::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    provider.seat("77", "ada");
    let unknown = log_in(&server, &provider, json!({}))?.unwrap_err();
    assert_eq!(unknown["code"], "registration_closed", "a name is no proof");
    assert_eq!(ada.refused("link.begin", json!({"password": "wrong"}))?, "bad_credentials");

    let begun = ada.ok("link.begin", json!({"password": PASSWORD}))?;
    let code = code_on(&browse(&server, &way_back(&server, &provider, &begun)?)?)?;
    let finish = json!({"poll": begun["poll"], "confirm": code});
    assert_eq!(lin.refused("link.finish", finish.clone())?, "bad_credentials", "it is ada's");
    assert_eq!(refusal(&server, &begun, json!({"confirm": code}))?, "bad_credentials", "it is no login");
    ada.ok("link.finish", finish)?;
    assert!(ada.ok("session.list", json!({}))?["provider"]["since"].is_i64());
    assert_eq!(ada.refused("link.begin", json!({"password": PASSWORD}))?, "forbidden");
    let welcome = log_in(&server, &provider, json!({}))?.unwrap();
    assert_eq!(welcome["user"]["name"], "ada");

    let begun = lin.ok("link.begin", json!({"password": PASSWORD}))?;
    let code = code_on(&browse(&server, &way_back(&server, &provider, &begun)?)?)?;
    let finish = json!({"poll": begun["poll"], "confirm": code});
    assert_eq!(lin.refused("link.finish", finish)?, "forbidden", "one person, one account");

    assert_eq!(ada.refused("link.remove", json!({"password": "wrong"}))?, "bad_credentials");
    ada.ok("link.remove", json!({"password": PASSWORD}))?;
    assert_eq!(ada.refused("link.remove", json!({"password": PASSWORD}))?, "not_found");
    assert_eq!(log_in(&server, &provider, json!({}))?.unwrap_err()["code"], "registration_closed");
    Ok(())
}

#[test]
fn who_may_come_in_is_the_same_on_this_way() -> Result<()> {
    let provider = Provider::start()?;
    let more = format!("{BROWSER}\noidc_required = true");
    let (server, mut owner) = server(&provider, "invite", &more)?;
    provider.seat("1", "ada");

    // A new account needs an invite here, and a name that is free; one login asks for both.
    let begun = begin(&server)?;
    let code = code_on(&browse(&server, &way_back(&server, &provider, &begun)?)?)?;
    assert_eq!(refusal(&server, &begun, json!({"confirm": code}))?, "invite_invalid");
    let invite = server.invite()?;
    let taken = json!({"confirm": code, "invite": invite, "name": "owner"});
    assert_eq!(refusal(&server, &begun, taken)?, "name_taken");
    let welcome = ask(&server, &begun, json!({"invite": invite, "name": "Ada"}))?.unwrap();
    assert_eq!(welcome["user"]["name"], "ada");

    // Passwords are for the owner alone, by every way to one.
    let mut stranger = Script::stranger(&server)?;
    let register = json!({"protocol": 1, "name": "eve", "password": PASSWORD, "invite": server.invite()?});
    assert_eq!(stranger.refused("auth.register", register)?, "forbidden");
    owner.ok("user.create", json!({"name": "lin", "password": PASSWORD, "role": "member"}))?;
    let login = |name: &str| json!({"protocol": 1, "name": name, "password": PASSWORD});
    assert_eq!(stranger.refused("auth.login", login("lin"))?, "forbidden");
    let reset = owner.ok("user.reset", json!({"user": "ada"}))?;
    let by_reset = json!({"protocol": 1, "reset": reset["code"], "password": "violet stapler"});
    assert_eq!(stranger.refused("auth.reset", by_reset)?, "forbidden");
    assert!(Script::stranger(&server)?.request("auth.login", login("owner"))?.is_ok());

    owner.ok("server.lockdown", json!({"on": true}))?;
    assert_eq!(log_in(&server, &provider, json!({}))?.unwrap_err()["code"], "registration_closed");
    owner.ok("server.lockdown", json!({"on": false}))?;
    owner.ok("user.disable", json!({"user": "ada"}))?;
    assert_eq!(log_in(&server, &provider, json!({}))?.unwrap_err()["code"], "account_disabled");
    owner.ok("user.enable", json!({"user": "ada"}))?;
    owner.ok("user.ban", json!({"user": "ada"}))?;
    assert_eq!(log_in(&server, &provider, json!({}))?.unwrap_err()["code"], "banned");
    owner.ok("user.unban", json!({"user": "ada"}))?;
    assert!(log_in(&server, &provider, json!({}))?.is_ok());
    Ok(())
}

#[test]
fn a_second_factor_is_asked_for_on_this_way_too() -> Result<()> {
    let provider = Provider::start()?;
    let (server, mut owner) = server(&provider, "open", BROWSER)?;
    provider.seat("1", "whoever");
    let begun = owner.ok("link.begin", json!({"password": PASSWORD}))?;
    let code = code_on(&browse(&server, &way_back(&server, &provider, &begun)?)?)?;
    owner.ok("link.finish", json!({"poll": begun["poll"], "confirm": code}))?;
    let (_, recovery) = crate::scenarios::sign_in::enrol(&mut owner)?;

    let begun = begin(&server)?;
    let code = code_on(&browse(&server, &way_back(&server, &provider, &begun)?)?)?;
    assert_eq!(refusal(&server, &begun, json!({"confirm": code}))?, "second_factor_required");
    assert_eq!(refusal(&server, &begun, json!({"code": "000000"}))?, "second_factor_required");
    let welcome = ask(&server, &begun, json!({"code": recovery[0]}))?.unwrap();
    assert_eq!((&welcome["user"]["name"], &welcome["role"]), (&json!("owner"), &json!("owner")));
    Ok(())
}

#[test]
fn nobody_becomes_the_owner_by_being_first_at_the_provider() -> Result<()> {
    let provider = Provider::start()?;
    let dir = Folder::new("chat-server-")?;
    let settings = format!(
        "oidc_issuer = {:?}\noidc_client_id = {CLIENT:?}\noidc_client_secret = {SECRET:?}\n\
         oidc_redirect = {:?}\n{BROWSER}\noidc_registration = \"always\"\n",
        provider.issuer,
        provider::REDIRECT,
    );
    std::fs::write(dir.path().join("server.toml"), settings)?;
    let server = Server::start_in(dir, Options { registration: "closed", ..Options::default() }, 0)?;
    provider.seat("1", "eve");
    assert_eq!(log_in(&server, &provider, json!({}))?.unwrap_err()["code"], "invite_invalid");
    let owner = server.owner_invite().context("owner invite")?.to_owned();
    assert_eq!(log_in(&server, &provider, json!({"invite": owner}))?.unwrap()["role"], "owner");
    provider.seat("2", "lin");
    assert_eq!(log_in(&server, &provider, json!({}))?.unwrap()["role"], "member");
    Ok(())
}

#[test]
fn chat_cli_logs_in_and_links() -> Result<()> {
    let provider = Provider::start()?;
    let (server, _owner) = server(&provider, "open", DEVICE)?;
    let shell = Shell::new(&server, "ada")?;
    provider.seat("5", "someone else");
    let mut login = Running::start(shell.command(&["login", "--oidc", "--json"])?)?;
    let until = std::time::Instant::now() + chat_tests::DEADLINE;
    let shown = json_lines(&login.line(until)?.context("what to do")?).remove(0);
    assert!(shown["url"].as_str().context("url")?.starts_with(&provider.issuer));
    assert!(shown["poll"].is_null(), "the secret stays inside");
    provider.approve(shown["user_code"].as_str().context("user_code")?);
    let account = json_lines(&login.line(until)?.context("the account")?).remove(0);
    assert_eq!(account["user"]["name"], "ada", "CHAT_USER is the name wanted");
    assert!(login.wait()?.success());
    assert!(shell.done(&["whoami"])?.contains("ada"));
    assert!(shell.done(&["sessions"]).is_ok());
    let reason = shell.fails(&["unlink"], 1)?;
    assert!(reason.contains("password"), "an account without a password stays linked: {reason}");
    Ok(())
}

/// `/link` from a terminal, both ways the provider has, and `/unlink`.
#[test]
fn chat_tui_links_and_unlinks() -> Result<()> {
    for flow in [DEVICE, BROWSER] {
        let provider = Provider::start()?;
        let (server, mut owner) = server(&provider, "open", flow)?;
        let dir = TempDir::with_prefix("chat-tui-")?;
        sign_up(&dir, &server, "ada")?;
        let data = dir.path().to_string_lossy().into_owned();
        let tui = Terminal::start(&bin("chat-tui")?, &["--data-dir", &data], &[("TZ", "UTC")], 140, 50)?;
        tui.wait_for_text("● connected")?;
        provider.seat("7", "ada at work");
        command(&tui, "/link")?;
        tui.wait_for_text("password")?;
        command(&tui, PASSWORD)?;
        tui.wait_for_text("Open this address in a browser")?;
        assert!(!tui.screen().contains(PASSWORD));
        if flow == DEVICE {
            let code = after(&tui.screen(), "type this code there: ")?;
            provider.approve(&code);
        } else {
            let url =
                tui.screen().split_whitespace().find(|word| word.contains("127.0.0.1:1/")).map(str::to_owned);
            let page = browse(&server, &way_back(&server, &provider, &json!({"url": url}))?)?;
            tui.press(Key::Escape)?;
            tui.wait_for("the page to close", |screen| !screen.contains("Open this address"))?;
            command(&tui, &format!("/link {}", code_on(&page)?))?;
        }
        tui.wait_for_text("Your account is linked with the provider")?;
        command(&tui, "/link")?;
        tui.wait_for_text("password")?;
        command(&tui, PASSWORD)?;
        tui.wait_for_text("linked already")?;
        command(&tui, "/unlink")?;
        tui.wait_for_text("password")?;
        command(&tui, PASSWORD)?;
        tui.wait_for_text("not linked")?;
        owner.ok("user.get", json!({"user": "ada"}))?;
    }
    Ok(())
}

fn command(tui: &Terminal, words: &str) -> Result<()> {
    tui.type_text(words)?;
    tui.press(Key::Enter)
}

fn after(screen: &str, words: &str) -> Result<String> {
    let (_, rest) = screen.split_once(words).with_context(|| screen.to_owned())?;
    Ok(rest.split_whitespace().next().unwrap_or_default().to_owned())
}
