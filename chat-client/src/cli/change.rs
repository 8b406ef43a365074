//! The commands that change something: create, join, leave, topic, read.

use chat_proto::{ClientId, CreateRoom, JoinRoom, LeaveRoom, MarkRead, RoomName, Seq, SetTopic, Topic};

use super::failure::Failure;
use super::look;
use super::output::Output;
use super::target::{self, Target};
use super::who::Who;

/// Makes a room.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn create(
    who: &Who,
    name: RoomName,
    topic: Option<String>,
    out: &mut Output,
) -> Result<(), Failure> {
    let topic = topic_of(topic.as_deref().unwrap_or_default())?;
    let (mut link, _) = who.link().await?;
    let client_id = ClientId(uuid::Uuid::now_v7());
    let room = link.request(CreateRoom { topic, ..CreateRoom::new(client_id, name) }).await?;
    link.close().await;
    look::room(&room, out)
}

/// Joins a room.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn join(who: &Who, room: RoomName, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let room = link.request(JoinRoom { room }).await?;
    link.close().await;
    look::room(&room, out)
}

/// Leaves a room.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn leave(who: &Who, target: &Target, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, target).await?.id;
    link.request(LeaveRoom { conversation }).await?;
    link.close().await;
    out.put(&serde_json::json!({ "left": conversation }), || format!("left {target}"))
}

/// Prints or sets the topic.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn topic(
    who: &Who,
    target: &Target,
    text: Option<String>,
    out: &mut Output,
) -> Result<(), Failure> {
    let topic = text.as_deref().map(topic_of).transpose()?;
    let (mut link, welcome) = who.link().await?;
    let row = target::find(&mut link, &welcome, target).await?;
    let result = match topic {
        Some(topic) => {
            let position = link.request(SetTopic { conversation: row.id, topic: topic.clone() }).await?;
            out.put(&position, || topic.to_string())
        }
        None => out.put(&serde_json::json!({ "conversation": row.id, "topic": row.topic }), || {
            row.topic.to_string()
        }),
    };
    link.close().await;
    result
}

/// Moves the read mark.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn read(
    who: &Who,
    target: &Target,
    seq: Option<u64>,
    out: &mut Output,
) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let row = target::find(&mut link, &welcome, target).await?;
    let seq = seq.map_or(row.head, Seq);
    let state = link.request(MarkRead { conversation: row.id, seq }).await?;
    link.close().await;
    out.put(&state, || format!("read to {}, {} unread", state.read, state.unread))
}

fn topic_of(text: &str) -> Result<Topic, Failure> {
    Topic::new(text).map_err(|error| Failure::usage(format!("this is no topic: {error}")))
}
