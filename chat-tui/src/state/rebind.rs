//! A key that is being chosen for an action: which action, where, and what was pressed so far.

use crate::action::Plain;
use crate::keymap::{Chord, Context, Found, Key, Keymap};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rebind {
    /// The action.
    pub(crate) plain: Plain,
    /// What has the keyboard where the key is to mean it.
    pub(crate) context: Context,
    pressed: Vec<Key>,
}

impl Rebind {
    /// A key for this action, where it has one now: while a message is selected, or in the chat.
    pub(crate) fn new(plain: Plain, keymap: &Keymap) -> Self {
        let places = [Context::Chat, Context::Normal, Context::Select];
        let bound = places.into_iter().find(|context| keymap.labels(*context, plain).next().is_some());
        Self { plain, context: bound.unwrap_or(Context::Chat), pressed: Vec::new() }
    }

    /// Takes a key; gives the chord once it is whole: a key that begins others waits for the next.
    pub(crate) fn press(&mut self, key: Key, keymap: &Keymap) -> Option<Chord> {
        self.pressed.push(key);
        if keymap.find(self.context, &self.pressed) == Found::More {
            return None;
        }
        Chord::of(std::mem::take(&mut self.pressed))
    }

    /// What is asked of the person.
    pub(crate) fn words(&self, keymap: &Keymap) -> String {
        let title = self.plain.title();
        let now = keymap.labels(self.context, self.plain).next();
        let now = now.map(|key| format!(" (now {key})")).unwrap_or_default();
        let place = if self.context == Context::Select { " with a message selected" } else { "" };
        let begun = match self.pressed.as_slice() {
            [] => String::new(),
            keys => format!("{} … ", crate::keymap::written(keys)),
        };
        format!("{begun}Press the new key for \"{title}\"{place}{now} · Esc gives up")
    }
}
