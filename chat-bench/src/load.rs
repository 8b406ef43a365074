//! Messages through a server: as many as it takes (closed loop), or at a pace (open loop).
//!
//! Each message is counted until everybody who should has it and its sender has the answer. One that
//! comes too often, or does not come, is an error of the run.

pub(crate) mod ledger;
mod phase;

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::clock::{self, SECOND, nanoseconds};
use crate::crowd::{Crowd, News, What, all_is_well};
use crate::mark::Mark;
use crate::subject::Measured;
use crate::talk::{self, Conversation, Id};
use ledger::{Entry, Ledger};
pub(crate) use phase::{Phase, Start};

/// How long what is on its way has to arrive at the end.
const PATIENCE: u64 = 30 * SECOND;

/// A wait that nothing ends is looked at again after so long.
const LOOK_AGAIN: u64 = SECOND / 20;

/// Sends at once before what came back is looked at.
pub(crate) const AT_ONCE: usize = 64;

/// At a pace that the server cannot hold, so many seconds of messages may be under way before the
/// run is given up, and so many messages besides.
const OVERLOAD: (f64, f64) = (2.0, 1_000.0);

/// A way that messages take.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// Who sends.
    pub(crate) from: u32,
    /// Who answers, if messages go to and fro.
    pub(crate) answers: Option<u32>,
    /// Where.
    pub(crate) conversation: Conversation,
    /// How many have it in the end, the sender too.
    pub(crate) readers: u32,
}

/// What a loop goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// What is delivered makes room for the next message, on the next route.
    Rooms,
    /// As before, on the same route; the sender's own copy counts for nothing.
    Pairs,
    /// What is answered makes room, on the same route; what is delivered is only counted.
    Answers,
}

/// How long a phase is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// At first unmeasured.
    pub(crate) warm: Duration,
    /// Then measured.
    pub(crate) measured: Duration,
}

/// Traffic over some routes.
pub(crate) struct Load<'a> {
    crowd: &'a mut Crowd,
    /// Whose costs are measured; a count by other means has none.
    subject: Option<&'a dyn Measured>,
    routes: Vec<Route>,
    pace: Pace,
    length: usize,
    life: u64,
    ledger: Ledger,
}

impl<'a> Load<'a> {
    /// Messages of this length over these routes.
    pub(crate) fn new(
        crowd: &'a mut Crowd,
        subject: Option<&'a dyn Measured>,
        routes: Vec<Route>,
        pace: Pace,
        length: usize,
    ) -> Self {
        Self { crowd, subject, routes, pace, length, life: rand::random(), ledger: Ledger::default() }
    }

    /// Keeps so many messages under way.
    ///
    /// # Errors
    /// The server does not do what it must.
    pub(crate) fn closed(&mut self, window: usize, span: Span) -> Result<Phase> {
        let mut next = 0;
        for _ in 0..window {
            self.send(next, clock::now())?;
            next = (next + 1) % self.routes.len();
        }
        let mut clock = Stages::new(span);
        let mut start = None;
        loop {
            self.crowd.wait(clock::now() + LOOK_AGAIN)?;
            while let Some(news) = self.crowd.news() {
                let Some(done) = self.take(&news, start.as_mut())? else { continue };
                let route = if self.pace == Pace::Rooms {
                    next = (next + 1) % self.routes.len();
                    next
                } else {
                    done
                };
                self.send(route, clock::now())?;
            }
            if clock.is_over(&mut start, || self.start())? {
                break;
            }
        }
        self.end(start, false)
    }

    /// Sends at this pace, whatever comes back.
    ///
    /// # Errors
    /// The server does not do what it must.
    pub(crate) fn open(&mut self, messages_a_second: f64, span: Span) -> Result<Phase> {
        // Slower than one a second there would be nothing to measure in some seconds.
        let messages_a_second = messages_a_second.max(1.0);
        let step = SECOND as f64 / messages_a_second;
        let bound = messages_a_second * OVERLOAD.0 + OVERLOAD.1;
        let began = clock::now();
        let (mut sent, mut due, mut start, mut overload) = (0_u64, began, None, false);
        let mut clock = Stages::new(span);
        loop {
            // No more at once, so that what comes back is read even where the pace is too much.
            for _ in 0..AT_ONCE {
                if due > clock::now() {
                    break;
                }
                self.send(usize::try_from(sent)? % self.routes.len(), due)?;
                sent += 1;
                due = began + (sent as f64 * step) as u64;
            }
            self.crowd.wait(due.min(clock::now() + LOOK_AGAIN))?;
            while let Some(news) = self.crowd.news() {
                self.take(&news, start.as_mut())?;
            }
            if clock.is_over(&mut start, || self.start())? {
                break;
            }
            if self.ledger.under_way() as f64 > bound || self.ledger.is_nearly_full() {
                overload = true;
                break;
            }
        }
        self.end(start, overload)
    }

