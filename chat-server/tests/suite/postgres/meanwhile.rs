//! What is done while a commit is under way.

use chat_server::hub::outbox::Outbox;

use super::*;
use crate::turns::letter;

/// Longer than anything here takes, and shorter than a commit waits for a row.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn what_another_node_writes_elsewhere_is_told_before_a_commit_ends() {
    let Two { here, there, ada, lin, database } = Two::new().await;
    let (ops, deploys) =
        (room(&here, "ops", &[&ada, &lin]).await, room(&here, "deploys", &[&ada, &lin]).await);
    let nats = bus().await;
    let (node_here, node_there) = (node(&here, &nats).await, node(&there, &nats).await);
    let (outbox, mut waiting) = Outbox::new();
    let session = node_here.new_session(SessionId(Uuid::nil()));
    node_here.attach(lin.id, session, Role::Member, true, &outbox).await.unwrap();
    let (other, connection) =
        tokio_postgres::connect(&database.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    other.batch_execute("BEGIN; SELECT 1 FROM conversations WHERE name = 'ops' FOR UPDATE").await.unwrap();
    let (author, hub) = (by(&ada), node_here.clone());
    let held_up = tokio::spawn(async move { hub.ask(ops, author, letter("held up")).await });
    let waits =
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let is_held_up = async {
        while other.query_opt(waits, &[]).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, is_held_up).await.expect("the commit waits for the row");
    node_there.ask(deploys, by(&ada), letter("meanwhile")).await.unwrap();
    let mut next = async || {
        let mut frames = Vec::new();
        tokio::time::timeout(PATIENCE, waiting.take(&mut frames)).await.expect("something is told").unwrap();
        frames.iter().map(|frame| String::from_utf8_lossy(frame.text()).into_owned()).collect::<String>()
    };
    assert!(next().await.contains("meanwhile"));
    assert!(!held_up.is_finished());
    other.batch_execute("COMMIT").await.unwrap();
    held_up.await.unwrap().unwrap();
    assert!(next().await.contains("held up"));
}
