//! Reading: links, code, days, several messages at once, the newest lines while one looks back.

use std::collections::BTreeSet;

use crate::common::*;
use chat_client::Update;
use chat_proto::*;
use chat_tui::effect::{Effect, Outcome};
use chat_tui::markup::code::inks;
use chat_tui::{LinkRun, What, view_and_links};
use crossterm::event::{Event as TermEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

/// A stage with one message in the open room, said by ada.
fn says(body: &str) -> Stage {
    let mut stage = Stage::team();
    stage.live(message(DEPLOYS, 8, 25, "ada", body));
    stage.buffer(80, 24);
    stage
}

fn links(stage: &mut Stage, columns: u16, rows: u16) -> Vec<LinkRun> {
    stage.input(What::Terminal(TermEvent::Resize(columns, rows)));
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut found = Vec::new();
    terminal.draw(|frame| found = view_and_links(&stage.state, frame)).unwrap();
    found
}

fn click(stage: &mut Stage, text: &str) -> String {
    let screen = stage.screen(80, 24);
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
    let column = chat_tui::text::width(&line[1..line.find(text).unwrap()]);
    let mouse = MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: column as u16,
        row: row as u16,
        modifiers: crossterm::event::KeyModifiers::NONE,
    };
    said(&stage.input(What::Terminal(TermEvent::Mouse(mouse))))
}

/// Forty messages of one each minute.
fn long() -> Stage {
    let mut stage = Stage::team();
    let messages = (8..60).map(|seq| message(DEPLOYS, seq, 22 + seq as i64, "lin", &format!("line {seq}")));
    stage.history(DEPLOYS, messages.collect());
    stage.buffer(80, 24);
    stage
}

#[test]
fn markdown_is_shown_as_it_is_meant() {
    let mut stage = says("**bold** and `code`\n- one\n- two\n> said\nanswer\n```rust\nfn a() {}\n```");
    insta::assert_snapshot!("markdown_80x24", stage.screen(80, 24));
    insta::assert_snapshot!("markdown_34x20", stage.screen(34, 20));
}

#[test]
fn code_gets_its_colours_once() {
    let mut stage = Stage::team();
    let asked = said(&stage.live(message(DEPLOYS, 8, 25, "ada", "```rust\nfn a() {}\n```")));
    assert!(asked.contains("ink rust"), "{asked}");
    let again = stage.live(message(DEPLOYS, 9, 26, "ada", "```rust\nfn a() {}\n```"));
    let code = again.iter().find_map(|effect| if let Effect::Ink(code) = effect { Some(code) } else { None });
    assert!(code.is_none(), "the same code is looked at once");
    let code = chat_tui::markup::Code { language: "rust".into(), text: "fn a() {}\n".into() };
    let plain = stage.buffer(80, 24);
    stage.outcome(Outcome::Inked(code.clone(), inks(&code)));
    let coloured = stage.buffer(80, 24);
    assert_ne!(plain, coloured);
    let text =
        |buffer: &ratatui::buffer::Buffer| buffer.content.iter().map(|c| c.symbol()).collect::<String>();
    assert_eq!(text(&plain), text(&coloured), "only the looks change");
}

#[test]
fn a_link_is_told_to_the_terminal_on_all_its_rows_and_nowhere_else() {
    let mut stage =
        says("https://example.org/a/very/long/path/that/goes/over/several/rows/of/the/screen/for/sure");
    let runs = links(&mut stage, 80, 24);
    assert!(runs.len() >= 2, "{runs:?}");
    assert!(runs.iter().all(|run| run.id == runs[0].id && run.address == runs[0].address));
    let shown: u16 = runs.iter().map(|run| run.cells).sum();
    assert_eq!(usize::from(shown), runs[0].address.len());
    stage.keys(&["F1"]);
    assert_eq!(links(&mut stage, 80, 24), [], "what covers a link takes it away");
    stage.keys(&["Esc"]);
    stage.state.settings.links = false;
    assert_eq!(links(&mut stage, 80, 24), []);
}

