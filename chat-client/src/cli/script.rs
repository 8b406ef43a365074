//! `script`: the protocol itself, one frame a line, for tests and for programs in any language.
//!
//! Lines are sent in order; what the server says is printed in order, as it came. Refusals are
//! data here, not failures.

mod names;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use chat_client::address::ServerAddress;
use chat_client::link;
use chat_client::tls::Tls;
use chat_client::wire::{Heard, Wire};
use chat_proto::{PROTOCOL_VERSION, RequestKind, Secret};
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader, Lines};
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use super::output::{Output, harmless};
use names::Names;

/// What `--help` says about it.
pub(crate) const HELP: &str = "\
Each line is a frame as in PROTOCOL.md: {\"type\":\"message.send\",\"id\":\"1\",\"payload\":{…}}
The first line printed is the answer to the login; with --no-login it is the server's hello.

For convenience:
  \"conversation\":\"#room\", \"@user\" or \"@user,@other\" becomes the id, also in \"forward\"
  a missing \"client_id\" of message.send, room.create is made up
  a missing \"id\" of a request becomes \"auto-1\", \"auto-2\", …

Lines for the tool itself:
  {\"type\":\"script.sleep\",\"payload\":{\"ms\":100}}
  {\"type\":\"script.wait\",\"payload\":{\"type\":\"event\",\"kind\":\"message\",\"from\":\"ada\",\"timeout_ms\":5000}}
      waits for a frame that was not waited for before; fields are compared with its payload,
      \"id\" with its id, \"from\" with the author's name

Ends after the last line when all requests are answered. A connection that the server ends prints
{\"type\":\"closed\",\"payload\":{\"code\":4000,\"reason\":\"slow\"}} and exits 3; a script.wait that
waits in vain exits 4; a line that is not JSON exits 2.";

/// How long the answers to the last lines may take.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// How long `script.wait` waits when it does not say.
const WAIT: Duration = Duration::from_secs(10);

/// How long the answer to a request of the tool itself may take.
const OWN_ANSWER: Duration = Duration::from_secs(10);

/// Frames kept for `script.wait`; the oldest are forgotten.
const KEPT: usize = 10_000;

/// Before the ids of requests that the tool makes on its own; their answers are not printed.
const OWN: &str = "chat-cli-";

/// Runs a script.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(
    server: &ServerAddress,
    tls: &Tls,
    token: Option<&Secret>,
    file: Option<PathBuf>,
    out: &mut Output,
) -> Result<(), Failure> {
    let wire = link::connect(server, tls).await?;
    let mut script = Script {
        wire,
        out,
        names: Names::default(),
        asked: Vec::new(),
        kept: VecDeque::new(),
        own: None,
        own_asked: 0,
        auto: 0,
        hello: false,
        token: token.cloned(),
    };
    script.begin().await?;
    match file {
        Some(path) => {
            let shown = path.display().to_string();
            let opened = tokio::fs::File::open(path).await;
            let file = opened.map_err(|error| Failure::usage(format!("cannot read {shown}: {error}")))?;
            script.lines(BufReader::new(file).lines()).await?;
        }
        None => script.lines(BufReader::new(tokio::io::stdin()).lines()).await?,
    }
    script.last_answers().await?;
    script.wire.close().await;
    Ok(())
}

struct Script<'a> {
    wire: Wire,
    out: &'a mut Output,
    names: Names,
    /// The script's requests that are not answered.
    asked: Vec<String>,
    /// What came and was not waited for.
    kept: VecDeque<Value>,
    /// The answer to the tool's own request.
    own: Option<Value>,
    own_asked: u64,
    auto: u64,
    hello: bool,
    token: Option<Secret>,
}

impl Script<'_> {
    /// Hears the hello, and logs in if the script does not.
    async fn begin(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + OWN_ANSWER;
        while !self.hello {
            self.hear_until(deadline, "the server's hello").await?;
        }
        if let Some(token) = self.token.clone() {
            let payload = json!({ "protocol": PROTOCOL_VERSION, "token": token.expose() });
            self.send(&json!({ "type": "auth.token", "id": "login", "payload": payload })).await?;
            self.asked.push("login".to_owned());
            self.all_answered(deadline + OWN_ANSWER).await?;
        }
        Ok(())
    }

    async fn lines<R: AsyncBufRead + Unpin>(&mut self, mut lines: Lines<R>) -> Result<(), Failure> {
        let mut number = 0_u64;
        loop {
            tokio::select! {
                line = lines.next_line() => {
                    number += 1;
                    let unreadable = |error: std::io::Error| Failure::usage(format!("line {number}: {error}"));
                    match line.map_err(unreadable)? {
                        Some(line) => self.line(&line, number).await?,
                        None => return Ok(()),
                    }
                }
                heard = self.wire.next() => self.heard(heard)?,
            }
        }
    }

    async fn line(&mut self, line: &str, number: u64) -> Result<(), Failure> {
        if line.trim().is_empty() {
            return Ok(());
        }
        let mut frame: Value = serde_json::from_str(line)
            .map_err(|error| Failure::usage(format!("line {number} is not JSON: {error}")))?;
        let kind = frame["type"].as_str().unwrap_or_default().to_owned();
        match kind.as_str() {
            "script.sleep" => self.sleep(frame["payload"]["ms"].as_u64().unwrap_or_default()).await,
            "script.wait" => {
                self.resolve(&mut frame).await?;
                self.wait(&frame["payload"], number).await
            }
            _ => self.frame(frame, &kind).await,
        }
    }

    /// Sends a frame of the script.
    async fn frame(&mut self, mut frame: Value, kind: &str) -> Result<(), Failure> {
        let request = RequestKind::from_type(kind);
        if request.is_some() && frame.get("id").is_none() {
            self.auto += 1;
            frame["id"] = format!("auto-{}", self.auto).into();
        }
        let makes = matches!(request, Some(RequestKind::SendMessage | RequestKind::CreateRoom));
        if makes && frame["payload"].is_object() && frame["payload"].get("client_id").is_none() {
            frame["payload"]["client_id"] = uuid::Uuid::now_v7().to_string().into();
        }
        if !self.resolve(&mut frame).await? {
            return self.unknown_name(&frame);
        }
        if let Some(id) = frame["id"].as_str() {
            self.names.asked(id, request, &frame["payload"]);
            self.asked.push(id.to_owned());
        }
        self.send(&frame).await
    }

    /// Answers in the server's place for a conversation that nobody knows by that name.
    fn unknown_name(&mut self, frame: &Value) -> Result<(), Failure> {
        let message = format!("There is no conversation {} to be seen.", frame["payload"]["conversation"]);
        let payload = json!({ "code": "not_found", "message": message, "temporary": false });
        let mut answer = json!({ "type": "error", "payload": payload });
        if let Some(id) = frame.get("id") {
            answer["id"] = id.clone();
        }
        self.take(answer.to_string(), answer)
    }

    /// Puts ids in the place of names, wherever a conversation is named; false if there is none.
    async fn resolve(&mut self, frame: &mut Value) -> Result<bool, Failure> {
        let mut known = true;
        for place in ["/payload/conversation", "/payload/forward/conversation"] {
            let name = frame.pointer(place).and_then(Value::as_str).map(str::to_owned);
            if let Some(name) = name.filter(|name| name.starts_with(['#', '@'])) {
                let id = self.find(&name).await?;
                known &= id.is_some();
                if let (Some(id), Some(field)) = (id, frame.pointer_mut(place)) {
                    *field = id.into();
                }
            }
        }
        Ok(known)
    }

    /// The conversation called `#room`, `@user` or `@user,@other`.
    async fn find(&mut self, name: &str) -> Result<Option<String>, Failure> {
        if self.names.find(name).is_none() {
            // An answer under way may name it, and a room may just be made.
            self.all_answered(Instant::now() + OWN_ANSWER).await?;
        }
        for question in Names::questions(name) {
            if self.names.find(name).is_none() {
                let answer = self.ask(question).await?;
                self.names.learn_answer(name, &answer);
            }
        }
        Ok(self.names.find(name).map(str::to_owned))
    }

    /// Asks something for the tool itself; the answer is not printed.
    async fn ask(&mut self, mut question: Value) -> Result<Value, Failure> {
        self.own_asked += 1;
        question["id"] = format!("{OWN}{}", self.own_asked).into();
        self.send(&question).await?;
        let deadline = Instant::now() + OWN_ANSWER;
        loop {
            self.hear_until(deadline, "an answer").await?;
            if let Some(answer) = self.own.take() {
                return Ok(answer);
            }
        }
    }

    async fn sleep(&mut self, ms: u64) -> Result<(), Failure> {
        let deadline = Instant::now() + Duration::from_millis(ms);
        while let Ok(heard) = timeout_at(deadline, self.wire.next()).await {
            self.heard(heard)?;
        }
        Ok(())
    }

    async fn wait(&mut self, wanted: &Value, number: u64) -> Result<(), Failure> {
        let time = wanted["timeout_ms"].as_u64().map_or(WAIT, Duration::from_millis);
        let deadline = Instant::now() + time;
        loop {
            if let Some(at) = self.kept.iter().position(|frame| names::fits(frame, wanted)) {
                self.kept.remove(at);
                return Ok(());
            }
            self.hear_until(deadline, &format!("what line {number} waits for")).await?;
        }
    }

    async fn last_answers(&mut self) -> Result<(), Failure> {
        self.all_answered(Instant::now() + LAST_ANSWERS).await
    }

    async fn all_answered(&mut self, deadline: Instant) -> Result<(), Failure> {
        while !self.asked.is_empty() {
            let what = format!("the answer to request {:?}", self.asked[0]);
            self.hear_until(deadline, &what).await?;
        }
        Ok(())
    }

    async fn hear_until(&mut self, deadline: Instant, what: &str) -> Result<(), Failure> {
        match timeout_at(deadline, self.wire.next()).await {
            Ok(heard) => self.heard(heard),
            Err(_) => Err(Failure::timed_out(format!("{what} did not come in time"))),
        }
    }

    async fn send(&mut self, frame: &Value) -> Result<(), Failure> {
        match self.wire.send(vec![frame.to_string()]).await {
            Ok(()) => Ok(()),
            // What the server said before it ended the connection is still to be heard.
            Err(reason) => {
                let deadline = Instant::now() + OWN_ANSWER;
                while let Ok(heard) = timeout_at(deadline, self.wire.next()).await {
                    self.heard(heard)?;
                }
                Err(Failure::connect(reason))
            }
        }
    }

    fn heard(&mut self, heard: Heard) -> Result<(), Failure> {
        match heard {
            Heard::Alive => Ok(()),
            Heard::Text(text) => {
                let frame = serde_json::from_str(&text).unwrap_or_default();
                self.take(text, frame)
            }
            Heard::Closed { code, reason } => {
                let payload = json!({ "code": code, "reason": reason });
                self.out.raw(&json!({ "type": "closed", "payload": payload }).to_string())?;
                Err(Failure::connect("the server closed the connection"))
            }
        }
    }

    /// Prints a frame and keeps it, unless it is for the tool itself.
    fn take(&mut self, text: String, frame: Value) -> Result<(), Failure> {
        if frame["type"] == "hello" {
            self.hello = true;
            if self.token.is_some() {
                return Ok(());
            }
        }
        if let Some(id) = frame["id"].as_str() {
            if id.starts_with(OWN) {
                self.own = Some(frame);
                return Ok(());
            }
            if let Some(at) = self.asked.iter().position(|asked| asked == id) {
                self.asked.remove(at);
            }
        }
        self.names.learn(&frame);
        self.out.raw(&harmless(&text))?;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(frame);
        Ok(())
    }
}
