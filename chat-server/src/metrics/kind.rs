//! The kinds of metrics: thin handles, so that the rest of the server sees no type of the crate.

use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::label::Label;

/// From a twentieth of a millisecond, which is a decision in memory, doubling to 13 s, which is
/// more than any bound on waiting here.
const SECONDS: (f64, f64, u16) = (0.000_05, 2.0, 19);

/// From one to the largest batch there is, 512.
const COUNTS: (f64, f64, u16) = (1.0, 2.0, 10);

/// From a kilobyte to the gigabyte, by fours.
const BYTES: (f64, f64, u16) = (1_024.0, 4.0, 11);

/// What a row of the table can be.
pub(super) trait Metric {
    const KIND: &'static str;
    const LABEL: Option<&'static str> = None;
    fn make(registry: &mut Registry, name: &str, help: &str) -> Self;
}

/// Only goes up.
pub struct Count(Counter);

impl Count {
    /// One more.
    pub fn add_one(&self) {
        self.0.inc();
    }

    /// So many more.
    pub fn add(&self, more: usize) {
        self.0.inc_by(more as u64);
    }
}

impl Metric for Count {
    const KIND: &'static str = "counter";

    fn make(registry: &mut Registry, name: &str, help: &str) -> Self {
        let counter = Counter::default();
        registry.register(name, help, counter.clone());
        Self(counter)
    }
}

/// Goes up and down.
pub struct Level(Gauge);

impl Level {
    /// So many more.
    pub fn up(&self, by: usize) {
        self.0.inc_by(signed(by));
    }

    /// So many fewer.
    pub fn down(&self, by: usize) {
        self.0.dec_by(signed(by));
    }

    /// Exactly so many.
    pub fn set(&self, to: usize) {
        self.0.set(signed(to));
    }

    /// One more for as long as the guard lives.
    #[must_use]
    pub fn hold(&'static self) -> Held {
        self.up(1);
        Held(self)
    }
}

/// See [`Level::hold`].
pub struct Held(&'static Level);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.down(1);
    }
}

fn signed(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Metric for Level {
    const KIND: &'static str = "gauge";

    fn make(registry: &mut Registry, name: &str, help: &str) -> Self {
        let gauge = Gauge::default();
        registry.register(name, help, gauge.clone());
        Self(gauge)
    }
}

/// How long things take.
pub struct Seconds(Histogram);

impl Seconds {
    /// It took from then until now.
    pub fn since(&self, began: Instant) {
        self.took(began.elapsed());
    }

    /// It took so long.
    pub fn took(&self, time: Duration) {
        self.0.observe(time.as_secs_f64());
    }
}

impl Metric for Seconds {
    const KIND: &'static str = "histogram";

    fn make(registry: &mut Registry, name: &str, help: &str) -> Self {
        Self(histogram(registry, name, help, SECONDS))
    }
}

/// How many there are in a batch.
pub struct Counts(Histogram);

impl Counts {
    /// So many.
    pub fn of(&self, count: usize) {
        self.0.observe(count as f64);
    }
}

impl Metric for Counts {
    const KIND: &'static str = "histogram";

    fn make(registry: &mut Registry, name: &str, help: &str) -> Self {
        Self(histogram(registry, name, help, COUNTS))
    }
}

/// How large things are.
pub struct Bytes(Histogram);

impl Bytes {
    /// So large.
    pub fn of(&self, bytes: u64) {
        self.0.observe(bytes as f64);
    }
}

impl Metric for Bytes {
    const KIND: &'static str = "histogram";

    fn make(registry: &mut Registry, name: &str, help: &str) -> Self {
        Self(histogram(registry, name, help, BYTES))
    }
}

fn histogram(
    registry: &mut Registry,
    name: &str,
    help: &str,
    (first, factor, length): (f64, f64, u16),
) -> Histogram {
    let histogram = Histogram::new(exponential_buckets(first, factor, length));
    registry.register(name, help, histogram.clone());
    histogram
}

/// One counter for each value of a closed list.
pub struct By<L> {
    counters: Vec<Counter>,
    of: std::marker::PhantomData<fn(L)>,
}

impl<L: Label> By<L> {
    /// One more of these.
    pub fn add_one(&self, label: L) {
        // What is not on the list, such as a code that only newer versions know, is not counted.
        if let Some(counter) = self.counters.get(label.place()) {
            counter.inc();
        }
    }

    /// So many more of these.
    pub fn add(&self, label: L, more: usize) {
        if let Some(counter) = self.counters.get(label.place()) {
            counter.inc_by(more as u64);
        }
    }
}

impl<L: Label> Metric for By<L> {
    const KIND: &'static str = "counter";
    const LABEL: Option<&'static str> = Some(L::NAME);

    fn make(registry: &mut Registry, name: &str, help: &str) -> Self {
        let family = Family::<Vec<(&'static str, &'static str)>, Counter>::default();
        registry.register(name, help, family.clone());
        let counter = |label: &L| family.get_or_create_owned(&vec![(L::NAME, label.word())]);
        Self { counters: L::all().iter().map(counter).collect(), of: std::marker::PhantomData }
    }
}
