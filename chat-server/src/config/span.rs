//! Lengths of time in settings.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Seconds of a day.
pub(super) const DAY_S: u64 = 24 * 60 * 60;

/// A length of time as people write it: `30s`, `5m`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = humantime::DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        humantime::parse_duration(text).map(Self)
    }
}

impl TryFrom<String> for Span {
    type Error = humantime::DurationError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        // Days as they were written; the library would make months of them.
        if span.0.subsec_nanos() == 0 && span.0.as_secs() >= DAY_S && span.0.as_secs().is_multiple_of(DAY_S) {
            return format!("{}d", span.0.as_secs() / DAY_S);
        }
        humantime::format_duration(span.0).to_string().replace(' ', "")
    }
}
