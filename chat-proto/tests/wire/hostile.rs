//! Bytes from anywhere: an error at worst, never a panic, never a deep stack.

use chat_proto::{ClientFrame, ErrorCode, RequestKind, ServerFrame};
use proptest::prelude::*;
use serde_json::value::RawValue;

use crate::spec::examples;

/// Everything that reads a text from a socket.
fn read_in_every_way(text: &str) {
    let _ = ClientFrame::decode(text);
    let decoded = ServerFrame::decode(text);
    if let Ok(ServerFrame::Ok { payload, .. }) = &decoded {
        read_as_every_payload(payload);
    }
    if let Ok(payload) = serde_json::from_str::<&RawValue>(text) {
        read_as_every_payload(payload);
    }
}

fn read_as_every_payload(payload: &RawValue) {
    for kind in RequestKind::ALL {
        let _ = kind.decode_payload(payload);
        let _ = kind.decode_answer(payload);
    }
}

fn example_texts() -> Vec<String> {
    examples().into_iter().map(|example| example.text).collect()
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        read_in_every_way(&text);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        // The socket layer refuses what is not UTF-8; what is left of it must still be harmless.
        read_in_every_way(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_json_is_survived(text in json_text()) {
        read_in_every_way(&text);
        for kind in RequestKind::ALL {
            read_in_every_way(&format!(r#"{{"type":"{}","id":"1","payload":{text}}}"#, kind.as_str()));
        }
        for kind in ["event", "hello", "typing", "presence", "error", "conversation.added"] {
            read_in_every_way(&format!(r#"{{"type":"{kind}","payload":{text}}}"#));
        }
    }

    #[test]
    fn a_valid_frame_with_some_bytes_changed_is_survived(
        text in prop::sample::select(example_texts()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..8),
    ) {
        let mut bytes = text.into_bytes();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => bytes.truncate(at.max(1)),
            }
        }
        read_in_every_way(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_frame_cut_anywhere_is_refused(
        text in prop::sample::select(example_texts()),
        at in any::<prop::sample::Index>(),
    ) {
        let end = at.index(text.len());
        if let Some(cut) = text.get(..end) {
            prop_assert!(ClientFrame::decode(cut).is_err());
            prop_assert!(ServerFrame::decode(cut).is_err());
        }
    }
}

/// Any JSON value, also with the field names and texts of our frames.
fn json_text() -> impl Strategy<Value = String> {
    let words = [
        "type",
        "payload",
        "id",
        "conversation",
        "seq",
        "kind",
        "message",
        "client_id",
        "body",
        "limit",
        "user",
    ];
    let text = prop_oneof![prop::sample::select(words.to_vec()).prop_map(str::to_owned), any::<String>()];
    let quoted = |text: String| serde_json::to_string(&text).unwrap();
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("1e400".to_owned()),
        Just("18446744073709551616".to_owned()),
        any::<f64>().prop_filter("JSON has no such number", |n| n.is_finite()).prop_map(|n| n.to_string()),
        text.clone().prop_map(quoted),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        let field = (text.clone().prop_map(quoted), inner.clone()).prop_map(|(k, v)| format!("{k}:{v}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(field, 0..6).prop_map(|fields| format!("{{{}}}", fields.join(","))),
        ]
    })
}

/// A frame may hold 128 KiB of opening brackets; a reader that recursed for each would overflow.
#[test]
fn deep_nesting_is_bounded() {
    const DEPTH: usize = 20_000;
    let run_with_a_small_stack = |work: fn()| {
        // What a task on a runtime's worker has, and less.
        std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
    };
    run_with_a_small_stack(|| {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let deep = format!("{}1{}", open.repeat(DEPTH), close.repeat(DEPTH));
            read_in_every_way(&deep);
            for kind in RequestKind::ALL {
                let kind = kind.as_str();
                let _ = ClientFrame::decode(&format!(r#"{{"type":"{kind}","id":"1","payload":{deep}}}"#));
                let _ =
                    ClientFrame::decode(&format!(r#"{{"type":"{kind}","id":"1","payload":{{"x":{deep}}}}}"#));
            }
            for kind in ["hello", "event", "read", "presence", "conversation.added", "ok", "error", "typing"]
            {
                let _ = ServerFrame::decode(&format!(r#"{{"type":"{kind}","payload":{{"kind":{deep}}}}}"#));
                let _ = ServerFrame::decode(&format!(
                    r#"{{"x":{deep},"type":"{kind}","id":"1","payload":{deep}}}"#
                ));
            }
        }
    });
}

#[test]
fn each_refusal_says_which_request_and_why() {
    let refused = |text: &str| {
        let refused = ClientFrame::decode(text).unwrap_err();
        (refused.id.map(|id| id.to_string()), refused.error.code)
    };
    let id = |id: &str| Some(id.to_owned());
    assert_eq!(refused(""), (None, ErrorCode::BadFrame));
    assert_eq!(refused("{}"), (None, ErrorCode::BadFrame));
    assert_eq!(refused("[]"), (None, ErrorCode::BadFrame));
    assert_eq!(refused(r#"{"type":"ping","id":7}"#), (None, ErrorCode::BadFrame));
    assert_eq!(refused(r#"{"type":"ping","id":""}"#), (None, ErrorCode::BadFrame));
    assert_eq!(
        refused(&format!(r#"{{"type":"ping","id":"{}"}}"#, "x".repeat(65))),
        (None, ErrorCode::BadFrame)
    );
    assert_eq!(refused(r#"{"type":"ping"}"#), (None, ErrorCode::Invalid));
    assert_eq!(refused(r#"{"type":"typing","payload":{}}"#), (None, ErrorCode::Invalid));
    assert_eq!(refused(r#"{"type":"typing","id":"1","payload":{}}"#), (id("1"), ErrorCode::UnknownType));
    assert_eq!(refused(r#"{"type":"nope","id":"a"}"#), (id("a"), ErrorCode::UnknownType));
    assert_eq!(refused(r#"{"type":"message.send","id":"a","payload":[]}"#), (id("a"), ErrorCode::Invalid));
    assert_eq!(
        refused(r#"{"type":"auth.login","id":"a","payload":{"protocol":1,"name":"a b","password":""}}"#),
        (id("a"), ErrorCode::Invalid)
    );
}

#[test]
fn a_refusal_does_not_echo_at_length() {
    let long = "x".repeat(100_000);
    let refused = ClientFrame::decode(&format!(r#"{{"type":"{long}","id":"1"}}"#)).unwrap_err();
    assert!(refused.error.message.len() < 1_000, "{}", refused.error.message.len());
    let refused =
        ClientFrame::decode(&format!(r#"{{"type":"presence.set","id":"1","payload":{{"state":"{long}"}}}}"#))
            .unwrap_err();
    assert!(refused.error.message.len() < 1_000, "{}", refused.error.message.len());
}
