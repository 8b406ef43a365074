//! Giving an action another key, by pressing it: asked where the key means something already, and
//! written into the file of settings.

use super::{Effects, complain, say_so};
use crate::action::{Action, Plain};
use crate::effect::Effect;
use crate::keymap::{Chord, Context, Does, Found, Key, what};
use crate::state::picker::{Item, Kind, Picker, is_offered};
use crate::state::rebind::Rebind;
use crate::state::{Confirm, Popup, State};

/// Begins with the action that is chosen in the palette.
pub(super) fn begin(state: &mut State) {
    let Some(Popup::Picker(picker)) = &state.popup else { return };
    let chosen = match picker.chosen().map(|item| &item.action) {
        Some(Action::Plain(plain) | Action::Bind(Some(plain), None)) => *plain,
        _ => {
            return complain(
                state,
                "Only what is an action has a key; a command can have one in the settings file".to_owned(),
            );
        }
    };
    press(state, chosen);
}

/// Asks for what was not said: the action, then the key.
pub(super) fn ask(state: &mut State, plain: Option<Plain>, chord: Option<Chord>, effects: &mut Effects) {
    match (plain, chord) {
        (None, _) => choose(state),
        (Some(plain), None) => press(state, plain),
        (Some(plain), Some(chord)) => {
            let context = Rebind::new(plain, &state.keymap).context;
            wanted(state, plain, context, chord, effects);
        }
    }
}

/// All actions with their keys, to choose one.
fn choose(state: &mut State) {
    let items = Plain::ALL.iter().filter(|plain| is_offered(**plain)).map(|plain| Item {
        label: plain.title().to_owned(),
        detail: match state.keymap.label(*plain) {
            Some(key) => format!("{key} · {}", plain.help()),
            None => plain.help().to_owned(),
        },
        action: Action::Bind(Some(*plain), None),
    });
    let picker = Picker::new(Kind::Keys, items.collect());
    state.popup = Some(Popup::Picker(Box::new(picker)));
}

fn press(state: &mut State, plain: Plain) {
    state.rebind = Some(Rebind::new(plain, &state.keymap));
    state.popup = None;
}

/// Takes a key for it.
pub(super) fn key(state: &mut State, key: Key, effects: &mut Effects) {
    let State { rebind: Some(rebind), keymap, .. } = state else { return };
    if keymap.plain(Context::Picker, key) == Some(Plain::Cancel) {
        state.rebind = None;
        return say_so(state, "The keys stay as they were".to_owned());
    }
    let Some(chord) = rebind.press(key, keymap) else { return };
    let (plain, context) = (rebind.plain, rebind.context);
    state.rebind = None;
    wanted(state, plain, context, chord, effects);
}

/// Gives the action this key; asks first, where the key means something.
fn wanted(state: &mut State, plain: Plain, context: Context, chord: Chord, effects: &mut Effects) {
    if context == Context::Chat && chord.keys().first().is_some_and(|key| key.typed().is_some()) {
        return complain(
            state,
            format!("{chord} is a letter, and letters are written here; use Ctrl, Alt or an F key"),
        );
    }
    let bind = Action::BindKey(context, chord.clone(), plain);
    match meaning(state, context, &chord) {
        Some(does) if does == plain.title() => say_so(state, format!("{chord} does that already")),
        Some(does) => {
            let question = format!("{chord} does \"{does}\" now; y gives it to \"{}\"", plain.title());
            state.confirm = Some(Confirm { question, action: bind });
        }
        None => super::actions::act(state, bind, effects),
    }
}

/// What a chord does there, or in the text being written.
fn meaning(state: &State, context: Context, chord: &Chord) -> Option<String> {
    let places = [context, if context == Context::Chat { Context::Edit } else { context }];
    places.into_iter().find_map(|place| match state.keymap.find(place, chord.keys()) {
        Found::Does(does) => Some(what(&does)),
        Found::More | Found::Nothing => None,
    })
}

/// Writes the key, and takes the one away that was shown beside the action before.
pub(super) fn bind(state: &mut State, context: Context, chord: &Chord, plain: Plain, effects: &mut Effects) {
    let mut lines = vec![(chord.clone(), plain.title())];
    let old = state.keymap.rows(context).find(|(_, does)| ***does == [Does::Plain(plain)]);
    lines.extend(old.map(|(old, _)| (old.clone(), "nothing")));
    effects.add(Effect::WriteKeys(context, lines));
}
