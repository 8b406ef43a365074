//! What a line asks for. The slash commands are those of the full screen; beside them there are a
//! few that stand for what eyes and keys do there, and message numbers stand for choosing.

use chat_client::Anchor;
use chat_proto::{ConversationId, SafeText, Seq};

use super::words::unread;
use super::{Out, Talk, Wanted};
use crate::action::{Action, Plain};
use crate::command::{COMMANDS, Command, find};
use crate::effect::{Effect, Question};
use crate::state::Moment;
use crate::state::State;
use crate::state::timeline::PAGE;

/// Messages that `/read` writes out without a number.
const READ: usize = 20;

/// The most that it writes out at once.
const READ_MOST: usize = 500;

/// A command that only lines have.
struct Own {
    name: &'static str,
    usage: &'static str,
    help: &'static str,
    run: fn(&mut Talk, Moment, &str, &mut Out),
}

/// The commands that only lines have.
const OWN: &[Own] = &[
    Own { name: "list", usage: "", help: "All conversations, with what is unread", run: list },
    Own { name: "unread", usage: "", help: "The conversations with something unread", run: list_unread },
    Own {
        name: "go",
        usage: "#room|@user|NUMBER",
        help: "Go to a conversation, by its name or its number in /list",
        run: go,
    },
    Own { name: "next", usage: "", help: "Go to the next conversation that needs you", run: next },
    Own { name: "read", usage: "[COUNT] [before NUMBER]", help: "Read older messages again", run: read },
    Own { name: "pick", usage: "NUMBER", help: "Choose a row of the last list", run: pick },
    Own { name: "typing", usage: "", help: "Who is writing here now", run: typing },
    Own { name: "where", usage: "", help: "Where you are, and how the connection is", run: place },
];

/// Commands of the full screen that have no meaning in lines, and what to do in their place.
const NO_LINE_FORM: &[(&str, &str)] = &[
    ("day", "Lines do not move: /read 20 before 120 reads what was said there."),
    ("view", "Pictures are not shown in lines: /save keeps one as a file."),
    ("theme", "Lines have no colours of their own."),
    ("password", "What is typed into lines can be seen: chat-cli password changes it."),
    ("twofactor", "What is typed into lines can be seen: chat-cli two-factor on sets it up."),
    ("link", "What is typed into lines can be seen: chat-cli link does it."),
    ("unlink", "What is typed into lines can be seen: chat-cli unlink does it."),
    ("bind", "Lines have no keys of their own."),
    ("lock", "Lines that were written cannot be hidden: /quit, or lock the terminal."),
    ("emoji", "Write an emoji by its name: :tada: becomes one."),
    ("editor", "Lines are written here: chat-cli send TARGET - takes a long text from a file."),
    ("fold", "Lines have no groups to fold: /list and /unread show what there is."),
    ("select", "Messages are chosen by their number here: /reply 12 TEXT, /react 12 :tada:, /delete 12."),
    ("goto", "Lines do not move: /read 20 before 120 reads what was said there."),
    (
        "accounts",
        "Lines show one account at a time: start chat-tui --plain with --server and --user for another.",
    ),
    (
        "account",
        "Lines show one account at a time: start chat-tui --plain with --server and --user for another.",
    ),
];

/// Commands that act on a message, whose number may stand first.
const ON_MESSAGE: &[&str] = &[
    "reply", "edit", "delete", "react", "pin", "unpin", "forward", "save", "versions", "report", "show",
    "readers", "follow", "unfollow",
];

/// Those of them whose text could begin with a number, so that a number must stand first.
const NUMBER_FIRST: &[&str] = &["reply", "edit"];

/// Does what a line asks for.
pub(super) fn line(talk: &mut Talk, at: Moment, line: &str, out: &mut Out) {
    if let Some(confirm) = talk.state.confirm.take() {
        return match line.trim().to_lowercase().as_str() {
            "yes" | "y" => talk.act(at, confirm.action, out),
            _ => out.say("Not done."),
        };
    }
    if line.trim().is_empty() {
        return;
    }
    let command = line.strip_prefix('/').filter(|rest| !rest.starts_with('/'));
    let Some(command) = command else { return talk.send(at, line, out) };
    let (name, arguments) = split(command);
    let name = name.to_lowercase();
    if let Some(own) = OWN.iter().find(|own| own.name == name) {
        return (own.run)(talk, at, arguments, out);
    }
    if let Some((_, words)) = NO_LINE_FORM.iter().find(|(none, _)| *none == name) {
        return out.say(words);
    }
    match name.as_str() {
        "help" => help(arguments, out),
        "thread" => thread(talk, at, arguments, out),
        name if ON_MESSAGE.contains(&name) => on_message(talk, at, name, arguments, out),
        _ => talk.send(at, line, out),
    }
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim_end();
    text.split_once(char::is_whitespace).map_or((text, ""), |(name, rest)| (name, rest.trim()))
}

