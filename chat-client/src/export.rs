//! A conversation written into a file: as text, markdown or JSON.
//!
//! 1. It is driven from outside: [`Export::wants`] says what to ask the server for, and
//!    [`Export::take`] takes the answer, until nothing more is wanted.
//! 2. Nothing is overwritten, only its owner can read the file, and one that was not finished is
//!    taken away again.
//! 3. What others wrote is safe to print: [`SafeText`] in text and markdown, escapes in JSON, which
//!    so keeps all of it. No text can pass for another message.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use chat_proto::{ConversationId, Event, EventKind, GetHistory, HistoryPage, SafeText, Seq, limits};
use thiserror::Error;

use crate::private;
use crate::words::{harmless, local_time, words};

/// Numbers that are put to a name that is taken, before another name is asked for.
const NAMES: u32 = 100;

/// How a conversation is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// As `chat-cli history` prints it, with a line for each day.
    #[default]
    Text,
    /// With headings for days and messages as quotations.
    Markdown,
    /// All that the server tells of each event.
    Json,
}

impl Format {
    /// All, as they are written on a command line.
    pub const NAMES: [&str; 3] = ["text", "markdown", "json"];

    /// How its files end.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Format::Text => "txt",
            Format::Markdown => "md",
            Format::Json => "json",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" | "txt" => Ok(Format::Text),
            "markdown" | "md" => Ok(Format::Markdown),
            "json" => Ok(Format::Json),
            _ => Err(format!("write one of {}", Self::NAMES.join(", "))),
        }
    }
}

/// Why there is no file.
#[derive(Debug, Error)]
pub enum ExportError {
    /// There is one already.
    #[error("{} is there already; give another name", SafeText::line(&.0.display().to_string()))]
    Taken(PathBuf),
    /// It could not be written.
    #[error("{}: {}", SafeText::line(&.0.display().to_string()), .1)]
    Io(PathBuf, io::Error),
}

/// A file that is being written. Dropped before its end, it is taken away.
#[derive(Debug)]
pub struct Export {
    path: PathBuf,
    file: BufWriter<File>,
    format: Format,
    conversation: ConversationId,
    /// The last event taken.
    last: Seq,
    head: Seq,
    more: bool,
    day: String,
    events: u64,
    is_finished: bool,
}

impl Export {
    /// Begins a file for a conversation that people call `title`: this one, or one in this folder
    /// with a name of its own.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(
        path: &Path,
        format: Format,
        conversation: ConversationId,
        title: &str,
    ) -> Result<Self, ExportError> {
        let (path, file) = if path.is_dir() { create_in(path, format, title)? } else { create(path)? };
        let file = BufWriter::new(file);
        let mut export = Self {
            path,
            file,
            format,
            conversation,
            last: Seq::ZERO,
            head: Seq::ZERO,
            more: true,
            day: String::new(),
            events: 0,
            is_finished: false,
        };
        let title = SafeText::line(title);
        let head = match format {
            Format::Text => format!("{title}\n"),
            Format::Markdown => format!("# {}\n", plain_words(title.as_str())),
            Format::Json => {
                let title = serde_json::to_string(title.as_str()).unwrap_or_default();
                format!("{{\"title\":{},\"conversation\":\"{conversation}\",\"events\":[", harmless(&title))
            }
        };
        export.put(&head)?;
        Ok(export)
    }

    /// The next page to ask the server for; `None` when all is written.
    #[must_use]
    pub fn wants(&self) -> Option<GetHistory> {
        self.more.then_some(GetHistory {
            conversation: self.conversation,
            before: None,
            after: Some(self.last),
            around: None,
            limit: Some(limits::HISTORY_PAGE),
        })
    }

    /// Writes a page that it wanted.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn take(&mut self, page: HistoryPage) -> Result<(), ExportError> {
        let before = self.last;
        self.head = page.head;
        for event in &page.events {
            self.event(event)?;
            self.last = self.last.max(event.seq);
        }
        // A page that leads nowhere is the last one, whatever it says.
        self.more = page.more_after && self.last > before;
        Ok(())
    }

    /// How much is written, of a hundred.
    #[must_use]
    pub fn percent(&self) -> u8 {
        let percent = self.last.0.saturating_mul(100).checked_div(self.head.0).unwrap_or(100);
        u8::try_from(percent.min(100)).unwrap_or(100)
    }

    /// Ends the file; says where it is and how many events are in it.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn finish(mut self) -> Result<(PathBuf, u64), ExportError> {
        if self.format == Format::Json {
            self.put("\n]}\n")?;
        }
        self.file.flush().map_err(|error| ExportError::Io(self.path.clone(), error))?;
        self.is_finished = true;
        Ok((self.path.clone(), self.events))
    }

    fn event(&mut self, event: &Event) -> Result<(), ExportError> {
        if self.format == Format::Json {
            return self.json(event);
        }
        // A change is told by the message that was changed.
        if event.target().is_some() || matches!(event.what, EventKind::Unknown) {
            return Ok(());
        }
        let day = local_time(event.at, "%A %-d %B %Y");
        let mut text = String::new();
        if day != self.day {
            let mark = if self.format == Format::Markdown { "## " } else { "--- " };
            text.push_str(&format!("\n{mark}{day}\n"));
            self.day = day;
        }
        let time = local_time(event.at, "%H:%M");
        text.push_str(&match self.format {
            Format::Markdown => in_markdown(event, &time),
            _ => format!("{time} {}\n", words(event, None)),
        });
        self.events += 1;
        self.put(&text)
    }

    fn json(&mut self, event: &Event) -> Result<(), ExportError> {
        let json = serde_json::to_string(event)
            .map_err(|error| ExportError::Io(self.path.clone(), io::Error::other(error)))?;
        let comma = if self.events == 0 { "\n" } else { ",\n" };
        self.events += 1;
        self.put(&format!("{comma}{}", harmless(&json)))
    }

    fn put(&mut self, text: &str) -> Result<(), ExportError> {
        // What others wrote is safe already; this holds for all that will ever be put here.
        let safe = SafeText::block(text);
        self.file
            .write_all(safe.as_str().as_bytes())
            .map_err(|error| ExportError::Io(self.path.clone(), error))
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        if !self.is_finished {
            // What is half there misleads; the file is this program's own, made a moment ago.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Text => "text",
            Format::Markdown => "markdown",
            Format::Json => "json",
        })
    }
}

