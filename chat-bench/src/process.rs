//! What the system knows of a process: `/proc`, read and parsed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Nanoseconds of a millionth of a second.
const MICROSECOND: f64 = 1_000.0;

/// What a process has used up to a moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Used {
    /// Its threads. Each by itself: one that ends takes its counts with it, and those of all together
    /// would seem to have become less.
    threads: BTreeMap<OsString, Thread>,
    /// The same as the kernel counts it in ticks: in the program, and in the system for it.
    pub(crate) user_ticks: u64,
    /// See `user_ticks`.
    pub(crate) system_ticks: u64,
    /// Bytes written to storage.
    pub(crate) written: u64,
}

/// What a thread has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Thread {
    /// Time on a processor, exact.
    processor_ns: u64,
    /// How often it slept and was woken.
    wakes: u64,
}

/// The memory of a process, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident.
    pub(crate) resident: u64,
    /// Of that, what no file backs.
    pub(crate) anonymous: u64,
}

impl Used {
    /// What this process has used so far.
    ///
    /// # Errors
    /// It is gone, or the system has no `/proc`.
    pub(crate) fn by(pid: u32) -> Result<Self> {
        let dir = Path::new("/proc").join(pid.to_string());
        let stat = fs::read_to_string(dir.join("stat")).context("the process is gone")?;
        let (user_ticks, system_ticks) = ticks(&stat).context("/proc/PID/stat is strange")?;
        // Not every user may read it.
        let io = fs::read_to_string(dir.join("io")).unwrap_or_default();
        let mut used = Used { user_ticks, system_ticks, ..Used::default() };
        used.written = number(&io, "write_bytes:").unwrap_or_default();
        for thread in fs::read_dir(dir.join("task"))? {
            let dir = thread?.path();
            // A thread may end while it is looked at.
            let Ok(status) = fs::read_to_string(dir.join("status")) else { continue };
            let times = fs::read_to_string(dir.join("schedstat")).unwrap_or_default();
            let processor_ns = on_processor(&times).unwrap_or_default();
            let wakes = number(&status, "voluntary_ctxt_switches:").unwrap_or_default();
            let name = dir.file_name().unwrap_or_default().to_owned();
            used.threads.insert(name, Thread { processor_ns, wakes });
        }
        Ok(used)
    }

    /// What was used since an earlier moment. A thread that has ended meanwhile is missing here; the
    /// ticks have it.
    pub(crate) fn since(self, before: &Used) -> Used {
        let mut threads = self.threads;
        for (name, thread) in &mut threads {
            let then = before.threads.get(name).copied().unwrap_or_default();
            thread.processor_ns = thread.processor_ns.saturating_sub(then.processor_ns);
            thread.wakes = thread.wakes.saturating_sub(then.wakes);
        }
        Used {
            threads,
            user_ticks: self.user_ticks.saturating_sub(before.user_ticks),
            system_ticks: self.system_ticks.saturating_sub(before.system_ticks),
            written: self.written.saturating_sub(before.written),
        }
    }

    /// This, and what another process used.
    pub(crate) fn and(mut self, other: Used) -> Used {
        // No two threads of a machine have one number.
        self.threads.extend(other.threads);
        self.user_ticks += other.user_ticks;
        self.system_ticks += other.system_ticks;
        self.written += other.written;
        self
    }

    /// How often one of its threads slept and was woken.
    pub(crate) fn wakes(&self) -> u64 {
        self.threads.values().map(|thread| thread.wakes).sum()
    }

    /// Time on a processor in millionths of a second.
    pub(crate) fn processor_us(&self) -> f64 {
        self.threads.values().map(|thread| thread.processor_ns).sum::<u64>() as f64 / MICROSECOND
    }

    /// The same by the ticks.
    pub(crate) fn ticks_us(&self) -> f64 {
        let second = rustix::param::clock_ticks_per_second();
        (self.user_ticks + self.system_ticks) as f64 * 1e6 / second.max(1) as f64
    }
}

impl Memory {
    /// The memory of this process now.
    ///
    /// # Errors
    /// It is gone.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("the process is gone")?;
        let kib = |name| number(&text, name).map(|kib| kib * 1024);
        let resident = kib("Rss:").context("/proc/PID/smaps_rollup is strange")?;
        Ok(Self { resident, anonymous: kib("Anonymous:").unwrap_or_default() })
    }
}

/// A number by its name, from lines of names and numbers.
fn number(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The ticks of user and system time.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    // The second field is the name in brackets, which may hold anything, brackets and spaces too.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// The nanoseconds on a processor.
fn on_processor(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 77 88 0 0 20 0 4 0 100";
        for name in ["chat-server", "a) b (c", ""] {
            assert_eq!(ticks(&format!("17 ({name}) {rest}")), Some((77, 88)), "{name}");
        }
        assert_eq!(ticks("17 (cut) S 1 2"), None);
    }

    #[test]
    fn numbers_are_found_by_their_whole_names() {
        let status = "nonvoluntary_ctxt_switches:\t7\nvoluntary_ctxt_switches:\t5\n";
        assert_eq!(number(status, "voluntary_ctxt_switches:"), Some(5));
        assert_eq!(number("Rss:      2048 kB\nPss: 1 kB", "Rss:"), Some(2048));
        assert_eq!(number("read_bytes: 1\nwrite_bytes: 4096", "write_bytes:"), Some(4096));
        assert_eq!(number("", "Rss:"), None);
        assert_eq!(on_processor("123456 77 8\n"), Some(123_456));
    }

    #[test]
    fn this_process_has_used_something() {
        let before = Used::by(std::process::id()).unwrap();
        assert!(Memory::of(std::process::id()).unwrap().resident > 0);
        let after = Used::by(std::process::id()).unwrap();
        assert!(after.processor_us() > 0.0 && after.since(&before).processor_us() >= 0.0);
    }

    #[test]
    fn a_thread_that_ends_does_not_take_away_what_others_used() {
        let used = |threads: &[(&str, u64)]| Used {
            threads: threads
                .iter()
                .map(|(name, ms)| ((*name).into(), Thread { processor_ns: ms * 1_000_000, wakes: *ms }))
                .collect(),
            ..Used::default()
        };
        let since = used(&[("1", 12), ("3", 4)]).since(&used(&[("1", 10), ("2", 500)]));
        assert_eq!((since.processor_us(), since.wakes()), (6_000.0, 6));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let _ = (ticks(&text), number(&text, "Rss:"), on_processor(&text));
        }
    }
}
