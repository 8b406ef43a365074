//! A person's own keys, laid over a profile: what is right is taken, what is wrong or in another
//! key's way is told by its line.

use std::collections::HashMap;

use super::key::Chord;
use super::{Context, Does, Keymap, names};
use crate::action::Plain;
use crate::settings::Profile;

/// Things that one key does in a row.
const STEPS: usize = 8;

/// Keys that a person may bind.
const BINDINGS: usize = 500;

/// What a context cannot be without: nobody must be caught in a list by a line of a file.
const NEEDED: &[(Context, Plain, &str)] = &[
    (Context::Chat, Plain::Send, "Enter"),
    (Context::Chat, Plain::Interrupt, "Ctrl-C"),
    (Context::Select, Plain::Cancel, "Esc"),
    (Context::Listing, Plain::Cancel, "Esc"),
    (Context::Listing, Plain::Take, "Enter"),
    (Context::Picker, Plain::Cancel, "Esc"),
    (Context::Picker, Plain::Take, "Enter"),
    (Context::Files, Plain::Cancel, "Esc"),
    (Context::Files, Plain::Take, "Enter"),
    (Context::Page, Plain::Cancel, "Esc"),
];

/// A line of the file: `[keys.chat]`, `"ctrl-g" = "jump anywhere"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The line, from 1.
    pub line: usize,
    /// The part behind `keys.`.
    pub context: String,
    /// The keys as written.
    pub keys: String,
    /// What they do, one after the other.
    pub does: Vec<String>,
}

impl Keymap {
    /// The keys of a profile with a person's own over them, and what is wrong with those.
    #[must_use]
    pub fn with(profile: Profile, bindings: &[Binding]) -> (Self, Vec<String>) {
        let (mut keymap, mut complaints) = (Self::of(profile), Vec::new());
        let mut lines: HashMap<(Context, Chord), usize> = HashMap::new();
        for binding in bindings.iter().take(BINDINGS) {
            if let Err(sentence) = keymap.take(binding, &mut lines) {
                complaints.push((binding.line, sentence));
            }
        }
        let mut complaints: Vec<String> =
            complaints.into_iter().map(|(line, told)| format!("line {line}: {told}")).collect();
        if bindings.len() > BINDINGS {
            complaints.push(format!("only the first {BINDINGS} keys are taken"));
        }
        for (context, plain, keys) in NEEDED {
            if keymap.labels(*context, *plain).next().is_none()
                && let Ok(chord) = keys.parse()
            {
                keymap.bind(*context, chord, vec![Does::Plain(*plain)]);
                let name = plain.title();
                complaints.push(format!(
                    "keys.{}: {keys} stays, because no other key does \"{name}\"",
                    context.name()
                ));
            }
        }
        (keymap, complaints)
    }

    fn take(
        &mut self,
        binding: &Binding,
        lines: &mut HashMap<(Context, Chord), usize>,
    ) -> Result<(), String> {
        let context = Context::parse(&binding.context)?;
        let chord: Chord = binding.keys.parse()?;
        if binding.does.len() > STEPS {
            return Err(format!("{chord} does too much: at most {STEPS} things"));
        }
        let mut does = Vec::new();
        for name in &binding.does {
            does.extend(names::parse(name)?);
        }
        let is_typed = chord.keys().first().is_some_and(|key| key.typed().is_some());
        if is_typed && matches!(context, Context::Picker | Context::Files | Context::Edit) {
            return Err(format!(
                "{chord} is a letter, and letters are written there; use Ctrl, Alt or an F key"
            ));
        }
        if let Some(line) = lines.get(&(context, chord.clone())) {
            return Err(format!("{chord} has its meaning from line {line} already"));
        }
        if !does.is_empty() {
            self.stands_alone(context, &chord)?;
        }
        lines.insert((context, chord.clone()), binding.line);
        self.bind(context, chord, does);
        Ok(())
    }

    /// A key cannot act and begin a chord as well.
    fn stands_alone(&self, context: Context, chord: &Chord) -> Result<(), String> {
        for (other, does) in self.rows(context) {
            let (short, long) = if other.after(chord.keys()).is_some() {
                (chord, other)
            } else if chord.after(other.keys()).is_some() {
                (other, chord)
            } else {
                continue;
            };
            let name = does.iter().map(Does::name).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "{short} cannot act and begin {long} as well; set \"{other}\" = \"nothing\" (now \"{name}\") above this line"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(profile: Profile, lines: &[(&str, &str, &str)]) -> Vec<String> {
        let bindings = lines.iter().enumerate().map(|(at, (context, keys, does))| Binding {
            line: at + 1,
            context: (*context).to_owned(),
            keys: (*keys).to_owned(),
            does: vec![(*does).to_owned()],
        });
        Keymap::with(profile, &bindings.collect::<Vec<_>>()).1
    }

    #[test]
    fn keys_can_be_changed_without_a_word() {
        let lines = [
            ("chat", "ctrl-g", "jump anywhere"),
            ("chat", "ctrl-k", "nothing"),
            ("chat", "ctrl-x ctrl-e", "/upload notes.txt"),
            ("select", "x", "delete"),
            ("edit", "alt-k", "kill to end"),
        ];
        assert_eq!(told(Profile::Default, &lines), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line() {
        let lines = [
            ("chatt", "ctrl-g", "help"),
            ("chat", "hyper-g", "help"),
            ("chat", "ctrl-g", "hepl"),
            ("picker", "j", "message below"),
            ("chat", "C-g", "help"),
            ("chat", "ctrl-g", "inbox"),
        ];
        assert_eq!(
            told(Profile::Default, &lines),
            [
                "line 1: there are no keys.chatt; use chat, edit, normal, select, listing, picker, files or page",
                "line 2: there is no key \"hyper-g\"; write it as ctrl-k, alt-enter, f3, pagedown, or several with spaces: ctrl-x ctrl-e",
                "line 3: nothing is called \"hepl\"; did you mean \"help\"?",
                "line 4: j is a letter, and letters are written there; use Ctrl, Alt or an F key",
                "line 6: Ctrl-G has its meaning from line 5 already",
            ]
        );
    }

    #[test]
    fn a_key_does_not_act_and_begin_a_chord() {
        assert_eq!(
            told(Profile::Default, &[("chat", "ctrl-k x", "help")]),
            [
                "line 1: Ctrl-K cannot act and begin Ctrl-K x as well; set \"Ctrl-K\" = \"nothing\" (now \"jump anywhere\") above this line"
            ]
        );
        let both = [("chat", "ctrl-k", "nothing"), ("chat", "ctrl-k x", "help")];
        assert_eq!(told(Profile::Default, &both), Vec::<String>::new());
        let begins = told(Profile::Emacs, &[("chat", "ctrl-x", "help")]);
        assert!(begins[0].contains("Ctrl-X cannot act and begin Ctrl-X"), "{begins:?}");
    }

    #[test]
    fn nobody_is_caught_in_a_list() {
        let lines =
            [("picker", "esc", "nothing"), ("picker", "ctrl-c", "nothing"), ("picker", "ctrl-g", "nothing")];
        assert_eq!(
            told(Profile::Default, &lines),
            ["keys.picker: Esc stays, because no other key does \"cancel\""]
        );
    }
}
