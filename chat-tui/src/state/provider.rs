//! What the form shows while a person logs in by the server's provider. Pure.

use chat_client::provider::{Missing, may_open};
use chat_proto::{OidcBegun, SafeText};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// Longest address that is drawn as a picture; of a longer one no telephone reads the dots.
const PICTURE_BYTES: usize = 300;

/// A login by the provider that has begun.
#[derive(Debug, Clone)]
pub(crate) struct AtProvider {
    pub(crate) begun: OidcBegun,
    /// The address as a code to photograph, in lines of half blocks.
    pub(crate) picture: Vec<String>,
    /// What the server asked for besides, in the order in which it did.
    pub(crate) asked_for: Vec<Missing>,
}

impl AtProvider {
    /// As the server began it.
    #[must_use]
    pub(crate) fn new(begun: OidcBegun) -> Self {
        let address = begun.complete_url.as_ref().unwrap_or(&begun.url);
        let fits = may_open(address) && address.len() <= PICTURE_BYTES;
        let code = if fits { QrCode::new(address).ok() } else { None };
        let drawn = code.map(|code| {
            code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build()
        });
        let picture = drawn.unwrap_or_default().lines().map(str::to_owned).collect();
        let asked_for = if begun.confirm { vec![Missing::Confirm] } else { Vec::new() };
        Self { begun, picture, asked_for }
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
