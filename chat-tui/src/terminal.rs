//! Entering the terminal and leaving it as it was: at a normal end, on an error, in a panic, on a
//! signal, and for a while on Ctrl-Z.

pub mod abilities;
mod answers;
mod ask;
mod backend;
pub mod osc;

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crossterm::cursor::{SetCursorStyle, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture, Event, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::layout::Rect;

use abilities::Abilities;
use backend::Careful;

use crate::notification::{self, Notification};
use crate::settings::NotifyHow;
use crate::state::State;
use crate::text;
use crate::view;

/// Whether the terminal is ours now. A panic on any thread must know, so it is global.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// Whether keys were asked to come with more detail.
static ENHANCED: AtomicBool = AtomicBool::new(false);

/// Puts the window's title on the terminal's stack, and takes it back; those without one ignore it.
const SAVE_TITLE: &str = "\u{1b}[22;0t";
const RESTORE_TITLE: &str = "\u{1b}[23;0t";

/// The terminal while it is ours; dropping it gives it back.
pub struct Screen {
    terminal: Terminal<Careful>,
    abilities: Abilities,
    typed: Vec<Event>,
}

/// Whether a person sits at both ends.
#[must_use]
pub fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl Screen {
    /// Takes the terminal, and makes sure that a panic gives it back.
    ///
    /// # Errors
    /// The terminal's.
    pub fn enter() -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            leave();
            before(panic);
        }));
        enable_raw_mode()?;
        ENTERED.store(true, Ordering::SeqCst);
        execute!(io::stdout(), Print(SAVE_TITLE), EnterAlternateScreen)?;
        // Asked before anything reads the keyboard, because the answers come as input.
        let answers = ask::ask(&text::widths::SAMPLES).inspect_err(|_| leave())?;
        let abilities = Abilities::new(&answers, |name| std::env::var(name).ok());
        text::measure_by(abilities.widths);
        let terminal = Terminal::new(Careful::new()).inspect_err(|_| leave())?;
        let mut screen = Self { terminal, abilities, typed: answers.events };
        screen.set_modes()?;
        Ok(screen)
    }

    /// What the terminal can do.
    #[must_use]
    pub fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    /// What was typed while the terminal was asked, once.
    pub fn typed(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.typed)
    }

    fn take(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        ENTERED.store(true, Ordering::SeqCst);
        execute!(io::stdout(), Print(SAVE_TITLE), EnterAlternateScreen)?;
        self.set_modes()
    }

    fn set_modes(&mut self) -> io::Result<()> {
        let mut out = io::stdout();
        execute!(out, EnableBracketedPaste, EnableFocusChange, EnableMouseCapture)?;
        if self.abilities.keyboard {
            ENHANCED.store(true, Ordering::SeqCst);
            execute!(out, PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES))?;
        }
        self.forget()
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// The terminal's.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Draws the state, in one piece where the terminal can.
    ///
    /// # Errors
    /// The terminal's.
    pub fn draw(&mut self, state: &State) -> io::Result<()> {
        if !ENTERED.load(Ordering::SeqCst) {
            return Err(io::Error::other("stopped by an error of its own, which is told above"));
        }
        queue!(io::stdout(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(|frame| view(state, frame)).map(|_| ());
        execute!(io::stdout(), EndSynchronizedUpdate)?;
        drawn
    }

    /// Draws everything again next time.
    ///
    /// # Errors
    /// The terminal's.
    pub fn forget(&mut self) -> io::Result<()> {
        // Not `clear`: that asks the terminal for its cursor, and the answer would go to whoever
        // reads the keyboard.
        let (columns, rows) = self.size()?;
        self.terminal.resize(Rect::new(0, 0, columns, rows))
    }

    /// Gives the window a title, which has to be safe.
    ///
    /// # Errors
    /// The terminal's.
    pub fn title(&self, title: &str) -> io::Result<()> {
        execute!(io::stdout(), SetTitle(title))
    }

    /// Puts a text into the clipboard by OSC 52, which also works over SSH. A terminal that does
    /// not know it, or forbids it, does nothing.
    ///
    /// # Errors
    /// The terminal's.
    pub fn copy(&self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), Print(format!("\u{1b}]52;c;{}\u{7}", STANDARD.encode(text))))
    }

    /// Makes a sound, or whatever the terminal does in its place.
    ///
    /// # Errors
    /// The terminal's.
    pub fn bell(&self) -> io::Result<()> {
        execute!(io::stdout(), Print('\u{7}'))
    }

    /// Tells something outside of the window, by the best way that there is.
    ///
    /// # Errors
    /// The terminal's.
    pub fn notify(&self, what: &Notification) -> io::Result<()> {
        let how = self.abilities.notify(what.how);
        if how == NotifyHow::Desktop {
            notification::on_desktop(what);
            return Ok(());
        }
        execute!(io::stdout(), Print(osc::notification(what, how, self.abilities.between)))
    }

    /// Goes back to the shell, with everything that runs in this job, until the shell brings it
    /// to the front again; says which size the terminal has then.
    ///
    /// # Errors
    /// The terminal's.
    pub fn suspend(&mut self) -> io::Result<(u16, u16)> {
        leave();
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        self.take()?;
        self.size()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back as it was. Does nothing the second time; errors have no reader here.
fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    if ENHANCED.swap(false, Ordering::SeqCst) {
        let _ = queue!(out, PopKeyboardEnhancementFlags);
    }
    let _ =
        queue!(out, EndSynchronizedUpdate, DisableMouseCapture, DisableFocusChange, DisableBracketedPaste);
    let _ = queue!(out, Print(RESTORE_TITLE), LeaveAlternateScreen, Show, SetCursorStyle::DefaultUserShape);
    let _ = out.flush();
    let _ = disable_raw_mode();
}
