//! Single words of the command line, right by type.

use chat_proto::{RoomName, RoomRole, Seq, UserName};
use clap::ValueEnum;

use super::super::target::Place;

/// A room's name, with or without its #.
#[derive(Clone)]
pub(in super::super) struct RoomArg(pub(in super::super) RoomName);

impl std::str::FromStr for RoomArg {
    type Err = chat_proto::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        RoomName::parse(text.strip_prefix('#').unwrap_or(text)).map(Self)
    }
}

/// A person's name, with or without its @.
#[derive(Clone)]
pub(in super::super) struct UserArg(pub(in super::super) UserName);

impl std::str::FromStr for UserArg {
    type Err = chat_proto::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        UserName::parse(text.strip_prefix('@').unwrap_or(text)).map(Self)
    }
}

/// A message's number, alone or with its conversation.
#[derive(Clone)]
pub(in super::super) enum Around {
    /// In the conversation that is named beside it.
    Seq(Seq),
    /// With its own.
    Place(Place),
}

impl std::str::FromStr for Around {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(seq) => Ok(Self::Seq(Seq(seq))),
            Err(_) => text.parse().map(Self::Place),
        }
    }
}

/// A role in a room, by its word on the wire.
#[derive(Clone, Copy)]
pub(in super::super) struct RoleArg(pub(in super::super) RoomRole);

impl ValueEnum for RoleArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(RoomRole::ReadOnly), Self(RoomRole::Member), Self(RoomRole::Moderator), Self(RoomRole::Owner)]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(self.0.as_str().into())
    }
}

/// On or off.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Switch {
    /// It holds.
    On,
    /// It does not.
    Off,
}
