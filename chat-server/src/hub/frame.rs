//! An encoded frame of the protocol, as it goes over a WebSocket: encoded once, shared by all who
//! get it.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as WsFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// A text with its WebSocket head (RFC 6455, section 5.2; a server masks nothing, so the bytes are
/// the same for everybody). Clones share them.
#[derive(Debug, Clone)]
pub struct Frame(Bytes);

impl Frame {
    /// Head and text, as they are written to the line.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// How many bytes that is.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a frame has a head, so it is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it says that something was refused.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        // What the server writes begins with the type; a test of outboxes sees that it does.
        self.text().starts_with(br#"{"type":"error""#)
    }

    /// The text alone.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        let head = match self.0.get(1) {
            Some(126) => 4,
            Some(127) => 10,
            _ => 2,
        };
        self.0.get(head..).unwrap_or_default()
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        let frame = WsFrame::message(text, OpCode::Data(Data::Text), true);
        let mut bytes = Vec::with_capacity(frame.len());
        // Writing into a vector cannot fail.
        let _ = frame.format(&mut bytes);
        Self(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_stands_behind_a_head_of_any_length() {
        for (length, head) in [(0, 2), (1, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let text = "x".repeat(length);
            let frame = Frame::from(text.clone());
            assert_eq!(frame.len(), head + length);
            assert_eq!(frame.text(), text.as_bytes());
            assert_eq!(frame.bytes()[0], 0x81, "a final text frame");
        }
    }
}
