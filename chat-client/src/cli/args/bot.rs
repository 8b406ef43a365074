//! Bots, their commands and webhooks.

use std::time::Duration;

use chat_proto::{CommandName, HookEvents, HookId, Scope, Topic, UserName};
use clap::{Subcommand, ValueEnum};

use super::super::target::Target;
use super::UserArg;

/// The commands about bots.
#[derive(Subcommand)]
pub(in super::super) enum BotCommand {
    /// Make a bot and print its token, which is shown this once
    Create {
        /// Its name
        name: UserArg,
        /// What the token is good for; with a comma between two
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',')]
        scopes: Vec<ScopeArg>,
    },
    /// List one's bots
    List,
    /// Give a bot another token and print it; the one before ends at once
    Token {
        /// Which
        name: UserArg,
        /// What the new token is good for; the same as before if it is not given
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<ScopeArg>,
    },
    /// End a bot; what it wrote stays
    Delete {
        /// Which
        name: UserArg,
    },
}

/// The commands about slash commands.
#[derive(Subcommand)]
pub(in super::super) enum SlashCommand {
    /// List the slash commands of the bots in a conversation
    List {
        /// '#room' or '@bot'
        target: Target,
    },
    /// Run a slash command of a bot, and print what it answers in private
    Run {
        /// '#room' or '@bot'
        target: Target,
        /// The command, or bot:command where several bots have it
        command: Called,
        /// What stands behind it
        text: Vec<String>,
        /// How long to wait for an answer; 0s not at all
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
        wait: Duration,
    },
}

/// The commands about incoming webhooks.
#[derive(Subcommand)]
pub(in super::super) enum IncomingCommand {
    /// Make one and print its address, which is shown this once
    Create {
        /// '#room'
        target: Target,
        /// The name under which it writes
        name: UserArg,
    },
    /// List those of a room
    List {
        /// '#room'
        target: Target,
    },
    /// End one
    Delete {
        /// '#room'
        target: Target,
        /// Its name
        name: UserArg,
    },
}

/// The commands about outgoing webhooks.
#[derive(Subcommand)]
pub(in super::super) enum OutgoingCommand {
    /// Make one and print the secret of its signatures, which is shown this once
    Create {
        /// '#room'
        target: Target,
        /// Where to post, https://…
        url: String,
        /// Which kinds of event, with a comma between two; all if it is not given
        #[arg(long, value_name = "KINDS", value_parser = events)]
        events: Option<HookEvents>,
        /// Only messages of people that begin with this
        #[arg(long, value_name = "TEXT", value_parser = |text: &str| Topic::new(text))]
        trigger: Option<Topic>,
    },
    /// List those of a room, and how they fare
    List {
        /// '#room'
        target: Target,
    },
    /// End one
    Delete {
        /// '#room'
        target: Target,
        /// Its id, as the list prints it
        id: HookId,
    },
    /// Post a test now and print what came of it; one that was given up works again when it is taken
    Test {
        /// '#room'
        target: Target,
        /// Its id, as the list prints it
        id: HookId,
    },
}

fn events(words: &str) -> Result<HookEvents, String> {
    HookEvents::new(words.split(',')).map_err(|word| {
        format!("there is no event {word:?}; write all, or some of {}", HookEvents::KINDS.join(", "))
    })
}

/// A scope of a token, by its word on the wire.
#[derive(Clone, Copy)]
pub(in super::super) struct ScopeArg(pub(in super::super) Scope);

impl ValueEnum for ScopeArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(Scope::Read), Self(Scope::Write), Self(Scope::Rooms), Self(Scope::Commands)]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(self.0.as_str().into())
    }
}

/// A slash command as it is called: `deploy`, or `bot:deploy`.
#[derive(Clone)]
pub(in super::super) struct Called {
    pub(in super::super) bot: Option<UserName>,
    pub(in super::super) name: CommandName,
}

impl std::str::FromStr for Called {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_prefix('/').unwrap_or(text);
        let (bot, name) = match text.split_once(':') {
            Some((bot, name)) => (Some(bot.parse::<UserArg>().map_err(|error| error.to_string())?.0), name),
            None => (None, text),
        };
        Ok(Self { bot, name: name.parse().map_err(|error: chat_proto::CommandNameError| error.to_string())? })
    }
}
