//! Who somebody is: proven once, by every way in alike, and never by a name that looks right.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use chat_proto::RequestKind;
use chat_tests::http::{Http, read};
use chat_tests::{DEADLINE, Options, PASSWORD, Script, Server, Signal, uuid};
use serde_json::{Value, json};

use super::{answer, root, sources};
use crate::raw_socket::{Heard, RawSocket, tcp};
use crate::scenarios::{ada_and_lin, bot, message, room, text};

fn login(name: &str, password: &str) -> Value {
    json!({"protocol": 1, "name": name, "password": password})
}

/// What an authenticator with this secret showed half a minute ago, which is still taken.
fn earlier_code(secret: &str) -> Result<String> {
    let secret = totp_rs::Secret::try_from_base32(secret).map_err(|_| anyhow::anyhow!("no Base32"))?;
    let totp = totp_rs::Builder::new().with_secret(secret).build()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    Ok(totp.generate(now - 30).to_string())
}

/// Logs in, with further fields; who guessed before waits as long as is said.
fn try_login(script: &mut Script, payload: &Value) -> Result<Result<Value, Value>> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match script.request("auth.login", payload.clone())? {
            Err(refused) if refused["code"] == "rate_limited" && Instant::now() < deadline => {
                let wait = refused["retry_after_ms"].as_u64().context("how long")?;
                std::thread::sleep(std::time::Duration::from_millis(wait));
            }
            other => return Ok(other),
        }
    }
}

#[test]
fn half_a_login_is_none_on_any_transport() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let before = text(&Script::stranger(&server)?.ok("auth.login", login("ada", PASSWORD))?["token"]);
    let file = Http::new(&server, &before).upload("a.txt", b"hello")?;
    let setup = ada.ok("totp.begin", json!({"password": PASSWORD}))?;
    let made = ada.ok("totp.confirm", json!({"code": earlier_code(&text(&setup["secret"]))?}))?;
    let recovery: Vec<String> = made["codes"].as_array().context("codes")?.iter().map(text).collect();

    // What was given without the second factor is void on both transports.
    let mut stranger = Script::stranger(&server)?;
    let by_token = json!({"protocol": 1, "token": before});
    assert_eq!(stranger.refused("auth.token", by_token)?, "bad_credentials");
    assert_eq!(Http::new(&server, &before).get(&file, &[])?.status, 401);

    // The right password alone gives nothing that anything accepts.
    let mut half = Script::stranger(&server)?;
    let refused = try_login(&mut half, &login("ada", PASSWORD))?.unwrap_err();
    assert_eq!(refused["code"], "second_factor_required");
    let told: BTreeSet<&str> = refused.as_object().context("an error")?.keys().map(String::as_str).collect();
    assert!(
        told.is_subset(&BTreeSet::from(["code", "message", "temporary"])),
        "no ticket is given: {refused}"
    );
    for (kind, payload) in [
        ("sync.resume", json!({"epoch": ada.welcome()["epoch"], "conversations": {id.as_str(): 0}})),
        ("message.send", message(&id, &uuid(), "half in")),
        ("totp.disable", json!({"password": PASSWORD})),
        ("account.password", json!({"current": PASSWORD, "password": "violet stapler battery"})),
    ] {
        assert_eq!(half.refused(kind, payload)?, "login_required", "{kind}");
    }
    for guess in [PASSWORD, "ada", "", &recovery[0]] {
        assert_eq!(Http::new(&server, guess).get(&file, &[])?.status, 401, "{guess:?}");
    }
    let basic = [("Authorization", "Basic YWRhOmNvcnJlY3QgaG9yc2UgYmF0dGVyeSBzdGFwbGU=")];
    assert_eq!(Http::stranger(&server).get(&file, &basic)?.status, 401, "no other way to prove it");

    // A whole one does.
    let mut whole = login("ada", PASSWORD);
    whole["code"] = recovery[1].clone().into();
    let welcome = try_login(&mut half, &whole)?.map_err(|refused| anyhow::anyhow!("{refused}"))?;
    assert_eq!(Http::new(&server, &text(&welcome["token"])).get(&file, &[])?.body, b"hello");
    ada.barrier()
}

