//! `cargo xtask demo`: a person at a terminal is put into a team that talks; without a terminal a
//! conversation is played and checked. Leaves nothing running and nothing on disk.

use std::io::IsTerminal;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chat_tests::{Folder, PASSWORD, bin, clean_environment, hold, release, run as run_to_end};

use crate::build::{self, Profile};
use crate::colleague::{Character, bring_to_life};
use crate::team::{Team, YOU};
use crate::{play, say};
use chat_tests::tidy_up_on_signals;

/// The way from here to a chat with others.
const FOR_A_TEAM: &str = "
For a team, with TLS, in five lines:
  cargo install --path chat-server && cargo install --path chat-tui
  chat-server --listen 0.0.0.0:7667 --tls self-signed   # prints the owner's invite code
  chat-server cert --tls self-signed                    # its fingerprint, which everybody is shown once
  chat-tui --server wss://YOUR-HOST:7667                # compare, then name, password, that code
  chat-server invite create --uses 12                   # a code for everybody else";

/// Shows the chat.
pub(crate) fn run(profile: Profile) -> Result<()> {
    tidy_up_on_signals()?;
    build::binaries(profile)?;
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        with_a_person()
    } else {
        play::run()?;
        say(FOR_A_TEAM)
    }
}

fn with_a_person() -> Result<()> {
    say("Starting a server and gathering the team …")?;
    let mut team = Team::gather()?;
    let seat = Folder::new("chat-demo-")?;
    sign_in(&team, &seat)?;

    let stop = Arc::new(AtomicBool::new(false));
    let mut people = std::mem::take(&mut team.people).into_iter();
    let (ada, lin) = (people.next().context("ada is missing")?, people.next().context("lin is missing")?);
    // The others stay connected and quiet; grace is not at her desk.
    let mut others: Vec<_> = people.collect();
    if let Some(grace) = others.first_mut() {
        grace.ok("presence.set", serde_json::json!({"state": "away"}))?;
    }
    let seconds = Duration::from_secs;
    let ada_is = Character {
        room: team.room("general")?.to_owned(),
        rooms: team.rooms(),
        comes_after: seconds(0),
        stays: seconds(150),
        away: seconds(25),
    };
    let lin_is = Character {
        room: team.room("deploys")?.to_owned(),
        rooms: team.rooms(),
        comes_after: seconds(6),
        stays: seconds(70),
        away: seconds(20),
    };
    let lives = [bring_to_life(ada, ada_is, &stop), bring_to_life(lin, lin_is, &stop)];

    let shown = open_the_client(&team, &seat);
    stop.store(true, Ordering::Relaxed);
    for life in lives {
        // How a colleague's day went does not matter when the person has left.
        let _ = life.join();
    }
    shown?;
    say("That was the demo; everything is stopped and gone. `cargo xtask test` proves the rest.")?;
    say(FOR_A_TEAM)
}

/// Logs in as you, so that the client opens in the middle of it.
fn sign_in(team: &Team, seat: &Folder) -> Result<()> {
    let mut command = Command::new(bin("chat-cli")?);
    command.arg("login").arg("--data-dir").arg(seat.path());
    command.envs([
        ("CHAT_SERVER", team.server.url().as_str()),
        ("CHAT_USER", YOU),
        ("CHAT_PASSWORD", PASSWORD),
    ]);
    let output = run_to_end(command, "")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn open_the_client(team: &Team, seat: &Folder) -> Result<()> {
    let mut command = Command::new(bin("chat-tui")?);
    clean_environment(&mut command);
    command.args(["--server", &team.server.url(), "--user", YOU]).arg("--data-dir").arg(seat.path());
    let mut client = command.spawn().context("starting chat-tui")?;
    hold(client.id());
    let status = client.wait()?;
    release(client.id());
    ensure!(status.success(), "chat-tui ended with {status}");
    Ok(())
}
