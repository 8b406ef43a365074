//! Keys and settings as a person has them: profiles, own keys, chords, a file that changes.

use crate::administration::command;
use crate::common::*;
use chat_tui::effect::Outcome;
use chat_tui::settings::Source;
use chat_tui::state::Mode;

/// A chat with these settings.
fn with(text: &str) -> Stage {
    let mut stage = Stage::team();
    read(&mut stage, text);
    stage
}

/// The file of settings has this text now.
fn read(stage: &mut Stage, text: &str) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("settings.toml"), text).unwrap();
    let loaded = Source::in_folder(dir.path()).load();
    stage.outcome(Outcome::Settings(Box::new(loaded)));
}

/// The row above the composer.
fn status(stage: &mut Stage) -> String {
    let screen = stage.screen(100, 24);
    let row = screen.lines().rev().nth(3).unwrap_or_default();
    row.rsplit('│').next().unwrap_or_default().trim_end_matches('|').trim().to_owned()
}

const VIM: &str = "[keys]\nprofile = \"vim\"\n";
const EMACS: &str = "[keys]\nprofile = \"emacs\"\n";

#[test]
fn vim_keys_have_two_modes() {
    let mut stage = with(VIM);
    assert!(stage.screen(100, 24).contains("INSERT"));
    stage.keys(&["one two three", "Esc"]);
    assert_eq!(stage.state.mode, Mode::Normal);
    assert!(stage.screen(100, 24).contains("NORMAL"));
    stage.keys(&["0", "dw", "x"]);
    assert_eq!(stage.text(), "two three");
    stage.keys(&["A", "!"]);
    assert_eq!((stage.text().as_str(), stage.state.mode), ("two three!", Mode::Insert));
    stage.keys(&["Esc", "dd"]);
    assert_eq!(stage.text(), "");
    stage.keys(&["u", "z"]);
    assert_eq!(stage.text(), "two three!", "a letter without a meaning is not written");
    assert!(stage.keys(&["Enter"]).contains("send #deploys two three!"), "what is not a letter still works");
}

#[test]
fn vim_letters_go_around() {
    let mut stage = with(VIM);
    assert!(stage.keys(&["Esc", "g"]).is_empty());
    assert!(status(&mut stage).starts_with("g … "), "{}", status(&mut stage));
    assert!(status(&mut stage).contains("t next conversation"));
    assert!(stage.keys(&["i"]).contains("inbox"));
    stage.keys(&["Esc", "k"]);
    assert!(stage.state.selected.is_some());
    stage.keys(&["k", "Esc", "g", "z"]);
    assert_eq!(stage.notice(), "g z does nothing");
    assert_eq!(stage.state.mode, Mode::Normal);
    assert_eq!(stage.keys(&["Z", "Z"]), "quit");
}

#[test]
fn emacs_keys_are_chords() {
    let mut stage = with(EMACS);
    stage.keys(&["some text", "Home", "Ctrl-K"]);
    assert_eq!(stage.text(), "");
    stage.keys(&["Ctrl-K"]);
    assert!(stage.state.popup.is_none(), "Ctrl-K only deletes");
    stage.keys(&["Ctrl-Y"]);
    assert_eq!(stage.text(), "some text");
    stage.keys(&["Ctrl-X"]);
    assert!(status(&mut stage).starts_with("Ctrl-X … "), "{}", status(&mut stage));
    stage.keys(&["b"]);
    assert!(stage.state.popup.is_some() && stage.text() == "some text");
    stage.keys(&["Ctrl-G", "Ctrl-X", "Ctrl-C"]);
    assert_eq!(stage.state.quit, chat_tui::state::Quit::Yes);
}

#[test]
fn keys_are_changed_while_it_runs() {
    let mut stage = with("");
    stage.keys(&["Ctrl-G"]);
    assert!(stage.state.popup.is_none());
    read(
        &mut stage,
        "[keys.chat]\n\"ctrl-g\" = \"jump anywhere\"\n\"ctrl-x ctrl-x\" = [\"line start\", \"kill to end\"]\n",
    );
    stage.keys(&["old words", "Ctrl-X", "Ctrl-X"]);
    assert_eq!(stage.text(), "");
    stage.keys(&["Ctrl-G"]);
    assert!(stage.state.popup.is_some());
    stage.keys(&["Esc", "F1"]);
    let help = stage.screen(100, 60);
    assert!(help.contains("Ctrl-K, Ctrl-P, Ctrl-G"), "the help shows the keys as they are: {help}");
    assert!(help.contains("Line start, then kill to end"));
}

#[test]
fn a_slash_command_can_be_a_key() {
    let mut stage = with("[keys.chat]\n\"f12\" = \"/mute 2h\"\n");
    let f12 = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::F(12));
    let effects = stage.input(chat_tui::What::Terminal(crossterm::event::Event::Key(f12)));
    assert!(said(&effects).starts_with("hear #deploys"), "{}", said(&effects));
}

