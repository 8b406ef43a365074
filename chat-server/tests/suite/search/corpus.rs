//! A hundred thousand messages in many scripts, the same in every run, held against a plain
//! look at every text. Checks answers; the times that it prints are for people.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chat_proto::{Person, SearchOrder};
use chat_server::store::{Search, Write};

use super::fixture::{DAY, Fixture, message, search, texts};

const MESSAGES: usize = 100_000;
const BATCH: usize = 5_000;
const FIRST_DAY: i64 = 20_089;

/// What people write about, by language. Those without spaces are put together without.
const LANGUAGES: [(&str, &str); 9] = [
    (
        " ",
        "the deploy deploys deployment canary is green red and we rolled back staging because latency rose again",
    ),
    (" ", "die straße ist für größe über müller käse brücke läuft heute nicht mehr schön grüße aus köln"),
    (" ", "le café crème brûlée été déjà où garçon élève forêt hôtel naïve cœur près très français"),
    (" ", "привет мир сервер упал снова ёлка всё хорошо завтра выкатываем сборку ошибка журнал"),
    (" ", "مرحبا الخادم لا يعمل اليوم مشكلة في النشر شكرا جزيلا صباح الخير"),
    (" ", "सर्वर आज नहीं चल रहा है कल मिलते हैं धन्यवाद समस्या"),
    ("", "今 天 天气 很 好 我们 部署 服务器 了 没有 问题 明天 再见 北京 上海"),
    ("", "今日 は 京都 駅 で 会う サーバー が 落ちた また 明日 デプロイ 完了 東京"),
    (" ", "서울에서 서버가 다시 죽었다 오늘은 배포를 하지 않는다 내일 만나요 부산"),
];

/// Small, fast, and the same everywhere (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}

struct Line {
    room: usize,
    author: usize,
    day: i64,
    text: String,
}

fn line(n: usize, dice: &mut Dice) -> Line {
    let (glue, words) = LANGUAGES[dice.below(LANGUAGES.len())];
    let words: Vec<&str> = words.split(' ').collect();
    let mut text: Vec<String> =
        (0..4 + dice.below(12)).map(|_| words[dice.below(words.len())].to_owned()).collect();
    text[0] = text[0].to_uppercase();
    if dice.below(50) == 0 {
        text.push(format!(" https://example.org/{n}"));
    }
    if dice.below(1_000) == 0 {
        text.push(format!(" needle{n} 🎉"));
    }
    let day = FIRST_DAY + i64::try_from(n * 300 / MESSAGES).unwrap();
    Line { room: dice.below(6), author: dice.below(5), day, text: text.join(glue) }
}

