//! Taking an export in.

mod asides;
mod remap;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use bytesize::ByteSize;
use chat_proto::{ConversationId, Event, EventKind, FileId, Role, Seq, UserId};

use super::bytes::Bytes;
use super::slack::{self, Zip};
use super::{FILES, LINE_BYTES, LINES, Report};
use crate::backup::Progress;
use crate::config::Config;
use crate::files::Files;
use crate::handler::account::looks_like;
use crate::hub::now;
use crate::migrate::copy_of;
use crate::serve::{DATABASE, Lock, UPLOADS, open_to_work};
use crate::store::{
    Arrival, Aside, Claim, ConversationRecord, EXPORT_FORMAT, FileRecord, MemberRecord, Place, Record, Store,
    UserRecord, VersionRecord,
};

/// Events written in one commit.
const BATCH: usize = 500;

/// The server itself, as whom its console acts: the same everywhere, and no account of an export.
const SERVER: UserId = UserId(uuid::Uuid::nil());

/// The largest file that is taken in. An admin may bring what people may not upload.
const FILE_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// What is imported.
#[derive(Debug, Clone)]
pub enum Source {
    /// A folder that `chat-server export` made.
    Ours(PathBuf),
    /// A zip that Slack made.
    Slack(PathBuf),
}

/// Takes an export in; with `dry_run`, only says what would come.
///
/// # Errors
/// Why not, with what to do. What was taken in before stays, and the next run goes on.
pub async fn import(
    config: &Config,
    source: &Source,
    dry_run: bool,
    progress: Progress,
) -> anyhow::Result<Report> {
    let report = Report { dry_run, ..Report::default() };
    if dry_run && !config.data_dir.exists() && config.database.is_none() {
        // What would come into a new folder; none is made for the asking.
        let nowhere = tempfile::Builder::new().prefix("chat-import-").tempdir()?;
        return run(Store::open(&nowhere.path().join(DATABASE))?, None, source, report, progress).await;
    }
    let _lock = Lock::alone(&config.data_dir)?;
    if !dry_run {
        let (store, _claimed) = open_to_work(config, Claim::Alone, |text| Progress::new().say(text)).await?;
        let files = Files::open(&config.files, config.data_dir.join(UPLOADS))?;
        return run(store, Some(files), source, report, progress).await;
    }
    // On a copy: what would come is then exactly what comes.
    let copy = tempfile::Builder::new().prefix(".chat-copy-").tempdir_in(&config.data_dir)?;
    if config.database.is_some() || config.data_dir.join(DATABASE).exists() {
        drop(copy_of(config, &copy.path().join(DATABASE)).await?);
    }
    run(Store::open(&copy.path().join(DATABASE))?, None, source, report, progress).await
}

async fn run(
    store: Store,
    files: Option<Files>,
    source: &Source,
    report: Report,
    progress: Progress,
) -> anyhow::Result<Report> {
    // Who runs a server already is not outdone by a file.
    let most = if store.has_accounts().await? { Role::Member } else { Role::Owner };
    let mut importer = Importer {
        store: store.clone(),
        files,
        most,
        users: HashMap::new(),
        unclaimed: HashSet::new(),
        places: HashMap::new(),
        asides: Vec::new(),
        absent: HashMap::new(),
        open: None,
        report,
        progress,
    };
    let result = match source {
        Source::Ours(folder) => importer.ours(folder).await,
        Source::Slack(zip) => importer.slack(zip).await,
    };
    store.close().await;
    importer.progress.end();
    result.map(|()| importer.report)
}

/// The conversation whose events come.
struct Open {
    record: ConversationRecord,
    place: Option<Place>,
    waiting: Vec<Event>,
    /// Whether anything came, now or in a run that was cut, so that it needs its counts.
    is_changed: bool,
    /// Whether its members have read it all and it has its counts.
    is_settled: bool,
    /// Whether the rest of it is passed over.
    is_closed: bool,
}

