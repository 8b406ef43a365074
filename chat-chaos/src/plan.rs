//! What will be done and broken, and when: all of it follows from a seed. What comes of it does not, for
//! the machine's threads and disks are no part of a seed; so one seed is one storm, not one course.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

use crate::fault::Fault;

/// People beside the keeper, who makes the rooms and never leaves.
pub(crate) const PEOPLE: usize = 7;

/// Of these, the last ones use a bare connection in place of the engine.
pub(crate) const BARE: usize = 2;

/// Rooms: public ones first, then private ones.
pub(crate) const PUBLIC: usize = 2;
/// See [`PUBLIC`].
pub(crate) const PRIVATE: usize = 2;
/// Directs between two people: the first two, the next two.
pub(crate) const DIRECTS: usize = 2;

/// Places of [`Wish`]: rooms, then directs.
pub(crate) const PLACES: usize = PUBLIC + PRIVATE + DIRECTS;

/// Between the invitation into a private room and its acceptance.
const ACCEPTED_AFTER: Duration = Duration::from_millis(400);

/// The pause before the first fault, in which all is well.
const CALM: Duration = Duration::from_millis(1_500);

/// What somebody wants. Messages are picked by a number among those that there are then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    Send {
        place: usize,
        mention: Option<usize>,
        long: bool,
    },
    Answer {
        place: usize,
        pick: usize,
    },
    Edit {
        place: usize,
        pick: usize,
    },
    Delete {
        place: usize,
        pick: usize,
    },
    React {
        place: usize,
        pick: usize,
        emoji: usize,
    },
    Read {
        place: usize,
    },
    Look {
        place: usize,
        pick: usize,
    },
    Join {
        place: usize,
    },
    Leave {
        place: usize,
    },
    /// The keeper asks somebody into a private room, or puts them out of it.
    Invite {
        place: usize,
        whom: usize,
    },
    /// See `Invite`.
    Remove {
        place: usize,
        whom: usize,
    },
    Accept {
        place: usize,
    },
}

/// Somebody does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// When.
    pub(crate) at: Duration,
    /// Who; 0 is the keeper.
    pub(crate) who: usize,
    /// What.
    pub(crate) wish: Wish,
}

/// Something breaks, and is mended after a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Break {
    /// When, counted from the end of the one before.
    pub(crate) after: Duration,
    /// What.
    pub(crate) fault: Fault,
    /// For how long, where that means something.
    pub(crate) lasts: Duration,
    /// Whom it hits, where that means something: 1 to [`PEOPLE`].
    pub(crate) whom: usize,
    /// A number for what else the fault leaves open.
    pub(crate) dice: u64,
}

/// All of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) breaks: Vec<Break>,
}

impl Plan {
    /// Draws a plan: so long, with these faults, so many wishes a second from all together.
    pub(crate) fn draw(seed: u64, length: Duration, faults: &[Fault], wishes_a_second: u32) -> Self {
        // Two streams, so that other faults do not change what people do.
        let mut people = StdRng::seed_from_u64(seed);
        let mut breaker = StdRng::seed_from_u64(seed ^ 0xfa17);
        Self {
            steps: steps(&mut people, length, wishes_a_second),
            breaks: breaks(&mut breaker, length, faults),
        }
    }
}

fn steps(rng: &mut StdRng, length: Duration, wishes_a_second: u32) -> Vec<Step> {
    let count = length.as_secs_f64() * f64::from(wishes_a_second);
    // Rounded down: a wish more or less means nothing.
    let mut steps: Vec<Step> = (0..count as u64)
        .flat_map(|_| {
            let at = length.mul_f64(rng.random());
            step(rng, at)
        })
        .collect();
    steps.sort_by_key(|step| step.at);
    steps
}

