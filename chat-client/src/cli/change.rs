//! The commands that change a room or one's place in it.

use chat_proto::{
    ClientId, CreateRoom, DescribeRoom, Description, JoinRoom, LeaveRoom, MarkRead, RemoveMember, RenameRoom,
    RoomName, RoomRole, RoomRules, Seq, SetRole, SetRules, SetTopic, Topic, UserName,
};
use serde_json::json;

use super::args::{CreateArgs, RulesArgs, Switch};
use super::failure::Failure;
use super::look;
use super::output::Output;
use super::send;
use super::target::{self, Target};
use super::who::Who;
use super::words::rules_in_words;

/// Makes a room.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn create(who: &Who, args: CreateArgs, out: &mut Output) -> Result<(), Failure> {
    let client_id = ClientId(uuid::Uuid::now_v7());
    let ask = CreateRoom {
        client_id,
        name: args.room.0,
        topic: args.topic.unwrap_or_default(),
        description: args.description.unwrap_or_default(),
        private: args.private,
    };
    let (mut link, _) = who.link().await?;
    let room = link.request(ask).await?;
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
    out.put(&json!({ "left": conversation }), || format!("left {target}"))
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
        None => out.put(&json!({ "conversation": row.id, "topic": row.topic }), || row.topic.to_string()),
    };
    link.close().await;
    result
}

/// Prints or sets the description.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn describe(
    who: &Who,
    target: &Target,
    text: Option<String>,
    out: &mut Output,
) -> Result<(), Failure> {
    let text = if text.as_deref() == Some("-") { Some(send::stdin()?) } else { text };
    let description = text
        .map(|text| {
            Description::new(text).map_err(|error| Failure::usage(format!("no description: {error}")))
        })
        .transpose()?;
    let (mut link, welcome) = who.link().await?;
    let row = target::find(&mut link, &welcome, target).await?;
    let result = match description {
        Some(description) => {
            let ask = DescribeRoom { conversation: row.id, description: description.clone() };
            out.put(&link.request(ask).await?, || description.to_string())
        }
        None => out.put(&json!({ "conversation": row.id, "description": row.description }), || {
            row.description.to_string()
        }),
    };
    link.close().await;
    result
}

/// Gives a room another name.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn rename(
    who: &Who,
    target: &Target,
    name: RoomName,
    out: &mut Output,
) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, target).await?.id;
    let position = link.request(RenameRoom { conversation, name: name.clone() }).await?;
    link.close().await;
    out.put(&position, || format!("{target} is now #{name}"))
}

/// Prints or sets how people may write; what is not named stays as it is.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn rules(who: &Who, args: &RulesArgs, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let row = target::find(&mut link, &welcome, &args.target).await?;
    let (conversation, now) = (row.id, row.rules);
    let is_on = |switch: Option<Switch>, now: bool| switch.map_or(now, |switch| switch == Switch::On);
    let rules = RoomRules {
        announcement: is_on(args.announcement, now.announcement),
        slow_mode_s: args.slow.unwrap_or(now.slow_mode_s),
        free_calls: is_on(args.free_calls, now.free_calls),
        archived: is_on(args.archived, now.archived),
        keep_days: args.keep.unwrap_or(now.keep_days),
    };
    let switches = [args.announcement, args.free_calls, args.archived];
    let asked = args.slow.is_some() || args.keep.is_some() || switches.iter().any(Option::is_some);
    let result = match asked {
        true => out.put(&link.request(SetRules { conversation, rules }).await?, || rules_in_words(rules)),
        false => out.put(&json!({ "conversation": conversation, "rules": now }), || rules_in_words(now)),
    };
    link.close().await;
    result
}

/// Puts somebody out of a room.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn kick(
    who: &Who,
    target: &Target,
    user: UserName,
    reason: Topic,
    out: &mut Output,
) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, target).await?.id;
    link.request(RemoveMember { conversation, user: user.clone(), reason }).await?;
    link.close().await;
    out.put(&json!({ "conversation": conversation, "user": user }), || format!("put out @{user}"))
}

/// Gives somebody a role in a room.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn role(
    who: &Who,
    target: &Target,
    user: UserName,
    role: RoomRole,
    out: &mut Output,
) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, target).await?.id;
    link.request(SetRole { conversation, user: user.clone(), role }).await?;
    link.close().await;
    let thing = json!({ "conversation": conversation, "user": user, "role": role });
    out.put(&thing, || format!("@{user} is now {role}"))
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
