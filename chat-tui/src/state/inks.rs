//! The colours of code that was looked at: found once for each block, elsewhere than where it is
//! drawn.

use std::collections::{HashMap, VecDeque};

use crate::markup::Code;
use crate::markup::code::{CODE_BYTES, Inked};

/// Blocks whose colours are kept: many screens of nothing but code.
const BLOCKS: usize = 128;

/// See the module.
#[derive(Debug, Default)]
pub struct Inks {
    /// Without a value while they are being found.
    known: HashMap<Code, Option<Inked>>,
    /// In the order in which they were asked for.
    order: VecDeque<Code>,
}

impl Inks {
    /// The colours of a block, once they are found.
    pub(crate) fn get(&self, code: &Code) -> Option<&Inked> {
        self.known.get(code)?.as_ref()
    }

    /// Whether a block has to be looked at; it counts as asked for from now on.
    pub(crate) fn ask(&mut self, code: &Code) -> bool {
        let is_plain = code.language.is_empty() || code.text.is_empty() || code.text.len() > CODE_BYTES;
        if is_plain || self.known.contains_key(code) {
            return false;
        }
        if self.order.len() >= BLOCKS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(code.clone());
        self.known.insert(code.clone(), None);
        true
    }

    /// Takes what was found; says whether it can be seen.
    pub(crate) fn take(&mut self, code: &Code, inks: Inked) -> bool {
        let is_seen = !inks.is_empty();
        match self.known.get_mut(code) {
            Some(held) => {
                *held = Some(inks);
                is_seen
            }
            None => false,
        }
    }
}
