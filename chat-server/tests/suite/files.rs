//! Files below the wire: what is swept and what stays, and a bucket that speaks S3.

mod bucket;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use chat_proto::{
    FileId, FileName, Limits, Person, Registration, Role, Secret, SessionId, Timestamp, UserId, UserName,
};
use chat_server::auth::{Guesses, Passwords};
use chat_server::domain::policy::Policy;
use chat_server::files::{Bucket, Files, Place};
use chat_server::handler::App;
use chat_server::handler::doors::Doors;
use chat_server::handler::file::{FileDesk, Visitor};
use chat_server::handler::live::Live;
use chat_server::handler::pace::Paces;
use chat_server::handler::seats::Seats;
use chat_server::hub::{Hub, now};
use chat_server::outgoing::Outgoing;
use chat_server::store::NewAccount;
use futures_util::{StreamExt, TryStreamExt};
use uuid::Uuid;

use super::home::Home;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

struct Fixture {
    dir: Home,
    app: Arc<App>,
    ada: Visitor,
}

impl Fixture {
    async fn new(place: impl FnOnce(&Path) -> Place) -> Self {
        let dir = Home::new();
        let store = dir.open().await;
        let files = Files::open(&place(dir.path()), dir.path().join("uploads")).unwrap();
        let app = App {
            hub: Hub::start(&store, &Policy::default(), 1, Duration::ZERO, &Limits::default()),
            store,
            passwords: Passwords::new(1).unwrap(),
            guesses: Guesses::default(),
            session_idle: Duration::from_secs(60 * 60),
            outgoing: Outgoing::new(false).unwrap(),
            paces: Paces::new(&chat_proto::Limits::default()),
            searching: Seats::new(1),
            live: ArcSwap::from_pointee(Live::default()),
            desk: FileDesk::new(files),
            doors: Doors::default(),
            sso: None,
        };
        let name = UserName::parse("ada").unwrap();
        let account = NewAccount {
            id: UserId(Uuid::now_v7()),
            name: name.clone(),
            skeleton: name.to_string(),
            password: "x".to_owned(),
            invite: None,
            at: Timestamp(1),
        };
        let person = Person::new(account.id, name);
        app.store.create_account(account, Registration::Open).await.unwrap().unwrap();
        let visit = Arc::new(app.hub.visits().begin(person.id, SessionId(Uuid::now_v7())));
        Self { dir, app: Arc::new(app), ada: Visitor { person, role: Role::Member, scopes: None, visit } }
    }

    async fn in_a_folder() -> Self {
        Self::new(|dir| Place::Folder(dir.join("files"))).await
    }

    async fn begin(&self, size: usize) -> FileId {
        let name = FileName::new("a.bin").unwrap();
        self.app.begin_upload(&self.ada, name, size as u64).await.unwrap()
    }

    async fn send(&self, file: FileId, offset: u64, bytes: &[u8]) -> u64 {
        // As the socket gives them: in pieces.
        let pieces: Vec<_> = bytes.chunks(100_000).map(Bytes::copy_from_slice).collect();
        let body = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, ()>));
        self.app.receive(self.ada.clone(), file, offset, body).await.unwrap()
    }

    async fn upload(&self, bytes: &[u8]) -> FileId {
        let file = self.begin(bytes.len()).await;
        self.send(file, 0, bytes).await;
        file
    }

    async fn read(&self, file: FileId, from: u64, to: u64) -> Vec<u8> {
        let found = self.app.fetchable(&self.ada, file).await.unwrap();
        let bytes = self.app.desk.files().read(found.content.hash, from, to).await.unwrap();
        bytes.map(|chunk| chunk.map(|chunk| chunk.to_vec())).try_concat().await.unwrap()
    }

    fn contents(&self) -> usize {
        files_below(&self.dir.path().join("files"))
    }

    fn parts(&self) -> usize {
        files_below(&self.dir.path().join("uploads"))
    }

    fn after(&self, ms: i64) -> Timestamp {
        Timestamp(now().0 + ms)
    }
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

fn noise(size: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from((at * 31 + at / 251) % 256).unwrap()).collect()
}

#[tokio::test]
async fn what_is_never_sent_goes_after_a_day_and_not_before() {
    let fixture = Fixture::in_a_folder().await;
    let (complete, begun) = (fixture.upload(b"complete").await, fixture.begin(10).await);
    fixture.send(begun, 0, b"12345").await;
    fixture.app.sweep(fixture.after(DAY_MS - 60_000)).await;
    assert_eq!((fixture.contents(), fixture.parts()), (1, 1));
    assert_eq!(fixture.read(complete, 0, 8).await, b"complete");
    fixture.app.sweep(fixture.after(DAY_MS + 60_000)).await;
    assert_eq!((fixture.contents(), fixture.parts()), (0, 0), "bytes and all");
    assert!(fixture.app.fetchable(&fixture.ada, complete).await.is_err());
    assert!(fixture.app.upload_state(&fixture.ada, begun).await.is_err());
    let rest = fixture.app.store.files_of(fixture.ada.person.id, None, 10).await.unwrap();
    assert_eq!((rest.files.len(), rest.used), (0, 0));
}