/// A number in front of the arguments chooses the message.
fn on_message(talk: &mut Talk, at: Moment, name: &str, arguments: &str, out: &mut Out) {
    let (first, rest) = split(arguments);
    match number(first) {
        Some(seq) if !choose(talk, seq, out) => {}
        Some(_) => {
            let line = format!("/{name} {rest}");
            talk.send(at, line.trim_end(), out);
        }
        None if NUMBER_FIRST.contains(&name) => {
            out.say(&format!("Say which message, by its number: /{name} 12 TEXT."));
        }
        None => talk.send(at, format!("/{name} {arguments}").trim_end(), out),
    }
}

fn number(word: &str) -> Option<Seq> {
    word.trim_start_matches('#').parse().ok().map(Seq)
}

/// Chooses a message of the open conversation; says so if it is not held.
fn choose(talk: &mut Talk, seq: Seq, out: &mut Out) -> bool {
    let is_held = talk.state.held(seq).is_some_and(|event| event.message().is_some());
    if is_held {
        talk.state.selected = Some(seq);
    } else {
        talk.failed = true;
        out.say(&format!(
            "There is no message {seq} among those that were read here; /read 100 reads further back."
        ));
    }
    is_held
}

/// Reads a thread, or answers in it.
fn thread(talk: &mut Talk, at: Moment, arguments: &str, out: &mut Out) {
    let (first, text) = split(arguments);
    let Some(seq) = number(first) else {
        return out
            .say("Say which message begins the thread: /thread 12, or /thread 12 TEXT to answer in it.");
    };
    if !choose(talk, seq, out) {
        return;
    }
    let root = talk.state.held(seq).and_then(crate::state::timeline::thread_of).unwrap_or(seq);
    if text.is_empty() {
        let timeline = talk.state.open_timeline();
        let in_thread = |event: &&chat_proto::Event| {
            event.seq == root || crate::state::timeline::thread_of(event) == Some(root)
        };
        let seqs: Vec<Seq> = timeline
            .into_iter()
            .flat_map(|timeline| timeline.events())
            .filter(|event| event.message().is_some())
            .filter(in_thread)
            .map(|event| event.seq)
            .collect();
        out.say(&format!("Thread of {root}, {} messages:", seqs.len()));
        return seqs.into_iter().for_each(|seq| talk.event(seq, false, out));
    }
    talk.act(at, Plain::Thread.into(), out);
    talk.act(at, Action::Say(text.to_owned()), out);
    while talk.state.thread.is_some() {
        talk.act(at, Plain::Cancel.into(), out);
    }
}

fn list(talk: &mut Talk, _: Moment, _: &str, out: &mut Out) {
    conversations(talk, false, out);
}

fn list_unread(talk: &mut Talk, _: Moment, _: &str, out: &mut Out) {
    conversations(talk, true, out);
}

/// The conversations with their numbers, which stay the same in both lists.
fn conversations(talk: &mut Talk, only_unread: bool, out: &mut Out) {
    let state = &talk.state;
    let mut lines = Vec::new();
    for (at, conversation) in state.conversations.in_order().enumerate() {
        if only_unread && conversation.unread == 0 {
            continue;
        }
        let mut words = vec![state.conversations.title(conversation)];
        if state.open == Some(conversation.id) {
            words.push("open".to_owned());
        }
        words.extend(unread(conversation));
        if conversation.notify.is_silent(state.now.clock) {
            words.push("muted".to_owned());
        }
        lines.push(format!("{}) {}.", at + 1, words.join(", ")));
    }
    match (lines.is_empty(), only_unread) {
        (true, true) => out.say("Nothing is unread."),
        (true, false) => out.say("No conversation yet: /create #room, /join #room or /msg @user."),
        _ => lines.iter().for_each(|line| out.say(line)),
    }
}

fn go(talk: &mut Talk, at: Moment, wanted: &str, out: &mut Out) {
    match named(&talk.state, wanted) {
        Ok(id) if talk.state.open == Some(id) => place(talk, at, "", out),
        Ok(id) => talk.act(at, Action::Open(id), out),
        Err(sentence) => {
            talk.failed = true;
            out.say(&sentence);
        }
    }
}

/// A conversation by its number in the list or by its name.
fn named(state: &State, wanted: &str) -> Result<ConversationId, String> {
    if wanted.is_empty() {
        return Err("Say where to: /go #room, /go @user or /go and a number of /list.".to_owned());
    }
    let by_number = || {
        let number: usize = wanted.parse().ok()?;
        state.conversations.in_order().nth(number.checked_sub(1)?)
    };
    let lower = wanted.to_lowercase();
    let is_named = |conversation: &&chat_proto::Conversation| {
        let title = state.conversations.title(conversation).to_lowercase();
        title == lower || title[1..] == lower
    };
    let found = state.conversations.in_order().find(is_named).or_else(by_number);
    found.map(|conversation| conversation.id).ok_or_else(|| match wanted.starts_with('@') {
        true => format!("You have no conversation with {wanted} yet; /msg {wanted} begins one."),
        false => format!("You are in no room {wanted}; /list lists yours, /rooms all, /join goes into one."),
    })
}

fn next(talk: &mut Talk, at: Moment, _: &str, out: &mut Out) {
    talk.act(at, Plain::NextNeedsMe.into(), out);
}

