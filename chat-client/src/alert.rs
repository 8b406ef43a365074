//! Whether a message alerts its reader: the rule of the protocol, and the clock on their wall.

use chat_proto::{Dnd, Schedule, Timestamp, Weekday};
use jiff::civil::Weekday as Day;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

/// Whether a person does not want to be disturbed now. Hours in a zone that this machine does not
/// know count as none.
#[must_use]
pub fn is_quiet(dnd: &Dnd, now: Timestamp) -> bool {
    dnd.until.is_some_and(|until| now < until)
        || dnd.schedule.as_ref().is_some_and(|hours| covers(hours, now))
}

fn covers(schedule: &Schedule, now: Timestamp) -> bool {
    let Ok(instant) = jiff::Timestamp::from_millisecond(now.0) else { return false };
    let Ok(zone) = TimeZone::get(schedule.zone.as_str()) else { return false };
    let now = instant.to_zoned(zone);
    let minute = i32::from(now.hour()) * 60 + i32::from(now.minute());
    let (from, to) = (i32::from(schedule.from.minutes()), i32::from(schedule.to.minutes()));
    let begins_today = begins_on(schedule, &now);
    let began_yesterday = now.checked_sub(1.day()).is_ok_and(|yesterday| begins_on(schedule, &yesterday));
    match from < to {
        true => begins_today && (from..to).contains(&minute),
        false => (begins_today && minute >= from) || (began_yesterday && minute < to),
    }
}

fn begins_on(schedule: &Schedule, day: &Zoned) -> bool {
    let weekday = match day.weekday() {
        Day::Monday => Weekday::Mon,
        Day::Tuesday => Weekday::Tue,
        Day::Wednesday => Weekday::Wed,
        Day::Thursday => Weekday::Thu,
        Day::Friday => Weekday::Fri,
        Day::Saturday => Weekday::Sat,
        Day::Sunday => Weekday::Sun,
    };
    schedule.days.is_empty() || schedule.days.contains(&weekday)
}

#[cfg(test)]
mod tests {
    use chat_proto::{ClockTime, ZoneName};

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn hours(from: &str, to: &str, days: &[Weekday]) -> Dnd {
        let time = |text| ClockTime::parse(text).unwrap();
        let zone = ZoneName::new("Europe/Berlin").unwrap();
        let schedule = Schedule { from: time(from), to: time(to), days: days.to_vec(), zone };
        Dnd { until: None, schedule: Some(schedule) }
    }

    #[test]
    fn a_pause_ends_by_itself() {
        let dnd = Dnd { until: Some(Timestamp(10)), schedule: None };
        assert!(is_quiet(&dnd, Timestamp(9)) && !is_quiet(&dnd, Timestamp(10)));
        assert!(!is_quiet(&Dnd::default(), Timestamp(0)));
    }

    #[test]
    fn nights_reach_into_the_next_day_of_their_own_clocks() {
        // Berlin is an hour ahead of UTC in winter; the 16th of November 2026 is a Monday.
        let nights = hours("22:00", "08:00", &[Weekday::Mon]);
        for (time, quiet) in [
            ("2026-11-16T20:59:00Z", false),
            ("2026-11-16T21:00:00Z", true),
            ("2026-11-17T06:59:00Z", true),
            ("2026-11-17T07:00:00Z", false),
            ("2026-11-17T22:00:00Z", false),
            ("2026-11-16T05:00:00Z", false),
        ] {
            assert_eq!(is_quiet(&nights, at(time)), quiet, "{time}");
        }
    }

    #[test]
    fn hours_within_a_day_and_around_the_clock() {
        let lunch = hours("12:00", "13:00", &[]);
        assert!(is_quiet(&lunch, at("2026-07-01T10:30:00Z")), "summer is two hours ahead");
        assert!(!is_quiet(&lunch, at("2026-07-01T11:30:00Z")));
        let sunday = hours("00:00", "00:00", &[Weekday::Sun]);
        assert!(
            is_quiet(&sunday, at("2026-11-15T12:00:00Z")) && !is_quiet(&sunday, at("2026-11-16T12:00:00Z"))
        );
    }

    #[test]
    fn an_unknown_zone_silences_nobody() {
        let mut dnd = hours("00:00", "00:00", &[]);
        if let Some(schedule) = &mut dnd.schedule {
            schedule.zone = ZoneName::new("Mars/Olympus").unwrap();
        }
        assert!(!is_quiet(&dnd, Timestamp(0)));
    }
}
