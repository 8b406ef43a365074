//! What keys do to a text.

use proptest::prelude::*;

use super::*;

/// The text after some edits, with `|` at the cursor.
fn after(text: &str, edits: &[Edit]) -> String {
    let mut composer = Composer::with_text(text);
    for edit in edits {
        composer.edit(*edit);
    }
    show(&composer)
}

fn show(composer: &Composer) -> String {
    let (line, byte) = composer.cursor();
    let mut lines = composer.lines().to_vec();
    lines[line].insert(byte, '|');
    lines.join("/")
}

#[test]
fn a_key_moves_or_deletes_what_people_see_as_one() {
    use Edit::*;
    for seen in ["👩‍👩‍👧", "🇩🇪", "e\u{301}", "👍🏽", "क्षि"] {
        assert_eq!(after(&format!("a{seen}"), &[Backspace]), "a|");
        assert_eq!(after(&format!("a{seen}b"), &[Left, Left]), format!("a|{seen}b"));
        assert_eq!(after(&format!("a{seen}b"), &[Home, Right, Right]), format!("a{seen}|b"));
        assert_eq!(after(&format!("a{seen}b"), &[Left, Left, Delete]), "a|b");
        assert_eq!(after(&format!("a{seen}"), &[Backspace, Undo]), format!("a{seen}|"));
    }
}

#[test]
fn readline_keys_do_what_fingers_expect() {
    use Edit::*;
    assert_eq!(after("one two three", &[KillBlankWord]), "one two |");
    assert_eq!(after("one two three", &[KillBlankWord, KillBlankWord]), "one |");
    assert_eq!(after("see a/b", &[KillWordBack]), "see a/|");
    assert_eq!(after("cafe\u{301}", &[KillWordBack]), "|");
    assert_eq!(after("one two", &[Home, KillWord]), "| two");
    assert_eq!(after("one two", &[WordLeft, KillToEnd]), "one |");
    assert_eq!(after("one two", &[WordLeft, KillToStart, End, Yank]), "twoone |");
    assert_eq!(after("a", &[NewLine, Insert('b'), Home, Backspace]), "a|b");
    assert_eq!(after("a\nb", &[Up, End, Delete]), "a|b");
    assert_eq!(
        after("ab", &[KillToStart, Insert('x'), Backspace, Yank]),
        "ab|",
        "letters leave the yank alone"
    );
}

#[test]
fn edges_are_harmless() {
    use Edit::*;
    assert_eq!(after("", &[Backspace, Delete, Left, Right, Up, Down, KillToEnd, KillWordBack]), "|");
    assert_eq!(after("e\u{301}e\u{301}\nab", &[Left, Up]), "e\u{301}|e\u{301}/ab");
}

#[test]
fn what_is_selected_is_replaced_cut_or_let_be() {
    use Edit::*;
    let left = Select(Go::Left);
    assert_eq!(after("one two", &[left, left, left, Insert('x')]), "one x|");
    assert_eq!(after("one two", &[left, left, left, Backspace]), "one |");
    assert_eq!(after("one two", &[Select(Go::WordLeft), KillToStart, Home, Yank]), "two|one ");
    assert_eq!(after("one two", &[SelectAll, Delete]), "|");
    assert_eq!(after("one two", &[SelectAll, Left, Insert('x')]), "one twx|o");
    let mut composer = Composer::with_text("a👩‍👩‍👧b\nc");
    assert_eq!(composer.selected(), None);
    for go in [Go::Up, Go::Home] {
        composer.edit(Select(go));
    }
    assert_eq!(composer.selected().as_deref(), Some("a👩‍👩‍👧b\nc"));
    assert!(composer.deselect());
    composer.go_to((0, 1), false);
    composer.go_to((0, "a👩‍👩‍👧".len()), true);
    assert_eq!(composer.selected().as_deref(), Some("👩‍👩‍👧"));
    assert!(composer.cut(true));
    assert_eq!(show(&composer), "a|b/c");
}

#[test]
fn undo_is_undone_by_redo() {
    use Edit::*;
    assert_eq!(after("one two", &[KillBlankWord, Undo]), "one two|");
    assert_eq!(after("one two", &[KillBlankWord, Undo, Redo]), "one |");
    assert_eq!(after("one two", &[Redo]), "one two|");
}

#[test]
fn kills_in_a_row_are_one_and_older_ones_come_back() {
    use Edit::*;
    assert_eq!(after("a b c", &[KillBlankWord, KillBlankWord, Home, Yank]), "b c|a ");
    let two = [KillBlankWord, Left, Right, KillBlankWord, Yank];
    assert_eq!(after("a b c", &two), "a b |");
    assert_eq!(after("a b c", &[two.as_slice(), &[YankOlder]].concat()), "a c|");
    assert_eq!(after("a b c", &[two.as_slice(), &[YankOlder, YankOlder]].concat()), "a b |");
    assert_eq!(after("a", &[YankOlder]), "a|");
    assert_eq!(after("a", &[KillToStart, Yank, Left, YankOlder]), "|a", "only after a yank");
}

#[test]
fn what_was_written_comes_back_after_a_command_took_its_place() {
    let mut composer = Composer::with_text("a thought");
    composer.replace_all("/topic ");
    assert_eq!(show(&composer), "/topic |");
    composer.edit(Edit::Yank);
    assert_eq!(show(&composer), "/topic a thought|");
    composer.edit(Edit::Undo);
    composer.edit(Edit::Undo);
    assert_eq!(show(&composer), "a thought|");
}

proptest! {
    #[test]
    fn edits_leave_the_cursor_on_an_edge(
        text in "(\\p{Emoji}|\\p{M}|\\p{Han}|\\p{Hebrew}|\u{200d}|\n|.){0,20}",
        keys in proptest::collection::vec((0usize..33, any::<char>()), 0..40),
        columns in 1usize..12,
    ) {
        let mut composer = Composer::with_text(&text);
        for (key, c) in keys {
            composer.edit(any_edit(key, c));
            show(&composer);
            let (line, byte) = composer.cursor();
            let edges = composer.lines()[line].grapheme_indices(true).map(|(at, _)| at);
            prop_assert!(byte == composer.lines()[line].len() || edges.into_iter().any(|at| at == byte));
            if composer.selection().is_some() {
                prop_assert!(composer.selected().is_some());
            }
            let (rows, cursor) = screen_rows(&composer, columns);
            prop_assert!(cursor.0 < rows.len());
            prop_assert!(cursor.1 <= columns.max(2));
            // A click stands on an edge as well.
            let clicked = place_at(&composer, columns, (byte % 5, line % 7));
            composer.go_to(clicked, byte % 2 == 0);
            prop_assert_eq!(composer.cursor(), clicked);
        }
    }
}

fn any_edit(key: usize, c: char) -> Edit {
    use Edit::*;
    let gos = [Go::Left, Go::Right, Go::WordLeft, Go::WordRight, Go::Home, Go::End, Go::Up, Go::Down];
    let all = [
        NewLine,
        Backspace,
        Delete,
        KillBlankWord,
        KillWordBack,
        KillWord,
        KillToEnd,
        KillToStart,
        Yank,
        YankOlder,
        Undo,
        Redo,
        SelectAll,
        Left,
        Right,
        WordLeft,
        WordRight,
        Home,
        End,
        Up,
        Down,
    ];
    match key.checked_sub(all.len()) {
        None => all[key],
        Some(at) => gos.get(at).map_or(Insert(c), |go| Select(*go)),
    }
}
