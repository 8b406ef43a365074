//! A program in a pseudo-terminal, and what a person would see there.
//!
//! A thread reads what the program draws and answers its questions (where is the cursor, which
//! keys can you report), as a terminal does; a program that asks would otherwise wait in vain.

mod display;
mod key;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::{DEADLINE, Signal, hold, release};
use display::{Answers, Display};
pub use key::Key;

/// How often a wait looks again although nothing was drawn.
const POLL: Duration = Duration::from_millis(50);

/// The mode that a program sets around a drawing (synchronized output).
const SYNCHRONIZED: u16 = 2026;

/// How a terminal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// Its background is dark.
    #[default]
    Dark,
    /// Its background is light.
    Light,
    /// It answers nothing that it is asked.
    Silent,
}

/// A program in a terminal of its own.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    shared: Arc<Shared>,
    line_discipline: String,
}

/// What the reading thread and the test both need; locks, because the thread has to draw and
/// answer also while no test is looking.
struct Shared {
    display: Mutex<Display>,
    changed: Condvar,
    keyboard: Mutex<Box<dyn Write + Send>>,
}

impl Terminal {
    /// Starts a program in a terminal of this size, with these variables and no `CHAT_…` ones
    /// besides.
    ///
    /// # Errors
    /// There is no pseudo-terminal, or the program cannot be started.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        columns: u16,
        rows: u16,
    ) -> Result<Self> {
        Self::start_in(Manner::Dark, program, arguments, environment, (columns, rows))
    }

    /// The same, in a terminal of another manner.
    ///
    /// # Errors
    /// There is no pseudo-terminal, or the program cannot be started.
    pub fn start_in(
        manner: Manner,
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        (columns, rows): (u16, u16),
    ) -> Result<Self> {
        let pair = native_pty_system().openpty(pty_size(columns, rows)?)?;
        let line_discipline = line_discipline(&*pair.master);
        let child = pair.slave.spawn_command(command(program, arguments, environment))?;
        child.process_id().into_iter().for_each(hold);
        // The program alone holds the other end now, so that reading ends when it does.
        drop(pair.slave);
        let answers = Answers { manner, ..Answers::default() };
        let parser = vt100::Parser::new_with_callbacks(non_zero(rows)?, non_zero(columns)?, 0, answers);
        let shared = Arc::new(Shared {
            display: Mutex::new(Display { parser, ended: false }),
            changed: Condvar::new(),
            keyboard: Mutex::new(pair.master.take_writer()?),
        });
        let reader = pair.master.try_clone_reader()?;
        let painted = Arc::clone(&shared);
        thread::spawn(move || paint(reader, &painted));
        Ok(Self { child, master: pair.master, shared, line_discipline })
    }

    /// Types a text.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn type_text(&self, text: &str) -> Result<()> {
        self.shared.answer(text.as_bytes())
    }

    /// Presses a key.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn press(&self, key: Key) -> Result<()> {
        self.shared.answer(&key.bytes())
    }

    /// The text on the screen, line by line.
    #[must_use]
    pub fn screen(&self) -> String {
        self.look(|screen| screen.contents())
    }

    /// Looks at the screen with its colours, when no drawing is half done.
    pub fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        let until = Instant::now() + DEADLINE;
        let mut display = self.shared.display();
        while display.is_half_drawn() && Instant::now() < until {
            display = self.shared.next_change(display);
        }
        look(display.parser.screen())
    }

    /// The window's title.
    #[must_use]
    pub fn title(&self) -> String {
        self.shared.display().parser.callbacks().title.clone()
    }

    /// How often the program has made a sound.
    #[must_use]
    pub fn bells(&self) -> usize {
        self.shared.display().parser.callbacks().bells
    }

    /// The addresses that the program has told beside its cells (OSC 8).
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        self.shared.display().parser.callbacks().links.iter().cloned().collect()
    }

    /// How many drawings the program has finished, and when the last one was here.
    #[must_use]
    pub fn frames(&self) -> (u64, Option<Instant>) {
        let display = self.shared.display();
        let answers = display.parser.callbacks();
        (answers.frames, answers.last_frame)
    }

    /// Waits until the program has finished more drawings than `count`, and says when the last one
    /// was here.
    ///
    /// # Errors
    /// It draws nothing.
    pub fn wait_for_frame(&self, count: u64) -> Result<Instant> {
        let until = Instant::now() + DEADLINE;
        let mut display = self.shared.display();
        loop {
            let answers = display.parser.callbacks();
            if let (true, Some(at)) = (answers.frames > count, answers.last_frame) {
                return Ok(at);
            }
            ensure!(!display.ended, "waiting for a drawing, the program ended");
            ensure!(
                Instant::now() < until,
                "waited in vain for a drawing:\n{}",
                display.parser.screen().contents()
            );
            display = self.shared.next_change(display);
        }
    }

    /// Whether the program finishes more drawings than `count` within this time.
    #[must_use]
    pub fn wait_for_frame_within(&self, count: u64, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut display = self.shared.display();
        while display.parser.callbacks().frames <= count && Instant::now() < until {
            display = self.shared.next_change(display);
        }
        display.parser.callbacks().frames > count
    }

    /// The process id, while the program runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.process_id()
    }

    /// What the program has told outside of its window: the payloads of OSC 9, 99 and 777.
    #[must_use]
    pub fn notifications(&self) -> Vec<String> {
        self.shared.display().parser.callbacks().notifications.clone()
    }

    /// What the program has put into the clipboard, in base64.
    #[must_use]
    pub fn clipboard(&self) -> Vec<Vec<u8>> {
        self.shared.display().parser.callbacks().clipboard.clone()
    }

    /// Waits until the screen's text fits, and returns it.
    ///
    /// # Errors
    /// It did not; the message shows the screen.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&str) -> bool) -> Result<String> {
        let until = Instant::now() + DEADLINE;
        let mut display = self.shared.display();
        loop {
            let text = display.parser.screen().contents();
            if !display.is_half_drawn() && fits(&text) {
                return Ok(text);
            }
            ensure!(!display.ended, "waiting for {what}, the program ended:\n{text}");
            ensure!(Instant::now() < until, "waiting for {what}, the screen stayed:\n{text}");
            display = self.shared.next_change(display);
        }
    }

    /// Waits until something beside the screen is so: the title, a sound, a notification.
    ///
    /// # Errors
    /// It did not come.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) -> Result<()> {
        let until = Instant::now() + DEADLINE;
        while !is_so(self) {
            ensure!(Instant::now() < until, "waited in vain for {what}:\n{}", self.screen());
            drop(self.shared.next_change(self.shared.display()));
        }
        Ok(())
    }

    /// Waits until a text is on the screen.
    ///
    /// # Errors
    /// It did not come; the message shows the screen.
    pub fn wait_for_text(&self, text: &str) -> Result<String> {
        self.wait_for(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Waits until a text is not on the screen.
    ///
    /// # Errors
    /// It stayed; the message shows the screen.
    pub fn wait_until_gone(&self, text: &str) -> Result<String> {
        self.wait_for(&format!("{text:?} to go"), |screen| !screen.contains(text))
    }

    /// Gives the terminal another size.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn resize(&self, columns: u16, rows: u16) -> Result<()> {
        let (rows_size, columns_size) = (non_zero(rows)?, non_zero(columns)?);
        self.shared.display().parser.set_size(rows_size, columns_size);
        self.master.resize(pty_size(columns, rows)?)
    }

    /// Sends the program a signal.
    ///
    /// # Errors
    /// It has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        ensure!(self.child.try_wait()?.is_none(), "the program has ended");
        signal.send(self.child.process_id().context("no process id")?)
    }

    /// Waits until the program ends and everything it drew is here, and returns its exit code.
    ///
    /// # Errors
    /// It does not end.
    pub fn wait(&mut self) -> Result<u32> {
        let until = Instant::now() + DEADLINE;
        let mut display = self.shared.display();
        while !display.ended {
            let late = Instant::now() > until;
            ensure!(!late, "the program does not end:\n{}", display.parser.screen().contents());
            display = self.shared.next_change(display);
        }
        drop(display);
        Ok(self.child.wait()?.exit_code())
    }

    /// Makes sure that an ended program has left the terminal as it found it.
    ///
    /// # Errors
    /// What is not as before.
    pub fn ensure_restored(&self) -> Result<()> {
        let display = self.shared.display();
        let (screen, answers) = (display.parser.screen(), display.parser.callbacks());
        ensure!(!screen.alternate_screen(), "still on the alternate screen");
        ensure!(!screen.hide_cursor(), "the cursor is still hidden");
        ensure!(!screen.bracketed_paste(), "pastes are still marked");
        ensure!(screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None, "the mouse is still taken");
        ensure!(answers.keyboard_levels == 0, "the keyboard is still enhanced");
        ensure!(answers.private_modes.is_empty(), "still set: modes {:?}", answers.private_modes);
        drop(display);
        let now = line_discipline(&*self.master);
        ensure!(now == self.line_discipline, "line modes differ:\n{}\n{now}", self.line_discipline);
        Ok(())
    }

    /// Ends the program at once.
    pub fn kill(&mut self) {
        if let (Ok(None), Some(pid)) = (self.child.try_wait(), self.child.process_id()) {
            // An error here means that it has just ended, which is what was wanted.
            let _ = Signal::Kill.send(pid);
        }
        let _ = self.child.wait();
        self.child.process_id().into_iter().for_each(release);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Shared {
    fn display(&self) -> MutexGuard<'_, Display> {
        self.display.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_change<'a>(&self, display: MutexGuard<'a, Display>) -> MutexGuard<'a, Display> {
        self.changed.wait_timeout(display, POLL).unwrap_or_else(PoisonError::into_inner).0
    }

    fn answer(&self, bytes: &[u8]) -> Result<()> {
        let mut keyboard = self.keyboard.lock().unwrap_or_else(PoisonError::into_inner);
        keyboard.write_all(bytes).and_then(|()| keyboard.flush()).context("typing into the terminal")
    }
}

