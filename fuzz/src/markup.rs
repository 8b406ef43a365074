//! Any text as a message on screens of any width: every row is safe to draw and none is lost in wrapping.
#![no_main]

use chat_proto::SafeText;
use chat_tui::markup::rows_of;
use chat_tui::text::{cut, fit, width, wrap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((columns, rest)) = data.split_first() else { return };
    let (columns, text) = (usize::from(*columns), String::from_utf8_lossy(rest));
    let rows = rows_of(&text, columns);
    assert!(!rows.is_empty());
    for row in &rows {
        assert!(!row.contains(|c: char| c.is_control()), "{row:?}");
        // A single grapheme that is wider than the screen has a row of its own.
        assert!(width(row) <= columns.max(2) || columns < 4, "{} columns in {columns}: {row:?}", width(row));
    }
    let line = SafeText::line(&text);
    assert!(width(&cut(line.as_str(), columns)) <= columns);
    assert_eq!(width(&fit(line.as_str(), columns)), columns);
    let parts = wrap(line.as_str(), columns.max(2));
    assert!(parts.iter().all(|part| line.as_str().get(part.clone()).is_some()));
});