#[test]
fn what_is_wrong_in_the_file_is_told_and_listed() {
    let mut stage = with("bell = 7\n[keys.chat]\n\"hyper-x\" = \"help\"\n\"ctrl-k\" = \"inbox\"\n");
    assert_eq!(
        stage.notice(),
        "settings.toml line 1: bell cannot be \"7\"; use true or false (and 1 more; /settings lists them)"
    );
    assert!(stage.keys(&["Ctrl-K"]).contains("inbox"), "the line that is right holds");
    stage.keys(&["Esc", "/settings", "Enter"]);
    let screen = stage.screen(120, 30);
    assert!(screen.contains("! settings.toml line 1") && screen.contains("bell = true"), "{screen}");
}

#[test]
fn settings_are_changed_by_their_name_and_by_choosing() {
    let mut stage = Stage::team();
    assert!(stage.keys(&["/set notify.how bell", "Enter"]).contains("set notify.how bell"));
    stage.keys(&["/set notify.show all", "Enter"]);
    assert_eq!(stage.notice(), "notify.show cannot be \"all\"; use full, name or nothing");
    stage.keys(&["/set notify.hwo", "Enter"]);
    assert_eq!(stage.notice(), "there is no setting notify.hwo; did you mean notify.how?");
    let mut stage = Stage::team();
    stage.keys(&["/settings", "Enter", "keys.profile", "Enter"]);
    assert!(stage.screen(100, 24).contains("Two modes, as in vim"));
    assert_eq!(stage.keys(&["vim", "Enter"]), "set keys.profile vim");
    stage.keys(&["/set editor", "Enter"]);
    assert_eq!(stage.text(), "/set editor ");
}

#[test]
fn a_broken_file_never_takes_the_way_out() {
    let none = "[keys.picker]\n\"esc\" = \"nothing\"\n\"ctrl-c\" = \"nothing\"\n\"ctrl-g\" = \"nothing\"\n";
    let mut stage = with(none);
    stage.keys(&["Ctrl-K"]);
    assert!(stage.state.popup.is_some());
    stage.keys(&["Esc"]);
    assert!(stage.state.popup.is_none());
}

#[test]
fn a_key_is_changed_from_the_palette_by_pressing_it() {
    let mut stage = Stage::team();
    stage.keys(&["Ctrl-K", "inbox", "Ctrl-R"]);
    assert!(stage.state.popup.is_none());
    let screen = stage.screen(100, 24);
    assert!(screen.contains("Press the new key for \"inbox\" (now Alt-I)"), "{screen}");
    assert_eq!(stage.keys(&["Ctrl-Q"]), "keys.chat Ctrl-Q = inbox, Alt-I = nothing");
    // A key that means something is asked about; no is no.
    stage.keys(&["Ctrl-K", "inbox", "Ctrl-R", "Ctrl-F"]);
    assert!(stage.screen(100, 24).contains("Ctrl-F does \"search\" now; y gives it to \"inbox\""));
    assert_eq!(stage.keys(&["n"]), "");
    stage.keys(&["Ctrl-K", "inbox", "Ctrl-R", "Ctrl-F"]);
    assert_eq!(stage.keys(&["y"]), "keys.chat Ctrl-F = inbox, Alt-I = nothing");
    // A key that begins others waits for the next one.
    stage.keys(&["Ctrl-K", "inbox", "Ctrl-R", "Ctrl-X"]);
    assert!(stage.screen(100, 24).contains("Ctrl-X … Press the new key"));
    assert_eq!(stage.keys(&["z"]), "keys.chat Ctrl-X z = inbox, Alt-I = nothing");
    stage.keys(&["Ctrl-K", "inbox", "Ctrl-R", "z"]);
    assert!(stage.notice().starts_with("z is a letter"), "{}", stage.notice());
    assert_eq!(
        stage.keys(&["Ctrl-K", "inbox", "Ctrl-R", "Esc"]).split(", ").find(|told| told.starts_with("keys.")),
        None
    );
    stage.keys(&["Ctrl-K", "#random", "Ctrl-R"]);
    assert!(stage.notice().starts_with("Only what is an action"), "{}", stage.notice());
}

#[test]
fn a_key_is_changed_by_a_command_too() {
    let mut stage = Stage::team();
    stage.keys(&["/bind", "Enter", "inbox", "Enter"]);
    assert!(stage.state.popup.is_none());
    assert!(stage.screen(100, 24).contains("Press the new key for \"inbox\" (now Alt-I)"));
    assert_eq!(stage.keys(&["Ctrl-Q"]), "keys.chat Ctrl-Q = inbox, Alt-I = nothing");
    stage.keys(&["/bind inbox", "Enter"]);
    assert_eq!(stage.keys(&["Ctrl-Q"]), "keys.chat Ctrl-Q = inbox, Alt-I = nothing");
    assert_eq!(command(&mut stage, "/bind Inbox ctrl-q"), "keys.chat Ctrl-Q = inbox Alt-I = nothing");
    assert_eq!(command(&mut stage, "/bind inbox Ctrl-F"), "");
    assert_eq!(stage.keys(&["y"]), "keys.chat Ctrl-F = inbox, Alt-I = nothing");
    // The longest name is meant.
    stage.keys(&["/bind edit last message", "Enter"]);
    assert!(stage.screen(100, 24).contains("Press the new key for \"edit last message\""));
    stage.keys(&["Esc", "/bind dance F4", "Enter"]);
    assert_eq!(stage.notice(), "There is no action of that name; /bind alone lists them");
}
