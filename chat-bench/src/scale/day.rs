//! What people at work do to a cluster: the habits of the workload `day`, and what each of them sets in motion.

use crate::workload::day::{HABITS, Habit, MEMBERS, PACE, ROOMS_EACH};

/// What one act sets in motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effect {
    /// Whether something is stored before the answer.
    pub(super) is_stored: bool,
    /// Whether nodes with listeners in the conversation are told.
    pub(super) is_news: bool,
    /// Whether it is somebody's presence, which all nodes are told, many at once.
    pub(super) is_presence: bool,
    /// Whether the database is asked.
    pub(super) is_asked: bool,
    /// How many connections get a push.
    pub(super) pushes: usize,
}

/// What a habit sets in motion. Everybody is connected once, and looks at one of their rooms.
pub(super) fn effect(habit: Habit) -> Effect {
    let none = Effect { is_stored: false, is_news: false, is_presence: false, is_asked: false, pushes: 0 };
    let others = MEMBERS - 1;
    match habit {
        // Those who look at the same room watch its people.
        Habit::Presence => Effect { is_presence: true, pushes: others, ..none },
        Habit::Read => Effect { is_stored: true, is_news: true, pushes: others, ..none },
        Habit::Typing => Effect { is_news: true, pushes: others, ..none },
        Habit::History | Habit::List | Habit::Search => Effect { is_asked: true, ..none },
        Habit::Watch => none,
        Habit::React | Habit::Send => Effect { is_stored: true, is_news: true, pushes: MEMBERS, ..none },
    }
}

/// Acts a second of so many people.
pub(super) fn acts(people: f64) -> f64 {
    people * PACE
}

/// Rooms of so many people.
pub(super) fn rooms(people: f64) -> f64 {
    (people * ROOMS_EACH as f64 / MEMBERS as f64).max(1.0)
}

/// The mean of something over all habits.
pub(super) fn mean(of: impl Fn(Effect) -> f64) -> f64 {
    HABITS.iter().map(|(habit, times)| of(effect(*habit)) * f64::from(*times) / 1_000.0).sum()
}

/// One or nothing, for [`mean`].
pub(super) fn part(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// The part of what is stored that is read marks.
pub(super) fn read_marks() -> f64 {
    let stored = mean(|effect| part(effect.is_stored));
    let marks = HABITS.iter().find(|(habit, _)| *habit == Habit::Read).map_or(0, |(_, times)| *times);
    f64::from(marks) / 1_000.0 / stored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_is_pushed_most_and_read_marks_are_stored_most() {
        assert!(mean(|effect| effect.pushes as f64) > 40.0);
        assert!(read_marks() > 0.9);
        // Presence once a minute is what the pace comes from.
        assert!((acts(60.0) * 0.36 - 1.0).abs() < 1e-9);
    }
}
