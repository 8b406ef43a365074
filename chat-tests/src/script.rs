//! `chat-cli script` as a test driver: JSON lines in, replies and pushes out.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{DEADLINE, Folder, PASSWORD, Running, Server, Signal, bin};

/// A fresh id for a message or a room.
#[must_use]
pub fn uuid() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A connection held by a `chat-cli script` process with a folder of its own.
pub struct Script {
    who: String,
    running: Running,
    // Held for its end: the folder goes with the process.
    _dir: Folder,
    /// What came and was not asked for yet, in order.
    waiting: VecDeque<Value>,
    requests: u64,
    /// The answer to the login.
    welcome: Value,
    token: String,
}

impl Script {
    /// Connects without logging in; the first line is the server's `hello`.
    ///
    /// # Errors
    /// It cannot connect.
    pub fn stranger(server: &Server) -> Result<Self> {
        let trust = server.fingerprint()?;
        Self::launch("stranger", &server.url(), &[("CHAT_TRUST", &trust)], &["--no-login"])
    }

    /// Makes an account on a server that is open, and stays logged in as it.
    ///
    /// # Errors
    /// The server refuses.
    pub fn register(server: &Server, name: &str) -> Result<Self> {
        Self::register_with(server, name, None)
    }

    /// Makes an account with an invite, and stays logged in as it.
    ///
    /// # Errors
    /// The server refuses.
    pub fn register_with(server: &Server, name: &str, invite: Option<&str>) -> Result<Self> {
        let mut payload = json!({"protocol": 1, "name": name, "password": PASSWORD, "device": "script"});
        if let Some(invite) = invite {
            payload["invite"] = invite.into();
        }
        Self::stranger(server)?.authenticate(name, "auth.register", payload)
    }

    /// Logs in by token, by frames of its own.
    ///
    /// # Errors
    /// The server refuses.
    pub fn token(server: &Server, name: &str, token: &str) -> Result<Self> {
        let payload = json!({"protocol": 1, "token": token});
        let mut script = Self::stranger(server)?.authenticate(name, "auth.token", payload)?;
        script.token = token.to_owned();
        Ok(script)
    }

    /// Logs in the way a person's script does: by name and password from the environment.
    ///
    /// # Errors
    /// The server refuses.
    pub fn login(server: &Server, name: &str) -> Result<Self> {
        let trust = server.fingerprint()?;
        let credentials = [("CHAT_USER", name), ("CHAT_PASSWORD", PASSWORD), ("CHAT_TRUST", trust.as_str())];
        let mut script = Self::launch(name, &server.url(), &credentials, &[])?;
        let welcome = script.next_frame().context("the first line should be the welcome")?;
        ensure!(welcome["type"] == "ok", "{name} cannot log in: {welcome}");
        script.welcome = welcome["payload"].clone();
        Ok(script)
    }

    /// Makes an account at this address.
    ///
    /// # Errors
    /// It cannot connect, or is refused.
    pub fn register_at(url: &str, name: &str) -> Result<Self> {
        Self::register_by(url, &[], name)
    }

    /// Makes an account at this address, whatever stands between it and a server, by these authorities.
    ///
    /// # Errors
    /// It cannot connect, or is refused.
    pub fn register_trusting(url: &str, ca_file: &Path, name: &str) -> Result<Self> {
        Self::register_by(url, &["--ca-file", &ca_file.to_string_lossy()], name)
    }

    fn register_by(url: &str, more: &[&str], name: &str) -> Result<Self> {
        let payload = json!({"protocol": 1, "name": name, "password": PASSWORD, "device": "script"});
        let arguments = [&["--no-login"], more].concat();
        Self::launch("stranger", url, &[], &arguments)?.authenticate(name, "auth.register", payload)
    }

    fn authenticate(mut self, name: &str, kind: &str, payload: Value) -> Result<Self> {
        self.who = name.to_owned();
        self.expect("hello", |_| true)?;
        self.welcome = self.ok(kind, payload)?;
        self.token = self.welcome["token"].as_str().unwrap_or_default().to_owned();
        Ok(self)
    }

