//! Incoming webhooks: what other programs post, by a real `curl` where there is one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use chat_proto::limits;
use chat_tests::{DEADLINE, Script, Server, http, run};
use serde_json::{Value, json};

use super::{ada_and_lin, column, kick, look, room, set_role, text};

/// Set where a `curl` must be there, so that its absence is a failure and not another way.
const NEED_CURL: &str = "CHAT_TESTS_NEED_CURL";

fn has_curl() -> bool {
    let found = Command::new("curl").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    assert!(found || std::env::var_os(NEED_CURL).is_none(), "{NEED_CURL} is set, and there is no curl");
    found
}

/// Posts as people would who have `curl`, or by hand; gives the status, the headers and the body.
fn post(server: &Server, path: &str, body: &[u8]) -> Result<(u16, String, String)> {
    let answer = if has_curl() { by_curl(server, path, body)? } else { by_hand(server, path, body)? };
    let answer = answer.replace("\r\n", "\n");
    let (head, body) = answer.split_once("\n\n").with_context(|| format!("no answer: {answer:?}"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.context("no status")?, head.to_lowercase(), body.trim_end().to_owned()))
}

fn by_curl(server: &Server, path: &str, body: &[u8]) -> Result<String> {
    let mut command = Command::new("curl");
    // Without `Expect:`, curl asks before it sends a large body, and the answer to that is in front.
    command.args(["--silent", "--show-error", "--include", "--max-time", "20", "--header", "Expect:"]);
    command.args(["--data-binary", "@-"]).arg(url(server, path));
    let output = run(command, std::str::from_utf8(body)?)?;
    ensure!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn by_hand(server: &Server, path: &str, body: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port()))?;
    stream.set_read_timeout(Some(DEADLINE))?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    // Who sends too much is answered before the end.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn url(server: &Server, path: &str) -> String {
    format!("{}{path}", server.url().replacen("ws", "http", 1))
}

fn hook(owner: &mut Script, room: &str, name: &str) -> Result<(String, String)> {
    let made = owner.ok("incoming.create", json!({"conversation": room, "name": name}))?;
    Ok((text(&made["hook"]["id"]), text(&made["path"])))
}

/// Posts a payload that must be taken.
fn posted(server: &Server, path: &str, payload: &Value) -> Result<()> {
    let (status, _, body) = post(server, path, payload.to_string().as_bytes())?;
    ensure!((status, body.as_str()) == (200, "ok"), "{status} {body}");
    Ok(())
}