#[tokio::test]
async fn a_hundred_thousand_messages_in_many_scripts() {
    let f = Fixture::new().await;
    let mut people = Vec::new();
    for name in ["ada", "lin", "grace", "mei", "ivan"] {
        people.push(f.person(name).await);
    }
    let mut rooms = Vec::new();
    for n in 0..6 {
        // Ada is in the first four.
        let members: Vec<&Person> = people.iter().skip(usize::from(n >= 4)).collect();
        rooms.push(f.room(&format!("room{n}"), &members).await);
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let lines: Vec<Line> = (0..MESSAGES).map(|n| line(n, &mut dice)).collect();
    let begun = Instant::now();
    for batch in lines.chunks(BATCH) {
        let mut writes = Vec::new();
        for line in batch {
            let room = &mut rooms[line.room];
            room.head = room.head.next();
            room.messages += 1;
            let event = message(room.id, room.head.0, line.day * DAY, &people[line.author], &line.text);
            writes.push(Write::Event { event, messages: room.messages, hearing: Default::default() });
        }
        f.store.commit(writes).await.unwrap();
    }
    println!("{MESSAGES} messages written and indexed in {:?}", begun.elapsed());
    println!("{:>9} {:>9} {:>9}  query", "hits", "best", "newest");
    let ada = &people[0];
    for (query, fits) in queries() {
        let expected: Vec<usize> =
            (0..MESSAGES).rev().filter(|n| lines[*n].room < 4 && fits(&lines[*n])).collect();
        check(&f, ada, query, &expected.iter().map(|n| lines[*n].text.as_str()).collect::<Vec<_>>()).await;
    }
    let late = f.store.search(search(ada, "deplo"), Duration::ZERO).await.unwrap();
    assert!(late.is_none(), "a search ends when its time is over");
    f.store.close().await;
    let file = f.dir.file();
    let whole = std::fs::metadata(&file).unwrap().len();
    let index: i64 = rusqlite::Connection::open(file)
        .unwrap()
        .query_row("SELECT sum(length(block)) FROM search_data", [], |r| r.get(0))
        .unwrap();
    println!("the file has {} kB, the index in it {} kB", whole / 1_024, index / 1_024);
}

type Fits = fn(&Line) -> bool;

/// Queries, and what they mean in plain words.
fn queries() -> Vec<(&'static str, Fits)> {
    fn lower(line: &Line) -> String {
        line.text.to_lowercase()
    }
    fn word(line: &Line, wanted: &str) -> bool {
        lower(line).split(' ').any(|word| word == wanted)
    }
    vec![
        ("canary", |l| word(l, "canary")),
        ("deplo", |l| lower(l).contains("deplo")),
        ("\"deploy\"", |l| word(l, "deploy")),
        ("rolled back", |l| word(l, "rolled") && word(l, "back")),
        ("\"rolled back\"", |l| format!(" {} ", lower(l)).contains(" rolled back ")),
        ("canary -latency -\"the red\"", |l| {
            word(l, "canary") && !word(l, "latency") && !format!(" {} ", lower(l)).contains(" the red ")
        }),
        ("strasse KOLN", |l| (word(l, "straße") || word(l, "strasse")) && word(l, "köln")),
        ("creme brulee", |l| word(l, "crème") && word(l, "brûlée")),
        ("coeur", |l| word(l, "cœur")),
        ("елка", |l| word(l, "ёлка")),
        ("ПРИВЕТ МИР", |l| word(l, "привет") && word(l, "мир")),
        ("الخادم", |l| word(l, "الخادم")),
        ("सर्वर", |l| word(l, "सर्वर")),
        ("天气", |l| l.text.contains("天气")),
        ("气", |l| l.text.contains('气')),
        ("天", |l| l.text.contains('天')),
        ("京都駅", |l| l.text.contains("京都駅")),
        ("京", |l| l.text.contains('京')),
        ("サーバー", |l| l.text.contains("サーバー")),
        ("서울", |l| l.text.contains("서울")),
        ("서버 배포", |l| l.text.contains("서버") && l.text.contains("배포")),
        ("🎉", |l| l.text.contains('🎉')),
        ("needle", |l| l.text.contains("needle")),
        ("has:link from:@lin", |l| l.text.contains("https://") && l.author == 1),
        ("from:me in:#room1", |l| l.author == 0 && l.room == 1),
        ("canary from:me in:#room1", |l| word(l, "canary") && l.author == 0 && l.room == 1),
        ("on:2025-02-01 green", |l| l.day == 20_120 && word(l, "green")),
        ("after:2025-10-20", |l| l.day > 20_381),
        ("-the -deploy from:ivan before:2025-01-04", |l| {
            !word(l, "the") && !word(l, "deploy") && l.author == 4 && l.day < 20_092
        }),
        ("in:#room5 canary", |_| false),
        ("is:pinned", |_| false),
        ("zebra", |_| false),
    ]
}

async fn check(f: &Fixture, ada: &Person, query: &str, expected: &[&str]) {
    let newest = Search { order: SearchOrder::Newest, ..search(ada, query) };
    let (mut times, mut first) = (Vec::new(), Vec::new());
    for order in [SearchOrder::Best, SearchOrder::Newest] {
        let begun = Instant::now();
        first.push(f.ask(Search { order, ..newest.clone() }).await);
        times.push(begun.elapsed());
    }
    println!("{:>9} {:>7.1}ms {:>7.1}ms  {query}", expected.len(), ms(times[0]), ms(times[1]));
    // Whole lists where they are short; elsewhere the first pages, since each page costs a query.
    let pages = if expected.len() <= 2_000 {
        f.pages(newest).await
    } else {
        let second = Search { cursor: first[1].cursor.clone(), ..newest };
        vec![first[1].clone(), f.ask(second).await]
    };
    let found: Vec<String> = pages.iter().flat_map(texts).collect();
    assert_eq!(found, expected[..found.len()], "{query}");
    assert!(found.len() == expected.len() || found.len() == 100, "{query}");
    assert!(pages.iter().flat_map(|page| &page.hits).all(|hit| !hit.snippet.is_empty()));

    let ranked = f.pages(search(ada, query)).await;
    let ranked: Vec<String> = ranked.iter().flat_map(texts).collect();
    assert!(
        ranked.len() == expected.len().min(500) || ranked.len() == expected.len(),
        "{query}: {}",
        ranked.len()
    );
    let expected: BTreeSet<&str> = expected.iter().copied().collect();
    assert!(ranked.iter().all(|text| expected.contains(text.as_str())), "{query}");
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
