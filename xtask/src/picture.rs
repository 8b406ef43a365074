//! `cargo xtask picture`: docs/screen.svg and docs/pictures/, drawn from the real client on the real
//! server.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chat_tests::{
    Folder, Key, Manner, PASSWORD, Script, Terminal, bin, light_screenshot, run as run_to_end, screenshot,
    uuid,
};
use serde_json::{Value, json};

use crate::build::{self, Profile};
use crate::say;
use crate::team::{PEOPLE, Team, YOU};
use chat_tests::tidy_up_on_signals;

/// A picture: where it goes, how large the terminal is, with which theme, and what is done before it
/// is drawn.
struct Picture {
    path: &'static str,
    size: (u16, u16),
    theme: &'static str,
    show: fn(&Terminal) -> Result<()>,
}

/// All of them, in the order in which they are drawn: who looks at a room has read it.
const PICTURES: [Picture; 9] = [
    Picture { path: "docs/pictures/unread.svg", size: (100, 28), theme: "dark", show: list },
    Picture { path: "docs/screen.svg", size: (132, 36), theme: "dark", show: room_and_thread },
    Picture { path: "docs/pictures/thread.svg", size: (80, 24), theme: "dark", show: room_and_thread },
    Picture { path: "docs/pictures/room.svg", size: (100, 34), theme: "dark", show: room },
    Picture { path: "docs/pictures/palette.svg", size: (100, 28), theme: "dark", show: palette },
    Picture { path: "docs/pictures/search.svg", size: (100, 28), theme: "dark", show: search },
    Picture { path: "docs/pictures/light.svg", size: (100, 28), theme: "light", show: room },
    Picture { path: "docs/pictures/high-contrast.svg", size: (100, 28), theme: "high-contrast", show: room },
    Picture { path: "docs/pictures/narrow.svg", size: (40, 26), theme: "dark", show: room },
];

/// A terminal in which nothing is drawn for so long has drawn all.
const STILL: Duration = Duration::from_millis(1_500);

/// The picture that grace sends.
const GRAPH: &str = "chat-tests/tests/suite/fixtures/latency.png";

/// Draws the pictures.
pub(crate) fn run(profile: Profile) -> Result<()> {
    tidy_up_on_signals()?;
    build::binaries(profile)?;
    let mut team = Team::gather()?;
    arrange(&mut team)?;
    let seat = Folder::new("chat-picture-")?;
    sign_in(&team, &seat)?;
    for picture in PICTURES {
        let terminal = picture.open(&team, &seat)?;
        (picture.show)(&terminal).with_context(|| picture.path)?;
        let svg = terminal.look(|screen| match picture.theme {
            "light" => light_screenshot(screen),
            _ => screenshot(screen),
        });
        let path = build::root().join(picture.path);
        fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        fs::write(&path, without_chance(&svg, picture.theme == "light"))?;
        say(format!("Drew {}.", picture.path))?;
    }
    Ok(())
}

fn sign_in(team: &Team, seat: &Folder) -> Result<()> {
    let (url, dir) = (team.server.url(), seat.path().to_string_lossy().into_owned());
    let mut command = Command::new(bin("chat-cli")?);
    command.args(["login", "--data-dir", &dir]);
    command.envs([("CHAT_SERVER", url.as_str()), ("CHAT_USER", YOU), ("CHAT_PASSWORD", PASSWORD)]);
    run_to_end(command, "").map(drop)
}

impl Picture {
    fn open(&self, team: &Team, seat: &Folder) -> Result<Terminal> {
        let (url, dir) = (team.server.url(), seat.path().to_string_lossy().into_owned());
        let theme = format!("theme={}", self.theme);
        let arguments = ["--server", &url, "--user", YOU, "--data-dir", &dir, "--set", &theme];
        let manner = if self.theme == "light" { Manner::Light } else { Manner::Dark };
        let program = bin("chat-tui")?;
        let terminal = Terminal::start_in(manner, &program, &arguments, &[("TZ", "UTC")], self.size)?;
        terminal.wait_for_text("message ")?;
        // A narrow one says so only while it is not.
        terminal.wait_for("the connection", |screen| !screen.contains("connecting"))?;
        Ok(terminal)
    }
}

/// Brings the moment about that the pictures show.
fn arrange(team: &mut Team) -> Result<()> {
    let deploys = team.room("deploys")?.to_owned();
    let lin = team.person("lin")?;
    let said = send(
        lin,
        json!({"conversation": deploys,
        "body": "the rebuild, for whoever repeats it:\n```sh\nfor shard in 1 2 3; do\n    rebuild --shard $shard --to new   # 19 min\ndone\n```"}),
    )?;
    send(
        team.person("ada")?,
        json!({"conversation": deploys, "thread": said, "body": "does it lock the shard?"}),
    )?;
    send(
        team.person("lin")?,
        json!({"conversation": deploys, "thread": said,
        "body": "no: it writes beside it and **swaps** at the end.\n- reads: not touched\n- writes: both, until the swap"}),
    )?;
    send(
        team.person("kim")?,
        json!({"conversation": deploys, "thread": said, "body": "then support need not know 🙌"}),
    )?;
    for (who, emoji) in [("ada", "👍"), ("kim", "👍"), ("omar", "🎉")] {
        let react = json!({"conversation": deploys, "seq": said, "emoji": emoji, "on": true});
        team.person(who)?.ok("message.react", react)?;
    }
    let graph = build::root().join(GRAPH);
    let mut command = Command::new(bin("chat-cli")?);
    let dir = Folder::new("chat-picture-")?;
    command.args(["upload", "#deploys"]).arg(graph).args(["--text", "p99 of the last hour"]);
    command.arg("--data-dir").arg(dir.path());
    command.env("CHAT_SERVER", team.server.url()).env("CHAT_TOKEN", team.person("grace")?.own_token());
    let output = run_to_end(command, "")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    send(
        team.person("lin")?,
        json!({"conversation": deploys, "body": "@you the graph agrees. **50%** now, or after lunch?"}),
    )?;
    team.person("lin")?.ok("presence.set", json!({"state": "away"}))?;
    // Grace is gone for the day: her process ends, and the server notices after its grace.
    let grace = PEOPLE.iter().position(|name| *name == "grace").context("grace is missing")?;
    team.people.remove(grace).kill();
    Ok(())
}

