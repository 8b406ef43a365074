//! The terminal client in a terminal of 200 by 60, beside a real server.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chat_tests::{Folder, Key, PASSWORD, Signal, Terminal, bin, run as run_to_end};
use clap::Args;

use super::figures::Figure;
use super::process;
use super::room::{Town, room_name};
use crate::say;

/// Who is measured.
const PERSON: &str = "reader";

/// The size of the terminal.
const SIZE: (u16, u16) = (200, 60);

/// Other sizes that it is given in turn.
const SIZES: [(u16, u16); 4] = [(120, 40), (80, 24), (250, 70), SIZE];

/// A screen that has not changed for so long is taken to be at rest.
const REST: Duration = Duration::from_millis(60);

/// The last thing that is said: when it is seen, all is here.
const LAST_WORD: &str = "that was all of it";

/// How the client is measured.
#[derive(Debug, Args)]
pub(crate) struct Client {
    /// Messages in the cache, in all conversations together
    #[arg(long, default_value_t = 100_000)]
    messages: usize,
    /// Conversations that hold them
    #[arg(long, default_value_t = 50)]
    conversations: usize,
    /// How often the client is started
    #[arg(long, default_value_t = 15)]
    starts: usize,
    /// Keys pressed, steps scrolled and sizes changed
    #[arg(long, default_value_t = 100)]
    steps: usize,
    /// Messages a second that flood the open room
    #[arg(long, default_value_t = 1_000)]
    flood: usize,
    /// Seconds of the flood, and of idling
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// The client with a folder of its own, which it signed in from.
struct Seat {
    folder: Folder,
    url: String,
}

impl Client {
    /// Measures all of it.
    pub(super) fn measure(&self) -> Result<Vec<Figure>> {
        let (mut town, seat) = self.prepare()?;
        let mut figures = Vec::new();
        town.server.kill();
        say("Starting …")?;
        figures.extend(self.starts(&seat)?);
        town.server.restart()?;
        let terminal = seat.open()?;
        terminal.wait_for_text("connected")?;
        say("Typing, scrolling, resizing …")?;
        figures.push(self.keys(&terminal)?);
        figures.push(self.scrolling(&terminal)?);
        figures.push(self.resizing(&terminal)?);
        say("Idling …")?;
        figures.extend(self.idling(&terminal)?);
        drop(terminal);
        say("In a flood …")?;
        // Those who write have lost their connections with the server.
        let mut town = Town::found(PERSON, self.conversations.min(10))?;
        let seat = Seat::sign_in(&town)?;
        let terminal = seat.open()?;
        terminal.wait_for_text("connected")?;
        // What was measured before is told also when the client does not come through this.
        let rest = self.flooding(&mut town, &terminal).and_then(|mut flood| {
            flood.extend(self.memory(&mut town, &terminal)?);
            Ok(flood)
        });
        match rest {
            Ok(rest) => figures.extend(rest),
            Err(cause) => say(format!("{cause:#}\nIts log:\n{}", seat.log()))?,
        }
        Ok(figures)
    }

    /// A cache as a person has after months: written by the client itself, from what a server told.
    fn prepare(&self) -> Result<(Town, Seat)> {
        say(format!("Writing {} messages …", self.messages))?;
        let mut town = Town::found(PERSON, self.conversations)?;
        let seat = Seat::sign_in(&town)?;
        let mut terminal = seat.open()?;
        terminal.wait_for_text("connected")?;
        terminal.type_text(&format!("/join {}", room_name(0)))?;
        terminal.press(Key::Enter)?;
        terminal.wait_for_text(&format!("message #{}", room_name(0)))?;
        town.fill(self.messages)?;
        town.say(LAST_WORD)?;
        terminal.wait_for_text(LAST_WORD)?;
        terminal.signal(Signal::Terminate)?;
        terminal.wait()?;
        Ok((town, seat))
    }

