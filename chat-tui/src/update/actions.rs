//! Doing what a person wants, whichever way they said it.

use chat_proto::{ClientId, CreateRoom, Description, PresenceState};
use uuid::Uuid;

use super::{
    Effects, accounts, arranging, attention, bots, browser, complain, days, export, files, keys, links,
    listings, lists, lock, messages, moderation, pasting, pictures, places, reading, rebind, rooms, safety,
    say_so, settings, threads, trust, writing,
};
use crate::action::{Action, Order, Plain};
use crate::command;
use crate::effect::{Effect, Question, Tell};
use crate::layout;
use crate::state::commands::Meant;
use crate::state::completion::Completion;
use crate::state::composer::{Composer, Edit};
use crate::state::listing::Kind;
use crate::state::timeline::Timeline;
use crate::state::{ListMode, Mode, Popup, Purpose, Quit, State};
use crate::state::{picker, profile};

/// Does an action.
pub(super) fn act(state: &mut State, action: Action, effects: &mut Effects) {
    match action {
        Action::Plain(plain) => do_plain(state, plain, effects),
        Action::Jump(number) => places::jump_to_number(state, number, effects),
        Action::Open(id) => places::go(state, id, effects),
        Action::LookAtRoom(room) => lists::room(state, &room),
        Action::Bind(plain, chord) => rebind::ask(state, plain, chord, effects),
        Action::Mention(user) => writing::put(state, &profile::mention(&user), effects),
        Action::Join(room) => rooms::join(state, room, effects),
        Action::Create(name, topic, private) => effects.ask(Question::Create(CreateRoom {
            client_id: ClientId(Uuid::now_v7()),
            name,
            topic,
            description: Description::default(),
            private,
        })),
        Action::Message(users, text) => rooms::message(state, users, text, effects),
        Action::Topic(topic) => rooms::topic(state, topic, effects),
        Action::Describe(text) => rooms::describe(state, text, effects),
        Action::Answer(room, accept) => rooms::answer(state, &room, accept, effects),
        Action::AskInvitation(id) => lists::invitation(state, id),
        Action::UploadAll(paths) => files::upload_all(state, paths, effects),
        Action::Paste(how, text) => pasting::pasted(state, how, text, effects),
        Action::Compose(text) => writing::compose(state, &text, effects),
        Action::Say(text) => {
            writing::say(state, text, false, effects);
        }
        Action::Me(text) => {
            writing::say(state, text, true, effects);
        }
        Action::Reply(text) => messages::reply_with(state, text, effects),
        Action::Edit(text) => messages::edit_to(state, text, effects),
        Action::React(emoji) => {
            arranging::used(state, &emoji, effects);
            messages::react(state, emoji, effects);
        }
        Action::Emoji(emoji) => writing::put_emoji(state, &emoji, effects),
        Action::Upload(path, text) => files::upload(state, path, &text, effects),
        Action::DropFile(file, name) => files::drop_own(state, file, &name),
        Action::DeleteFile(file) => files::delete_own(file, effects),
        Action::StopFile(key) => files::stop_one(state, key, effects),
        Action::Save(to) => files::save(state, to, effects),
        Action::Pin(on) => messages::pin(state, on, effects),
        Action::Delete(seq) => messages::delete(state, seq, effects),
        Action::Forward(place) => messages::forward(state, place, effects),
        Action::ForwardTo(from, to) => messages::forward_to(state, from, to, effects),
        Action::GoTo(room, seq) => places::go_to(state, room, seq, effects),
        Action::Show(id, seq) => places::jump(state, id, seq, effects),
        Action::Search(query) => listings::search(state, query, effects),
        Action::ShowThread(id, root) => listings::show_thread(state, id, root, effects),
        Action::Follow(on) => attention::follow(state, on, effects),
        Action::Hear(wish) => attention::hear(state, wish, effects),
        Action::Quiet(wish) => attention::quiet(state, wish, effects),
        Action::Presence(presence) => set_presence(state, presence, effects),
        Action::Export(format, to) => export::begin(state, format, to, effects),
        Action::EndExport => export::end(state, effects),
        Action::GoToDay(day) => days::go(state, day, effects),
        Action::Visit(target) => links::visit(state, target, effects),
        Action::Copy(text) => messages::copy(state, &text, effects),
        Action::Scroll(rows) => places::scroll(state, rows),
        Action::Invite(_)
        | Action::Kick(..)
        | Action::Role(..)
        | Action::Rename(_)
        | Action::Archive(_)
        | Action::Slow(_)
        | Action::Retention(_)
        | Action::Announce(_) => rooms::manage(state, action, effects),
        Action::Safety(what) => safety::act(state, what, effects),
        Action::Order(order) => moderation::act(state, order, effects),
        Action::Keep(keep) => bots::keep(state, keep, effects),
        Action::Account(wish) => accounts::act(state, wish, effects),
        Action::Set(name, value) => settings::set(state, name, value, effects),
        Action::NewLock => lock::lock(state, true),
        Action::Fold(group) => arranging::fold(state, Some(group), effects),
        Action::BindKey(context, chord, plain) => rebind::bind(state, context, &chord, plain, effects),
        Action::Leave(id) => rooms::leave_now(state, id, effects),
        Action::HelpOn(name) => help_on(state, &name),
        Action::Nothing => {}
    }
}

