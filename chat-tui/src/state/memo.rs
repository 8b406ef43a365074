//! What was made of a timeline for the screen as it is now: one input looks at the same rows four
//! or five times, and reading markdown and breaking lines is most of what a key costs.
//!
//! Nothing of it can be seen. It is open only while nothing changes that rows are made of: from what
//! follows an update, over the frame, to the next update. While it is shut, all is made anew.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use chat_proto::{ConversationId, Seq};
use jiff::civil::Date;

use super::items::Items;
use super::pane::Made;
use crate::settings::Times;

/// Panes that are held: the main line's and a thread's, perhaps in a size that has just changed.
const PANES: usize = 4;

/// What tells two panes apart, beside what is forgotten with every update.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) conversation: ConversationId,
    pub(crate) thread: Option<Seq>,
    pub(crate) width: usize,
    pub(crate) cell: Option<(u16, u16)>,
    pub(crate) bare: bool,
    pub(crate) times: Times,
    pub(crate) today: Date,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Memo {
    is_open: bool,
    panes: RefCell<Vec<(Key, Arc<Items>)>>,
    /// By the place of the pane among them, and the place of the item in it.
    made: RefCell<HashMap<(usize, usize), Arc<Made>>>,
}

impl Memo {
    /// The items of a pane, held or made now; and where it is held, if it is.
    pub(crate) fn items(&self, key: Key, make: impl FnOnce() -> Items) -> (Arc<Items>, Option<usize>) {
        if let Some((at, (_, items))) =
            self.panes.borrow().iter().enumerate().find(|(_, (known, _))| *known == key)
        {
            return (Arc::clone(items), Some(at));
        }
        let items = Arc::new(make());
        let mut panes = self.panes.borrow_mut();
        if !self.is_open || panes.len() >= PANES {
            return (items, None);
        }
        panes.push((key, Arc::clone(&items)));
        (items, Some(panes.len() - 1))
    }

    /// An item that was made.
    pub(crate) fn made(&self, pane: usize, at: usize) -> Option<Arc<Made>> {
        self.made.borrow().get(&(pane, at)).map(Arc::clone)
    }

    /// Keeps an item that was made.
    pub(crate) fn keep(&self, pane: usize, at: usize, made: &Arc<Made>) {
        self.made.borrow_mut().insert((pane, at), Arc::clone(made));
    }

    /// Nothing changes from here on; what was held before does not count.
    pub(crate) fn open(&mut self) {
        self.shut();
        self.is_open = true;
    }

    /// Things change from here on.
    pub(crate) fn shut(&mut self) {
        self.is_open = false;
        self.panes.get_mut().clear();
        self.made.get_mut().clear();
    }
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memo")
    }
}
