//! The WebSocket as the session sees it. WebSocket types stay in this floor.

use std::time::Duration;

use chat_proto::{CloseReason, Limits, limits};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};

use super::guard::{Guarded, TooManyFragments};
use crate::hub::outbox::Frame;

/// Allocated for every connection, so small; a larger frame grows it while it is read.
const READ_BUFFER: usize = 4 * 1024;

/// Frames are joined up to this size before they go to the kernel.
const WRITE_BUFFER: usize = 16 * 1024;

/// What may wait inside the WebSocket layer: one batch of the outbox and the largest answer.
const WRITE_BUFFER_MAX: usize = limits::SERVER_FRAME_BYTES;

/// A client that takes nothing for so long is gone or too slow.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait for the other side's close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The WebSocket settings of every connection.
#[must_use]
pub fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .max_message_size(Some(limits::FRAME_BYTES))
        .max_frame_size(Some(limits::FRAME_BYTES))
}

/// What came from the client.
pub(super) enum Incoming {
    /// A frame of the protocol.
    Text(Utf8Bytes),
    /// A ping or pong: nothing to do, but somebody is there.
    Alive,
    /// The client closed the connection properly.
    Goodbye,
    /// The line is gone.
    Lost,
    /// Something that ends the connection.
    Refused(CloseReason),
}

/// The line could not be written to.
pub(super) struct WriteFailed;

pub(super) struct Socket<S> {
    ws: WebSocketStream<Guarded<S>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    pub(super) fn new(ws: WebSocketStream<Guarded<S>>) -> Self {
        Self { ws }
    }

    /// Lets the client send as fast as those may who are logged in.
    pub(super) fn logged_in(&mut self, limits: &Limits) {
        self.ws.get_mut().logged_in(limits);
    }

    /// The next thing from the client. Cancel-safe.
    pub(super) async fn read(&mut self) -> Incoming {
        match self.ws.next().await {
            Some(Ok(Message::Text(text))) => Incoming::Text(text),
            Some(Ok(Message::Binary(_))) => Incoming::Refused(CloseReason::Binary),
            Some(Ok(Message::Close(_))) => Incoming::Goodbye,
            Some(Ok(_)) => Incoming::Alive,
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                Incoming::Refused(CloseReason::TooLarge)
            }
            Some(Err(Error::Io(cause))) if is_too_many_fragments(&cause) => {
                Incoming::Refused(CloseReason::Abuse)
            }
            Some(Err(_)) | None => Incoming::Lost,
        }
    }

    /// Writes these frames with one flush.
    pub(super) async fn write(&mut self, frames: &[Frame]) -> Result<(), WriteFailed> {
        let write = async {
            for frame in frames {
                self.ws.feed(Message::Text(frame.clone())).await?;
            }
            self.ws.flush().await
        };
        finish(write).await
    }

    pub(super) async fn ping(&mut self) -> Result<(), WriteFailed> {
        finish(self.ws.send(Message::Ping(Bytes::new()))).await
    }

    /// Says why and waits a moment for the other side, so that the reason arrives before the line
    /// is cut.
    pub(super) async fn close(&mut self, reason: CloseReason) {
        let frame = CloseFrame {
            code: CloseCode::from(reason.code()),
            reason: Utf8Bytes::from_static(reason.as_str()),
        };
        self.ws.get_mut().closing();
        let goodbye = async {
            if self.ws.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.ws.next().await {}
            }
        };
        // Who does not answer is gone.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
    }
}

fn is_too_many_fragments(cause: &std::io::Error) -> bool {
    cause.get_ref().is_some_and(|cause| cause.is::<TooManyFragments>())
}

async fn finish(write: impl Future<Output = Result<(), Error>>) -> Result<(), WriteFailed> {
    match tokio::time::timeout(WRITE_TIMEOUT, write).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(WriteFailed),
    }
}
