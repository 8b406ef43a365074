//! An event as it is called here: other numbers, other people.

use anyhow::Context;
use chat_proto::{Body, Event, EventKind, Message, Person, Seq, UserId, limits};

use super::{Importer, SERVER};
use crate::store::Place;

impl Importer {
    /// The event with the ids and numbers that hold here.
    pub(super) fn here(&self, mut event: Event, place: &Place) -> anyhow::Result<Event> {
        let shift = |seq: &mut Seq| {
            seq.0 = seq.0.checked_add(place.shift).context("a number is too large")?;
            anyhow::Ok(())
        };
        shift(&mut event.seq)?;
        event.conversation = place.conversation;
        if event.author.id != SERVER {
            event.author = self.person(event.author.id)?.clone();
        }
        // A conversation begins once; in the middle of another it has nothing to say.
        if place.shift > 0 && matches!(event.what, EventKind::Created { .. }) {
            event.what = EventKind::Unknown;
        }
        match &mut event.what {
            EventKind::Message(message) => {
                for seq in
                    [&mut message.reply_to, &mut message.thread, &mut message.edited, &mut message.changed]
                {
                    seq.as_mut().map(shift).transpose()?;
                }
                self.people_of(message)?;
            }
            EventKind::Tombstone(tombstone) => {
                shift(&mut tombstone.deleted)?;
                for seq in [&mut tombstone.edit_of, &mut tombstone.thread, &mut tombstone.changed] {
                    seq.as_mut().map(shift).transpose()?;
                }
            }
            EventKind::Edited { target, mentions, .. } => {
                shift(target)?;
                self.ids(mentions);
            }
            EventKind::Deleted { target }
            | EventKind::Reaction { target, .. }
            | EventKind::Pinned { target, .. } => shift(target)?,
            EventKind::Invited { user }
            | EventKind::Removed { user, .. }
            | EventKind::Banned { user, .. }
            | EventKind::Unbanned { user }
            | EventKind::Muted { user, .. }
            | EventKind::Unmuted { user }
            | EventKind::Role { user, .. } => *user = self.person(user.id)?.clone(),
            EventKind::Created { .. }
            | EventKind::Joined
            | EventKind::Left
            | EventKind::Renamed { .. }
            | EventKind::Described { .. }
            | EventKind::Rules { .. }
            | EventKind::Topic { .. }
            | EventKind::Unknown => {}
        }
        Ok(event)
    }

    fn people_of(&self, message: &mut Message) -> anyhow::Result<()> {
        self.ids(&mut message.mentions);
        for reaction in &mut message.reactions {
            self.ids(&mut reaction.users);
        }
        message.reactions.retain(|reaction| !reaction.users.is_empty());
        if let Some(forwarded) = &mut message.forwarded {
            // They may have been of a third server.
            let known: Option<&Person> = self.users.get(&forwarded.author.id);
            forwarded.author = known.cloned().unwrap_or_else(|| forwarded.author.clone());
        }
        Ok(())
    }

    /// Who is not in the export is nobody here.
    fn ids(&self, users: &mut Vec<UserId>) {
        *users = users.iter().filter_map(|user| Some(self.users.get(user)?.id)).collect();
    }
}

/// The text, and below it what should have been there, within what a message may have.
pub(super) fn with_note(body: &str, missing: &[String]) -> Body {
    let mut note: String = missing.iter().map(|name| format!("\n(file {name} did not come)")).collect();
    note.truncate(note.floor_char_boundary(limits::MESSAGE_BYTES / 2));
    let most = limits::MESSAGE_BYTES - note.len();
    let text = format!("{}{note}", &body[..body.floor_char_boundary(most)]);
    Body::new(text.trim_start_matches('\n')).unwrap_or_else(|_| {
        // Nothing was written, and the files are gone.
        Body::new("(files)").unwrap_or_default()
    })
}