#[test]
fn no_link_carries_anything_but_plain_ascii() {
    for hostile in [
        "https://x.org/\u{1b}]8;;\u{7}",
        "[a](https://x.org/\u{9c}\u{202e})",
        "<https://x.org/\u{2066}ü>",
        "[\u{1b}]52;c;a\u{7}](https://x.org/%1b)",
        "https://аррӏе.com/\u{200f}",
    ] {
        let mut stage = says(hostile);
        for run in links(&mut stage, 60, 20) {
            assert!(run.address.bytes().all(|byte| byte.is_ascii_graphic()), "{run:?}");
        }
        for cell in &stage.buffer(60, 20).content {
            assert!(SafeText::is_safe_line(cell.symbol()), "{:?}", cell.symbol());
        }
    }
}

#[test]
fn a_letter_opens_a_link_and_its_capital_copies_it() {
    let mut stage = says("see https://a.org and #deploys:4");
    stage.keys(&["Alt-O"]);
    assert!(stage.screen(80, 24).contains("see attps://a.org and sdeploys:4"), "{}", stage.screen(80, 24));
    assert_eq!(stage.keys(&["a"]), "visit https://a.org/");
    assert_eq!(stage.keys(&["Alt-O", "A"]), "copy \"https://a.org/\"");
    assert_eq!(stage.keys(&["Alt-O", "S"]), "copy \"#deploys:4\"");
    stage.keys(&["Alt-O", "s"]);
    assert_eq!(stage.state.found, Some(Seq(4)), "a place is gone to");
    stage.keys(&["Esc"]);
    assert_eq!(stage.keys(&["Alt-O", "Esc"]), "", "anything else ends it");
}

#[test]
fn a_link_that_looks_like_another_is_asked_about() {
    let mut stage = says("[bank.com](https://evil.org)");
    assert!(stage.screen(80, 24).contains("bank.com ⚠ evil.org"));
    assert_eq!(stage.keys(&["Alt-O", "a"]), "");
    assert!(stage.screen(80, 24).contains("Open https://evil.org/? y does"));
    assert_eq!(stage.keys(&["n", "Alt-O", "a", "y"]), "visit https://evil.org/");
}

#[test]
fn a_click_follows_what_it_hits() {
    let mut stage = says("see https://a.org now");
    assert_eq!(click(&mut stage, "https"), "visit https://a.org/");
    assert_eq!(click(&mut stage, "now"), "");
    let mut stage = Stage::team();
    stage.live(said_as(DEPLOYS, 8, 25, "ada", "why?", |m| m.reply_to = Some(Seq(5))));
    click(&mut stage, "│ lin: yes");
    assert_eq!(stage.state.found, Some(Seq(5)));
    let mut stage = Stage::team();
    let given = |emoji: &str, users: &[&str]| Reaction {
        emoji: Emoji::new(emoji).unwrap(),
        users: users.iter().map(|name| person(name).id).collect(),
    };
    let reactions = vec![given("👍", &["ada", "lin"]), given("🎉", &["lin"])];
    stage.live(said_as(DEPLOYS, 8, 25, "ada", "done", |m| m.reactions = reactions));
    assert_eq!(click(&mut stage, "🎉 1"), "message.react #deploys emoji=🎉 on=true seq=8");
    assert_eq!(click(&mut stage, "👍 2"), "message.react #deploys emoji=👍 on=true seq=8");
}

#[test]
fn the_words_of_somebody_blocked_are_not_quoted() {
    let mut stage = Stage::team();
    stage.live(said_as(DEPLOYS, 8, 25, "ada", "why?", |m| m.reply_to = Some(Seq(5))));
    assert!(stage.screen(80, 24).contains("│ lin: yes, 5%"));
    stage.news(Update::Blocked(BTreeSet::from([person("lin").id])));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("│ a message by somebody you block") && !screen.contains("yes, 5%"), "{screen}");
    stage.keys(&["Alt-M", "Up", "Up", "Up", "r"]);
    assert!(!stage.screen(80, 24).contains("yes, 5%"));
}

