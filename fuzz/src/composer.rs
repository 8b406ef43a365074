//! Any keys in any text: the cursor always stands between two graphemes of a line that is there.
#![no_main]

use chat_tui::state::composer::{Composer, Edit, Go};
use libfuzzer_sys::fuzz_target;
use unicode_segmentation::UnicodeSegmentation;

const EDITS: &[Edit] = &[
    Edit::NewLine,
    Edit::Backspace,
    Edit::Delete,
    Edit::KillBlankWord,
    Edit::KillWordBack,
    Edit::KillWord,
    Edit::KillToEnd,
    Edit::KillToStart,
    Edit::Yank,
    Edit::YankOlder,
    Edit::Undo,
    Edit::Redo,
    Edit::SelectAll,
    Edit::Select(Go::Left),
    Edit::Select(Go::Right),
    Edit::Select(Go::WordLeft),
    Edit::Select(Go::WordRight),
    Edit::Select(Go::Home),
    Edit::Select(Go::End),
    Edit::Select(Go::Up),
    Edit::Select(Go::Down),
    Edit::Left,
    Edit::Right,
    Edit::WordLeft,
    Edit::WordRight,
    Edit::Home,
    Edit::End,
    Edit::Up,
    Edit::Down,
];

/// Characters that join with their neighbours in every way that there is.
const JOINING: &[char] = &[
    'a', ' ', 'é', '\u{301}', '日', '👩', '\u{200d}', '👧', '🏽', '\u{fe0f}', '🇩', '🇪', 'ا', '\u{202e}',
    '\u{1100}', '\u{1161}',
];

fn holds(composer: &Composer) {
    let (line, byte) = composer.cursor();
    let text = composer.lines().get(line).expect("the cursor is in a line that is there");
    let is_border = byte == text.len() || text.grapheme_indices(true).any(|(at, _)| at == byte);
    assert!(is_border, "{byte} is inside a grapheme of {text:?}");
    assert_eq!(format!("{}{}", composer.before(), composer.after()), *text);
    if let Some((from, to)) = composer.selection() {
        assert!(from <= to && to.0 < composer.lines().len(), "{from:?} {to:?}");
        assert!(composer.selected().is_some());
    }
    assert!(composer.lines().iter().all(|line| !line.contains('\n')));
    assert_eq!(composer.text(), composer.lines().join("\n"));
}

fuzz_target!(|data: &[u8]| {
    // Up to a zero it is the text to begin with, behind it the keys.
    let middle = data.iter().position(|byte| *byte == 0).unwrap_or(0);
    let (text, keys) = data.split_at(middle);
    let mut composer = Composer::with_text(&String::from_utf8_lossy(text));
    holds(&composer);
    for (at, key) in keys.iter().enumerate().take(200) {
        let key = usize::from(*key);
        match EDITS.get(key) {
            Some(edit) => drop(composer.edit(*edit)),
            None if key < 64 => drop(composer.edit(Edit::Insert(JOINING[key % JOINING.len()]))),
            None if key < 72 => composer.go_to((key % 4, at), key % 2 == 0),
            None if key < 80 => {
                composer.insert(&String::from_utf8_lossy(&keys[at..(at + 8).min(keys.len())]))
            }
            None if key < 84 => composer.replace_before_cursor(at % 8, "😀"),
            None if key < 88 => drop(composer.cut(key % 2 == 0)),
            None => drop(composer.edit(Edit::Insert(char::from(*keys.get(at).unwrap_or(&b'x'))))),
        }
        holds(&composer);
    }
});
