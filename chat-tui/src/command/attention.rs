//! The arguments of the commands about search and about being called.

use chat_proto::{ClockTime, Weekday, limits};

use super::arguments::Parsed;
use crate::action::{Action, Hear, Quiet};

pub(super) fn search(arguments: &str) -> Parsed {
    Ok(Action::Search((!arguments.is_empty()).then(|| arguments.to_owned())))
}

pub(super) fn notify(arguments: &str) -> Parsed {
    match arguments.to_ascii_lowercase().as_str() {
        "" => Ok(Action::Hear(None)),
        "usual" => Ok(Action::Hear(Some(Hear::Level(None)))),
        word => match word.parse() {
            Ok(level) => Ok(Action::Hear(Some(Hear::Level(Some(level))))),
            Err(_) => Err("Say which messages: /notify all, mentions, none or usual".to_owned()),
        },
    }
}

pub(super) fn mute(arguments: &str) -> Parsed {
    if arguments.is_empty() {
        return Ok(Action::Hear(Some(Hear::Mute(None))));
    }
    seconds(arguments, "/mute 2h").map(|time| Action::Hear(Some(Hear::Mute(Some(time)))))
}

/// `2h`, `22:00-08:00`, `22:00-08:00 mon-fri`, `off`.
pub(super) fn dnd(arguments: &str) -> Parsed {
    let usage = "/dnd 2h, /dnd 22:00-08:00 mon-fri or /dnd off";
    let mut words = arguments.split([' ', ',']).filter(|word| !word.is_empty());
    let wish = match words.next() {
        None => return Ok(Action::Quiet(None)),
        Some(word) if word.eq_ignore_ascii_case("off") => Quiet::Off,
        Some(word) => match word.split_once('-') {
            Some((from, to)) if word.contains(':') => {
                let time = |text| ClockTime::parse(text).map_err(|_| format!("Say when: {usage}"));
                let (from, to) = (time(from)?, time(to)?);
                let mut days = Vec::new();
                for word in words.by_ref() {
                    days.extend(weekdays(word).ok_or_else(|| format!("Not a day: {word}; write {usage}"))?);
                }
                days.sort_unstable();
                days.dedup();
                Quiet::Hours(from, to, days)
            }
            _ => Quiet::For(seconds(word, usage)?),
        },
    };
    match words.next() {
        None => Ok(Action::Quiet(Some(wish))),
        Some(_) => Err(format!("Say when: {usage}")),
    }
}

/// `90s`, `30m`, `2h`, `1d`, `1w`, also one after the other: `1h30m`.
fn seconds(text: &str, usage: &str) -> Result<u64, String> {
    let time = humantime::parse_duration(text).map_or(0, |time| time.as_secs());
    match time {
        0 => Err(format!("Say how long, like 30m, 2h or 1d: {usage}")),
        1..=limits::MUTE_S => Ok(time),
        _ => Err("At most a year, like 366d".to_owned()),
    }
}

/// `mon`, `Monday`, or from one to another: `sun-thu`.
fn weekdays(word: &str) -> Option<Vec<Weekday>> {
    let day = |word: &str| {
        let word = word.to_ascii_lowercase();
        Weekday::ALL.iter().position(|day| word.len() >= 3 && LONG[*day as usize].starts_with(&word))
    };
    let (from, to) = match word.split_once('-') {
        Some((from, to)) => (day(from)?, day(to)?),
        None => (day(word)?, day(word)?),
    };
    let count = (to + Weekday::ALL.len() - from) % Weekday::ALL.len();
    Some((from..=from + count).map(|at| Weekday::ALL[at % Weekday::ALL.len()]).collect())
}

/// The days by their whole names, in the order of [`Weekday::ALL`].
const LONG: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

#[cfg(test)]
mod tests {
    use crate::command::parse;

    fn case(line: &str) -> String {
        match parse(line) {
            Ok(action) => format!("{action:?}"),
            Err(error) => error,
        }
    }

    #[test]
    fn lines_become_actions() {
        assert_eq!(case("/search"), "Search(None)");
        assert_eq!(case("/search \"a b\" in:#ops"), r#"Search(Some("\"a b\" in:#ops"))"#);
        assert_eq!(case("/notify"), "Hear(None)");
        assert_eq!(case("/notify ALL"), "Hear(Some(Level(Some(All))))");
        assert_eq!(case("/notify usual"), "Hear(Some(Level(None)))");
        assert_eq!(case("/mute"), "Hear(Some(Mute(None)))");
        assert_eq!(case("/mute 1h30m"), "Hear(Some(Mute(Some(5400))))");
        assert_eq!(case("/unmute"), "Hear(Some(Unmute))");
        assert_eq!(case("/dnd"), "Quiet(None)");
        assert_eq!(case("/dnd off"), "Quiet(Some(Off))");
        assert_eq!(case("/dnd 2h"), "Quiet(Some(For(7200)))");
        let hours = "ClockTime { minutes: 1320 }, ClockTime { minutes: 480 }";
        assert_eq!(case("/dnd 22:00-08:00"), format!("Quiet(Some(Hours({hours}, [])))"));
        assert_eq!(
            case("/dnd 22:00-8:00 sun-tue, Friday"),
            format!("Quiet(Some(Hours({hours}, [Mon, Tue, Fri, Sun])))")
        );
        assert_eq!(case("/follow"), "Follow(true)");
    }

    #[test]
    fn what_cannot_be_done_says_what_to_type() {
        let dnd = "/dnd 2h, /dnd 22:00-08:00 mon-fri or /dnd off";
        assert_eq!(case("/notify some"), "Say which messages: /notify all, mentions, none or usual");
        for long in ["2", "h", "0m", "1h2", "-2h", "99999999999999999999h", "9999999999999999999w"] {
            assert_eq!(
                case(&format!("/mute {long}")),
                "Say how long, like 30m, 2h or 1d: /mute 2h",
                "{long}"
            );
        }
        assert_eq!(case("/mute 400d"), "At most a year, like 366d");
        assert_eq!(case("/dnd 22:00-25:00"), format!("Say when: {dnd}"));
        assert_eq!(case("/dnd 22:00-08:00 someday"), format!("Not a day: someday; write {dnd}"));
        assert_eq!(case("/dnd 2h mon"), format!("Say when: {dnd}"));
        assert_eq!(case("/dnd ö"), format!("Say how long, like 30m, 2h or 1d: {dnd}"));
    }
}
