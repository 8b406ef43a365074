//! Encoded frames waiting for one connection.
//!
//! 1. Putting a frame in never waits.
//! 2. Frames leave in the order in which they came.
//! 3. It never holds more than [`OUTBOX_BYTES`] and one frame more. Signals are shed first, from
//!    half of that; when something that matters does not fit, the connection is cut as
//!    [`CloseReason::Slow`], and the client resumes from the log.
//! 4. A frame is shared text: the same broadcast in a thousand outboxes is one allocation.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use chat_proto::CloseReason;

pub use super::frame::Frame;
use crate::metrics::metrics;

/// Bytes that may wait for a connection: minutes of a busy room, for a reader on a bad line.
pub const OUTBOX_BYTES: usize = 1024 * 1024;

/// Signals are shed when this much waits.
const SIGNAL_BYTES: usize = OUTBOX_BYTES / 2;

/// The end into which frames are put; cheap to clone.
#[derive(Clone)]
pub struct Outbox(Arc<Mutex<Queue>>);

/// The end from which the connection's own task takes them.
pub struct Waiting(Arc<Mutex<Queue>>);

/// What waits. There are as many of these as connections, so it is small, and holds no memory while
/// nothing waits.
#[derive(Default)]
struct Queue {
    frames: Vec<Frame>,
    /// Of the frames here and of those taken but not yet written.
    bytes: usize,
    cut: Option<CloseReason>,
    /// The connection has ended.
    is_gone: bool,
    /// Who waits for frames.
    taker: Option<Waker>,
    /// Who writes, and wants to know if there is no use in it.
    writer: Option<Waker>,
}

impl Drop for Queue {
    fn drop(&mut self) {
        // What was never written waits no more.
        metrics().outbox_bytes.down(self.bytes);
    }
}

/// The same frame for many, counted once. Who waits for it is woken when all have it.
pub struct Copies {
    frame: Frame,
    put: usize,
    takers: Vec<Waker>,
}

impl Outbox {
    /// Both ends of an empty outbox.
    #[must_use]
    pub fn new() -> (Outbox, Waiting) {
        let queue = Arc::<Mutex<Queue>>::default();
        (Outbox(queue.clone()), Waiting(queue))
    }

    /// Puts a frame in that must not be lost; cuts the connection if it does not fit.
    pub fn push(&self, frame: Frame) {
        let len = frame.len();
        match self.put(frame, OUTBOX_BYTES) {
            Put::In(taker) => {
                metrics().outbox_bytes.up(len);
                taker.into_iter().for_each(Waker::wake);
            }
            Put::Full => self.cut(CloseReason::Slow),
            Put::Gone => {}
        }
    }

    /// Ends the connection with this reason. The first reason counts; what waits is not sent.
    pub fn cut(&self, reason: CloseReason) {
        let mut queue = lock(&self.0);
        queue.cut.get_or_insert(reason);
        wake_all(queue);
    }

    /// Has the connection look whether there is anything to do, such as to end.
    pub fn wake(&self) {
        wake_all(lock(&self.0));
    }

    /// Puts a frame in. Who waits for it is to be woken by the caller, when the lock is free.
    fn put(&self, frame: Frame, room: usize) -> Put {
        let mut queue = lock(&self.0);
        if queue.is_gone || queue.cut.is_some() {
            return Put::Gone;
        }
        if queue.bytes > room {
            return Put::Full;
        }
        queue.bytes += frame.len();
        queue.frames.push(frame);
        Put::In(queue.taker.take())
    }
}

/// What became of a frame.
#[derive(Debug)]
enum Put {
    /// It waits, and so did somebody for it.
    In(Option<Waker>),
    Full,
    /// There is nobody to get it.
    Gone,
}

impl Copies {
    /// Of this frame.
    #[must_use]
    pub fn of(text: String) -> Self {
        Self { frame: text.into(), put: 0, takers: Vec::new() }
    }

    /// Puts one in that must not be lost, as [`Outbox::push`].
    pub fn push(&mut self, outbox: &Outbox) {
        match outbox.put(self.frame.clone(), OUTBOX_BYTES) {
            Put::In(taker) => self.is_in(taker),
            Put::Full => outbox.cut(CloseReason::Slow),
            Put::Gone => {}
        }
    }

