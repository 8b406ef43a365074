//! What it looks like: themes, their choice, their pictures. A picture of a theme is one letter for each
//! look, with what the letters mean below it.

use std::collections::BTreeMap;

use crate::common::*;
use chat_client::Update;
use chat_tui::effect::Outcome;
use chat_tui::settings::{Colours, Source};
use chat_tui::theme::colour::Rgb;
use insta::assert_snapshot;
use ratatui::style::{Color, Modifier};

/// A chat with these settings and themes, on a terminal that shows all colours.
fn with(settings: &str, themes: &[(&str, &str)]) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("settings.toml"), settings).unwrap();
    std::fs::create_dir(dir.path().join("themes")).unwrap();
    for (name, text) in themes {
        std::fs::write(dir.path().join("themes").join(format!("{name}.toml")), text).unwrap();
    }
    let mut stage = Stage::team();
    stage.state.looks.colours = Colours::Full;
    let loaded = Source::in_folder(dir.path()).load();
    stage.outcome(Outcome::Settings(Box::new(loaded)));
    stage.news(Update::Typing { conversation: DEPLOYS, user: person("grace"), active: true });
    stage
}

/// A letter for the look of each cell, and what the letters mean.
fn looks(stage: &mut Stage, columns: u16, rows: u16) -> String {
    let buffer = stage.buffer(columns, rows);
    let mut letters: BTreeMap<String, char> = BTreeMap::new();
    let mut out = String::new();
    for row in buffer.content.chunks(usize::from(columns)) {
        for cell in row {
            let (fg, bg) = (cell.fg.to_string(), cell.bg.to_string());
            let look = format!("{fg} on {bg} {:?}", cell.modifier);
            let is_bare = cell.fg == Color::Reset && cell.bg == Color::Reset && cell.modifier.is_empty();
            let next = char::from(b'a' + u8::try_from(letters.len()).unwrap());
            out.push(if is_bare { '.' } else { *letters.entry(look).or_insert(next) });
        }
        out.push('\n');
    }
    let mut legend: Vec<_> = letters.into_iter().map(|(look, letter)| format!("{letter} = {look}")).collect();
    legend.sort();
    format!("{out}{}", legend.join("\n"))
}

#[test]
fn each_theme_has_its_picture() {
    for theme in ["dark", "light", "high-contrast", "16-colours", "no-colour"] {
        let mut stage = with(&format!("theme = \"{theme}\"\n"), &[]);
        stage.keys(&["Alt-M"]);
        assert_snapshot!(format!("theme_{theme}_60x14"), looks(&mut stage, 60, 14));
    }
}

#[test]
fn the_background_chooses() {
    let mut stage = with("", &[]);
    let first =
        |stage: &mut Stage| stage.buffer(80, 24).content.iter().map(|cell| cell.fg).collect::<Vec<_>>();
    assert!(
        first(&mut stage).iter().all(|fg| !matches!(fg, Color::Rgb(..))),
        "nothing is known: the terminal's own"
    );
    for (background, section) in
        [(Rgb(0, 0, 0), Color::Rgb(0x89, 0xaa, 0xf5)), (Rgb(255, 255, 255), Color::Rgb(0x1f, 0x4f, 0xbf))]
    {
        stage.state.looks.background = Some(background);
        stage.state.paint();
        assert!(first(&mut stage).contains(&section), "{background:?}");
    }
}

#[test]
fn a_theme_is_seen_before_it_is_taken_and_goes_by_esc() {
    let mut stage = with("", &[]);
    let is_filled =
        |stage: &mut Stage| stage.buffer(80, 24).content.iter().all(|cell| cell.bg != Color::Reset);
    stage.keys(&["/theme", "Enter"]);
    assert!(!is_filled(&mut stage));
    stage.keys(&["high"]);
    assert!(is_filled(&mut stage), "high-contrast fills the screen");
    stage.keys(&["Esc"]);
    assert!(!is_filled(&mut stage));
    assert_eq!(
        stage.keys(&["/theme", "Enter", "high", "Enter"]),
        "draft #deploys \"\", set theme high-contrast"
    );
    assert!(is_filled(&mut stage), "it holds at once");
    stage.keys(&["/theme nope", "Enter"]);
    assert_eq!(stage.notice(), "there is no theme nope; /theme lists them");
}

#[test]
fn a_theme_of_ones_own_builds_on_another_and_its_mistakes_are_told() {
    let mine = "base = \"dark\"\nsection = \"#00ff00\"\nmentoin = \"red\"\n";
    let mut stage = with("theme = \"mine\"\n", &[("mine", mine)]);
    assert_eq!(stage.notice(), "themes/mine.toml line 3: a theme has no mentoin; did you mean mention?");
    assert!(stage.buffer(80, 24).content.iter().any(|cell| cell.fg == Color::Rgb(0, 255, 0)));
    let missing = with("theme = \"mine\"\n", &[]);
    assert!(missing.notice().starts_with("settings.toml: there is no theme \"mine\"; use auto, dark"));
}

