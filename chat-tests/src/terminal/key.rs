//! Keys that are not plain characters, and what a terminal sends for them.

/// A key that is not a plain character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Key {
    Enter,
    Escape,
    Tab,
    Backspace,
    Up,
    Down,
    PageUp,
    PageDown,
    F1,
    Ctrl(char),
    Alt(char),
}

impl Key {
    /// What a terminal sends for it.
    pub(super) fn bytes(self) -> Vec<u8> {
        match self {
            Key::Enter => b"\r".to_vec(),
            Key::Escape => b"\x1b".to_vec(),
            Key::Tab => b"\t".to_vec(),
            Key::Backspace => b"\x7f".to_vec(),
            Key::Up => b"\x1b[A".to_vec(),
            Key::Down => b"\x1b[B".to_vec(),
            Key::PageUp => b"\x1b[5~".to_vec(),
            Key::PageDown => b"\x1b[6~".to_vec(),
            Key::F1 => b"\x1bOP".to_vec(),
            Key::Ctrl(c) => vec![c.to_ascii_uppercase() as u8 & 0x1f],
            Key::Alt(c) => format!("\x1b{c}").into_bytes(),
        }
    }
}
