//! The commands about a message that is there already: edit, delete, react, pin, pins, versions,
//! thread.

use chat_proto::{
    DeleteMessage, EditMessage, Emoji, GetThread, ListPins, ListVersions, PinMessage, React, Seq,
};

use super::args::MessageArgs;
use super::failure::Failure;
use super::look;
use super::output::{Output, local_time};
use super::send;
use super::target::{self, Spot, Target};
use super::who::Who;
use super::words::set_in;

/// Most pages of a thread; a server that has always more is not sane.
const PAGES: usize = 10_000;

/// Changes the text of a message.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn edit(
    who: &Who,
    message: &MessageArgs,
    text: Option<String>,
    out: &mut Output,
) -> Result<(), Failure> {
    let body = send::body(text)?;
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, &message.target).await?.id;
    let position = link.request(EditMessage { conversation, seq: Seq(message.seq), body }).await?;
    link.close().await;
    out.put(&position, || format!("edited {}", message.seq))
}

/// Deletes a message.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn delete(who: &Who, message: &MessageArgs, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, &message.target).await?.id;
    let position = link.request(DeleteMessage { conversation, seq: Seq(message.seq) }).await?;
    link.close().await;
    out.put(&position, || format!("deleted {}", message.seq))
}

/// Puts a reaction, or takes it back.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn react(
    who: &Who,
    message: &MessageArgs,
    emoji: Emoji,
    on: bool,
    out: &mut Output,
) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, &message.target).await?.id;
    let ask = React { conversation, seq: Seq(message.seq), emoji: emoji.clone(), on };
    let state = link.request(ask).await?;
    link.close().await;
    out.put(&state, || match on {
        true => format!("reacted with {emoji} to {}", message.seq),
        false => format!("took {emoji} back from {}", message.seq),
    })
}

/// Pins a message, or unpins it.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn pin(who: &Who, message: &MessageArgs, on: bool, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, &message.target).await?.id;
    let state = link.request(PinMessage { conversation, seq: Seq(message.seq), on }).await?;
    link.close().await;
    let done = if on { "pinned" } else { "unpinned" };
    out.put(&state, || format!("{done} {}", message.seq))
}

/// Prints the pinned messages, oldest first.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn pins(who: &Who, target: &Target, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let row = target::find(&mut link, &welcome, target).await?;
    let pins = link.request(ListPins { conversation: row.id }).await?;
    let printed = look::print(&mut link, &row, &pins.events, true, out).await;
    link.close().await;
    printed
}

/// Prints the earlier texts of a message, oldest first.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn versions(who: &Who, message: &MessageArgs, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, &message.target).await?.id;
    let answer = link.request(ListVersions { conversation, seq: Seq(message.seq) }).await?;
    link.close().await;
    answer.versions.iter().try_for_each(|version| {
        let time = local_time(version.at, "%Y-%m-%d %H:%M");
        out.put(version, || format!("{time} {}", set_in(version.body.as_str())))
    })
}

/// Prints a thread: its first message, then the answers.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn thread(who: &Who, spot: Spot, seq: Option<u64>, out: &mut Output) -> Result<(), Failure> {
    let (target, thread) = match (spot, seq) {
        (Spot::Place(place), None) => (place.target, place.seq),
        (Spot::Target(target), Some(seq)) => (target, Seq(seq)),
        (Spot::Target(target), None) => {
            return Err(Failure::usage(format!("which thread? write: chat-cli thread '{target}' SEQ")));
        }
        (Spot::Place(_), Some(_)) => return Err(Failure::usage("the thread's number is there twice")),
    };
    let (mut link, welcome) = who.link().await?;
    let row = target::find(&mut link, &welcome, &target).await?;
    let limit = Some(link.hello().limits.history_page);
    let mut after = None;
    for _ in 0..PAGES {
        let page = link.request(GetThread { conversation: row.id, thread, after, limit }).await?;
        let mut events = page.events;
        let last = events.last().map(|event| event.seq);
        if after.is_none() {
            events.insert(0, page.root);
        }
        look::print(&mut link, &row, &events, false, out).await?;
        after = last;
        if !page.more || after.is_none() {
            break;
        }
    }
    link.close().await;
    Ok(())
}
