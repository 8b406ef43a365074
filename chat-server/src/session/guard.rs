//! What stands before the WebSocket layer: it counts the frames in what comes, so that no client
//! makes the server work by many tiny ones. The layer itself bounds only their sizes.
//!
//! 1. A message in more than [`limits::FRAGMENTS_PER_MESSAGE`] frames ends the connection.
//! 2. Frames that come faster than the pace are read later: the client's own line slows it down.
//!    That holds for every frame, also pings and those in the middle of a message.
//!
//! Bytes are passed on untouched.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use chat_proto::{Limits, limits};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Frames that a connection may send for each request that it may make: pings, signals, pieces.
const FRAMES_PER_REQUEST: u32 = 8;

/// The longest head of a frame: two bytes, eight of length, four of mask (RFC 6455, 5.2).
const HEAD: usize = 14;

/// A message came in too many pieces.
#[derive(Debug)]
pub(super) struct TooManyFragments;

impl fmt::Display for TooManyFragments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message came in too many pieces")
    }
}

impl std::error::Error for TooManyFragments {}

/// A line whose incoming frames are counted.
pub struct Guarded<S> {
    line: S,
    frames: Frames,
    pace: Pace,
    /// Runs while the client is ahead of its pace.
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> Guarded<S> {
    /// At the pace of those who are not logged in. `early` are the bytes that were read before.
    #[must_use]
    pub fn new(line: S, early: &[u8]) -> Self {
        let before_login = Pace::new(limits::LOGIN_FRAMES_PER_SECOND, limits::LOGIN_FRAME_BURST);
        let mut guarded = Self { line, frames: Frames::default(), pace: before_login, pause: None };
        let frames = guarded.frames.count(early);
        guarded.pace.spend(frames);
        guarded
    }

    /// From now on at the pace of those who are.
    pub(super) fn logged_in(&mut self, limits: &Limits) {
        let times = |n: u32| n.saturating_mul(FRAMES_PER_REQUEST);
        self.pace = Pace::new(times(limits.requests_per_second), times(limits.request_burst));
        self.pause = None;
    }

    /// From now on as fast as it comes: what is on its way is thrown away, and a line with unread
    /// bytes in it would be reset before the other side has read the reason.
    pub(super) fn closing(&mut self) {
        self.pace = Pace::new(u32::MAX, u32::MAX);
        self.pause = None;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.frames.too_many {
            return Poll::Ready(Err(io::Error::other(TooManyFragments)));
        }
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(context));
            this.pause = None;
        }
        let before = into.filled().len();
        ready!(Pin::new(&mut this.line).poll_read(context, into))?;
        let frames = this.frames.count(&into.filled()[before..]);
        if let Some(until) = this.pace.spend(frames) {
            this.pause = Some(Box::pin(tokio::time::sleep_until(until)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.line).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.line).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.line.is_write_vectored()
    }
}

/// Finds the heads of frames in the bytes that come, in whatever pieces.
#[derive(Default)]
struct Frames {
    head: [u8; HEAD],
    have: usize,
    /// Bytes of the frame that are still to come.
    payload: u64,
    /// Frames of the message that has begun.
    fragments: u32,
    too_many: bool,
}

impl Frames {
    /// How many frames begin in these bytes.
    fn count(&mut self, mut bytes: &[u8]) -> u32 {
        let mut frames = 0;
        while let Some((first, rest)) = bytes.split_first() {
            if self.payload > 0 {
                let skipped = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
                self.payload -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            self.head[self.have] = *first;
            self.have += 1;
            bytes = rest;
            if self.have >= 2 && self.have == self.head_length() {
                frames += 1;
                self.begin();
            }
        }
        frames
    }

    fn head_length(&self) -> usize {
        let length = match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        2 + length + mask
    }

    fn begin(&mut self) {
        let [first, second, long @ ..] = &self.head;
        let (is_last, is_control) = (first & 0x80 != 0, first & 0x08 != 0);
        self.payload = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes([long[0], long[1]])),
            127 => {
                u64::from_be_bytes([long[0], long[1], long[2], long[3], long[4], long[5], long[6], long[7]])
            }
            short => u64::from(short),
        };
        self.have = 0;
        if is_control {
            return;
        }
        self.fragments += 1;
        self.too_many |= self.fragments > limits::FRAGMENTS_PER_MESSAGE;
        if is_last {
            self.fragments = 0;
        }
    }
}

