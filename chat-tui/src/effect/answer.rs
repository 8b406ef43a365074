//! Questions to the engine, and what comes back.

use chat_client::{Anchor, Client, RequestError};
use chat_proto::{
    AcceptInvitation, Conversation, ConversationId, GetThread, JoinRoom, ListCommands, ListMembers,
    ListPeople, ListPins, ListRooms, ListVersions, Member, OpenDirect, Seq, ThreadPage, UserName, limits,
};

use super::{Outcome, Question};

/// Members that are asked for when a conversation opens: as many as can be watched.
const MEMBERS: usize = limits::WATCHED_PEOPLE;

/// Messages of a thread that are asked for at most; longer threads are another room.
const THREAD_MESSAGES: usize = 2_000;

/// Events asked for to have one message: the page around it is never empty on one side.
const CONTEXT_EVENTS: u32 = 3;

/// Asks; `None` when the answer has no reader.
pub(super) async fn answer(client: &Client, question: Question) -> Option<Outcome> {
    match question.clone() {
        Question::History(conversation, anchor, limit) => {
            Some(Outcome::History(conversation, anchor, client.history(conversation, anchor, limit).await))
        }
        Question::Draft(conversation) => {
            let draft = client.draft(conversation).await.ok().flatten()?;
            Some(Outcome::Draft(conversation, draft))
        }
        Question::ThreadDraft(conversation, thread) => {
            let draft = client.thread_draft(conversation, thread).await.ok().flatten()?;
            Some(Outcome::ThreadDraft(conversation, thread, draft))
        }
        Question::Note(name) => Some(Outcome::Note(name, client.note(name).await.ok().flatten()?)),
        Question::Join(room) => opened(question, client.request(JoinRoom { room }).await),
        Question::Create(create) => opened(question, client.request(create).await),
        Question::Accept(conversation) => {
            opened(question, client.request(AcceptInvitation { conversation }).await)
        }
        Question::OpenDirect(users, _) => opened(question, open_direct(client, users).await),
        Question::Do(request) => {
            let error = client.ask((*request).clone()).await.err()?;
            Some(Outcome::NotDone(request, error.to_string()))
        }
        Question::Look(request) => {
            let answer = client.ask((*request).clone()).await;
            or_refused(answer, |answer| Outcome::Looked(request, Box::new(answer)))
        }
        Question::Thread(conversation, root) => {
            Some(Outcome::Thread(conversation, root, thread(client, conversation, root).await.map(Box::new)))
        }
        Question::Context(conversation, seq) => {
            let page = client.history(conversation, Anchor::Around(seq), CONTEXT_EVENTS).await;
            let found = page.ok().and_then(|page| page.events.into_iter().find(|event| event.seq == seq));
            Some(Outcome::Context(conversation, seq, found.map(Box::new)))
        }
        Question::List(wish) => {
            let answer = wish.ask(client).await.map_err(|error| error.to_string());
            Some(Outcome::Listed(wish, answer))
        }
        Question::Hear(ask) => or_refused(client.request(ask).await, Outcome::Heard),
        Question::Quiet(ask) => or_refused(client.request(ask).await, |state| Outcome::Quieted(state.dnd)),
        Question::Pins(conversation) => {
            let pins = client.request(ListPins { conversation }).await;
            or_refused(pins, |pins| Outcome::Pins(conversation, pins.events))
        }
        Question::Versions(conversation, seq) => {
            or_refused(client.request(ListVersions { conversation, seq }).await, Outcome::Versions)
        }
        Question::Run(ask, line) => {
            let conversation = ask.conversation;
            let error = client.request(*ask).await.err()?;
            Some(Outcome::NotRun(conversation, line, error.to_string()))
        }
        Question::Keep(room, keep) => Some(Outcome::Kept(super::keep::keep(client, room, keep).await)),
        question => known(client, question).await,
    }
}

fn or_refused<T>(result: Result<T, RequestError>, outcome: impl FnOnce(T) -> Outcome) -> Option<Outcome> {
    Some(match result {
        Ok(answer) => outcome(answer),
        Err(error) => Outcome::Refused(error.to_string()),
    })
}

/// What completion and pickers choose from; without an answer they have what they had.
async fn known(client: &Client, question: Question) -> Option<Outcome> {
    match question {
        Question::Members(conversation) => {
            Some(Outcome::Members(conversation, members(client, conversation).await.ok()?))
        }
        Question::Rooms(query) => {
            let ask =
                ListRooms { query: wish(&query), limit: Some(limits::LIST_PAGE), ..ListRooms::default() };
            client.request(ask).await.ok().map(|page| Outcome::Rooms(page.rooms))
        }
        Question::Commands(conversation) => {
            let known = client.request(ListCommands { conversation }).await.ok()?;
            Some(Outcome::Commands(conversation, known.commands))
        }
        Question::People(query) => {
            let ask =
                ListPeople { query: wish(&query), limit: Some(limits::LIST_PAGE), ..ListPeople::default() };
            client.request(ask).await.ok().map(|page| Outcome::People(query, page.people))
        }
        _ => None,
    }
}

fn opened(question: Question, result: Result<Conversation, RequestError>) -> Option<Outcome> {
    Some(Outcome::Opened(question, result.map(Box::new)))
}

async fn open_direct(client: &Client, users: Vec<UserName>) -> Result<Conversation, RequestError> {
    let mut users = users.into_iter();
    let Some(user) = users.next() else { return Err(RequestError::Stopped) };
    client.request(OpenDirect { user, also: users.collect() }).await
}

fn wish(query: &str) -> Option<String> {
    let query: String = query.trim().chars().take(limits::QUERY_CHARS).collect();
    (!query.is_empty()).then_some(query)
}

async fn members(client: &Client, conversation: ConversationId) -> Result<Vec<Member>, RequestError> {
    let mut members: Vec<Member> = Vec::new();
    loop {
        let after = members.last().map(|member| member.user.name.clone());
        let page =
            client.request(ListMembers { conversation, after, limit: Some(limits::LIST_PAGE) }).await?;
        let is_last = !page.more || page.members.is_empty();
        members.extend(page.members);
        if is_last || members.len() >= MEMBERS {
            return Ok(members);
        }
    }
}

async fn thread(
    client: &Client,
    conversation: ConversationId,
    thread: Seq,
) -> Result<ThreadPage, RequestError> {
    let limit = Some(limits::HISTORY_PAGE);
    let mut whole = client.request(GetThread { conversation, thread, after: None, limit }).await?;
    while whole.more && whole.events.len() < THREAD_MESSAGES {
        let after = whole.events.last().map(|event| event.seq);
        let page = client.request(GetThread { conversation, thread, after, limit }).await?;
        whole.more = page.more && !page.events.is_empty();
        whole.events.extend(page.events);
    }
    Ok(whole)
}
