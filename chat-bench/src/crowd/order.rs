//! Every event exactly once, in order: what a client has heard of each of its conversations.

use anyhow::{Result, ensure};

use crate::talk::Conversation;

/// The last event of each conversation. A client is in few, so a list is looked through faster than
/// a table.
#[derive(Debug, Default)]
pub(crate) struct Order(Vec<(Conversation, u64)>);

impl Order {
    /// The next event has come.
    ///
    /// # Errors
    /// It does not follow the one before: something is missing, came twice, or overtook.
    pub(crate) fn follow(&mut self, conversation: &Conversation, seq: u64) -> Result<()> {
        match self.0.iter_mut().find(|(known, _)| known == conversation) {
            Some((_, last)) => {
                let before = std::mem::replace(last, seq);
                ensure!(seq == before + 1, "event {seq} came after event {before} of its conversation");
            }
            // What was before it connected is not its own.
            None => self.0.push((*conversation, seq)),
        }
        Ok(())
    }

    /// The last event of a conversation; 0 where there was none.
    pub(crate) fn last(&self, conversation: &Conversation) -> u64 {
        self.0.iter().find(|(known, _)| known == conversation).map_or(0, |(_, seq)| *seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_doubles_and_changes_of_order_are_found() {
        let (here, there) = ([b'a'; 36], [b'b'; 36]);
        for (second, fine) in [(8, true), (9, false), (7, false), (6, false)] {
            let mut order = Order::default();
            order.follow(&here, 7).unwrap();
            order.follow(&there, 1).unwrap();
            assert_eq!(order.follow(&here, second).is_ok(), fine, "{second}");
            assert_eq!((order.last(&there), order.last(&[b'c'; 36])), (1, 0));
        }
    }
}
