//! What is said to the terminal beside the picture: notifications, through tmux where there is one.
//!
//! Pure texts; [`super::Screen`] writes them. Nothing of a payload can end it: what is not plain
//! is either base64, or was cleaned of controls and of the separators of its form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chat_proto::SafeText;

use crate::notification::Notification;
use crate::settings::NotifyHow;

/// The end of a sequence. BEL is understood too, but would ring in a terminal that does not know
/// the sequence.
const END: &str = "\u{1b}\\";

/// What goes between this program and the terminal that shows things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Between {
    /// Nothing.
    #[default]
    Nothing,
    /// tmux, which passes on what is wrapped for it, if it is allowed to.
    Tmux,
    /// GNU screen, which does the same with another wrapping.
    Screen,
}

/// The sequence for a notification; none for ways that are no sequence.
#[must_use]
pub fn notification(what: &Notification, how: NotifyHow, between: Between) -> String {
    let Notification { topic, title, body, .. } = what;
    match how {
        NotifyHow::Osc99 => {
            let topic: String =
                topic.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
            let more = u8::from(body.is_empty());
            let mut out =
                wrap(&format!("\u{1b}]99;i={topic}:d={more}:e=1;{}{END}", STANDARD.encode(title)), between);
            if !body.is_empty() {
                let body = STANDARD.encode(body);
                out += &wrap(&format!("\u{1b}]99;i={topic}:d=1:p=body:e=1;{body}{END}"), between);
            }
            out
        }
        NotifyHow::Osc777 => {
            let (title, body) = (field(title), field(body));
            wrap(&format!("\u{1b}]777;notify;{title};{body}{END}"), between)
        }
        // A number and a semicolon at its beginning would be another command, as ConEmu's progress.
        NotifyHow::Osc9 => wrap(&format!("\u{1b}]9;{}{END}", word_first(&field(&what.line()))), between),
        NotifyHow::Auto | NotifyHow::Bell | NotifyHow::Desktop | NotifyHow::Off => String::new(),
    }
}

/// A text without what separates fields; it was safe before and is made so once more.
fn field(text: &str) -> String {
    SafeText::line(text).as_str().replace(';', ",")
}

fn word_first(text: &str) -> String {
    if text.starts_with(|c: char| c.is_ascii_digit()) { format!("· {text}") } else { text.to_owned() }
}

/// Wraps a sequence so that what is in between hands it on.
#[must_use]
pub fn wrap(sequence: &str, between: Between) -> String {
    match between {
        Between::Nothing => sequence.to_owned(),
        Between::Tmux => format!("\u{1b}Ptmux;{}{END}", sequence.replace('\u{1b}', "\u{1b}\u{1b}")),
        // It ends its own string at the first ST, so BEL ends ours there.
        Between::Screen => format!("\u{1b}P{}{END}", sequence.replace(END, "\u{7}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(title: &str, body: &str) -> Notification {
        let (title, body) = (title.to_owned(), body.to_owned());
        Notification { topic: "0a-1".to_owned(), title, body, how: NotifyHow::Auto }
    }

    #[test]
    fn every_way_has_its_form() {
        let what = told("ada in #ops", "at; last");
        let plain = |how| notification(&what, how, Between::Nothing);
        assert_eq!(plain(NotifyHow::Osc777), "\u{1b}]777;notify;ada in #ops;at, last\u{1b}\\");
        assert_eq!(plain(NotifyHow::Osc9), "\u{1b}]9;ada in #ops: at, last\u{1b}\\");
        assert_eq!(
            plain(NotifyHow::Osc99),
            "\u{1b}]99;i=0a-1:d=0:e=1;YWRhIGluICNvcHM=\u{1b}\\\u{1b}]99;i=0a-1:d=1:p=body:e=1;YXQ7IGxhc3Q=\u{1b}\\"
        );
        assert_eq!(plain(NotifyHow::Bell), "");
        let number = notification(&told("4;3", ""), NotifyHow::Osc9, Between::Nothing);
        assert_eq!(number, "\u{1b}]9;· 4,3\u{1b}\\");
    }

    #[test]
    fn tmux_and_screen_hand_it_on() {
        let what = told("ada", "");
        assert_eq!(
            notification(&what, NotifyHow::Osc9, Between::Tmux),
            "\u{1b}Ptmux;\u{1b}\u{1b}]9;ada\u{1b}\u{1b}\\\u{1b}\\"
        );
        assert_eq!(notification(&what, NotifyHow::Osc9, Between::Screen), "\u{1b}P\u{1b}]9;ada\u{7}\u{1b}\\");
    }

    proptest! {
        /// Even of texts that nobody made safe.
        #[test]
        fn nothing_ends_a_payload_early(title in "(\\p{Cc}|\\p{Cf}|[\u{7}\u{1b}\u{9c};]|.){0,40}", body in "(\\p{Cc}|\\p{Cf}|;|.){0,40}") {
            for how in [NotifyHow::Osc99, NotifyHow::Osc777, NotifyHow::Osc9] {
                let out = notification(&told(&title, &body), how, Between::Nothing);
                for sequence in out.split_terminator(END) {
                    let payload = sequence.strip_prefix("\u{1b}]").unwrap();
                    prop_assert!(SafeText::is_safe_line(payload), "{:?}", payload);
                }
            }
        }
    }
}
