//! People whose rights end. Each listens on one node, for as long as that keeps the connection; on another node
//! the keeper takes their rights. A second after that was acknowledged they hear nothing more, and no node lets
//! them in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chat_client::link::LinkError;
use chat_client::wire::{Heard, Wire};
use chat_proto::{
    Ask, BanUser, Body, ClientFrame, ClientId, ConversationId, DisableUser, FrameId, GetHistory,
    PROTOCOL_VERSION, Person, Push, RemoveMember, RevokeSession, Secret, SendMessage, Seq, ServerFrame,
    Token, Topic, WireError,
};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::check::{How, Outcast as Fate};
use crate::dial::Dial;
use crate::history::{Act, News, Recorder, Rung, tag};
use crate::stage::Cast;

/// How many there are in a run; each goes once.
pub(crate) const OUTCASTS: usize = 16;

/// A right that was taken holds everywhere after so long; docs/cluster.md promises it.
const HOLDS: Duration = Duration::from_secs(1);

/// Between two tries.
const AGAIN: Duration = Duration::from_millis(200);

/// How long a node may take to answer before another is asked.
const ANSWER: Duration = Duration::from_secs(4);

/// How long it is tried to take somebody's rights, while nothing may work.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long connections may take to end when all is mended.
const REST: Duration = Duration::from_secs(20);

/// What one of them heard.
#[derive(Default)]
struct Ears {
    /// The newest event, by conversation.
    last: BTreeMap<ConversationId, Seq>,
    /// When logins were asked that were taken, and where that listed them as a member.
    logins: Vec<(u64, Vec<ConversationId>)>,
    is_online: bool,
}

/// What was done to one of them.
struct Sentence {
    how: How,
    since_us: u64,
    /// What was written a second after it was done, if that could be written.
    marker: Option<Seq>,
}

/// See the module.
pub(crate) struct Outcast {
    person: Person,
    token: Secret,
    /// On which node it listens, until that ends the connection.
    node: usize,
    // A lock, because the end of a run looks at what its task writes.
    ears: Arc<Mutex<Ears>>,
    // A lock, because the lane that takes rights writes it and the end of a run reads it.
    sentence: Mutex<Option<Sentence>>,
    /// Whether it was its turn.
    taken: AtomicBool,
    listening: AbortHandle,
}

impl Outcast {
    /// Somebody who begins to listen on this node.
    pub(crate) fn begin(
        (person, token): (Person, Secret),
        node: usize,
        dials: &[Dial],
        recorder: &Recorder,
    ) -> Self {
        let ears = Arc::new(Mutex::new(Ears::default()));
        let (dials, recorder) = (dials.to_vec(), recorder.clone());
        let listening = tokio::spawn(listen(dials, node, token.clone(), Arc::clone(&ears), recorder));
        let (sentence, listening) = (Mutex::new(None), listening.abort_handle());
        Self { person, token, node, ears, sentence, taken: AtomicBool::new(false), listening }
    }

    fn ears(&self) -> MutexGuard<'_, Ears> {
        self.ears.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sentence(&self) -> MutexGuard<'_, Option<Sentence>> {
        self.sentence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of it, if anything was done to it; all must be mended.
    pub(crate) async fn fate(&self, cast: &Cast) -> Result<Option<Fate>> {
        let Some(Sentence { how, since_us, marker }) = self.sentence().take() else { return Ok(None) };
        let until = Instant::now() + REST;
        while how.ends_logins() && self.ears().is_online && Instant::now() < until {
            sleep(AGAIN).await;
        }
        let room = cast.places.first().context("no room")?.id;
        let mut let_in_by = Vec::new();
        for (node, dial) in cast.dials.iter().enumerate() {
            if is_let_in(dial, &self.token, how, room).await? {
                let_in_by.push(node);
            }
        }
        let ears = self.ears();
        let heard = ears.last.get(&room).copied().unwrap_or_default();
        let late_logins = ears
            .logins
            .iter()
            .filter(|(at_us, lists)| *at_us > since_us && (how.ends_logins() || lists.contains(&room)))
            .map(|(at_us, _)| *at_us)
            .collect();
        let (name, is_online) = (self.person.name.to_string(), ears.is_online);
        Ok(Some(Fate {
            name,
            how,
            node: self.node,
            since_us,
            marker,
            heard,
            late_logins,
            is_online,
            let_in_by,
        }))
    }
}

