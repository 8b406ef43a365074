//! `send`: one message, done when the server has it on its disk.

use std::io::{IsTerminal, Read};
use std::time::Duration;

use chat_client::link::{Link, LinkError};
use chat_proto::{Body, ClientId, FileId, Position, SendMessage, Sent, Seq, Welcome, limits};
use tokio::time::sleep;

use super::args::SendArgs;
use super::failure::Failure;
use super::files;
use super::output::Output;
use super::target::{self, Place};
use super::who::Who;

/// Tries when the connection is cut or the server is busy. The id is the same each time, so the
/// message is never stored twice.
const TRIES: u32 = 6;

/// Wait before the second try; doubled each time.
const WAIT: Duration = Duration::from_millis(250);

/// The longest that a server may make one try wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Sends a message and prints its number.
///
/// # Errors
/// As the exit codes say; 0 means stored.
pub(crate) async fn send(who: &Who, args: SendArgs, out: &mut Output) -> Result<(), Failure> {
    let body = match &args.forward {
        // The server puts the forwarded text in its place.
        Some(from) => body(Some(format!("forwarded from {}:{}", from.target, from.seq)))?,
        // Files need no text, and do not wait for one on stdin.
        None if !args.files.is_empty() && args.text.is_none() => Body::default(),
        None => body(args.text.clone())?,
    };
    let files = match args.files.is_empty() {
        true => Vec::new(),
        false => files::upload_all(who, &args.target, &args.files).await?,
    };
    let files: Vec<FileId> = files.into_iter().map(|file| file.id).collect();
    let letter = Letter { body, files };
    let client_id = ClientId(uuid::Uuid::now_v7());
    let mut ask = None;
    let mut wait = WAIT;
    for _ in 1..TRIES {
        match attempt(who, &args, &mut ask, client_id, &letter).await {
            Ok(sent) => return print(&sent, client_id, out),
            Err(Attempt::Final(failure)) => return Err(failure),
            Err(Attempt::Again(asked)) => sleep(asked.unwrap_or(wait).min(LONGEST_WAIT)).await,
        }
        wait *= 2;
    }
    match attempt(who, &args, &mut ask, client_id, &letter).await {
        Ok(sent) => print(&sent, client_id, out),
        Err(Attempt::Final(failure)) => Err(failure),
        Err(Attempt::Again(_)) => Err(Failure::timed_out(
            "the server did not confirm the message; it may have been stored: look with chat-cli history",
        )),
    }
}

/// What is sent.
struct Letter {
    body: Body,
    files: Vec<FileId>,
}

enum Attempt {
    Final(Failure),
    Again(Option<Duration>),
}

async fn attempt(
    who: &Who,
    args: &SendArgs,
    known: &mut Option<SendMessage>,
    client_id: ClientId,
    letter: &Letter,
) -> Result<Sent, Attempt> {
    let (mut link, welcome) = match who.link().await {
        Ok(open) => open,
        // Nothing was sent yet: the person wants to know at once.
        Err(failure) if known.is_none() => return Err(Attempt::Final(failure)),
        Err(_) => return Err(Attempt::Again(None)),
    };
    let ask = match known {
        Some(ask) => ask,
        None => {
            let ask = prepare(&mut link, &welcome, args, client_id, letter).await;
            known.insert(ask.map_err(Attempt::Final)?)
        }
    };
    match link.request(ask.clone()).await {
        Ok(sent) => {
            link.close().await;
            Ok(sent)
        }
        Err(LinkError::Refused(error)) if error.temporary => {
            Err(Attempt::Again(error.retry_after_ms.map(Duration::from_millis)))
        }
        Err(error) if error.is_temporary() => Err(Attempt::Again(None)),
        Err(error) => Err(Attempt::Final(error.into())),
    }
}

/// Finds where the message goes and what it is tied to.
async fn prepare(
    link: &mut Link,
    welcome: &Welcome,
    args: &SendArgs,
    client_id: ClientId,
    letter: &Letter,
) -> Result<SendMessage, Failure> {
    let forward = match &args.forward {
        Some(Place { target, seq }) => {
            let conversation = target::find(link, welcome, target).await?.id;
            Some(Position { conversation, seq: *seq })
        }
        None => None,
    };
    let conversation = target::open(link, welcome, &args.target).await?.id;
    let (reply_to, thread) = (args.reply_to.map(Seq), args.thread.map(Seq));
    let plain = SendMessage::new(conversation, client_id, letter.body.clone());
    Ok(SendMessage { files: letter.files.clone(), action: args.me, reply_to, thread, forward, ..plain })
}

fn print(sent: &Sent, client_id: ClientId, out: &mut Output) -> Result<(), Failure> {
    let mut thing = serde_json::to_value(sent).unwrap_or_default();
    thing["client_id"] = client_id.to_string().into();
    out.put(&thing, || sent.seq.to_string())
}

/// A text from the command line, or from stdin.
///
/// # Errors
/// Says why it is no message.
pub(crate) fn body(text: Option<String>) -> Result<Body, Failure> {
    let text = match text.as_deref() {
        Some("-") => stdin()?,
        None if std::io::stdin().is_terminal() => {
            return Err(Failure::usage("there is no text; write it behind the target, or pipe it in"));
        }
        None => stdin()?,
        Some(text) => text.to_owned(),
    };
    let length = text.len();
    Body::new(text).map_err(|error| match error {
        chat_proto::TextError::Empty => Failure::usage("the message is empty; nothing was sent"),
        _ => Failure::usage(format!(
            "the message has {length} bytes or more, and at most {} fit in one; nothing was sent",
            limits::MESSAGE_BYTES
        )),
    })
}

/// All of stdin as one message, without the last line break.
///
/// # Errors
/// Says why it is no message.
pub(crate) fn stdin() -> Result<String, Failure> {
    // One byte and a line break more than fits, to tell what fits from what does not.
    let most = u64::try_from(limits::MESSAGE_BYTES).unwrap_or(u64::MAX).saturating_add(3);
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(Failure::usage)?;
    let text = String::from_utf8(bytes).map_err(|error| match error.utf8_error().error_len() {
        None if error.as_bytes().len() > limits::MESSAGE_BYTES => Failure::usage(format!(
            "the message has more than {} bytes; nothing was sent",
            limits::MESSAGE_BYTES
        )),
        _ => Failure::usage("the message is not UTF-8 text; nothing was sent"),
    })?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
