//! Every limit of the wire, in one place, each with its reason.
//!
//! A server announces the ones that a client must know in [`crate::Limits`]; these are the
//! defaults and, for sizes of names, the fixed rules.

/// Longest message body in bytes of UTF-8: several screens of text; more belongs in a file.
pub const MESSAGE_BYTES: usize = 16 * 1024;

/// Longest frame after login, both ways from a client. A body of [`MESSAGE_BYTES`] fits even
/// when JSON escapes most of it, and so does a resume of [`RESUME_CONVERSATIONS`].
pub const FRAME_BYTES: usize = 128 * 1024;

/// Longest frame before login: a name, a password and an invite; nobody unknown gets more memory.
pub const LOGIN_FRAME_BYTES: usize = 4 * 1024;

/// Longest frame that a server may send: a full page of the longest messages with escapes.
pub const SERVER_FRAME_BYTES: usize = 32 * 1024 * 1024;

/// How long a connection may stay without a login, in milliseconds.
pub const LOGIN_TIMEOUT_MS: u64 = 10_000;

/// Frames that a connection may send before its login; more is not a person.
pub const FRAMES_BEFORE_LOGIN: u32 = 16;

/// Frames that could not be read, after which a connection is closed.
pub const BAD_FRAMES: u32 = 16;

/// Frames a second that a connection may send for long before its login, of every kind; those that
/// come faster are read later.
pub const LOGIN_FRAMES_PER_SECOND: u32 = 10;

/// Frames that it may send at once: the sixteen that count, in pieces, and some pings.
pub const LOGIN_FRAME_BURST: u32 = 64;

/// WebSocket frames of one message: the longest message in pieces of a kilobyte. Each costs the
/// server more than its bytes do.
pub const FRAGMENTS_PER_MESSAGE: u32 = 128;

/// Longest `id` of a request in bytes; it is echoed, so it must stay small.
pub const REQUEST_ID_BYTES: usize = 64;

/// Most events in one page of history.
pub const HISTORY_PAGE: u32 = 200;

/// Events in a page when the client does not say.
pub const HISTORY_PAGE_DEFAULT: u32 = 50;

/// Most rows in one page of any list (conversations, rooms, members, people).
pub const LIST_PAGE: u32 = 200;

/// Conversations in the window that a login answers with; the rest is paged.
pub const WELCOME_CONVERSATIONS: u32 = 50;

/// Most conversations whose position a client may state in one `sync.resume`.
pub const RESUME_CONVERSATIONS: usize = 1_000;

/// Most events per conversation that a resume carries inline; more is paged.
pub const RESUME_EVENTS_EACH: u32 = 100;

/// Most events that one resume carries inline, all conversations together.
pub const RESUME_EVENTS_TOTAL: u32 = 500;

/// Most people whose presence one connection may watch: a large screen's worth, several times.
pub const WATCHED_PEOPLE: usize = 500;

/// Unanswered sends that a client may have under way; keeps a flood in the client's own outbox.
pub const SENDS_IN_FLIGHT: usize = 32;

/// Requests per second that one connection may make for long.
pub const REQUESTS_PER_SECOND: u32 = 50;

/// Requests that one connection may make at once before [`REQUESTS_PER_SECOND`] holds.
pub const REQUEST_BURST: u32 = 200;

/// A client says "typing" at most this often per conversation, in milliseconds.
pub const TYPING_INTERVAL_MS: u64 = 3_000;

/// A receiver forgets "typing" after this many milliseconds without news, so it can never stick.
pub const TYPING_EXPIRY_MS: u64 = 6_000;

/// The server's ping interval in milliseconds; proxies cut lines idle for 30 to 60 s.
pub const PING_INTERVAL_MS: u64 = 25_000;

/// Longest user name in characters.
pub const USER_NAME_CHARS: usize = 32;

/// Longest room name in characters.
pub const ROOM_NAME_CHARS: usize = 64;

/// Longest topic in characters: one line of a wide terminal, twice.
pub const TOPIC_CHARS: usize = 400;