    fn launch(who: &str, url: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Result<Self> {
        let dir = Folder::new("chat-script-")?;
        let command = Self::command(dir.path(), url, environment, arguments)?;
        let running = Running::start(command)?;
        Ok(Self {
            who: who.to_owned(),
            running,
            _dir: dir,
            waiting: VecDeque::new(),
            requests: 0,
            welcome: Value::Null,
            token: String::new(),
        })
    }

    fn command(dir: &Path, url: &str, env: &[(&str, &str)], arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(bin("chat-cli")?);
        command.arg("script").args(arguments).arg("--data-dir").arg(dir);
        command.env("CHAT_SERVER", url).envs(env.iter().copied());
        Ok(command)
    }

    /// The answer to the login.
    #[must_use]
    pub fn welcome(&self) -> &Value {
        &self.welcome
    }

    /// The own user id.
    #[must_use]
    pub fn user_id(&self) -> String {
        self.welcome["user"]["id"].as_str().unwrap_or_default().to_owned()
    }

    /// The own name.
    #[must_use]
    pub fn name(&self) -> String {
        self.welcome["user"]["name"].as_str().unwrap_or_default().to_owned()
    }

    /// The token that the login gave, or was done with.
    #[must_use]
    pub fn own_token(&self) -> String {
        self.token.clone()
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Sends one line as it is.
    ///
    /// # Errors
    /// The process is gone.
    pub fn send_line(&mut self, line: &str) -> Result<()> {
        self.running.write_line(line)
    }

    /// Sends a signal of the protocol, a frame without id.
    ///
    /// # Errors
    /// The process is gone.
    pub fn tell(&mut self, kind: &str, payload: Value) -> Result<()> {
        self.send_line(&json!({"type": kind, "payload": payload}).to_string())
    }

    /// Sends a request and returns its id without waiting.
    ///
    /// # Errors
    /// The process is gone.
    pub fn start_request(&mut self, kind: &str, payload: Value) -> Result<String> {
        self.requests += 1;
        let id = format!("t{}", self.requests);
        self.send_line(&json!({"type": kind, "id": id, "payload": payload}).to_string())?;
        Ok(id)
    }

    /// The reply to a request: the payload of its `ok`, or of its `error`. Pushes that come before
    /// it are kept for [`Script::expect`].
    ///
    /// # Errors
    /// No reply came.
    pub fn reply(&mut self, id: &str) -> Result<Result<Value, Value>> {
        let is_reply =
            |frame: &Value| frame["id"] == id && (frame["type"] == "ok" || frame["type"] == "error");
        let mut frame = self.take(&format!("the reply to {id}"), is_reply)?;
        let payload = frame["payload"].take();
        Ok(if frame["type"] == "ok" { Ok(payload) } else { Err(payload) })
    }

    /// Asks and waits for the reply.
    ///
    /// # Errors
    /// No reply came. A refusal is not an error here.
    pub fn request(&mut self, kind: &str, payload: Value) -> Result<Result<Value, Value>> {
        let id = self.start_request(kind, payload)?;
        self.reply(&id)
    }

    /// Asks for something that must be granted.
    ///
    /// # Errors
    /// It was refused.
    pub fn ok(&mut self, kind: &str, payload: Value) -> Result<Value> {
        match self.request(kind, payload.clone())? {
            Ok(answer) => Ok(answer),
            Err(error) => bail!("{}: {kind} {payload} was refused: {error}", self.who),
        }
    }

    /// Asks for something that must be refused, and returns the error's code.
    ///
    /// # Errors
    /// It was granted.
    pub fn refused(&mut self, kind: &str, payload: Value) -> Result<String> {
        match self.request(kind, payload.clone())? {
            Ok(answer) => bail!("{}: {kind} {payload} was granted: {answer}", self.who),
            Err(error) => Ok(error["code"].as_str().unwrap_or_default().to_owned()),
        }
    }

    /// Waits for a push of that type whose payload fits, and returns the payload. Others are kept.
    ///
    /// # Errors
    /// None came.
    pub fn expect(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let wanted =
            |frame: &Value| frame["type"] == kind && frame["id"].is_null() && fits(&frame["payload"]);
        Ok(self.take(&format!("a fitting {kind}"), wanted)?["payload"].take())
    }

    /// The next push, if one comes within this time: for programs that live beside the chat.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn push_within(&mut self, time: Duration) -> Result<Option<Value>> {
        if let Some(frame) = self.waiting.pop_front() {
            return Ok(Some(frame));
        }
        match self.running.line_within(time)? {
            Some(line) => Ok(Some(serde_json::from_str(&line)?)),
            None => Ok(None),
        }
    }

    /// Waits for the message with that body.
    ///
    /// # Errors
    /// It did not come.
    pub fn expect_message(&mut self, body: &str) -> Result<Value> {
        self.expect("event", |event| event["kind"] == "message" && event["body"] == body)
    }

    /// Makes sure that no such push has come: everything that the server had put on the way to
    /// this connection is here when the reply to a `ping` is.
    ///
    /// # Errors
    /// One has.
    pub fn expect_none(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Result<()> {
        self.barrier()?;
        let found = self.waiting.iter().find(|frame| frame["type"] == kind && fits(&frame["payload"]));
        ensure!(found.is_none(), "{} should not have got {}", self.who, found.unwrap_or(&Value::Null));
        Ok(())
    }

    /// Makes sure that nothing that has come has this text anywhere in it, after a barrier.
    ///
    /// # Errors
    /// Something has.
    pub fn expect_nothing_about(&mut self, text: &str) -> Result<()> {
        self.barrier()?;
        let found = self.waiting.iter().find(|frame| frame.to_string().contains(text));
        ensure!(found.is_none(), "{} should not have got {}", self.who, found.unwrap_or(&Value::Null));
        Ok(())
    }

    /// Takes the pushes that have come and were not asked for, after a barrier.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn pushes(&mut self) -> Result<Vec<Value>> {
        self.barrier()?;
        Ok(self.waiting.drain(..).collect())
    }

    /// A round trip: what the server sent before it is here afterwards.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn barrier(&mut self) -> Result<()> {
        self.ok("ping", json!({})).map(drop)
    }

