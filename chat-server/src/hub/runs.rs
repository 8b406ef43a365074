//! Slash commands under way: one task that knows who may be answered by whom.
//!
//! 1. A run ends [`limits::COMMAND_ANSWER_MS`] after it began, or with its last answer.
//! 2. At most [`RUNS`] are remembered, and [`RUNS_EACH`] of one person; beyond that the oldest end
//!    early. Nothing of it is stored: a restart ends them all.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chat_proto::{CommandName, ConversationId, Person, RunId, UserId, limits};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Runs remembered in all; each is some hundred bytes.
const RUNS: usize = 10_000;

/// Runs of one person, so that nobody can make the others' end early.
const RUNS_EACH: usize = 20;

/// Inputs that may wait for the task.
const QUEUE: usize = 1_024;

/// One run of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Where.
    pub conversation: ConversationId,
    /// Who runs it.
    pub user: UserId,
    /// Whose command it is.
    pub bot: Person,
    /// Which.
    pub name: CommandName,
}

enum Input {
    Begin { id: RunId, run: Run },
    Answer { id: RunId, bot: UserId, found: oneshot::Sender<Option<Run>> },
}

/// A handle on the task; cheap to clone.
#[derive(Clone)]
pub struct Runs {
    inputs: mpsc::Sender<Input>,
}

impl Runs {
    pub(super) fn start() -> Self {
        let (inputs, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(Desk::default().run(waiting));
        Self { inputs }
    }

    /// Remembers a run.
    pub async fn begin(&self, id: RunId, run: Run) {
        // An error means that the task has ended with the server.
        let _ = self.inputs.send(Input::Begin { id, run }).await;
    }

    /// The run that this bot answers now, if it still may; counts the answer.
    pub async fn answer(&self, id: RunId, bot: UserId) -> Option<Run> {
        let (found, answered) = oneshot::channel();
        // An error means that the task has ended with the server.
        let _ = self.inputs.send(Input::Answer { id, bot, found }).await;
        answered.await.unwrap_or_default()
    }
}

#[derive(Default)]
struct Desk {
    runs: HashMap<RunId, UnderWay>,
    /// By age.
    order: BTreeMap<u64, RunId>,
    of: HashMap<UserId, Vec<RunId>>,
    next: u64,
}

struct UnderWay {
    run: Run,
    place: u64,
    ends: Instant,
    answers: u32,
}

impl Desk {
    async fn run(mut self, mut waiting: mpsc::Receiver<Input>) {
        while let Some(input) = waiting.recv().await {
            let now = Instant::now();
            match input {
                Input::Begin { id, run } => self.begin(id, run, now),
                Input::Answer { id, bot, found } => {
                    // Who waits may have been cut in the meantime.
                    let _ = found.send(self.answer(id, bot, now));
                }
            }
        }
    }

    fn begin(&mut self, id: RunId, run: Run, now: Instant) {
        // Heard twice.
        if self.runs.contains_key(&id) {
            return;
        }
        let own = self.of.entry(run.user).or_default();
        let surplus = (own.len() >= RUNS_EACH).then(|| own[0]);
        own.push(id);
        if let Some(oldest) = surplus {
            self.end(oldest);
        }
        self.next += 1;
        let ends = now + Duration::from_millis(limits::COMMAND_ANSWER_MS);
        self.order.insert(self.next, id);
        self.runs.insert(id, UnderWay { run, place: self.next, ends, answers: 0 });
        while let Some((_, oldest)) = self.order.first_key_value() {
            let oldest = *oldest;
            let over = self.runs.get(&oldest).is_some_and(|run| run.ends <= now);
            if !over && self.runs.len() <= RUNS {
                break;
            }
            self.end(oldest);
        }
    }

    fn answer(&mut self, id: RunId, bot: UserId, now: Instant) -> Option<Run> {
        let known = self.runs.get_mut(&id).filter(|known| known.run.bot.id == bot && known.ends > now)?;
        known.answers += 1;
        let (run, is_last) = (known.run.clone(), known.answers >= limits::ANSWERS_PER_RUN);
        if is_last {
            self.end(id);
        }
        Some(run)
    }

    fn end(&mut self, id: RunId) {
        let Some(ended) = self.runs.remove(&id) else { return };
        self.order.remove(&ended.place);
        if let Some(own) = self.of.get_mut(&ended.run.user) {
            own.retain(|other| *other != id);
            if own.is_empty() {
                self.of.remove(&ended.run.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn run(user: u128) -> Run {
        Run {
            conversation: ConversationId(Uuid::nil()),
            user: UserId(Uuid::from_u128(user)),
            bot: Person::new(UserId(Uuid::from_u128(9)), "deployer".parse().unwrap()),
            name: "deploy".parse().unwrap(),
        }
    }

    fn id(n: u128) -> RunId {
        RunId(Uuid::from_u128(n))
    }

    #[test]
    fn only_its_bot_answers_and_not_for_ever() {
        let (mut desk, now) = (Desk::default(), Instant::now());
        let (bot, other) = (UserId(Uuid::from_u128(9)), UserId(Uuid::from_u128(8)));
        desk.begin(id(1), run(1), now);
        assert_eq!(desk.answer(id(1), other, now), None);
        for _ in 0..limits::ANSWERS_PER_RUN {
            assert_eq!(desk.answer(id(1), bot, now), Some(run(1)));
        }
        assert_eq!(desk.answer(id(1), bot, now), None, "answered often enough");
        desk.begin(id(2), run(1), now);
        let late = now + Duration::from_millis(limits::COMMAND_ANSWER_MS);
        assert_eq!(desk.answer(id(2), bot, late), None, "too late");
        desk.begin(id(3), run(1), late);
        assert_eq!(desk.runs.len(), 1, "what is over is forgotten");
    }

    #[test]
    fn a_flood_ends_its_own_runs_only() {
        let (mut desk, now) = (Desk::default(), Instant::now());
        desk.begin(id(0), run(2), now);
        for n in 1..=100 {
            desk.begin(id(n), run(1), now);
        }
        assert_eq!(desk.runs.len(), RUNS_EACH + 1);
        assert!(desk.runs.contains_key(&id(0)) && desk.runs.contains_key(&id(100)));
        assert_eq!((desk.order.len(), desk.of.len()), (RUNS_EACH + 1, 2));
    }

    #[test]
    fn memory_is_bounded() {
        let (mut desk, now) = (Desk::default(), Instant::now());
        for n in 0..RUNS as u128 + 500 {
            desk.begin(id(n), run(n), now);
        }
        assert_eq!((desk.runs.len(), desk.order.len(), desk.of.len()), (RUNS, RUNS, RUNS));
    }

    #[test]
    fn a_run_that_is_heard_twice_is_one_and_ends_once() {
        let (mut desk, now) = (Desk::default(), Instant::now());
        for n in (0..RUNS as u128 + 10).chain([3, 3]) {
            desk.begin(RunId(Uuid::from_u128(n)), run(n), now);
        }
        assert!(desk.runs.len() <= RUNS && desk.order.len() == desk.runs.len());
        let twice = RunId(Uuid::from_u128(7_000));
        desk.begin(twice, run(7_000), now);
        assert_eq!(desk.order.len(), desk.runs.len());
    }
}