fn do_plain(state: &mut State, plain: Plain, effects: &mut Effects) {
    match plain {
        Plain::Send => writing::send(state, effects),
        Plain::NewLine => {
            state.composer.edit(Edit::NewLine);
            writing::changed(state, effects);
        }
        Plain::Switcher => lists::switcher(state, effects),
        Plain::Search => listings::search(state, None, effects),
        Plain::Inbox => listings::list(state, Kind::Inbox, effects),
        Plain::Threads => listings::list(state, Kind::Threads, effects),
        Plain::Saved => listings::list(state, Kind::Saved, effects),
        Plain::SaveMessage => listings::save(state, effects),
        Plain::Star => listings::star(state, effects),
        Plain::AllRead => listings::all_read(state, effects),
        Plain::NextConversation => places::neighbour(state, 1, effects),
        Plain::PreviousConversation => places::neighbour(state, -1, effects),
        Plain::NextNeedsMe => places::next_in_need(state, effects),
        Plain::LastConversation => {
            places::go_last(state, effects);
        }
        Plain::MarkRead => reading::mark_now(state, effects),
        Plain::UnreadLine => places::unread_line(state),
        Plain::PageUp => places::page(state, true),
        Plain::PageDown => places::page(state, false),
        Plain::Newest => places::newest(state),
        Plain::Complete => writing::complete(state, false, effects),
        Plain::CompleteBack => writing::complete(state, true, effects),
        Plain::EditLast => messages::edit_neighbour(state, true),
        Plain::EditLater => messages::edit_neighbour(state, false),
        Plain::Select => messages::select(state),
        Plain::Above => messages::step(state, true),
        Plain::Below => messages::step(state, false),
        Plain::Files => files::ask_own(effects),
        Plain::SaveFiles => files::save(state, None, effects),
        Plain::OtherSide => other_side(state, effects),
        Plain::JumpBack => places::back(state, effects),
        Plain::JumpForward => places::forward(state, effects),
        Plain::AboveToo => messages::step_too(state, true),
        Plain::BelowToo => messages::step_too(state, false),
        Plain::Readers => moderation::act(state, Order::Readers, effects),
        Plain::Links => links::letter(state),
        Plain::BareView => bare(state, effects),
        Plain::PreviousDay => days::neighbour(state, true),
        Plain::NextDay => days::neighbour(state, false),
        Plain::Pins => lists::ask_pins(state, effects),
        Plain::Invitations => lists::invitations(state),
        Plain::Retry => retry(state, true, effects),
        Plain::Discard => discard(state, effects),
        Plain::Cancel => cancel(state, effects),
        Plain::Editor => writing::editor(state, effects),
        Plain::Upload => browser::open(state, effects),
        // These mean something only in the browser of files, which has their keys.
        Plain::FolderAbove | Plain::IntoFolder | Plain::HiddenFiles | Plain::MarkFile => {}
        Plain::StopFile => files::stop(state, effects),
        Plain::CopySelected => writing::copy(state, false, effects),
        Plain::CutSelected => writing::copy(state, true, effects),
        Plain::Emoji => lists::emoji(state, picker::Kind::EmojiText),
        Plain::MoveUp => arranging::shift(state, -1, effects),
        Plain::MoveDown => arranging::shift(state, 1, effects),
        Plain::Fold => arranging::fold(state, None, effects),
        Plain::ToggleList => toggle_list(state),
        Plain::Members => lists::members(state, effects),
        Plain::Rooms => lists::rooms(state, effects),
        Plain::Who => lists::who(state, effects),
        Plain::Accounts => accounts::list(state),
        Plain::Leave => rooms::leave(state, effects),
        Plain::Away => set_presence(state, PresenceState::Away, effects),
        Plain::Back => set_presence(state, PresenceState::Online, effects),
        Plain::Reconnect => effects.tell(Tell::Reconnect),
        Plain::Trust => trust::show(state),
        Plain::Redraw => {
            // A terminal that was cleared has lost its pictures, too.
            state.pictures.forget();
            effects.add(Effect::Redraw);
        }
        Plain::View => pictures::view(state),
        Plain::Lock => lock::lock(state, false),
        Plain::ChangeKey => rebind::begin(state),
        Plain::Top => keys::scroll_page(state, isize::MIN),
        Plain::NormalMode => keys::normal_mode(state),
        Plain::InsertMode => state.mode = Mode::Insert,
        Plain::Help => state.popup = Some(Popup::Help(0)),
        Plain::Settings => settings::list(state),
        Plain::Themes => settings::themes(state),
        Plain::ReloadSettings => {
            effects.add(Effect::ReadSettings);
            say_so(state, "The settings were read again".to_owned());
        }
        Plain::Suspend => {
            state.pictures.forget();
            effects.add(Effect::Suspend);
        }
        Plain::Interrupt => interrupt(state, effects),
        Plain::Quit => {
            quit(state, effects);
        }
        on_message => messages::act_on(state, on_message, effects),
    }
}

