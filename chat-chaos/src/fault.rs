//! What can be broken, how long it stays so, and whether this machine lets us.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::ValueEnum;

use crate::namespace::can_drop_packets;

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
    /// One in ten packets to and from the servers gets lost, or one in three, or all for a while
    Lossy,
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
    /// A node stands still (SIGSTOP) for longer than presence and most leases last, and goes on
    Freeze,
    /// All nodes are told to end (SIGTERM) and started again, one after the other
    Rolling,
    /// A node does not reach the database: it is refused, or nothing comes through
    DbAway,
    /// A node does not reach NATS: it is refused, or nothing comes through
    BusAway,
    /// A node reaches neither the database nor NATS
    Alone,
    /// All packets between a node and the database, NATS or both get lost, until TCP brings them again
    Parted,
    /// All between a node and the database is late
    DbLate,
    /// All between a node and NATS is late
    BusLate,
    /// The database crashes (mode immediate) and is started again
    DbCrash,
    /// The database is told to end (mode fast) and started again
    DbRestart,
    /// NATS is killed (kill -9) and started again on its port
    BusRestart,
    /// NATS stands still (SIGSTOP), and goes on
    BusStop,
    /// Everybody writes many messages into one room at once
    Rush,
    /// Somebody on one node is banned, disabled, logged out or put out of a room on another
    Exile,
}

/// Faults of one lane wait for each other; those of another do not wait for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// What breaks servers.
    Servers,
    /// What breaks the database, NATS and the ways there.
    Behind,
    /// What breaks people and their connections.
    People,
    /// What takes people's rights.
    Rights,
}

impl Lane {
    /// All.
    pub(crate) const ALL: [Lane; 4] = [Lane::Servers, Lane::Behind, Lane::People, Lane::Rights];
}

impl Fault {
    /// All.
    pub(crate) const ALL: [Fault; 31] = [
        Fault::Kill,
        Fault::Stop,
        Fault::Restart,
        Fault::Cut,
        Fault::CutAll,
        Fault::Torn,
        Fault::Delay,
        Fault::HalfOpen,
        Fault::Slow,
        Fault::Lossy,
        Fault::Client,
        Fault::Outbox,
        Fault::Crowd,
        Fault::Full,
        Fault::Errors,
        Fault::Power,
        Fault::Clock,
        Fault::Freeze,
        Fault::Rolling,
        Fault::DbAway,
        Fault::BusAway,
        Fault::Alone,
        Fault::Parted,
        Fault::DbLate,
        Fault::BusLate,
        Fault::DbCrash,
        Fault::DbRestart,
        Fault::BusRestart,
        Fault::BusStop,
        Fault::Rush,
        Fault::Exile,
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
            Fault::Slow | Fault::Lossy => ms(1_000, 4_000),
            Fault::Full | Fault::Errors => ms(500, 2_500),
            Fault::Clock => ms(300, 1_500),
            // Presence of a node that says nothing lasts eight seconds, the lease on webhooks twenty.
            Fault::Freeze => ms(9_000, 22_000),
            Fault::Rolling | Fault::Rush => ms(0, 300),
            Fault::Exile => ms(0, 2_500),
            Fault::DbAway | Fault::BusAway | Fault::Alone | Fault::Parted => ms(500, 8_000),
            Fault::DbLate | Fault::BusLate => ms(800, 3_000),
            Fault::DbCrash | Fault::DbRestart => ms(0, 1_500),
            Fault::BusRestart | Fault::BusStop => ms(0, 5_000),
        }
    }

    /// Which others it waits for.
    pub(crate) fn lane(self) -> Lane {
        match self {
            Fault::Kill
            | Fault::Stop
            | Fault::Restart
            | Fault::Full
            | Fault::Errors
            | Fault::Power
            | Fault::Clock
            | Fault::Freeze
            | Fault::Rolling => Lane::Servers,
            Fault::DbAway
            | Fault::BusAway
            | Fault::Alone
            | Fault::Parted
            | Fault::DbLate
            | Fault::BusLate
            | Fault::DbCrash
            | Fault::DbRestart
            | Fault::BusRestart
            | Fault::BusStop => Lane::Behind,
            Fault::Cut
            | Fault::CutAll
            | Fault::Torn
            | Fault::Delay
            | Fault::HalfOpen
            | Fault::Slow
            | Fault::Lossy
            | Fault::Client
            | Fault::Outbox
            | Fault::Crowd
            | Fault::Rush => Lane::People,
            Fault::Exile => Lane::Rights,
        }
    }

    /// Whether there is such a thing among so many nodes: one has its database on a disk that can break, several
    /// have one that they share.
    pub(crate) fn fits(self, nodes: usize) -> bool {
        let of_one = matches!(self, Fault::Full | Fault::Errors | Fault::Power | Fault::Clock);
        let of_several = matches!(self, Fault::Freeze | Fault::Rolling | Fault::Rush | Fault::Exile)
            || self.lane() == Lane::Behind;
        if nodes > 1 { !of_one } else { !of_several }
    }

    /// Whether the data must lie on a disk of its own.
    pub(crate) fn wants_a_disk(self) -> bool {
        matches!(self, Fault::Power)
    }

    /// Whether packets are dropped, so that the run needs a network of its own.
    pub(crate) fn wants_a_network(self) -> bool {
        matches!(self, Fault::Lossy | Fault::Parted)
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
            Fault::Lossy | Fault::Parted if !is_root() => {
                Some("it needs root, to drop packets in a network of its own")
            }
            Fault::Lossy | Fault::Parted if !has("nft") || !has("ip") || !has("unshare") => {
                Some("nft (package nftables), ip (iproute2) or unshare is missing")
            }
            Fault::Lossy | Fault::Parted if !can_drop_packets() => {
                Some("the system gives no network in which packets can be dropped")
            }
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
