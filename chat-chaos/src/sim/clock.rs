//! The clock of a storm in one process.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use chat_client::Client;
use chat_server::handler::App;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::advance;

/// A turn of the clock.
const TURN: Duration = Duration::from_millis(40);

/// For the threads of the store and for what the system carries, in each turn.
const BREATH: Duration = Duration::from_micros(200);

/// Turns the clock, each time when all is done that can be done now.
#[derive(Clone)]
pub(super) struct Clock {
    apps: Vec<Arc<App>>,
    /// Whether what is behind the servers can be broken, so that one may wait for the clock itself.
    breaks: bool,
    engines: Arc<Mutex<Vec<Client>>>,
}

impl Clock {
    pub(super) fn new(apps: Vec<Arc<App>>, breaks: bool) -> Self {
        Self { apps, breaks, engines: Arc::default() }
    }

    /// Waits for the disks of these as well.
    pub(super) fn minds(&self, engines: Vec<Client>) {
        *self.engines.lock().unwrap() = engines;
    }

    pub(super) async fn turn(self) {
        let mut questions = Questions::default();
        loop {
            for _ in 0..8 {
                yield_now().await;
            }
            for (number, app) in self.apps.iter().enumerate() {
                if self.breaks {
                    let (hub, store) = (app.clone(), app.clone());
                    questions.ask((number, "hub"), async move { hub.hub.settle().await }).await;
                    questions
                        .ask((number, "store"), async move { _ = store.store.has_accounts().await })
                        .await;
                } else {
                    // Shards wait for the store and for nothing else.
                    app.hub.settle().await;
                }
            }
            // Others read from it: a machine with much to do must not be slower than this clock.
            std::thread::sleep(BREATH);
            let engines = self.engines.lock().unwrap().clone();
            for (number, engine) in engines.into_iter().enumerate() {
                // Its disk answers after all that was given to it before.
                questions.ask((number, "engine"), async move { _ = engine.note("turn").await }).await;
            }
            advance(TURN).await;
        }
    }
}

/// What is asked in every turn, so that whoever has to answer has come as far.
#[derive(Default)]
struct Questions(std::collections::HashMap<(usize, &'static str), JoinHandle<()>>);

impl Questions {
    /// Asks, and waits a while. One who has not answered the last time is not asked again: they wait for their
    /// line, and that for the clock.
    async fn ask(
        &mut self,
        whom: (usize, &'static str),
        question: impl Future<Output = ()> + Send + 'static,
    ) {
        if self.0.get(&whom).is_some_and(|asked| !asked.is_finished()) {
            return;
        }
        let mut asked = tokio::spawn(question);
        a_while(Pin::new(&mut asked)).await;
        self.0.insert(whom, asked);
    }
}

/// Waits for something that other threads do, but not for long: who waits for the clock itself would wait for
/// ever.
async fn a_while(work: impl Future) {
    const LOOKS: u32 = 100;
    const NAP: Duration = Duration::from_micros(10);
    let mut work = pin!(work);
    for look in 0..LOOKS {
        let done = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready())).await;
        if done {
            return;
        }
        if look > 8 {
            std::thread::sleep(NAP);
        }
        yield_now().await;
    }
}