    /// From the start of the process to the first frame, and to the newest message, without a
    /// server.
    fn starts(&self, seat: &Seat) -> Result<[Figure; 2]> {
        let (mut frames, mut messages) = (Vec::new(), Vec::new());
        for _ in 0..self.starts {
            let began = Instant::now();
            let mut terminal = seat.open()?;
            frames.push(terminal.wait_for_frame(0)?.duration_since(began));
            terminal.wait_for_text(LAST_WORD)?;
            let (_, seen) = terminal.frames();
            messages.push(seen.context("a screen was drawn")?.duration_since(began));
            terminal.signal(Signal::Terminate)?;
            terminal.wait()?;
        }
        Ok([
            Figure::times("start to first frame", &frames, "< 100"),
            Figure::times("start to the newest messages", &messages, "< 100"),
        ])
    }

    /// From a key to the end of the frame that shows it.
    fn keys(&self, terminal: &Terminal) -> Result<Figure> {
        let letters = "the quick brown fox jumps over the lazy dog ".chars().cycle().take(self.steps);
        let mut times = Vec::new();
        for letter in letters {
            times.push(answer(terminal, || terminal.type_text(&letter.to_string()))?);
        }
        terminal.press(Key::Ctrl('u'))?;
        Ok(Figure::times("key to frame at 200×60", &times, "< 5"))
    }

    /// From a page up or down to the end of its frame.
    fn scrolling(&self, terminal: &Terminal) -> Result<Figure> {
        let pages = self.steps / 2;
        let mut times = Vec::new();
        for key in std::iter::repeat_n(Key::PageUp, pages).chain(std::iter::repeat_n(Key::PageDown, pages)) {
            // At the end of the room nothing moves, and nothing is drawn.
            if key == Key::PageDown && terminal.screen().contains(LAST_WORD) && times.len() > pages {
                break;
            }
            times.push(answer(terminal, || terminal.press(key))?);
        }
        terminal.press(Key::Escape)?;
        terminal.wait_for_text(LAST_WORD)?;
        Ok(Figure::times("page up or down to frame", &times, "< 16"))
    }

    /// From another size to the end of its first frame.
    fn resizing(&self, terminal: &Terminal) -> Result<Figure> {
        let mut times = Vec::new();
        for (columns, rows) in SIZES.into_iter().cycle().take(self.steps / 4 * 4) {
            times.push(answer(terminal, || terminal.resize(columns, rows))?);
        }
        Ok(Figure::times("resize to frame", &times, "< 16"))
    }

    /// What is drawn and used while nothing happens.
    fn idling(&self, terminal: &Terminal) -> Result<[Figure; 3]> {
        let pid = terminal.pid().context("the client runs")?;
        rest(terminal);
        let (frames, before) = (terminal.frames().0, process::used(pid)?);
        thread::sleep(Duration::from_secs(self.seconds));
        let (frames, after) = (terminal.frames().0 - frames, process::used(pid)?);
        let seconds = self.seconds as f64;
        let wakes = (after.wakes - before.wakes) as f64 / seconds;
        let share = (after.processor - before.processor).as_secs_f64() / seconds * 100.0;
        Ok([
            Figure::new("frames while idle", "frames", vec![frames as f64], "0"),
            Figure::new("wake-ups while idle", "a second", vec![wakes], "< 2"),
            Figure::new("processor while idle", "%", vec![share], "< 0.1"),
        ])
    }

