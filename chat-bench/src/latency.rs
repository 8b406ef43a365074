//! How long things took.

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::clock::SECOND;

/// The longest time that is told apart; what takes longer counts as this long.
const LONGEST: u64 = 100 * SECOND;

/// Digits that are exact.
const DIGITS: u8 = 3;

/// Times in nanoseconds.
pub(crate) struct Latency(Histogram<u64>);

impl Latency {
    /// None yet.
    ///
    /// # Errors
    /// Never, with these bounds.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, LONGEST, DIGITS)?))
    }

    /// Counts one.
    pub(crate) fn add(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    /// The time in milliseconds below which this part of them lies; not a number where there is none.
    pub(crate) fn ms(&self, part: f64) -> f64 {
        if self.0.is_empty() { f64::NAN } else { self.0.value_at_quantile(part) as f64 / 1e6 }
    }

    /// The three that are told, with their names.
    pub(crate) fn figures(&self) -> [(&'static str, f64); 3] {
        [("p50 ms", self.ms(0.5)), ("p99 ms", self.ms(0.99)), ("p99.9 ms", self.ms(0.999))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_times_are_told_in_milliseconds() {
        let mut latency = Latency::new().unwrap();
        (1..=1_000).for_each(|n| latency.add(n * 1_000_000));
        let near = |part: f64, ms: f64| (latency.ms(part) - ms).abs() <= ms / 500.0;
        assert!(near(0.5, 500.0) && near(0.99, 990.0) && near(0.999, 999.0), "{:?}", latency.figures());
    }

    #[test]
    fn no_time_is_no_number_and_an_endless_one_is_the_longest() {
        let mut latency = Latency::new().unwrap();
        assert!(latency.ms(0.5).is_nan());
        latency.add(u64::MAX);
        latency.add(0);
        assert!((latency.ms(1.0) - 100_000.0).abs() < 200.0, "{}", latency.ms(1.0));
    }
}