/// Says what a command does, the client's own or one of a bot here.
fn help_on(state: &mut State, name: &str) {
    let is_known = command::find(name).is_some() || state.commands.meant(state.open, name) != Meant::Nothing;
    match state.commands.hint(state.open, &format!("/{name}")).filter(|_| is_known) {
        Some(hint) => say_so(state, hint),
        None => complain(state, format!("There is no command /{name}; /help lists them")),
    }
}

fn set_presence(state: &mut State, presence: PresenceState, effects: &mut Effects) {
    state.away = presence != PresenceState::Online;
    state.idle = false;
    effects.tell(Tell::Presence(presence));
    say_so(
        state,
        if state.away { "You are shown as away; /back ends it" } else { "You are shown as here" }.to_owned(),
    );
}

/// Sends failed messages again: all of them, or the newest.
pub(super) fn retry(state: &mut State, all: bool, effects: &mut Effects) {
    let Some(timeline) = state.open_timeline() else { return };
    let is_failed =
        |own: &&chat_client::Outgoing| matches!(own.delivery, chat_client::Delivery::Failed { .. });
    let failed: Vec<ClientId> =
        timeline.pending().iter().filter(is_failed).map(|own| own.client_id).collect();
    let skip = if all { 0 } else { failed.len().saturating_sub(1) };
    for message in &failed[skip..] {
        effects.tell(Tell::Retry(*message));
    }
    if failed.is_empty() && all {
        say_so(state, "No message here has failed".to_owned());
    }
}

/// Gives the newest failed message up; its text goes to the composer, so that nothing is lost.
fn discard(state: &mut State, effects: &mut Effects) {
    let failed = state.open_timeline().and_then(Timeline::failed);
    let Some((message, text)) = failed.map(|own| (own.client_id, own.body.as_str().to_owned())) else {
        return say_so(state, "No message here has failed".to_owned());
    };
    effects.tell(Tell::Discard(message));
    if state.composer.is_empty() {
        state.composer = Composer::with_text(&text);
        writing::changed(state, effects);
    }
}

/// Closes what is uppermost: a completion, a choice, the list over the conversation, an answer or
/// an edit, the thread, an older place.
fn cancel(state: &mut State, effects: &mut Effects) {
    if let Some(mut completion) = state.completion.take().filter(Completion::is_shown) {
        completion.at = None;
        let word = completion.word.clone();
        state.composer.replace_before_cursor(completion.start, &word);
        state.completion_shut = Some((state.composer.cursor().0, completion.start));
    } else if state.composer.deselect() {
        // Nothing is selected any more.
    } else if state.selected.is_some() || state.found.is_some() {
        (state.selected, state.found) = (None, None);
    } else if layout::areas(state).list_floats {
        state.list = ListMode::Auto;
    } else if state.purpose != Purpose::Write {
        writing::end_purpose(state);
    } else if state.in_thread() || (state.thread.is_some() && !looks_back(state)) {
        writing::save_draft(state, effects);
        threads::close(state);
    } else {
        places::newest(state);
    }
}

/// Shows only the text, or everything again. Meanwhile the terminal has the mouse.
pub(super) fn bare(state: &mut State, effects: &mut Effects) {
    state.bare = !state.bare;
    state.selected = None;
    effects.add(Effect::Mouse(!state.bare && state.settings.mouse));
}

pub(super) fn looks_back(state: &State) -> bool {
    state.focused_timeline().is_some_and(|timeline| timeline.scroll.is_some() || timeline.more_after)
}

/// Gives the keys to the thread, or to the room again.
fn other_side(state: &mut State, effects: &mut Effects) {
    if state.thread.is_none() {
        return say_so(state, format!("No thread is open; {} opens one", state.keymap.way(Plain::Thread)));
    }
    writing::save_draft(state, effects);
    threads::focus(state, !state.in_thread());
}

fn toggle_list(state: &mut State) {
    state.list = match state.list {
        ListMode::Auto => ListMode::Toggled,
        ListMode::Toggled => ListMode::Auto,
    };
}

fn interrupt(state: &mut State, effects: &mut Effects) {
    if state.quit == Quit::Asked {
        quit(state, effects);
        return;
    }
    state.quit = Quit::Asked;
    let why = if !state.transfers.is_empty() {
        "Files are on their way (tried again, they go on where they were); press"
    } else if state.has_unsent_text() {
        "You have unsent text (it is kept as a draft); press"
    } else {
        "Press"
    };
    say_so(state, format!("{why} {} again to quit", state.keymap.way(Plain::Interrupt)));
}

/// Ends the program, after the draft is safe.
pub(super) fn quit(state: &mut State, effects: &mut Effects) -> bool {
    writing::put_aside(state, effects);
    state.quit = Quit::Yes;
    effects.add(Effect::Quit);
    false
}
