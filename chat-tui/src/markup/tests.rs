//! What people write, and how it is read.

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::*;

/// The text at so many columns: `*bold*`, `/italic/`, `~struck~`, `` `code` ``, `[link]`, `{remark}`.
fn drawn(raw: &str, columns: usize) -> String {
    let rich = Rich::of(raw, None);
    let row = |row: &Row| {
        let mut out = rich.prefix(row).to_owned();
        for part in rich.parts(row) {
            let mut piece = rich.part(part.range.clone()).to_owned();
            let signs = [
                (Look::BOLD, "*", "*"),
                (Look::ITALIC, "/", "/"),
                (Look::STRUCK, "~", "~"),
                (Look::HEADING, "#", "#"),
                (Look::REMARK, "{", "}"),
                (Look::WARNING, "!", "!"),
            ];
            for (_, begin, end) in signs.into_iter().filter(|(look, ..)| part.look.has(*look)) {
                piece = format!("{begin}{piece}{end}");
            }
            let is_code_in_line = part.look.has(Look::CODE) && rich.lines[row.line].code.is_none();
            out += &match (part.link, is_code_in_line) {
                (Some(_), _) => format!("[{piece}]"),
                (None, true) => format!("`{piece}`"),
                (None, false) => piece,
            };
        }
        out
    };
    rich.rows(columns).iter().map(row).collect::<Vec<_>>().join("|")
}

fn wide(raw: &str) -> String {
    drawn(raw, 200)
}

#[test]
fn what_is_marked_is_seen() {
    assert_eq!(wide("a **b** *c* _d_ ~~e~~ `f`"), "a *b* /c/ /d/ ~e~ `f`");
    assert_eq!(wide("***all***"), "/*all*/");
    assert_eq!(wide("# Title\ntext"), "#Title#|text");
    assert_eq!(wide("- one\n- two\n  - three"), "• one|• two|  • three");
    assert_eq!(wide("3. one\n4. two"), "3. one|4. two");
    assert_eq!((wide(" 1.\n"), wide(" -\n"), wide("  2)")), ("1. ".into(), "• ".into(), "2) ".into()));
    assert_eq!(wide("> said\n> so"), "▎ said|▎ so");
    assert_eq!(wide("---"), "{────────}");
}

#[test]
fn code_keeps_its_form() {
    assert_eq!(
        wide("see\n```rust\nfn a() {\n    *b*\n}\n```\nso"),
        "see|┌ {rust}|│ fn a() {|│     *b*|│ }|so"
    );
    assert_eq!(wide("```\nopen"), "│ open");
    assert_eq!(wide("```\na\n\nb\n```"), "│ a|│ |│ b");
    let rich = Rich::of("x\n```sh\nls -l\ncd\n```\n~~~\ny\n~~~", None);
    assert_eq!(rich.codes[0], Code { language: "sh".into(), text: "ls -l\ncd\n".into() });
    assert_eq!(rich.codes[1].text, "y\n");
}

#[test]
fn what_only_looks_like_markup_stays() {
    for same in [
        "2*3*4",
        "__init__.py",
        "snake_case_name",
        "~5 and 6~",
        "a\n===",
        "a\n---b",
        "[note]: text",
        "&amp; &#27;",
        "<b>bold</b>",
        "<!-- hidden -->",
        "*open",
        "`open",
        "[a](javascript:alert)",
        "    indented\n  text",
        "#room",
        "a\n\nb",
        "line\n  next",
        "1984 was a year",
        "-5",
        "C:\\dir",
        "https://x.org/~me/a_b_c",
    ] {
        let lines = same.replace('\n', "|");
        assert_eq!(wide(same).replace(['[', ']'], ""), lines.replace(['[', ']'], ""), "{same:?}");
    }
}

#[test]
fn an_answer_below_a_quotation_is_not_quoted() {
    assert_eq!(wide("> they said\nI say"), "▎ they said|I say");
    assert_eq!(wide("> a\n> > b\n> c"), "▎ a|▎ ▎ b|▎ c");
}

#[test]
fn tables_stand_in_columns() {
    assert_eq!(wide("|a|long|\n|-|-|\n|one|b|"), "*a*  {* │ *}*long*|one{ │ }b".replace("{* │ *}", "{ │ }"));
}

