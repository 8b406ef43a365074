//! The browser of files: going through folders, filtering, looking into files, sending.

use crate::common::*;
use chat_proto::Timestamp;
use chat_tui::What;
use chat_tui::effect::Outcome;
use chat_tui::state::browser::{Entry, Folder, Shown};
use crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

fn folder(path: &str, names: &[&str]) -> Folder {
    let entry = |name: &&str| Entry {
        name: name.trim_end_matches('/').into(),
        is_folder: name.ends_with('/'),
        size: 48_213,
        changed: Some(Timestamp(NOW - 60 * MINUTE)),
    };
    Folder { path: path.into(), entries: names.iter().map(entry).collect(), is_cut: false }
}

/// The browser over a home with some files.
fn stage() -> Stage {
    let mut stage = Stage::team();
    assert_eq!(stage.keys(&["look at this", "Ctrl-X", "Ctrl-F"]).split(", ").last(), Some("folder ."));
    read(&mut stage, ".", folder("/home/mara", &["Pictures/", "src/", ".profile", "graph.png", "notes.txt"]));
    stage
}

fn read(stage: &mut Stage, asked: &str, folder: Folder) -> String {
    said(&stage.outcome(Outcome::FolderRead(asked.into(), Ok(folder))))
}

fn looked(stage: &mut Stage, path: &str, shown: Shown) -> String {
    said(&stage.outcome(Outcome::LookedInto(path.into(), shown)))
}

#[test]
fn a_folder_is_listed_with_a_look_beside_it() {
    let mut stage = stage();
    stage.screen(120, 24);
    let names = vec!["a.png".to_owned(), "b/".to_owned()];
    looked(&mut stage, "/home/mara/Pictures", Shown::Names(names, 2));
    let screen = stage.screen(120, 24);
    assert!(screen.contains("upload · /home/mara ─"), "{screen}");
    assert!(screen.contains("▸   Pictures/") && screen.contains("2 entries"), "{screen}");
    assert!(screen.contains("graph.png") && screen.contains("48 kB") && screen.contains("08:30"), "{screen}");
    assert!(!screen.contains(".profile"), "hidden names are left out\n{screen}");
    assert_eq!(stage.keys(&["Down", "Down", "Down"]), "look /home/mara/src", "one look at a time");
    let asked = looked(&mut stage, "/home/mara/src", Shown::Names(Vec::new(), 0));
    assert_eq!(asked, "look /home/mara/notes.txt", "then at what is chosen now");
    looked(&mut stage, "/home/mara/notes.txt", Shown::Text(vec!["buy\u{202e} milk".to_owned()]));
    let screen = stage.screen(120, 24);
    assert!(screen.contains("text · 48 kB") && screen.contains("milk"), "{screen}");
    assert!(!screen.contains('\u{202e}'));
    let narrow = stage.screen(60, 24);
    assert!(!narrow.contains("milk") && narrow.contains("notes.txt"), "{narrow}");
}

#[test]
fn keys_go_into_folders_and_up_again() {
    let mut stage = stage();
    assert_eq!(stage.keys(&["Down", "Enter"]), "folder /home/mara/src");
    read(&mut stage, "/home/mara/src", folder("/home/mara/src", &["main.rs"]));
    assert!(stage.screen(80, 24).contains("main.rs"));
    assert_eq!(stage.keys(&["Left"]), "folder /home/mara");
    read(&mut stage, "/home/mara", folder("/home/mara", &["Pictures/", "src/", "notes.txt"]));
    assert!(stage.screen(80, 24).contains("▸   src/"), "one stands where one was");
    assert_eq!(stage.keys(&["pi", "Backspace", "Backspace", "Backspace"]), "folder /home");
    assert_eq!(stage.keys(&["~/"]), "folder ~");
    let error = "cannot open /root: Permission denied".to_owned();
    stage.outcome(Outcome::FolderRead("~".into(), Err(error.clone())));
    assert!(stage.screen(80, 24).contains(&error));
    assert!(stage.screen(80, 24).contains("notes.txt"), "what was there stays");
}

#[test]
fn letters_filter_and_a_dot_shows_hidden_names() {
    let mut stage = stage();
    stage.keys(&["not"]);
    let screen = stage.screen(80, 24);
    assert!(screen.contains("notes.txt") && !screen.contains("graph.png"), "{screen}");
    stage.keys(&["Ctrl-U", ".pro"]);
    assert!(stage.screen(80, 24).contains(".profile"));
    stage.keys(&["Ctrl-U", "Ctrl-T"]);
    let screen = stage.screen(80, 24);
    assert!(screen.contains(".profile") && screen.contains("hides hidden"), "{screen}");
}

#[test]
fn a_file_goes_with_what_is_written_and_several_go_together() {
    let mut stage = stage();
    let sent = stage.keys(&["graph", "Enter"]);
    assert!(sent.contains("upload /home/mara/graph.png"), "{sent}");
    assert_eq!((stage.text().as_str(), stage.state.popup.is_none()), ("", true));
    let mut stage = self::stage();
    stage.keys(&["Down", "Down", "Tab", "Tab"]);
    assert!(stage.screen(80, 24).contains("2 marked"));
    let sent = stage.keys(&["Enter"]);
    assert!(sent.contains("upload /home/mara/graph.png, upload /home/mara/notes.txt"), "{sent}");
    // The next time it opens where one was.
    assert!(stage.keys(&["/upload", "Enter"]).ends_with("folder /home/mara"));
}

#[test]
fn the_mouse_goes_through_folders_too() {
    let mut stage = stage();
    let screen = stage.screen(80, 24);
    let at = |stage: &mut Stage, word: &str, screen: &str| {
        let row = screen.lines().position(|row| row.contains(word)).unwrap();
        let kind = MouseEventKind::Down(MouseButton::Left);
        let click =
            MouseEvent { kind, column: 10, row: u16::try_from(row).unwrap(), modifiers: KeyModifiers::NONE };
        said(&stage.input(What::Terminal(Event::Mouse(click))))
    };
    assert_eq!(at(&mut stage, "src/", &screen), "folder /home/mara/src");
    assert!(at(&mut stage, "notes.txt", &screen).contains("upload /home/mara/notes.txt"));
}

#[test]
fn it_fits_every_screen_and_hostile_names_are_harmless() {
    let mut stage = stage();
    stage.keys(&["Left"]);
    read(
        &mut stage,
        "/home",
        folder("/ho\u{7}me", &["evil\u{202e}gnp.exe", "a\u{1b}[2Jb/", "日本語の名前/"]),
    );
    for (columns, rows) in [(1, 1), (3, 2), (20, 5), (40, 12), (80, 24), (200, 50)] {
        let screen = stage.screen(columns, rows);
        assert!(!screen.contains(['\u{202e}', '\u{7}', '\u{1b}']));
        assert!(columns < 40 || screen.contains("evil"), "{screen}");
    }
}

#[test]
fn a_pasted_path_leads_to_its_folder() {
    let mut stage = stage();
    let told = said(&stage.input(What::Terminal(Event::Paste("/tmp/some where/cat.png".to_owned()))));
    assert_eq!(told, "folder /tmp/some where");
}

#[test]
fn where_one_may_not_write_nothing_opens() {
    let mut stage = Stage::team();
    let mut closed = room(DEPLOYS, "deploys", "");
    closed.rules.archived = true;
    stage.news(chat_client::Update::Conversations(vec![closed]));
    stage.keys(&["/upload", "Enter"]);
    assert!(stage.state.popup.is_none());
    assert!(stage.notice().contains("archived"), "{}", stage.notice());
}