#[test]
fn an_author_is_who_logged_in_whatever_the_frame_says() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let mut forged = message(&id, &uuid(), "signed by somebody else");
    for field in ["author", "user", "from", "by", "as", "sender"] {
        forged[field] = json!({"id": ada.user_id(), "name": "ada"});
    }
    forged["session"] = ada.welcome()["session"].clone();
    forged["seq"] = 1.into();
    forged["at"] = 0.into();
    lin.ok("message.send", forged)?;
    let told = ada.expect_message("signed by somebody else")?;
    assert_eq!(told["author"], json!({"id": lin.user_id(), "name": "lin"}));
    assert!(told["seq"].as_u64() > Some(1) && told["at"].as_i64() > Some(0), "{told}");
    // Beside the payload it helps as little.
    let mut raw = RawSocket::register(&server, "mallory")?;
    let join = json!({"type": "room.join", "id": "j", "user": ada.user_id(), "payload": {"room": "deploys"}});
    raw.send(&join.to_string())?;
    answer(&mut raw, "j")?;
    let frame = json!({
        "type": "message.send", "id": "m", "user": ada.user_id(), "token": ada.own_token(),
        "payload": message(&id, &uuid(), "and again"),
    });
    raw.send(&frame.to_string())?;
    answer(&mut raw, "m")?;
    assert_eq!(ada.expect_message("and again")?["author"]["name"], "mallory");
    // Another login on a line that has one changes nobody.
    let again = json!({"type": "auth.login", "id": "l", "payload": login("ada", PASSWORD)});
    raw.send(&again.to_string())?;
    assert_eq!(answer(&mut raw, "l")?["payload"]["code"], "already_logged_in");
    Ok(())
}

#[test]
fn no_second_person_looks_like_the_first() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "paypal")?;
    let mut stranger = Script::stranger(&server)?;
    for (name, code) in [
        ("PayPal", "name_taken"),
        ("ＰａｙＰａｌ", "name_taken"),
        ("ｐaypal", "name_taken"),
        ("pаypаl", "name_taken"), // Cyrillic а
        ("рауpal", "name_taken"), // Cyrillic р, а, у
        ("paypa1", "name_taken"), // digit one for l
        ("pay\u{200d}pal", "invalid"),
        ("pay\u{ad}pal", "invalid"),
        ("pay\u{202e}pal", "invalid"),
        ("paypal\u{0}", "invalid"),
        ("paypal ", "name_taken"),
        ("server", "name_taken"),
    ] {
        let refused = stranger.request("auth.register", login(name, PASSWORD))?;
        let Err(refused) = refused else { anyhow::bail!("{name:?} was taken") };
        assert_eq!(refused["code"], code, "{name:?}: {refused}");
        // A connection has few tries.
        stranger = Script::stranger(&server)?;
    }
    // A capital i is none any more when anybody sees it.
    let welcome = stranger.ok("auth.register", login("paypaI", PASSWORD))?;
    assert_eq!(welcome["user"]["name"], "paypai");
    // One account, however its name is typed; another that only begins or ends like it is none.
    for (typed, is_hers) in
        [("PAYPAL", true), ("ｐａｙｐａｌ", true), ("paypa", false), ("xpaypal", false), ("pay%", false)]
    {
        let mut stranger = Script::stranger(&server)?;
        match try_login(&mut stranger, &login(typed, PASSWORD))? {
            Ok(welcome) => {
                assert!(is_hers, "{typed:?}");
                assert_eq!(welcome["user"]["id"], ada.user_id());
            }
            Err(refused) => assert!(!is_hers, "{typed:?}: {refused}"),
        }
    }
    ada.barrier()
}

