//! How much is measured: all of it, or so little that a test has time for it.

use std::time::Duration;

use crate::load::Span;

/// A room, or many, and how many messages are under way in them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rooms {
    /// How many.
    pub(crate) rooms: usize,
    /// Members of each.
    pub(crate) members: usize,
    /// Messages under way.
    pub(crate) window: usize,
    /// Deliveries a second in the phase that is the same for all servers; once for each size.
    pub(crate) fixed: Option<f64>,
}

/// What a run does.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// As much as the server takes.
    pub(crate) most: Span,
    /// Half of that.
    pub(crate) half: Span,
    /// The same for all servers.
    pub(crate) fixed: Span,
    /// Bytes of a message.
    pub(crate) length: usize,
    /// Fan-out.
    pub(crate) fanout: Vec<Rooms>,
    /// Pairs, and their messages a second in the fixed phase.
    pub(crate) pairs: (usize, f64),
    /// Connections, step by step; `usize::MAX` for as many as the file limit allows.
    pub(crate) idle: Vec<usize>,
    /// How long they are left alone.
    pub(crate) quiet: Duration,
    /// Logins of the storm.
    pub(crate) logins: usize,
    /// Clients that come back after a restart.
    pub(crate) resumes: usize,
    /// Messages in the archive.
    pub(crate) archive: usize,
    /// How many times that in a PostgreSQL that is to be large.
    pub(crate) vast: usize,
    /// How often each question is asked of it.
    pub(crate) asks: usize,
    /// People of the team.
    pub(crate) team: usize,
    /// How long its day is measured.
    pub(crate) day: Span,
    /// Pairs that write to each other over several nodes.
    pub(crate) cluster_pairs: usize,
    /// How long it is measured what PostgreSQL stores.
    pub(crate) durable: Duration,
}

impl Plan {
    /// What the published figures are taken with. Windows and rates are those with which other
    /// servers were measured.
    pub(crate) fn full() -> Self {
        let room = |members, window, fixed| Rooms { rooms: 1, members, window, fixed };
        Self {
            most: seconds(2.0, 4.0),
            half: seconds(1.0, 5.0),
            fixed: seconds(0.5, 4.0),
            length: 100,
            fanout: vec![
                room(10, 64, Some(10_000.0)),
                room(100, 6, Some(10_000.0)),
                room(100, 64, None),
                room(1_000, 4, Some(10_000.0)),
                room(1_000, 64, None),
                // Twenty messages a second.
                room(10_000, 4, Some(200_000.0)),
                Rooms { rooms: 100, members: 10, window: 64, fixed: Some(10_000.0) },
            ],
            pairs: (500, 2_000.0),
            idle: vec![5_000, 10_000, usize::MAX],
            // More than two heartbeats.
            quiet: Duration::from_secs(60),
            logins: 5_000,
            resumes: 10_000,
            archive: 1_000_000,
            vast: 10,
            asks: 300,
            team: 500,
            day: seconds(5.0, 30.0),
            cluster_pairs: 200,
            durable: Duration::from_secs(10),
        }
    }

    /// A smoke run of some seconds.
    pub(crate) fn quick() -> Self {
        let span = seconds(0.1, 0.2);
        Self {
            most: span,
            half: span,
            fixed: span,
            length: 100,
            fanout: vec![
                Rooms { rooms: 1, members: 10, window: 4, fixed: Some(500.0) },
                Rooms { rooms: 3, members: 4, window: 4, fixed: Some(100.0) },
            ],
            pairs: (5, 50.0),
            idle: vec![10, 20],
            quiet: Duration::from_millis(200),
            logins: 20,
            resumes: 20,
            archive: 2_000,
            vast: 2,
            asks: 5,
            team: 20,
            day: seconds(0.2, 0.5),
            cluster_pairs: 3,
            durable: Duration::from_millis(200),
        }
    }
}

fn seconds(warm: f64, measured: f64) -> Span {
    Span { warm: Duration::from_secs_f64(warm), measured: Duration::from_secs_f64(measured) }
}
