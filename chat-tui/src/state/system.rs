//! What happened in a room, in words: one line for each event, and one for a run of people who
//! come, go and are given roles.

use chat_proto::{Event, EventKind, Person, RoomRules, SafeText, Topic};

/// Names in one line about people who come and go; the others are counted.
const NAMES_IN_LINE: usize = 4;

/// Whether an event is told together with its neighbours of this kind.
pub(crate) fn is_run(event: &Event) -> bool {
    matches!(
        event.what,
        EventKind::Joined
            | EventKind::Left
            | EventKind::Invited { .. }
            | EventKind::Removed { .. }
            | EventKind::Banned { .. }
            | EventKind::Unbanned { .. }
            | EventKind::Muted { .. }
            | EventKind::Unmuted { .. }
            | EventKind::Role { .. }
    )
}

/// One event in words.
pub(crate) fn line(author: &Person, what: &EventKind) -> SafeText {
    let author = &author.name;
    let line = match what {
        EventKind::Created { name: Some(name), .. } => format!("{author} made the room #{name}"),
        EventKind::Created { .. } => format!("{author} began this conversation"),
        EventKind::Topic { topic } if topic.is_empty() => format!("{author} removed the topic"),
        EventKind::Topic { topic } => format!("{author} set the topic: {topic}"),
        EventKind::Renamed { name } => format!("{author} renamed the room to #{name}"),
        EventKind::Described { description } if description.is_empty() => {
            format!("{author} removed the description")
        }
        EventKind::Described { description } => {
            format!("{author} described the room: {}", description.as_str())
        }
        EventKind::Rules { rules } => format!("{author} set how people write here: {}", rules_words(*rules)),
        _ => String::new(),
    };
    SafeText::line(&line)
}

/// "announcements, slow mode 30 s".
pub(crate) fn rules_words(rules: RoomRules) -> String {
    let mut words = Vec::new();
    if rules.archived {
        words.push("archived".to_owned());
    }
    if rules.announcement {
        words.push("announcements".to_owned());
    }
    if rules.free_calls {
        words.push("everybody may call @room".to_owned());
    }
    if rules.slow_mode_s > 0 {
        words.push(format!("slow mode {} s", rules.slow_mode_s));
    }
    if rules.keep_days > 0 {
        words.push(format!("messages are kept {} days", rules.keep_days));
    }
    if words.is_empty() { "as they like".to_owned() } else { words.join(", ") }
}

/// "ada and lin joined, grace left, ada made joe moderator".
pub(crate) fn run_line<'a>(events: impl Iterator<Item = &'a Event>) -> SafeText {
    let mut clauses: Vec<Clause> = Vec::new();
    for event in events {
        let Some(clause) = clause(event) else { continue };
        match clauses.iter_mut().find(|held| held.before == clause.before && held.after == clause.after) {
            Some(held) if held.names.contains(&clause.names[0]) => {}
            Some(held) => held.names.extend(clause.names),
            None => clauses.push(clause),
        }
    }
    let words = clauses.iter().map(|c| format!("{}{}{}", c.before, listed(&c.names), c.after));
    SafeText::line(&words.collect::<Vec<_>>().join(", "))
}

/// Words, some names, words.
struct Clause<'a> {
    before: String,
    names: Vec<&'a str>,
    after: String,
}

fn clause(event: &Event) -> Option<Clause<'_>> {
    let author = event.author.name.as_str();
    let (before, name, after) = match &event.what {
        EventKind::Joined => (String::new(), author, " joined".to_owned()),
        EventKind::Left => (String::new(), author, " left".to_owned()),
        EventKind::Invited { user } => (format!("{author} invited "), user.name.as_str(), String::new()),
        EventKind::Removed { user, reason } => {
            (format!("{author} removed "), user.name.as_str(), in_brackets(reason))
        }
        EventKind::Banned { user, reason, .. } => {
            (format!("{author} banned "), user.name.as_str(), in_brackets(reason))
        }
        EventKind::Unbanned { user } => {
            (format!("{author} ended the ban of "), user.name.as_str(), String::new())
        }
        EventKind::Muted { user, reason, .. } => {
            (format!("{author} muted "), user.name.as_str(), in_brackets(reason))
        }
        EventKind::Unmuted { user } => {
            (format!("{author} ended the mute of "), user.name.as_str(), String::new())
        }
        EventKind::Role { user, role } => (format!("{author} made "), user.name.as_str(), format!(" {role}")),
        _ => return None,
    };
    Some(Clause { before, names: vec![name], after })
}

fn in_brackets(reason: &Topic) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

/// "ada", "ada and lin", "ada, lin, grace, joan and 3 others".
pub(crate) fn listed(names: &[&str]) -> String {
    let others = names.len().saturating_sub(NAMES_IN_LINE);
    let (shown, tail) = match (others, names) {
        (0, []) => return String::new(),
        (0, [one]) => return (*one).to_owned(),
        (0, [shown @ .., last]) => (shown, (*last).to_owned()),
        (1, _) => (&names[..NAMES_IN_LINE], "1 other".to_owned()),
        _ => (&names[..NAMES_IN_LINE], format!("{others} others")),
    };
    format!("{} and {tail}", shown.join(", "))
}
