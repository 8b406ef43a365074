//! What a stretch of time cost and brought.

use anyhow::Result;

use crate::clock;
use crate::crowd::Crowd;
use crate::figures::Values;
use crate::latency::Latency;
use crate::process::Used;
use crate::subject::Measured;

/// A stretch that has begun.
pub(crate) struct Start {
    at: u64,
    server: Used,
    generator: Used,
    bytes: u64,
    deliveries: u64,
    latency: Latency,
    /// Messages that are done.
    pub(crate) messages: u64,
}

/// One that is over.
pub(crate) struct Phase {
    /// Its length.
    pub(crate) seconds: f64,
    /// Messages that were done in it.
    pub(crate) messages: u64,
    /// Deliveries in it; or answers, where it goes by those.
    pub(crate) deliveries: u64,
    server: Used,
    generator: Used,
    bytes: u64,
    latency: Latency,
    overload: bool,
}

impl Start {
    /// It begins.
    ///
    /// # Errors
    /// The server is gone.
    pub(crate) fn now(subject: &dyn Measured, crowd: &Crowd) -> Result<Self> {
        Ok(Self {
            latency: Latency::new()?,
            bytes: crowd.bytes,
            messages: 0,
            deliveries: 0,
            generator: Used::by(std::process::id())?,
            server: subject.used()?,
            at: clock::now(),
        })
    }

    /// Something came, after so many nanoseconds.
    pub(crate) fn delivered(&mut self, after: u64) {
        self.deliveries += 1;
        self.latency.add(after);
    }

    /// It is over.
    ///
    /// # Errors
    /// The server is gone.
    pub(crate) fn end(self, subject: &dyn Measured, crowd: &Crowd, overload: bool) -> Result<Phase> {
        let ended = clock::now();
        Ok(Phase {
            seconds: ended.saturating_sub(self.at) as f64 / clock::SECOND as f64,
            server: subject.used()?.since(&self.server),
            generator: Used::by(std::process::id())?.since(&self.generator),
            bytes: crowd.bytes - self.bytes,
            messages: self.messages,
            deliveries: self.deliveries,
            latency: self.latency,
            overload,
        })
    }
}

impl Phase {
    /// Messages a second.
    pub(crate) fn messages_a_second(&self) -> f64 {
        self.messages as f64 / self.seconds
    }

    /// What it costs to deliver, how fast, and how late.
    pub(crate) fn of_deliveries(&self) -> Values {
        let each = self.deliveries as f64;
        let mut values = vec![
            ("deliveries/s", each / self.seconds),
            ("us CPU/delivery", self.server.processor_us() / each),
            ("by ticks", self.server.ticks_us() / each),
            ("bytes/delivery", self.bytes as f64 / each),
        ];
        values.extend(self.latency.figures());
        values.extend(self.shares());
        values
    }

    /// What a message costs, how many there are, and how late.
    pub(crate) fn of_messages(&self) -> Values {
        // In an open loop those that are done are counted by what was delivered of them.
        let each = self.messages as f64;
        let mut values = vec![
            ("messages/s", each / self.seconds),
            ("us CPU/message", self.server.processor_us() / each),
            ("by ticks", self.server.ticks_us() / each),
            ("bytes written/message", self.server.written as f64 / each),
        ];
        values.extend(self.latency.figures());
        values.extend(self.shares());
        values
    }

    /// How busy the server and the generator were, and whether the pace was too much.
    pub(crate) fn shares(&self) -> Values {
        let share = |used: &Used| used.processor_us() / self.seconds / 1e4;
        let mut values =
            vec![("server %", share(&self.server)), (crate::figures::GENERATOR, share(&self.generator))];
        if self.overload {
            values.push(("overload", 1.0));
        }
        values
    }

    /// What the server used.
    pub(crate) fn server(&self) -> &Used {
        &self.server
    }

    /// What is told of the times.
    pub(crate) fn latency(&self) -> &Latency {
        &self.latency
    }
}
