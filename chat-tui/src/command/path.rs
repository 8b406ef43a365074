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

#[cfg(test)]
mod tests {
    use super::first;

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
