//! What waits for a shard, in the order in which it came.
//!
//! While a commit is under way, nothing else is decided. But what other nodes tell of conversations that the
//! commit does not touch need not wait for it: who listens here would wait for two commits, the author's and
//! this one.

use std::collections::{HashSet, VecDeque};
use std::pin::pin;

use chat_proto::ConversationId;
use tokio::sync::mpsc;

use super::{Shard, TURN};
use crate::hub::nodes::news::News;
use crate::hub::{Job, ToShard};

/// See the module.
pub(super) struct Waiting {
    queue: mpsc::Receiver<ToShard>,
    /// Taken out of the queue and not done yet; never more than [`TURN`].
    taken: VecDeque<ToShard>,
}

/// What may be done with what waits while a commit is under way.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// It is done now.
    Ahead,
    /// It waits for the commit, and nothing behind it needs to.
    InTurn,
    /// It waits for the commit, and so does all that is behind it.
    Barrier,
}

impl Place {
    /// That of this input, while a commit to these conversations is under way.
    fn of(input: &ToShard, touched: &HashSet<ConversationId>) -> Self {
        let conversation = match input {
            // What is asked here has no order with what other nodes tell.
            ToShard::Do(_) => return Self::InTurn,
            ToShard::Moved { conversation, .. } => conversation,
            ToShard::News(news) => match &**news {
                News::Turn(turn) => &turn.conversation,
                News::Read(read) => &read.conversation,
                News::Typing(typing) => &typing.conversation,
                // Who listens where changes with these.
                _ => return Self::Barrier,
            },
            _ => return Self::Barrier,
        };
        match touched.contains(conversation) {
            true => Self::InTurn,
            false => Self::Ahead,
        }
    }
}

impl Waiting {
    pub(super) fn new(queue: mpsc::Receiver<ToShard>) -> Self {
        Self { queue, taken: VecDeque::with_capacity(TURN) }
    }

    /// Takes what waits, at most [`TURN`] in all, and waits for it where there is nothing; how much it is, which is
    /// none when nobody is left who could ask.
    pub(super) async fn take(&mut self) -> usize {
        if self.taken.is_empty() {
            let first = self.queue.recv().await;
            self.taken.extend(first);
        }
        while self.taken.len() < TURN
            && let Ok(input) = self.queue.try_recv()
        {
            self.taken.push_back(input);
        }
        self.taken.len()
    }

    /// The first of what was taken.
    pub(super) fn next(&mut self) -> Option<ToShard> {
        self.taken.pop_front()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.queue.is_empty()
    }

    /// The next that can be done while a commit to these conversations is under way; waits for ever where nothing
    /// can be. Cancelled, it loses nothing.
    async fn ahead(&mut self, touched: &HashSet<ConversationId>, is_barred: &mut bool) -> ToShard {
        while !*is_barred
            && self.taken.len() < TURN
            && let Some(input) = self.queue.recv().await
        {
            match Place::of(&input, touched) {
                Place::Ahead => return input,
                Place::InTurn => {}
                Place::Barrier => *is_barred = true,
            }
            self.taken.push_back(input);
        }
        std::future::pending().await
    }
}

impl Shard {
    /// Waits for the commit of these requests, and meanwhile tells what other nodes say of other conversations.
    pub(super) async fn hear_until<T>(&mut self, committed: impl Future<Output = T>, jobs: &[Job]) -> T {
        if self.nodes.is_none() {
            return committed.await;
        }
        let mut committed = pin!(committed);
        let touched: HashSet<ConversationId> = jobs.iter().map(|job| job.conversation).collect();
        // What was taken before is older than all that comes now.
        let mut is_barred = self.waiting.taken.iter().any(|input| !matches!(input, ToShard::Do(_)));
        loop {
            tokio::select! {
                biased;
                committed = &mut committed => return committed,
                input = self.waiting.ahead(&touched, &mut is_barred) => self.listen(input).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chat_proto::Seq;
    use uuid::Uuid;

    use super::*;

    fn moved(conversation: u128) -> ToShard {
        ToShard::Moved { conversation: ConversationId(Uuid::from_u128(conversation)), seq: Seq(1) }
    }

    /// What of these comes ahead of a commit to conversation 1, and what is kept for later.
    async fn sorted(inputs: Vec<ToShard>) -> (usize, usize) {
        let (asking, queue) = mpsc::channel(TURN * 2);
        let (all, touched) = (inputs.len(), HashSet::from([ConversationId(Uuid::from_u128(1))]));
        for input in inputs {
            asking.send(input).await.unwrap();
        }
        let (mut waiting, mut is_barred, mut ahead) = (Waiting::new(queue), false, 0);
        tokio::select! {
            biased;
            () = async {
                loop {
                    waiting.ahead(&touched, &mut is_barred).await;
                    ahead += 1;
                }
            } => {}
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(waiting.take().await, (all - ahead).min(TURN), "and nothing is lost");
        (ahead, waiting.taken.len())
    }

    #[tokio::test]
    async fn only_what_concerns_others_overtakes_a_commit() {
        assert_eq!(sorted(vec![moved(2), moved(1), moved(3)]).await, (2, 1));
        assert_eq!(sorted(vec![moved(2), ToShard::Wake, moved(3)]).await, (1, 2), "nothing passes a barrier");
        let hello = ToShard::News(Box::new(News::Bye(crate::hub::nodes::news::Nothing {})));
        assert_eq!(sorted(vec![hello, moved(2)]).await, (0, 2), "nor what may change who listens");
    }

    #[tokio::test]
    async fn no_more_than_a_turn_is_kept() {
        let many = (0..TURN + 5).map(|_| moved(1)).collect();
        assert_eq!(sorted(many).await, (0, TURN));
    }
}
