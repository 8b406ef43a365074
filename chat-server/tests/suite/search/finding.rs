//! What is found, and what comes first.

use std::time::Duration;

use chat_proto::{SearchOrder, Timestamp};
use chat_server::store::{Search, SearchCursor};
use proptest::test_runner::TestRunner;

use super::fixture::{Fixture, search, texts};

#[tokio::test]
async fn words_of_many_scripts_are_found() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("deploys", &[&ada]).await;
    for text in [
        "The deploys of Friday",
        "deploy now",
        "Crème brûlée à la carte",
        "Привет, мир! Ёлка",
        "今天天气很好",
        "明日は京都駅前で会う",
        "서울에서 만나요",
        "शनिवार को मिलते हैं",
        "مُحَمَّد يكتب",
        "วันนี้อากาศดี",
        "Straße gesperrt, Łódź",
        "party 🎉 at 10:30",
        "rolled back to v1.2.3",
        "back, then rolled",
    ] {
        f.say(&mut room, &ada, text).await;
    }
    for (query, expected) in [
        ("deplo", vec!["deploy now", "The deploys of Friday"]),
        ("DEPLOYS", vec!["The deploys of Friday"]),
        ("deplo friday", vec![]),
        ("friday deplo", vec!["The deploys of Friday"]),
        ("d", vec![]),
        ("creme BRULEE", vec!["Crème brûlée à la carte"]),
        ("crème", vec!["Crème brûlée à la carte"]),
        ("ПРИВЕТ", vec!["Привет, мир! Ёлка"]),
        ("елка", vec!["Привет, мир! Ёлка"]),
        ("天气", vec!["今天天气很好"]),
        ("天", vec!["今天天气很好"]),
        ("好", vec!["今天天气很好"]),
        ("天好", vec![]),
        ("\"天天气很\"", vec!["今天天气很好"]),
        ("京駅", vec![]),
        ("都駅", vec!["明日は京都駅前で会う"]),
        ("駅", vec!["明日は京都駅前で会う"]),
        ("서울", vec!["서울에서 만나요"]),
        ("शनिवार", vec!["शनिवार को मिलते हैं"]),
        ("محمد", vec!["مُحَمَّد يكتب"]),
        ("อากาศ", vec!["วันนี้อากาศดี"]),
        ("strasse lodz", vec!["Straße gesperrt, Łódź"]),
        ("🎉", vec!["party 🎉 at 10:30"]),
        ("10:30", vec!["party 🎉 at 10:30"]),
        ("v1.2.3", vec!["rolled back to v1.2.3"]),
        ("\"rolled back\"", vec!["rolled back to v1.2.3"]),
        ("rolled back", vec!["back, then rolled", "rolled back to v1.2.3"]),
        ("back -v1", vec!["back, then rolled"]),
        ("back -\"rolled back\"", vec!["back, then rolled"]),
        ("-deploy -deploys -back from:me before:2024-10-05 party", vec!["party 🎉 at 10:30"]),
        ("nothing", vec![]),
        ("-- deploy", vec!["deploy now", "The deploys of Friday"]),
    ] {
        assert_eq!(f.finds(&ada, query).await, expected, "{query}");
        let mut best = f.best(&ada, query).await;
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        best.sort();
        expected.sort();
        assert_eq!(best, expected, "{query}, best first");
    }
}