#[test]
fn several_messages_and_pieces_of_code_are_copied() {
    let mut stage = says("```sh\nls\n```\nor\n```\ncd\n```");
    stage.keys(&["Alt-M", "c"]);
    assert_eq!(stage.keys(&["Down", "Enter"]), "copy \"cd\\n\"");
    stage.keys(&["Esc", "Alt-M", "Up", "K"]);
    let copied = stage.keys(&["y"]);
    assert!(copied.contains("grace: graph attached") && copied.contains("mara: looks good"), "{copied}");
    assert!(!copied.contains("ls"), "{copied}");
}

#[test]
fn the_newest_lines_stay_while_one_looks_back() {
    let mut stage = long();
    assert!(!stage.screen(80, 24).contains("newest ↓"));
    stage.keys(&["PageUp"]);
    let screen = stage.screen(80, 24);
    assert!(screen.contains("newest ↓") && screen.contains("line 59"), "{screen}");
    stage.live(message(DEPLOYS, 60, 85, "ada", "and now?"));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("1 new ↓") && screen.contains("and now?"), "{screen}");
    assert!(!stage.screen(80, 12).contains("1 new ↓ ─"), "a low screen is for what one reads");
    stage.keys(&["Esc"]);
    assert!(!stage.screen(80, 24).contains("new ↓"));
}

#[test]
fn scrolling_moves_what_one_reads_by_the_rows_that_were_meant() {
    let mut stage = long();
    let row_of = |stage: &mut Stage| {
        let screen = stage.screen(80, 24);
        screen
            .lines()
            .position(|line| line.contains("line 45 ") || line.trim_end_matches('|').ends_with("line 45"))
    };
    let mut before = row_of(&mut stage).unwrap();
    for _ in 0..6 {
        stage.input(What::Terminal(TermEvent::Mouse(MouseEvent {
            kind: MouseEventKind::ScrollUp,
            column: 40,
            row: 5,
            modifiers: crossterm::event::KeyModifiers::NONE,
        })));
        let Some(after) = row_of(&mut stage) else { break };
        assert_eq!(after, before + 3);
        before = after;
    }
}

/// The newest rows take some of the pane with the first page up, and nothing may be skipped for them.
#[test]
fn pages_have_rows_in_common_where_the_newest_rows_come_and_go() {
    let mut stage = long();
    let lines = |stage: &mut Stage| -> Vec<String> {
        let screen = stage.screen(80, 24);
        let pane = screen.lines().take_while(|line| !line.contains("newest ↓") && !line.contains('╭'));
        pane.filter_map(|line| {
            line.split_once("line ").map(|(_, number)| number.trim_end_matches('|').into())
        })
        .map(|number: String| number.split_whitespace().next().unwrap_or_default().to_owned())
        .collect()
    };
    let mut before = lines(&mut stage);
    for key in ["PageUp", "PageUp", "PageUp", "PageDown", "PageDown", "PageDown"] {
        stage.keys(&[key]);
        let after = lines(&mut stage);
        let common = after.iter().filter(|line| before.contains(line)).count();
        assert!((2..=8).contains(&common), "{key}: {before:?} {after:?}");
        before = after;
    }
}

/// The engine takes no mark beyond the row that it told: one that was told too early was lost.
#[test]
fn a_read_mark_waits_for_the_row_of_its_message() {
    let mut stage = Stage::team();
    let news = |seq| Update::Events {
        conversation: DEPLOYS,
        events: vec![message(DEPLOYS, seq, 24, "ada", "news")],
        live: true,
    };
    assert_eq!(said(&stage.news(news(8))), "");
    let row = |stage: &Stage| stage.state.open_conversation().cloned().unwrap();
    let told = Conversation { head: Seq(8), ..row(&stage) };
    assert_eq!(said(&stage.news(Update::Conversations(vec![told]))), "read #deploys 8");
}