#[test]
fn links_say_where_they_lead() {
    assert_eq!(wide("see https://x.org/a."), "see [https://x.org/a].");
    assert_eq!(wide("[the docs](https://x.org/a) now"), "[the docs]{ ‹x.org›} now");
    assert_eq!(wide("[bank.com](https://evil.org)"), "[bank.com]! ⚠ evil.org!");
    assert_eq!(wide("<https://x.org> ada@x.org"), "[https://x.org] [ada@x.org]");
    assert_eq!(wide("`https://x.org`"), "`https://x.org`");
    assert_eq!(wide("#ops:42 **#ops:7**"), "[#ops:42] [*#ops:7*]");
    let rich = Rich::of("[a](https://x.org) b https://y.org", None);
    let targets: Vec<_> = rich.links.iter().map(|link| link.target.clone()).collect();
    assert_eq!(targets, [Target::Web("https://x.org/".into()), Target::Web("https://y.org/".into())]);
}

#[test]
fn rows_hang_below_their_marks() {
    assert_eq!(drawn("- ß🏽", 4), "• ß🏽", "a letter wider than the row");
    assert_eq!(drawn("- one two three", 9), "• one two|  three");
    assert_eq!(drawn("> one two", 7), "▎ one|▎ two");
    assert_eq!(drawn("> one", 2), "on|e", "where there is no room, only the words are left");
    assert_eq!(drawn("see https://x.org/long", 9), "see|[https://x]|[.org/long]");
}

#[test]
fn an_actor_stands_before_the_text() {
    let text = |raw| Rich::of(raw, Some("_a_")).text().to_owned();
    assert_eq!(text("waves"), "_a_ waves");
    assert_eq!(text("*waves*"), "_a_ waves");
    assert_eq!(text("- x"), "_a_ \n• x");
}

/// What has to be left of a text: its letters and digits.
fn ink(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Pieces of which hostile and honest messages are made; nothing in them may vanish.
fn piece() -> impl Strategy<Value = String> {
    let signs = "(\\*|_|`|~|#|>|-|\\+|1\\.|\\||\\\\|\\[|\\]|\\(|\\)|<|!|&|;|:|@|/|=){1,4}";
    let words = "[a-zäßж日本語שלוםمرحبا👩🏽‍🚀🇩🇪é]{1,8}";
    let others = "(\\p{Cc}|\\p{Cf}|\\p{M}|\\p{Emoji}|\u{202e}|\u{1b}\\]8;;|\u{9b}|\u{7}|.){1,6}";
    let blocks = "(\n|\n\n| |  |    |\t|```\n|```rs\n|~~~\n|> |- |\\|a\\|b\\|\n\\|-\\|-\\|\n|https://x.org/a_b|\\[x\\]\\(https://y.org\\))";
    prop_oneof![signs, words, others, blocks]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn everything_is_safe_and_fits(pieces in prop::collection::vec(piece(), 0..24), columns in 1usize..40) {
        let raw: String = pieces.concat();
        let rich = Rich::of(&raw, None);
        for row in rich.rows(columns) {
            let prefix = rich.prefix(&row);
            let parts: String = rich.parts(&row).map(|part| rich.part(part.range).to_owned()).collect();
            prop_assert_eq!(&parts, rich.part(row.range.clone()), "parts leave nothing out");
            let drawn = format!("{prefix}{parts}");
            // The sweep takes a joiner away that a break cut from what it joins.
            let swept = drawn.trim_matches(['\u{200c}', '\u{200d}']);
            prop_assert!(SafeText::is_safe_line(swept), "{:?}", drawn);
            let wide = text::width(prefix) + text::width(&parts);
            // A letter wider than a row has a row to itself, behind the mark of its item.
            let mark = if row.first { rich.lines[row.line].mark } else { 0 };
            let alone = parts[mark.min(parts.len())..].graphemes(true).filter(|g| text::grapheme_width(g) > 0).count() <= 1;
            prop_assert!(wide <= columns || alone, "{:?} in {}", drawn, columns);
        }
        for link in &rich.links {
            if let Target::Web(address) = &link.target {
                prop_assert!(address.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
        for code in &rich.codes {
            prop_assert!(SafeText::block(&code.text).as_str() == code.text);
            prop_assert!(SafeText::is_safe_line(&code.language));
        }
    }

    #[test]
    fn no_letter_is_lost(pieces in prop::collection::vec(piece(), 0..24), columns in 1usize..40) {
        // What a link hides is told by its domain; fences name their language in its own row.
        let raw: String = pieces.concat().replace("](", "] (");
        let rich = Rich::of(&raw, None);
        let rows: String = rich.rows(columns).iter().map(|row| rich.part(row.range.clone())).collect();
        let mut left = ink(&rows).chars().collect::<Vec<_>>().into_iter();
        for c in ink(SafeText::block(&raw).as_str()).chars() {
            prop_assert!(left.any(|kept| kept == c), "{:?} of {:?} in {:?}", c, raw, rows);
        }
    }
}