    /// Puts one in that nobody will miss, unless much waits already.
    pub fn push_signal(&mut self, outbox: &Outbox) {
        match outbox.put(self.frame.clone(), SIGNAL_BYTES) {
            Put::In(taker) => self.is_in(taker),
            Put::Full => metrics().signals_shed.add_one(),
            Put::Gone => {}
        }
    }

    fn is_in(&mut self, taker: Option<Waker>) {
        self.put += 1;
        self.takers.extend(taker);
    }

    /// Those who wait for it, to be woken by the caller in place of this.
    #[must_use]
    pub fn takers(mut self) -> Vec<Waker> {
        std::mem::take(&mut self.takers)
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        metrics().outbox_bytes.up(self.put * self.frame.len());
        self.takers.drain(..).for_each(Waker::wake);
    }
}

impl Waiting {
    /// Waits for frames and takes all that are there; an error when the connection is to be cut.
    ///
    /// # Errors
    /// The reason for the cut.
    pub fn poll_take(
        &mut self,
        context: &mut Context<'_>,
        into: &mut Vec<Frame>,
    ) -> Poll<Result<(), CloseReason>> {
        let mut queue = lock(&self.0);
        if let Some(reason) = queue.cut {
            return Poll::Ready(Err(reason));
        }
        if queue.frames.is_empty() {
            remember(&mut queue.taker, context);
            return Poll::Pending;
        }
        queue.hand_over(into);
        Poll::Ready(Ok(()))
    }

