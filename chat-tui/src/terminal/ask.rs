//! Asking the terminal about itself, once, before anything else reads the keyboard.
//!
//! 1. A terminal that does not answer costs [`FIRST`], and then nothing is asked any more.
//! 2. What could be taken for keys if it came late is asked only of a terminal that has answered
//!    already: its name comes back as a string that starts like Alt-P.
//! 3. Keys typed meanwhile are handed over, in their order.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::answers::Answers;

/// How long the first answer may take. Most come within a millisecond; people notice from 100 ms on,
/// and far terminals that are slower than this are taken as they are.
const FIRST: Duration = Duration::from_millis(250);

/// How long the second may take: this terminal is known to answer.
const SECOND: Duration = Duration::from_millis(1_000);

/// Keyboard, the size of a cell, and the attributes, which every terminal knows and which end the
/// round.
const QUESTIONS: &str = "\u{1b}[?u\u{1b}[16t\u{1b}[c";

/// Name, and the attributes again as the end.
const NAME: &str = "\u{1b}[>0q\u{1b}[c";

/// Bytes read at once.
const BLOCK: usize = 1_024;

/// Asks, with these samples whose widths are wanted; they are written at the beginning of the row
/// and taken away again.
pub(super) fn ask(samples: &[&str]) -> io::Result<Answers> {
    let mut answers = Answers::default();
    let mut query = String::new();
    for sample in samples {
        query += &format!("\r{sample}\u{1b}[6n");
    }
    query += "\r\u{1b}[2K";
    query += QUESTIONS;
    round(&query, FIRST, &mut answers)?;
    if answers.attributes.is_some() {
        let first = answers.attributes.take();
        round(NAME, SECOND, &mut answers)?;
        answers.attributes = answers.attributes.take().or(first);
    }
    answers.end();
    Ok(answers)
}

fn round(query: &str, patience: Duration, answers: &mut Answers) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(query.as_bytes())?;
    out.flush()?;
    // Not by `io::stdin`, which would keep what it read too much.
    let stdin = io::stdin();
    let until = Instant::now() + patience;
    let mut block = [0; BLOCK];
    while answers.attributes.is_none() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let wait = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
        let wait = if left.as_secs() > 0 { Timespec { tv_sec: 1, tv_nsec: 0 } } else { wait };
        match poll(&mut [PollFd::new(&stdin.as_fd(), PollFlags::IN)], Some(&wait)) {
            Ok(0) => return Ok(()),
            Ok(_) => match rustix::io::read(stdin.as_fd(), &mut block)? {
                0 => return Ok(()),
                read => answers.take(&block[..read]),
            },
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
