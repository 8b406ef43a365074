//! Reading the terminal, and leaving it to another program for a while.

use crossterm::event::{Event, EventStream, MouseEventKind};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::update::What;

/// Hands the terminal's events over until it is gone, or until it rests.
pub(crate) struct Keyboard {
    sender: mpsc::Sender<What>,
    reader: JoinHandle<()>,
}

impl Keyboard {
    /// Begins to read.
    pub(crate) fn new(sender: mpsc::Sender<What>) -> Self {
        Self { reader: tokio::spawn(read(sender.clone())), sender }
    }

    /// Reads no more, so that another program gets all keys.
    pub(crate) async fn rest(&mut self) {
        self.reader.abort();
        // It was told to end, and nothing else is to be known.
        let _ = (&mut self.reader).await;
    }

    /// Reads again.
    pub(crate) fn wake(&mut self) {
        self.reader = tokio::spawn(read(self.sender.clone()));
    }
}

/// Bare mouse motion is dropped here: it comes once per cell and means nothing.
async fn read(sender: mpsc::Sender<What>) {
    let mut events = EventStream::new();
    while let Some(Ok(event)) = events.next().await {
        let is_motion = matches!(&event, Event::Mouse(mouse) if matches!(mouse.kind, MouseEventKind::Moved));
        if !is_motion && sender.send(What::Terminal(event)).await.is_err() {
            return;
        }
    }
    let _ = sender.send(What::Terminate).await;
}