/// Longest device name in characters.
pub const DEVICE_NAME_CHARS: usize = 64;

/// Shortest password in characters (NIST SP 800-63B, 5.1.1.2).
pub const PASSWORD_MIN_CHARS: usize = 8;

/// Longest password in bytes; hashing time must not depend on a hostile length.
pub const PASSWORD_MAX_BYTES: usize = 256;

/// Longest search text for lists of rooms and people, in characters.
pub const QUERY_CHARS: usize = 64;

/// Most people that one message can mention by name.
pub const MENTIONS: usize = 50;

/// In rooms of up to so many members everybody may call `@room` and `@here`; in larger ones a call
/// disturbs too many for that, and moderators decide who may.
pub const FREE_CALLS_MEMBERS: usize = 15;

/// Most messages in one `inbox.mark`: a page of the inbox.
pub const INBOX_MARKS: usize = 200;

/// Read messages kept in an inbox, and followed threads: nobody scrolls further back, and the
/// messages themselves stay in their conversations.
pub const INBOX_ITEMS: u64 = 2_000;

/// Messages that a person keeps saved: what is more than a list that somebody reads is searched for.
pub const SAVED_MESSAGES: u64 = 1_000;

/// Longest mute or pause of notifications in seconds: a year. For ever is the level `none`.
pub const MUTE_S: u64 = 366 * 24 * 60 * 60;

/// Longest name of a time zone in bytes, twice that of the longest there is.
pub const ZONE_NAME_BYTES: usize = 64;

/// Longest emoji in bytes: the longest family of the standard, with skin tones.
pub const EMOJI_BYTES: usize = 48;

/// Different emoji on one message; more is a wall.
pub const REACTIONS: usize = 20;

/// Pinned messages in one conversation; a list that nobody reads helps nobody.
pub const PINS: usize = 50;

/// Earlier texts kept of one message; older ones go first.
pub const VERSIONS: usize = 50;

/// Longest description of a room in characters: a screen of text.
pub const DESCRIPTION_CHARS: usize = 2_000;

/// Most people in a group conversation without a name; more want a room.
pub const GROUP_PEOPLE: usize = 9;

/// Unanswered invitations that one person is shown, the newest; older ones follow as these are
/// answered.
pub const INVITATIONS: usize = 100;

/// Bots that one person may have: more are a flood, or want a server of their own.
pub const BOTS_PER_PERSON: usize = 25;

/// Incoming webhooks of one room; each is a member of it.
pub const INCOMING_PER_ROOM: usize = 25;

/// Longest post to an incoming webhook, in bytes: several times the longest message.
pub const INCOMING_BYTES: usize = 64 * 1024;

/// Accounts that one invite code makes at most: a large company joins by one code.
pub const INVITE_USES: u32 = 10_000;

/// Invite codes that can be good at once; the answer to `invite.list` is one frame.
pub const INVITE_CODES: usize = 200;

/// Posts a second that one incoming webhook may make for long; people read what comes.
pub const INCOMING_PER_SECOND: u32 = 1;

/// Posts that one incoming webhook may make at once before [`INCOMING_PER_SECOND`] holds.
pub const INCOMING_BURST: u32 = 30;

/// Outgoing webhooks of one room; each is asked for every event.
pub const OUTGOING_PER_ROOM: usize = 10;

/// Longest address of an outgoing webhook, in bytes.
pub const URL_BYTES: usize = 2_000;

/// Longest trigger of an outgoing webhook, in characters.
pub const TRIGGER_CHARS: usize = 64;

/// Events that wait for one outgoing webhook; the oldest beyond that are dropped and counted.
pub const OUTGOING_WAITING: u64 = 1_000;

/// Slash commands of one bot: two screens of help.
pub const COMMANDS_PER_BOT: usize = 50;

/// Longest name of a slash command in characters.
pub const COMMAND_NAME_CHARS: usize = 32;

/// Longest text behind a slash command, in bytes.
pub const COMMAND_TEXT_BYTES: usize = 4 * 1024;

/// How long a bot may answer a run of a command, in milliseconds.
pub const COMMAND_ANSWER_MS: u64 = 15 * 60 * 1_000;

