//! What the parts of a piece of code are, by the grammars of `two-face`.
//!
//! 1. It is told in a few [`Ink`]s, so that colours are the theme's.
//! 2. It is bounded in bytes and in time, and is not for the thread that draws: loading the
//!    grammars alone takes longer than a frame.

use std::ops::Range;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

use super::Code;

/// Longer code keeps one colour: it is read in an editor.
pub(crate) const CODE_BYTES: usize = 8 * 1024;

/// A longer line keeps one colour; some grammars take very long for such.
const LINE_BYTES: usize = 1_000;

/// What is not looked at after this long keeps one colour.
const PATIENCE: Duration = Duration::from_millis(400);

static GRAMMARS: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// What a part of a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// A word of the language.
    Keyword,
    /// A text in quotes.
    Text,
    /// A number, or another fixed value.
    Value,
    /// A remark.
    Comment,
    /// A function's name.
    Function,
    /// A type's name, or that of a tag.
    Type,
    /// A line that was added.
    Added,
    /// A line that was taken away.
    Removed,
}

/// Beginnings of the grammars' names for things, the more special first.
static INKS: LazyLock<Vec<(Scope, Ink)>> = LazyLock::new(|| {
    let names = [
        ("comment", Ink::Comment),
        ("string", Ink::Text),
        ("markup.inserted", Ink::Added),
        ("markup.deleted", Ink::Removed),
        ("constant", Ink::Value),
        ("entity.name.function", Ink::Function),
        ("support.function", Ink::Function),
        ("variable.function", Ink::Function),
        ("entity.name.tag", Ink::Type),
        ("entity.name", Ink::Type),
        ("support", Ink::Type),
        ("keyword.operator", Ink::Value),
        ("keyword", Ink::Keyword),
        ("storage", Ink::Keyword),
        ("variable.language", Ink::Keyword),
    ];
    names.into_iter().filter_map(|(name, ink)| Some((Scope::new(name).ok()?, ink))).collect()
});

/// The parts of a code that have an ink.
pub type Inked = Vec<(Range<usize>, Ink)>;

/// The parts of a code that have an ink, in order; nothing if its language is not known.
#[must_use]
pub fn inks(code: &Code) -> Inked {
    let mut found = Vec::new();
    let is_known = !code.language.is_empty() && code.text.len() <= CODE_BYTES;
    let name = code.language.split([' ', ',', '{']).next().unwrap_or_default();
    let Some(grammar) = is_known.then(|| GRAMMARS.find_syntax_by_token(name)).flatten() else { return found };
    let began = Instant::now();
    let (mut state, mut stack) = (ParseState::new(grammar), ScopeStack::new());
    let mut start = 0;
    for line in code.text.split_inclusive('\n') {
        if line.len() > LINE_BYTES || began.elapsed() > PATIENCE {
            break;
        }
        let Ok(changes) = state.parse_line(line, &GRAMMARS) else { break };
        let mut at = 0;
        for (place, change) in changes {
            add(&mut found, start + at..start + place, ink(&stack));
            at = place;
            if stack.apply(&change).is_err() {
                return found;
            }
        }
        add(&mut found, start + at..start + line.len(), ink(&stack));
        start += line.len();
    }
    found
}

fn ink(stack: &ScopeStack) -> Option<Ink> {
    let of = |scope: &Scope| INKS.iter().find(|(begin, _)| begin.is_prefix_of(*scope)).map(|(_, ink)| *ink);
    stack.as_slice().iter().rev().find_map(of)
}

fn add(found: &mut Vec<(Range<usize>, Ink)>, part: Range<usize>, ink: Option<Ink>) {
    let Some(ink) = ink.filter(|_| !part.is_empty()) else { return };
    match found.last_mut() {
        Some((last, known)) if last.end == part.start && *known == ink => last.end = part.end,
        _ => found.push((part, ink)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(language: &str, text: &str) -> String {
        let code = Code { language: language.to_owned(), text: text.to_owned() };
        let words = inks(&code).into_iter().map(|(part, ink)| format!("{ink:?} {}", text[part].trim()));
        words.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_parts_of_a_code_are_told_apart() {
        let rust = found("rust", "fn main() { let x = \"hi\"; } // done\n");
        assert!(rust.starts_with("Keyword fn, Function main"), "{rust}");
        assert!(rust.contains("Text \"hi\"") && rust.ends_with("Comment // done"), "{rust}");
        assert!(found("diff", "-old\n+new\n").contains("Removed -old, Added +new"));
        for language in ["python", "js", "ts", "toml", "sh", "json", "go", "c"] {
            assert!(!found(language, "a = \"x\" # 1 // 2\n").is_empty(), "{language}");
        }
    }

    #[test]
    fn what_is_not_known_or_too_long_keeps_one_colour() {
        assert_eq!(found("klingon", "let x\n"), "");
        assert_eq!(found("", "let x\n"), "");
        assert_eq!(found("rust", &"let x;\n".repeat(2_000)), "");
        assert_eq!(found("rust", &format!("let {};\n", "x".repeat(2_000))), "");
    }
}