    /// A flood into the open room: what is typed is still seen at once, and nothing is left behind.
    fn flooding(&self, town: &mut Town, terminal: &Terminal) -> Result<Vec<Figure>> {
        let pid = terminal.pid().context("the client runs")?;
        terminal.type_text(&format!("/join {}", room_name(0)))?;
        terminal.press(Key::Enter)?;
        terminal.wait_for_text(&format!("message #{}", room_name(0)))?;
        rest(terminal);
        let time = Duration::from_secs(self.seconds);
        let (frames, before, began) = (terminal.frames().0, process::used(pid)?, Instant::now());
        let mut seen = Vec::new();
        let stored = thread::scope(|scope| {
            let flood = scope.spawn(|| town.flood(self.flood, time));
            let mut typed = String::from("> ");
            terminal.type_text(&typed)?;
            while !flood.is_finished() {
                thread::sleep(Duration::from_millis(100));
                typed.push('x');
                let pressed = Instant::now();
                terminal.type_text("x")?;
                terminal.wait_for_text(&typed)?;
                seen.push(pressed.elapsed());
                // Longer than any line here it would wrap.
                if typed.len() > 60 {
                    terminal.press(Key::Ctrl('u'))?;
                    typed = String::from("> ");
                    terminal.type_text(&typed)?;
                }
            }
            flood.join().map_err(|_| anyhow::anyhow!("the flood broke off"))?
        })?;
        let lasted = began.elapsed();
        let (frames, after) = (terminal.frames().0 - frames, process::used(pid)?);
        // Whoever says it first hears all that was said.
        town.say(LAST_WORD)?;
        let ended = Instant::now();
        terminal.wait_for_text(LAST_WORD)?;
        let behind = ended.elapsed();
        let seconds = lasted.as_secs_f64();
        let share = (after.processor - before.processor).as_secs_f64() / seconds * 100.0;
        Ok(vec![
            Figure::new("messages in the flood", "a second", vec![stored as f64 / seconds], "1000"),
            Figure::times("key to screen in the flood", &seen, "< 50"),
            Figure::new("frames in the flood", "a second", vec![frames as f64 / seconds], "≤ 60"),
            Figure::new("processor in the flood", "%", vec![share], "< 50"),
            Figure::times("behind at its end", &[behind], "< 100"),
        ])
    }

    /// Memory with ten busy rooms, each looked at and scrolled through.
    fn memory(&self, town: &mut Town, terminal: &Terminal) -> Result<[Figure; 2]> {
        let pid = terminal.pid().context("the client runs")?;
        town.fill(20_000)?;
        let rooms = self.conversations.min(10);
        for number in 0..rooms {
            terminal.type_text(&format!("/join {}", room_name(number)))?;
            terminal.press(Key::Enter)?;
            terminal.wait_for_text(&format!("message #{}", room_name(number)))?;
            for _ in 0..20 {
                answer(terminal, || terminal.press(Key::PageUp))?;
            }
            terminal.press(Key::Escape)?;
            rest(terminal);
        }
        let (now, most) = process::memory(pid)?;
        ensure!(now > 0.0, "no memory is used, which cannot be");
        Ok([
            Figure::new("memory with ten busy rooms", "MiB", vec![now], "< 60"),
            Figure::new("most memory until then", "MiB", vec![most], "< 60"),
        ])
    }
}

impl Seat {
    fn sign_in(town: &Town) -> Result<Self> {
        let folder = Folder::new("chat-bench-")?;
        let (url, dir) = (town.server.url(), folder.path().to_string_lossy().into_owned());
        let mut command = std::process::Command::new(bin("chat-cli")?);
        command.args(["login", "--data-dir", &dir]);
        command.envs([("CHAT_SERVER", url.as_str()), ("CHAT_USER", PERSON), ("CHAT_PASSWORD", PASSWORD)]);
        let output = run_to_end(command, "")?;
        ensure!(output.status.success(), "cannot sign in: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Self { folder, url })
    }

    /// What the client wrote into its log.
    fn log(&self) -> String {
        let dir = self.folder.path().join("log");
        let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
        files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect()
    }

    fn open(&self) -> Result<Terminal> {
        let dir = self.folder.path().to_string_lossy();
        let arguments = ["--server", &self.url, "--user", PERSON, "--data-dir", &dir];
        Terminal::start(&bin("chat-tui")?, &arguments, &[("TZ", "UTC")], SIZE.0, SIZE.1)
    }
}

/// Waits until nothing has been drawn for a while.
fn rest(terminal: &Terminal) {
    while terminal.wait_for_frame_within(terminal.frames().0, REST) {}
}

/// Does something to a terminal at rest; says how long it took until the next frame was there.
fn answer(terminal: &Terminal, act: impl FnOnce() -> Result<()>) -> Result<Duration> {
    rest(terminal);
    let (count, began) = (terminal.frames().0, Instant::now());
    act()?;
    Ok(terminal.wait_for_frame(count)?.duration_since(began))
}
