//! What tools post to an incoming webhook, and the markup of Slack: always a text within the bounds,
//! or a refusal.
#![no_main]

use chat_proto::limits;
use chat_server::slack::{plain, text_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(body) = text_of(data) {
        assert!(!body.as_str().trim().is_empty() && body.as_str().len() <= limits::MESSAGE_BYTES);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        // Entities and links become shorter or a little longer, never a bomb.
        assert!(plain(text).len() <= 4 * text.len() + 16);
    }
});