fn read(talk: &mut Talk, _: Moment, arguments: &str, out: &mut Out) {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let (count, before) = match words[..] {
        [] => (Some(READ), None),
        [count] => (count.parse().ok(), None),
        ["before", seq] => (number(seq).map(|_| READ), number(seq)),
        [count, "before", seq] => (number(seq).and_then(|_| count.parse().ok()), number(seq)),
        _ => (None, None),
    };
    let Some(count) = count.filter(|count| (1..=READ_MOST).contains(count)) else {
        return out.say(&format!("Say how many, at most {READ_MOST}: /read 20, or /read 20 before 120."));
    };
    if talk.state.open.is_none() {
        return out.say("Open a conversation first: /go #room, /join #room or /msg @user.");
    }
    talk.wanted = Some(Wanted { count, before });
}

/// Asks for the events before this one.
pub(super) fn older(state: &mut State, first: Seq) -> Option<Effect> {
    let id = state.open?;
    let timeline = state.open_timeline_mut()?;
    timeline.wait_for(Anchor::Before(first));
    Some(Effect::Ask(Question::History(id, Anchor::Before(first), PAGE)))
}

fn pick(talk: &mut Talk, at: Moment, wanted: &str, out: &mut Out) {
    let number = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    match number.and_then(|at| talk.offers.get(at).cloned()) {
        // A message elsewhere is read in its place.
        Some(Action::Show(id, seq)) => {
            if talk.state.open != Some(id) {
                talk.act(at, Action::Open(id), out);
            }
            talk.wanted = Some(Wanted { count: READ / 2, before: Some(Seq(seq.0 + 1)) });
        }
        Some(action) => talk.act(at, action, out),
        None => out.say("Say which row of the last list: /pick 2."),
    }
}

fn typing(talk: &mut Talk, _: Moment, _: &str, out: &mut Out) {
    let names: Vec<&str> = match talk.state.open {
        Some(id) => talk.state.people.writing(id).map(|person| person.name.as_str()).collect(),
        None => Vec::new(),
    };
    match names.len() {
        0 => out.say("Nobody is writing here."),
        1 => out.say(&format!("{} is writing.", names[0])),
        _ => out.say(&format!("{} are writing.", crate::state::system::listed(&names))),
    }
}

fn place(talk: &mut Talk, _: Moment, _: &str, out: &mut Out) {
    match talk.state.open_conversation() {
        Some(conversation) => out.say(&super::words::place(&talk.state, conversation)),
        None => out.say("No conversation is open: /list lists them."),
    }
    if talk.state.lockdown.is_some() {
        out.say("The server is locked down: nobody new comes in. /admin lockdown off opens the doors.");
    }
    let connection = crate::layout::connection_words(&talk.state);
    let words = super::words::spoken(connection.as_str());
    out.say(&super::words::sentence(&super::words::capital(&words)));
}

/// All commands, or one; printed from the tables.
pub(super) fn help(name: &str, out: &mut Out) {
    let name = name.trim_start_matches('/').to_lowercase();
    let row = |name: &str, usage: &str, help: &str| {
        let usage = format!("/{name} {usage}");
        SafeText::line(&format!("{}: {help}.", usage.trim_end()))
    };
    let common = |command: &Command| {
        let with_number = ON_MESSAGE.contains(&command.name) || command.name == "thread";
        let usage = if with_number { format!("NUMBER {}", command.usage) } else { command.usage.to_owned() };
        row(command.name, usage.trim_end(), command.help)
    };
    if !name.is_empty() {
        let none = NO_LINE_FORM.iter().find(|(none, _)| *none == name);
        let own = OWN.iter().find(|own| own.name == name);
        return match (none, own, find(&name)) {
            (Some((_, words)), _, _) => out.say(words),
            (_, Some(own), _) => out.lines.push(row(own.name, own.usage, own.help)),
            (_, _, Some(command)) => out.lines.push(common(command)),
            _ => out.say(&format!("There is no command /{name}; /help lists them.")),
        };
    }
    out.say("What you write is sent to the open conversation. A line that begins with a slash is a command:");
    out.lines.extend(OWN.iter().map(|own| row(own.name, own.usage, own.help)));
    let has_form = |command: &&Command| NO_LINE_FORM.iter().all(|(none, _)| *none != command.name);
    out.lines.extend(COMMANDS.iter().filter(has_form).map(common));
    out.say("//text sends a text that begins with a slash. NUMBER is what stands before a message; without it the newest is meant.");
}

#[cfg(test)]
mod tests {
    use chat_proto::RESERVED_COMMANDS;

    use super::*;

    #[test]
    fn every_command_of_lines_is_one_of_the_client() {
        for own in OWN {
            assert!(RESERVED_COMMANDS.contains(&own.name), "reserve {} in chat_proto", own.name);
            assert!(find(own.name).is_none(), "{} is on the full screen, too", own.name);
        }
        for name in NO_LINE_FORM.iter().map(|(name, _)| name).chain(ON_MESSAGE) {
            assert!(find(name).is_some(), "{name} is no command");
        }
    }
}
