//! The limits of what is asked of an authority for certificates (`tls = "acme"`).

use super::{Limit, row};
use crate::config::CERTIFICATE_NAMES;
use crate::server::{ACME_LONGEST_WAIT, ACME_PATIENCE, ACME_SHORTEST_WAIT};

pub(super) fn rows() -> Vec<Limit> {
    let minutes = |time: std::time::Duration| format!("{} min", time.as_secs() / 60);
    vec![
        row(
            "certificate",
            "names",
            CERTIFICATE_NAMES,
            "the configuration is refused",
            "what authorities take at most",
        ),
        row(
            "certificate by ACME",
            "time for one try",
            minutes(ACME_PATIENCE),
            "given up, and tried again later",
            "authorities look from several places, one after the other",
        ),
        row(
            "certificate by ACME",
            "wait after a failure",
            format!("{} at first, twice as long each time", minutes(ACME_SHORTEST_WAIT)),
            "what was in force stays so",
            "five failures an hour are what Let's Encrypt allows for a name",
        ),
        row(
            "certificate by ACME",
            "longest wait",
            minutes(ACME_LONGEST_WAIT),
            "",
            "a name that is put right in the morning has its certificate by noon",
        ),
    ]
}
