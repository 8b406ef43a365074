//! Pictures among messages and over the whole screen.

use std::sync::Arc;

use crate::common::*;
use chat_proto::*;
use chat_tui::What;
use chat_tui::effect::{Effect, Outcome};
use chat_tui::settings::Images;
use chat_tui::state::pictures::{Drawing, Wanted};
use crossterm::event::{Event as TermEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use image::{DynamicImage, RgbImage};
use ratatui::layout::Size;
use ratatui_image::picker::{Picker, ProtocolType};
use ratatui_image::sliced::SlicedProtocol;
use uuid::Uuid;

fn graph() -> Attachment {
    let blurhash = Some("LEHV6nWB2yk8pyo0adR*.7kCMdnj".parse().unwrap());
    Attachment {
        id: FileId(Uuid::from_u128(9)),
        name: FileName::new("graph.png").unwrap(),
        size: 48_000,
        media_type: "image/png".parse().unwrap(),
        picture: Some(Picture { width: 640, height: 320, blurhash }),
    }
}

fn with_graph(images: Option<Images>) -> (Stage, Vec<Effect>) {
    let mut stage = Stage::team();
    stage.state.pictures.images = images;
    stage.screen(80, 30);
    let effects = stage.live(said_as(DEPLOYS, 8, 25, "ada", "look", |m| m.files = vec![graph()]));
    (stage, effects)
}

fn wanted(effects: &[Effect]) -> Wanted {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Picture(wanted, _) => Some(*wanted),
        _ => None,
    });
    found.expect("a picture is asked for")
}

fn drawing(kind: ProtocolType, wanted: Wanted) -> Drawing {
    let picture = DynamicImage::from(RgbImage::from_pixel(320, 160, image::Rgb([200, 10, 10])));
    let mut picker = Picker::halfblocks();
    picker.set_protocol_type(kind);
    let size = Size::new(wanted.columns, wanted.rows);
    Drawing(Arc::new(SlicedProtocol::new(&picker, picture, Some(size)).unwrap()))
}

/// The rows where texts stand, without what stands in place of the picture.
fn texts(screen: &str) -> Vec<(usize, String)> {
    let rows = screen.lines().enumerate().map(|(at, row)| (at, row.replace(['▀', '▄', ' '], "")));
    rows.filter(|(_, row)| row.chars().any(char::is_alphanumeric)).collect()
}

fn click(stage: &mut Stage, column: u16, row: u16) {
    let kind = MouseEventKind::Down(MouseButton::Left);
    stage.input(What::Terminal(TermEvent::Mouse(MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    })));
}

#[test]
fn no_text_moves_when_a_picture_comes() {
    let (mut stage, effects) = with_graph(Some(Images::Halfblocks));
    let wanted = wanted(&effects);
    assert!((wanted.columns / wanted.rows, wanted.whole) == (4, false), "{wanted:?}");
    let blurred = stage.screen(80, 30);
    assert_eq!(blurred.matches('▀').count(), usize::from(wanted.columns * wanted.rows), "{blurred}");
    assert_eq!(said(&stage.tick(1)), "", "asked for once");
    stage.outcome(Outcome::Picture(wanted, Ok(drawing(ProtocolType::Halfblocks, wanted))));
    assert!(stage.state.take_dirty());
    let shown = stage.screen(80, 30);
    assert_eq!(texts(&shown), texts(&blurred), "{shown}");
    let red = |buffer: &ratatui::buffer::Buffer| {
        buffer.content.iter().filter(|cell| cell.bg == ratatui::style::Color::Rgb(200, 10, 10)).count()
    };
    assert!(red(&stage.buffer(80, 30)) > 0);
    // At every size, scrolled or not.
    for (columns, rows) in [(80, 8), (40, 10), (20, 6), (10, 3), (3, 3), (1, 1), (200, 60)] {
        stage.screen(columns, rows);
        stage.keys(&["PageUp"]);
        stage.screen(columns, rows);
    }
}

#[test]
fn what_lies_over_a_picture_covers_it() {
    for kind in [ProtocolType::Kitty, ProtocolType::Sixel] {
        let images = if kind == ProtocolType::Kitty { Images::Kitty } else { Images::Sixel };
        let (mut stage, effects) = with_graph(Some(images));
        let wanted = wanted(&effects);
        stage.outcome(Outcome::Picture(wanted, Ok(drawing(kind, wanted))));
        let escapes = |stage: &mut Stage| {
            let buffer = stage.buffer(80, 30);
            buffer.content.iter().filter(|cell| cell.symbol().contains('\u{1b}')).count()
        };
        assert_eq!(escapes(&mut stage), 1, "{kind:?}");
        stage.keys(&["F1"]);
        assert_eq!(escapes(&mut stage), 0, "{kind:?}");
        stage.keys(&["Esc"]);
        assert!(stage.buffer(80, 30).content.iter().any(|cell| cell.symbol().len() > 4), "it is back");
    }
}

#[test]
fn without_pictures_it_is_a_line() {
    let (mut stage, effects) = with_graph(None);
    assert!(!said(&effects).contains("picture"));
    let screen = stage.screen(80, 30);
    assert!(screen.contains("▣ graph.png 640×320 48 kB") && !screen.contains('▀'));
}

#[test]
fn one_that_cannot_be_had_stays_blurred_and_is_not_asked_for_again() {
    let (mut stage, effects) = with_graph(Some(Images::Halfblocks));
    let wanted = wanted(&effects);
    stage.outcome(Outcome::Picture(wanted, Err("it cannot be opened".to_owned())));
    assert_eq!(said(&stage.tick(1)), "");
    assert!(stage.screen(80, 30).contains('▀'));
    assert!(stage.keys(&["Ctrl-L"]).contains("picture"), "drawing anew tries again");
}

#[test]
fn a_picture_is_opened_over_the_screen_and_saved() {
    let (mut stage, _) = with_graph(Some(Images::Halfblocks));
    let effects = stage.keys(&["/view", "Enter"]);
    assert!(effects.contains("picture 80x20 whole"), "{effects}");
    let screen = stage.screen(80, 30);
    assert!(
        screen.contains("fetching…") && screen.contains("▣ graph.png 640×320 48 kB  Esc closes · s saves")
    );
    assert_eq!(stage.keys(&["s"]), "save graph.png None");
    stage.keys(&["Esc"]);
    assert!(stage.state.popup.is_none());
    // A click on it does the same, one beside it does not.
    let row = stage.screen(80, 30).lines().position(|row| row.contains('▀')).unwrap() as u16;
    click(&mut stage, 76, row);
    assert!(stage.state.popup.is_none());
    click(&mut stage, 50, row);
    assert!(stage.state.popup.is_some());
    stage.screen(1, 1);
    click(&mut stage, 0, 0);
    assert!(stage.state.popup.is_none());
}
