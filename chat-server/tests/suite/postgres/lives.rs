//! Who works on a shared database beside whom, and what happens when it is not the one that it was.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chat_server::store::{Address, Claim, OpenError, Store, claim};
use chat_tests::postgres::{Cluster, Database, Ending, Syncing, query};

use super::store;

/// Far more than what is not refused takes.
const A_WHILE: Duration = Duration::from_secs(2);

fn waits_for_nobody(text: &str) {
    panic!("{text}");
}

/// Whether somebody was told that a claim waits.
static SAID: AtomicBool = AtomicBool::new(false);

fn says_so(text: &str) {
    assert!(text.contains("waiting up to 20 seconds"), "{text}");
    SAID.store(true, Ordering::SeqCst);
}

#[tokio::test]
async fn nodes_work_together_and_everything_else_alone() {
    let database = Database::new().unwrap();
    let address: Address = database.address().parse().unwrap();
    let one = claim(&address, Claim::WithNodes, waits_for_nobody).await.unwrap();
    let other = claim(&address, Claim::WithNodes, waits_for_nobody).await.unwrap();
    let mut alone = Box::pin(claim(&address, Claim::Alone, says_so));
    assert!(tokio::time::timeout(A_WHILE, &mut alone).await.is_err(), "it waits for those who are there");
    assert!(SAID.load(Ordering::SeqCst), "and says so");
    drop((one, other));
    let alone = alone.await.expect("who has ended is in nobody's way");
    let refused = claim(&address, Claim::WithNodes, says_so).await.unwrap_err();
    assert!(matches!(refused, OpenError::Taken(_)), "{refused}");
    drop(alone);
    claim(&address, Claim::WithNodes, waits_for_nobody).await.unwrap();
}

#[tokio::test]
async fn a_claim_whose_connection_is_cut_is_made_again() {
    const HOLDERS: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted";
    let database = Database::new().unwrap();
    let address: Address = database.address().parse().unwrap();
    let claimed = claim(&address, Claim::Alone, waits_for_nobody).await.unwrap();
    let holders = || {
        query(
            &database.address(),
            &format!(
                "{HOLDERS} AND database = (SELECT oid FROM pg_database
        WHERE datname = current_database())"
            ),
        )
        .unwrap()
    };
    assert_eq!(holders(), "1");
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    query(&database.address(), cut).unwrap();
    while holders() != "1" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(tokio::time::timeout(A_WHILE, claimed.lost()).await.is_err(), "nobody took it meanwhile");
}

#[tokio::test]
async fn a_database_that_was_brought_back_elsewhere_begins_another_epoch_once() {
    let database = Database::new().unwrap();
    let first = store(&database).await;
    assert_eq!(store(&database).await.epoch(), first.epoch());
    // As a copy of another cluster's data says it.
    query(&database.address(), "UPDATE server SET life = '7000000000000000000:00000001'").unwrap();
    let second = store(&database).await;
    assert_ne!(second.epoch(), first.epoch());
    assert_eq!(store(&database).await.epoch(), second.epoch());
    // What was made before lives were noted goes on as it is.
    query(&database.address(), "UPDATE server SET life = NULL").unwrap();
    assert_eq!(store(&database).await.epoch(), second.epoch());
}

/// What the cluster's data say after a standby took over, or after a restore to a point in time: the next
/// timeline of the log.
fn promote(cluster: &mut Cluster, address: &str) {
    cluster.end(Ending::Fast).unwrap();
    std::fs::write(cluster.data().join("standby.signal"), "").unwrap();
    cluster.start_again().unwrap();
    query(address, "SELECT pg_promote()").unwrap();
}

#[tokio::test]
async fn a_server_ends_when_a_standby_took_over_and_begins_another_epoch() {
    let mut cluster = Cluster::start(Syncing::Off).unwrap();
    let address = cluster.create("chat").unwrap();
    let server = Store::connect(&address.parse().unwrap()).await.unwrap();
    let before = server.epoch();
    // A restart is none.
    cluster.end(Ending::Fast).unwrap();
    cluster.start_again().unwrap();
    while server.lockdown().await.is_err() {}
    assert!(tokio::time::timeout(A_WHILE, server.replaced()).await.is_err());
    promote(&mut cluster, &address);
    while server.lockdown().await.is_err() {
        if tokio::time::timeout(Duration::from_millis(100), server.replaced()).await.is_ok() {
            break;
        }
    }
    server.replaced().await;
    let again = Store::connect(&address.parse().unwrap()).await.unwrap();
    assert_ne!(again.epoch(), before);
    again.lockdown().await.unwrap();
}
