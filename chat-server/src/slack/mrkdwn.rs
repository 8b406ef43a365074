//! Slack's text form: `<…>` for links and mentions, `&amp;` `&lt;` `&gt;` for themselves.
//! What is bold or code there is so here, and stays as it is.

/// The text as people read it.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        out.push_str(&unescaped(&rest[..open]));
        rest = &rest[open + 1..];
        let end = rest.find(['<', '>', '\n']).filter(|end| rest[*end..].starts_with('>'));
        match end.and_then(|end| Some((reference(&rest[..end])?, end))) {
            Some((shown, end)) => {
                out.push_str(&shown);
                rest = &rest[end + 1..];
            }
            // A sign of its own, from a tool that does not escape.
            None => out.push('<'),
        }
    }
    out.push_str(&unescaped(rest));
    out
}

/// What stands between `<` and `>`; `None` if it is neither a link nor a mention.
fn reference(inner: &str) -> Option<String> {
    let (target, label) = inner.split_once('|').unwrap_or((inner, ""));
    let label = unescaped(label);
    let named = |sign: char, name: &str| {
        let name = if label.is_empty() { name } else { &label };
        format!("{sign}{}", name.trim_start_matches(sign))
    };
    let first = target.chars().next()?;
    let rest = &target[first.len_utf8()..];
    match first {
        '@' if !rest.is_empty() => Some(named('@', rest)),
        '#' if !rest.is_empty() => Some(named('#', rest)),
        '!' => Some(match rest.split_once('^').map_or(rest, |(word, _)| word) {
            "here" => "@here".to_owned(),
            "channel" | "everyone" => "@room".to_owned(),
            "date" if !label.is_empty() => label,
            word => named('@', word),
        }),
        _ => link(target, &label),
    }
}

/// `label (url)`, or the address alone where the label says nothing else.
fn link(target: &str, label: &str) -> Option<String> {
    let (scheme, rest) = target.split_once(':')?;
    let is_scheme =
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !is_scheme || rest.is_empty() || target.contains(char::is_whitespace) {
        return None;
    }
    let url = unescaped(target);
    let bare = if matches!(scheme, "mailto" | "tel") { unescaped(rest) } else { url.clone() };
    let short = bare.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    if label.is_empty() || label == bare || label.trim_end_matches('/') == short {
        return Some(bare);
    }
    Some(format!("{label} ({bare})"))
}

/// The three escapes; `&amp;` last, so that `&amp;lt;` is `&lt;`.
fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn slack_text_reads_as_people_read_it() {
        for (slack, text) in [
            ("plain *bold* `code`", "plain *bold* `code`"),
            ("a &amp; b &lt;c&gt; &amp;lt;", "a & b <c> &lt;"),
            ("<https://ci.example/7>", "https://ci.example/7"),
            ("see <https://ci.example/7|build 7>!", "see build 7 (https://ci.example/7)!"),
            ("<http://example.org|example.org>", "http://example.org"),
            ("<https://x.org/?a=1&amp;b=2|x>", "x (https://x.org/?a=1&b=2)"),
            ("<mailto:a@x.org|a@x.org>", "a@x.org"),
            ("<mailto:a@x.org|Ada>", "Ada (a@x.org)"),
            ("<!here> <!channel> <!everyone>", "@here @room @room"),
            ("<!here|here> <!subteam^S1|@ops>", "@here @ops"),
            ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
            ("<@U024BE7LH>, <@U1|ada> and <@lin>", "@U024BE7LH, @ada and @lin"),
            ("in <#C024BE7LR|general>", "in #general"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
            ("<b>no html</b>", "<b>no html</b>"),
            ("Vec<String> <not a:link>", "Vec<String> <not a:link>"),
            ("<unclosed", "<unclosed"),
            ("<two\nlines>", "<two\nlines>"),
            ("<<https://x.org>>", "<https://x.org>"),
            ("<> <|> <@> <!>", "<> <|> <@> @"),
            ("", ""),
        ] {
            assert_eq!(plain(slack), text, "{slack}");
        }
    }
}
