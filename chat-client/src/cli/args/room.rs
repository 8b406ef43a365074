//! Rooms.

use chat_proto::{Description, Topic};
use clap::{Args, Subcommand};

use super::super::target::Target;
use super::{RoleArg, RoomArg, Switch, UserArg};

/// The commands that change a room, or who is in it.
#[derive(Subcommand)]
pub(in super::super) enum RoomCommand {
    /// Make a room and join it
    Create(CreateArgs),
    /// Join a public room
    Join {
        /// '#room'
        room: RoomArg,
    },
    /// Leave a room
    Leave {
        /// '#room'
        target: Target,
    },
    /// Ask somebody into a room
    Invite {
        /// '#room'
        target: Target,
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
    },
    /// List the rooms that one is invited into
    Invitations,
    /// Accept an invitation and join
    Accept {
        /// '#room'
        room: RoomArg,
    },
    /// Decline an invitation; who invited is not told
    Decline {
        /// '#room'
        room: RoomArg,
    },
    /// Put somebody out of a room
    Kick {
        /// '#room'
        target: Target,
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
        /// Why, for everybody to read
        #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
        reason: Option<Topic>,
    },
    /// Give somebody a role in a room
    Role {
        /// '#room'
        target: Target,
        /// '@user'
        #[arg(value_name = "USER")]
        person: UserArg,
        /// Which
        role: RoleArg,
    },
    /// Give a room another name
    Rename {
        /// '#room'
        target: Target,
        /// '#new-name'
        name: RoomArg,
    },
    /// Print or set a room's topic
    Topic {
        /// '#room'
        target: Target,
        /// The new topic; '' for none
        text: Option<String>,
    },
    /// Print or set a room's description
    Describe {
        /// '#room'
        target: Target,
        /// The new description; - reads it from stdin, '' for none
        text: Option<String>,
    },
    /// Print or set how people may write in a room
    Rules(RulesArgs),
}

/// What `create` understands.
#[derive(Args)]
pub(in super::super) struct CreateArgs {
    /// '#room'
    pub(in super::super) room: RoomArg,
    /// Only members and who is invited know of it
    #[arg(long)]
    pub(in super::super) private: bool,
    /// What it is for
    #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
    pub(in super::super) topic: Option<Topic>,
    /// What it is for, at more length
    #[arg(long, value_name = "TEXT", value_parser = |text: &str| Description::new(text))]
    pub(in super::super) description: Option<Description>,
}

/// What `rules` understands.
#[derive(Args)]
pub(in super::super) struct RulesArgs {
    /// '#room'
    pub(in super::super) target: Target,
    /// Only moderators begin messages; the others answer in threads
    #[arg(long, value_name = "on|off")]
    pub(in super::super) announcement: Option<Switch>,
    /// Seconds that a member waits between two messages; 0 for none
    #[arg(long, value_name = "SECONDS")]
    pub(in super::super) slow: Option<u32>,
    /// Every member may call @room and @here
    #[arg(long, value_name = "on|off")]
    pub(in super::super) free_calls: Option<Switch>,
    /// Nobody writes any more
    #[arg(long, value_name = "on|off")]
    pub(in super::super) archived: Option<Switch>,
    /// Days after which messages are deleted; 0 for as long as the server keeps them
    #[arg(long, value_name = "DAYS")]
    pub(in super::super) keep: Option<u32>,
}
