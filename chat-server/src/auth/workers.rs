//! The threads that hash passwords, and nothing else.
//!
//! They are threads of their own, not the runtime's: each hash takes 19 MiB, and what a thread has
//! once taken its allocator keeps. A flood of logins on the runtime's many threads left the
//! server with a gigabyte that it did not use.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads. They end when the last of these is dropped.
#[derive(Clone)]
pub(super) struct Workers(Sender<Job>);

impl Workers {
    /// Starts so many.
    pub(super) fn start(count: usize) -> anyhow::Result<Self> {
        let (jobs, waiting) = channel::<Job>();
        // Held by the one that waits for the next job.
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count.max(1) {
            let waiting = waiting.clone();
            let thread = thread::Builder::new().name("password".to_owned());
            thread.spawn(move || run(&waiting)).context("cannot start a thread for passwords")?;
        }
        Ok(Self(jobs))
    }

    /// Does it when a thread is free; `None` if it failed. The caller bounds how many wait.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = oneshot::channel();
        // Who waited may be gone; the work was done then for nobody.
        let job = Box::new(move || drop(done.send(job())));
        self.0.send(job).ok()?;
        result.await.ok()
    }
}

fn run(waiting: &Mutex<Receiver<Job>>) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // The one who waits hears of it by the end of its channel; the next one needs this thread.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_fails_takes_no_worker_with_it() {
        let workers = Workers::start(1).unwrap();
        assert_eq!(workers.work(|| panic!("on purpose")).await, None::<()>);
        assert_eq!(workers.work(|| 7).await, Some(7));
    }

    #[tokio::test]
    async fn there_are_so_many_threads_and_no_more() {
        let workers = Workers::start(2).unwrap();
        let jobs = (0..20).map(|_| workers.work(|| thread::current().id()));
        let ids: std::collections::HashSet<_> =
            futures_util::future::join_all(jobs).await.into_iter().collect();
        assert!(ids.len() <= 2 && !ids.contains(&None), "{ids:?}");
    }
}
