//! Messages and files.

use std::path::PathBuf;

use chat_proto::{Emoji, FileId};
use clap::{Args, Subcommand};

use super::super::target::{Place, Spot, Target};

/// The commands about a message that is there already.
#[derive(Subcommand)]
pub(in super::super) enum MessageCommand {
    /// Change the text of one's own message
    Edit {
        #[command(flatten)]
        message: MessageArgs,
        /// The new text; - or nothing reads it from stdin
        text: Option<String>,
    },
    /// Delete a message; its text is gone everywhere
    Delete {
        #[command(flatten)]
        message: MessageArgs,
    },
    /// Put a reaction to a message
    React {
        #[command(flatten)]
        message: MessageArgs,
        /// One emoji
        #[arg(value_parser = |text: &str| Emoji::new(text))]
        emoji: Emoji,
        /// Take it back
        #[arg(long)]
        remove: bool,
    },
    /// Pin a message for everybody
    Pin {
        #[command(flatten)]
        message: MessageArgs,
        /// Unpin it
        #[arg(long)]
        remove: bool,
    },
    /// Print the pinned messages
    Pins {
        /// '#room' or '@user'
        target: Target,
    },
    /// Print the earlier texts of an edited message
    Versions {
        #[command(flatten)]
        message: MessageArgs,
    },
    /// Print a thread: its first message and the answers
    Thread {
        /// '#room' or '@user', or with the number: '#room:42'
        target: Spot,
        /// The first message of the thread
        seq: Option<u64>,
    },
}

/// A message that is there already.
#[derive(Args)]
pub(in super::super) struct MessageArgs {
    /// '#room' or '@user'
    pub(in super::super) target: Target,
    /// The message's number
    pub(in super::super) seq: u64,
}

/// What `send` understands.
#[derive(Args)]
pub(in super::super) struct SendArgs {
    /// '#room', '@user', or '@user,@other' for a group
    pub(in super::super) target: Target,
    /// The text; - or nothing reads it from stdin, all lines as one message
    #[arg(conflicts_with = "forward")]
    pub(in super::super) text: Option<String>,
    /// Answer this message
    #[arg(long, value_name = "SEQ")]
    pub(in super::super) reply_to: Option<u64>,
    /// Write in the thread of this message
    #[arg(long, value_name = "SEQ")]
    pub(in super::super) thread: Option<u64>,
    /// As an action: '* ada waves'
    #[arg(long)]
    pub(in super::super) me: bool,
    /// Forward this message in place of a text
    #[arg(long, value_name = "TARGET:SEQ")]
    pub(in super::super) forward: Option<Place>,
    /// Upload this file and send it along; may be given several times, and needs no text
    #[arg(long = "file", value_name = "PATH", conflicts_with = "forward")]
    pub(in super::super) files: Vec<PathBuf>,
}

/// What `upload` understands.
#[derive(Args)]
pub(in super::super) struct UploadArgs {
    /// '#room', '@user', or '@user,@other' for a group
    pub(in super::super) target: Target,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub(in super::super) files: Vec<PathBuf>,
    /// A text to go with them; - reads it from stdin
    #[arg(long)]
    pub(in super::super) text: Option<String>,
    /// Send them into the thread of this message
    #[arg(long, value_name = "SEQ")]
    pub(in super::super) thread: Option<u64>,
}

/// What `download` understands.
#[derive(Args)]
pub(in super::super) struct DownloadArgs {
    /// '#room' or '@user', or with the message's number: '#room:42'; or a file's id
    #[arg(value_name = "TARGET|FILE-ID")]
    pub(in super::super) what: String,
    /// The message's number
    pub(in super::super) seq: Option<u64>,
    /// Where to: a folder, a new file's path, or - for stdout
    #[arg(long, short, value_name = "PATH")]
    pub(in super::super) output: Option<PathBuf>,
}

/// What `files` understands.
#[derive(Args)]
pub(in super::super) struct FilesArgs {
    /// Delete this upload, which is in no message
    #[arg(long, value_name = "FILE-ID")]
    pub(in super::super) delete: Option<FileId>,
}
