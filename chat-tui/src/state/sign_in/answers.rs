//! What the form makes of an answer.

use chat_client::address::ServerAddress;
use chat_client::provider::{Answers, Missing};
use chat_proto::{Hello, OidcBegun, Secret};

use super::field::field_of;
use super::{Ask, Field, Refused, SignIn, WAITING, Way};
use crate::state::composer::Composer;
use crate::state::provider::AtProvider;

impl SignIn {
    /// A login by the provider has begun, or has not.
    pub fn at_provider(&mut self, begun: Result<OidcBegun, String>) -> Option<Ask> {
        // Whoever pressed Esc meanwhile does not want it any more.
        self.busy.take()?;
        match begun {
            Ok(begun) => {
                let goes_on = !begun.confirm;
                (self.confirm, self.provider) = (Composer::with_text(""), Some(AtProvider::new(begun)));
                if !goes_on {
                    self.focus = Field::Confirm;
                    return None;
                }
                let ask = self.submit();
                self.busy = Some(WAITING);
                ask
            }
            Err(error) => {
                self.failed(error.into());
                None
            }
        }
    }

    /// The login of this name is not done: what is missing, or nothing that would help. Says what is
    /// to be asked next, and whether the form looks different.
    pub fn not_done(
        &mut self,
        poll: &Secret,
        answers: Box<Answers>,
        message: String,
        missing: Option<Missing>,
    ) -> (Option<Ask>, bool) {
        let is_this = |provider: &&mut AtProvider| provider.begun.poll == *poll;
        let Some(provider) = self.provider.as_mut().filter(is_this) else { return (None, false) };
        if self.busy.is_none() {
            return (None, false);
        }
        match missing {
            Some(Missing::Time(pause)) => {
                let server = self.hello.as_ref().map(|(server, _)| server.clone());
                let is_new = self.busy != Some(WAITING);
                self.busy = Some(WAITING);
                (server.map(|server| Ask::Finish(server, poll.clone(), answers, pause)), is_new)
            }
            Some(what) => {
                provider.ask_for(what);
                (self.busy, self.error) = (None, Some(message));
                self.focus = field_of(&what).unwrap_or(Field::Way);
                // A wrong code is of no use, and one of an authenticator is good once.
                if matches!(what, Missing::Confirm | Missing::Code)
                    && let Some(text) = self.text_mut()
                {
                    *text = Composer::with_text("");
                }
                (None, true)
            }
            None => {
                self.provider = None;
                self.focus = Field::Way;
                self.failed(message.into());
                (None, true)
            }
        }
    }

    /// The server answered, or did not.
    pub fn probed(&mut self, server: &ServerAddress, result: Result<Hello, String>) -> Option<Ask> {
        // Whoever pressed Esc meanwhile does not want the answer any more.
        self.busy.take()?;
        match result {
            Ok(hello) => {
                let only_provider = hello.provider.as_ref().is_some_and(|provider| provider.required);
                self.hello = Some((server.clone(), hello));
                if only_provider && !self.automatic {
                    self.way = Way::Provider;
                }
                let first_empty =
                    self.fields().into_iter().find(|f| *f != Field::Way && self.text(*f).is_empty());
                self.focus = match first_empty {
                    Some(Field::Name) => self.fields().first().copied().unwrap_or(Field::Name),
                    Some(field) => field,
                    None if self.way == Way::Provider => Field::Way,
                    None => Field::Password,
                };
                if std::mem::take(&mut self.automatic) { self.submit() } else { None }
            }
            Err(error) => {
                self.failed(error.into());
                None
            }
        }
    }

    /// A login, a reset or a new account did not work.
    pub fn failed(&mut self, refused: Refused) {
        self.busy = None;
        self.token = None;
        self.error = Some(refused.message);
        if refused.needs_code {
            // A code is good once, so the next one is another.
            self.asks_code = true;
            self.code = Composer::with_text("");
            self.focus = Field::Code;
        } else if refused.needs_invite && self.fields().contains(&Field::Invite) {
            self.focus = Field::Invite;
        }
    }
}
