//! The tables of `PROTOCOL.md` are the tables of the code. When one differs, the test prints the
//! text that belongs there.

use std::fmt::Write as _;

use chat_proto::{CloseReason, ErrorCode, Limits, Needs, RequestKind, Scope, Verdict, limits};

use crate::spec;

fn check(name: &str, expected: &str) {
    let actual = spec::table(name);
    assert!(
        actual == expected,
        "PROTOCOL.md, table {name}: the code says\n\n{expected}\nbut there stands\n\n{actual}"
    );
}

/// Whether a connection that has not said who it is gets an answer.
fn before_login(kind: RequestKind) -> bool {
    matches!(
        kind,
        RequestKind::Register
            | RequestKind::Login
            | RequestKind::Token
            | RequestKind::Reset
            | RequestKind::OidcBegin
            | RequestKind::OidcPoll
            | RequestKind::Ping
    )
}

#[test]
fn requests() {
    let mut table = "| type | what it does | before login |\n|---|---|---|\n".to_owned();
    for kind in RequestKind::ALL {
        let before = if before_login(*kind) { "yes" } else { "no" };
        writeln!(table, "| `{}` | {} | {before} |", kind.as_str(), kind.meaning()).unwrap();
    }
    check("requests", &table);
}

#[test]
fn scopes() {
    let mut table = "| a token needs | for |\n|---|---|\n".to_owned();
    let mut row = |needed: &str, needs: Needs| {
        let kinds = RequestKind::ALL.iter().filter(|kind| kind.needs() == needs);
        let kinds: Vec<String> = kinds.map(|kind| format!("`{}`", kind.as_str())).collect();
        writeln!(table, "| {needed} | {} |", kinds.join(", ")).unwrap();
    };
    for scope in Scope::ALL {
        row(&format!("`{scope}`"), Needs::Scope(scope));
    }
    row("nothing", Needs::Nothing);
    row("a person", Needs::Person);
    check("scopes", &table);
}

#[test]
fn errors() {
    let mut table = "| code | temporary | meaning |\n|---|---|---|\n".to_owned();
    for code in ErrorCode::ALL {
        let temporary = if code.is_temporary() { "yes" } else { "no" };
        writeln!(table, "| `{}` | {temporary} | {} |", code.as_str(), code.meaning()).unwrap();
    }
    check("errors", &table);
}

#[test]
fn closes() {
    let mut table = "| code | reason | then | meaning |\n|---|---|---|---|\n".to_owned();
    for reason in CloseReason::ALL {
        let verdict = match reason.verdict() {
            Verdict::Reconnect => "reconnect",
            Verdict::Stop => "stop",
        };
        writeln!(table, "| {} | `{reason}` | {verdict} | {} |", reason.code(), reason.meaning()).unwrap();
    }
    check("closes", &table);
}

#[test]
fn the_limits() {
    let mut table = "| limit | value | meaning |\n|---|---|---|\n".to_owned();
    for (name, value, meaning) in announced().into_iter().chain(fixed()) {
        writeln!(table, "| {name} | {value} | {meaning} |").unwrap();
    }
    check("limits", &table);
}

fn announced() -> Vec<(String, u64, &'static str)> {
    // Taken apart field by field, so that a new limit cannot be forgotten here.
    let Limits {
        message_bytes,
        frame_bytes,
        login_frame_bytes,
        history_page,
        list_page,
        resume_conversations,
        watched_people,
        sends_in_flight,
        file_bytes,
        files_per_message,
        requests_per_second,
        request_burst,
    } = Limits::default();
    [
        ("message_bytes", message_bytes as u64, "longest message body, in bytes of UTF-8"),
        ("frame_bytes", frame_bytes as u64, "longest frame from a client after login"),
        ("login_frame_bytes", login_frame_bytes as u64, "longest frame from a client before login"),
        ("history_page", history_page.into(), "most events in a page of history"),
        ("list_page", list_page.into(), "most rows in a page of any list"),
        ("resume_conversations", resume_conversations as u64, "most conversations in one `sync.resume`"),
        ("watched_people", watched_people as u64, "most people in one `presence.watch`"),
        ("sends_in_flight", sends_in_flight as u64, "most sends without a reply yet"),
        ("file_bytes", file_bytes, "largest file, in bytes; 0 where no files are taken"),
        ("files_per_message", files_per_message as u64, "most files in one message"),
        ("requests_per_second", requests_per_second.into(), "requests a second, for long"),
        ("request_burst", request_burst.into(), "requests at once, before that pace holds"),
    ]
    .map(|(name, value, meaning)| (format!("`limits.{name}`"), value, meaning))
    .to_vec()
}