#[test]
fn curl_posts_a_message() -> Result<()> {
    let (mut server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("ops", &mut ada, &mut [&mut lin])?;
    let (_, path) = hook(&mut ada, &id, "grafana")?;
    assert!(path.starts_with("/hooks/") && path.len() >= 7 + 43, "{path}");
    lin.expect("event", |event| event["kind"] == "invited" && event["user"]["name"] == "grafana")?;
    lin.expect("event", |event| event["kind"] == "joined" && event["author"]["name"] == "grafana")?;

    posted(&server, &path, &json!({"text": "deployed <https://ci.example/7|build 7> &amp; happy"}))?;
    let event = lin.expect_message("deployed build 7 (https://ci.example/7) & happy")?;
    assert_eq!(event["author"]["bot"], true);
    // The old form, and a mention that mentions.
    let (status, ..) = post(&server, &path, b"payload=%7B%22text%22%3A%22%3C%40lin%3E+look%22%7D")?;
    assert_eq!(status, 200);
    let event = lin.expect_message("@lin look")?;
    assert_eq!(event["mentions"], json!([lin.user_id()]));

    server.kill();
    server.restart()?;
    posted(&server, &path, &json!({"attachments": [{"fallback": "x", "title": "after a restart"}]}))?;
    let mut lin = Script::login(&server, "lin")?;
    assert_eq!(look(&mut lin, &id)?["last_message"]["body"], "after a restart");
    assert!(!server.log().contains(&path["/hooks/".len()..]), "the secret is in the log");
    Ok(())
}

#[test]
fn what_cannot_be_taken_is_said_as_slack_says_it() -> Result<()> {
    let (server, mut ada, _lin) = ada_and_lin()?;
    let id = room("ops", &mut ada, &mut [])?;
    let (_, path) = hook(&mut ada, &id, "grafana")?;
    let answer = |path: &str, body: &[u8]| post(&server, path, body).map(|(status, _, body)| (status, body));
    let said = |status: u16, word: &str| (status, word.to_owned());
    assert_eq!(answer(&path, b"not json")?, said(400, "invalid_payload"));
    assert_eq!(answer(&path, b"")?, said(400, "invalid_payload"));
    assert_eq!(answer(&path, b"{\"text\": \" \"}")?, said(400, "no_text"));
    assert_eq!(answer(&path, &vec![b'x'; limits::INCOMING_BYTES + 1])?, said(413, "payload_too_large"));
    let mut broken = TcpStream::connect(("127.0.0.1", server.port()))?;
    write!(broken, "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")?;
    write!(broken, "Transfer-Encoding: chunked\r\n\r\nno number\r\n")?;
    let refused = http::read(&mut broken)?;
    assert_eq!((refused.status, refused.body.as_slice()), (400, &b"invalid_payload"[..]));
    for absent in ["/hooks/x".to_owned(), "/hooks/%00".to_owned(), format!("{path}x")] {
        assert_eq!(answer(&absent, b"{\"text\": \"hi\"}")?, said(404, "no_service"), "{absent}");
    }
    assert_eq!(answer("/hooks/", b"{}")?.0, 404);
    // As much as can be, cut to what a message holds.
    let long = json!({"text": "é".repeat(30_000)}).to_string();
    assert_eq!(answer(&path, long.as_bytes())?, said(200, "ok"));
    let event = ada.expect("event", |event| event["kind"] == "message")?;
    assert!(text(&event["body"]).ends_with("too long)"));
    Ok(())
}

#[test]
fn the_rules_of_the_room_hold_for_programs() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("ops", &mut ada, &mut [&mut lin])?;
    let (hook, path) = hook(&mut ada, &id, "grafana")?;
    let mut rules = |rules: Value| ada.ok("room.rules", json!({"conversation": id, "rules": rules}));
    let answer = || post(&server, &path, b"{\"text\": \"hi\"}").map(|(status, _, body)| (status, body));
    let said = |status: u16, word: &str| (status, word.to_owned());
    rules(json!({"announcement": true}))?;
    assert_eq!(answer()?, said(403, "action_prohibited"));
    rules(json!({"archived": true}))?;
    assert_eq!(answer()?, said(410, "channel_is_archived"));
    rules(json!({"slow_mode_s": 3_600}))?;
    assert_eq!(answer()?, said(200, "ok"));
    let (status, head, body) = post(&server, &path, b"{\"text\": \"again\"}")?;
    assert_eq!((status, body.as_str()), (429, "rate_limited"));
    let wait = head.lines().find_map(|line| line.strip_prefix("retry-after: ")).context("no retry-after")?;
    assert!((3_500..=3_600).contains(&wait.trim().parse::<u32>()?), "{wait}");
    rules(json!({"announcement": true}))?;
    set_role(&mut ada, &id, "grafana", "moderator")?;
    assert_eq!(answer()?, said(200, "ok"), "a moderator of an announcement room");

    // Put out, it is silent; asked in again, it comes.
    kick(&mut ada, &id, "grafana")?;
    assert_eq!(answer()?, said(404, "no_service"));
    ada.ok("room.rules", json!({"conversation": id, "rules": {}}))?;
    ada.ok("room.invite", json!({"conversation": id, "user": "grafana"}))?;
    assert_eq!(answer()?, said(200, "ok"));

    // A flood is slowed down, and costs nobody else anything.
    let flood = (0..=limits::INCOMING_BURST + 10).map(|_| answer()).collect::<Result<Vec<_>>>()?;
    assert!(flood.contains(&said(429, "rate_limited")), "{flood:?}");
    ada.ok("incoming.delete", json!({"conversation": id, "hook": hook}))?;
    assert_eq!(answer()?, said(404, "no_service"));
    lin.expect("event", |event| event["kind"] == "left" && event["author"]["name"] == "grafana")?;
    Ok(())
}

