//! Where frames go.

use std::io;

use crate::notification::Notification;
use crate::state::State;
use crate::terminal::Screen;

/// Where frames go: the terminal, or a test's counter.
pub trait Surface {
    /// Draws the state.
    ///
    /// # Errors
    /// The terminal's.
    fn draw(&mut self, state: &State) -> io::Result<()>;
    /// Draws everything again next time.
    ///
    /// # Errors
    /// The terminal's.
    fn forget(&mut self) -> io::Result<()>;
    /// Sets the window's title.
    ///
    /// # Errors
    /// The terminal's.
    fn title(&mut self, title: &str) -> io::Result<()>;
    /// Puts a text into the clipboard, where the terminal lets programs do that.
    ///
    /// # Errors
    /// The terminal's.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Makes a sound.
    ///
    /// # Errors
    /// The terminal's.
    fn bell(&mut self) -> io::Result<()>;
    /// Tells something outside of the window.
    ///
    /// # Errors
    /// The terminal's.
    fn notify(&mut self, what: &Notification) -> io::Result<()>;
    /// Takes the mouse, or leaves it to the terminal; a surface without one does nothing.
    ///
    /// # Errors
    /// The terminal's.
    fn mouse(&mut self, on: bool) -> io::Result<()> {
        let _ = on;
        Ok(())
    }
    /// Goes back to the shell for a while; says the size after that.
    ///
    /// # Errors
    /// The terminal's.
    fn suspend(&mut self) -> io::Result<(u16, u16)>;
    /// Leaves the terminal to another program.
    fn step_aside(&mut self) {}
    /// Takes the terminal again; says the size after that, where it may be another.
    ///
    /// # Errors
    /// The terminal's.
    fn step_back(&mut self) -> io::Result<Option<(u16, u16)>> {
        Ok(None)
    }
}

impl Surface for Screen {
    fn draw(&mut self, state: &State) -> io::Result<()> {
        Screen::draw(self, state)
    }

    fn forget(&mut self) -> io::Result<()> {
        Screen::forget(self)
    }

    fn title(&mut self, title: &str) -> io::Result<()> {
        Screen::title(self, title)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        Screen::copy(self, text)
    }

    fn bell(&mut self) -> io::Result<()> {
        Screen::bell(self)
    }

    fn notify(&mut self, what: &Notification) -> io::Result<()> {
        Screen::notify(self, what)
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        Screen::mouse(self, on)
    }

    fn suspend(&mut self) -> io::Result<(u16, u16)> {
        Screen::suspend(self)
    }

    fn step_aside(&mut self) {
        Screen::step_aside(self);
    }

    fn step_back(&mut self) -> io::Result<Option<(u16, u16)>> {
        Screen::step_back(self).map(Some)
    }
}
