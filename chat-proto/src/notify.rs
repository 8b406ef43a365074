//! What a person wants to be alerted to. Stored by the server, so that all devices agree; each
//! device decides by the same rule, [`Notify::alerts`].

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::absent::is_default;
use crate::{ConversationKind, TextError, Timestamp, lenient, limits};

/// Which messages of a conversation alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotifyLevel {
    /// Every message.
    All,
    /// Those that are in the inbox: mentions, calls, replies, followed threads.
    Mentions,
    /// None.
    None,
}

impl NotifyLevel {
    /// The word on the wire, in the database and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NotifyLevel::All => "all",
            NotifyLevel::Mentions => "mentions",
            NotifyLevel::None => "none",
        }
    }

    /// The level that holds where a person has not chosen one.
    #[must_use]
    pub fn usual(kind: ConversationKind) -> Self {
        match kind {
            ConversationKind::Direct => NotifyLevel::All,
            ConversationKind::Room => NotifyLevel::Mentions,
        }
    }
}

impl fmt::Display for NotifyLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for NotifyLevel {
    type Err = TextError;

    fn from_str(word: &str) -> Result<Self, TextError> {
        let all = [NotifyLevel::All, NotifyLevel::Mentions, NotifyLevel::None];
        all.into_iter().find(|level| level.as_str() == word).ok_or(TextError::UnknownWord)
    }
}

/// How a person wants to hear of a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// What they chose; absent for [`NotifyLevel::usual`].
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient::known")]
    pub level: Option<NotifyLevel>,
    /// Silent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Timestamp>,
}

impl Notify {
    /// Whether the conversation is silent now, whatever is written there.
    #[must_use]
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.level == Some(NotifyLevel::None) || self.muted_until.is_some_and(|until| now < until)
    }

    /// Whether a message of somebody else alerts; `in_inbox` if it is in the person's inbox. When
    /// they do not want to be disturbed at all, nothing alerts, which is the caller's to know.
    #[must_use]
    pub fn alerts(&self, kind: ConversationKind, in_inbox: bool, now: Timestamp) -> bool {
        let level = self.level.unwrap_or(NotifyLevel::usual(kind));
        !self.is_silent(now) && (level == NotifyLevel::All || in_inbox)
    }
}

/// When a person does not want to be disturbed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dnd {
    /// Not before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Not at these hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

/// Hours that come again every day, or on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// When they begin.
    pub from: ClockTime,
    /// When they end; on the next day, if that is not after `from`.
    pub to: ClockTime,
    /// The days on which they begin; empty for every day.
    #[serde(default, skip_serializing_if = "is_default")]
    pub days: Vec<Weekday>,
    /// Where these clocks hang, by its IANA name.
    pub zone: ZoneName,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// Every day, from Monday.
    pub const ALL: [Weekday; 7] =
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

    /// The word on the wire and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][self as usize]
    }
}

/// A time of day as a wall clock shows it: `22:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime {
    minutes: u16,
}

impl ClockTime {
    /// Reads `HH:MM`, from 00:00 to 23:59.
    ///
    /// # Errors
    /// [`TextError::NotATime`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let number = |text: &str| {
            let is_number = matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u16>().ok().filter(|_| is_number)
        };
        let (hour, minute) = text.split_once(':').ok_or(TextError::NotATime)?;
        match (number(hour), number(minute).filter(|_| minute.len() == 2)) {
            (Some(hour @ 0..24), Some(minute @ 0..60)) => Ok(Self { minutes: hour * 60 + minute }),
            _ => Err(TextError::NotATime),
        }
    }

    /// Minutes since midnight, as the clock shows them.
    #[must_use]
    pub fn minutes(self) -> u16 {
        self.minutes
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl Serialize for ClockTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// What the name of a time zone looks like, such as `Europe/Berlin`. Whether there is such a zone,
/// who reads it finds out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ZoneName(String);

impl ZoneName {
    /// Takes a name of letters, digits and `/ + - _`.
    ///
    /// # Errors
    /// [`TextError::NotAZone`].
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        let fits = |c: char| c.is_ascii_alphanumeric() || "/+-_".contains(c);
        if (1..=limits::ZONE_NAME_BYTES).contains(&text.len()) && text.chars().all(fits) {
            Ok(Self(text))
        } else {
            Err(TextError::NotAZone)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for ZoneName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_mutes() {
        let (room, direct) = (ConversationKind::Room, ConversationKind::Direct);
        let plain = Notify::default();
        let now = Timestamp(1_000);
        assert!(plain.alerts(direct, false, now) && !plain.alerts(room, false, now));
        assert!(plain.alerts(room, true, now));
        let level = |level| Notify { level: Some(level), muted_until: None };
        assert!(level(NotifyLevel::All).alerts(room, false, now));
        assert!(!level(NotifyLevel::Mentions).alerts(direct, false, now));
        assert!(!level(NotifyLevel::None).alerts(direct, true, now));
        let muted = Notify { level: Some(NotifyLevel::All), muted_until: Some(Timestamp(1_001)) };
        assert!(!muted.alerts(direct, true, now));
        assert!(muted.alerts(direct, true, Timestamp(1_001)));
    }

    #[test]
    fn clock_times() {
        assert_eq!(ClockTime::parse("22:05").unwrap().minutes(), 22 * 60 + 5);
        assert_eq!(ClockTime::parse("7:00").unwrap().to_string(), "07:00");
        for bad in ["24:00", "12:60", "12", "12:5", "-1:00", "+1:00", "12:00:00", "", "a:bc"] {
            assert!(ClockTime::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn zone_names() {
        assert!(ZoneName::new("America/Argentina/Buenos_Aires").is_ok());
        for bad in ["", "../etc/passwd", "Europe Berlin", &"x".repeat(65)] {
            assert!(ZoneName::new(bad).is_err(), "{bad}");
        }
    }
}