/// Each line is a state in which a kill -9 can leave the disk.
#[tokio::test]
async fn what_a_crash_left_is_taken_away_or_finished() {
    let fixture = Fixture::in_a_folder().await;
    let kept = fixture.upload(b"kept").await;
    // The row of a content, then its bytes, and no file of it.
    let lost = fixture.begin(4).await;
    let mut part = fixture.app.desk.files().part(lost, 0).await.unwrap();
    part.write(b"lost").await.unwrap();
    part.save().await.unwrap();
    let looked = fixture.app.desk.files().look(lost).await.unwrap();
    fixture.app.store.expect_content(looked.content.clone()).await.unwrap();
    fixture.app.desk.files().keep(lost, looked).await.unwrap();
    // A part whose upload is gone, and the half of a content that was being written.
    std::fs::write(fixture.dir.path().join("uploads").join(Uuid::now_v7().to_string()), "x").unwrap();
    let half = fixture.dir.path().join("files/ab/abcd#1");
    std::fs::create_dir_all(half.parent().unwrap()).unwrap();
    std::fs::write(&half, "x").unwrap();
    let fresh = fixture.dir.path().join("files/ab/abcd#2");
    std::fs::write(&fresh, "x").unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 60 * 60);
    std::fs::File::options().write(true).open(&half).unwrap().set_modified(long_ago).unwrap();

    fixture.app.sweep(now()).await;
    assert_eq!(fixture.parts(), 1, "the upload may still go on");
    assert_eq!(fixture.contents(), 3, "kept, and the halves");
    assert_eq!(fixture.read(kept, 0, 4).await, b"kept");
    Files::open(&Place::Folder(fixture.dir.path().join("files")), fixture.dir.path().join("uploads"))
        .unwrap();
    assert!(!half.exists(), "a start takes halves away");
    assert!(fresh.exists(), "but not what another server may be writing");
    std::fs::remove_file(fresh).unwrap();

    // All bytes had come, and the upload was not made a file: whoever asks how far it is, finishes it.
    fixture.app.store.received(lost, 4).await.unwrap();
    assert!(fixture.app.upload_state(&fixture.ada, lost).await.unwrap().is_complete);
    assert_eq!(fixture.read(lost, 1, 3).await, b"os");
}

#[tokio::test]
async fn a_content_that_is_needed_again_is_kept() {
    let fixture = Fixture::in_a_folder().await;
    let first = fixture.upload(b"the same").await;
    fixture.app.delete_upload(fixture.ada.person.id, first).await.unwrap();
    // Unused, but not swept yet.
    let second = fixture.upload(b"the same").await;
    fixture.app.sweep(now()).await;
    assert_eq!(fixture.read(second, 0, 8).await, b"the same");
    assert_eq!(fixture.contents(), 1);
}

#[tokio::test]
async fn files_are_kept_in_a_bucket_too() {
    let bucket = bucket::Store::start().await;
    let place = bucket.place("chat", "files/of/acme");
    let fixture = Fixture::new(move |_| Place::Bucket(place)).await;
    let (small, large) = (noise(1_000), noise(20 * 1024 * 1024));
    let (one, two) = (fixture.upload(&small).await, fixture.upload(&large).await);
    assert_eq!(fixture.upload(&small).await.0.get_version_num(), 7);
    assert_eq!(bucket.names().len(), 2, "each content once");
    assert!(
        bucket.names().iter().all(|name| name.starts_with("chat/files/of/acme/")),
        "{:?}",
        bucket.names()
    );
    assert_eq!(fixture.read(one, 0, 1_000).await, small);
    assert_eq!(fixture.read(two, 0, large.len() as u64).await, large, "in several chunks");
    assert_eq!(fixture.read(two, 9_000_000, 9_000_500).await, large[9_000_000..9_000_500]);
    assert_eq!(fixture.contents() + fixture.parts(), 0, "nothing stays on this disk");
    fixture.app.sweep(fixture.after(DAY_MS + 60_000)).await;
    assert!(bucket.names().is_empty(), "{:?}", bucket.names());
}

#[tokio::test]
async fn a_bucket_that_refuses_is_an_upload_to_be_tried_again() {
    let bucket = bucket::Store::start().await;
    let keys = Some(("chat".to_owned(), Secret::new("wrong")));
    let place = Bucket { keys, ..bucket.place("chat", "") };
    let fixture = Fixture::new(move |_| Place::Bucket(place)).await;
    let file = fixture.begin(4).await;
    let body = futures_util::stream::iter([Ok::<_, ()>(Bytes::from_static(b"four"))]);
    let refused = fixture.app.receive(fixture.ada.clone(), file, 0, body).await;
    assert!(
        matches!(refused, Err(chat_server::handler::file::ReceiveError::Refused(error)) if error.temporary)
    );
    assert_eq!(fixture.parts(), 1, "what has come is kept");
}

#[tokio::test]
async fn an_address_of_the_bucket_is_over_when_it_says_so() {
    let bucket = bucket::Store::start().await;
    let usual = Fixture::new(|_| Place::Bucket(bucket.place("chat", "of/acme"))).await;
    let place = Bucket { direct: true, ..bucket.place("chat", "of/acme") };
    let fixture = Fixture::new(move |_| Place::Bucket(place)).await;
    let file = fixture.upload(b"for a minute").await;
    let content = fixture.app.fetchable(&fixture.ada, file).await.unwrap().content.hash;
    assert!(usual.app.desk.files().address(content, Duration::from_secs(60)).await.unwrap().is_none());
    for (valid_for, status) in [(Duration::from_secs(60), "200 OK"), (Duration::ZERO, "403 Forbidden")] {
        let address = fixture.app.desk.files().address(content, valid_for).await.unwrap().unwrap();
        let answer = bucket.get(address.expose()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert_eq!(answer.ends_with("for a minute"), status == "200 OK", "{answer}");
    }
}
