//! Files on the screen: sent, shown, saved, and what is told when that fails.

use std::path::PathBuf;

use crate::common::*;
use chat_client::{Delivery, Draft, Enclosure};
use chat_proto::*;
use chat_tui::effect::{Effect, Outcome, Tell};
use uuid::Uuid;

fn attachment(name: &str, size: u64, pixels: Option<(u32, u32)>) -> Attachment {
    let picture = pixels.map(|(width, height)| Picture { width, height, blurhash: None });
    let media_type = MediaType::bytes();
    let id = name.bytes().fold(7, |sum: u128, byte| sum * 131 + u128::from(byte));
    Attachment {
        id: FileId(Uuid::from_u128(id)),
        name: FileName::new(name).unwrap(),
        size,
        media_type,
        picture,
    }
}

fn enclosure(name: &str) -> Enclosure {
    Enclosure { id: FileId(Uuid::from_u128(7)), name: FileName::new(name).unwrap() }
}

/// The team's morning, with a graph from grace and two files from lin.
fn stage() -> Stage {
    let mut stage = Stage::team();
    stage.screen(80, 24);
    stage.live(said_as(DEPLOYS, 8, 23, "grace", "graph attached", |m| {
        m.files = vec![attachment("latency.png", 48_213, Some((640, 320)))];
    }));
    stage.live(said_as(DEPLOYS, 9, 24, "lin", "x", |m| {
        m.body = Body::default();
        m.files = vec![attachment("a.txt", 12, None), attachment("b.tar.gz", 1_500_000, None)];
        m.reply_to = Some(Seq(8));
    }));
    stage
}

#[test]
fn files_stand_below_their_message_or_in_its_place() {
    let screen = stage().screen(100, 24);
    let rows: Vec<&str> = screen.lines().map(|line| line.get(25..).unwrap_or_default().trim()).collect();
    let at = screen.lines().position(|row| row.contains("graph attached") && row.contains("grace")).unwrap();
    let graph = screen.lines().position(|row| row.contains("▣ latency.png 640×320 48 kB")).unwrap();
    assert!(graph > at, "{screen}");
    assert!(screen.contains("▣ a.txt 12 B") && screen.contains("▣ b.tar.gz 1.5 MB"), "{rows:?}");
    assert!(screen.contains("│ grace: graph attached"), "{screen}");
}

