//! What a terminal answers when it is asked about itself, told apart from keys.
//!
//! Pure: bytes go in; answers, and the keys typed meanwhile, come out. No byte is lost: what is no
//! answer is a key, and what is no key either means nothing to anybody.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// The longest answer that is waited for; a longer one is taken for nonsense.
const ANSWER_BYTES: usize = 512;

/// What was answered.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The attributes of the device. They come last, so with them all is answered.
    pub(super) attributes: Option<Vec<u16>>,
    /// Whether keys can be told in more detail.
    pub(super) keyboard: bool,
    /// Columns of the cursor, in the order in which they were asked for; from 1.
    pub(super) columns: Vec<u16>,
    /// Pixels of a cell: wide, high.
    pub(super) cell: Option<(u16, u16)>,
    /// What the terminal calls itself.
    pub(super) name: Option<String>,
    /// The keys that were typed meanwhile, and the focus.
    pub(super) events: Vec<Event>,
    rest: Vec<u8>,
}

/// What a text of bytes begins with.
enum Piece<'a> {
    /// A control sequence: what stands before its last byte, and that.
    Csi(&'a [u8], u8),
    /// A string of the terminal, without its frame.
    Text(&'a [u8]),
    /// A key with Alt.
    Alt(char),
    /// A character.
    Char(char),
    /// A byte of no character.
    Nothing,
}

impl Answers {
    /// Takes bytes as they come.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let mut at = 0;
        while let Some((piece, length)) = next(&rest[at..]) {
            self.piece(&piece);
            at += length;
        }
        // A sequence that never ends must not grow for ever.
        if rest.len() - at <= ANSWER_BYTES {
            self.rest = rest[at..].to_vec();
        }
    }

    /// Nothing more comes: a lone escape was the key.
    pub(super) fn end(&mut self) {
        if self.rest == [0x1b] {
            self.key(KeyCode::Esc, KeyModifiers::NONE);
        }
        self.rest.clear();
    }

    fn piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Csi(body, last) => self.csi(body, *last),
            Piece::Text(text) => {
                if let Some(name) = text.strip_prefix(b">|") {
                    let name = String::from_utf8_lossy(name);
                    self.name = Some(chat_proto::SafeText::line(&name).as_str().to_owned());
                }
            }
            Piece::Alt(c) => self.key(KeyCode::Char(*c), KeyModifiers::ALT),
            Piece::Char(c) => self.char(*c),
            Piece::Nothing => {}
        }
    }

    fn csi(&mut self, body: &[u8], last: u8) {
        let text = String::from_utf8_lossy(body);
        let numbers =
            |text: &str| text.split([';', ':']).map(|n| n.parse().unwrap_or(0)).collect::<Vec<u16>>();
        match (text.strip_prefix('?'), last) {
            (Some(attributes), b'c') => self.attributes = Some(numbers(attributes)),
            (Some(_), b'u') => self.keyboard = true,
            (None, b'R') => self.columns.extend(numbers(&text).get(1)),
            (None, b't') => {
                if let [6, high, wide] = numbers(&text)[..] {
                    self.cell = (high > 0 && wide > 0).then_some((wide, high));
                }
            }
            (None, b'I') => self.events.push(Event::FocusGained),
            (None, b'O') => self.events.push(Event::FocusLost),
            (None, b'A') => self.key(KeyCode::Up, KeyModifiers::NONE),
            (None, b'B') => self.key(KeyCode::Down, KeyModifiers::NONE),
            (None, b'C') => self.key(KeyCode::Right, KeyModifiers::NONE),
            (None, b'D') => self.key(KeyCode::Left, KeyModifiers::NONE),
            (None, b'H') => self.key(KeyCode::Home, KeyModifiers::NONE),
            (None, b'F') => self.key(KeyCode::End, KeyModifiers::NONE),
            (None, b'Z') => self.key(KeyCode::BackTab, KeyModifiers::SHIFT),
            _ => {}
        }
    }

    fn char(&mut self, c: char) {
        let (code, modifiers) = match c {
            '\r' => (KeyCode::Enter, KeyModifiers::NONE),
            '\t' => (KeyCode::Tab, KeyModifiers::NONE),
            '\u{7f}' => (KeyCode::Backspace, KeyModifiers::NONE),
            '\u{1}'..='\u{1a}' => (KeyCode::Char(char::from(c as u8 | 0x60)), KeyModifiers::CONTROL),
            c if c.is_control() => return,
            c => (KeyCode::Char(c), KeyModifiers::NONE),
        };
        self.key(code, modifiers);
    }

    fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.events.push(Event::Key(KeyEvent::new(code, modifiers)));
    }
}

