//! The commands of invitations: invite, invitations, accept, decline.

use chat_client::link::Link;
use chat_proto::{
    AcceptInvitation, DeclineInvitation, Invitation, Invite, ListInvitations, RoomName, UserName,
};
use serde_json::json;

use super::failure::Failure;
use super::look;
use super::output::Output;
use super::target::{self, Target};
use super::who::Who;

/// Asks somebody into a room.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn invite(
    who: &Who,
    target: &Target,
    user: UserName,
    out: &mut Output,
) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, target).await?.id;
    link.request(Invite { conversation, user: user.clone() }).await?;
    link.close().await;
    out.put(&json!({ "conversation": conversation, "user": user }), || format!("invited @{user}"))
}

/// Lists the invitations that are not answered, the newest first.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn list(who: &Who, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let answer = link.request(ListInvitations {}).await?;
    link.close().await;
    answer.invitations.iter().try_for_each(|invitation| out.put(invitation, || line(invitation)))
}

/// Accepts the invitation into a room.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn accept(who: &Who, room: &RoomName, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let conversation = find(&mut link, room).await?.conversation;
    let row = link.request(AcceptInvitation { conversation }).await?;
    link.close().await;
    look::room(&row, out)
}

/// Declines the invitation into a room.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn decline(who: &Who, room: &RoomName, out: &mut Output) -> Result<(), Failure> {
    let (mut link, _) = who.link().await?;
    let conversation = find(&mut link, room).await?.conversation;
    link.request(DeclineInvitation { conversation }).await?;
    link.close().await;
    out.put(&json!({ "declined": conversation }), || format!("declined #{room}"))
}

async fn find(link: &mut Link, room: &RoomName) -> Result<Invitation, Failure> {
    let list = link.request(ListInvitations {}).await?.invitations;
    let found = list.into_iter().find(|invitation| invitation.name == *room);
    found.ok_or_else(|| {
        Failure::refused(format!(
            "there is no invitation into #{room}; list yours with: chat-cli invitations"
        ))
    })
}

fn line(invitation: &Invitation) -> String {
    let private = if invitation.private { " (private)" } else { "" };
    let mut line = format!("#{}{private} from @{}", invitation.name, invitation.by.name);
    if !invitation.topic.is_empty() {
        line.push_str(&format!(" · {}", invitation.topic));
    }
    line
}
