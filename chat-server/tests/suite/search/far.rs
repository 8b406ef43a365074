//! What lies far back, beneath much that others wrote.

use chat_proto::{Person, SearchOrder};
use chat_server::store::Search;
use chat_tests::postgres;

use super::fixture::{Fixture, search, texts};

/// How many others wrote between two of the room's messages, again and again: less than what is looked through first,
/// just as much, and many times more.
const OTHERS: [u64; 7] = [0, 3, 19_999, 20_000, 150_000, 2_000_000, 30_000_000];

/// Somebody in more conversations than this is looked for in all of them.
const NAMED: usize = 100;

/// Takes so many ids, as if others had written; SQLite's search does not count them.
async fn others_write(f: &Fixture, messages: u64) {
    if let Some(database) = f.dir.postgres() {
        let address = database.address();
        let take = format!(
            "SELECT setval(pg_get_serial_sequence('events', 'id'), coalesce(max(id), 0) + 1 + {messages}) FROM events"
        );
        tokio::task::spawn_blocking(move || postgres::query(&address, &take)).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn everything_is_found_once_and_in_order() {
    let f = Fixture::new().await;
    let (ada, lin, eve) = (f.person("ada").await, f.person("lin").await, f.person("eve").await);
    for n in 0..NAMED {
        f.room(&format!("eve-{n}"), &[&eve]).await;
    }
    let mut ops = f.room("ops", &[&ada, &eve]).await;
    let mut strangers = f.room("strangers", &[&lin]).await;
    let mut said = Vec::new();
    for n in 0..4 * OTHERS.len() {
        let text = format!("canary {n}");
        f.say_on(19_000, &mut ops, &ada, &text).await;
        said.insert(0, text);
        f.say_on(19_000, &mut strangers, &lin, "canary of a stranger").await;
        others_write(&f, OTHERS[n % OTHERS.len()]).await;
    }
    f.say_on(19_000, &mut strangers, &lin, "canary, the newest of all").await;

    let all = async |who: &Person, query: &str, order, limit| -> Vec<String> {
        f.pages(Search { order, limit, ..search(who, query) }).await.iter().flat_map(texts).collect()
    };
    for who in [&ada, &eve] {
        for query in
            ["canary", "canary in:#ops", "canary -nothing", "from:ada", "-nothing", "after:2000-01-01"]
        {
            for (order, limit) in
                [(SearchOrder::Newest, 50), (SearchOrder::Newest, 3), (SearchOrder::Best, 50)]
            {
                assert_eq!(all(who, query, order, limit).await, said, "{}: {query}, {order:?}", who.name);
            }
        }
    }
    assert_eq!(all(&lin, "canary", SearchOrder::Best, 50).await.len(), 4 * OTHERS.len() + 1);
    assert_eq!(all(&lin, "canary in:#ops", SearchOrder::Newest, 50).await, [""; 0]);
}
