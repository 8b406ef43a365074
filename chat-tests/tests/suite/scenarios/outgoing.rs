//! Outgoing webhooks: what other programs are told, signed, in order, and over crashes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chat_tests::{DEADLINE, Options, Script, Server};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{column, look, room, say, text};

/// One call that came.
struct Call {
    headers: HeaderMap,
    body: String,
    answered: u16,
}

impl Call {
    fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Checks the signature as the specification says, by another road than the server's.
    fn verify(&self, secret: &str) {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        mac.update(format!("{id}.{at}.{}", self.body).as_bytes());
        let signature = self.header("webhook-signature");
        let signature = BASE64_STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
        mac.verify_slice(&signature).expect("the signature fits");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert!(at.parse::<u64>().unwrap().abs_diff(now) < 300, "{at}");
        assert_eq!(self.header("content-type"), "application/json");
    }
}

/// A program that is told; it answers as planned, and then always 200.
struct Receiving {
    address: SocketAddr,
    plan: Arc<Mutex<VecDeque<u16>>>,
    calls: Receiver<Call>,
}

impl Receiving {
    fn start() -> Result<Self> {
        let (calls, came) = channel();
        let plan: Arc<Mutex<VecDeque<u16>>> = Arc::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let planned = plan.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let answer = move |request: Request| {
                    let (planned, calls) = (planned.clone(), calls.clone());
                    async move {
                        let headers = request.headers().clone();
                        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
                        let answered = planned.lock().unwrap().pop_front().unwrap_or(200);
                        let body = String::from_utf8(body.to_vec()).unwrap();
                        let _ = calls.send(Call { headers, body, answered });
                        response(answered)
                    }
                };
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, Router::new().fallback(answer)).await.unwrap();
            });
        });
        Ok(Self { address, plan, calls: came })
    }

    fn url(&self) -> String {
        format!("http://{}/told?by=chat", self.address)
    }

    /// What the next calls are answered.
    fn plan(&self, statuses: &[u16]) {
        self.plan.lock().unwrap().extend(statuses);
    }

    fn next(&self) -> Result<Call> {
        self.calls.recv_timeout(DEADLINE).context("no call came")
    }

    /// The next call that is taken, and those before it that were not.
    fn taken(&self) -> Result<(Call, Vec<Call>)> {
        let mut refused = Vec::new();
        loop {
            let call = self.next()?;
            if (200..300).contains(&call.answered) {
                return Ok((call, refused));
            }
            refused.push(call);
        }
    }
}

fn response(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    if status.is_redirection() {
        return (status, [("location", "/elsewhere")], "").into_response();
    }
    // Longer than anybody should read.
    (status, "x".repeat(1 << 20)).into_response()
}

/// A server whose webhooks may call this machine.
fn server() -> Result<Server> {
    let more = vec!["--allow-private-hooks".to_owned()];
    Server::start_with(Options { more, ..Options::default() })
}

fn hook(owner: &mut Script, room: &str, url: &str, more: Value) -> Result<(String, String)> {
    let mut payload = more;
    (payload["conversation"], payload["url"]) = (room.into(), url.into());
    let made = owner.ok("outgoing.create", payload)?;
    Ok((text(&made["hook"]["id"]), text(&made["secret"])))
}

fn state_of(owner: &mut Script, room: &str) -> Result<Value> {
    Ok(owner.ok("outgoing.list", json!({"conversation": room}))?["hooks"][0].take())
}

