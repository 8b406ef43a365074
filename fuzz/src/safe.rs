//! Any text made safe to draw: nothing in it commands a terminal or turns its neighbours around, and
//! making it safe again changes nothing.
#![no_main]

use chat_proto::SafeText;
use libfuzzer_sys::fuzz_target;

/// What must never come out, found by other means than the sanitiser's own tables.
fn is_forbidden(c: char) -> bool {
    let is_bidi =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_break = matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}');
    let is_hidden = matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{fff9}'..='\u{fffb}');
    c.is_control() || is_bidi || is_break || is_hidden
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let line = SafeText::line(&text);
    assert!(!line.as_str().contains(is_forbidden), "{line:?}");
    assert_eq!(SafeText::line(line.as_str()), line);
    assert!(SafeText::is_safe_line(line.as_str()));
    let block = SafeText::block(&text);
    assert!(!block.as_str().contains(|c| c != '\n' && is_forbidden(c)), "{block:?}");
    assert_eq!(SafeText::block(block.as_str()), block);
    if SafeText::is_safe_line(&text) {
        assert_eq!(line.as_str(), text);
    }
});