#[test]
fn webhooks_are_the_moderators_business() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("ops", &mut lin, &mut [&mut ada])?;
    let (made, path) = hook(&mut lin, &id, "grafana")?;
    let listed = lin.ok("incoming.list", json!({"conversation": id}))?;
    assert_eq!(listed["hooks"][0]["id"], made.as_str());
    assert_eq!(listed["hooks"][0]["by"]["name"], "lin");
    assert!(!listed.to_string().contains(&path["/hooks/".len()..]), "the path is shown once");
    // Its bot is nobody's to log in as or to end, but by the webhook.
    assert_eq!(lin.ok("bot.list", json!({}))?["bots"], json!([]));
    assert_eq!(lin.refused("bot.token", json!({"bot": "grafana"}))?, "not_found");

    for name in ["ada", "grafana", "everyone"] {
        let taken = json!({"conversation": id, "name": name});
        assert_eq!(lin.refused("incoming.create", taken)?, "name_taken", "{name}");
    }
    // A webhook of another room does not exist here.
    let other = room("other", &mut lin, &mut [])?;
    let elsewhere = json!({"conversation": other, "hook": made});
    assert_eq!(lin.refused("incoming.delete", elsewhere)?, "not_found");
    // Where nobody can be asked in, nothing is made, and nothing is left of it.
    lin.ok("room.rules", json!({"conversation": id, "rules": {"archived": true}}))?;
    let create = json!({"conversation": id, "name": "ci"});
    assert_eq!(lin.refused("incoming.create", create.clone())?, "forbidden");
    lin.ok("room.rules", json!({"conversation": id, "rules": {}}))?;
    assert_eq!(
        column(&lin.ok("incoming.list", json!({"conversation": id}))?["hooks"], "/bot/name"),
        ["grafana"]
    );
    lin.ok("incoming.create", create)?;

    // Ended and made again, it is the same bot, with another secret.
    let before = listed["hooks"][0]["bot"].clone();
    lin.ok("incoming.delete", json!({"conversation": id, "hook": made}))?;
    let again = lin.ok("incoming.create", json!({"conversation": id, "name": "grafana"}))?;
    assert_eq!(again["hook"]["bot"], before);
    assert_eq!(post(&server, &path, b"{\"text\": \"hi\"}")?.0, 404, "the old address");
    posted(&server, &text(&again["path"]), &json!({"text": "hi"}))?;
    ada.expect_message("hi")?;
    for n in 2..limits::INCOMING_PER_ROOM {
        lin.ok("incoming.create", json!({"conversation": id, "name": format!("hook{n}x")}))?;
    }
    assert_eq!(lin.refused("incoming.create", json!({"conversation": id, "name": "surplus"}))?, "forbidden");
    Ok(())
}

#[test]
fn nothing_comes_through_the_webhooks_of_a_disabled_or_banned_account() -> Result<()> {
    let server = Server::start()?;
    let mut chief = Script::register(&server, "chief")?;
    let mut ada = Script::register(&server, "ada")?;
    let ops = room("ops", &mut ada, &mut [])?;
    let made = ada.ok("incoming.create", json!({"conversation": ops, "name": "grafana"}))?;
    let path = text(&made["path"]);
    assert_eq!(post(&server, &path, b"{\"text\": \"one\"}")?.0, 200);
    chief.ok("user.disable", json!({"user": "ada"}))?;
    assert_eq!(post(&server, &path, b"{\"text\": \"two\"}")?.0, 404);
    chief.ok("user.enable", json!({"user": "ada"}))?;
    assert_eq!(post(&server, &path, b"{\"text\": \"three\"}")?.0, 200);
    chief.ok("user.ban", json!({"user": "ada", "for_s": 3600}))?;
    assert_eq!(post(&server, &path, b"{\"text\": \"four\"}")?.0, 404);
    chief.ok("user.unban", json!({"user": "ada"}))?;
    assert_eq!(post(&server, &path, b"{\"text\": \"five\"}")?.0, 200);
    Ok(())
}
