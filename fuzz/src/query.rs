//! Any text as a search, and as each of the names and texts that are checked at the door.
#![no_main]

use chat_proto::{
    Body, CommandName, Description, DeviceName, DisplayName, Emoji, FileName, RoomName, SearchQuery,
    StatusText, Topic, UserName,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(sentence) = SearchQuery::parse(text) {
        assert!(!sentence.to_string().is_empty());
    }
    // A canonical name is its own canonical name: else two accounts could have one.
    if let Ok(name) = UserName::parse(text) {
        assert_eq!(UserName::parse(name.as_str()).as_ref(), Ok(&name));
    }
    if let Ok(name) = RoomName::parse(text) {
        assert_eq!(RoomName::parse(name.as_str()).as_ref(), Ok(&name));
    }
    if let Ok(name) = FileName::new(text) {
        assert!(!name.as_str().contains(['/', '\\', '\0']) && name.as_str() != "..", "{name:?}");
    }
    drop((Body::new(text), Emoji::new(text), Topic::new(text), Description::new(text)));
    drop((DeviceName::new(text), DisplayName::new(text), StatusText::new(text), CommandName::parse(text)));
    assert!(chat_proto::mentioned_names(text).len() <= text.len());
});
