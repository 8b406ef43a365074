//! `cargo xtask picture`: docs/screen.svg, drawn from the real client on the real server.

use std::fs;

use anyhow::{Context, Result};
use chat_tests::{Folder, Key, PASSWORD, Terminal, bin, run as run_to_end, screenshot};
use serde_json::json;

use crate::build::{self, Profile};
use crate::interrupt::tidy_up_on_signals;
use crate::say;
use crate::team::{PEOPLE, Team, YOU};

/// Where the README looks for it.
const PICTURE: &str = "docs/screen.svg";

/// A usual terminal window.
const SIZE: (u16, u16) = (104, 28);

/// Draws the picture.
pub(crate) fn run(profile: Profile) -> Result<()> {
    tidy_up_on_signals()?;
    build::binaries(profile)?;
    let mut team = Team::gather()?;
    let seat = Folder::new("chat-picture-")?;
    let terminal = open_the_client(&team, &seat)?;
    terminal.wait_for_text("connected")?;
    arrange(&mut team, &terminal)?;
    let svg = terminal.look(screenshot);
    let path = build::root().join(PICTURE);
    fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
    fs::write(&path, without_chance(&svg))?;
    say(format!("Drew {PICTURE}."))
}

fn open_the_client(team: &Team, seat: &Folder) -> Result<Terminal> {
    let (url, dir) = (team.server.url(), seat.path().to_string_lossy().into_owned());
    let mut command = std::process::Command::new(bin("chat-cli")?);
    command.args(["login", "--data-dir", &dir]);
    command.envs([("CHAT_SERVER", url.as_str()), ("CHAT_USER", YOU), ("CHAT_PASSWORD", PASSWORD)]);
    run_to_end(command, "")?;
    let arguments = ["--server", url.as_str(), "--user", YOU, "--data-dir", dir.as_str()];
    Terminal::start(&bin("chat-tui")?, &arguments, &[("TZ", "UTC")], SIZE.0, SIZE.1)
}

/// Brings the moment about that the picture shows.
fn arrange(team: &mut Team, terminal: &Terminal) -> Result<()> {
    let deploys = team.room("deploys")?.to_owned();
    team.person("lin")?.ok("presence.set", json!({"state": "away"}))?;
    // Grace is gone for the day: her process ends, and the server notices after its grace.
    let grace = PEOPLE.iter().position(|name| *name == "grace").context("grace is missing")?;
    team.people.remove(grace).kill();

    terminal.type_text("/join deploys")?;
    terminal.press(Key::Enter)?;
    terminal.wait_for_text("message #deploys")?;
    terminal.wait_for_text("○ grace")?;
    terminal.wait_for_text("◐ lin")?;
    terminal.type_text("looks good, going to 50%")?;
    terminal.press(Key::Enter)?;
    let seq = team.person("ada")?.expect_message("looks good, going to 50%")?["seq"].clone();
    team.person("ada")?.ok("read.mark", json!({"conversation": deploys, "seq": seq}))?;
    terminal.wait_for_text("✓✓")?;
    team.person("ada")?.tell("typing", json!({"conversation": deploys, "active": true}))?;
    terminal.wait_for_text("ada is typing")?;
    Ok(())
}

/// Times as on one morning, a minute for each, so that the picture changes only when the program
/// does.
fn without_chance(svg: &str) -> String {
    /// Minutes after midnight before the first message in the picture.
    const MORNING: u32 = 8 * 60 + 58;
    let mut minutes = MORNING;
    let mut out = String::with_capacity(svg.len());
    for line in svg.lines() {
        out.push_str(&with_fixed_times(&with_fixed_colour(line), &mut minutes));
        out.push('\n');
    }
    out
}

/// A person's colour comes from their id, which is another one on every new server: here it comes
/// from their place in the team.
fn with_fixed_colour(line: &str) -> String {
    const COLOURS: [&str; 5] = ["#e5c07b", "#56b6c2", "#f0868e", "#98c379", "#c678dd"];
    let people = PEOPLE.iter().zip(COLOURS);
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
