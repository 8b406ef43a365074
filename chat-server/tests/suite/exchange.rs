//! Slack's export, small and varied, and archives that mean harm.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use chat_proto::{Event, EventKind, Registration, RoomName, UserName};
use chat_server::backup::Progress;
use chat_server::config::{self, Config, Places, Settings};
use chat_server::exchange::{Report, Source, import};
use chat_server::store::{Anchor, NewAccount, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::home::Home;

const PICTURE: &[u8] = include_bytes!("../../../chat-tests/tests/suite/fixtures/latency.png");

fn config_of(home: &Home) -> Config {
    let places = Places { data_dir: Some(home.path().to_owned()), config: None };
    let config = config::load(&places, Settings::default()).unwrap().check().unwrap();
    Config { database: home.address(), ..config }
}

fn zip(dir: &TempDir, entries: &[(&str, Vec<u8>)]) -> PathBuf {
    let path = dir.path().join("slack.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path
}

fn entry(name: &'static str, value: Value) -> (&'static str, Vec<u8>) {
    (name, serde_json::to_vec(&value).unwrap())
}

/// A workspace of four people and a program: threads, reactions, files, edits, pins, topics,
/// an archived channel, a private one, a direct, a group, and what we have no word for.
fn workspace() -> Vec<(&'static str, Vec<u8>)> {
    let users = json!([
        {"id": "U1", "name": "ada", "profile": {"display_name": "Ada L.", "real_name": "Ada Lovelace"}, "is_owner": true},
        {"id": "U2", "name": "lin.wei", "profile": {"real_name": "林 伟"}},
        {"id": "U3", "name": "channel", "profile": {}, "deleted": true},
        {"id": "U4", "name": "Guest User!", "is_restricted": true, "profile": {}},
        {"id": "U5", "name": "ch\u{430}nnel", "profile": {}},
        {"id": "UB", "name": "deploybot", "is_bot": true, "profile": {}},
    ]);
    let channels = json!([
        {"id": "C1", "name": "general", "created": 1_600_000_000, "creator": "U1", "is_archived": false,
         "members": ["U1", "U2", "U3"], "topic": {"value": "all &amp; everything"}, "purpose": {"value": "What matters"}},
        {"id": "C2", "name": "old-stuff", "created": 1_500_000_000, "creator": "U2", "is_archived": true,
         "members": ["U2"], "topic": {"value": ""}, "purpose": {"value": ""}},
    ]);
    let day_1 = json!([
        {"type": "message", "subtype": "channel_join", "user": "U2", "text": "joined", "ts": "1600000001.000100"},
        {"type": "message", "user": "U1", "text": "hello <@U2>, see <#C2|old-stuff> and <https://x.org|this>",
         "ts": "1600000002.000200", "thread_ts": "1600000002.000200", "reply_count": 2,
         "reactions": [{"name": "+1", "users": ["U2", "U3"], "count": 2}, {"name": "partyparrot", "users": ["U2"]},
                       {"name": "wave::skin-tone-3", "users": ["U4"]}],
         "edited": {"user": "U1", "ts": "1600000009.000000"}, "pinned_to": ["C1"]},
        {"type": "message", "subtype": "channel_topic", "user": "U1", "topic": "all &amp; everything", "text": "set", "ts": "1600000003.000000"},
        {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted.", "ts": "1600000004.000000"},
        {"type": "message", "user": "U2", "text": "first answer", "ts": "1600000005.123456", "thread_ts": "1600000002.000200"},
        {"type": "message", "subtype": "huddle_thread", "user": "U2", "text": "", "ts": "1600000006.000000"},
    ]);
    let day_2 = json!([
        {"type": "message", "subtype": "bot_message", "bot_id": "B7", "username": "CI", "text": "",
         "attachments": [{"fallback": "build 7", "title": "build 7", "text": "passed"}], "ts": "1600090002.000000"},
        {"type": "message", "subtype": "me_message", "user": "U4", "text": "waves", "ts": "1600090003.000000"},
        {"type": "message", "user": "U2", "text": "second answer", "ts": "1600090001.000000", "thread_ts": "1600000002.000200"},
        {"type": "message", "user": "U1", "text": "", "ts": "1600090004.000000", "files": [
            {"id": "F0000001", "name": "latency.png", "size": PICTURE.len(), "user": "U1", "created": 1_600_090_000},
            {"id": "F0000002", "name": "gone.pdf", "size": 9, "url_private": "https://files.slack.com/x/gone.pdf?t=xoxe-secret"}]},
        {"type": "message", "user": "U9", "user_profile": {"name": "stranger"}, "text": "from elsewhere", "ts": "1600090005.000000"},
    ]);
    vec![
        entry("users.json", users),
        entry("channels.json", channels),
        entry(
            "groups.json",
            json!([{"id": "G1", "name": "secret", "creator": "U2", "members": ["U2", "U1"], "created": 1}]),
        ),
        entry("dms.json", json!([{"id": "D1", "members": ["U1", "U2"], "created": 1}])),
        entry(
            "mpims.json",
            json!([{"id": "M1", "name": "mpdm-ada--lin--x-1", "members": ["U1", "U2", "U3"], "created": 1}]),
        ),
        entry("general/2020-09-14.json", day_2),
        entry("general/2020-09-13.json", day_1),
        entry(
            "old-stuff/2017-07-14.json",
            json!([{"type": "message", "user": "U2", "text": "bye", "ts": "1500000001.0"}]),
        ),
        entry(
            "secret/2020-09-13.json",
            json!([{"type": "message", "user": "U1", "text": "psst <@U2|a \"b> <@U2", "ts": "1600000001.0"}]),
        ),
        entry(
            "D1/2020-09-13.json",
            json!([{"type": "message", "user": "U2", "text": "between us", "ts": "1600000001.0"}]),
        ),
        entry(
            "mpdm-ada--lin--x-1/2020-09-13.json",
            json!([{"type": "message", "user": "U1", "text": "we three", "ts": "1600000001.0"}]),
        ),
        ("__uploads/F0000001/latency.png", PICTURE.to_vec()),
        ("../../evil.json", b"{}".to_vec()),
        ("/etc/F0000009-evil", b"x".to_vec()),
    ]
}

async fn slack(dir: &Home, zip: &Path, dry_run: bool) -> anyhow::Result<Report> {
    import(&config_of(dir), &Source::Slack(zip.to_owned()), dry_run, Progress::quiet()).await
}

/// A data directory with ada's account, which has a password.
async fn home() -> Home {
    let dir = Home::new();
    let store = dir.open().await;
    let account = NewAccount {
        id: chat_proto::UserId(Uuid::now_v7()),
        name: UserName::parse("ada").unwrap(),
        skeleton: "ada".to_owned(),
        password: "x".to_owned(),
        invite: None,
        at: chat_proto::Timestamp(1),
    };
    store.create_account(account, Registration::Open).await.unwrap().unwrap();
    store.close().await;
    dir
}

async fn log(store: &Store, room: &str) -> Vec<Event> {
    let id = store.room_named(RoomName::parse(room).unwrap()).await.unwrap().unwrap();
    let ada = store.person(UserName::parse("ada").unwrap()).await.unwrap().unwrap();
    store.history(ada.id, id, Anchor::After(chat_proto::Seq(0)), 100).await.unwrap().unwrap().events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_comes_over_once() {
    let (dir, outside) = (home().await, tempfile::tempdir().unwrap());
    let zip = zip(&outside, &workspace());
    let asked = slack(&dir, &zip, true).await.unwrap();
    assert!(asked.dry_run && asked.events > 10 && asked.files == 1, "{asked:?}");
    let store = dir.open().await;
    assert!(store.room_named(RoomName::parse("general").unwrap()).await.unwrap().is_none(), "only asked");
    store.close().await;

    let first = slack(&dir, &zip, false).await.unwrap();
    assert_eq!(Report { dry_run: true, ..first.clone() }, asked, "what was said is what came");
    assert_eq!((first.users_matched, first.conversations_made), (1, 5), "{first:?}");
    assert!(first.left_out.keys().any(|what| what.contains("huddle_thread")), "{first:?}");
    assert!(first.left_out.keys().any(|what| what.contains("workspace's own")), "{first:?}");
    let again = slack(&dir, &zip, false).await.unwrap();
    assert_eq!((again.events, again.files, again.users_made, again.conversations_made), (0, 0, 0, 0));
    assert_eq!(again.events_known, first.events, "{again:?}");

    let store = dir.open().await;
    let events = log(&store, "general").await;
    let seqs: Vec<u64> = events.iter().map(|event| event.seq.0).collect();
    assert_eq!(seqs, (1..=11).collect::<Vec<_>>());
    let hello = events[2].message().unwrap();
    assert_eq!(hello.body.as_str(), "hello @lin.wei, see #old-stuff and this (https://x.org)");
    assert_eq!((events[2].at.0, hello.edited.is_some(), hello.pinned), (1_600_000_002_000, true, true));
    assert_eq!((hello.replies, hello.mentions.len(), hello.reactions.len()), (2, 1, 2));
    assert_eq!((hello.reactions[0].emoji.as_str(), hello.reactions[0].users.len()), ("👍", 2));
    assert!(matches!(events[4].what, EventKind::Tombstone(_)));
    assert_eq!(events[5].message().unwrap().thread, Some(events[2].seq));
    assert_eq!(events[5].at.0, 1_600_000_005_123);
    let built = &events[7];
    assert!(built.author.bot && built.body().unwrap().as_str().contains("build 7"), "{built:?}");
    assert!(events[8].message().unwrap().action);
    let files = events[9].message().unwrap();
    assert_eq!(files.files[0].picture.as_ref().unwrap().width, 640, "the file was looked at");
    assert!(files.body.as_str().contains("https://files.slack.com/x/gone.pdf"), "{files:?}");
    assert!(!files.body.as_str().contains("secret"), "no token comes along");
    assert_eq!(events[10].author.name.as_str(), "stranger");
    let secret = log(&store, "secret").await;
    assert!(
        secret[1].body().unwrap().as_str().starts_with("psst "),
        "a text that is no form of Slack's: {secret:?}"
    );
    let ada = store.person(UserName::parse("ada").unwrap()).await.unwrap().unwrap();
    let mine = store.conversations(ada.id, None, 100).await.unwrap().rows;
    let named = |name: &str| mine.iter().find(|room| room.name.as_ref().is_some_and(|n| n.as_str() == name));
    assert_eq!(
        (named("general").unwrap().topic.as_str(), named("general").unwrap().unread),
        ("all & everything", 0)
    );
    assert!(named("secret").unwrap().private && named("old-stuff").is_none());
    assert_eq!(mine.iter().filter(|room| room.name.is_none()).count(), 2, "a direct and a group");
    let old = store.room_named(RoomName::parse("old-stuff").unwrap()).await.unwrap().unwrap();
    assert!(store.load(old).await.unwrap().unwrap().rules.archived);
    assert!(store.account(UserName::parse("lin.wei").unwrap()).await.unwrap().unwrap().password.is_empty());
    assert!(
        store.account(UserName::parse("channel-slack").unwrap()).await.unwrap().is_some(),
        "reserved names"
    );
    // Between the two days of the channel: what came is kept for its time by when it was written.
    let then = chat_proto::Timestamp((1_600_050_000 + 86_400) * 1_000);
    let mut expired = store.expired(Some(1), then, 100).await.unwrap();
    expired.retain(|(conversation, _)| *conversation == events[2].conversation);
    expired.sort_unstable();
    let of_the_first_day =
        events.iter().filter(|event| event.message().is_some() && event.at.0 < 1_600_050_000_000);
    let of_the_first_day: Vec<_> = of_the_first_day.map(|event| (event.conversation, event.seq)).collect();
    assert_eq!(expired, of_the_first_day);
    assert_eq!(expired.len(), 2);
    if let Ok(alike) = UserName::parse("ch\u{430}nnel") {
        assert!(store.account(alike).await.unwrap().is_none(), "a name that looks like a reserved one");
    }
    assert!(!outside.path().join("evil.json").exists() && !dir.path().join("evil.json").exists());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_that_mean_harm_do_none() {
    let (dir, outside) = (home().await, tempfile::tempdir().unwrap());
    let whole = std::fs::read(zip(&outside, &workspace())).unwrap();
    let bad = outside.path().join("bad.zip");
    for len in [0, 10, whole.len() / 2, whole.len() - 10] {
        std::fs::write(&bad, &whole[..len]).unwrap();
        let error = slack(&dir, &bad, false).await.unwrap_err();
        assert!(error.to_string().contains("not a whole zip"), "{error:#}");
    }
    // More than anything is read of, in a few kilobytes.
    let mut bomb = vec![b' '; 65 << 20];
    bomb[0] = b'[';
    let bomb = zip(&outside, &[("users.json", bomb), entry("channels.json", json!([{"id": "C1"}]))]);
    assert!(std::fs::metadata(&bomb).unwrap().len() < 1 << 20);
    let error = slack(&dir, &bomb, false).await.unwrap_err();
    assert!(error.to_string().contains("larger than any"), "{error:#}");
    // A file that is larger than it says.
    let mut entries = workspace();
    entries.retain(|(name, _)| !name.starts_with("__uploads"));
    entries.push(("__uploads/F0000001/latency.png", vec![0; PICTURE.len() * 50]));
    let lies = zip(&outside, &entries);
    let report = slack(&dir, &lies, false).await.unwrap();
    assert!(
        report.files == 0 && report.notes.iter().any(|note| note.contains("larger than it says")),
        "{report:?}"
    );
    assert_eq!(std::fs::read_dir(dir.path().join("uploads")).unwrap().count(), 0, "no half of it is left");
    for strange in [json!(7), json!([7, null, {"id": 9}]), json!({"a": []})] {
        let odd = zip(
            &outside,
            &[
                entry("users.json", strange.clone()),
                entry("channels.json", json!([strange])),
                entry("general/2020-01-01.json", json!([strange])),
            ],
        );
        // Whatever it says, it says it without a fall.
        let _ = slack(&dir, &odd, false).await;
    }
}
