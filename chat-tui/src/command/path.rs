//! A path among other words, as shells and terminals write it.

/// Takes the first path of a text, and gives what follows: `a b`, `"a b" c`, `'a b' c` and `a\ b c`
/// are understood, because that is how terminals drop files. `None` if a quote is not closed.
pub(super) fn first(text: &str) -> Option<(String, &str)> {
    let mut path = String::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => path.extend(chars.next().map(|(_, c)| c)),
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (c, None) if c.is_whitespace() => return Some((path, text[at..].trim())),
            (c, _) => path.push(c),
        }
    }
    quote.is_none().then_some((path, ""))
}

/// The commands whose first argument is a path.
const WITH_PATH: [&str; 2] = ["/upload ", "/save "];

/// The path that is being written as the argument of a command: where it begins in the line, and
/// itself. `None` where none is, or it has ended.
#[must_use]
pub(crate) fn begun(before: &str) -> Option<(usize, String)> {
    let command = WITH_PATH.iter().find(|command| before.starts_with(**command))?;
    let rest = &before[command.len()..];
    let start = before.len() - rest.trim_start().len();
    let text = &before[start..];
    // An open quote is closed for the look at what stands in it.
    let closed = ["", "\"", "'"].iter().find_map(|quote| {
        let whole = format!("{text}{quote}");
        first(&whole).filter(|(_, after)| after.is_empty()).map(|(path, _)| path)
    });
    let ends = text.ends_with(char::is_whitespace) && !text.ends_with("\\ ");
    let is_open = first(text).is_none();
    closed.filter(|_| is_open || !ends).map(|path| (start, path))
}

/// A path as it is read back.
#[must_use]
pub(crate) fn written(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_whitespace() || matches!(c, '\\' | '"' | '\'') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{begun, first, written};

    #[test]
    fn a_path_is_completed_while_it_is_written() {
        for (before, found) in [
            ("/upload ", Some((8, ""))),
            ("/upload ~/Pic", Some((8, "~/Pic"))),
            ("/upload  a", Some((9, "a"))),
            (r"/save my\ ca", Some((6, "my ca"))),
            ("/upload \"my ca", Some((8, "my ca"))),
            ("/upload a.png look", None),
            ("/upload a.png ", None),
            ("/uploads a", None),
            ("upload a", None),
        ] {
            assert_eq!(begun(before), found.map(|(at, path)| (at, path.to_owned())), "{before}");
        }
    }

    #[test]
    fn a_written_path_is_read_back() {
        for path in ["a b.png", "it's \"x\"", r"a\b", "日本 語"] {
            assert_eq!(first(&written(path)), Some((path.to_owned(), "")));
        }
    }

    #[test]
    fn a_path_is_read_as_terminals_write_it() {
        for (text, path, rest) in [
            ("a.png", "a.png", ""),
            ("a.png look here", "a.png", "look here"),
            ("\"my cat.png\" look", "my cat.png", "look"),
            ("'my cat.png'", "my cat.png", ""),
            (r"my\ cat.png look", "my cat.png", "look"),
            ("~/it's'.png", "~/its.png", ""),
            (r#""a \"b\".png" c"#, r#"a "b".png"#, "c"),
            ("", "", ""),
        ] {
            assert_eq!(first(text), Some((path.to_owned(), rest)), "{text}");
        }
        assert_eq!(first("\"open"), None);
    }
}
