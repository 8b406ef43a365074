//! The commands about what calls for a person, and what they want to hear of.

use std::time::Duration;

use chat_proto::{ClockTime, NotifyLevel, Weekday, ZoneName};
use clap::{Args, Subcommand, ValueEnum};

use super::super::target::{Spot, Target};

/// The commands about what calls for a person.
#[derive(Subcommand)]
pub(in super::super) enum AttentionCommand {
    /// Print one's inbox: mentions, calls, replies and followed threads, the newest first
    Inbox(InboxArgs),
    /// Print the threads that one follows, the most recently active first
    Threads {
        /// Only those with something unread
        #[arg(long)]
        unread: bool,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Follow a thread: its messages come into the inbox
    Follow {
        /// '#room' or '@user', or with the number: '#room:42'
        target: Spot,
        /// The first message of the thread
        seq: Option<u64>,
        /// Do not follow it any more
        #[arg(long)]
        remove: bool,
    },
    /// Save a message for oneself, to find it again with `saved`
    Save {
        /// '#room' or '@user', or with the number: '#room:42'
        target: Spot,
        /// The number of the message
        seq: Option<u64>,
        /// Do not keep it any more
        #[arg(long)]
        remove: bool,
    },
    /// Print the messages that one saved, the one saved last first
    Saved {
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Star a conversation for oneself: it comes first in the list
    Star {
        /// '#room' or '@user'
        target: Target,
        /// Do not star it any more
        #[arg(long)]
        remove: bool,
    },
    /// Print or set which messages of a conversation alert
    Notify(NotifyArgs),
    /// Print or set when one is not to be disturbed
    Dnd(DndArgs),
}

/// What `inbox` understands.
#[derive(Args)]
pub(in super::super) struct InboxArgs {
    /// What is read too
    #[arg(long)]
    pub(in super::super) all: bool,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(in super::super) limit: u32,
    /// Mark as read what is printed
    #[arg(long)]
    pub(in super::super) mark_read: bool,
    /// Print nothing and mark everything as read
    #[arg(long, conflicts_with_all = ["all", "limit", "mark_read"])]
    pub(in super::super) clear: bool,
}

/// What `notify` understands.
#[derive(Args)]
pub(in super::super) struct NotifyArgs {
    /// '#room' or '@user'
    pub(in super::super) target: Target,
    /// Every message, only those in the inbox, none, or what is usual
    pub(in super::super) level: Option<LevelArg>,
    /// Silent for this time, whatever the level, like 2h
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(in super::super) mute: Option<Duration>,
    /// Not silent any more
    #[arg(long, conflicts_with = "mute")]
    pub(in super::super) unmute: bool,
}

/// What `dnd` understands.
#[derive(Args)]
pub(in super::super) struct DndArgs {
    /// May be disturbed at all times
    #[arg(long, conflicts_with_all = ["pause", "from"])]
    pub(in super::super) off: bool,
    /// Not for this time, like 2h; the hours of --from stay as they are
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(in super::super) pause: Option<Duration>,
    /// Not from this hour on, like 22:00
    #[arg(long, value_name = "HH:MM", requires = "to", value_parser = ClockTime::parse)]
    pub(in super::super) from: Option<ClockTime>,
    /// To this hour, like 08:00
    #[arg(long, value_name = "HH:MM", requires = "from", value_parser = ClockTime::parse)]
    pub(in super::super) to: Option<ClockTime>,
    /// On these days only: mon,tue,wed,thu,fri,sat,sun
    #[arg(long, value_name = "DAYS", value_delimiter = ',', requires = "from")]
    pub(in super::super) days: Vec<DayArg>,
    /// By the clocks of this zone, like Europe/Berlin; that of this machine if it is not given
    #[arg(long, value_name = "ZONE", requires = "from", value_parser = |name: &str| ZoneName::new(name))]
    pub(in super::super) zone: Option<ZoneName>,
}

/// A level, or the usual one.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum LevelArg {
    /// Every message.
    All,
    /// Mentions, calls, replies and followed threads.
    Mentions,
    /// None.
    None,
    /// All in directs, mentions in rooms.
    Usual,
}

impl LevelArg {
    /// The level; `None` for the usual one.
    pub(in super::super) fn level(self) -> Option<NotifyLevel> {
        match self {
            LevelArg::All => Some(NotifyLevel::All),
            LevelArg::Mentions => Some(NotifyLevel::Mentions),
            LevelArg::None => Some(NotifyLevel::None),
            LevelArg::Usual => None,
        }
    }
}

/// A day of the week, by its word on the wire.
#[derive(Clone, Copy)]
pub(in super::super) struct DayArg(pub(in super::super) Weekday);

impl ValueEnum for DayArg {
    fn value_variants<'a>() -> &'a [Self] {
        const DAYS: [DayArg; 7] = {
            let [mon, tue, wed, thu, fri, sat, sun] = Weekday::ALL;
            [DayArg(mon), DayArg(tue), DayArg(wed), DayArg(thu), DayArg(fri), DayArg(sat), DayArg(sun)]
        };
        &DAYS
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(self.0.as_str().into())
    }
}
