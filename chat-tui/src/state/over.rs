//! What lies over the conversation, and what is said or asked for a moment.

use chat_proto::Attachment;

use super::browser::Browser;
use super::listing::Listing;
use super::page::Page;
use super::picker::Picker;
use super::secret::SecretForm;
use crate::action::Action;

/// What lies over the conversation.
#[derive(Debug, Clone)]
pub enum Popup {
    /// A list to choose from.
    Picker(Box<Picker>),
    /// A list of messages from everywhere.
    Listing(Box<Listing>),
    /// The help screen, scrolled down by so many rows.
    Help(usize),
    /// Something to read.
    Page(Page),
    /// A field for a password.
    Secret(Box<SecretForm>),
    /// A picture over the whole screen.
    Picture(Box<Attachment>),
    /// Folders with files to send.
    Browser(Box<Browser>),
}

/// Something that is done only if the next key says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// What is asked. Not safe to draw.
    pub question: String,
    /// What a yes does.
    pub action: Action,
}

/// One line for the person, until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What to say. Not safe to draw.
    pub text: String,
    /// Whether something went wrong.
    pub is_error: bool,
}

/// What is being dragged with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drag {
    /// The end of a selection in the composer.
    Text,
    /// The border of the list.
    Border,
}
