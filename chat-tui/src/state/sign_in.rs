//! The form of the first run: which server, then who. Pure: it says what is to be asked.

mod answers;
mod ask;
mod field;

use std::time::Duration;

use chat_client::address::ServerAddress;
use chat_client::provider::{Answers, Missing};
use chat_proto::{Hello, Registration, SafeText, Secret, UserName, limits};
use crossterm::event::KeyEvent;

use crate::action::Plain;
use crate::keymap::{Context, Key, Keymap};
use crate::state::composer::{Composer, Edit};
use crate::state::provider::AtProvider;
pub use ask::{Ask, Known, Refused};
use field::field_of;
pub use field::{Field, Way};

/// What is said while a person is at the provider.
const WAITING: &str = "waiting until you are done there…";

/// The form. See the module.
#[derive(Debug, Clone)]
pub struct SignIn {
    server: Composer,
    name: Composer,
    password: Composer,
    invite: Composer,
    reset: Composer,
    code: Composer,
    confirm: Composer,
    /// The login by the provider that has begun.
    pub(crate) provider: Option<AtProvider>,
    /// Whether the account has a second factor, as far as is known.
    asks_code: bool,
    token: Option<Secret>,
    /// What the server said of itself, once it was asked.
    pub(crate) hello: Option<(ServerAddress, Hello)>,
    /// What is wanted.
    pub(crate) way: Way,
    /// Where the keys go.
    pub(crate) focus: Field,
    /// Whether giving up leads back to another account.
    pub(crate) returns: bool,
    /// What is being waited for.
    pub(crate) busy: Option<&'static str>,
    /// What went wrong.
    pub(crate) error: Option<String>,
    /// Whether everything was known, so that the form asks by itself once.
    automatic: bool,
}

impl SignIn {
    /// The form with what is known filled in, and what it asks at once, if it can.
    #[must_use]
    pub fn new(known: Known) -> (Self, Option<Ask>) {
        let filled = |text: Option<&str>| Composer::with_text(text.unwrap_or_default());
        let automatic = known.user.is_some() && known.password.is_some();
        let mut form = Self {
            server: filled(known.server.as_deref()),
            name: filled(known.user.as_deref()),
            password: filled(known.password.as_ref().map(Secret::expose)),
            invite: filled(known.invite.as_ref().map(Secret::expose)),
            reset: filled(None),
            code: filled(None),
            confirm: filled(None),
            provider: None,
            asks_code: false,
            token: known.token,
            hello: None,
            way: if known.invite.is_some() { Way::Create } else { Way::LogIn },
            focus: Field::Server,
            returns: known.returns,
            busy: None,
            error: None,
            automatic,
        };
        let ask = known.server.is_some().then(|| form.submit()).flatten();
        (form, ask)
    }

    /// The same form, opened because the token is no longer valid.
    #[must_use]
    pub fn again(known: Known, reason: String) -> (Self, Option<Ask>) {
        let (mut form, ask) = Self::new(known);
        form.error = Some(reason);
        (form, ask)
    }

    /// The fields on screen, in order.
    #[must_use]
    pub(crate) fn fields(&self) -> Vec<Field> {
        if self.hello.is_none() {
            return vec![Field::Server];
        }
        let mut fields = match self.way {
            Way::LogIn => vec![Field::Way, Field::Name, Field::Password],
            // Where everybody may come, and where nobody may, the owner's code still has a place.
            Way::Create => vec![Field::Way, Field::Name, Field::Password, Field::Invite],
            Way::Reset => vec![Field::Way, Field::Reset, Field::Password],
            Way::Provider => {
                let asked = self.provider.iter().flat_map(|provider| &provider.asked_for);
                return std::iter::once(Field::Way).chain(asked.filter_map(field_of)).collect();
            }
        };
        if self.asks_code && self.way != Way::Create {
            fields.push(Field::Code);
        }
        fields
    }

