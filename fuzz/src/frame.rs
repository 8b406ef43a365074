//! Any text as a frame: it is read or refused, and what is read is written and read again the same.
#![no_main]

use chat_proto::{ClientFrame, RequestKind, ServerFrame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(frame) = ClientFrame::decode(text) {
        let written = frame.encode();
        let again = ClientFrame::decode(&written).expect("what was read can be read again");
        assert_eq!(again.encode(), written);
    }
    match ServerFrame::decode(text) {
        // Which request it answers is not in the frame; every one must survive every payload.
        Ok(ServerFrame::Ok { payload, .. }) => {
            for kind in RequestKind::ALL {
                let _ = kind.decode_answer(&payload);
            }
        }
        Ok(ServerFrame::Push(push)) => {
            let written = ServerFrame::encode_push(&push);
            let Ok(ServerFrame::Push(again)) = ServerFrame::decode(&written) else {
                panic!("no push: {written}")
            };
            assert_eq!(again, push);
        }
        Ok(ServerFrame::Error { id, error }) => drop(ServerFrame::encode_error(id.as_ref(), &error)),
        Ok(ServerFrame::Unknown { .. }) | Err(_) => {}
    }
});