pub(super) struct Importer {
    store: Store,
    /// `None` when only asked.
    files: Option<Files>,
    most: Role,
    /// Who is who here.
    users: HashMap<UserId, chat_proto::Person>,
    /// Those of them, by their ids here, into whose accounts nobody here can have logged in.
    unclaimed: HashSet<UserId>,
    /// Which conversation is which, and what was added to its numbers.
    places: HashMap<ConversationId, (ConversationId, u64)>,
    /// Lines that wait to be written together.
    asides: Vec<Aside>,
    /// Files that did not come, by their names.
    absent: HashMap<FileId, String>,
    open: Option<Open>,
    report: Report,
    progress: Progress,
}

impl Importer {
    async fn ours(&mut self, folder: &Path) -> anyhow::Result<()> {
        let path = folder.join(LINES);
        let file = File::open(&path)
            .with_context(|| format!("cannot read {}; name the folder of an export", path.display()))?;
        let mut lines = BufReader::new(file);
        let mut bytes = Bytes::Folder(folder.join(FILES));
        let mut line = Vec::new();
        for n in 1_u64.. {
            line.clear();
            (&mut lines).take(LINE_BYTES).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                ensure!(n > 1, "{} is empty", path.display());
                break;
            }
            ensure!(line.ends_with(b"\n"), "{}: line {n} is cut off or too long", path.display());
            if n > 1
                && let Ok(aside) = serde_json::from_slice::<Aside>(&line)
            {
                self.aside(&aside).await.with_context(|| format!("{}: line {n}", path.display()))?;
                continue;
            }
            let record: Record = serde_json::from_slice(&line)
                .with_context(|| format!("{}: line {n} is none of an export", path.display()))?;
            ensure!(
                (n == 1) == matches!(record, Record::Export(_)),
                "{}: an export begins with one line that says so; this one does not",
                path.display()
            );
            // What a client passes over would be lost here.
            if let Record::Event(event) = &record
                && event.what == EventKind::Unknown
            {
                serde_json::from_slice::<EventKind>(&line)
                    .with_context(|| format!("{}: line {n} cannot be read", path.display()))?;
            }
            self.take(record, &mut bytes).await.with_context(|| format!("{}: line {n}", path.display()))?;
        }
        self.close().await?;
        self.write_asides().await
    }

    async fn slack(&mut self, path: &Path) -> anyhow::Result<()> {
        let mut zip = Zip::open(path)?;
        let mut slack = slack::Reader::new(&mut zip)?;
        let mut bytes = Bytes::Zip(Box::new(Zip::open(path)?));
        while let Some(record) = slack.next(&mut zip, &mut self.report)? {
            self.take(record, &mut bytes).await?;
        }
        self.close().await
    }

    async fn take(&mut self, record: Record, bytes: &mut Bytes) -> anyhow::Result<()> {
        match record {
            Record::Export(header) => {
                ensure!(
                    header.format <= EXPORT_FORMAT,
                    "it was made by a newer chat-server ({}); import it with that version",
                    header.version
                );
                match header.of {
                    Some(name) => {
                        bail!("this is what {name} wrote, not a whole server; it is for reading only")
                    }
                    None => Ok(()),
                }
            }
            Record::User(user) => self.user(user).await,
            Record::File(file) => self.file(file, bytes).await,
            Record::Conversation(conversation) => {
                self.close().await?;
                self.open = Some(Open {
                    record: *conversation,
                    place: None,
                    waiting: Vec::new(),
                    is_changed: false,
                    is_settled: false,
                    is_closed: false,
                });
                Ok(())
            }
            Record::Event(event) => self.event(*event).await,
            Record::Version(version) => self.version(version).await,
        }
    }

    async fn user(&mut self, user: UserRecord) -> anyhow::Result<()> {
        let (id, name, bot) = (user.id, user.name.clone(), user.bot);
        let arrived = self.store.import_user(user, self.most, looks_like).await?;
        match arrived.how {
            Arrival::Known => {}
            Arrival::Matched => self.report.users_matched += 1,
            Arrival::Made => self.report.users_made += 1,
        }
        if arrived.name != name && arrived.how == Arrival::Made {
            self.report.note(format!("@{name} is taken here; the other one is @{}", arrived.name));
        }
        if arrived.is_unclaimed {
            self.unclaimed.insert(arrived.id);
        }
        self.users.insert(id, chat_proto::Person { id: arrived.id, name: arrived.name, bot });
        Ok(())
    }

    async fn file(&mut self, file: FileRecord, bytes: &mut Bytes) -> anyhow::Result<()> {
        let owner = self.person(file.owner)?.id;
        if self.store.has_file(file.id).await? {
            return Ok(());
        }
        let n = self.report.files;
        self.progress.at(|| format!("files: {n}"));
        let (id, name) = (file.id, file.name.to_string());
        match self.bring(file, owner, bytes).await {
            Ok(true) => self.report.files += 1,
            Ok(false) => {
                self.report.leave_out("files whose bytes are not in the export");
                self.absent.insert(id, name);
            }
            Err(cause) => {
                self.report.note(format!("the file {name} does not come: {cause:#}"));
                self.absent.insert(id, name);
            }
        }
        Ok(())
    }

    /// As an upload is taken in: looked at, kept under its hash, named in the database.
    async fn bring(
        &mut self,
        mut file: FileRecord,
        owner: UserId,
        bytes: &mut Bytes,
    ) -> anyhow::Result<bool> {
        let most = file.size.min(FILE_BYTES);
        ensure!(file.size <= FILE_BYTES, "it is larger than {}", ByteSize(FILE_BYTES));
        let Some(files) = &self.files else {
            // Only asked: it would come, if its bytes are there.
            return Ok(bytes.pour(&file, most, &mut |_| Ok(()))?);
        };
        let mut part = files.part(file.id, 0).await?;
        // Chunk by chunk through a small buffer file of ours, as the part is written by the runtime.
        let runtime = tokio::runtime::Handle::current();
        let poured = tokio::task::block_in_place(|| {
            bytes.pour(&file, most, &mut |chunk| runtime.block_on(part.write(chunk)))
        });
        let is_there = match poured {
            Ok(is_there) => is_there,
            Err(cause) => {
                files.drop_part(file.id).await;
                return Err(cause.into());
            }
        };
        if !is_there {
            files.drop_part(file.id).await;
            return Ok(false);
        }
        part.save().await?;
        let looked = files.look(file.id).await?;
        let hash = looked.content.hash;
        if file.sha256.as_ref().is_some_and(|told| *told != hash.to_string()) {
            files.drop_part(file.id).await;
            bail!("its bytes are not those that were exported");
        }
        file.size = looked.content.size;
        let _keeping = files.keeping().await;
        if !self.store.expect_content(looked.content.clone()).await? {
            files.keep(file.id, looked).await?;
        }
        files.drop_part(file.id).await;
        self.store.import_file(file, owner, hash, now()).await?;
        Ok(true)
    }

    fn person(&self, id: UserId) -> anyhow::Result<&chat_proto::Person> {
        self.users.get(&id).with_context(|| format!("the account {id} is not in the export"))
    }

    async fn event(&mut self, event: Event) -> anyhow::Result<()> {
        let Some(mut open) = self.open.take() else { bail!("an event comes before its conversation") };
        ensure!(event.conversation == open.record.id, "an event is of another conversation");
        let result = self.event_of(&mut open, event).await;
        self.open = Some(open);
        result
    }

    async fn event_of(&mut self, open: &mut Open, event: Event) -> anyhow::Result<()> {
        if open.is_closed {
            self.report.leave_out("events of conversations that have gone on here or differ there");
            return Ok(());
        }
        if open.place.is_none() {
            ensure!(event.seq == Seq(1), "the first event of a conversation is missing");
            let place = self.place(&open.record, &event).await?;
            open.is_changed = place.is_unfinished;
            self.places.insert(open.record.id, (place.conversation, place.shift));
            open.place = Some(place);
        }
        let Some(place) = &open.place else { return Ok(()) };
        if event.seq.0 <= place.head {
            self.report.events_known += 1;
            // Where what was known ends, the two must be the same; else others were deleted there.
            if event.seq.0 == place.head {
                let here = self.store.event(place.conversation, Seq(event.seq.0 + place.shift)).await?;
                open.is_closed = here.is_none_or(|here| here.at != event.at);
            }
            return Ok(());
        }
        let event = self.here(event, place)?;
        let event = self.with_files(event).await?;
        open.waiting.push(event);
        if open.waiting.len() >= BATCH { self.flush(open).await } else { Ok(()) }
    }

    async fn place(&mut self, record: &ConversationRecord, first: &Event) -> anyhow::Result<Place> {
        let mut here = record.clone();
        here.members.clear();
        for member in &record.members {
            here.members.push(MemberRecord { user: self.person(member.user)?.id, ..*member });
        }
        let place = self.store.begin_import(here, first.clone()).await?;
        if place.is_new {
            self.report.conversations_made += 1;
        }
        if let (Some(told), Some(name)) = (&record.name, &place.name)
            && place.is_new
            && told != name
        {
            self.report.note(format!("#{told} is taken here; the other one is #{name}"));
        }
        if place.shift > 0 && place.head == 0 {
            self.report.note("a direct conversation goes on in the one that its people have here".to_owned());
        }
        Ok(place)
    }

    /// What a message says of its files is what is here, not what the export says.
    async fn with_files(&mut self, mut event: Event) -> anyhow::Result<Event> {
        let chat_proto::EventKind::Message(message) = &mut event.what else { return Ok(event) };
        if message.files.is_empty() {
            return Ok(event);
        }
        let told = std::mem::take(&mut message.files);
        if self.files.is_none() {
            // Only asked: there are none in the copy.
            let body = message.body.as_str().to_owned();
            message.body = remap::with_note(&body, &[]);
            return Ok(event);
        }
        let ids = told.iter().map(|file| file.id).collect();
        let found = self.store.attachments(None, ids).await?;
        let mut missing = Vec::new();
        for (told, found) in told.iter().zip(found) {
            match found {
                Some(found) => message.files.push(found),
                None => missing.push(told.name.to_string()),
            }
        }
        if !missing.is_empty() {
            message.body = remap::with_note(message.body.as_str(), &missing);
        }
        Ok(event)
    }

    async fn flush(&mut self, open: &mut Open) -> anyhow::Result<()> {
        let (events, Some(place)) = (std::mem::take(&mut open.waiting), &open.place) else { return Ok(()) };
        if events.is_empty() {
            return Ok(());
        }
        let n = events.len() as u64;
        let came = self.store.import_events(open.record.id, place.clone(), events).await?;
        if came.is_err() {
            let name = place.name.as_ref().map_or_else(|| "a direct".to_owned(), |name| format!("#{name}"));
            self.report.note(format!(
                "{name}: people wrote there since the last import, so what came later elsewhere does not come"
            ));
            open.is_closed = true;
            return Ok(());
        }
        open.is_changed = true;
        self.report.events += n;
        let all = self.report.events;
        self.progress.at(|| format!("events: {all}"));
        Ok(())
    }

    async fn version(&mut self, mut version: VersionRecord) -> anyhow::Result<()> {
        let Some(mut open) = self.open.take() else { bail!("a text comes before its conversation") };
        let flushed = self.flush(&mut open).await;
        if let Some(place) = open.place.as_ref().filter(|_| open.is_changed) {
            chat_proto::Body::or_nothing(version.body.clone()).context("an earlier text is none")?;
            version.conversation = place.conversation;
            version.target = Seq(version.target.0 + place.shift);
            version.seq = Seq(version.seq.0 + place.shift);
            self.store.import_version(version).await?;
        }
        self.open = Some(open);
        flushed
    }

    /// All events of a conversation are here: its members have read them, until it is said otherwise.
    async fn settle(&mut self, open: &mut Open) -> anyhow::Result<()> {
        self.flush(open).await?;
        if let Some(place) = open.place.as_ref().filter(|_| open.is_changed && !open.is_settled) {
            self.store.finish_import(place.conversation).await?;
            open.is_settled = true;
        }
        Ok(())
    }

    async fn close(&mut self) -> anyhow::Result<()> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        self.settle(&mut open).await?;
        self.write_asides().await?;
        if let Some(place) = open.place.as_ref().filter(|_| open.is_changed) {
            self.marks(&open.record, place).await?;
            self.store.end_import(open.record.id).await?;
        }
        Ok(())
    }
}
