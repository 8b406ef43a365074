//! What the engine tells beside the open conversation: the connection, what calls, how own messages
//! come along.

use chat_client::{Alert, Connection, Delivery, Outgoing, Update};
use chat_proto::{Invitation, Reason};

use super::words::sentence;
use super::{Out, Talk};
use crate::effect::Outcome;

/// Characters of a message in another conversation that are told at once.
const GIST: usize = 200;

/// Own messages whose way is followed at once.
const MINE: usize = 1_000;

/// Says what news mean, before the state takes them.
pub(super) fn tell(talk: &mut Talk, update: &Update, out: &mut Out) {
    match update {
        Update::Connection(connection) => connected(talk, connection, out),
        Update::Alert(alert) if talk.state.open != Some(alert.event.conversation) => {
            called(talk, alert, out);
        }
        Update::Outgoing(own) => outgoing(talk, own, out),
        // Of the open one that was taken away, the state says so itself.
        Update::Removed(id) if talk.state.open != Some(*id) || talk.state.leaving == Some(*id) => {
            if let Some(conversation) = talk.state.conversations.get(*id) {
                let title = talk.state.conversations.title(conversation);
                out.say(&format!("You are not in {title} any more."));
            }
        }
        Update::Invitations(now) => {
            let known = talk.state.invitations.clone();
            let is_new = |one: &&Invitation| known.iter().all(|old| old.conversation != one.conversation);
            for one in now.iter().filter(is_new) {
                let (room, by) = (&one.name, &one.by.name);
                out.say(&format!("{by} invites you into #{room}: /accept #{room} or /decline #{room}."));
            }
        }
        Update::Reset(id) if talk.here == Some(*id) => talk.looked = false,
        _ => {}
    }
}

/// Says what answers mean that the state shows only as a picture.
pub(super) fn answered(talk: &mut Talk, outcome: &Outcome, out: &mut Out) {
    match outcome {
        Outcome::SignedIn(Err(error)) => {
            talk.failed = true;
            out.say(&format!("Not signed in: {}", sentence(&error.message)));
        }
        Outcome::Trusted(Ok(())) => out.say("Trusted, and remembered."),
        Outcome::Trusted(Err(error)) => {
            talk.failed = true;
            out.say(&sentence(error));
        }
        Outcome::NotSent(_) => talk.handed = talk.handed.saturating_sub(1),
        Outcome::Probed(_, Err(error)) => {
            talk.failed = true;
            out.say(&sentence(error));
        }
        Outcome::Draft(id, text) if talk.state.open == Some(*id) && !text.trim().is_empty() => {
            out.say("You had begun to write here:");
            super::words::block(text, &mut out.lines);
        }
        _ => {}
    }
}

fn connected(talk: &mut Talk, connection: &Connection, out: &mut Out) {
    let was = talk.said.take();
    let was_waiting = matches!(was, Some(Connection::Waiting { .. }));
    match connection {
        Connection::Online if was != Some(Connection::Online) => {
            let me = talk.state.me.as_ref().map(|me| me.name.to_string()).unwrap_or_default();
            out.say(&format!("Connected to {} as {me}.", talk.state.server_name));
        }
        Connection::Waiting { reason, .. } if !was_waiting => {
            out.say(&format!("Not connected: {} It is tried again by itself.", sentence(reason)));
        }
        Connection::Stopped { reason, login_needed } => {
            talk.failed = true;
            out.say(&sentence(reason));
            if *login_needed {
                out.say("Sign in again with: chat-cli login; then start chat-tui --plain again.");
            }
        }
        _ => {}
    }
    // While it tries again, nothing has changed that is worth a line.
    talk.said = match (connection, was_waiting) {
        (Connection::Connecting, true) => was,
        _ => Some(connection.clone()),
    };
}

fn called(talk: &Talk, alert: &Alert, out: &mut Out) {
    let event = &alert.event;
    let title = talk.state.conversations.get(event.conversation).map(|c| talk.state.conversations.title(c));
    let title = title.unwrap_or_else(|| "a conversation".to_owned());
    let (name, time) = (&event.author.name, talk.state.time_of_day(event.at));
    let why = match alert.reason {
        Some(Reason::Mention) => format!("{name} mentions you in {title}"),
        Some(Reason::Room | Reason::Here) => format!("{name} calls everybody in {title}"),
        Some(Reason::Reply) => format!("{name} answers you in {title}"),
        Some(Reason::Thread) => format!("{name} in a thread of {title}"),
        None => format!("{name} in {title}"),
    };
    let text = event.body().map(|body| body.as_str().replace('\n', " / ")).unwrap_or_default();
    let gist: String = text.chars().take(GIST).collect();
    let more = if gist.len() < text.len() { "…" } else { "" };
    out.say(&format!("Elsewhere: {why}, {time}: {gist}{more}"));
}

fn outgoing(talk: &mut Talk, own: &Outgoing, out: &mut Out) {
    match &own.delivery {
        Delivery::Queued => {
            if talk.mine.len() >= MINE {
                talk.mine.clear();
            }
            let is_new = talk.mine.insert(own.client_id);
            talk.handed = talk.handed.saturating_sub(usize::from(is_new));
            if is_new && talk.state.link.connection != Connection::Online {
                out.say("Kept; it is sent when there is a connection.");
            }
        }
        Delivery::Sending => {}
        Delivery::Stored { seq, .. } => out.say(&format!("Sent as {seq}.")),
        Delivery::Failed { reason } => {
            talk.failed = true;
            out.say(&format!("Not sent: {} /retry sends it again, /discard gives it up.", sentence(reason)));
        }
    }
}
