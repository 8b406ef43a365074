//! Who works on a shared database beside whom, and what happens when it is not the one that it was.

use std::time::Duration;

use chat_server::store::{Address, Claim, OpenError, claim};
use chat_tests::postgres::{Database, query};

use super::store;

/// Far more than what is not refused takes.
const A_WHILE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn nodes_work_together_and_everything_else_alone() {
    let database = Database::new().unwrap();
    let address: Address = database.address().parse().unwrap();
    let one = claim(&address, Claim::WithNodes).await.unwrap();
    let other = claim(&address, Claim::WithNodes).await.unwrap();
    let mut alone = Box::pin(claim(&address, Claim::Alone));
    assert!(tokio::time::timeout(A_WHILE, &mut alone).await.is_err(), "it waits for those who are there");
    drop((one, other));
    let alone = alone.await.expect("who has ended is in nobody's way");
    let refused = claim(&address, Claim::WithNodes).await.unwrap_err();
    assert!(matches!(refused, OpenError::Taken(_)), "{refused}");
    drop(alone);
    claim(&address, Claim::WithNodes).await.unwrap();
}

#[tokio::test]
async fn a_claim_whose_connection_is_cut_is_made_again() {
    const HOLDERS: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted";
    let database = Database::new().unwrap();
    let address: Address = database.address().parse().unwrap();
    let claimed = claim(&address, Claim::Alone).await.unwrap();
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