/// A token bucket, kept as the moment up to which the frames so far are paid for (GCRA).
struct Pace {
    each: Duration,
    ahead: Duration,
    paid_until: Instant,
}

impl Pace {
    fn new(per_second: u32, burst: u32) -> Self {
        let each = Duration::from_secs(1) / per_second.max(1);
        Self { each, ahead: each.saturating_mul(burst), paid_until: Instant::now() }
    }

    /// Counts frames; until when to wait before more are read.
    fn spend(&mut self, frames: u32) -> Option<Instant> {
        if frames == 0 {
            return None;
        }
        let now = Instant::now();
        self.paid_until = self.paid_until.max(now) + self.each.saturating_mul(frames);
        (self.paid_until > now + self.ahead).then(|| self.paid_until - self.ahead)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A masked frame of so many bytes.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut bytes = match u16::try_from(length) {
            Ok(short) if short < 126 => vec![first, 0x80 | u8::try_from(short).unwrap()],
            Ok(middle) => [&[first, 0x80 | 126], &middle.to_be_bytes()[..]].concat(),
            Err(_) => [&[first, 0x80 | 127], &(length as u64).to_be_bytes()[..]].concat(),
        };
        bytes.extend([1, 2, 3, 4]);
        bytes.extend(std::iter::repeat_n(0xff, length));
        bytes
    }

    #[test]
    fn frames_are_found_in_whatever_pieces_they_come() {
        let all = [frame(0x81, 0), frame(0x81, 125), frame(0x89, 5), frame(0x81, 126), frame(0x81, 70_000)]
            .concat();
        for piece in [1, 2, 3, 7, 1_000, all.len()] {
            let mut frames = Frames::default();
            let found: u32 = all.chunks(piece).map(|bytes| frames.count(bytes)).sum();
            assert_eq!((found, frames.payload, frames.have, frames.too_many), (5, 0, 0, false), "{piece}");
        }
    }

    #[test]
    fn pieces_count_for_their_message_and_pings_between_them_do_not() {
        let mut frames = Frames::default();
        for _ in 0..3 {
            frames.count(&frame(0x01, 1));
            for _ in 0..limits::FRAGMENTS_PER_MESSAGE - 2 {
                frames.count(&frame(0x00, 1));
                frames.count(&frame(0x89, 0));
            }
            frames.count(&frame(0x80, 1));
            assert!(!frames.too_many);
        }
        for _ in 0..=limits::FRAGMENTS_PER_MESSAGE {
            frames.count(&frame(0x00, 0));
        }
        assert!(frames.too_many);
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_too_many_frames_is_read_later() {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let mut guarded = Guarded::new(server, &[]);
        let seconds = 5;
        let frames = limits::LOGIN_FRAME_BURST + seconds * limits::LOGIN_FRAMES_PER_SECOND;
        let all: Vec<u8> = (0..frames).flat_map(|_| frame(0x89, 0)).collect();
        client.write_all(&all).await.unwrap();
        let began = Instant::now();
        let mut some = [0; 60];
        for _ in 0..all.len() / some.len() {
            guarded.read_exact(&mut some).await.unwrap();
        }
        let took = began.elapsed();
        assert!(took > Duration::from_secs(u64::from(seconds) - 2), "{took:?}");
        assert!(took < Duration::from_secs(u64::from(seconds) + 1), "{took:?}");
    }
}
