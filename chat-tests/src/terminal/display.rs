//! What a program has drawn, and what it asked of its terminal.

use super::*;

pub(super) struct Display {
    pub(super) parser: vt100::Parser<Answers>,
    pub(super) ended: bool,
}

impl Display {
    /// Between the marks that a program sets around a drawing (synchronized output), the screen
    /// is neither the old nor the new one.
    pub(super) fn is_half_drawn(&self) -> bool {
        self.parser.callbacks().private_modes.contains(&SYNCHRONIZED)
    }
}

/// The part of a terminal that talks back, and the modes that must be given back at the end.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) replies: Vec<u8>,
    pub(super) private_modes: BTreeSet<u16>,
    pub(super) keyboard_levels: u16,
    pub(super) clipboard: Vec<Vec<u8>>,
    pub(super) title: String,
    pub(super) bells: usize,
    pub(super) notifications: Vec<String>,
    pub(super) links: BTreeSet<String>,
    pub(super) manner: Manner,
    pub(super) frames: u64,
    pub(super) last_frame: Option<Instant>,
}

impl vt100::Callbacks for Answers {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.title = String::from_utf8_lossy(title).into_owned();
    }

    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.clipboard.push(data.to_vec());
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        first: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        last: char,
    ) {
        let param = params.first().and_then(|param| param.first()).copied().unwrap_or_default();
        let modes = params.iter().filter_map(|param| param.first());
        match (first, last) {
            (None, 'n') if param == 6 => {
                let (row, column) = screen.cursor_position();
                self.replies.extend_from_slice(format!("\x1b[{};{}R", row + 1, column + 1).as_bytes());
            }
            (None, 'c') => self.replies.extend_from_slice(b"\x1b[?62;22c"),
            (Some(b'?'), 'u') => self.replies.extend_from_slice(b"\x1b[?0u"),
            (Some(b'>'), 'u') => self.keyboard_levels += 1,
            (Some(b'<'), 'u') => {
                self.keyboard_levels = self.keyboard_levels.saturating_sub(param.max(1));
            }
            (Some(b'?'), 'h') => self.private_modes.extend(modes),
            (Some(b'?'), 'l') => modes.for_each(|mode| {
                if self.private_modes.remove(mode) && *mode == SYNCHRONIZED {
                    (self.frames, self.last_frame) = (self.frames + 1, Some(Instant::now()));
                }
            }),
            _ => {}
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        match params {
            [b"9" | b"99" | b"777", ..] => {
                let parts = params.iter().map(|part| String::from_utf8_lossy(part));
                self.notifications.push(parts.collect::<Vec<_>>().join(";"));
            }
            [b"8", .., address] if !address.is_empty() => {
                self.links.insert(String::from_utf8_lossy(address).into_owned());
            }
            [b"11", b"?"] if self.manner == Manner::Light => {
                self.replies.extend_from_slice(b"\x1b]11;rgb:fafa/fafa/f8f8\x1b\\");
            }
            [b"10", b"?"] => self.replies.extend_from_slice(b"\x1b]10;rgb:dddd/dddd/dddd\x1b\\"),
            [b"11", b"?"] => self.replies.extend_from_slice(b"\x1b]11;rgb:1111/1313/1818\x1b\\"),
            _ => {}
        }
    }
}
