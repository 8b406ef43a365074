//! What a login is good for ends with it: also what is under way.

use std::io::Read;
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};
use chat_tests::{PASSWORD, Script, Server};
use serde_json::{Value, json};

use crate::scenarios::files::{http, noise, send};
use crate::scenarios::{kick, room, say, text};

/// More than both socket buffers and what is read ahead hold, so that a download stands still.
const LARGE: usize = 24 * 1024 * 1024;

fn login(server: &Server, name: &str) -> Result<Value> {
    Script::stranger(server)?.ok("auth.login", json!({"protocol": 1, "name": name, "password": PASSWORD}))
}

/// A download that has begun and an upload that has not ended, by the same token.
struct Transfers {
    down: TcpStream,
    up: TcpStream,
}

impl Transfers {
    fn begin(server: &Server, token: &str, file: &str) -> Result<Self> {
        let http = chat_tests::http::Http::new(server, token);
        let mut down = http.begin("GET", &format!("/files/{file}"), &[], 0)?;
        let mut first = [0; 512];
        down.read_exact(&mut first)?;
        ensure!(first.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&first));
        let upload = http.begin_upload("half.bin", 1_000_000)?;
        let up = http.patch_in_part(&upload, 0, 1_000_000, &noise(1_000))?;
        Ok(Self { down, up })
    }

    /// The rest of the file does not come, and the upload is refused while its sender is silent.
    fn have_ended(mut self, why: &str) -> Result<()> {
        let mut rest = Vec::new();
        // It is cut: an end too early, or a reset.
        let _ = self.down.read_to_end(&mut rest);
        ensure!(rest.len() < LARGE - 1_024 * 1_024, "{why}: {} bytes came", rest.len());
        let answer = chat_tests::http::read(&mut self.up).with_context(|| why.to_owned())?;
        ensure!(answer.status == 401, "{why}: {answer:?}");
        Ok(())
    }
}

#[test]
fn whatever_ends_a_login_ends_its_transfers() -> Result<()> {
    let server = Server::start()?;
    let mut chief = Script::register(&server, "chief")?;
    let mut lin = Script::register(&server, "lin")?;
    let id = room("deploys", &mut chief, &mut [&mut lin])?;
    let file = http(&server, &chief).upload("large.bin", &noise(LARGE))?;
    send(&mut chief, &id, "", &[&file])?;
    let begin = |token: &str| Transfers::begin(&server, token, &file);

    // One login ends, and what goes on by another goes on.
    let other = login(&server, "lin")?;
    let (ended, mut stays) = (begin(&text(&other["token"]))?, begin(&lin.own_token())?);
    lin.ok("session.revoke", json!({"session": other["session"]}))?;
    ended.have_ended("a revoked session")?;
    let mut rest = Vec::new();
    stays.down.read_to_end(&mut rest)?;
    ensure!(rest.len() > LARGE - 1_024, "another login's download goes on: {}", rest.len());
    chat_tests::http::cut(stays.up)?;

    let other = begin(&text(&login(&server, "lin")?["token"]))?;
    let mut phone = Script::login(&server, "lin")?;
    phone.ok("session.revoke", json!({}))?;
    other.have_ended("all others revoked")?;

    let other = begin(&text(&login(&server, "lin")?["token"]))?;
    phone.ok("account.password", json!({"current": PASSWORD, "password": "violet stapler battery"}))?;
    other.have_ended("a new password")?;
    let welcome = |server: &Server| -> Result<Value> {
        let again = json!({"protocol": 1, "name": "lin", "password": "violet stapler battery"});
        Script::stranger(server)?.ok("auth.login", again)
    };

    let mut out = Script::token(&server, "lin", &text(&welcome(&server)?["token"]))?;
    let other = begin(&out.own_token())?;
    out.ok("auth.logout", json!({}))?;
    other.have_ended("a logout")?;

    let token = text(&welcome(&server)?["token"]);
    let other = begin(&token)?;
    chief.ok("user.role", json!({"user": "lin", "role": "guest"}))?;
    other.have_ended("another role")?;

    let other = begin(&text(&welcome(&server)?["token"]))?;
    chief.ok("user.disable", json!({"user": "lin"}))?;
    other.have_ended("a disabled account")?;
    chief.ok("user.enable", json!({"user": "lin"}))?;

    let other = begin(&text(&welcome(&server)?["token"]))?;
    chief.ok("user.ban", json!({"user": "lin", "for_s": 3600}))?;
    other.have_ended("a ban")?;

    chief.barrier()
}

#[test]
fn who_was_banned_meanwhile_resumes_nothing() -> Result<()> {
    let server = Server::start()?;
    let mut chief = Script::register(&server, "chief")?;
    let mut lin = Script::register(&server, "lin")?;
    let mut mo = Script::register(&server, "mo")?;
    let id = room("deploys", &mut chief, &mut [&mut lin, &mut mo])?;
    let epoch = lin.welcome()["epoch"].clone();
    let (of_lin, of_mo) = (lin.own_token(), mo.own_token());
    let resume = json!({"epoch": epoch, "conversations": {id.as_str(): 1}});
    drop((lin, mo));
    chief.ok("user.ban", json!({"user": "lin", "for_s": 3600}))?;
    kick(&mut chief, &id, "mo")?;
    say(&mut chief, &id, "not for them")?;
    // The login and the resume in one go, as a client does that comes back.
    let mut back = Script::stranger(&server)?;
    let entry = back.start_request("auth.token", json!({"protocol": 1, "token": of_lin}))?;
    let catch_up = back.start_request("sync.resume", resume.clone())?;
    assert!(
        ["banned", "bad_credentials"].contains(&text(&back.reply(&entry)?.unwrap_err()["code"]).as_str())
    );
    assert_eq!(back.reply(&catch_up)?.unwrap_err()["code"], "login_required");
    // Put out of one room: all but that room.
    let mut back = Script::token(&server, "mo", &of_mo)?;
    let resumed = back.ok("sync.resume", resume)?;
    assert_eq!((&resumed["resumed"], &resumed["gone"]), (&json!([]), &json!([id])));
    back.expect_nothing_about("not for them")
}
