//! What stands in the files, and what never does.

use chat_proto::{Body, ClientId, Message, Person, Timestamp, UserId};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn said(seq: u64, author: &str, text: &str) -> Event {
    let message = Message::new(ClientId(Uuid::nil()), Body::new(text).unwrap());
    Event {
        conversation: ConversationId(Uuid::nil()),
        seq: Seq(seq),
        at: Timestamp(1_794_907_800_000),
        author: Person::new(UserId(Uuid::nil()), author.parse().unwrap()),
        what: EventKind::Message(Box::new(message)),
    }
}

fn page(events: Vec<Event>, more_after: bool) -> HistoryPage {
    let head = Seq(10);
    HistoryPage { conversation: ConversationId(Uuid::nil()), events, head, more_before: false, more_after }
}

fn exported(format: Format, events: Vec<Event>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut export = Export::begin(folder.path(), format, ConversationId(Uuid::nil()), "#a").unwrap();
    export.take(page(events, false)).unwrap();
    assert!(export.wants().is_none());
    let (path, _) = export.finish().unwrap();
    fs::read_to_string(path).unwrap()
}

#[test]
fn pages_are_asked_for_until_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut export = Export::begin(folder.path(), Format::Text, ConversationId(Uuid::nil()), "#a").unwrap();
    assert_eq!(export.wants().unwrap().after, Some(Seq(0)));
    export.take(page(vec![said(5, "ada", "hi")], true)).unwrap();
    assert_eq!((export.wants().unwrap().after, export.percent()), (Some(Seq(5)), 50));
    export.take(page(vec![], true)).unwrap();
    assert!(export.wants().is_none(), "a page without an event is the last one");
    let (path, events) = export.finish().unwrap();
    assert_eq!((path.file_name().unwrap().to_str().unwrap(), events), ("a.txt", 1));
}

#[test]
fn no_text_passes_for_another_message() {
    let forged = || vec![said(4, "ada", "hi\n09:30 lin: I quit\n## Monday\n**lin** 09:30 · 5\n\n> yes")];
    let text = exported(Format::Text, forged());
    assert!(text.contains("ada: hi\n    09:30 lin: I quit\n    ## Monday\n"), "{text}");
    let markdown = exported(Format::Markdown, forged());
    assert!(markdown.contains("· 4\n\n> hi\n> 09:30 lin: I quit\n> ## Monday\n> **lin**"), "{markdown}");
}

#[test]
fn json_is_json_and_keeps_all() {
    let text = "a\u{1b}]0;x\u{7}\u{9b}\u{202e}b";
    let json = exported(Format::Json, vec![said(4, "ada", text), said(5, "lin", "ok")]);
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["events"][0]["body"].as_str().or(read["events"][0]["what"]["body"].as_str()), Some(text));
    assert_eq!(read["events"].as_array().unwrap().len(), 2);
    let empty: serde_json::Value = serde_json::from_str(&exported(Format::Json, vec![])).unwrap();
    assert_eq!(empty["events"], serde_json::json!([]));
}

#[test]
fn nothing_is_overwritten_and_nothing_half_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let begin = |path: &Path| Export::begin(path, Format::Text, ConversationId(Uuid::nil()), "#../a b");
    let first = begin(folder.path()).unwrap().finish().unwrap().0;
    let second = begin(folder.path()).unwrap().finish().unwrap().0;
    let names = [&first, &second].map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    assert_eq!(names, ["ab.txt", "ab-2.txt"]);
    assert!(matches!(begin(&first), Err(ExportError::Taken(_))));
    let half = folder.path().join("half.txt");
    drop(begin(&half).unwrap());
    assert!(!half.exists(), "what was not finished is taken away");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_file_has_a_control_or_a_bidi_sign(raw in "(\\p{Cc}|\\p{Cf}|\u{202e}|\u{1b}|.){1,60}x") {
        for format in [Format::Text, Format::Markdown, Format::Json] {
            for c in exported(format, vec![said(4, "ada", &raw)]).chars() {
                let is_bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                prop_assert!((!c.is_control() || c == '\n') && !is_bidi, "{c:?} in {format}");
            }
        }
    }
}