/// The first piece and its length; none if it is not all here.
fn next(bytes: &[u8]) -> Option<(Piece<'_>, usize)> {
    match bytes {
        [] | [0x1b] => None,
        [0x1b, b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| (0x40..=0x7e).contains(byte))?;
            Some((Piece::Csi(&rest[..end], rest[end]), end + 3))
        }
        [0x1b, b'P' | b']' | b'_', rest @ ..] => {
            let st = rest.windows(2).position(|pair| pair == b"\x1b\\").map(|at| (at, 2));
            let bell = rest.iter().position(|byte| *byte == 7).map(|at| (at, 1));
            let (end, mark) = st.into_iter().chain(bell).min()?;
            Some((Piece::Text(&rest[..end]), end + mark + 2))
        }
        [0x1b, rest @ ..] => {
            let (c, length) = char_of(rest)?;
            Some((c.map_or(Piece::Nothing, Piece::Alt), length + 1))
        }
        _ => {
            let (c, length) = char_of(bytes)?;
            Some((c.map_or(Piece::Nothing, Piece::Char), length))
        }
    }
}

/// The first character of some bytes; none if it is not all here.
fn char_of(bytes: &[u8]) -> Option<(Option<char>, usize)> {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        Err(error) => return error.error_len().map(|length| (None, length)),
    };
    valid.chars().next().map(|c| (Some(c), c.len_utf8()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(parts: &[&[u8]]) -> Answers {
        let mut answers = Answers::default();
        parts.iter().for_each(|part| answers.take(part));
        answers.end();
        answers
    }

    fn typed(answers: &Answers) -> String {
        let word = |event: &Event| match event {
            Event::Key(key) => match key.code {
                KeyCode::Char(c) if key.modifiers == KeyModifiers::NONE => c.to_string(),
                code => format!("<{:?}{code:?}>", key.modifiers.bits()),
            },
            event => format!("<{event:?}>"),
        };
        answers.events.iter().map(word).collect()
    }

    #[test]
    fn answers_are_told_from_keys_wherever_they_are_cut() {
        let said = b"h\x1b[?0u\x1b[1;2R\xc3\xa9\x1b[1;7R\x1b[6;20;10ti\x1bP>|kitty(0.35)\x1b\\\x1b[?62;4c!";
        for cut in 0..said.len() {
            let answers = all(&[&said[..cut], &said[cut..]]);
            assert_eq!(typed(&answers), "héi!", "cut at {cut}");
            assert_eq!(answers.columns, [2, 7]);
            assert_eq!(answers.cell, Some((10, 20)));
            assert_eq!(answers.name.as_deref(), Some("kitty(0.35)"));
            assert_eq!(answers.attributes, Some(vec![62, 4]));
            assert!(answers.keyboard);
        }
    }

    #[test]
    fn keys_stay_keys() {
        assert_eq!(
            typed(&all(&[b"a\r\x03\x1bx\x1b[A\x7f\x1b"])),
            "a<0Enter><2Char('c')><4Char('x')><0Up><0Backspace><0Esc>"
        );
        assert_eq!(typed(&all(&[b"\x1b[I\x1b[O"])), "<FocusGained><FocusLost>");
    }

    #[test]
    fn a_name_cannot_play_tricks() {
        let answers = all(&["\x1bP>|x\u{9b}2J\u{202e}y\x1b\\".as_bytes()]);
        assert!(chat_proto::SafeText::is_safe_line(&answers.name.unwrap()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20)) {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let answers = all(&parts);
            prop_assert!(answers.rest.len() <= ANSWER_BYTES);
        }
    }
}
