//! What is told outside of the window: one short notification, with its text made safe.
//!
//! 1. Text of others gets in here only as [`SafeText`], on one line, and never more than fits.
//! 2. What a person does not want to be seen by others is not in it at all.

use chat_client::Alert;
use chat_proto::{Conversation, Reason, SafeText};

use crate::settings::{NotifyHow, NotifyShow};
use crate::state::conversations::is_direct;
use crate::state::message::first_words;
use crate::text;

/// Columns of a title; desktops cut longer ones.
const TITLE_COLUMNS: usize = 60;

/// Columns of a text: what a person reads in passing. It also keeps every payload far below the
/// smallest limit of a terminal (4096 bytes in tmux and kitty).
const BODY_COLUMNS: usize = 160;

/// Bytes of a title or text: a few columns can be many bytes of accents.
const TEXT_BYTES: usize = 800;

/// How long a desktop may take to show a notification.
#[cfg(feature = "desktop")]
const DESKTOP: std::time::Duration = std::time::Duration::from_secs(5);

/// Something to be told outside of the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What it belongs to; a later one takes the place of the one before.
    pub topic: String,
    /// Who calls, and where. Safe.
    pub title: String,
    /// What they say. Safe; empty where that is not shown.
    pub body: String,
    /// By which way.
    pub how: NotifyHow,
}

impl Notification {
    /// The notification of a message, as much of it as is to be seen.
    #[must_use]
    pub fn of(alert: &Alert, conversation: Option<&Conversation>, show: NotifyShow, how: NotifyHow) -> Self {
        let who = alert.event.author.name.as_str();
        let (title, body) = match show {
            NotifyShow::Nothing => ("chat".to_owned(), "A message for you".to_owned()),
            NotifyShow::Name => (title(who, alert.reason, conversation), String::new()),
            NotifyShow::Full => {
                let words = first_words(&alert.event);
                (title(who, alert.reason, conversation), words.to_owned())
            }
        };
        let topic = match show {
            NotifyShow::Nothing => "chat".to_owned(),
            _ => alert.event.conversation.0.simple().to_string(),
        };
        Self { topic, title: short(&title, TITLE_COLUMNS), body: short(&body, BODY_COLUMNS), how }
    }

    /// The same without anything that others may not see.
    #[must_use]
    pub fn hidden(self) -> Self {
        let text = |text: &str| text.to_owned();
        Self { topic: text("chat"), title: text("chat"), body: text("A message for you"), how: self.how }
    }

    /// One that only shows that the way works.
    #[must_use]
    pub fn trial(how: NotifyHow) -> Self {
        let text = |text: &str| text.to_owned();
        Self { topic: text("trial"), title: text("chat"), body: text("Notifications work here"), how }
    }

    /// Both texts in one.
    #[must_use]
    pub fn line(&self) -> String {
        if self.body.is_empty() { self.title.clone() } else { format!("{}: {}", self.title, self.body) }
    }
}

/// Tells it to the desktop, without waiting for it: a desktop that does not answer holds nobody up.
pub(crate) fn on_desktop(what: &Notification) {
    let what = what.clone();
    tokio::spawn(async move {
        if let Err(error) = shown_on_desktop(&what).await {
            tracing::warn!(%error, "no notification was shown");
        }
    });
}

/// Tells it to the desktop, and waits until it is shown.
#[cfg(feature = "desktop")]
pub(crate) async fn shown_on_desktop(what: &Notification) -> Result<(), String> {
    let mut on_desktop = notify_rust::Notification::new();
    // Some desktops read the text as HTML.
    let body = what.body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    on_desktop.appname("chat").summary(&what.title).body(&body);
    match tokio::time::timeout(DESKTOP, on_desktop.show_async()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("the desktop shows no notification: {error}")),
        Err(_) => Err("the desktop does not answer".to_owned()),
    }
}

/// There is no desktop in this build.
#[cfg(not(feature = "desktop"))]
pub(crate) async fn shown_on_desktop(_: &Notification) -> Result<(), String> {
    Err("this build knows no desktop".to_owned())
}

/// "ada mentions you in #deploys".
fn title(who: &str, reason: Option<Reason>, conversation: Option<&Conversation>) -> String {
    let room = conversation.filter(|c| !is_direct(c)).and_then(|c| c.name.as_ref());
    let place = room.map(|room| format!(" in #{room}")).unwrap_or_default();
    let does = match reason {
        Some(Reason::Mention) if !place.is_empty() => " mentions you",
        Some(Reason::Room | Reason::Here) => " calls everybody",
        Some(Reason::Reply) => " answers you",
        Some(Reason::Thread) => " writes in a thread",
        _ => "",
    };
    format!("{who}{does}{place}")
}

/// One safe line of at most so many columns.
fn short(raw: &str, columns: usize) -> String {
    // Cut before it is cleaned, too: a message may be long.
    let end = (0..=raw.len().min(4 * TEXT_BYTES)).rev().find(|end| raw.is_char_boundary(*end)).unwrap_or(0);
    let safe = text::cut(SafeText::line(&raw[..end]).as_str(), columns);
    let end = (0..=safe.len().min(TEXT_BYTES)).rev().find(|end| safe.is_char_boundary(*end)).unwrap_or(0);
    // A cut may leave a joiner at the end.
    SafeText::line(&safe[..end]).as_str().to_owned()
}
