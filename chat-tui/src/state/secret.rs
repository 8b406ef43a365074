//! A field for a password, over the conversation: what is typed is never shown, and goes neither
//! into the history of the composer nor into a draft.

use chat_proto::{
    BeginLink, BeginTotp, ChangePassword, CreateUser, DisableTotp, RemoveLink, Request, Role, Secret,
    UserName, limits,
};

/// Letters taken; a longer password is refused anyway.
const LETTERS: usize = limits::PASSWORD_MAX_BYTES;

/// What the password is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asking {
    /// To have another one.
    Password,
    /// To set up a second factor.
    TwoFactor,
    /// To end it.
    TwoFactorOff,
    /// To link the account with the provider.
    Link,
    /// To end that.
    Unlink,
    /// For a new account of somebody else; with nothing typed, it gets a code in its place.
    Account(UserName, Role),
}

/// Which password is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Current,
    New,
    Again,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct SecretForm {
    pub(crate) asking: Asking,
    pub(crate) step: Step,
    typed: Secret,
    current: Secret,
    new: Secret,
    /// What went wrong. Our own words.
    pub(crate) error: Option<&'static str>,
}

impl SecretForm {
    /// An empty field.
    #[must_use]
    pub fn new(asking: Asking) -> Self {
        let none = || Secret::new("");
        let step = if matches!(asking, Asking::Account(..)) { Step::New } else { Step::Current };
        Self { asking, step, typed: none(), current: none(), new: none(), error: None }
    }

    /// How many letters are typed.
    #[must_use]
    pub(crate) fn letters(&self) -> usize {
        self.typed.expose().chars().count()
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.error = None;
        let room = LETTERS.saturating_sub(self.letters());
        let more: String = text.chars().filter(|c| !c.is_control()).take(room).collect();
        self.typed = Secret::new(format!("{}{more}", self.typed.expose()));
    }

    pub(crate) fn pop(&mut self) {
        let mut text = self.typed.expose().to_owned();
        text.pop();
        self.typed = Secret::new(text);
    }

    pub(crate) fn clear(&mut self) {
        self.typed = Secret::new("");
    }

    /// Goes on; with the last field, what to ask of the server.
    pub(crate) fn enter(&mut self) -> Option<Request> {
        if self.letters() == 0 {
            return match (&self.asking, self.step) {
                (Asking::Account(..), Step::New) => self.created(None),
                _ => None,
            };
        }
        if self.step == Step::New && self.letters() < limits::PASSWORD_MIN_CHARS {
            self.error = Some("A password has at least eight characters");
            return None;
        }
        let typed = std::mem::replace(&mut self.typed, Secret::new(""));
        match (self.step, &self.asking) {
            (Step::Current, Asking::TwoFactor) => Some(Request::BeginTotp(BeginTotp { password: typed })),
            (Step::Current, Asking::TwoFactorOff) => {
                Some(Request::DisableTotp(DisableTotp { password: Some(typed), code: None }))
            }
            (Step::Current, Asking::Link) => Some(Request::BeginLink(BeginLink { password: typed })),
            (Step::Current, Asking::Unlink) => Some(Request::RemoveLink(RemoveLink { password: typed })),
            (Step::Current, _) => {
                (self.current, self.step) = (typed, Step::New);
                None
            }
            (Step::New, _) => {
                (self.new, self.step) = (typed, Step::Again);
                None
            }
            (Step::Again, Asking::Account(..)) if typed == self.new => self.created(Some(typed)),
            (Step::Again, _) if typed == self.new => {
                let (current, password) = (self.current.clone(), typed);
                Some(Request::ChangePassword(ChangePassword { current, password }))
            }
            (Step::Again, _) => {
                self.step = Step::New;
                self.error = Some("These were two different ones; choose again");
                None
            }
        }
    }

    fn created(&self, password: Option<Secret>) -> Option<Request> {
        let Asking::Account(name, role) = &self.asking else { return None };
        Some(Request::CreateUser(CreateUser { name: name.clone(), password, role: *role }))
    }
}
