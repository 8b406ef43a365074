//! The setting about how long messages are kept.

use std::fmt;
use std::str::FromStr;

use chat_proto::limits;
use serde::{Deserialize, Serialize};

/// A number of days as people write it, `365d`, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Retention(pub Option<u32>);

impl Retention {
    /// Nothing is deleted for its age.
    pub(super) const FOREVER: Self = Self(None);
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self::FOREVER);
        }
        let days = text.strip_suffix('d').and_then(|days| days.trim().parse().ok());
        let days = days.filter(|days| (1..=limits::KEEP_DAYS).contains(days));
        days.map(|days| Self(Some(days)))
            .ok_or_else(|| format!("retention is none, or 1d to {}d, such as 365d", limits::KEEP_DAYS))
    }
}

impl TryFrom<String> for Retention {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            Some(days) => write!(f, "{days}d"),
        }
    }
}

impl From<Retention> for String {
    fn from(retention: Retention) -> String {
        retention.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written_and_nothing_is_deleted_by_a_slip() {
        for (text, days) in [("none", None), ("365d", Some(365)), ("1d", Some(1))] {
            let retention: Retention = text.parse().unwrap();
            assert_eq!((retention.0, retention.to_string()), (days, text.to_owned()));
        }
        for wrong in ["", "0", "0d", "365", "30m", "1y", "-1d", "99999d"] {
            assert!(wrong.parse::<Retention>().is_err(), "{wrong}");
        }
    }
}
