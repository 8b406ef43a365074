//! `send`: one message, done when the server has it on its disk.

use std::io::{IsTerminal, Read};
use std::time::Duration;

use chat_client::link::LinkError;
use chat_proto::{Body, ClientId, Conversation, SendMessage, Sent, limits};
use tokio::time::sleep;

use super::failure::Failure;
use super::output::Output;
use super::target::{self, Target};
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
pub(crate) async fn send(
    who: &Who,
    to: &Target,
    text: Option<String>,
    out: &mut Output,
) -> Result<(), Failure> {
    let body = body(text)?;
    let client_id = ClientId(uuid::Uuid::now_v7());
    let mut conversation = None;
    let mut wait = WAIT;
    for _ in 1..TRIES {
        match attempt(who, to, &mut conversation, client_id, &body).await {
            Ok(sent) => return print(&sent, client_id, out),
            Err(Attempt::Final(failure)) => return Err(failure),
            Err(Attempt::Again(asked)) => sleep(asked.unwrap_or(wait).min(LONGEST_WAIT)).await,
        }
        wait *= 2;
    }
    match attempt(who, to, &mut conversation, client_id, &body).await {
        Ok(sent) => print(&sent, client_id, out),
        Err(Attempt::Final(failure)) => Err(failure),
        Err(Attempt::Again(_)) => Err(Failure::timed_out(
            "the server did not confirm the message; it may have been stored: look with chat-cli history",
        )),
    }
}

enum Attempt {
    Final(Failure),
    Again(Option<Duration>),
}

async fn attempt(
    who: &Who,
    to: &Target,
    known: &mut Option<Conversation>,
    client_id: ClientId,
    body: &Body,
) -> Result<Sent, Attempt> {
    let (mut link, welcome) = match who.link().await {
        Ok(open) => open,
        // Nothing was sent yet: the person wants to know at once.
        Err(failure) if known.is_none() => return Err(Attempt::Final(failure)),
        Err(_) => return Err(Attempt::Again(None)),
    };
    if known.is_none() {
        *known = Some(target::open(&mut link, &welcome, to).await.map_err(Attempt::Final)?);
    }
    let Some(conversation) = known.as_ref().map(|row| row.id) else { return Err(Attempt::Again(None)) };
    let sent = link.request(SendMessage::new(conversation, client_id, body.clone())).await;
    match sent {
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

fn print(sent: &Sent, client_id: ClientId, out: &mut Output) -> Result<(), Failure> {
    let mut thing = serde_json::to_value(sent).unwrap_or_default();
    thing["client_id"] = client_id.to_string().into();
    out.put(&thing, || sent.seq.to_string())
}

fn body(text: Option<String>) -> Result<Body, Failure> {
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
fn stdin() -> Result<String, Failure> {
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
