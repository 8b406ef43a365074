//! What the form shows while a person logs in by the server's provider. Pure.

use chat_client::provider::{Missing, may_open};
use chat_proto::{OidcBegun, SafeText};

use super::code::Code;
/// A login by the provider that has begun.
#[derive(Debug, Clone)]
pub(crate) struct AtProvider {
    pub(crate) begun: OidcBegun,
    /// The address as a code to photograph.
    pub(crate) code: Option<Code>,
    /// What the server asked for besides, in the order in which it did.
    pub(crate) asked_for: Vec<Missing>,
}

impl AtProvider {
    /// As the server began it.
    #[must_use]
    pub(crate) fn new(begun: OidcBegun) -> Self {
        let address = begun.complete_url.as_ref().unwrap_or(&begun.url);
        let code = may_open(address).then(|| Code::of(address)).flatten();
        let asked_for = if begun.confirm { vec![Missing::Confirm] } else { Vec::new() };
        Self { begun, code, asked_for }
    }

    /// Remembers that the server wants this as well.
    pub(crate) fn ask_for(&mut self, what: Missing) {
        if !self.asked_for.contains(&what) {
            self.asked_for.push(what);
        }
    }

    /// What the person has to do, safe to draw.
    #[must_use]
    pub(crate) fn words(&self) -> Vec<SafeText> {
        let mut words = vec![
            SafeText::line("Open this address in a browser, here or on another device:"),
            SafeText::line(&self.begun.url),
        ];
        if let Some(code) = &self.begun.user_code {
            words.push(SafeText::line(&format!("and type this code there: {code}")));
        }
        words
    }
}
