//! New words come into the search index beside the turns.

use super::*;

/// What takes them in, by its beginning.
const MERGES: &str = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'
    AND query LIKE 'SELECT gin_clean%'";

#[tokio::test]
async fn no_turn_has_to_take_in_the_words_of_others() {
    let Two { here, ada, database, .. } = Two::new().await;
    let ops = room(&here, "ops", &[&ada]).await;
    say(&here, ops, &ada, "words that wait").await;
    let (other, connection) =
        tokio_postgres::connect(&database.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let are_taken_in = async {
        while other.query_opt(MERGES, &[]).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), are_taken_in)
        .await
        .expect("words are taken in after a while");
    let left = async || -> i64 {
        other.query_one("SELECT gin_clean_pending_list('events_words')", &[]).await.unwrap().get(0)
    };
    assert_eq!(left().await, 0, "all of them");
    say(&here, ops, &ada, "more words").await;
    assert!(left().await > 0, "and they did wait");
}
