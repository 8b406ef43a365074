//! Who was behind another server when it committed, and who looks for what others commit.

use chat_proto::Answer;
use chat_server::hub::Task;
use chat_server::hub::outbox::Outbox;

use super::*;
use crate::turns::letter;

/// Names of two rooms, and whether something that is no plain message goes with the turn, which then goes another
/// way.
const WAYS: [(&str, &str, bool); 2] = [("ops", "deploys", false), ("ops2", "deploys2", true)];

/// A new room as a server holds it.
async fn loaded(store: &Store, name: &str, members: &[&Person]) -> Room {
    let id = room(store, name, members).await;
    store.load(id).await.unwrap().unwrap()
}

#[tokio::test]
async fn who_was_overtaken_in_one_conversation_holds_no_other_up() {
    let Two { here, there, ada, lin, database: _database } = Two::new().await;
    for (ops, deploys, and_leaves) in WAYS {
        let (mut in_ops, mut in_deploys) =
            (loaded(&here, ops, &[&ada, &lin]).await, loaded(&here, deploys, &[&ada, &lin]).await);
        let (ops, deploys) = (in_ops.id, in_deploys.id);
        say(&there, ops, &ada, "first").await;
        let before = there.load(ops).await.unwrap();
        let mut turn = vec![
            said(&mut in_ops, &ada, "late"),
            said(&mut in_deploys, &ada, "in time"),
            said(&mut in_ops, &lin, "late as well"),
        ];
        turn.extend(and_leaves.then(|| decided(&mut in_deploys, &lin, Command::Leave)));
        let committed = here.commit(turn).await.unwrap();
        assert_eq!(committed.overtaken, [ops]);
        assert_eq!(here.load(deploys).await.unwrap().unwrap(), in_deploys);
        assert_eq!(here.load(ops).await.unwrap(), before, "nothing of it was kept where another was first");
    }
}

#[tokio::test]
async fn messages_are_put_behind_those_that_others_wrote_first() {
    let Two { here, there, ada, lin, database: _database } = Two::new().await;
    for (ops, deploys, and_leaves) in WAYS {
        let (mut in_ops, mut in_deploys) =
            (loaded(&here, ops, &[&ada, &lin]).await, loaded(&here, deploys, &[&ada, &lin]).await);
        let (ops, deploys) = (in_ops.id, in_deploys.id);
        let marked = marks(&here, &in_ops, &ada, Seq(1)).await;
        say(&there, ops, &lin, "first, @ada").await;
        say(&there, ops, &lin, "second").await;
        let mut turn = vec![
            marked,
            said(&mut in_ops, &ada, "late, @lin"),
            said(&mut in_deploys, &lin, "in time"),
            said(&mut in_ops, &ada, "late as well"),
        ];
        turn.extend(and_leaves.then(|| decided(&mut in_deploys, &lin, Command::Leave)));
        let committed = here.commit(turn).await.unwrap();
        assert_eq!(committed.overtaken, []);
        let [rebased] = &committed.rebased[..] else { panic!("{:?}", committed.rebased) };
        let texts: Vec<_> = rebased.onto.iter().map(|event| event.body().unwrap().as_str()).collect();
        assert_eq!((rebased.conversation, &texts[..]), (ops, &["first, @ada", "second"][..]));
        assert_eq!(rebased.called().collect::<Vec<_>>(), [ada.id]);
        in_ops.rebase(&rebased.onto, rebased.called());
        let (stored, log) = (here.load(ops).await.unwrap().unwrap(), here.log_after(ops, Seq(1), 10).await);
        assert_eq!(stored, in_ops, "memory follows without a look");
        let texts: Vec<_> = log.unwrap().iter().map(|event| event.body().unwrap().to_string()).collect();
        assert_eq!(texts, ["first, @ada", "second", "late, @lin", "late as well"]);
        assert_eq!(here.load(deploys).await.unwrap().unwrap(), in_deploys);
        let calls = committed.notices.iter().map(|notice| (notice.user, notice.seq));
        assert_eq!(calls.collect::<Vec<_>>(), [(lin.id, Seq(4))], "what is told has the new number");
    }
}

/// Messages of others that a turn's own are put behind, at most.
const BETWEEN: u64 = 100;

