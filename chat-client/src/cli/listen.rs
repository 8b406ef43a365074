//! `listen`: prints what comes, over cuts and restarts of the server, without a gap or a double.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::pin::pin;
use std::time::Duration;

use chat_client::{Alert, Anchor, Client, Connection, Options, RequestError, Storage, Update, Updates};
use chat_proto::{Conversation, ConversationId, Event, EventKind, GetHistory, HistoryPage, Seq};
use tokio::time::{Instant, sleep_until, timeout};

use super::args::ListenArgs;
use super::failure::Failure;
use super::output::{Output, local_time, title};
use super::target::{self, Target};
use super::who::Who;
use super::words::words;

/// The longest `--timeout` that can be waited for: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Updates that are set aside while a page is waited for; the engine answers nothing before somebody takes them.
/// What comes beyond these is fetched.
const ASIDE: usize = 4_096;

/// How long a quoted message is waited for. In a flood the engine answers nothing before its
/// updates are taken, which happens after this.
const QUOTE: Duration = Duration::from_millis(300);

/// Listens until the count is reached, the time is over, or for ever.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn listen(who: &Who, args: ListenArgs, out: &mut Output) -> Result<(), Failure> {
    if args.since.is_some() && args.targets.len() != 1 {
        return Err(Failure::usage("--since needs exactly one target, for numbers belong to a conversation"));
    }
    let until = args.timeout.map(|time| Instant::now() + time.min(LONGEST));
    let since = check(who, &args).await?;
    let storage = Storage::Memory;
    let options = Options { account: who.account.clone(), tls: who.tls.clone(), storage };
    let (client, updates) = chat_client::start(options)?;
    let mut listener = Listener {
        client: client.clone(),
        updates,
        aside: VecDeque::new(),
        passed_over: BTreeSet::new(),
        targets: args.targets,
        known: HashMap::new(),
        last: since.into_iter().collect(),
        behind: BTreeSet::new(),
        listening: false,
        alerts: args.alerts,
        left: args.count,
        name: format!("{} on {}", who.account.user.name, who.account.server),
    };
    let heard = tokio::select! {
        heard = listener.run(out) => heard,
        () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => match listener.left {
            Some(left) => Err(Failure::timed_out(format!("{left} more did not come in time"))),
            None => Ok(()),
        },
    };
    client.close().await;
    heard
}

/// Fails at once and clearly where the engine would go on trying; finds where `--since` counts.
async fn check(who: &Who, args: &ListenArgs) -> Result<Option<(ConversationId, Seq)>, Failure> {
    let (mut link, welcome) = who.link().await?;
    let mut since = None;
    for target in &args.targets {
        let row = match target {
            // A direct may begin while one listens.
            Target::User(_) if args.since.is_none() => None,
            _ => Some(target::find(&mut link, &welcome, target).await?),
        };
        since = since.or(args.since.and_then(|seq| row.map(|row| (row.id, Seq(seq)))));
    }
    link.close().await;
    Ok(since)
}

struct Known {
    title: String,
    wanted: bool,
}

struct Listener {
    client: Client,
    updates: Updates,
    /// Came while a page was waited for.
    aside: VecDeque<Update>,
    /// Conversations with events for which there was no room aside.
    passed_over: BTreeSet<ConversationId>,
    targets: Vec<Target>,
    known: HashMap<ConversationId, Known>,
    /// The last number printed or passed over.
    last: HashMap<ConversationId, Seq>,
    /// Conversations of which something is to be fetched before more of them is printed.
    behind: BTreeSet<ConversationId>,
    listening: bool,
    /// Only what alerts.
    alerts: bool,
    left: Option<u64>,
    name: String,
}

impl Listener {
    async fn run(&mut self, out: &mut Output) -> Result<(), Failure> {
        while self.left != Some(0) {
            if self.aside.is_empty()
                && let Some(conversation) = self.passed_over.pop_first()
            {
                self.behind(conversation, out).await?;
                continue;
            }
            let update = match self.aside.pop_front() {
                Some(update) => Some(update),
                None => self.updates.next().await,
            };
            let Some(update) = update else {
                return Err(Failure::connect("the chat client has stopped"));
            };
            match update {
                Update::Connection(Connection::Online) => self.online(out).await?,
                Update::Connection(Connection::Stopped { reason, .. }) => {
                    return Err(Failure::refused(reason));
                }
                Update::Untrusted(stranger) => return Err(Failure::connect(stranger)),
                Update::Connection(Connection::Waiting { reason, .. }) => tracing::info!(reason, "cut"),
                Update::Alert(alert) if self.alerts => self.alert(&alert, out).await?,
                Update::Events { .. } | Update::Reset(_) if self.alerts => {}
                Update::Conversations(rows) => rows.iter().for_each(|row| self.learn(row)),
                Update::Events { conversation, events, .. } => self.events(conversation, events, out).await?,
                Update::Reset(conversation) => self.behind(conversation, out).await?,
                _ => {}
            }
        }
        Ok(())
    }

    fn learn(&mut self, row: &Conversation) {
        let wanted = self.targets.is_empty() || self.targets.iter().any(|target| target.is(row));
        self.known.insert(row.id, Known { title: title(row), wanted });
        if !self.listening {
            self.last.entry(row.id).or_insert(row.head);
        }
    }