    /// Sends so many, one after the other.
    ///
    /// # Errors
    /// The server does not do what it must.
    pub(crate) fn one_by_one(&mut self, messages: usize) -> Result<()> {
        for n in 0..messages {
            self.send(n % self.routes.len(), clock::now())?;
            self.drain()?;
        }
        Ok(())
    }

    fn send(&mut self, route: usize, due: u64) -> Result<()> {
        let way = &mut self.routes[route];
        let entry = Entry { readers: way.readers, answered: false, from: way.from, route, due };
        let number = self.ledger.open(entry)?;
        let (from, conversation) = (way.from, way.conversation);
        // Who has been answered asks next.
        if let Some(other) = &mut way.answers {
            std::mem::swap(other, &mut way.from);
        }
        let (life, length) = (self.life, self.length);
        self.crowd.say(from, |out| talk::send(&conversation, life, Mark { number, due }, length, out))
    }

    /// Counts what a client has heard; returns the route on which the next message may go.
    fn take(&mut self, news: &News, start: Option<&mut Start>) -> Result<Option<usize>> {
        all_is_well(news)?;
        let (entry, done, counts) = match news.what {
            What::Delivered(mark) => {
                let entry = self.ledger.delivered(mark.number)?;
                let own = self.pace == Pace::Pairs && entry.from == news.client;
                let done = self.pace != Pace::Answers && entry.readers == 0;
                (entry, done, !own && self.pace != Pace::Answers)
            }
            What::Answer { id: Id { kind: Id::SEND, number }, .. } => {
                let entry = self.ledger.answered(number)?;
                (entry, self.pace == Pace::Answers, self.pace == Pace::Answers)
            }
            _ => return Ok(None),
        };
        if let Some(start) = start {
            if counts {
                start.delivered(news.at.saturating_sub(entry.due));
            }
            start.messages += u64::from(done);
        }
        Ok(done.then_some(entry.route))
    }

    fn start(&self) -> Result<Start> {
        Start::now(self.subject()?, self.crowd)
    }

    fn subject(&self) -> Result<&'a dyn Measured> {
        self.subject.context("nobody's costs are measured")
    }

    /// Ends what is measured, and waits for what is on its way.
    fn end(&mut self, start: Option<Start>, overload: bool) -> Result<Phase> {
        let start = start.map_or_else(|| self.start(), Ok)?;
        let phase = start.end(self.subject()?, self.crowd, overload)?;
        self.drain()?;
        Ok(phase)
    }

    /// Waits until everything has arrived.
    fn drain(&mut self) -> Result<()> {
        let until = clock::now() + PATIENCE;
        while self.ledger.under_way() > 0 {
            ensure!(
                clock::now() < until,
                "{} messages were not delivered in full, or not answered",
                self.ledger.under_way()
            );
            self.crowd.wait(clock::now() + LOOK_AGAIN)?;
            while let Some(news) = self.crowd.news() {
                self.take(&news, None)?;
            }
        }
        Ok(())
    }
}

/// Where in its span a phase is.
struct Stages {
    measured_from: u64,
    measured: u64,
    over: u64,
}

impl Stages {
    fn new(span: Span) -> Self {
        let measured_from = clock::now() + nanoseconds(span.warm);
        Self { measured_from, measured: nanoseconds(span.measured), over: u64::MAX }
    }

    /// Begins what is measured when it is time; says whether it is over. It lasts until at least one
    /// message is done, because without one there is nothing to say.
    fn is_over(&mut self, start: &mut Option<Start>, begin: impl FnOnce() -> Result<Start>) -> Result<bool> {
        let now = clock::now();
        match start {
            None if now < self.measured_from => Ok(false),
            None => {
                *start = Some(begin()?);
                self.over = now + self.measured;
                Ok(false)
            }
            Some(start) if start.messages == 0 => {
                ensure!(now < self.over.saturating_add(PATIENCE), "no message arrives");
                Ok(false)
            }
            Some(_) => Ok(now >= self.over),
        }
    }
}