/// One wish; an invitation brings its acceptance with it.
fn step(rng: &mut StdRng, at: Duration) -> Vec<Step> {
    let who = rng.random_range(1..=PEOPLE);
    let place = rng.random_range(0..PLACES);
    let pick = rng.random_range(0..64);
    let one = |wish| vec![Step { at, who, wish }];
    match rng.random_range(0..100) {
        0..42 => {
            let mention = rng.random_bool(0.3).then(|| rng.random_range(1..=PEOPLE));
            one(Wish::Send { place, mention, long: rng.random_bool(0.03) })
        }
        42..50 => one(Wish::Answer { place, pick }),
        50..58 => one(Wish::Edit { place, pick }),
        58..63 => one(Wish::Delete { place, pick }),
        63..72 => one(Wish::React { place, pick, emoji: rng.random_range(0..crate::director::EMOJIS.len()) }),
        72..84 => one(Wish::Read { place }),
        84..90 => one(Wish::Look { place, pick }),
        90..95 => one(come_or_go(rng)),
        _ => keeper(rng, at),
    }
}

fn come_or_go(rng: &mut StdRng) -> Wish {
    let place = rng.random_range(0..PUBLIC);
    if rng.random_bool(0.6) { Wish::Join { place } } else { Wish::Leave { place } }
}

/// Who keeps the private rooms puts somebody out of one, or asks them in, and they come.
fn keeper(rng: &mut StdRng, at: Duration) -> Vec<Step> {
    let place = rng.random_range(PUBLIC..PUBLIC + PRIVATE);
    let whom = rng.random_range(1..=PEOPLE);
    match rng.random_range(0..5) {
        0 => vec![Step { at, who: 0, wish: Wish::Remove { place, whom } }],
        1 => vec![Step { at, who: whom, wish: Wish::Leave { place } }],
        _ => vec![
            Step { at, who: 0, wish: Wish::Invite { place, whom } },
            Step { at: at + ACCEPTED_AFTER, who: whom, wish: Wish::Accept { place } },
        ],
    }
}

/// Each fault in turn, in an order that differs from round to round, as long as there is time.
fn breaks(rng: &mut StdRng, length: Duration, faults: &[Fault]) -> Vec<Break> {
    let mut breaks = Vec::new();
    let mut at = CALM;
    if faults.is_empty() {
        return breaks;
    }
    while at < length {
        let mut round = faults.to_vec();
        round.shuffle(rng);
        for fault in round {
            let (shortest, longest) = fault.lasts();
            let lasts = shortest + (longest - shortest).mul_f64(rng.random());
            let after = Duration::from_millis(*[100_u64, 300, 700, 1_500].choose(rng).unwrap_or(&500));
            at += after + lasts;
            let whom = rng.random_range(1..=PEOPLE);
            breaks.push(Break { after, fault, lasts, whom, dice: rng.random() });
        }
    }
    breaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_one_plan() {
        let minute = Duration::from_secs(60);
        let plan = |seed, faults: &[Fault]| Plan::draw(seed, minute, faults, 30);
        assert_eq!(plan(7, &Fault::ALL), plan(7, &Fault::ALL));
        assert_ne!(plan(7, &Fault::ALL), plan(8, &Fault::ALL));
        assert_eq!(
            plan(7, &Fault::ALL).steps,
            plan(7, &[Fault::Kill]).steps,
            "people do not know what breaks"
        );
        assert!(plan(7, &[]).breaks.is_empty());
    }

    #[test]
    fn every_fault_and_every_wish_has_its_turn() {
        let plan = Plan::draw(1, Duration::from_secs(120), &Fault::ALL, 40);
        for fault in Fault::ALL {
            assert!(plan.breaks.iter().any(|one| one.fault == fault), "{fault:?}");
        }
        let kinds: std::collections::BTreeSet<String> = plan
            .steps
            .iter()
            .filter_map(|step| format!("{:?}", step.wish).split(' ').next().map(str::to_owned))
            .collect();
        assert_eq!(kinds.len(), 12, "{kinds:?}");
        assert!(plan.steps.is_sorted_by_key(|step| step.at));
    }
}