#[test]
fn without_colours_shapes_and_weight_are_left() {
    let mut stage = with("colours = \"none\"\ntheme = \"high-contrast\"\n", &[]);
    stage.keys(&["Ctrl-K"]);
    let buffer = stage.buffer(80, 24);
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    assert!(buffer.content.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)), "the chosen row");
}

#[test]
fn names_keep_their_colour() {
    let colour = |stage: &mut Stage| {
        let buffer = stage.buffer(100, 24);
        let at = buffer
            .content
            .iter()
            .position(|cell| cell.modifier.contains(Modifier::BOLD) && cell.symbol() == "l");
        buffer.content[at.unwrap()].fg
    };
    let mut stage = with("theme = \"dark\"\n", &[]);
    let before = colour(&mut stage);
    for n in 0..5 {
        stage.live(message(DEPLOYS, 8 + n, 25, "zoe", "hello"));
    }
    assert_eq!(colour(&mut stage), before);
}

#[test]
fn dots_move_while_somebody_types_and_then_nothing_does() {
    let mut stage = with("", &[]);
    let first = stage.screen(80, 24);
    assert!(stage.state.next_due_ms().unwrap() <= 500);
    stage.tick(500);
    assert_ne!(stage.screen(80, 24), first);
    stage.input(chat_tui::What::Terminal(crossterm::event::Event::FocusLost));
    assert!(stage.state.next_due_ms().unwrap() > 1_000, "nothing moves where nobody looks");
    let mut still = with("motion = false\n", &[]);
    let before = still.screen(80, 24);
    still.tick(500);
    assert_eq!(still.screen(80, 24), before);
}

#[test]
fn every_screen_can_be_had_from_narrow_to_wide() {
    for columns in [40, 60, 80, 120, 180, 250] {
        let mut stage = with("", &[]);
        assert_snapshot!(format!("wide_team_{columns}"), stage.screen(columns, 16));
        stage.keys(&["Ctrl-K"]);
        assert_snapshot!(format!("wide_palette_{columns}"), stage.screen(columns, 16));
        stage.keys(&["Esc", "/settings", "Enter"]);
        assert_snapshot!(format!("wide_settings_{columns}"), stage.screen(columns, 16));
        stage.keys(&["Esc", "F1"]);
        assert_snapshot!(format!("wide_help_{columns}"), stage.screen(columns, 16));
    }
}

#[test]
fn times_are_written_as_one_is_used_to() {
    use chat_tui::settings::{Clock, DayForm};
    let mut stage = Stage::team();
    stage.state.settings.clock = Clock::Hours12;
    let screen = stage.screen(80, 24);
    assert!(screen.contains("│ 9:14am  ada    morning!"), "{screen}");
    assert!(screen.contains("Tuesday 17 November"), "{screen}");
    stage.state.settings.day = DayForm::MonthDay;
    assert!(stage.screen(80, 24).contains("Tuesday, November 17"));
    stage.state.settings.day = DayForm::Iso;
    assert!(stage.screen(80, 24).contains("Tuesday 2026-11-17"));
    stage.ms += 4 * 60 * MINUTE as u64;
    stage.live(message(DEPLOYS, 8, 4 * 60, "lin", "after noon"));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("│ 1:00pm  lin    after noon"), "texts stay in line\n{screen}");
    let narrow = stage.screen(30, 24);
    assert!(narrow.contains("1:00pm lin") || narrow.contains("1:00pm  lin"), "{narrow}");
}

#[test]
fn what_is_said_has_the_rows_that_it_needs() {
    let mut stage = Stage::team();
    let before = stage.screen(60, 16);
    let long = "Open a conversation first: Ctrl-P, /join #room or /msg @user; or write to somebody who is here, \
                whom /who lists, with their names and with what they say of themselves, and so on and on and on";
    let (words, rest) = long.split_at(long.len() - 30);
    stage.outcome(Outcome::Refused(format!("{words}{rest}")));
    let screen = stage.screen(60, 16);
    let rows: Vec<&str> = screen.lines().collect();
    assert!(rows[10].contains("Open a conversation first") && rows[12].contains("…"), "{screen}");
    assert_eq!(rows[..10], before.lines().collect::<Vec<_>>()[..10], "only what it needs");
    stage.keys(&["Left"]);
    assert_eq!(stage.screen(60, 16), before, "with the next key it is gone");
    stage.outcome(Outcome::Refused("Short".into()));
    let screen = stage.screen(60, 16);
    assert_eq!(screen.lines().nth(11), before.lines().nth(11));
}

#[test]
fn hints_are_whole_and_can_be_done() {
    let mut stage = Stage::team();
    stage.screen(120, 24);
    for (keys, edits) in [(&["Alt-M"], true), (&["Up"], false)] {
        stage.keys(keys);
        for columns in [60, 80, 120, 200] {
            let screen = stage.screen(columns, 24);
            let row = screen.lines().find(|row| row.contains("r reply")).unwrap().to_owned();
            assert!(!row.contains('…'), "{row}");
            assert_eq!(row.contains("e edit"), edits, "only one's own: {row}");
        }
    }
}
