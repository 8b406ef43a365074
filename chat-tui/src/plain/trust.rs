//! The question whether a certificate is trusted, as lines: only the whole word is a yes, and for a
//! changed certificate its first digits. Where nobody is there to answer, nothing is asked.

use chat_client::known::Mark;
use chat_client::stranger::Stranger;
use chat_proto::{Fingerprint, SafeText};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::words::{capital, sentence};
use super::{Out, Talk};
use crate::state::Moment;
use crate::state::items::date;
use crate::state::trust::DIGITS;
use crate::update::What;

/// Writes the question once for each certificate.
pub(super) fn write(talk: &mut Talk, out: &mut Out) {
    let open = talk.state.trust.as_ref().filter(|_| talk.state.is_asked_to_trust());
    let stranger = open.map(|trust| trust.stranger.clone());
    let print = stranger.as_ref().map(|stranger| stranger.fingerprint);
    if std::mem::replace(&mut talk.asked_trust, print) == print {
        return;
    }
    let Some(stranger) = stranger else { return };
    if talk.has_ear {
        return question(talk, &stranger, out);
    }
    talk.failed = true;
    out.say(&sentence(&stranger.to_string()));
}

fn question(talk: &Talk, stranger: &Stranger, out: &mut Out) {
    out.say(&capital(&sentence(&stranger.sentence())));
    let names: Vec<&str> = stranger.names.iter().map(SafeText::as_str).collect();
    let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    out.say(&sentence(&format!("It is made for {names}")));
    if let Some((from, until)) = stranger.validity {
        let day = |at| date(at, &talk.state.zone).strftime("%-d %B %Y").to_string();
        out.say(&format!("It is good from {} to {}.", day(from), day(until)));
    }
    if let Some(Mark::Certificate(trusted)) = stranger.before {
        fingerprint("You trust the one with this SHA-256 fingerprint:", trusted, out);
    }
    fingerprint("Its SHA-256 fingerprint is:", stranger.fingerprint, out);
    if stranger.is_changed() {
        out.say("Either the server was given a new one, or somebody reads along between you and it.");
        out.say("Ask whoever runs it. Only if the new one is theirs, write its first four digits; no keeps away from it.");
    } else {
        out.say("Compare it with what `chat-server cert` prints on the server.");
        out.say("Trust this certificate? Write yes or no.");
    }
}

/// In short rows, so that an ear can follow.
fn fingerprint(words: &str, fingerprint: Fingerprint, out: &mut Out) {
    out.say(words);
    for row in fingerprint.rows(4) {
        out.say(&row);
    }
}

/// Takes a line as the answer; says whether there is a question.
pub(super) fn answer(talk: &mut Talk, at: Moment, line: &str, out: &mut Out) -> bool {
    if !talk.has_ear || !talk.state.is_asked_to_trust() {
        return false;
    }
    let is_changed = talk.state.trust.as_ref().is_some_and(|trust| trust.stranger.is_changed());
    let word = line.trim().to_lowercase();
    let are_digits = word.len() == DIGITS && word.chars().all(|c| c.is_ascii_hexdigit());
    match (word.as_str(), is_changed) {
        ("no", _) => {
            key(talk, at, KeyCode::Esc, out);
            if talk.state.sign_in.is_some() {
                talk.failed = true;
                out.say("Not trusted, and nothing was sent.");
            }
        }
        ("yes", false) => key(talk, at, KeyCode::Char('y'), out),
        (word, true) if are_digits => word.chars().for_each(|digit| key(talk, at, KeyCode::Char(digit), out)),
        (_, false) => out.say("Write yes or no."),
        (_, true) => out.say("Write the first four digits of the new fingerprint, or no."),
    }
    if let Some(error) = talk.state.trust.as_mut().and_then(|trust| trust.error.take()) {
        out.say(&error);
    }
    true
}

/// The same key as on the full screen.
fn key(talk: &mut Talk, at: Moment, code: KeyCode, out: &mut Out) {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    talk.feed(at, What::Terminal(Event::Key(key)), out);
}
