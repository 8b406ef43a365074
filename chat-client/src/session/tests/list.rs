//! Which conversations there are, after a login and in another life of the server.

use super::*;

/// The list is read page by page, and what becomes active meanwhile rises above the pages that are still to come.
#[test]
fn a_conversation_that_no_page_names_is_asked_for_and_stays() {
    let mut world = World::online(3);
    world.other_writes(0, 1);
    world.deliver(usize::MAX);
    world.cut(None);
    world.server.window = 1;
    world.told.clear();
    world.connect();
    world.deliver(1);
    // The welcome has named one of three.
    world.other_writes(1, 1);
    world.other_writes(1, 1);
    world.heal();
    assert!(!world.told.iter().any(|update| matches!(update, Update::Removed(_))));
    assert_eq!((world.row(1).unread, world.row(2).unread), (2, 0));
}

#[test]
fn a_first_login_begins_at_the_end_of_all_that_is_listed() {
    let mut world = World::new(3);
    for n in 0..3 {
        world.other_writes(n, 0);
    }
    world.server.window = 1;
    world.heal();
    let shown = |update: &&Update| matches!(update, Update::Events { .. });
    assert_eq!(world.told.iter().filter(shown).count(), 0, "what was written before is history");
    assert_eq!((0..3).map(|n| world.row(n).unread).sum::<u64>(), 3);
}

#[test]
fn another_epoch_voids_what_was_seen_but_not_what_was_typed() {
    let mut world = World::online(2);
    world.other_writes(0, 1);
    world.other_writes(0, 1);
    world.deliver(usize::MAX);
    world.cut(None);
    let mine = world.write(1);
    // A backup was restored: the room is younger now, the other is gone.
    world.server.epoch = 2;
    world.server.logs[0].truncate(1);
    world.server.said[0].truncate(1);
    world.last.clear();
    world.last.insert(room(0), Seq(1));
    world.told.clear();
    world.connect();
    world.deliver(usize::MAX);
    assert!(world.told.contains(&Update::Reset(room(0))));
    assert_eq!(world.asked("sync.resume"), 0, "no position of another life is stated");
    assert_eq!(world.server.stored(mine).len(), 1);
    world.other_writes(0, 1);
    world.deliver(usize::MAX);
    assert_eq!(world.last[&room(0)], Seq(2));
}

#[test]
fn what_was_read_of_another_life_is_not_told_to_this_one() {
    let mut world = World::online(1);
    for _ in 0..3 {
        world.other_writes(0, 1);
    }
    world.deliver(usize::MAX);
    world.cut(None);
    world.session.mark_read(room(0), Seq(3), world.now);
    world.settle();
    world.server.epoch = 2;
    world.last.clear();
    world.heal();
    assert_eq!((world.asked("read.mark"), world.row(0).unread), (0, 3));
}
