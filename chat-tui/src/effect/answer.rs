//! Questions to the engine, and what comes back.

use chat_client::{Anchor, Client, RequestError};
use chat_proto::{
    AcceptInvitation, Conversation, ConversationId, GetThread, JoinRoom, ListCommands, ListMembers,
    ListPeople, ListPins, ListRooms, ListVersions, Member, OpenDirect, Request, Seq, ThreadPage, UserName,
    limits,
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
        Question::Join(room) => opened(question, client.request(JoinRoom { room }).await),
        Question::Create(create) => opened(question, client.request(create).await),
        Question::Accept(conversation) => {
            opened(question, client.request(AcceptInvitation { conversation }).await)
        }
        Question::OpenDirect(users, _) => opened(question, open_direct(client, users).await),
        Question::Do(request) => {
            let error = change(client, &request).await.err()?;
            Some(Outcome::NotDone(request, error.to_string()))
        }
        Question::Look(request) => Some(match client.ask((*request).clone()).await {
            Ok(answer) => Outcome::Looked(request, Box::new(answer)),
            Err(error) => Outcome::Refused(error.to_string()),
        }),
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
        Question::Hear(ask) => Some(match client.request(ask).await {
            Ok(state) => Outcome::Heard(state),
            Err(error) => Outcome::Refused(error.to_string()),
        }),
        Question::Quiet(ask) => Some(match client.request(ask).await {
            Ok(state) => Outcome::Quieted(state.dnd),
            Err(error) => Outcome::Refused(error.to_string()),
        }),
        Question::Pins(conversation) => Some(match client.request(ListPins { conversation }).await {
            Ok(pins) => Outcome::Pins(conversation, pins.events),
            Err(error) => Outcome::Refused(error.to_string()),
        }),
        Question::Versions(conversation, seq) => {
            Some(match client.request(ListVersions { conversation, seq }).await {
                Ok(versions) => Outcome::Versions(versions),
                Err(error) => Outcome::Refused(error.to_string()),
            })
        }
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
        Question::Run(ask, line) => {
            let conversation = ask.conversation;
            let error = client.request(*ask).await.err()?;
            Some(Outcome::NotRun(conversation, line, error.to_string()))
        }
        Question::Keep(room, keep) => Some(Outcome::Kept(super::keep::keep(client, room, keep).await)),
        Question::People(query) => {
            let ask =
                ListPeople { query: wish(&query), limit: Some(limits::LIST_PAGE), ..ListPeople::default() };
            client
                .request(ask)
                .await
                .ok()
                .map(|page| Outcome::People(query, page.people.into_iter().map(|row| row.person).collect()))
        }
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

/// Asks for a change. Those that the screen never makes are not sent.
async fn change(client: &Client, request: &Request) -> Result<(), RequestError> {
    match request.clone() {
        Request::EditMessage(ask) => client.request(ask).await.map(drop),
        Request::DeleteMessage(ask) => client.request(ask).await.map(drop),
        Request::React(ask) => client.request(ask).await.map(drop),
        Request::PinMessage(ask) => client.request(ask).await.map(drop),
        Request::Invite(ask) => client.request(ask).await.map(drop),
        Request::DeclineInvitation(ask) => client.request(ask).await.map(drop),
        Request::RemoveMember(ask) => client.request(ask).await.map(drop),
        Request::SetRole(ask) => client.request(ask).await.map(drop),
        Request::RenameRoom(ask) => client.request(ask).await.map(drop),
        Request::DescribeRoom(ask) => client.request(ask).await.map(drop),
        Request::SetRules(ask) => client.request(ask).await.map(drop),
        Request::SetTopic(ask) => client.request(ask).await.map(drop),
        Request::MarkInbox(ask) => client.request(ask).await.map(drop),
        Request::MarkThread(ask) => client.request(ask).await.map(drop),
        Request::FollowThread(ask) => client.request(ask).await.map(drop),
        Request::LeaveRoom(ask) => client.request(ask).await.map(drop),
        other => {
            tracing::warn!(kind = other.kind().as_str(), "not a change that the screen makes");
            Ok(())
        }
    }
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
