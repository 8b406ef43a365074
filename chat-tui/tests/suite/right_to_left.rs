//! Hebrew and Arabic, alone and among Latin letters: cells hold the letters in the order in which they
//! were written, and the terminal draws them as it draws all such text. Nothing is cut, counted
//! twice or moved.

use chat_tui::text::{cut, fit, width, wrap};
use ratatui::Terminal;
use ratatui::backend::{Backend, TestBackend};

use crate::common::*;

const HEBREW: &str = "שלום לכולם, הגרסה החדשה יוצאת ביום חמישי בשעה 14:30 אחרי ישיבת הצוות";
const ARABIC: &str = "صباح الخير، تم إصدار النسخة الجديدة من البرنامج وكل شيء يعمل";
const POINTED: &str = "שָׁלוֹם";
const MIXED: &str = "ראיתי את release/46 ב-https://example.org/a?b=1 וזה עובד (v2.1)";

/// The letters of a text, without the places where rows break.
fn ink(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What the message pane shows, without names, times and frames, in order.
fn shown(stage: &mut Stage, columns: u16) -> String {
    let screen = stage.screen(columns, 24);
    screen.chars().filter(|c| !c.is_whitespace() && !matches!(c, '|' | '│' | '▌')).collect()
}

fn says(body: &str) -> Stage {
    let mut stage = Stage::team();
    stage.live(message(DEPLOYS, 8, 29, "lin", body));
    stage
}

/// Where the cursor stands, counted from where the composer's text begins.
fn cursor(stage: &Stage, columns: u16) -> u16 {
    let mut terminal = Terminal::new(TestBackend::new(columns, 24)).unwrap();
    terminal.draw(|frame| chat_tui::view(&stage.state, frame)).unwrap();
    let at = terminal.backend_mut().get_cursor_position().unwrap();
    let row =
        terminal.backend().buffer().content.chunks(usize::from(columns)).nth(usize::from(at.y)).unwrap();
    let begin = row.iter().position(|cell| cell.symbol() == "│" || cell.symbol() == "›").unwrap_or(0);
    at.x - u16::try_from(begin).unwrap()
}

#[test]
fn letters_are_a_column_and_points_are_none() {
    assert_eq!(width("שלום"), 4);
    assert_eq!(width(POINTED), 4, "points stand on their letters");
    assert_eq!(width("سلام"), 4);
    assert_eq!(width("abc שלום 12"), 11);
}

#[test]
fn rows_break_between_words_and_lose_nothing() {
    for text in [HEBREW, ARABIC, MIXED, POINTED] {
        for columns in [1, 3, 8, 17, 40] {
            let rows: Vec<&str> = wrap(text, columns).into_iter().map(|row| &text[row]).collect();
            assert_eq!(ink(&rows.concat()), ink(text), "in their order, at {columns}");
            assert!(rows.iter().all(|row| width(row) <= columns), "{rows:?} at {columns}");
        }
        let widest = text.split(' ').map(width).max().unwrap();
        let words = wrap(text, widest).into_iter().all(|row| !text[row.clone()].starts_with(' '));
        assert!(words, "no word is broken where it fits");
    }
    assert_eq!(cut("שלום לכולם", 6), "שלום …", "the end of what was written is what goes");
    assert_eq!(width(&fit(POINTED, 6)), 6);
}

#[test]
fn a_message_is_whole_beside_the_name_of_who_wrote_it() {
    for body in [HEBREW, ARABIC, MIXED] {
        for columns in [120, 80, 60, 40] {
            let mut stage = says(body);
            let screen = stage.screen(columns, 24);
            let first = body.split(' ').next().unwrap();
            let row = screen.lines().find(|row| row.contains(first)).unwrap();
            let stacked = screen.lines().any(|row| row.contains("lin") && row.contains("09:29"));
            assert!(stacked, "name and time stand as always:\n{screen}");
            assert!(!row.contains('…'), "{row}");
            assert!(shown(&mut stage, columns).contains(&ink(body)[..]) || columns < 80, "{screen}");
            let all = shown(&mut stage, columns);
            assert!(body.split(' ').all(|word| all.contains(word)), "{screen}");
        }
    }
}

#[test]
fn the_cursor_and_what_is_selected_follow_the_order_of_writing() {
    let mut stage = Stage::team();
    stage.screen(80, 24);
    let begin = cursor(&stage, 80);
    stage.keys(&["שלום abc"]);
    assert_eq!(cursor(&stage, 80), begin + 8);
    stage.keys(&["Left", "Left", "Left", "Left"]);
    assert_eq!(cursor(&stage, 80), begin + 4, "behind the last Hebrew letter");
    stage.keys(&["Backspace"]);
    assert_eq!(stage.text(), "שלו abc", "the letter written last goes");
    stage.keys(&["Home", "x"]);
    assert_eq!(stage.text(), "xשלו abc");
    stage.keys(&["End", "Alt-Backspace", "Alt-Backspace"]);
    assert_eq!(stage.text(), "", "words are words");

    stage.keys(&[POINTED]);
    assert_eq!(cursor(&stage, 80), begin + 4);
    stage.keys(&["Left", "Del"]);
    assert_eq!(stage.text(), "שָׁלוֹ", "a letter goes with its points");
}

#[test]
fn what_is_marked_is_what_is_selected() {
    let mut stage = Stage::team();
    stage.screen(80, 24);
    stage.keys(&["שלום abc"]);
    let select = crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Left,
        crossterm::event::KeyModifiers::SHIFT,
    );
    for _ in 0..5 {
        stage.input(chat_tui::What::Terminal(crossterm::event::Event::Key(select)));
    }
    let mut before = Stage::team();
    before.screen(80, 24);
    before.keys(&["שלום abc"]);
    let plain = before.buffer(80, 24);
    let buffer = stage.buffer(80, 24);
    let places = buffer.content.iter().zip(&plain.content);
    let marked = places.filter(|(cell, before)| cell.bg != before.bg || cell.modifier != before.modifier);
    let text: String = marked.map(|(cell, _)| cell.symbol()).collect();
    assert_eq!(text.trim_end(), "ם abc");
}

#[test]
fn nobody_turns_the_row_of_somebody_else() {
    let mut stage = says("\u{202e}שלום\u{2066} \u{200f}abc\u{061c}");
    let screen = stage.screen(80, 24);
    let is_control = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!screen.contains(is_control), "{screen}");
    assert!(screen.contains("שלום abc"), "{screen}");
}
