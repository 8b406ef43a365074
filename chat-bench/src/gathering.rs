//! Clients come in, some at once.

use anyhow::{Result, ensure};

use crate::clock::{self, SECOND};
use crate::crowd::{Crowd, What, all_is_well};
use crate::latency::Latency;

/// How long the next of them may take.
const PATIENCE: u64 = 60 * SECOND;

/// What it was like.
pub(crate) struct Gathering {
    /// From the first to connect to the last to be ready.
    pub(crate) seconds: f64,
    /// From connecting to being ready, each.
    pub(crate) latency: Latency,
    /// Fewest and most messages in the answer that made them ready.
    pub(crate) messages: (usize, usize),
}

/// Connects a client for each of `greetings`, at most `at_once` that are not ready yet. Ready is who
/// has the answer to a request of the kind `ready`.
///
/// # Errors
/// One of them does not come in.
pub(crate) fn gather(
    crowd: &mut Crowd,
    greetings: impl ExactSizeIterator<Item = Vec<Vec<u8>>>,
    ready: u8,
    at_once: usize,
) -> Result<Gathering> {
    let began = clock::now();
    let mut waiting = greetings.len();
    let mut gathering = Gathering { seconds: 0.0, latency: Latency::new()?, messages: (usize::MAX, 0) };
    let (mut greetings, mut under_way, mut last) = (greetings, 0, began);
    while waiting > 0 {
        while under_way < at_once {
            let Some(greeting) = greetings.next() else { break };
            crowd.connect(&greeting)?;
            under_way += 1;
        }
        crowd.wait(clock::now() + SECOND / 10)?;
        while let Some(news) = crowd.news() {
            all_is_well(&news)?;
            let What::Answer { id, messages } = news.what else { continue };
            if id.kind == ready {
                gathering.latency.add(news.at - crowd.began(news.client));
                let (fewest, most) = gathering.messages;
                gathering.messages = (fewest.min(messages), most.max(messages));
                (waiting, under_way, last) = (waiting - 1, under_way - 1, news.at);
            }
        }
        ensure!(clock::now() < last + PATIENCE, "{waiting} clients wait for their answer");
    }
    gathering.seconds = (last - began) as f64 / SECOND as f64;
    Ok(gathering)
}

/// Leaves the clients alone for so many nanoseconds.
///
/// # Errors
/// A connection ends meanwhile.
pub(crate) fn rest(crowd: &mut Crowd, nanoseconds: u64) -> Result<()> {
    let until = clock::now() + nanoseconds;
    while clock::now() < until {
        crowd.wait(until)?;
        while let Some(news) = crowd.news() {
            all_is_well(&news)?;
        }
    }
    Ok(())
}