#[test]
fn an_unknown_name_costs_a_hash_like_a_known_one() -> Result<()> {
    let more = vec!["--metrics-listen".to_owned(), "127.0.0.1:0".to_owned()];
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    bot(&server, &mut ada, "robo", &["read"])?;
    let log = server.log();
    let address = log.split("metrics are at http://").nth(1).context("no metrics")?;
    let address = address.split('/').next().context("no address")?.to_owned();
    let hashes = || -> Result<u64> {
        let mut stream = std::net::TcpStream::connect(&address)?;
        std::io::Write::write_all(
            &mut stream,
            b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )?;
        let page = String::from_utf8(read(&mut stream)?.body)?;
        let line =
            page.lines().find(|line| line.starts_with("chat_hash_seconds_count")).context("no count")?;
        Ok(line.rsplit(' ').next().context("no number")?.parse()?)
    };
    let mut answers = Vec::new();
    for name in ["ada", "nobody", "robo", "not a name at all"] {
        let before = hashes()?;
        let mut stranger = Script::stranger(&server)?;
        let refused = stranger.request("auth.login", login(name, "not the password"))?.unwrap_err();
        answers.push((refused, hashes()? - before));
    }
    assert_eq!(answers[0].0["code"], "bad_credentials");
    assert_eq!(answers[0].1, 1);
    for other in &answers[1..3] {
        assert_eq!(*other, answers[0]);
    }
    // What can be no name is either refused like the others or for its form, which tells nothing.
    assert!(["bad_credentials", "invalid"].contains(&answers[3].0["code"].as_str().unwrap_or_default()));
    // A reset code that nobody has, for an account and for none.
    let reset =
        json!({"protocol": 1, "reset": "AAAA-BBBB-CCCC-DDDD-EEEE", "password": "violet stapler battery"});
    assert_eq!(Script::stranger(&server)?.refused("auth.reset", reset)?, "reset_invalid");
    Ok(())
}

/// Every secret that is handed out, in every file of the server afterwards.
#[test]
fn tokens_and_codes_are_long_random_and_stored_as_hashes() -> Result<()> {
    let mut server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let id = room("deploys", &mut ada, &mut [])?;
    Script::register(&server, "lin")?;
    let mut tokens = Vec::new();
    for n in 0..8 {
        tokens.push(text(&Script::stranger(&server)?.ok("auth.login", login("ada", PASSWORD))?["token"]));
        tokens.push(text(
            &ada.ok("bot.create", json!({"name": format!("robo{n}"), "scopes": ["read"]}))?["token"],
        ));
    }
    let hook = ada.ok("incoming.create", json!({"conversation": id, "name": "ci"}))?;
    let path = text(&hook["path"]);
    tokens.push(path.rsplit('/').next().context("no secret")?.to_owned());
    for token in &tokens {
        ensure!(token.len() >= 43, "256 bits are 43 letters: {token}");
        let letters: BTreeSet<char> = token.chars().collect();
        ensure!(letters.len() >= 16, "little chance is in {token}");
    }
    // Any two differ in most places: no counter, no clock, no common beginning.
    for (n, one) in tokens.iter().enumerate() {
        for other in &tokens[n + 1..] {
            let same = one.chars().zip(other.chars()).filter(|(a, b)| a == b).count();
            ensure!(same < 12, "{one} and {other} are alike");
        }
    }
    let mut codes =
        vec![server.invite()?, text(&ada.ok("invite.create", json!({"role": "member"}))?["code"])];
    codes.push(text(&ada.ok("user.reset", json!({"user": "lin"}))?["code"]));
    for code in &codes {
        ensure!(code.len() == 24, "100 bits are five groups of four: {code}");
    }
    let setup = ada.ok("totp.begin", json!({"password": PASSWORD}))?;
    let made = ada.ok("totp.confirm", json!({"code": earlier_code(&text(&setup["secret"]))?}))?;
    codes.extend(made["codes"].as_array().context("codes")?.iter().map(text));
    let all: BTreeSet<&String> = tokens.iter().chain(&codes).collect();
    assert_eq!(all.len(), tokens.len() + codes.len(), "none is there twice");

    server.signal(Signal::Terminate)?;
    server.wait()?;
    let log = server.log();
    let mut holds = Vec::new();
    files(&server.data_dir(), &mut holds)?;
    ensure!(holds.iter().any(|(path, _)| path.ends_with(".sqlite")), "no database was found");
    for secret in all.into_iter().map(String::as_str).chain([PASSWORD]) {
        let bare = secret.replace('-', "");
        for (path, bytes) in &holds {
            for form in [secret, &bare] {
                let found =
                    bytes.windows(form.len()).any(|window| window.eq_ignore_ascii_case(form.as_bytes()));
                ensure!(!found, "{form} stands in {path}");
            }
        }
        ensure!(!log.contains(secret), "{secret} was logged");
    }
    Ok(())
}