impl Drop for Outcast {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Whether a node lets somebody do what they may not any more.
async fn is_let_in(dial: &Dial, token: &Secret, how: How, room: ConversationId) -> Result<bool> {
    let until = Instant::now() + REST;
    loop {
        let asked = async {
            let (mut link, welcome) = dial.open(token).await?;
            if how.ends_logins() || welcome.conversations.iter().any(|row| row.id == room) {
                return anyhow::Ok(());
            }
            let (before, after, around, limit) = (None, None, None, None);
            link.request(GetHistory { conversation: room, before, after, around, limit }).await?;
            Ok(())
        };
        match asked.await {
            Ok(()) => return Ok(true),
            Err(cause) if refusal(&cause).is_some() => return Ok(false),
            Err(cause) if Instant::now() > until => return Err(cause),
            Err(_) => sleep(AGAIN).await,
        }
    }
}

/// Why a server refused for good.
fn refusal(cause: &anyhow::Error) -> Option<&WireError> {
    match cause.downcast_ref::<LinkError>() {
        Some(LinkError::Refused(error)) if !error.temporary => Some(error),
        _ => None,
    }
}

/// Whether anybody has rights that could be taken.
pub(crate) fn is_somebody_left(cast: &Cast) -> bool {
    cast.outcasts.iter().any(|outcast| !outcast.taken.load(Ordering::Acquire))
}

/// Takes the rights of the next one, the act and a message after it under these numbers; how, or `None` when all
/// are gone already or nothing could be done.
///
/// # Errors
/// A node refuses what it may not refuse.
pub(crate) async fn exile(cast: &Cast, dice: u64, ops: [u64; 2]) -> Result<Option<How>> {
    let free = |(_, outcast): &(usize, &Outcast)| !outcast.taken.swap(true, Ordering::AcqRel);
    let next = cast.outcasts.iter().enumerate().find(free);
    let Some((number, outcast)) = next else { return Ok(None) };
    let keeper = cast.players.first().context("nobody keeps the rooms")?;
    let room = cast.places.first().context("no room")?.id;
    let how = How::ALL[number % How::ALL.len()];
    let user = outcast.person.name.clone();
    // Another node than theirs, to begin with.
    let others = cast.dials.len().saturating_sub(1).max(1);
    let first = outcast.node + 1 + usize::try_from(dice).unwrap_or_default() % others;
    let insist = Insist { dials: &cast.dials, first, token: &keeper.token };
    let done = match how {
        How::Ban => insist.on(BanUser { user, for_s: None, reason: Topic::default() }).await?.is_some(),
        How::Disable => insist.on(DisableUser { user, reason: Topic::default() }).await?.is_some(),
        How::Revoke => insist.on(RevokeSession { session: None, user: Some(user) }).await?.is_some(),
        How::Kick => {
            keeper.notes.news(News::Asked {
                op: ops[0],
                act: Act::Remove { conversation: room, user: user.clone() },
            });
            let remove = RemoveMember { conversation: room, user, reason: Topic::default() };
            let done = insist.on(remove).await?.is_some();
            keeper.notes.news(if done {
                News::Done { op: ops[0], seq: None }
            } else {
                News::Unknown { op: ops[0] }
            });
            done
        }
    };
    if !done {
        return Ok(None);
    }
    sleep(HOLDS).await;
    let since_us = cast.recorder.now_us();
    let body = format!("{} nothing for {}", tag(ops[1]), outcast.person.name);
    let client_id = ClientId(uuid::Uuid::now_v7());
    let act = Act::Send { conversation: room, body: body.clone(), thread: None };
    keeper.notes.news(News::Asked { op: ops[1], act });
    keeper.notes.news(News::Named { op: ops[1], client_id });
    let sent = insist.on(SendMessage::new(room, client_id, Body::new(&*body)?)).await?.flatten();
    let marker = sent.map(|sent| sent.seq);
    if let Some(seq) = marker {
        let rung = Rung::Stored { seq };
        keeper.notes.news(News::Outgoing { client_id, conversation: room, body, rung });
    }
    *outcast.sentence() = Some(Sentence { how, since_us, marker });
    Ok(Some(how))
}

/// Asks one node after the other as one person, until one says yes.
struct Insist<'a> {
    dials: &'a [Dial],
    first: usize,
    token: &'a Secret,
}

