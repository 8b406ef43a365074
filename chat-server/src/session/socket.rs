//! The WebSocket as the session sees it. WebSocket types stay in this floor.
//!
//! Frames of the protocol are encoded when they come here, so they go past the WebSocket layer
//! straight to the line, many with one call of the system, and are copied nowhere. The layer reads,
//! and writes what it has to say itself: pings, pongs, the close frame. Two rules keep the two
//! writers apart: the layer's own bytes are out whole before ours begin, and a frame of ours that
//! has begun is finished ([`Socket::unsent`]) before anybody says something else.

use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use chat_proto::{CloseReason, Limits, limits};
use futures_util::future::poll_immediate;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};

use super::guard::{Guarded, TooManyFragments};
use crate::hub::outbox::Frame;

/// Allocated for every connection, so small: a few messages. A larger frame grows it while it is read.
const READ_BUFFER: usize = 1024;

/// What may wait inside the WebSocket layer: pings, pongs and a close frame, of 135 bytes at most.
const WRITE_BUFFER_MAX: usize = 4 * 1024;

/// Frames written with one call of the system: 16 KiB of usual ones. Past that, another call costs
/// little beside the bytes.
const WRITTEN_AT_ONCE: usize = 64;

/// A client that takes nothing for so long is gone or too slow.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait for the other side's close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The WebSocket settings of every connection.
#[must_use]
pub fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
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
    /// The rest of a frame that was begun.
    unsent: Bytes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    pub(super) fn new(ws: WebSocketStream<Guarded<S>>) -> Self {
        Self { ws, unsent: Bytes::new() }
    }

    /// Lets the client send as fast as those may who are logged in.
    pub(super) fn logged_in(&mut self, limits: &Limits) {
        self.ws.get_mut().logged_in(limits);
    }

    /// The next thing from the client. Cancel-safe.
    pub(super) async fn read(&mut self) -> Incoming {
        poll_fn(|context| self.poll_read(context)).await
    }

    /// As [`read`](Self::read).
    pub(super) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
        self.ws.poll_next_unpin(context).map(|incoming| match incoming {
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
            Some(Err(Error::Utf8(_))) => Incoming::Refused(CloseReason::NotText),
            // Of these two nobody is left to be told.
            Some(Err(Error::Protocol(
                ProtocolError::ResetWithoutClosingHandshake | ProtocolError::ReceivedAfterClosing,
            ))) => Incoming::Lost,
            Some(Err(Error::Protocol(_))) => Incoming::Refused(CloseReason::Malformed),
            Some(Err(_)) | None => Incoming::Lost,
        })
    }

    /// Writes these frames, as many at once as the line takes. If it is dropped before its end,
    /// the frames after the one begun are lost.
    pub(super) async fn write(&mut self, frames: &[Frame]) -> Result<(), WriteFailed> {
        let mut left = frames;
        let mut write = std::pin::pin!(poll_fn(|context| self.poll_write(context, &mut left)));
        // Nearly always the line takes it at once, and then there is no need for a timer.
        match poll_immediate(&mut write).await {
            Some(written) => written.map_err(|_| WriteFailed),
            None => finish(write).await,
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>, left: &mut &[Frame]) -> Poll<Result<(), Error>> {
        ready!(self.ws.poll_flush_unpin(context))?;
        let Self { ws, unsent } = self;
        let line = ws.get_mut();
        loop {
            let mut parts = [IoSlice::new(&[]); WRITTEN_AT_ONCE];
            let begun = (!unsent.is_empty()).then_some(&*unsent);
            let mut count = 0;
            for (part, bytes) in parts.iter_mut().zip(begun.into_iter().chain(left.iter().map(Frame::bytes)))
            {
                *part = IoSlice::new(bytes);
                count += 1;
            }
            let mut written = match &parts[..count] {
                [] => return Pin::new(line).poll_flush(context).map_err(Error::Io),
                [one] => ready!(Pin::new(&mut *line).poll_write(context, one))?,
                several => ready!(Pin::new(&mut *line).poll_write_vectored(context, several))?,
            };
            if written == 0 {
                return Poll::Ready(Err(Error::Io(std::io::ErrorKind::WriteZero.into())));
            }
            let rest = written.min(unsent.len());
            *unsent = unsent.slice(rest..);
            written -= rest;
            while written > 0
                && let [next, others @ ..] = left
            {
                *left = others;
                if written < next.len() {
                    *unsent = next.bytes().slice(written..);
                }
                written = written.saturating_sub(next.len());
            }
        }
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
            // A reason in the middle of a frame would be none.
            if poll_fn(|context| self.poll_write(context, &mut &[][..])).await.is_err() {
                return;
            }
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