/// Private answers to one run; more is a conversation.
pub const ANSWERS_PER_RUN: u32 = 5;

/// Longest slow mode, in seconds: six hours.
pub const SLOW_MODE_S: u32 = 6 * 60 * 60;

/// Longest time for which a room can say that it keeps messages, in days: a hundred years.
pub const KEEP_DAYS: u32 = 36_500;

/// Longest search in characters: two lines of a terminal. Longer ones are pasted by mistake.
pub const SEARCH_CHARS: usize = 256;

/// Most words, phrases and filters in one search; each of them costs a walk through the index.
pub const SEARCH_WORDS: usize = 16;

/// Most hits in one page of a search: what people look through before they search again.
pub const SEARCH_PAGE: u32 = 50;

/// Hits in a page when the client does not say: a screen's worth.
pub const SEARCH_PAGE_DEFAULT: u32 = 20;

/// Most hits that one search by relevance gives, all pages together. The order is made once and
/// its rest travels in the cursor, so that pages have neither a gap nor a double; who wants
/// everything asks for the newest first, which has no end.
pub const SEARCH_HITS: usize = 500;

/// Length of a hit's snippet in characters as people see them: two lines of a terminal.
pub const SNIPPET_CHARS: usize = 160;

/// Most bans, and most mutes, in force in one room; a room with more needs another door.
pub const ROOM_BANS: usize = 1_000;

/// The longest time back that `user.purge` reaches, in seconds: what one person can have flooded
/// before somebody came to stop it.
pub const PURGE_S: u32 = 60 * 60;

/// Most messages that one `user.purge` deletes; past that the answer says that there are more.
pub const PURGED_MESSAGES: usize = 10_000;

/// Most open reports by one person, so that nobody floods those who read them.
pub const OPEN_REPORTS: usize = 50;

/// Longest display name in characters.
pub const DISPLAY_NAME_CHARS: usize = 64;

/// Longest status in characters: what fits beside a name.
pub const STATUS_CHARS: usize = 100;

/// Longest name of a time zone in characters; the longest real one has half of that.
pub const ZONE_CHARS: usize = 64;

/// Most people that one person blocks; every shard holds them.
pub const BLOCKED_PEOPLE: usize = 500;
/// Largest file when the server's settings do not say: a long screencast.
pub const FILE_BYTES: u64 = 100 * 1024 * 1024;

/// Most files in one message: what a person looks through; more belongs in an archive.
pub const FILES_PER_MESSAGE: usize = 10;

/// Longest name of a file in bytes. File systems take 255, of which ` (12)` and `.part` need some.
pub const FILE_NAME_BYTES: usize = 200;

/// Uploads that one person may have in no message, the unfinished ones among them: enough for
/// several devices at once; a program that forgets to send cannot fill the table.
pub const UNSENT_FILES: usize = 100;

/// Uploads that one person may have running at once.
pub const UPLOADS_AT_ONCE: usize = 4;

/// Downloads that one person may have running at once.
pub const DOWNLOADS_AT_ONCE: usize = 8;

/// Messages named beside each row of a list of files; the rest are only counted as being there.
pub const FILE_MESSAGES_SHOWN: usize = 10;

/// Longest side of a thumbnail in pixels: half a large terminal at common cell sizes.
pub const THUMBNAIL_PIXELS: u32 = 320;

/// Sessions of one account; when another begins, the one that was not used for longest ends.
pub const SESSIONS: usize = 100;

/// How long a reset code is good for, in milliseconds: a day, so that it can be sent and slept over.
pub const RESET_CODE_MS: u64 = 24 * 60 * 60 * 1_000;

/// Recovery codes of a second factor.
pub const RECOVERY_CODES: usize = 10;

/// Wrong passwords or codes for one account from one address before each further try has to wait.
pub const FREE_TRIES: u32 = 5;

/// The longest wait between two tries, in milliseconds: long for a machine that guesses, short for a
/// person who is kept out by one.
pub const TRY_DELAY_MS: u64 = 30_000;
