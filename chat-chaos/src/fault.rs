//! What can be broken, how long it stays so, and whether this machine lets us.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::ValueEnum;

/// Where Debian keeps the library that tells a process another time.
pub(crate) const FAKETIME: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
];

/// A way in which the world breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Fault {
    /// The server is killed (kill -9) and started again
    Kill,
    /// The server stands still (SIGSTOP) for longer than the heartbeat, and goes on
    Stop,
    /// The server is told to end (SIGTERM), and started again
    Restart,
    /// The connections of one person are cut
    Cut,
    /// All connections are cut at once
    CutAll,
    /// A connection is cut in the middle of a frame
    Torn,
    /// Frames are late, each by another time, so that connections overtake each other
    Delay,
    /// A connection is open and nothing goes through it, in one direction or both
    HalfOpen,
    /// Somebody stops reading
    Slow,
    /// A client is killed (kill -9) and started again
    Client,
    /// A client is killed at each step of its outbox, one after the other
    Outbox,
    /// A crowd of further connections is cut at once, and comes back
    Crowd,
    /// The disk is full, and has room again
    Full,
    /// Writing to the database or syncing it fails, again and again
    Errors,
    /// The power goes: what was not synced is lost, and the server starts on what is left
    Power,
    /// The server's clock jumps, forward and back
    Clock,
}

impl Fault {
    /// All.
    pub(crate) const ALL: [Fault; 16] = [
        Fault::Kill,
        Fault::Stop,
        Fault::Restart,
        Fault::Cut,
        Fault::CutAll,
        Fault::Torn,
        Fault::Delay,
        Fault::HalfOpen,
        Fault::Slow,
        Fault::Client,
        Fault::Outbox,
        Fault::Crowd,
        Fault::Full,
        Fault::Errors,
        Fault::Power,
        Fault::Clock,
    ];

    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The shortest and longest time until it is mended.
    pub(crate) fn lasts(self) -> (Duration, Duration) {
        let ms = |shortest, longest| (Duration::from_millis(shortest), Duration::from_millis(longest));
        match self {
            Fault::Kill | Fault::Power | Fault::Client => ms(0, 600),
            // Two heartbeats of a second, and five seconds that the client adds.
            Fault::Stop => ms(2_500, 8_500),
            Fault::Restart | Fault::Cut | Fault::CutAll | Fault::Torn | Fault::Crowd | Fault::Outbox => {
                ms(0, 300)
            }
            Fault::Delay => ms(800, 2_500),
            Fault::HalfOpen => ms(1_000, 9_000),
            Fault::Slow => ms(1_000, 4_000),
            Fault::Full | Fault::Errors => ms(500, 2_500),
            Fault::Clock => ms(300, 1_500),
        }
    }

    /// Whether the data must lie on a disk of its own.
    pub(crate) fn wants_a_disk(self) -> bool {
        matches!(self, Fault::Power)
    }

    /// Why it cannot be made here; `None` where it can.
    pub(crate) fn impossible(self) -> Option<&'static str> {
        match self {
            Fault::Power if !is_root() => Some("it needs root, to mount a disk of its own"),
            Fault::Power if !Path::new("/dev/loop-control").exists() => {
                Some("there are no loop devices here")
            }
            Fault::Power if !has("mkfs.ext4") || !has("unshare") => Some("mkfs.ext4 or unshare is missing"),
            Fault::Errors if !has("strace") => Some("strace is missing, which makes system calls fail"),
            Fault::Errors if !is_root() => Some("it needs root, to trace the server"),
            Fault::Clock if faketime().is_none() => Some("libfaketime is missing (package libfaketime)"),
            _ => None,
        }
    }
}

/// The library that tells another time.
pub(crate) fn faketime() -> Option<&'static Path> {
    FAKETIME.into_iter().map(Path::new).find(|path| path.exists())
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn has(program: &str) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("PATH=$PATH:/usr/sbin:/sbin command -v {program}")]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