    async fn online(&mut self, out: &mut Output) -> Result<(), Failure> {
        if !self.listening {
            self.listening = true;
            match out.is_json() {
                true => out.raw(r#"{"type":"listening"}"#)?,
                false => eprintln!("listening as {}", self.name),
            }
            if self.alerts {
                return Ok(());
            }
            // Whatever came between the numbers known and now, also what `--since` asks for.
            self.behind.extend(self.known.iter().filter(|(_, known)| known.wanted).map(|(id, _)| *id));
        }
        for conversation in self.behind.clone() {
            self.behind(conversation, out).await?;
        }
        Ok(())
    }

    async fn events(
        &mut self,
        id: ConversationId,
        events: Vec<Event>,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let Some(first) = events.first().map(|event| event.seq) else { return Ok(()) };
        // A conversation that begins while one listens is new as a whole.
        let last = *self.last.entry(id).or_insert(Seq(first.0.saturating_sub(1)));
        if self.behind.contains(&id) || first > last.next() {
            return self.behind(id, out).await;
        }
        self.print(id, events, out).await
    }

    /// Fetches what follows the last number, or notes to do so when there is a connection.
    async fn behind(&mut self, conversation: ConversationId, out: &mut Output) -> Result<(), Failure> {
        self.behind.insert(conversation);
        while self.left != Some(0) {
            let after = self.last.get(&conversation).copied();
            let ask = GetHistory { conversation, before: None, after, around: None, limit: None };
            let client = self.client.clone();
            let page: Result<HistoryPage, RequestError> =
                self.while_taking(async move { client.request(ask).await }).await;
            match page {
                Ok(page) => {
                    let more = page.more_after && !page.events.is_empty();
                    self.print(conversation, page.events, out).await?;
                    if !more {
                        break;
                    }
                }
                Err(RequestError::Offline) => return Ok(()),
                Err(RequestError::Refused(error)) if error.temporary => {
                    let wait = error.retry_after_ms.unwrap_or(1_000).min(30_000);
                    self.while_taking(tokio::time::sleep(Duration::from_millis(wait))).await;
                }
                // No member any more: there is nothing left to hear here.
                Err(RequestError::Refused(_)) => break,
                Err(error @ RequestError::Stopped) => return Err(error.into()),
            }
        }
        self.behind.remove(&conversation);
        Ok(())
    }

    /// Waits for something, and sets aside what the engine tells meanwhile.
    async fn while_taking<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut is_open = true;
        loop {
            let update = tokio::select! {
                done = &mut work => return done,
                update = self.updates.next(), if is_open => update,
            };
            match update {
                None => is_open = false,
                Some(Update::Conversations(rows)) => rows.iter().for_each(|row| self.learn(row)),
                Some(Update::Events { conversation, .. } | Update::Reset(conversation))
                    if self.aside.len() >= ASIDE =>
                {
                    self.passed_over.insert(conversation);
                }
                Some(
                    update @ (Update::Events { .. }
                    | Update::Reset(_)
                    | Update::Connection(_)
                    | Update::Untrusted(_)),
                ) => self.aside.push_back(update),
                Some(_) => {}
            }
        }
    }

    async fn alert(&mut self, alert: &Alert, out: &mut Output) -> Result<(), Failure> {
        let event = &alert.event;
        let Some(known) = self.known.get(&event.conversation).filter(|known| known.wanted) else {
            return Ok(());
        };
        let answered = if out.is_json() { None } else { answered(&self.client, event).await };
        let time = local_time(event.at, "%H:%M");
        out.put(event, || format!("{time} {} {}", known.title, words(event, answered.as_ref())))?;
        self.left = self.left.map(|left| left.saturating_sub(1));
        Ok(())
    }

    async fn print(
        &mut self,
        id: ConversationId,
        events: Vec<Event>,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let Some(known) = self.known.get(&id) else { return Ok(()) };
        for event in events {
            let last = self.last.entry(id).or_default();
            if event.seq <= *last {
                continue;
            }
            *last = event.seq;
            if !known.wanted || !(out.is_json() || is_about_messages(&event)) || self.left == Some(0) {
                continue;
            }
            let answered = if out.is_json() { None } else { answered(&self.client, &event).await };
            let time = local_time(event.at, "%H:%M");
            out.put(&event, || format!("{time} {} {}", known.title, words(&event, answered.as_ref())))?;
            self.left = self.left.map(|left| left.saturating_sub(1));
        }
        Ok(())
    }
}

/// In words, what is written and what becomes of it; who comes and goes is not.
fn is_about_messages(event: &Event) -> bool {
    matches!(event.what, EventKind::Message(_) | EventKind::Tombstone(_)) || event.target().is_some()
}

/// The message that this one answers, if it is to be had now.
async fn answered(client: &Client, event: &Event) -> Option<Event> {
    let seq = event.message()?.reply_to?;
    let page = timeout(QUOTE, client.history(event.conversation, Anchor::Around(seq), 1)).await.ok()?.ok()?;
    page.events.into_iter().find(|event| event.seq == seq)
}
