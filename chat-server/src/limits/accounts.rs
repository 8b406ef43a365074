//! The limits of one account, whatever the number of its connections.

use std::time::Duration;

use chat_proto::limits as wire;

use super::{Limit, rate, row, seconds};
use crate::auth;
use crate::handler::{pace, search};
use crate::hub;

pub(super) fn rows() -> Vec<Limit> {
    vec![
        row(
            "account and address",
            "guesses of a password or code",
            format!("{} free", wire::FREE_TRIES),
            "rate_limited: each next one waits twice as long, up to a bound",
            "whoever guesses waits, and nobody is locked out",
        ),
        row(
            "account",
            "guesses from everywhere",
            format!("{} free", auth::ACCOUNT_TRIES),
            "as above; not where somebody has logged in lately",
            "a household of forgetful devices",
        ),
        row(
            "address",
            "guesses for all accounts",
            format!("{} free", auth::ADDRESS_TRIES),
            "as above",
            "an office behind one address on a Monday",
        ),
        row(
            "guess",
            "longest wait",
            seconds(Duration::from_millis(wire::TRY_DELAY_MS)),
            "",
            "too long for a guesser, bearable for its owner",
        ),
        row(
            "account",
            "logins",
            rate(pace::LOGINS),
            "rate_limited, with a wait",
            "each costs a hash and a session",
        ),
        row(
            "account",
            "sessions",
            wire::SESSIONS,
            "the one that was not used for longest ends",
            "every device, for years",
        ),
        row(
            "account",
            "searches",
            rate(pace::SEARCHES),
            "rate_limited, with a wait",
            "each may keep a reader of the database",
        ),
        row(
            "account",
            "searches under way",
            search::EACH,
            "rate_limited, with a wait",
            "the server does two at once, for everybody",
        ),
        row(
            "search",
            "time",
            seconds(search::PATIENCE),
            "unavailable, with what helps",
            "a person has turned away by then",
        ),
        row(
            "conversation",
            "messages of all its members",
            format!("{} times one connection's requests", hub::SENDERS_OF_CONVERSATION),
            "rate_limited, with a wait",
            "nobody can read faster; a room gone mad leaves the server to the others",
        ),
        row(
            "member of a room",
            "pause between messages",
            "none; the room's own",
            "rate_limited, with a wait",
            "/slow, where a conversation is too fast to read",
        ),
    ]
}