#[tokio::test]
async fn filters_keep_what_they_say() {
    let f = Fixture::new().await;
    let (ada, lin) = (f.person("ada").await, f.person("lin").await);
    let mut ops = f.room("ops", &[&ada, &lin]).await;
    let mut random = f.room("random", &[&ada, &lin]).await;
    let mut direct = f.direct(&[&ada, &lin]).await;
    f.say_on(20_757, &mut ops, &ada, "one @lin").await;
    let two = f.say_on(20_758, &mut ops, &lin, "two https://example.org").await;
    f.say_on(20_759, &mut random, &ada, "three").await;
    f.say_on(20_760, &mut direct, &lin, "four @ada").await;
    let five = f.answer_in_thread(&mut ops, &ada, two, "five").await;
    f.pin(&mut ops, &lin, two, true).await;
    for (query, expected) in [
        ("from:me", "five three one"),
        ("from:@lin", "four two"),
        ("from:me from:lin", "five four three two one"),
        ("from:@nobody", ""),
        ("in:#ops", "five two one"),
        ("in:#random in:@lin", "four three"),
        ("in:@lin", "four"),
        ("in:#nowhere", ""),
        ("in:@ada", ""),
        ("mentions:me", "four"),
        ("mentions:@lin in:#ops", "one"),
        ("has:link", "two"),
        ("has:file", ""),
        ("is:pinned", "two"),
        ("is:thread", "five two"),
        ("is:thread -five", "two"),
        ("on:2026-11-01", "two"),
        ("before:2026-11-01 from:me", "five one"),
        ("after:2026-11-01", "four three"),
        ("after:2026-11-01 before:2026-11-03", "three"),
        ("after:2026-11-03 before:2026-11-01", ""),
        ("from:me -one -five", "three"),
        ("-one -five", "four three two"),
        ("two from:me", ""),
        ("tw from:lin has:link in:ops is:pinned on:2026-11-01", "two"),
    ] {
        let found = f.finds(&ada, query).await;
        let found: Vec<&str> = found.iter().map(|text| text.split(' ').next().unwrap()).collect();
        assert_eq!(found.join(" "), expected, "{query}");
    }
    f.pin(&mut ops, &lin, two, false).await;
    assert!(f.finds(&ada, "is:pinned").await.is_empty());
    f.delete(&mut ops, &ada, five).await;
    assert_eq!(f.finds(&ada, "is:thread").await, ["two https://example.org"]);
}

#[tokio::test]
async fn what_fits_best_comes_first_and_new_before_old() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("deploys", &[&ada]).await;
    for n in 0..30 {
        f.say_on(19_000, &mut room, &ada, &format!("filler number {n}")).await;
    }
    f.say_on(19_000, &mut room, &ada, "old canary").await;
    f.say_on(19_999, &mut room, &ada, "new canary").await;
    assert_eq!(f.best(&ada, "canary").await, ["new canary", "old canary"]);
    f.say_on(19_500, &mut room, &ada, "the deployment is done").await;
    f.say_on(19_400, &mut room, &ada, "the deploy is done").await;
    assert_eq!(f.best(&ada, "deploy").await[0], "the deploy is done", "the whole word before its beginning");
    f.say_on(19_500, &mut room, &ada, "back then we rolled along").await;
    f.say_on(19_400, &mut room, &ada, "and so we rolled back then").await;
    let best = f.best(&ada, "rolled back").await;
    assert_eq!(best[0], "and so we rolled back then", "together before apart");
    let long = format!("outage {}", "and much else ".repeat(40));
    f.say_on(19_500, &mut room, &ada, &long).await;
    f.say_on(19_500, &mut room, &ada, "outage over").await;
    assert_eq!(f.best(&ada, "outage").await[0], "outage over", "what is about it before what names it");
    let found = f.ask(Search { now: Timestamp(i64::MIN), ..search(&ada, "canary") }).await;
    assert_eq!(found.hits.len(), 2, "no clock makes it fail");
}

#[tokio::test]
async fn a_hit_is_the_message_as_it_stands_with_its_matches_marked() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("deploys", &[&ada]).await;
    let seq = f.say(&mut room, &ada, "first text").await;
    f.edit(&mut room, &ada, seq, "second 天气 text about the Deploys").await;
    let found = f.ask(search(&ada, "天气 deplo")).await;
    assert_eq!(found.hits[0].event, f.target(&room, seq).await.unwrap());
    assert_eq!(found.hits[0].snippet, "second 天气 text about the Deploys");
    assert_eq!(found.hits[0].marks, [[7, 9], [25, 32]]);
    assert!(!found.indexing && found.cursor.is_none());
}

#[tokio::test]
async fn pages_have_neither_gap_nor_double_while_people_write() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("deploys", &[&ada]).await;
    let mut sent = Vec::new();
    for n in 0..120 {
        let words = if n % 3 == 0 { "canary canary" } else { "canary" };
        sent.push(f.say_on(19_000 + n, &mut room, &ada, &format!("{words} {n}")).await);
    }
    for (order, query) in [
        (SearchOrder::Best, "canary"),
        (SearchOrder::Newest, "canary"),
        (SearchOrder::Best, "from:me -nothing"),
        (SearchOrder::Newest, "-nothing"),
    ] {
        let all = Search { order, ..search(&ada, query) };
        let before: Vec<_> = f.pages(all.clone()).await.iter().flat_map(texts).collect();
        let paged = Search { limit: 7, ..all };
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = f.ask(Search { cursor: cursor.clone(), ..paged.clone() }).await;
            assert!(page.hits.len() <= 7);
            found.extend(texts(&page));
            f.say_on(20_000, &mut room, &ada, "canary in between").await;
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, before, "{order:?} {query}");
    }
    // What is deleted between two pages is left out, and nothing else.
    let first = f.ask(Search { limit: 7, ..search(&ada, "canary") }).await;
    let Some(SearchCursor::Rest(rest)) = first.cursor.clone() else { panic!("{:?}", first.cursor) };
    let second = f.ask(Search { limit: 1, cursor: first.cursor.clone(), ..search(&ada, "canary") }).await;
    f.delete(&mut room, &ada, second.hits[0].event.seq).await;
    let after = f.pages(Search { limit: 7, cursor: first.cursor, ..search(&ada, "canary") }).await;
    assert_eq!(after.iter().map(|page| page.hits.len()).sum::<usize>(), rest.len() - 1);
}