fn fixed() -> Vec<(String, u64, &'static str)> {
    [
        (limits::SERVER_FRAME_BYTES as u64, "longest frame from the server, in bytes"),
        (limits::REQUEST_ID_BYTES as u64, "longest `id` of a request, in bytes"),
        (limits::LOGIN_TIMEOUT_MS, "milliseconds until a connection must be logged in"),
        (limits::FRAMES_BEFORE_LOGIN.into(), "frames before login"),
        (limits::FRAGMENTS_PER_MESSAGE.into(), "WebSocket fragments in one message"),
        (limits::LOGIN_FRAMES_PER_SECOND.into(), "WebSocket frames a second before login, for long"),
        (limits::BAD_FRAMES.into(), "frames that could not be read"),
        (limits::HISTORY_PAGE_DEFAULT.into(), "events in a page of history when the client does not say"),
        (limits::WELCOME_CONVERSATIONS.into(), "conversations in the welcome"),
        (limits::RESUME_EVENTS_EACH.into(), "events per conversation inside the answer to `sync.resume`"),
        (limits::RESUME_EVENTS_TOTAL.into(), "events in the answer to `sync.resume`"),
        (limits::TYPING_INTERVAL_MS, "milliseconds between two `typing` signals from a client"),
        (limits::TYPING_EXPIRY_MS, "milliseconds after which a receiver forgets `typing`"),
        (limits::USER_NAME_CHARS as u64, "characters in a user name"),
        (limits::ROOM_NAME_CHARS as u64, "characters in a room name"),
        (limits::TOPIC_CHARS as u64, "characters in a topic"),
        (limits::DEVICE_NAME_CHARS as u64, "characters in a device name"),
        (limits::QUERY_CHARS as u64, "characters in a search text"),
        (limits::SEARCH_CHARS as u64, "characters in the query of `search`"),
        (limits::SEARCH_WORDS as u64, "words, phrases and filters in it"),
        (limits::SEARCH_PAGE.into(), "hits in a page of a search"),
        (limits::SEARCH_PAGE_DEFAULT.into(), "hits in a page of a search when the client does not say"),
        (limits::SEARCH_HITS as u64, "hits of a search by relevance, all pages together"),
        (limits::PASSWORD_MIN_CHARS as u64, "fewest characters in a password"),
        (limits::PASSWORD_MAX_BYTES as u64, "most bytes in a password"),
        (limits::SESSIONS as u64, "sessions of one account"),
        (limits::RESET_CODE_MS, "milliseconds that a reset code is good for"),
        (limits::RECOVERY_CODES as u64, "recovery codes of a second factor"),
        (limits::FREE_TRIES.into(), "wrong passwords or codes before each further try has to wait"),
        (limits::TRY_DELAY_MS, "milliseconds of the longest such wait"),
        (limits::BOTS_PER_PERSON as u64, "bots of one person"),
        (limits::INCOMING_PER_ROOM as u64, "incoming webhooks of one room"),
        (limits::INCOMING_BYTES as u64, "bytes in a post to an incoming webhook"),
        (limits::INCOMING_PER_SECOND.into(), "posts a second of an incoming webhook, for long"),
        (limits::INCOMING_BURST.into(), "posts of an incoming webhook at once"),
        (limits::OUTGOING_PER_ROOM as u64, "outgoing webhooks of one room"),
        (limits::OUTGOING_WAITING, "events that wait for one outgoing webhook"),
        (limits::URL_BYTES as u64, "bytes in the address of an outgoing webhook"),
        (limits::TRIGGER_CHARS as u64, "characters in its trigger"),
        (limits::COMMANDS_PER_BOT as u64, "slash commands of one bot"),
        (limits::COMMAND_NAME_CHARS as u64, "characters in the name of a slash command"),
        (limits::COMMAND_TEXT_BYTES as u64, "bytes behind a slash command"),
        (limits::COMMAND_ANSWER_MS, "milliseconds in which a bot may answer a run"),
        (limits::ANSWERS_PER_RUN.into(), "private answers to one run"),
        (limits::FILE_NAME_BYTES as u64, "bytes in the name of a file"),
        (limits::UNSENT_FILES as u64, "uploads of one person that are in no message"),
        (limits::UPLOADS_AT_ONCE as u64, "uploads of one person that run at once"),
        (limits::DOWNLOADS_AT_ONCE as u64, "downloads of one person that run at once"),
        (limits::THUMBNAIL_PIXELS.into(), "pixels of a thumbnail's longer side"),
        (limits::MENTIONS as u64, "most people mentioned by one message"),
        (
            limits::FREE_CALLS_MEMBERS as u64,
            "members of a room in which everybody may call `@room` and `@here`",
        ),
        (limits::INBOX_MARKS as u64, "messages in one `inbox.mark`"),
        (limits::INBOX_ITEMS, "messages kept in an inbox, and followed threads kept"),
        (limits::SAVED_MESSAGES, "saved messages that a person keeps"),
        (limits::MUTE_S, "seconds of the longest mute, and of the longest \"do not disturb\""),
        (limits::ROOM_BANS as u64, "bans in force in a room, and mutes"),
        (limits::PURGE_S.into(), "seconds that a purge reaches back"),
        (limits::PURGED_MESSAGES as u64, "messages that one purge deletes"),
        (limits::OPEN_REPORTS as u64, "open reports by one person"),
        (limits::DISPLAY_NAME_CHARS as u64, "characters in a display name"),
        (limits::STATUS_CHARS as u64, "characters in a status"),
        (limits::ZONE_CHARS as u64, "characters in the name of a time zone"),
        (limits::BLOCKED_PEOPLE as u64, "people whom one person blocks"),
    ]
    .map(|(value, meaning)| ("fixed".to_owned(), value, meaning))
    .to_vec()
}