    /// The ways that the server offers.
    #[must_use]
    pub(crate) fn ways(&self) -> &'static [Way] {
        let has_provider = self.hello.as_ref().is_some_and(|(_, hello)| hello.provider.is_some());
        let count = if has_provider { Way::ALL.len() } else { Way::ALL.len() - 1 };
        Way::ALL.get(..count).unwrap_or(&[])
    }

    fn way_beside(&self, by: isize) -> Way {
        let ways = self.ways();
        let at = ways.iter().position(|way| *way == self.way).unwrap_or(0);
        let next = at.saturating_add_signed(by).min(ways.len().saturating_sub(1));
        ways.get(next).copied().unwrap_or(self.way)
    }

    /// What a field holds.
    #[must_use]
    pub(crate) fn text(&self, field: Field) -> &Composer {
        match field {
            Field::Server | Field::Way => &self.server,
            Field::Name => &self.name,
            Field::Password => &self.password,
            Field::Invite => &self.invite,
            Field::Reset => &self.reset,
            Field::Code => &self.code,
            Field::Confirm => &self.confirm,
        }
    }

    fn text_mut(&mut self) -> Option<&mut Composer> {
        match self.focus {
            Field::Way => None,
            Field::Server => Some(&mut self.server),
            Field::Name => Some(&mut self.name),
            Field::Password => Some(&mut self.password),
            Field::Invite => Some(&mut self.invite),
            Field::Reset => Some(&mut self.reset),
            Field::Code => Some(&mut self.code),
            Field::Confirm => Some(&mut self.confirm),
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent, keymap: &Keymap) -> Option<Ask> {
        let key = Key::of(key);
        if keymap.plain(Context::Chat, key) == Some(Plain::Interrupt) {
            return Some(Ask::Quit);
        }
        let plain = keymap.plain(Context::Picker, key);
        if plain == Some(Plain::Cancel) {
            return self.back();
        }
        if self.busy.is_some() {
            return None;
        }
        match (plain, keymap.edit(key)) {
            (Some(Plain::Take), _) => return self.enter(),
            (Some(Plain::Below), _) => self.go(1),
            (Some(Plain::Above), _) => self.go(-1),
            (_, Some(Edit::Left)) if self.focus == Field::Way => self.take_way(self.way_beside(-1)),
            (_, Some(Edit::Right)) if self.focus == Field::Way => self.take_way(self.way_beside(1)),
            (_, Some(Edit::Insert(' '))) if self.focus == Field::Way => {
                let next = self.way_beside(1);
                self.take_way(if next == self.way { Way::LogIn } else { next });
            }
            (_, Some(edit)) if edit != Edit::NewLine => {
                if matches!(edit, Edit::Insert(_)) {
                    self.leave_choice();
                }
                if let Some(text) = self.text_mut() {
                    text.edit(edit);
                }
            }
            _ => {}
        }
        None
    }

    /// Takes pasted text, as one line.
    pub fn paste(&mut self, text: &str) {
        let line: String = text.lines().next().unwrap_or_default().trim().to_owned();
        self.leave_choice();
        if let Some(field) = self.text_mut() {
            field.insert(&line);
        }
    }

    /// What is written while the choice above the fields has the keys is meant for the first field.
    fn leave_choice(&mut self) {
        if self.focus == Field::Way {
            self.go(1);
        }
    }

    fn take_way(&mut self, way: Way) {
        self.way = way;
        (self.error, self.provider) = (None, None);
    }

    fn back(&mut self) -> Option<Ask> {
        self.error = None;
        let was_at_provider = self.provider.take().is_some();
        if self.busy.take().is_some() || was_at_provider {
            self.focus = if was_at_provider { Field::Way } else { self.focus };
            return None;
        }
        if self.hello.take().is_none() {
            return Some(Ask::Quit);
        }
        self.focus = Field::Server;
        self.asks_code = false;
        None
    }

    fn go(&mut self, by: isize) {
        let fields = self.fields();
        let at = fields.iter().position(|field| *field == self.focus).unwrap_or(0);
        let next = at.saturating_add_signed(by).min(fields.len().saturating_sub(1));
        self.focus = fields.get(next).copied().unwrap_or(self.focus);
    }

    /// Enter goes to the next empty field, and asks when there is none.
    fn enter(&mut self) -> Option<Ask> {
        let fields = self.fields();
        let at = fields.iter().position(|field| *field == self.focus).unwrap_or(0);
        match fields.iter().skip(at + 1).find(|field| self.text(**field).is_empty()) {
            Some(next) => {
                self.focus = *next;
                None
            }
            None => self.submit(),
        }
    }

    fn submit(&mut self) -> Option<Ask> {
        self.error = None;
        match self.asked() {
            Ok(ask) => {
                self.busy = Some(match ask {
                    Ask::Probe(_) => "looking for the server…",
                    Ask::Register(..) => "making the account…",
                    Ask::Provider(_) => "asking the provider…",
                    _ => "logging in…",
                });
                Some(ask)
            }
            Err((field, error)) => {
                self.focus = field;
                self.error = Some(error);
                None
            }
        }
    }

    /// What the fields ask for, or which of them is wrong and why.
    fn asked(&self) -> Result<Ask, (Field, String)> {
        let Some((server, hello)) = &self.hello else {
            let server = self.server.text().trim().parse::<ServerAddress>();
            let server = server.map_err(|error| (Field::Server, format!("{error}")))?;
            return Ok(match self.token.clone() {
                Some(token) => Ask::Token(server, token),
                None => Ask::Probe(server),
            });
        };
        if self.way == Way::Provider {
            return Ok(self.asked_of_provider(server));
        }
        let password = self.password.text();
        let filled = |text: &Composer| Some(text.text().trim().to_owned()).filter(|text| !text.is_empty());
        let code = filled(&self.code).filter(|_| self.asks_code).map(Secret::new);
        if self.way == Way::Reset {
            let Some(reset) = filled(&self.reset) else {
                let error = "An admin of the server makes a reset code for you.".to_owned();
                return Err((Field::Reset, error));
            };
            must_be_long(&password)?;
            return Ok(Ask::Reset(server.clone(), Secret::new(reset), Secret::new(password), code));
        }
        let name = UserName::parse(self.name.text().trim_start_matches('@'));
        let name = name.map_err(|error| (Field::Name, format!("Name: {error}")))?;
        if self.way == Way::LogIn {
            return Ok(Ask::LogIn(server.clone(), name, Secret::new(password), code));
        }
        must_be_long(&password)?;
        let invite = filled(&self.invite);
        if invite.is_none() && hello.registration != Registration::Open {
            let error =
                "A new account here needs an invite code; somebody of the team can make one.".to_owned();
            return Err((Field::Invite, error));
        }
        Ok(Ask::Register(server.clone(), name, Secret::new(password), invite.map(Secret::new)))
    }

    /// A person is asked something before it goes on; what was typed stays.
    pub(crate) fn waits(&mut self) {
        self.busy = None;
    }

    /// Asks again what was asked before a person had to decide.
    pub(crate) fn goes_on(&mut self) -> Option<Ask> {
        self.submit()
    }

    fn asked_of_provider(&self, server: &ServerAddress) -> Ask {
        let Some(provider) = &self.provider else { return Ask::Provider(server.clone()) };
        let said = |what: Missing, text: &Composer| {
            let text = Some(text.text().trim().to_owned()).filter(|text| !text.is_empty());
            text.filter(|_| provider.asked_for.contains(&what))
        };
        let answers = Answers {
            confirm: said(Missing::Confirm, &self.confirm).map(Secret::new),
            name: said(Missing::Name, &self.name),
            invite: said(Missing::Invite, &self.invite).map(Secret::new),
            code: said(Missing::Code, &self.code).map(Secret::new),
        };
        Ask::Finish(server.clone(), provider.begun.poll.clone(), Box::new(answers), Duration::ZERO)
    }

    /// The team's name, safe to draw.
    #[must_use]
    pub(crate) fn team(&self) -> Option<SafeText> {
        self.hello.as_ref().map(|(_, hello)| SafeText::line(&hello.name))
    }
}

/// A new password that is too short needs no server to be refused.
fn must_be_long(password: &str) -> Result<(), (Field, String)> {
    if password.chars().count() >= limits::PASSWORD_MIN_CHARS {
        return Ok(());
    }
    let error = format!("A password has at least {} characters.", limits::PASSWORD_MIN_CHARS);
    Err((Field::Password, error))
}
