//! Remembering that a person trusts a certificate, and saying what was done without a question.

use chat_client::stranger::Stranger;
use chat_client::tls::{Tell, Tls};
use tokio::sync::mpsc;

use super::{Outcome, Runner};

impl Runner {
    /// Remembers that the person trusts this certificate.
    pub fn trust(&self, stranger: Box<Stranger>) {
        let (tls, outcomes) = (self.places.tls.clone(), self.outcomes.clone());
        tokio::task::spawn_blocking(move || {
            let kept = tls.accept(&stranger).map_err(|error| error.to_string());
            let _ = outcomes.blocking_send(Outcome::Trusted(kept));
        });
    }

    /// Whom to trust, for the engine and for files.
    #[must_use]
    pub fn tls(&self) -> Tls {
        self.places.tls.clone()
    }
}

/// The same trust, whose news are said here.
pub(super) fn telling(tls: Tls, outcomes: mpsc::Sender<Outcome>) -> Tls {
    // It must not wait; a sentence that finds no room stands in the log.
    let tell = Tell::new(move |sentence| drop(outcomes.try_send(Outcome::Said(sentence))));
    Tls { tell, ..tls }
}