#[test]
fn days_are_gone_to() {
    let mut stage = Stage::team();
    // The morning of 16 November.
    assert_eq!(
        stage.keys(&["/day yesterday", "Enter"]),
        "draft #deploys \"\", find day #deploys 7 1794787200000"
    );
    assert_eq!(
        stage.keys(&["/day monday", "Enter"]),
        "draft #deploys \"\", find day #deploys 7 1794787200000"
    );
    assert_eq!(
        stage.keys(&["/day 2026-11-16", "Enter"]),
        "draft #deploys \"\", find day #deploys 7 1794787200000"
    );
    stage.outcome(Outcome::Day(DEPLOYS, Ok(Some(Seq(4)))));
    assert_eq!(stage.state.found, Some(Seq(4)));
    stage.outcome(Outcome::Day(DEPLOYS, Ok(None)));
    assert_eq!(stage.notice(), "Nothing was written here on that day or later");
    stage.keys(&["Esc", "/day someday", "Enter"]);
    assert_eq!(stage.notice(), "Say which day: /day yesterday, /day monday or /day 2026-11-01");
}

#[test]
fn back_and_forward_keep_the_place() {
    let mut stage = long();
    stage.keys(&["PageUp", "PageUp"]);
    let before = stage.screen(80, 24);
    stage.keys(&["/goto :4", "Enter"]);
    stage.keys(&["Alt-M"]);
    let there = stage.screen(80, 24);
    stage.keys(&["b"]);
    stage.state.selected = None;
    let back = stage.screen(80, 24);
    let pane = |screen: &str| screen.lines().skip(2).take(14).collect::<Vec<_>>().join("\n");
    assert_eq!(pane(&back), pane(&before));
    stage.keys(&["Alt-M", "n"]);
    assert_eq!(pane(&stage.screen(80, 24)), pane(&there));
}

#[test]
fn the_bare_view_has_only_the_text() {
    let mut stage = says("see\nthis");
    assert_eq!(stage.keys(&["Alt-L"]), "mouse false");
    insta::assert_snapshot!("bare_60x16", stage.screen(60, 16));
    assert_eq!(stage.keys(&["x"]), "mouse true");
    assert!(stage.screen(80, 24).contains("ROOMS"));
    assert_eq!(stage.text(), "", "the key that ends it writes nothing");
}

#[test]
fn links_are_underlined() {
    let mut stage = says("see https://a.org now");
    let buffer = stage.buffer(80, 24);
    let underlined: String = buffer
        .content
        .iter()
        .filter(|cell| cell.modifier.contains(Modifier::UNDERLINED))
        .map(|cell| cell.symbol())
        .collect();
    assert_eq!(underlined, "https://a.org");
}

#[test]
fn a_conversation_is_written_into_a_file_and_that_can_be_ended() {
    let mut stage = Stage::team();
    let asked = stage.keys(&["/export json my files/a.json", "Enter"]);
    assert!(asked.ends_with("export #deploys #deploys json Some(\"my files/a.json\")"), "{asked}");
    stage.outcome(Outcome::Exporting(34));
    assert!(stage.screen(90, 24).contains("writing #deploys into a file 34% · /export cancel"));
    assert!(stage.keys(&["/export", "Enter"]).is_empty() || stage.notice().contains("is being written, 34%"));
    assert!(stage.keys(&["/export cancel", "Enter"]).ends_with("end export"));
    let evil = "/tmp/\u{1b}]0;x\u{7}\u{202e}.txt";
    assert_eq!(
        said(&stage.outcome(Outcome::Exported(Ok((evil.into(), 3))))),
        "",
        "an end that nobody waits for"
    );
    stage.keys(&["/export", "Enter"]);
    stage.outcome(Outcome::Exported(Ok((evil.into(), 3))));
    let screen = stage.screen(90, 24);
    assert!(screen.contains("#deploys: 3 events in /tmp/␛]0;x␇.txt"), "{screen}");
}
