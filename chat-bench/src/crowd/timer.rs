//! Wakes the one thread at a moment, exact to millionths of a second.

use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::Result;
use mio::unix::SourceFd;
use mio::{Interest, Poll, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use crate::clock::SECOND;

/// A timer among the connections.
pub(crate) struct Timer(OwnedFd);

impl Timer {
    /// One that is not set.
    ///
    /// # Errors
    /// The system has none.
    pub(crate) fn new(poll: &Poll, token: Token) -> Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        poll.registry().register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self(timer))
    }

    /// Sets it to so many nanoseconds from now; what it was set to before is forgotten.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn set(&self, nanoseconds: u64) -> Result<()> {
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let at = Timespec {
            tv_sec: i64::try_from(nanoseconds / SECOND)?,
            // Zero would mean never.
            tv_nsec: i64::try_from(nanoseconds % SECOND)?.max(1),
        };
        let times = Itimerspec { it_interval: zero, it_value: at };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &times)?;
        Ok(())
    }
}
