//! Flat or not: the line through the samples after the warm-up, and how far it rises over them.

use super::Sample;

/// Part of the samples in which caches fill and threads start.
const WARM_UP: f64 = 0.25;

/// Memory may rise over the measured time by so much of its middle, or by [`NOISE_BYTES`]: what an allocator
/// keeps varies by that.
const RISE: f64 = 0.05;
/// See [`RISE`].
const NOISE_BYTES: f64 = 4.0 * 1024.0 * 1024.0;

/// Descriptors and threads may rise by so many: a connection that comes while it is counted.
const A_FEW: f64 = 3.0;

/// The log may become so large: twice what the server lets it grow to, for a reader that is at work then puts
/// off that it begins anew. Within that it goes up and down, and a line through it says nothing.
const WAL_BYTES: f64 = 64.0 * 1024.0 * 1024.0;

/// What one line says.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    name: &'static str,
    middle: f64,
    rise: f64,
    allowed: f64,
}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict(Vec<Line>);

/// Judges samples.
pub(super) fn of(samples: &[Sample]) -> Verdict {
    // Rounded down; one sample more or less means nothing.
    let warm = (samples.len() as f64 * WARM_UP) as usize;
    let measured = samples.get(warm..).unwrap_or_default();
    let memory = |middle: f64| (middle * RISE).max(NOISE_BYTES);
    let a_few = |_: f64| A_FEW;
    let wal = measured.iter().map(|sample| sample.wal as f64);
    let log = Line {
        name: "write-ahead log, bytes, from nothing to its largest",
        middle: wal.clone().sum::<f64>() / measured.len().max(1) as f64,
        rise: wal.fold(0.0, f64::max),
        allowed: WAL_BYTES,
    };
    Verdict(vec![
        line("server memory, bytes", measured, |sample| sample.server_memory, memory),
        line("server descriptors", measured, |sample| sample.server_descriptors, a_few),
        line("server threads", measured, |sample| sample.server_threads, a_few),
        line("client memory, bytes", measured, |sample| sample.client_memory, memory),
        line("client descriptors", measured, |sample| sample.client_descriptors, a_few),
        log,
    ])
}

impl Verdict {
    /// Whether nothing rises by more than is allowed.
    pub(super) fn is_flat(&self) -> bool {
        self.0.iter().all(|line| line.rise <= line.allowed)
    }

    /// In words.
    pub(super) fn lines(&self) -> Vec<String> {
        let say = |line: &Line| {
            let word = if line.rise <= line.allowed { "flat" } else { "RISES" };
            format!(
                "{word}: {} rises by {:.0} of {:.0} (allowed {:.0})",
                line.name, line.rise, line.middle, line.allowed
            )
        };
        self.0.iter().map(say).collect()
    }
}

/// The least-squares line through one figure.
fn line(
    name: &'static str,
    samples: &[Sample],
    figure: impl Fn(&Sample) -> u64,
    allowed: impl Fn(f64) -> f64,
) -> Line {
    let count = samples.len().max(1) as f64;
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(&|sample| sample.seconds), mean(&|sample| figure(sample) as f64));
    let covariance = mean(&|sample| (sample.seconds - x) * (figure(sample) as f64 - y));
    let variance = mean(&|sample| (sample.seconds - x).powi(2));
    let slope = if variance > 0.0 { covariance / variance } else { 0.0 };
    let span = match (samples.first(), samples.last()) {
        (Some(first), Some(last)) => last.seconds - first.seconds,
        _ => 0.0,
    };
    Line { name, middle: y, rise: slope * span, allowed: allowed(y) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(rss: impl Fn(f64) -> f64, descriptors: impl Fn(f64) -> f64) -> Vec<Sample> {
        (0..200)
            .map(|n| {
                let part = f64::from(n) / 200.0;
                // A little noise, always the same.
                let noise = f64::from(n * 7919 % 101) / 101.0;
                Sample {
                    seconds: f64::from(n) * 18.0,
                    server_memory: (rss(part) + noise * 1e6) as u64,
                    server_descriptors: descriptors(part) as u64,
                    ..Sample::default()
                }
            })
            .collect()
    }

    #[test]
    fn what_stays_is_flat_however_it_warms_up() {
        assert!(of(&samples(|_| 5e7, |_| 60.0)).is_flat());
        assert!(of(&samples(|part| 3e7 + part.min(0.2) * 2e8, |_| 60.0)).is_flat());
        assert!(of(&[]).is_flat());
    }

    #[test]
    fn what_grows_is_not() {
        let leak = of(&samples(|part| 5e7 + part * 2e7, |_| 60.0));
        assert!(!leak.is_flat());
        assert!(leak.lines()[0].starts_with("RISES: server memory"));
        assert!(!of(&samples(|_| 5e7, |part| 60.0 + part * 20.0)).is_flat());
    }
}