impl Insist<'_> {
    /// The answer; an inner `None` when a try before it did it, whose answer was lost; `None` when nothing could
    /// be done in time.
    async fn on<A: Ask + Clone>(&self, ask: A) -> Result<Option<Option<A::Answer>>> {
        let until = Instant::now() + PATIENCE;
        let mut unsure = false;
        for dial in self.dials.iter().cycle().skip(self.first % self.dials.len().max(1)) {
            match timeout(ANSWER, dial.once(self.token, ask.clone())).await {
                Ok(Ok(answer)) => return Ok(Some(Some(answer))),
                Ok(Err(cause)) => match refusal(&cause) {
                    Some(_) if unsure => return Ok(Some(None)),
                    Some(error) => bail!("the keeper was refused: {error}"),
                    None => unsure = true,
                },
                Err(_) => unsure = true,
            }
            if Instant::now() > until {
                break;
            }
            sleep(AGAIN).await;
        }
        Ok(None)
    }
}

/// Listens on one node after the other; on each until it ends the connection.
async fn listen(dials: Vec<Dial>, node: usize, token: Secret, ears: Arc<Mutex<Ears>>, recorder: Recorder) {
    for dial in dials.iter().cycle().skip(node) {
        if let Ok(mut wire) = dial.wire().await {
            // Its end is what was waited for.
            let _ = stay(&mut wire, &token, &ears, &recorder).await;
        }
        ears.lock().unwrap_or_else(PoisonError::into_inner).is_online = false;
        sleep(AGAIN).await;
    }
}

/// One connection; `None` at its end.
async fn stay(wire: &mut Wire, token: &Secret, ears: &Mutex<Ears>, recorder: &Recorder) -> Option<()> {
    let login = Token { protocol: PROTOCOL_VERSION, token: token.clone() }.into_request();
    let (id, kind) = (FrameId::numbered(1), login.kind());
    let asked_us = recorder.now_us();
    let frame = ClientFrame::Request { id: id.clone(), request: Box::new(login) };
    wire.send(vec![frame.encode()]).await.ok()?;
    loop {
        let text = match wire.next().await {
            Heard::Text(text) => text,
            Heard::Alive => continue,
            Heard::Closed { .. } => return None,
        };
        let mut ears = ears.lock().unwrap_or_else(PoisonError::into_inner);
        match ServerFrame::decode(&text).ok()? {
            ServerFrame::Ok { id: of, payload } if of == id => {
                let welcome = Token::answer(kind.decode_answer(&payload).ok()?)?;
                let lists = welcome.conversations.iter().map(|row| row.id).collect();
                ears.logins.push((asked_us, lists));
                ears.is_online = true;
            }
            ServerFrame::Error { .. } => return None,
            ServerFrame::Push(push) => {
                if let Push::Event(event) = *push {
                    let last = ears.last.entry(event.conversation).or_default();
                    *last = event.seq.max(*last);
                }
            }
            _ => {}
        }
    }
}