#[test]
fn an_upload_is_shown_and_its_message_goes_when_it_has_arrived() {
    let mut stage = stage();
    let effects = stage.keys(&["/upload \"/tmp/my graph.png\" look here", "Enter"]);
    assert!(effects.contains("upload /tmp/my graph.png"), "{effects}");
    assert_eq!(stage.text(), "");
    assert!(stage.screen(80, 24).contains("↑ my graph.png 0%"));
    stage.outcome(Outcome::Carried(1, 42, 100));
    assert!(stage.screen(80, 24).contains("↑ my graph.png 42%"));
    // The person has gone elsewhere meanwhile; the message goes where it was meant to.
    stage.keys(&["Alt-1"]);
    let effects = stage.outcome(Outcome::Uploaded(1, Ok(enclosure("my graph.png"))));
    let [Effect::Tell(Tell::Send(sent))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((sent.conversation, sent.body.as_str()), (DEPLOYS, "look here"));
    assert_eq!(sent.files, [enclosure("my graph.png")]);
    assert!(!stage.screen(80, 24).contains("my graph.png"), "nothing is on its way any more");
    let again = stage.outcome(Outcome::Uploaded(1, Ok(enclosure("my graph.png"))));
    assert!(again.is_empty(), "once");
}

#[test]
fn a_message_on_its_way_shows_its_files() {
    let mut stage = stage();
    let files = vec![enclosure("latency.png")];
    let draft = Draft { files, ..Draft::new(DEPLOYS, Body::default()) };
    stage.news(going(5, draft, Delivery::Queued));
    assert!(stage.screen(80, 24).contains("▣ latency.png"));
}

#[test]
fn what_cannot_be_uploaded_says_why_and_loses_nothing() {
    let mut stage = stage();
    stage.keys(&["/upload /tmp/x.png look", "Enter"]);
    let error = || "cannot use /tmp/x.png: no such file".to_owned();
    assert_eq!(said(&stage.outcome(Outcome::Uploaded(1, Err(error())))), "find file /tmp/x.png look");
    stage.outcome(Outcome::FileFound(1, Err(error())));
    assert_eq!(stage.notice(), "Not uploaded: cannot use /tmp/x.png: no such file");
    assert_eq!(stage.text(), "/upload /tmp/x.png look");
    let mut stage = self::stage();
    stage.keys(&["/upload /tmp/x.png", "Enter"]);
    assert_eq!(said(&stage.outcome(Outcome::Uploaded(1, Err(error())))), "", "there is nothing more to try");
    assert_eq!(stage.text(), "/upload /tmp/x.png");
}

#[test]
fn a_path_with_blanks_is_found_without_quotes() {
    let mut stage = stage();
    stage.keys(&["/upload /tmp/my cat.png look", "Enter"]);
    let asked = stage.outcome(Outcome::Uploaded(1, Err("cannot use /tmp/my: no such file".to_owned())));
    assert_eq!(said(&asked), "find file /tmp/my cat.png look");
    stage.keys(&["Alt-1"]);
    let found = Ok((PathBuf::from("/tmp/my cat.png"), "look".to_owned()));
    assert_eq!(said(&stage.outcome(Outcome::FileFound(1, found))), "upload /tmp/my cat.png");
    let effects = stage.outcome(Outcome::Uploaded(2, Ok(enclosure("my cat.png"))));
    assert_eq!(said(&effects), "send #deploys look", "where it was written");
}

#[test]
fn files_of_the_chosen_or_newest_message_are_saved() {
    let mut stage = stage();
    let effects = stage.keys(&["/save", "Enter"]);
    assert!(effects.ends_with("save a.txt None, save b.tar.gz None"), "{effects}");
    assert!(stage.screen(80, 24).contains("↓ a.txt 0% and 1 more"));
    stage.outcome(Outcome::Saved(1, Ok(PathBuf::from("/home/mara/Downloads/a.txt"))));
    assert_eq!(stage.notice(), "Saved /home/mara/Downloads/a.txt");
    stage.outcome(Outcome::Saved(2, Err("the connection was cut".to_owned())));
    assert_eq!(stage.notice(), "Not saved: the connection was cut");
    assert_eq!(stage.keys(&["Alt-M", "Up", "s"]), "save latency.png None");
    let effects = stage.keys(&["/save my files", "Enter"]);
    let there = r#"save a.txt Some("my files"), save b.tar.gz Some("my files")"#;
    assert!(effects.ends_with(there), "{effects}");
    stage.keys(&["Alt-M", "Up", "Up", "s"]);
    assert_eq!(stage.notice(), "This message has no files");
}

#[test]
fn too_many_at_once_wait() {
    let mut stage = stage();
    for n in 0..8 {
        stage.keys(&[&format!("/upload /tmp/{n}"), "Enter"]);
    }
    let effects = stage.keys(&["/upload /tmp/more", "Enter"]);
    assert!(!effects.contains("upload"), "{effects}");
    assert_eq!(stage.notice(), "8 files are on their way; wait for some of them");
    stage.keys(&["Ctrl-C"]);
    assert!(stage.notice().starts_with("Files are on their way"), "{}", stage.notice());
}

#[test]
fn own_uploads_are_listed_and_those_in_no_message_can_go() {
    let mut stage = Stage::team();
    assert!(stage.keys(&["/files", "Enter"]).ends_with("file.list limit=200"));
    let own = |name: &str, at: &[u64]| {
        let messages = at.iter().map(|seq| Position { conversation: DEPLOYS, seq: Seq(*seq) });
        OwnFile {
            file: attachment(name, 2_000_000, None),
            at: Timestamp(0),
            received: None,
            used: !at.is_empty(),
            messages: messages.collect(),
        }
    };
    let files = vec![own("notes.txt", &[4]), own("leftover.txt", &[])];
    let page = FilePage { files, used: 4_000_000, quota: Some(1_000_000_000), more: false };
    let ask = Request::ListFiles(ListFiles { before: None, limit: Some(200) });
    let answer = || Box::new(Answer::ListFiles(page.clone()));
    stage.outcome(Outcome::Looked(Box::new(ask.clone()), answer()));
    let screen = stage.screen(100, 24);
    assert!(screen.contains("your files") && screen.contains("#deploys:4"), "{screen}");
    assert!(screen.contains("in no message; Enter deletes it"), "{screen}");
    stage.keys(&["Enter"]);
    assert_eq!(stage.state.found, Some(Seq(4)), "it leads to its message");
    stage.outcome(Outcome::Looked(Box::new(ask), answer()));
    assert_eq!(stage.keys(&["Down", "Enter"]), "");
    assert!(stage.state.confirm.is_some(), "it is asked first");
    let told = stage.keys(&["y"]);
    assert!(told.starts_with("file.delete file=") && told.ends_with("file.list limit=200"), "{told}");
}

/// The row of the pane with this word, without the list and the blanks around it.
fn row_with(screen: &str, word: &str) -> String {
    let row = screen.lines().find(|row| row.contains(word) && row.contains(['█', '░']));
    let row = row.unwrap_or_else(|| panic!("no {word} in\n{screen}"));
    row.split('│').next_back().unwrap_or(row).trim_matches(['|', ' ']).to_owned()
}

#[test]
fn uploads_stand_where_their_messages_will_stand() {
    let mut stage = stage();
    stage.keys(&["/upload /tmp/graph.png look", "Enter", "/upload /tmp/notes.txt", "Enter"]);
    stage.outcome(Outcome::Carried(1, 1_000_000, 4_000_000));
    let screen = stage.screen(120, 24);
    let graph = screen.lines().position(|row| row.contains("↑ graph.png ███░░░░░░░░░ 25%")).expect(&screen);
    assert!(screen.contains("↑ graph.png ███░░░░░░░░░ 25% · 1 MB of 4 MB · click stops"), "{screen}");
    assert!(screen.contains("↑ notes.txt ░░░░░░░░░░░░ 0% · Alt-X stops"), "{screen}");
    let last = screen.lines().position(|row| row.contains("b.tar.gz")).unwrap();
    assert!(graph > last, "below the newest message\n{screen}");
    // Elsewhere there is only the line above the composer.
    stage.keys(&["Alt-2"]);
    assert!(!stage.screen(120, 24).contains('█'));
    stage.keys(&["Alt-/"]);
    stage.outcome(Outcome::Uploaded(1, Ok(enclosure("graph.png"))));
    let screen = stage.screen(120, 24);
    assert!(!screen.contains("graph.png ░") && !screen.contains("graph.png █"), "{screen}");
    assert_eq!(stage.keys(&["Alt-X"]), "abandon");
    assert!(!stage.screen(120, 24).contains("notes.txt"));
}

#[test]
fn an_upload_into_a_thread_stands_in_the_thread() {
    let mut stage = stage();
    stage.keys(&["Alt-M", "t", "/upload /tmp/graph.png", "Enter"]);
    let screen = stage.screen(160, 24);
    let row = screen.lines().find(|row| row.contains("↑ graph.png ░")).expect(&screen);
    let column = row.chars().position(|c| c == '↑').unwrap();
    assert!(column > 80, "in the right half\n{screen}");
}

#[test]
fn a_download_stands_below_its_message_and_a_click_stops_it() {
    let mut stage = stage();
    stage.keys(&["Alt-M", "Up", "s"]);
    stage.outcome(Outcome::Carried(1, 24_000, 48_213));
    let screen = stage.screen(80, 24);
    assert!(row_with(&screen, "latency.png").starts_with("↓ latency.png █████░░░░░░░ 49%"), "{screen}");
    let at = screen.lines().position(|row| row.contains("█")).unwrap();
    let newer = screen.lines().position(|row| row.contains("a.txt")).unwrap();
    assert!(at < newer, "below its own message, above the next\n{screen}");
    let column = screen.lines().nth(at).unwrap().chars().position(|c| c == '█').unwrap() - 1;
    click(&mut stage, u16::try_from(column).unwrap(), u16::try_from(at).unwrap());
    assert_eq!(
        stage.state.confirm.as_ref().map(|asked| &*asked.question),
        Some("Stop latency.png? y stops it")
    );
    assert_eq!(stage.keys(&["y"]), "abandon");
}

#[test]
fn a_file_on_its_way_fits_every_width_and_says_nothing_hostile() {
    for columns in [1, 8, 20, 40, 80, 200] {
        let mut stage = stage();
        stage.keys(&["/upload \"/tmp/evil\u{202e}\u{7}gnp.exe\" x", "Enter"]);
        stage.outcome(Outcome::Carried(1, 99, 100));
        let screen = stage.screen(columns, 24);
        assert!(!screen.contains(['\u{202e}', '\u{7}']));
        assert!(columns < 40 || screen.contains("99%"), "{columns}\n{screen}");
    }
}

fn click(stage: &mut Stage, column: u16, row: u16) {
    use crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let kind = MouseEventKind::Down(MouseButton::Left);
    let click = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    stage.input(chat_tui::What::Terminal(Event::Mouse(click)));
}
