//! What the store is told and asked by those who keep order.

use chat_proto::{Ban, ConversationId, Report, ReportId, Seq, Timestamp, Topic, UserId};

use super::Page;

/// The two ways of keeping somebody from something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BanKind {
    /// They may not come in.
    Ban,
    /// They may only read.
    Mute,
}

/// Rows of a page of bans or mutes.
pub type Bans = Page<Ban>;

/// A report to be kept.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// Its id.
    pub id: ReportId,
    /// Where the message is.
    pub conversation: ConversationId,
    /// Which.
    pub seq: Seq,
    /// Who reports it.
    pub by: UserId,
    /// Now.
    pub at: Timestamp,
    /// What is wrong with it.
    pub reason: Topic,
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Reported {
    /// It is kept.
    New(Box<Report>),
    /// This person has reported this message, and nobody has closed it yet.
    Already,
    /// This person has as many open reports as can be.
    TooMany,
    /// It is this person's own message.
    Own,
}

/// Where a page of reports begins: before this one, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportCursor {
    /// When it was made.
    pub at: Timestamp,
    /// Which it is.
    pub id: ReportId,
}

impl ReportCursor {
    /// The position of a report.
    #[must_use]
    pub fn at(report: &Report) -> Self {
        Self { at: report.at, id: report.id }
    }

    /// The opaque text that clients hold.
    #[must_use]
    pub fn encode(self) -> String {
        format!("{}.{}", self.at, self.id)
    }

    /// Reads such a text; `None` for any other.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        Some(Self { at: Timestamp(at.parse().ok()?), id: id.parse().ok()? })
    }
}
