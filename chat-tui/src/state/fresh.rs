//! A state before anything is known, and what one takes over from another.

use super::*;

impl State {
    /// An empty state, before anything is known.
    #[must_use]
    pub fn new(zone: TimeZone, colour: bool) -> Self {
        Self {
            now: Moment::default(),
            zone,
            colour,
            size: (80, 24),
            focused: true,
            me: None,
            role: Role::Member,
            lockdown: None,
            server_name: String::new(),
            server: String::new(),
            link: Link { connection: Connection::Connecting, since_ms: 0 },
            conversations: Conversations::default(),
            inbox: InboxState::default(),
            threads: Threads::default(),
            dnd: Dnd::default(),
            hush: Hush::default(),
            abilities: Abilities::default(),
            settings: Settings::default(),
            looks: Looks::new(if colour { Colours::Basic } else { Colours::None }),
            keymap: Keymap::default(),
            pending: Vec::new(),
            mode: Mode::Insert,
            complaints: Vec::new(),
            neighbours: Neighbours::default(),
            aside: false,
            rang_ms: None,
            search: None,
            thread_due_ms: None,
            invitations: Vec::new(),
            people: People::default(),
            blocked: BTreeSet::new(),
            unfolded: BTreeSet::new(),
            reports: Vec::new(),
            privacy: Privacy::default(),
            commands: BotCommands::default(),
            timelines: HashMap::new(),
            open: None,
            bereft: false,
            leaving: None,
            last: None,
            home: None,
            inbox_seen: None,
            thread: None,
            thread_drafts: HashMap::new(),
            selected: None,
            found: None,
            chosen_from: None,
            export: None,
            bare: false,
            hints: None,
            inks: Inks::default(),
            jumps: Vec::new(),
            returns: Vec::new(),
            rebind: None,
            confirm: None,
            composer: Composer::default(),
            purpose: Purpose::Write,
            completion: None,
            completion_shut: None,
            drafts: HashMap::new(),
            reply_targets: HashMap::new(),
            draft_due_ms: None,
            told_typing: false,
            transfers: Transfers::default(),
            upload_folder: None,
            lock: None,
            lock_hash: None,
            pictures: Pictures::default(),
            popup: None,
            ask_due_ms: None,
            sign_in: None,
            trust: None,
            linking: None,
            notice: None,
            list: ListMode::Auto,
            arrangement: Arrangement::default(),
            drag: None,
            quit: Quit::No,
            last_key_ms: 0,
            idle: false,
            away: false,
            watched: Vec::new(),
            title: String::new(),
            memo: Memo::default(),
            dirty: true,
            holds: false,
            owes: false,
        }
    }

    /// An empty state with what concerns all accounts: the terminal and how it is used.
    #[must_use]
    pub(crate) fn renewed(&self) -> Self {
        let mut fresh = State::new(self.zone.clone(), self.colour);
        (fresh.now, fresh.last_key_ms) = (self.now, self.now.ms);
        (fresh.size, fresh.focused, fresh.aside) = (self.size, self.focused, self.aside);
        fresh.settings = self.settings.clone();
        fresh.upload_folder.clone_from(&self.upload_folder);
        fresh.complaints.clone_from(&self.complaints);
        (fresh.looks, fresh.keymap) = (self.looks.clone(), self.keymap.clone());
        (fresh.abilities, fresh.lock_hash) = (self.abilities.clone(), self.lock_hash.clone());
        (fresh.pictures.images, fresh.pictures.cell) = (self.pictures.images, self.pictures.cell);
        fresh
    }

    /// Takes over what concerns all accounts from a state that was just on the screen.
    pub(crate) fn adopt(&mut self, from: State) {
        self.memo.shut();
        (self.size, self.colour, self.zone) = (from.size, from.colour, from.zone);
        (self.settings, self.complaints) = (from.settings, from.complaints);
        self.upload_folder = from.upload_folder;
        (self.looks, self.keymap) = (from.looks, from.keymap);
        (self.abilities, self.lock_hash) = (from.abilities, from.lock_hash);
        (self.pictures.images, self.pictures.cell) = (from.pictures.images, from.pictures.cell);
    }
}