    /// As [`poll_take`](Self::poll_take), of refusals alone: the rest goes on waiting.
    ///
    /// # Errors
    /// The reason for the cut.
    pub fn poll_take_refusals(
        &mut self,
        context: &mut Context<'_>,
        into: &mut Vec<Frame>,
    ) -> Poll<Result<(), CloseReason>> {
        let mut queue = lock(&self.0);
        if let Some(reason) = queue.cut {
            return Poll::Ready(Err(reason));
        }
        let before = into.len();
        into.extend(queue.frames.extract_if(.., |frame| frame.is_refusal()));
        if into.len() == before {
            remember(&mut queue.taker, context);
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    /// As [`poll_take`](Self::poll_take). Cancel-safe.
    ///
    /// # Errors
    /// The reason for the cut.
    pub async fn take(&mut self, into: &mut Vec<Frame>) -> Result<(), CloseReason> {
        poll_fn(|context| self.poll_take(context, into)).await
    }

    /// Takes what is there without waiting; an error when the connection is to be cut.
    ///
    /// # Errors
    /// The reason for the cut.
    pub fn take_now(&mut self, into: &mut Vec<Frame>) -> Result<(), CloseReason> {
        let mut queue = lock(&self.0);
        if let Some(reason) = queue.cut {
            return Err(reason);
        }
        queue.hand_over(into);
        Ok(())
    }

    /// Gives the room of written frames back.
    pub fn written(&self, bytes: usize) {
        let mut queue = lock(&self.0);
        queue.bytes = queue.bytes.saturating_sub(bytes);
        drop(queue);
        metrics().outbox_bytes.down(bytes);
    }

    /// Waits until the connection is to be cut. Cancel-safe.
    pub async fn cut(&self) -> CloseReason {
        poll_fn(|context| {
            let mut queue = lock(&self.0);
            match queue.cut {
                Some(reason) => Poll::Ready(reason),
                None => {
                    remember(&mut queue.writer, context);
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut queue = lock(&self.0);
        queue.is_gone = true;
        queue.frames = Vec::new();
    }
}

impl Queue {
    /// Gives all frames; an empty vector comes back for the next, with the room that it has.
    fn hand_over(&mut self, into: &mut Vec<Frame>) {
        if into.is_empty() {
            std::mem::swap(&mut self.frames, into);
        } else {
            into.append(&mut self.frames);
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // Nothing in here panics; if it did, a queue would still be one.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember(slot: &mut Option<Waker>, context: &Context<'_>) {
    if !slot.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
        *slot = Some(context.waker().clone());
    }
}

fn wake_all(mut queue: MutexGuard<'_, Queue>) {
    let wakers = [queue.taker.take(), queue.writer.take()];
    drop(queue);
    wakers.into_iter().flatten().for_each(Waker::wake);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn frame(bytes: usize) -> Frame {
        "x".repeat(bytes).into()
    }

    async fn cut_reason(waiting: &Waiting) -> Option<CloseReason> {
        tokio::time::timeout(Duration::from_secs(1), waiting.cut()).await.ok()
    }

    fn bytes(waiting: &Waiting) -> usize {
        lock(&waiting.0).bytes
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_cut_and_the_memory_is_bounded() {
        let (outbox, waiting) = Outbox::new();
        for _ in 0..1_000 {
            outbox.push(frame(10_000));
        }
        assert_eq!(cut_reason(&waiting).await, Some(CloseReason::Slow));
        assert!(bytes(&waiting) <= OUTBOX_BYTES + 10_010);
    }

    #[tokio::test(start_paused = true)]
    async fn signals_are_shed_before_anything_is_lost() {
        let (outbox, mut waiting) = Outbox::new();
        outbox.push(frame(SIGNAL_BYTES + 1));
        Copies::of("1".to_owned()).push_signal(&outbox);
        outbox.push(frame(2));
        let mut taken = Vec::new();
        waiting.take(&mut taken).await.unwrap();
        let lengths: Vec<_> = taken.iter().map(|frame| frame.text().len()).collect();
        assert_eq!(lengths, [SIGNAL_BYTES + 1, 2]);
        assert_eq!(cut_reason(&waiting).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_go_alone_where_nothing_else_may() {
        let (outbox, mut waiting) = Outbox::new();
        let error = chat_proto::WireError::new(chat_proto::ErrorCode::Unavailable, "not now");
        let refusal = chat_proto::ServerFrame::encode_error(None, &error);
        for text in ["one", &refusal, "two"] {
            outbox.push(text.to_owned().into());
        }
        let mut taken = Vec::new();
        poll_fn(|context| waiting.poll_take_refusals(context, &mut taken)).await.unwrap();
        waiting.take(&mut taken).await.unwrap();
        let texts: Vec<_> = taken.iter().map(Frame::text).collect();
        assert_eq!(texts, [refusal.as_bytes(), b"one", b"two"]);
        outbox.push("three".to_owned().into());
        outbox.cut(CloseReason::Banned);
        let cut = poll_fn(|context| waiting.poll_take_refusals(context, &mut taken)).await;
        assert_eq!(cut, Err(CloseReason::Banned));
    }

    #[tokio::test(start_paused = true)]
    async fn room_comes_back_when_frames_are_written() {
        let (outbox, mut waiting) = Outbox::new();
        for _ in 0..10 {
            outbox.push(frame(OUTBOX_BYTES));
            let mut taken = Vec::new();
            waiting.take(&mut taken).await.unwrap();
            waiting.written(taken[0].len());
        }
        assert_eq!(cut_reason(&waiting).await, None);
    }
    #[tokio::test(start_paused = true)]
    async fn a_cut_wakes_who_waits_and_who_writes_and_ends_the_taking() {
        let (outbox, mut waiting) = Outbox::new();
        outbox.push(frame(1));
        outbox.cut(CloseReason::Banned);
        outbox.cut(CloseReason::Slow);
        assert_eq!(waiting.take(&mut Vec::new()).await, Err(CloseReason::Banned), "the first reason counts");
        assert_eq!(waiting.take_now(&mut Vec::new()), Err(CloseReason::Banned), "also where nobody waits");
        let (outbox, mut waiting) = Outbox::new();
        let mut taken = Vec::new();
        let cutting = async { outbox.cut(CloseReason::Banned) };
        assert_eq!(tokio::join!(waiting.take(&mut taken), cutting).0, Err(CloseReason::Banned));
        let (outbox, waiting) = Outbox::new();
        let cutting = async { outbox.cut(CloseReason::Banned) };
        assert_eq!(tokio::join!(waiting.cut(), cutting).0, CloseReason::Banned);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_for_a_connection_that_has_ended() {
        let (outbox, waiting) = Outbox::new();
        drop(waiting);
        outbox.push(frame(10));
        assert!(lock(&outbox.0).frames.is_empty());
    }
}