/// The hook's row once it is as wanted; the server notes it a moment after the call.
fn becomes(owner: &mut Script, room: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
    let until = std::time::Instant::now() + DEADLINE;
    loop {
        let row = state_of(owner, room)?;
        if fits(&row) {
            return Ok(row);
        }
        ensure!(std::time::Instant::now() < until, "it stays {row}");
        thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn events_are_told_signed_and_in_order() -> Result<()> {
    let (server, receiving) = (server()?, Receiving::start()?);
    let mut ada = Script::register(&server, "ada")?;
    let id = room("ops", &mut ada, &mut [])?;
    let (made, secret) = hook(&mut ada, &id, &receiving.url(), json!({}))?;
    let first = say(&mut ada, &id, "hello, machine")?;
    let (call, _) = receiving.taken()?;
    call.verify(&secret);
    let told = call.json();
    assert_eq!((&told["type"], &told["room"]), (&json!("event"), &json!("ops")));
    // Word for word what members get.
    let pushed = ada.expect("event", |event| event["seq"] == first)?;
    assert_eq!(told["payload"], pushed);
    assert_eq!(call.header("webhook-id"), format!("{made}.{first}"));

    let more: Vec<u64> =
        (0..20).map(|n| say(&mut ada, &id, &format!("message {n}"))).collect::<Result<_>>()?;
    receiving.plan(&[500]);
    ada.ok("room.topic", json!({"conversation": id, "topic": "all kinds"}))?;
    let told = (0..21).map(|_| Ok(receiving.taken()?.0.json()["payload"]["seq"].as_u64().unwrap()));
    let told: Vec<u64> = told.collect::<Result<_>>()?;
    assert_eq!(told[..20], more);
    let row = becomes(&mut ada, &id, |row| row["waiting"].is_null())?;
    assert_eq!((&row["state"], &row["problem"]), (&json!("working"), &Value::Null));

    ada.ok("outgoing.delete", json!({"conversation": id, "hook": made}))?;
    say(&mut ada, &id, "nobody is told")?;
    let (again, _) = hook(&mut ada, &id, &receiving.url(), json!({"events": ["topic"]}))?;
    assert_ne!(again, made);
    ada.ok("room.topic", json!({"conversation": id, "topic": "only this"}))?;
    assert_eq!(receiving.taken()?.0.json()["payload"]["topic"], "only this");
    Ok(())
}

#[test]
fn a_failed_call_is_made_again_also_over_a_crash() -> Result<()> {
    let (mut server, receiving) = (server()?, Receiving::start()?);
    let mut ada = Script::register(&server, "ada")?;
    let id = room("ops", &mut ada, &mut [])?;
    let (_, secret) = hook(&mut ada, &id, &receiving.url(), json!({"events": ["message", "edited"]}))?;
    receiving.plan(&[500, 503]);
    let seq = say(&mut ada, &id, "do not lose this")?;
    let second = say(&mut ada, &id, "nor this")?;
    let first_try = receiving.next()?;
    assert_eq!(first_try.answered, 500);
    let row = becomes(&mut ada, &id, |row| row["state"] == "failing")?;
    assert!(text(&row["problem"]).contains("500"), "{row}");
    assert_eq!(row["waiting"], 2);
    server.kill();
    server.restart()?;
    let (taken, refused) = receiving.taken()?;
    assert_eq!(refused.len(), 1, "the second refusal came after the crash");
    for call in refused.iter().chain([&taken]) {
        call.verify(&secret);
        assert_eq!(call.header("webhook-id"), first_try.header("webhook-id"), "a repeat can be told");
        assert_eq!(call.json()["payload"]["seq"], seq);
    }
    // At least once: the crash may have come before the server noted that it was taken.
    assert_eq!(receiving.taken()?.0.json()["payload"]["seq"], second);
    let mut ada = Script::login(&server, "ada")?;
    becomes(&mut ada, &id, |row| row["state"] == "working" && row["waiting"].is_null())?;
    Ok(())
}

#[test]
fn what_is_deleted_while_it_waits_is_not_told() -> Result<()> {
    let (server, receiving) = (server()?, Receiving::start()?);
    let mut ada = Script::register(&server, "ada")?;
    let id = room("ops", &mut ada, &mut [])?;
    let (_, _) = hook(&mut ada, &id, &receiving.url(), json!({}))?;
    receiving.plan(&[500]);
    say(&mut ada, &id, "holds the others up")?;
    let seq = say(&mut ada, &id, "hush")?;
    ada.ok("message.delete", json!({"conversation": id, "seq": seq}))?;
    receiving.taken()?;
    let told = receiving.taken()?.0;
    assert_eq!(
        (&told.json()["payload"]["kind"], &told.json()["payload"]["seq"]),
        (&json!("tombstone"), &json!(seq))
    );
    assert!(!told.body.contains("hush"));
    assert_eq!(receiving.taken()?.0.json()["payload"]["kind"], "deleted");
    Ok(())
}

#[test]
fn a_webhook_that_is_gone_is_given_up_until_it_is_back() -> Result<()> {
    let (server, receiving) = (server()?, Receiving::start()?);
    let mut ada = Script::register(&server, "ada")?;
    let id = room("ops", &mut ada, &mut [])?;
    let (hook, secret) = hook(&mut ada, &id, &receiving.url(), json!({}))?;
    receiving.plan(&[410]);
    say(&mut ada, &id, "are you there?")?;
    assert_eq!(receiving.next()?.answered, 410);
    let row = becomes(&mut ada, &id, |row| row["state"] == "disabled")?;
    assert!(text(&row["problem"]).contains("410"), "{row}");
    assert_eq!((&row["waiting"], &row["dropped"]), (&Value::Null, &json!(1)));
    say(&mut ada, &id, "nobody is told")?;

    let test = json!({"conversation": id, "hook": hook});
    receiving.plan(&[302]);
    let result = ada.ok("outgoing.test", test.clone())?;
    assert_eq!(result["delivered"], false);
    assert!(text(&result["problem"]).contains("redirects are not followed"), "{result}");
    assert_eq!(receiving.next()?.answered, 302);
    assert_eq!(state_of(&mut ada, &id)?["state"], "disabled");
    assert_eq!(ada.ok("outgoing.test", test)?["delivered"], true);
    let call = receiving.next()?;
    call.verify(&secret);
    assert_eq!((&call.json()["type"], &call.json()["room"]), (&json!("test"), &json!("ops")));
    assert_eq!(state_of(&mut ada, &id)?["state"], "working");
    let seq = say(&mut ada, &id, "welcome back")?;
    assert_eq!(receiving.taken()?.0.json()["payload"]["seq"], seq);
    Ok(())
}

#[test]
fn a_trigger_chooses_messages_of_people() -> Result<()> {
    let (server, receiving) = (server()?, Receiving::start()?);
    let mut ada = Script::register(&server, "ada")?;
    let id = room("ops", &mut ada, &mut [])?;
    hook(&mut ada, &id, &receiving.url(), json!({"trigger": "!build"}))?;
    let mut robo = super::bot(&server, &mut ada, "robo", &["write"])?;
    ada.ok("room.invite", json!({"conversation": id, "user": "robo"}))?;
    say(&mut ada, &id, "to !build or not")?;
    say(&mut robo, &id, "!build by a bot")?;
    say(&mut ada, &id, "!Build api")?;
    assert_eq!(receiving.taken()?.0.json()["payload"]["body"], "!Build api");
    Ok(())
}

#[test]
fn too_much_is_dropped_and_counted() -> Result<()> {
    let more = ["--allow-private-hooks", "--requests-per-second", "100000", "--request-burst", "100000"];
    let server =
        Server::start_with(Options { more: more.map(str::to_owned).to_vec(), ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    let id = room("ops", &mut ada, &mut [])?;
    // Nobody listens there.
    hook(&mut ada, &id, "http://127.0.0.1:9/", json!({"events": ["message"]}))?;
    let most = chat_proto::limits::OUTGOING_WAITING;
    let asked = (0..most + 7)
        .map(|n| ada.start_request("message.send", super::message(&id, &chat_tests::uuid(), &n.to_string())));
    let asked: Vec<String> = asked.collect::<Result<_>>()?;
    for request in asked {
        ada.reply(&request)?.expect("sent");
    }
    let row = becomes(&mut ada, &id, |row| row["state"] == "failing")?;
    assert_eq!((&row["waiting"], &row["dropped"]), (&json!(most), &json!(7)));
    assert!(text(&row["problem"]).starts_with("cannot connect"), "{row}");
    Ok(())
}

#[test]
fn private_addresses_are_refused_unless_the_admin_allows_them() -> Result<()> {
    let server = Server::start()?;
    let receiving = Receiving::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let id = room("ops", &mut ada, &mut [])?;
    let port = receiving.address.port();
    for url in [
        receiving.url(),
        format!("http://localhost:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://0x7f000001:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "https://10.1.2.3/".to_owned(),
        "ftp://example.org/".to_owned(),
        "https://user:secret@1.1.1.1/".to_owned(),
        "nonsense".to_owned(),
    ] {
        let payload = json!({"conversation": id, "url": url});
        assert_eq!(ada.refused("outgoing.create", payload)?, "invalid", "{url}");
    }
    let unheard = json!({"conversation": id, "url": "https://1.1.1.1/", "events": ["nonsense"]});
    assert_eq!(ada.refused("outgoing.create", unheard)?, "invalid");
    let deaf = json!({"conversation": id, "url": "https://1.1.1.1/", "events": ["topic"], "trigger": "x"});
    assert_eq!(ada.refused("outgoing.create", deaf)?, "invalid");
    assert_eq!(ada.ok("outgoing.list", json!({"conversation": id}))?["hooks"], json!([]));
    Ok(())
}

/// What was allowed once is not for ever: the address is looked at again at each call.
#[test]
fn an_address_is_checked_again_at_each_call() -> Result<()> {
    let receiving = Receiving::start()?;
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("server.toml");
    std::fs::write(&config, "allow_private_hooks = true\n")?;
    let more = vec!["--config".to_owned(), config.display().to_string()];
    let mut server = Server::start_with(Options { more, ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    let id = room("ops", &mut ada, &mut [])?;
    let by_name = format!("http://localhost:{}/", receiving.address.port());
    for url in [receiving.url(), by_name] {
        hook(&mut ada, &id, &url, json!({}))?;
    }
    say(&mut ada, &id, "still allowed")?;
    receiving.taken()?;
    receiving.taken()?;
    std::fs::write(&config, "allow_private_hooks = false\n")?;
    server.kill();
    server.restart()?;
    let mut ada = Script::login(&server, "ada")?;
    say(&mut ada, &id, "not any more")?;
    becomes(&mut ada, &id, |row| row["state"] == "failing")?;
    let hooks = ada.ok("outgoing.list", json!({"conversation": id}))?;
    let last = becomes(&mut ada, &id, |row| text(&row["problem"]).contains("private network"))?;
    assert_eq!(last["state"], "failing");
    assert_eq!(column(&hooks["hooks"], "/by/name"), ["ada", "ada"]);
    assert!(receiving.calls.try_recv().is_err(), "nothing was called");
    assert_eq!(look(&mut ada, &id)?["last_message"]["body"], "not any more", "and nobody was held up");
    Ok(())
}

#[test]
fn nothing_is_told_to_the_webhooks_of_a_disabled_or_banned_account() -> Result<()> {
    let (server, receiving) = (server()?, Receiving::start()?);
    let mut chief = Script::register(&server, "chief")?;
    let mut ada = Script::register(&server, "ada")?;
    let ops = room("ops", &mut ada, &mut [&mut chief])?;
    hook(&mut ada, &ops, &receiving.url(), json!({"events": ["message"]}))?;
    let body = |call: Call| text(&call.json()["payload"]["body"]);
    say(&mut chief, &ops, "one")?;
    assert_eq!(body(receiving.taken()?.0), "one");
    chief.ok("user.disable", json!({"user": "ada"}))?;
    say(&mut chief, &ops, "between us")?;
    chief.ok("user.enable", json!({"user": "ada"}))?;
    say(&mut chief, &ops, "two")?;
    assert_eq!(body(receiving.taken()?.0), "two");
    // One that waits for its next try when the ban comes.
    receiving.plan(&[500]);
    say(&mut chief, &ops, "three")?;
    assert_eq!(receiving.next()?.answered, 500);
    chief.ok("user.ban", json!({"user": "ada", "for_s": 3600}))?;
    say(&mut chief, &ops, "nor this")?;
    // Longer than until the next try.
    assert!(receiving.calls.recv_timeout(std::time::Duration::from_secs(3)).is_err(), "nothing is told");
    chief.ok("user.unban", json!({"user": "ada"}))?;
    say(&mut chief, &ops, "four")?;
    assert_eq!(body(receiving.taken()?.0), "three");
    assert_eq!(body(receiving.taken()?.0), "four");
    Ok(())
}
