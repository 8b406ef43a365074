//! Keeping order: what comes in from those who ask for it.

use chat_proto::{Report, SafeText};

use super::say_so;
use crate::state::State;

/// A report came in, or was closed; says whether the screen looks different now.
pub(super) fn reported(state: &mut State, report: &Report) -> bool {
    let place = report.room.as_ref().map_or("a direct".to_owned(), |room| format!("#{room}"));
    let about = &report.event.author.name;
    let text = match &report.closed {
        Some(closed) => format!("{} closed the report about @{about} in {place}", closed.by.name),
        None if report.reason.is_empty() => {
            format!("{} reported a message by @{about} in {place}; see /reports", report.by.name)
        }
        None => format!(
            "{} reported a message by @{about} in {place}: {}; see /reports",
            report.by.name, report.reason
        ),
    };
    say_so(state, SafeText::line(&text).to_string());
    true
}
