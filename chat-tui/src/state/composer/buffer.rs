//! The text under the composer: lines, a cursor, and the way back through its changes.
//!
//! 1. Every change is one replacement of a stretch by a text, so that undoing it is one as well.
//! 2. Places are line and byte; the caller keeps them on the edges of graphemes.
//!
//! The text areas that there are for this toolkit move by what a sign is wide on the screen, so
//! that signs without a width cannot be stood behind. That is why this is our own.

/// Steps of undo; more than anybody remembers.
const UNDO_STEPS: usize = 200;

/// Bytes held for undo; a few pastes as large as a message may be.
const UNDO_BYTES: usize = 512 * 1024;

/// A place in the text: line, and byte in that line.
pub type Place = (usize, usize);

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Buffer {
    lines: Vec<String>,
    cursor: Place,
    /// Where a selection began.
    anchor: Option<Place>,
    done: Vec<Change>,
    undone: Vec<Change>,
}

/// One replacement.
#[derive(Debug, Clone)]
struct Change {
    from: Place,
    removed: String,
    inserted: String,
    /// Where the cursor was before.
    cursor: Place,
}

impl Buffer {
    pub(super) fn new(text: &str) -> Self {
        let lines = split(text);
        let last = lines.len().saturating_sub(1);
        let cursor = (last, lines.last().map_or(0, String::len));
        Self { lines, cursor, anchor: None, done: Vec::new(), undone: Vec::new() }
    }

    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(super) fn line(&self, number: usize) -> &str {
        self.lines.get(number).map_or("", String::as_str)
    }

    pub(super) fn cursor(&self) -> Place {
        self.cursor
    }

    /// Puts the cursor at a place that is in the text, perhaps selecting up to there.
    pub(super) fn go(&mut self, to: Place, selects: bool) {
        let begun = self.anchor.unwrap_or(self.cursor);
        self.anchor = selects.then_some(begun);
        self.cursor = to;
    }

    pub(super) fn end(&self) -> Place {
        let last = self.lines.len().saturating_sub(1);
        (last, self.line(last).len())
    }

    /// What is selected, in order; `None` for nothing.
    pub(super) fn selection(&self) -> Option<(Place, Place)> {
        let anchor = self.anchor.filter(|anchor| *anchor != self.cursor)?;
        Some((anchor.min(self.cursor), anchor.max(self.cursor)))
    }

    pub(super) fn deselect(&mut self) {
        self.anchor = None;
    }

    /// The text between two places.
    pub(super) fn between(&self, (from, to): (Place, Place)) -> String {
        if from.0 == to.0 {
            return self.line(from.0).get(from.1..to.1).unwrap_or_default().to_owned();
        }
        let mut parts = vec![self.line(from.0).get(from.1..).unwrap_or_default()];
        parts.extend((from.0 + 1..to.0).map(|number| self.line(number)));
        parts.push(self.line(to.0).get(..to.1).unwrap_or_default());
        parts.join("\n")
    }

    /// Puts a text in the place of a stretch, with the cursor behind it; gives what was there.
    pub(super) fn replace(&mut self, stretch: (Place, Place), with: &str) -> String {
        let inserted = split(with).join("\n");
        let cursor = self.cursor;
        let removed = self.swap(stretch, &inserted);
        self.anchor = None;
        if removed.is_empty() && inserted.is_empty() {
            return removed;
        }
        self.undone.clear();
        if !self.joins(stretch.0, &removed, &inserted) {
            let change = Change { from: stretch.0, removed: removed.clone(), inserted, cursor };
            self.done.push(change);
            self.forget();
        }
        removed
    }

    /// A letter behind the letter before it is one step with it, up to the end of the word.
    fn joins(&mut self, from: Place, removed: &str, inserted: &str) -> bool {
        let is_letter = inserted.chars().count() == 1 && !inserted.contains(char::is_whitespace);
        let Some(last) = self.done.last_mut().filter(|_| removed.is_empty() && is_letter) else {
            return false;
        };
        let goes_on = after(last.from, &last.inserted) == from
            && last.removed.is_empty()
            && !last.inserted.is_empty()
            && !last.inserted.contains(char::is_whitespace);
        if goes_on {
            last.inserted.push_str(inserted);
        }
        goes_on
    }

    /// Keeps what is held for undo bounded.
    fn forget(&mut self) {
        let size = |change: &Change| change.removed.len() + change.inserted.len();
        let mut bytes: usize = self.done.iter().map(size).sum();
        while self.done.len() > UNDO_STEPS || (bytes > UNDO_BYTES && self.done.len() > 1) {
            bytes -= size(&self.done.remove(0));
        }
    }

    pub(super) fn undo(&mut self) -> bool {
        let Some(change) = self.done.pop() else { return false };
        self.swap((change.from, after(change.from, &change.inserted)), &change.removed);
        (self.cursor, self.anchor) = (change.cursor, None);
        self.undone.push(change);
        true
    }

    pub(super) fn redo(&mut self) -> bool {
        let Some(change) = self.undone.pop() else { return false };
        self.swap((change.from, after(change.from, &change.removed)), &change.inserted);
        self.anchor = None;
        self.done.push(change);
        true
    }

    fn swap(&mut self, (from, to): (Place, Place), with: &str) -> String {
        let removed = self.between((from, to));
        let head = self.line(from.0).get(..from.1).unwrap_or_default().to_owned();
        let tail = self.line(to.0).get(to.1..).unwrap_or_default();
        let fresh = split(&format!("{head}{with}{tail}"));
        let last = to.0.min(self.lines.len().saturating_sub(1));
        self.lines.splice(from.0..=last, fresh);
        self.cursor = after(from, with);
        removed
    }
}

/// The place behind a text that begins at a place.
fn after(from: Place, text: &str) -> Place {
    match text.rsplit_once('\n') {
        None => (from.0, from.1 + text.len()),
        Some((before, last)) => (from.0 + before.matches('\n').count() + 1, last.len()),
    }
}

/// Lines, with any kind of line end.
fn split(text: &str) -> Vec<String> {
    text.replace("\r\n", "\n").split(['\n', '\r']).map(str::to_owned).collect()
}