#[tokio::test]
async fn each_of_many_rooms_is_put_behind_what_came_there() {
    let Two { here, there, ada, lin, database: _database } = Two::new().await;
    let came = [1, 0, BETWEEN, 2, BETWEEN + 1];
    let mut rooms = Vec::new();
    for (n, others) in came.into_iter().enumerate() {
        let room = loaded(&here, &format!("room-{n}"), &[&ada, &lin]).await;
        let mut elsewhere = there.load(room.id).await.unwrap().unwrap();
        let before =
            (0..others).map(|n| said(&mut elsewhere, &lin, &format!("first {n}"))).collect::<Vec<_>>();
        if !before.is_empty() {
            there.commit(before).await.unwrap();
        }
        rooms.push(room);
    }
    let turn = rooms.iter_mut().map(|room| said(room, &ada, "late")).collect();
    let committed = here.commit(turn).await.unwrap();
    assert_eq!(committed.overtaken, [rooms[4].id], "too far behind: it is read anew");
    for (room, others) in rooms.iter_mut().zip(came).take(4) {
        let rebased = committed.rebased.iter().find(|rebased| rebased.conversation == room.id);
        assert_eq!(rebased.map_or(0, |rebased| rebased.onto.len() as u64), others);
        if let Some(rebased) = rebased {
            room.rebase(&rebased.onto, rebased.called());
        }
        assert_eq!(here.load(room.id).await.unwrap().unwrap(), *room);
    }
}

/// A read mark as a shard decides it.
async fn marks(store: &Store, room: &Room, user: &Person, seq: Seq) -> Write {
    let position = store.read_position(room.id, user.id, seq).await.unwrap().unwrap();
    Write::Read { conversation: room.id, user: user.id, position, as_of: room.head }
}

/// The count of unread ones had in it what another node deleted before the mark was written. Found by a storm of
/// three nodes, seed 3038.
#[tokio::test]
async fn a_mark_from_before_a_deletion_elsewhere_counts_it() {
    let Two { here, there, ada, lin, database: _database } = Two::new().await;
    for (ops, deploys, and_topic) in WAYS {
        let ops = room(&here, ops, &[&ada, &lin]).await;
        for text in ["one", "two", "three"] {
            say(&here, ops, &ada, text).await;
        }
        let mut in_deploys = loaded(&here, deploys, &[&ada]).await;
        let mut in_ops = here.load(ops).await.unwrap().unwrap();
        let mut turn = vec![marks(&here, &in_ops, &lin, Seq(2)).await];
        turn.extend(and_topic.then(|| decided(&mut in_deploys, &ada, Command::SetTopic(Topic::default()))));
        let mut elsewhere = there.load(ops).await.unwrap().unwrap();
        let target = there.event(ops, Seq(4)).await.unwrap();
        there.commit(vec![decided(&mut elsewhere, &ada, Command::Delete { target })]).await.unwrap();
        let committed = here.commit(turn).await.unwrap();
        let [(conversation, user, position)] = committed.marks[..] else { panic!("{:?}", committed.marks) };
        assert_eq!((conversation, user), (ops, lin.id));
        assert_eq!(committed.recounted, [ops], "a deletion is not taken over: memory is loaded anew");
        let row = here.conversation(lin.id, ops).await.unwrap().unwrap();
        assert_eq!((row.read, row.unread), (Seq(2), 1), "kept");
        in_ops.apply(&Change::Read(user, position));
        assert_eq!(
            in_ops.members[&lin.id],
            here.load(ops).await.unwrap().unwrap().members[&lin.id],
            "and told"
        );
    }
}

/// Whoever marked something as read on a server that had not heard of the newest message yet was told a count without
/// it, and kept that where they had the message already. Found by a storm of three nodes, seed 10016.
#[tokio::test]
async fn what_came_before_a_mark_is_in_memory_when_it_is_told() {
    let Two { here, there, ada, lin, database: _database } = Two::new().await;
    let mut in_ops = loaded(&here, "ops", &[&ada, &lin]).await;
    let ops = in_ops.id;
    let mark = marks(&here, &in_ops, &lin, Seq(1)).await;
    say(&there, ops, &ada, "not heard of here").await;
    let committed = here.commit(vec![mark]).await.unwrap();
    let [rebased] = &committed.rebased[..] else { panic!("{committed:?}") };
    in_ops.rebase(&rebased.onto, rebased.called());
    committed.marks.iter().for_each(|(_, user, position)| in_ops.apply(&Change::Read(*user, *position)));
    assert_eq!(in_ops.members[&lin.id].unread(in_ops.messages), 1);
    assert_eq!(here.load(ops).await.unwrap().unwrap(), in_ops);
}

