//! Encoded frames waiting for one connection.
//!
//! 1. Putting a frame in never waits.
//! 2. Frames leave in the order in which they came.
//! 3. It never holds more than [`OUTBOX_BYTES`] and one frame more. Signals are shed first, from
//!    half of that; when something that matters does not fit, the connection is cut as
//!    [`CloseReason::Slow`], and the client resumes from the log.
//! 4. A frame is shared text: the same broadcast in a thousand outboxes is one allocation.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use chat_proto::CloseReason;
use tokio::sync::{Notify, mpsc};

use crate::metrics::metrics;

/// Bytes that may wait for a connection: minutes of a busy room, for a reader on a bad line.
pub const OUTBOX_BYTES: usize = 1024 * 1024;

/// Signals are shed when this much waits.
const SIGNAL_BYTES: usize = OUTBOX_BYTES / 2;

/// Frames taken out at once; they are written with one flush.
const BATCH: usize = 256;

/// An encoded frame: text that clones by reference count, in the type that the socket takes.
pub type Frame = tokio_tungstenite::tungstenite::Utf8Bytes;

/// The end into which frames are put; cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    frames: mpsc::UnboundedSender<Frame>,
    state: Arc<State>,
}

/// The end from which the connection's own task takes them.
pub struct Waiting {
    frames: mpsc::UnboundedReceiver<Frame>,
    state: Arc<State>,
}

/// Tells the connection's own task that it is to be cut.
pub struct CutSignal {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    bytes: AtomicUsize,
    cut: OnceLock<CloseReason>,
    is_cut: AtomicBool,
    wake: Notify,
}

impl Drop for State {
    fn drop(&mut self) {
        // What was never written waits no more.
        metrics().outbox_bytes.down(*self.bytes.get_mut());
    }
}

impl Outbox {
    /// Both ends of an empty outbox.
    #[must_use]
    pub fn new() -> (Outbox, Waiting) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let state = Arc::new(State::default());
        (Outbox { frames: sender, state: state.clone() }, Waiting { frames: receiver, state })
    }

    /// Puts a frame in that must not be lost; cuts the connection if it does not fit.
    pub fn push(&self, frame: Frame) {
        if self.state.bytes.load(Ordering::Relaxed) > OUTBOX_BYTES {
            self.cut(CloseReason::Slow);
        } else {
            self.put(frame);
        }
    }

    /// Puts a frame in that nobody will miss, unless much waits already.
    pub fn push_signal(&self, frame: Frame) {
        if self.state.bytes.load(Ordering::Relaxed) <= SIGNAL_BYTES {
            self.put(frame);
        } else {
            metrics().signals_shed.add_one();
        }
    }

    /// Ends the connection with this reason. The first reason counts; what waits is not sent.
    pub fn cut(&self, reason: CloseReason) {
        let _ = self.state.cut.set(reason);
        self.state.is_cut.store(true, Ordering::Release);
        self.state.wake.notify_one();
    }

    fn put(&self, frame: Frame) {
        if self.state.is_cut.load(Ordering::Acquire) {
            return;
        }
        self.state.bytes.fetch_add(frame.len(), Ordering::Relaxed);
        metrics().outbox_bytes.up(frame.len());
        // An error means that the connection has just ended; its client resumes.
        let _ = self.frames.send(frame);
    }
}

impl Waiting {
    /// Waits for frames and takes those that are there, at most a batch. Cancel-safe.
    pub async fn take(&mut self, into: &mut Vec<Frame>) {
        self.frames.recv_many(into, BATCH).await;
    }

    /// Takes what is there without waiting.
    pub fn take_now(&mut self, into: &mut Vec<Frame>) {
        while into.len() < BATCH
            && let Ok(frame) = self.frames.try_recv()
        {
            into.push(frame);
        }
    }

    /// Gives the room of written frames back.
    pub fn written(&self, bytes: usize) {
        self.state.bytes.fetch_sub(bytes, Ordering::Relaxed);
        metrics().outbox_bytes.down(bytes);
    }

    /// Tells when the connection is to be cut.
    #[must_use]
    pub fn cut_signal(&self) -> CutSignal {
        CutSignal { state: self.state.clone() }
    }
}

impl CutSignal {
    /// Waits until the connection is to be cut. Cancel-safe.
    pub async fn cut(&self) -> CloseReason {
        loop {
            if let Some(reason) = self.state.cut.get() {
                return *reason;
            }
            self.state.wake.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn frame(bytes: usize) -> Frame {
        "x".repeat(bytes).into()
    }

    async fn cut_reason(waiting: &Waiting) -> Option<CloseReason> {
        tokio::time::timeout(Duration::from_secs(1), waiting.cut_signal().cut()).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_cut_and_the_memory_is_bounded() {
        let (outbox, waiting) = Outbox::new();
        for _ in 0..1_000 {
            outbox.push(frame(10_000));
        }
        assert_eq!(cut_reason(&waiting).await, Some(CloseReason::Slow));
        assert!(waiting.state.bytes.load(Ordering::Relaxed) <= OUTBOX_BYTES + 10_000);
    }

    #[tokio::test(start_paused = true)]
    async fn signals_are_shed_before_anything_is_lost() {
        let (outbox, mut waiting) = Outbox::new();
        outbox.push(frame(SIGNAL_BYTES + 1));
        outbox.push_signal(frame(1));
        outbox.push(frame(2));
        let mut taken = Vec::new();
        waiting.take(&mut taken).await;
        assert_eq!(taken.iter().map(|frame| frame.len()).collect::<Vec<_>>(), [SIGNAL_BYTES + 1, 2]);
        assert_eq!(cut_reason(&waiting).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn room_comes_back_when_frames_are_written() {
        let (outbox, mut waiting) = Outbox::new();
        for _ in 0..10 {
            outbox.push(frame(OUTBOX_BYTES));
            let mut taken = Vec::new();
            waiting.take(&mut taken).await;
            waiting.written(OUTBOX_BYTES);
        }
        assert_eq!(cut_reason(&waiting).await, None);
    }
}