/// Draws what the program writes, and answers what it asks, until it ends.
fn paint(mut reader: Box<dyn Read + Send>, shared: &Shared) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = reader.read(&mut buffer) {
        let mut display = shared.display();
        display.parser.process(&buffer[..read]);
        let answers = display.parser.callbacks_mut();
        let (replies, manner) = (std::mem::take(&mut answers.replies), answers.manner);
        drop(display);
        if !replies.is_empty() && manner != Manner::Silent {
            // A program that is gone needs no answer; the next read notices.
            let _ = shared.answer(&replies);
        }
        shared.changed.notify_all();
    }
    shared.display().ended = true;
    shared.changed.notify_all();
}

fn command(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("CHAT_") {
            command.env_remove(key);
        }
    }
    // One terminal and one clock, whatever this machine is set to.
    command.env_remove("NO_COLOR");
    // Nor may it meet the desktop of whoever runs this.
    let outside =
        ["TMUX", "STY", "TERM_PROGRAM", "KITTY_WINDOW_ID", "WT_SESSION", "SSH_CONNECTION", "SSH_TTY"];
    for name in outside.into_iter().chain(["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"]) {
        command.env_remove(name);
    }
    for (key, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LANG", "C.UTF-8")] {
        command.env(key, value);
    }
    for (key, value) in environment {
        command.env(key, value);
    }
    command
}

/// The terminal's line modes (echo, line editing, signals) in a form that can be compared.
fn line_discipline(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

fn non_zero(size: u16) -> Result<NonZeroU16> {
    match NonZeroU16::new(size) {
        Some(size) => Ok(size),
        None => bail!("a terminal has at least one row and one column"),
    }
}

fn pty_size(columns: u16, rows: u16) -> Result<PtySize> {
    ensure!(columns > 0 && rows > 0, "a terminal has at least one row and one column");
    Ok(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 })
}

#[cfg(test)]
mod tests;