/// A row can have a lower number than others and come to sight after them: who looks must know until when.
#[tokio::test]
async fn who_looks_for_news_knows_that_somebody_has_not_ended() {
    let database = Database::new().unwrap();
    let store = store(&database).await;
    let begin = store.news_position().await.unwrap();
    let (late, connection) =
        tokio_postgres::connect(&database.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    late.batch_execute("BEGIN; INSERT INTO news (at, body) VALUES (1, 'late')").await.unwrap();
    store.add_news(vec!["early".to_owned()], Timestamp(1)).await.unwrap();
    let during = store.whats_new(begin).await.unwrap();
    assert_eq!(during.news.len(), 1);
    assert!(during.position.ended < during.position.begun, "{during:?}");
    late.batch_execute("COMMIT").await.unwrap();
    let after = store.whats_new(during.position).await.unwrap();
    assert_eq!(after.news.len(), 0, "from where one came to, it is not seen");
    let all_ended = async {
        // The database has transactions of its own, to clean up.
        while store.whats_new(begin).await.unwrap().position.ended < during.position.begun {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all_ended).await.expect("all that had begun end");
    assert_eq!(store.whats_new(begin).await.unwrap().news.len(), 2);
}

#[tokio::test]
async fn the_number_that_another_server_took_is_refused() {
    let database = Database::new().unwrap();
    let (here, there) = (store(&database).await, store(&database).await);
    assert_eq!(here.epoch(), there.epoch(), "it is one life of one database");
    let ada = person(&here, "ada").await;
    let id = room(&here, "ops", &[&ada]).await;
    let (mut by_here, mut by_there) =
        (here.load(id).await.unwrap().unwrap(), there.load(id).await.unwrap().unwrap());
    here.commit(vec![said(&mut by_here, &ada, "first")]).await.unwrap();
    let late = there.commit(vec![said(&mut by_there, &ada, "second")]).await;
    assert!(matches!(late, Err(StoreError::Overtaken)), "{late:?}");
    assert_eq!(there.load(id).await.unwrap().unwrap(), by_here, "and what it says then is what there is");
    say(&there, id, &ada, "second").await;
    let page = here.history(ada.id, id, Anchor::Newest, 10).await.unwrap().unwrap();
    assert_eq!(page.head.0, 3);
}

/// A request that changes nothing is answered by who knows what is there, and only its own room waits for that.
#[tokio::test]
async fn who_is_behind_answers_nothing_from_memory_and_holds_no_other_room_up() {
    let Two { here, there, ada, lin, database: _database } = Two::new().await;
    let (ops, deploys) =
        (room(&here, "ops", &[&ada, &lin]).await, room(&here, "deploys", &[&ada, &lin]).await);
    let nats = bus().await;
    let hub = node(&here, &nats).await;
    let (outbox, _waiting) = Outbox::new();
    // Rooms in which nobody is connected are not kept in memory.
    hub.attach(lin.id, hub.new_session(SessionId(Uuid::nil())), Role::Member, true, &outbox).await.unwrap();
    let (lin, ada_here) = (by(&lin), by(&ada));
    let mark = || hub.ask(ops, lin.clone(), Task::MarkRead(Seq(1)));
    mark().await.unwrap();
    let unread = |marked: Result<Answer, _>| match marked {
        Ok(Answer::MarkRead(state)) => state.unread,
        other => panic!("{other:?}"),
    };
    let sent = |sent: Result<Answer, _>| match sent {
        Ok(Answer::SendMessage(sent)) => sent.seq,
        other => panic!("{other:?}"),
    };
    // What is given at once, before the shard can take the first, is one turn.
    say(&there, ops, &ada, "not heard of here").await;
    let (marked, beside) = tokio::join!(mark(), hub.ask(deploys, ada_here.clone(), letter("beside it")));
    assert_eq!((unread(marked), sent(beside)), (1, Seq(2)));
    say(&there, ops, &ada, "nor of this").await;
    let (marked, after) = tokio::join!(mark(), hub.ask(ops, ada_here.clone(), letter("behind it")));
    assert_eq!((unread(marked), sent(after)), (3, Seq(4)));
}