#[tokio::test]
async fn a_page_of_long_messages_ends_early_and_goes_on() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("deploys", &[&ada]).await;
    for n in 0..40 {
        f.say(&mut room, &ada, &format!("{n} canary {}", "x".repeat(16_000))).await;
    }
    for order in [SearchOrder::Best, SearchOrder::Newest] {
        let pages = f.pages(Search { order, ..search(&ada, "canary") }).await;
        assert!(pages.len() > 1 && pages[0].hits.len() < 20);
        assert_eq!(pages.iter().map(|page| page.hits.len()).sum::<usize>(), 40);
    }
}

#[test]
fn no_text_breaks_a_search() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (f, ada) = runtime.block_on(async {
        let f = Fixture::new().await;
        let ada = f.person("ada").await;
        let mut room = f.room("deploys", &[&ada]).await;
        f.say(&mut room, &ada, "AND OR NOT NEAR words facts search in by 天气 it's \"quoted\"").await;
        (f, ada)
    });
    let finds = |text: &str| {
        let Ok(query) = chat_proto::SearchQuery::parse(text) else { return };
        for order in [SearchOrder::Best, SearchOrder::Newest] {
            let wanted = chat_server::domain::find::Wanted::of(&query);
            let search = Search { query: query.clone(), wanted, order, ..search(&ada, "x") };
            let found = runtime.block_on(f.store.search(search, Duration::from_secs(60)));
            assert!(found.unwrap().is_some(), "{text}");
        }
    };
    for text in [
        "\"",
        "\"\"\"",
        "*",
        "a*",
        "NEAR(",
        "NEAR(a b, 2)",
        "AND",
        "a AND",
        "OR OR",
        "NOT a",
        "a\0b",
        "\0",
        "words:x",
        "facts : link",
        "{words facts} : x",
        "^a",
        "a + b",
        "'; DROP TABLE users; --",
        "%",
        "_",
        "(",
        ")",
        "- -",
        "-*",
        "\\",
        "a\"b\"c",
        "?1",
        ":me",
        "天\"气",
        "link",
        "search MATCH 'x'",
        "\u{202e}x",
        "in:#words",
        "in:@ada",
        "rank:bm25",
        "🎉\u{fe0f}\u{200d}",
        "-\u{301}",
        "\u{301}",
        "1️⃣",
    ] {
        finds(text);
    }
    finds(&"x".repeat(10_000));
    finds(&"\"天 ".repeat(80));
    runtime.block_on(async {
        for (query, n) in
            [("AND", 1), ("NOT near", 1), ("\"OR NOT\"", 1), ("it's", 1), ("link", 0), ("byx", 0)]
        {
            assert_eq!(f.finds(&ada, query).await.len(), n, "{query}");
        }
    });
    let any =
        "[\\PC]{0,40}|[-\"*(): a-zANDOR天\u{0}\u{301}]{0,60}|(from|in|on|has|is|-)[:\"@#a-z0-9* ]{0,20}";
    TestRunner::deterministic()
        .run(&any, |text| {
            finds(&text);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn a_search_ends_in_time() {
    let f = Fixture::new().await;
    let ada = f.person("ada").await;
    let mut room = f.room("deploys", &[&ada]).await;
    for n in 0..200 {
        f.say_on(n, &mut room, &ada, "canary").await;
    }
    let late = f.store.search(search(&ada, "canary"), Duration::ZERO).await.unwrap();
    assert!(late.is_none());
    assert_eq!(f.finds(&ada, "canary").await.len(), 50, "the reader works as before");
}