/// Sends a message; gives its number.
fn send(who: &mut Script, mut message: Value) -> Result<u64> {
    message["client_id"] = json!(uuid());
    let sent = who.ok("message.send", message)?;
    sent["seq"].as_u64().context("a message has a number")
}

fn list(terminal: &Terminal) -> Result<()> {
    terminal.wait_for_text("connected")?;
    go(terminal, "random")?;
    terminal.wait_for_text("○ grace")?;
    terminal.wait_for_text("◐ lin").map(drop)
}

fn room(terminal: &Terminal) -> Result<()> {
    go(terminal, "deploys")?;
    // On a narrow screen the sentence is in two rows.
    terminal.wait_for_text("lunch?")?;
    // The picture is drawn in cells.
    terminal.wait_for("a picture", |screen| screen.contains('▀'))?;
    // Its blur is there before it is.
    while terminal.wait_for_frame_within(terminal.frames().0, STILL) {}
    Ok(())
}

fn room_and_thread(terminal: &Terminal) -> Result<()> {
    room(terminal)?;
    // Up from the newest message to the one with the thread.
    terminal.press(Key::Alt('m'))?;
    for _ in 0..2 {
        terminal.press(Key::Up)?;
    }
    terminal.type_text("t")?;
    terminal.wait_for_text("support need not know")?;
    terminal.type_text("good. 50% then")?;
    terminal.wait_for_text("50% then").map(drop)
}

fn palette(terminal: &Terminal) -> Result<()> {
    go(terminal, "general")?;
    terminal.press(Key::Ctrl('k'))?;
    terminal.type_text("de")?;
    terminal.wait_for_text("#deploys").map(drop)
}

fn search(terminal: &Terminal) -> Result<()> {
    terminal.wait_for_text("connected")?;
    go(terminal, "general")?;
    terminal.press(Key::Ctrl('f'))?;
    terminal.wait_for_text("search")?;
    terminal.type_text("from:grace")?;
    terminal.press(Key::Enter)?;
    terminal.wait_for_text("upload dashboard").map(drop)
}

fn go(terminal: &Terminal, room: &str) -> Result<()> {
    terminal.type_text(&format!("/join {room}"))?;
    terminal.press(Key::Enter)?;
    terminal.wait_for_text(&format!("message #{room}")).map(drop)
}

/// Times as on one morning, a minute for each, so that the picture changes only when the program
/// does.
fn without_chance(svg: &str, is_light: bool) -> String {
    /// Minutes after midnight before the first message in the picture.
    const MORNING: u32 = 8 * 60 + 58;
    let mut minutes = MORNING;
    let mut out = String::with_capacity(svg.len());
    for line in svg.lines() {
        out.push_str(&with_fixed_times(&with_fixed_colour(line, is_light), &mut minutes));
        out.push('\n');
    }
    out
}

/// A person's colour comes from their id, which is another one on every new server: here it comes
/// from their place in the team.
fn with_fixed_colour(line: &str, is_light: bool) -> String {
    const ON_DARK: [&str; 5] = ["#e5c07b", "#56b6c2", "#f0868e", "#98c379", "#c678dd"];
    const ON_LIGHT: [&str; 5] = ["#8a5a00", "#0b7285", "#b02a37", "#2b7a2b", "#7b2cbf"];
    let people = PEOPLE.iter().zip(if is_light { ON_LIGHT } else { ON_DARK });
    for (name, colour) in people {
        if line.ends_with(&format!(" font-weight=\"bold\">{name}</text>"))
            && let Some((before, rest)) = line.split_once("fill=\"#")
            && let Some((_, after)) = rest.split_once('"')
        {
            return format!("{before}fill=\"{colour}\"{after}");
        }
    }
    line.to_owned()
}

/// Replaces every `HH:MM` with which an element's text begins.
fn with_fixed_times(line: &str, minutes: &mut u32) -> String {
    let Some((before, text)) = line.split_once('>') else { return line.to_owned() };
    match text.trim_start().get(..5) {
        Some(time) if is_time(time) => {
            *minutes += 1;
            let now = format!("{:02}:{:02}", *minutes / 60, *minutes % 60);
            format!("{before}>{}", text.replacen(time, &now, 1))
        }
        _ => line.to_owned(),
    }
}

fn is_time(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 5 && bytes[2] == b':' && [0, 1, 3, 4].iter().all(|&at| bytes[at].is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_the_picture_is_its_own() {
        let line = "<text x=\"1\"> 17:45 ada since 08:50, room:1</text>";
        let mut minutes = 9 * 60;
        assert_eq!(
            with_fixed_times(line, &mut minutes),
            "<text x=\"1\"> 09:01 ada since 08:50, room:1</text>"
        );
        assert_eq!(with_fixed_times("<text>since 08:50</text>", &mut minutes), "<text>since 08:50</text>");
    }
}
