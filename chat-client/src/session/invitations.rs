//! The invitations that the person has not answered: listed after each login, then kept in step.

use chat_proto::{ConversationId, Invitation, ListInvitations, limits};

use super::{Now, Purpose, Session};
use crate::update::Update;

/// See the module.
#[derive(Default)]
pub(super) struct Invited {
    /// The newest first, as the interface was told.
    list: Vec<Invitation>,
    /// Whether the list is to be asked for.
    wanted: bool,
}

impl Invited {
    pub(super) fn wants(&self) -> bool {
        self.wanted
    }
}

impl Session {
    /// The list is asked for as soon as nothing more urgent waits.
    pub(super) fn want_invitations(&mut self) {
        self.invited.wanted = true;
    }

    /// Asks if that is wanted; returns whether it did.
    pub(super) fn pump_invitations(&mut self, now: Now) -> bool {
        let asks = std::mem::take(&mut self.invited.wanted);
        if asks {
            self.ask(Purpose::Invitations, ListInvitations {}, now);
        }
        asks
    }

    /// The whole list, from the server.
    pub(super) fn invitations(&mut self, list: Vec<Invitation>) {
        if list != self.invited.list {
            self.invited.list = list;
            self.tell_invitations();
        }
    }

    /// Somebody invites, perhaps again.
    pub(super) fn invited(&mut self, invitation: Invitation) {
        let conversation = invitation.conversation;
        self.invited.list.retain(|known| known.conversation != conversation);
        self.invited.list.insert(0, invitation);
        self.invited.list.truncate(limits::INVITATIONS);
        self.tell_invitations();
    }

    /// An invitation was answered, here or on another device.
    pub(super) fn invitation_answered(&mut self, conversation: ConversationId) {
        let before = self.invited.list.len();
        self.invited.list.retain(|invitation| invitation.conversation != conversation);
        if self.invited.list.len() < before {
            self.tell_invitations();
        }
    }

    fn tell_invitations(&mut self) {
        self.tell(Update::Invitations(self.invited.list.clone()));
    }
}