fn files(folder: &std::path::Path, into: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, into)?;
        } else if path.is_file() {
            into.push((path.display().to_string(), std::fs::read(&path)?));
        }
    }
    Ok(())
}

/// Secrets are found by their hash, codes of the second factor are compared by `totp-rs` and
/// passwords by `argon2`, all in constant time; two hashes by `subtle`.
#[test]
fn no_code_compares_secrets_by_itself() -> Result<()> {
    let mut files = Vec::new();
    sources(&root().join("chat-server/src"), &mut files)?;
    ensure!(files.len() > 100, "the sources were not found");
    for (path, text) in &files {
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in product.lines().enumerate() {
            let compares = line.contains("==") || line.contains("!=") || line.contains(".eq(");
            let is_secret = ["expose()", "hash.0", "token_hash", "code_hash", "secret_hash"];
            // In SQL one `=`: the index finds a hash.
            let is_sql = line.contains("= ?");
            let is_found = compares && !is_sql && is_secret.iter().any(|word| line.contains(word));
            ensure!(!is_found, "{}:{}: {}", path.display(), number + 1, line.trim());
        }
    }
    let auth = std::fs::read_to_string(root().join("chat-server/src/auth.rs"))?;
    ensure!(auth.contains("ct_eq"), "hashes are compared in constant time");
    Ok(())
}

#[test]
fn before_the_login_every_other_request_is_refused() -> Result<()> {
    let (server, mut ada, _lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [])?;
    // All that can be asked before it is said who asks.
    let open = [
        RequestKind::Register,
        RequestKind::Login,
        RequestKind::Token,
        RequestKind::Reset,
        RequestKind::OidcBegin,
        RequestKind::OidcPoll,
        RequestKind::Ping,
    ];
    let mut asked = 0;
    let rest: Vec<RequestKind> =
        RequestKind::ALL.iter().copied().filter(|kind| !open.contains(kind)).collect();
    let examples = super::requests::examples();
    // A connection has few frames before its login.
    for kinds in rest.chunks(12) {
        let mut raw = RawSocket::connect(&server)?;
        for kind in kinds {
            let payload = examples.get(kind.as_str()).with_context(|| format!("no example of {kind:?}"))?;
            let frame = json!({"type": kind.as_str(), "id": "q", "payload": payload});
            raw.send(&frame.to_string())?;
            let Heard::Frame(frame) = raw.hear()? else { anyhow::bail!("{kind:?} ended the connection") };
            assert_eq!(frame["payload"]["code"], "login_required", "{kind:?}: {frame}");
            asked += 1;
        }
        raw.send(&json!({"type": "typing", "payload": {"conversation": id, "active": true}}).to_string())?;
        assert!(matches!(raw.hear()?, Heard::Frame(frame) if frame["payload"]["code"] == "login_required"));
    }
    assert_eq!(asked + open.len(), RequestKind::ALL.len());
    ada.expect_none("typing", |_| true)?;
    // Nor by the other doors of the same address.
    for (method, path) in
        [("GET", "/metrics"), ("GET", "/debug/pprof"), ("POST", "/files"), ("GET", "/admin")]
    {
        let answer = Http::stranger(&server).ask(method, path, &[], b"")?;
        assert!((400..500).contains(&answer.status), "{method} {path}: {answer:?}");
    }
    drop(tcp(&server)?);
    Ok(())
}