/// A message as a paragraph with its name, and its text as a quotation, so that nothing in it can
/// stand beside it.
fn in_markdown(event: &Event, time: &str) -> String {
    let author = plain_words(event.author.name.as_str());
    let Some(message) = event.message() else {
        let words = words(event, None);
        return format!("\n{time} {}\n", plain_words(&words));
    };
    let ties = [
        message.reply_to.map(|seq| format!(" · answers {seq}")),
        message.thread.map(|seq| format!(" · in thread {seq}")),
        message
            .forwarded
            .as_ref()
            .map(|from| format!(" · forwarded from {}", plain_words(from.author.name.as_str()))),
        message.edited.map(|_| " · edited".to_owned()),
        message.pinned.then(|| " · pinned".to_owned()),
    ];
    let ties: String = ties.into_iter().flatten().collect();
    let mut out = format!("\n**{author}** {time} · {}{ties}\n\n", event.seq);
    let action = if message.action { format!("{author} ") } else { String::new() };
    for line in format!("{action}{}", SafeText::block(message.body.as_str())).lines() {
        out.push_str(&format!("> {line}\n"));
    }
    for file in &message.files {
        out.push_str(&format!("> ▣ {}\n", plain_words(file.name.as_str())));
    }
    let reactions = message.reactions.iter().map(|each| format!("{} {}", each.emoji, each.users.len()));
    let reactions = reactions.collect::<Vec<_>>().join("  ");
    if !reactions.is_empty() {
        out.push_str(&format!("\n{reactions}\n"));
    }
    out
}

/// Words in which nothing is markup.
fn plain_words(text: &str) -> String {
    let mut out = String::new();
    for c in SafeText::line(text).as_str().chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | ':' | '-' | '@' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn create(path: &Path) -> Result<(PathBuf, File), ExportError> {
    match private::options().write(true).create_new(true).open(path) {
        Ok(file) => Ok((path.to_owned(), file)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(ExportError::Taken(path.to_owned()))
        }
        Err(error) => Err(ExportError::Io(path.to_owned(), error)),
    }
}

/// A file in a folder, named after the conversation; with a number where the name is taken.
fn create_in(folder: &Path, format: Format, title: &str) -> Result<(PathBuf, File), ExportError> {
    let is_kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let name: String = SafeText::line(title).as_str().chars().filter(|c| is_kept(*c)).take(64).collect();
    let name = if name.is_empty() { "conversation".to_owned() } else { name };
    let mut last = None;
    for number in 1..=NAMES {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        match create(&folder.join(format!("{name}{number}.{}", format.ending()))) {
            Err(ExportError::Taken(path)) => last = Some(ExportError::Taken(path)),
            done => return done,
        }
    }
    Err(last.unwrap_or_else(|| ExportError::Taken(folder.to_owned())))
}

#[cfg(test)]
mod tests;