    /// Forgets what came and was not asked for, after a barrier.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn forget(&mut self) -> Result<()> {
        self.barrier()?;
        self.waiting.clear();
        Ok(())
    }

    /// Waits for the line that tells of a cut connection, and returns the close code.
    ///
    /// # Errors
    /// It was not cut.
    pub fn expect_closed(&mut self) -> Result<u64> {
        let closed = self.expect("closed", |_| true)?;
        closed["code"].as_u64().with_context(|| format!("no code in {closed}"))
    }

    /// Everything that came and will come until the process ends by itself.
    ///
    /// # Errors
    /// It does not end.
    pub fn rest(mut self) -> Result<Vec<Value>> {
        let until = Instant::now() + DEADLINE;
        let mut frames: Vec<Value> = self.waiting.drain(..).collect();
        while let Some(line) = self.running.line(until)? {
            frames.push(serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))?);
        }
        self.running.wait()?;
        Ok(frames)
    }

    /// Ends the input and waits for the process to end by itself.
    ///
    /// # Errors
    /// It does not.
    pub fn finish(mut self) -> Result<ExitStatus> {
        self.running.close_stdin();
        self.running.wait()
    }

    /// Waits for the process to end by itself.
    ///
    /// # Errors
    /// It does not.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.running.wait()
    }

    /// Ends the process at once: the connection is cut without a goodbye.
    pub fn kill(mut self) {
        self.running.kill();
    }

    /// Sends the process a signal.
    ///
    /// # Errors
    /// It has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        self.running.signal(signal)
    }

    /// Takes the first frame that fits, of those that wait or come before the deadline.
    fn take(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        if let Some(at) = self.waiting.iter().position(&fits)
            && let Some(frame) = self.waiting.remove(at)
        {
            return Ok(frame);
        }
        loop {
            let frame = self.next_frame().with_context(|| self.instead_of(what))?;
            if fits(&frame) {
                return Ok(frame);
            }
            self.waiting.push_back(frame);
        }
    }

    fn next_frame(&mut self) -> Result<Value> {
        let Some(line) = self.running.line(Instant::now() + DEADLINE)? else {
            self.running.wait()?;
            bail!("chat-cli script has ended\n{}", self.running.stderr_to_the_end());
        };
        serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))
    }

    fn instead_of(&self, what: &str) -> String {
        let mut text = format!("{}: {what} did not come; instead:", self.who);
        for frame in &self.waiting {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n  {frame}");
        }
        text
    }
}
