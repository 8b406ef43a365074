//! Any request.

use chat_proto::*;
use proptest::prelude::*;

use super::values::*;

/// Any request of one kind; exhaustive, so that a new request must be drawn here too.
fn request(kind: RequestKind) -> BoxedStrategy<Request> {
    use RequestKind as K;
    let id = || uuid().prop_map(ConversationId);
    let limit = number;
    match kind {
        K::Register => (any::<u16>(), user_name(), secret(), prop::option::of(secret()), device())
            .prop_map(|(protocol, name, password, invite, device)| {
                Register { protocol, name, password, invite, device }.into_request()
            })
            .boxed(),
        K::Login => (any::<u16>(), user_name(), secret(), prop::option::of(secret()), device())
            .prop_map(|(protocol, name, password, code, device)| {
                Login { protocol, name, password, code, device }.into_request()
            })
            .boxed(),
        K::Reset => (any::<u16>(), secret(), secret(), prop::option::of(secret()), device())
            .prop_map(|(protocol, reset, password, code, device)| {
                Reset { protocol, reset, password, code, device }.into_request()
            })
            .boxed(),
        K::OidcBegin => any::<u16>().prop_map(|protocol| OidcBegin { protocol }.into_request()).boxed(),
        K::OidcPoll => {
            let asked = (prop::option::of(secret()), prop::option::of(any::<String>()));
            let more = (prop::option::of(secret()), prop::option::of(secret()), device());
            (any::<u16>(), secret(), asked, more)
                .prop_map(|(protocol, poll, (confirm, name), (invite, code, device))| {
                    OidcPoll { protocol, poll, confirm, name, invite, code, device }.into_request()
                })
                .boxed()
        }
        K::BeginLink => secret().prop_map(|password| BeginLink { password }.into_request()).boxed(),
        K::FinishLink => (secret(), prop::option::of(secret()))
            .prop_map(|(poll, confirm)| FinishLink { poll, confirm }.into_request())
            .boxed(),
        K::RemoveLink => secret().prop_map(|password| RemoveLink { password }.into_request()).boxed(),
        K::ChangePassword => (secret(), secret())
            .prop_map(|(current, password)| ChangePassword { current, password }.into_request())
            .boxed(),
        K::ListSessions => {
            prop::option::of(user_name()).prop_map(|user| ListSessions { user }.into_request()).boxed()
        }
        K::RevokeSession => (prop::option::of(uuid().prop_map(SessionId)), prop::option::of(user_name()))
            .prop_map(|(session, user)| RevokeSession { session, user }.into_request())
            .boxed(),
        K::BeginTotp => secret().prop_map(|password| BeginTotp { password }.into_request()).boxed(),
        K::ConfirmTotp => secret().prop_map(|code| ConfirmTotp { code }.into_request()).boxed(),
        K::DisableTotp => (prop::option::of(secret()), prop::option::of(secret()))
            .prop_map(|(password, code)| DisableTotp { password, code }.into_request())
            .boxed(),
        K::ListAccounts => (any::<Option<String>>(), prop::option::of(user_name()), limit())
            .prop_map(|(query, after, limit)| ListAccounts { query, after, limit }.into_request())
            .boxed(),
        K::DisableUser => (user_name(), topic())
            .prop_map(|(user, reason)| DisableUser { user, reason }.into_request())
            .boxed(),
        K::EnableUser => user_name().prop_map(|user| EnableUser { user }.into_request()).boxed(),
        K::SetUserRole => {
            (user_name(), prop::sample::select(vec![Role::Guest, Role::Member, Role::Admin, Role::Owner]))
                .prop_map(|(user, role)| SetUserRole { user, role }.into_request())
                .boxed()
        }
        K::GivePassword => (user_name(), secret())
            .prop_map(|(user, password)| GivePassword { user, password }.into_request())
            .boxed(),
        K::ResetUser => (user_name(), any::<bool>())
            .prop_map(|(user, second_factor)| ResetUser { user, second_factor }.into_request())
            .boxed(),
        K::Token => (any::<u16>(), secret())
            .prop_map(|(protocol, token)| Token { protocol, token }.into_request())
            .boxed(),
        K::Logout => Just(Logout {}.into_request()).boxed(),
        K::Resume => (uuid(), prop::collection::btree_map(id(), any::<u64>().prop_map(Seq), 0..5))
            .prop_map(|(epoch, conversations)| Resume { epoch: Epoch(epoch), conversations }.into_request())
            .boxed(),
        K::ListConversations => (any::<Option<String>>(), limit())
            .prop_map(|(cursor, limit)| ListConversations { cursor, limit }.into_request())
            .boxed(),
        K::GetConversation => {
            id().prop_map(|conversation| GetConversation { conversation }.into_request()).boxed()
        }
        K::OpenDirect => (user_name(), prop::collection::vec(user_name(), 0..3))
            .prop_map(|(user, also)| OpenDirect { user, also }.into_request())
            .boxed(),
        K::CreateRoom => (uuid(), room_name(), topic(), description(), any::<bool>())
            .prop_map(|(id, name, topic, description, private)| {
                CreateRoom { client_id: ClientId(id), name, topic, description, private }.into_request()
            })
            .boxed(),
        K::Invite => (id(), user_name())
            .prop_map(|(conversation, user)| Invite { conversation, user }.into_request())
            .boxed(),
        K::ListInvitations => Just(ListInvitations {}.into_request()).boxed(),
        K::AcceptInvitation => {
            id().prop_map(|conversation| AcceptInvitation { conversation }.into_request()).boxed()
        }
        K::DeclineInvitation => {
            id().prop_map(|conversation| DeclineInvitation { conversation }.into_request()).boxed()
        }
        K::RemoveMember => (id(), user_name(), topic())
            .prop_map(|(conversation, user, reason)| {
                RemoveMember { conversation, user, reason }.into_request()
            })
            .boxed(),
        K::SetRole => (id(), user_name(), room_role())
            .prop_map(|(conversation, user, role)| SetRole { conversation, user, role }.into_request())
            .boxed(),
        K::RenameRoom => (id(), room_name())
            .prop_map(|(conversation, name)| RenameRoom { conversation, name }.into_request())
            .boxed(),
        K::DescribeRoom => (id(), description())
            .prop_map(|(conversation, description)| DescribeRoom { conversation, description }.into_request())
            .boxed(),
        K::SetRules => (id(), rules())
            .prop_map(|(conversation, rules)| SetRules { conversation, rules }.into_request())
            .boxed(),
        K::EditMessage => (id(), any::<u64>(), body())
            .prop_map(|(conversation, seq, body)| {
                EditMessage { conversation, seq: Seq(seq), body }.into_request()
            })
            .boxed(),
        K::DeleteMessage => (id(), any::<u64>())
            .prop_map(|(conversation, seq)| DeleteMessage { conversation, seq: Seq(seq) }.into_request())
            .boxed(),
        K::React => (id(), any::<u64>(), emoji(), any::<bool>())
            .prop_map(|(conversation, seq, emoji, on)| {
                React { conversation, seq: Seq(seq), emoji, on }.into_request()
            })
            .boxed(),
        K::PinMessage => (id(), any::<u64>(), any::<bool>())
            .prop_map(|(conversation, seq, on)| PinMessage { conversation, seq: Seq(seq), on }.into_request())
            .boxed(),
        K::ListPins => id().prop_map(|conversation| ListPins { conversation }.into_request()).boxed(),
        K::ListVersions => (id(), any::<u64>())
            .prop_map(|(conversation, seq)| ListVersions { conversation, seq: Seq(seq) }.into_request())
            .boxed(),
        K::GetThread => (id(), any::<u64>(), seq(), limit())
            .prop_map(|(conversation, thread, after, limit)| {
                GetThread { conversation, thread: Seq(thread), after, limit }.into_request()
            })
            .boxed(),
        K::FollowThread => (id(), any::<u64>(), any::<bool>())
            .prop_map(|(conversation, thread, on)| {
                FollowThread { conversation, thread: Seq(thread), on }.into_request()
            })
            .boxed(),
        K::MarkThread => (id(), any::<u64>(), any::<u64>())
            .prop_map(|(conversation, thread, seq)| {
                MarkThread { conversation, thread: Seq(thread), seq: Seq(seq) }.into_request()
            })
            .boxed(),
        K::ListThreads => (any::<bool>(), any::<Option<String>>(), limit())
            .prop_map(|(unread_only, cursor, limit)| {
                ListThreads { unread_only, cursor, limit }.into_request()
            })
            .boxed(),
        K::ListInbox => (any::<bool>(), any::<Option<String>>(), limit())
            .prop_map(|(unread_only, cursor, limit)| ListInbox { unread_only, cursor, limit }.into_request())
            .boxed(),
        K::MarkInbox => {
            let position =
                (id(), any::<u64>()).prop_map(|(conversation, seq)| Position { conversation, seq: Seq(seq) });
            (prop::collection::vec(position, 0..3), any::<bool>(), any::<bool>())
                .prop_map(|(items, all, unread)| MarkInbox { items, all, unread }.into_request())
                .boxed()
        }
        K::SetNotify => (id(), level(), any::<Option<u64>>())
            .prop_map(|(conversation, level, mute_s)| {
                SetNotify { conversation, level, mute_s }.into_request()
            })
            .boxed(),
        K::SetStar => (id(), any::<bool>())
            .prop_map(|(conversation, on)| SetStar { conversation, on }.into_request())
            .boxed(),
        K::SetSaved => saved().prop_map(SetSaved::into_request).boxed(),
        K::ListSaved => (any::<Option<String>>(), limit())
            .prop_map(|(cursor, limit)| ListSaved { cursor, limit }.into_request())
            .boxed(),
        K::SetDnd => (any::<Option<u64>>(), schedule())
            .prop_map(|(for_s, schedule)| SetDnd { for_s, schedule }.into_request())
            .boxed(),
        K::JoinRoom => room_name().prop_map(|room| JoinRoom { room }.into_request()).boxed(),
        K::LeaveRoom => id().prop_map(|conversation| LeaveRoom { conversation }.into_request()).boxed(),
        K::ListRooms => (any::<Option<String>>(), prop::option::of(room_name()), limit())
            .prop_map(|(query, after, limit)| ListRooms { query, after, limit }.into_request())
            .boxed(),
        K::SetTopic => (id(), topic())
            .prop_map(|(conversation, topic)| SetTopic { conversation, topic }.into_request())
            .boxed(),
        K::ListMembers => (id(), prop::option::of(user_name()), limit())
            .prop_map(|(conversation, after, limit)| {
                ListMembers { conversation, after, limit }.into_request()
            })
            .boxed(),
        K::ListPeople => (any::<Option<String>>(), prop::option::of(user_name()), limit())
            .prop_map(|(query, after, limit)| ListPeople { query, after, limit }.into_request())
            .boxed(),
        K::SendMessage => {
            let files = prop::collection::vec(uuid().prop_map(FileId), 0..3);
            let body = (body(), files);
            (id(), uuid(), body, any::<bool>(), (seq(), seq()), prop::option::of((id(), any::<u64>())))
                .prop_map(|(conversation, id, (body, files), action, (reply_to, thread), forward)| {
                    let forward = forward.map(|(conversation, seq)| Position { conversation, seq: Seq(seq) });
                    let plain = SendMessage::new(conversation, ClientId(id), body);
                    SendMessage { files, action, reply_to, thread, forward, ..plain }.into_request()
                })
                .boxed()
        }
        K::GetHistory => (id(), seq(), seq(), seq(), limit())
            .prop_map(|(conversation, before, after, around, limit)| {
                GetHistory { conversation, before, after, around, limit }.into_request()
            })
            .boxed(),
        K::Search => (any::<String>(), any::<Option<bool>>(), any::<Option<String>>(), limit())
            .prop_map(|(query, newest, cursor, limit)| {
                let order = newest.map(|newest| if newest { SearchOrder::Newest } else { SearchOrder::Best });
                Search { query, order, cursor, limit }.into_request()
            })
            .boxed(),
        K::ListFiles => (prop::option::of(uuid().prop_map(FileId)), limit())
            .prop_map(|(before, limit)| ListFiles { before, limit }.into_request())
            .boxed(),
        K::DeleteFile => uuid().prop_map(|file| DeleteFile { file: FileId(file) }.into_request()).boxed(),
        K::MarkRead => (id(), any::<u64>())
            .prop_map(|(conversation, seq)| MarkRead { conversation, seq: Seq(seq) }.into_request())
            .boxed(),
        K::WatchPresence => prop::collection::vec(uuid().prop_map(UserId), 0..5)
            .prop_map(|users| WatchPresence { users }.into_request())
            .boxed(),
        K::SetPresence => state().prop_map(|state| SetPresence { state }.into_request()).boxed(),
        K::SetProfile => {
            (prop::option::of(display_name()), prop::option::of(status()), prop::option::of(zone()))
                .prop_map(|(display_name, status, zone)| {
                    SetProfile { display_name, status, zone }.into_request()
                })
                .boxed()
        }
        K::GetProfile => user_name().prop_map(|user| GetProfile { user }.into_request()).boxed(),
        K::SetBlock => {
            (user_name(), any::<bool>()).prop_map(|(user, on)| SetBlock { user, on }.into_request()).boxed()
        }
        K::ListBlocked => Just(ListBlocked {}.into_request()).boxed(),
        K::SetPrivacy => any::<[Option<bool>; 3]>()
            .prop_map(|[read_receipts, typing, last_seen]| {
                SetPrivacy { read_receipts, typing, last_seen }.into_request()
            })
            .boxed(),
        K::GetReaders => (id(), any::<u64>())
            .prop_map(|(conversation, seq)| GetReaders { conversation, seq: Seq(seq) }.into_request())
            .boxed(),
        K::BanMember => (id(), user_name(), any::<Option<u32>>(), topic())
            .prop_map(|(conversation, user, for_s, reason)| {
                BanMember { conversation, user, for_s, reason }.into_request()
            })
            .boxed(),
        K::UnbanMember => (id(), user_name())
            .prop_map(|(conversation, user)| UnbanMember { conversation, user }.into_request())
            .boxed(),
        K::MuteMember => (id(), user_name(), any::<Option<u32>>(), topic())
            .prop_map(|(conversation, user, for_s, reason)| {
                MuteMember { conversation, user, for_s, reason }.into_request()
            })
            .boxed(),
        K::UnmuteMember => (id(), user_name())
            .prop_map(|(conversation, user)| UnmuteMember { conversation, user }.into_request())
            .boxed(),
        K::ListBans => (prop::option::of(id()), any::<bool>(), prop::option::of(user_name()), limit())
            .prop_map(|(conversation, mutes, after, limit)| {
                ListBans { conversation, mutes, after, limit }.into_request()
            })
            .boxed(),
        K::BanUser => (user_name(), any::<Option<u32>>(), topic())
            .prop_map(|(user, for_s, reason)| BanUser { user, for_s, reason }.into_request())
            .boxed(),
        K::UnbanUser => user_name().prop_map(|user| UnbanUser { user }.into_request()).boxed(),
        K::MuteUser => (user_name(), any::<Option<u32>>(), topic())
            .prop_map(|(user, for_s, reason)| MuteUser { user, for_s, reason }.into_request())
            .boxed(),
        K::UnmuteUser => user_name().prop_map(|user| UnmuteUser { user }.into_request()).boxed(),
        K::Purge => (user_name(), prop::option::of(id()), any::<Option<u32>>(), topic())
            .prop_map(|(user, conversation, within_s, reason)| {
                Purge { user, conversation, within_s, reason }.into_request()
            })
            .boxed(),
        K::CreateReport => (id(), any::<u64>(), topic())
            .prop_map(|(conversation, seq, reason)| {
                CreateReport { conversation, seq: Seq(seq), reason }.into_request()
            })
            .boxed(),
        K::ListReports => (prop::option::of(id()), any::<bool>(), any::<Option<String>>(), limit())
            .prop_map(|(conversation, all, cursor, limit)| {
                ListReports { conversation, all, cursor, limit }.into_request()
            })
            .boxed(),
        K::CloseReport => (uuid(), topic())
            .prop_map(|(id, note)| CloseReport { report: ReportId(id), note }.into_request())
            .boxed(),
        K::ListAudit => (prop::option::of(id()), any::<Option<String>>(), limit())
            .prop_map(|(conversation, cursor, limit)| {
                ListAudit { conversation, cursor, limit }.into_request()
            })
            .boxed(),
        K::CreateCode => (role(), any::<u32>(), any::<Option<u32>>())
            .prop_map(|(role, uses, for_s)| CreateCode { role, uses, for_s }.into_request())
            .boxed(),
        K::ListCodes => Just(ListCodes {}.into_request()).boxed(),
        K::RevokeCode => any::<String>().prop_map(|id| RevokeCode { id }.into_request()).boxed(),
        K::CreateUser => (user_name(), prop::option::of(secret()), role())
            .prop_map(|(name, password, role)| CreateUser { name, password, role }.into_request())
            .boxed(),
        K::SetLockdown => any::<Option<bool>>().prop_map(|on| SetLockdown { on }.into_request()).boxed(),
        K::SurveyRooms => (prop::option::of(room_name()), limit())
            .prop_map(|(after, limit)| SurveyRooms { after, limit }.into_request())
            .boxed(),
        K::CreateBot => (user_name(), scopes())
            .prop_map(|(name, scopes)| CreateBot { name, scopes }.into_request())
            .boxed(),
        K::ListBots => Just(ListBots {}.into_request()).boxed(),
        K::RotateToken => (user_name(), prop::option::of(scopes()))
            .prop_map(|(bot, scopes)| RotateToken { bot, scopes }.into_request())
            .boxed(),
        K::DeleteBot => user_name().prop_map(|bot| DeleteBot { bot }.into_request()).boxed(),
        K::CreateIncoming => (id(), user_name())
            .prop_map(|(conversation, name)| CreateIncoming { conversation, name }.into_request())
            .boxed(),
        K::ListIncoming => id().prop_map(|conversation| ListIncoming { conversation }.into_request()).boxed(),
        K::DeleteIncoming => (id(), uuid())
            .prop_map(|(conversation, hook)| {
                DeleteIncoming { conversation, hook: HookId(hook) }.into_request()
            })
            .boxed(),
        K::CreateOutgoing => (id(), any::<String>(), events(), topic())
            .prop_map(|(conversation, url, events, trigger)| {
                CreateOutgoing { conversation, url, events, trigger }.into_request()
            })
            .boxed(),
        K::ListOutgoing => id().prop_map(|conversation| ListOutgoing { conversation }.into_request()).boxed(),
        K::DeleteOutgoing => (id(), uuid())
            .prop_map(|(conversation, hook)| {
                DeleteOutgoing { conversation, hook: HookId(hook) }.into_request()
            })
            .boxed(),
        K::TestOutgoing => (id(), uuid())
            .prop_map(|(conversation, hook)| TestOutgoing { conversation, hook: HookId(hook) }.into_request())
            .boxed(),
        K::RegisterCommands => prop::collection::vec((command_name(), topic(), topic()), 0..3)
            .prop_map(|rows| {
                let spec = |(name, description, usage)| CommandSpec { name, description, usage };
                RegisterCommands { commands: rows.into_iter().map(spec).collect() }.into_request()
            })
            .boxed(),
        K::ListCommands => id().prop_map(|conversation| ListCommands { conversation }.into_request()).boxed(),
        K::RunCommand => (id(), command_name(), prop::option::of(user_name()), any::<String>())
            .prop_map(|(conversation, name, bot, text)| {
                RunCommand { conversation, name, bot, text }.into_request()
            })
            .boxed(),
        K::AnswerCommand => (uuid(), body())
            .prop_map(|(run, text)| AnswerCommand { run: RunId(run), text }.into_request())
            .boxed(),
        K::Ping => Just(Ping {}.into_request()).boxed(),
    }
}

pub(super) fn any_request() -> impl Strategy<Value = Request> {
    prop::sample::select(RequestKind::ALL.to_vec()).prop_flat_map(request)
}
