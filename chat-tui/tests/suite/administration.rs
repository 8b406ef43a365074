//! What admins do, and the safety of one's own account: keys in, requests and text out.

use crate::common::*;
use chat_client::Update;
use chat_proto::*;
use chat_tui::effect::Outcome;
use insta::assert_snapshot;
use uuid::Uuid;

/// The team, run by whom the tests press keys for.
fn admin() -> Stage {
    let mut stage = Stage::team();
    let effects = stage.news(Update::Me { user: me(), role: Role::Admin, server_name: "acme".into() });
    assert_eq!(said(&effects), "server.lockdown", "how the doors stand is asked once");
    stage
}

/// A command, without what the composer does by itself.
pub fn command(stage: &mut Stage, line: &str) -> String {
    let effects = stage.keys(&[line, "Enter"]);
    effects
        .trim_start_matches("typing #deploys, ")
        .replace("draft #deploys \"\"", "")
        .replace(", ", " ")
        .trim()
        .to_owned()
}

fn answer(stage: &mut Stage, request: impl Ask, answer: Answer) {
    stage.outcome(Outcome::Looked(Box::new(request.into_request()), Box::new(answer)));
}

fn account(name: &str, role: Role) -> AccountInfo {
    AccountInfo {
        user: person(name),
        role,
        at: Timestamp(NOW - 24 * 60 * MINUTE),
        last_seen: Some(Timestamp(NOW - 5 * MINUTE)),
        disabled: None,
        second_factor: false,
        sessions: 1,
    }
}

fn accounts() -> AccountPage {
    let mut grace = account("grace", Role::Guest);
    (grace.disabled, grace.sessions) = (Some(Timestamp(NOW)), 0);
    let mut lin = account("lin", Role::Member);
    (lin.second_factor, lin.last_seen) = (true, None);
    let accounts = vec![account("ada", Role::Owner), grace, lin, account("mara", Role::Admin)];
    AccountPage { accounts, more: true }
}

fn sizes(stage: &mut Stage, name: &str) {
    for (columns, rows) in [(40, 16), (80, 24), (200, 40)] {
        assert_snapshot!(format!("{name}_{columns}x{rows}"), stage.screen(columns, rows));
    }
    for (columns, rows) in [(1, 1), (7, 3)] {
        stage.screen(columns, rows);
    }
}

#[test]
fn every_command_of_admins_asks_for_its_answer() {
    for (line, asked) in [
        ("/admin users li", "account.list query=li"),
        ("/admin enable @lin", "user.enable user=lin"),
        ("/admin role @lin guest", "user.role role=guest user=lin"),
        ("/admin reset @lin", "user.reset user=lin"),
        ("/admin reset @lin twofactor", "user.reset second_factor=true user=lin"),
        ("/admin logins @lin", "session.list user=lin"),
        ("/admin create @zoe code", "user.create name=zoe role=member"),
        ("/admin create @zoe guest code", "user.create name=zoe role=guest"),
        ("/admin invites", "invite.list"),
        ("/admin invite", "invite.create role=member uses=1"),
        ("/admin invite guest uses 5 for 2d", "invite.create for_s=172800 role=guest uses=5"),
        ("/admin revoke 9f86d081884c7d65", "invite.revoke id=9f86d081884c7d65"),
        ("/admin rooms", "server.rooms"),
        ("/admin rooms after #ops", "server.rooms after=ops"),
        ("/admin audit", "audit.list limit=100"),
    ] {
        assert_eq!(command(&mut admin(), line), asked, "{line}");
    }
}

#[test]
fn what_is_wrong_says_what_to_write() {
    for (line, words) in [
        ("/admin dance", "Say /admin alone for the list"),
        ("/admin disable", "Say /admin alone for the list"),
        ("/admin role @lin king", "Say which role: /admin role @user"),
        ("/admin role @lin", "Say which role: /admin role @user"),
        ("/admin invite member for ever", "Say for what: /admin invite"),
        ("/admin invite member uses", "Say for what: /admin invite"),
        ("/admin revoke", "/admin revoke ID"),
        ("/admin lockdown soon", "Say on or off"),
        ("/admin create @zoe king", "Say which role: /admin create @user"),
    ] {
        let mut stage = admin();
        stage.keys(&[line, "Enter"]);
        assert!(stage.notice().contains(words), "{line}: {}", stage.notice());
        assert_eq!(stage.text(), line, "it stays to be mended");
    }
}

#[test]
fn what_hits_hard_is_asked_once() {
    for (line, question, asked) in [
        ("/admin disable @lin left us", "End all logins of @lin", "user.disable reason=left us user=lin"),
        ("/admin logout @lin", "End all logins of @lin?", "session.revoke user=lin"),
        ("/admin lockdown", "Let nobody new in", "server.lockdown on=true"),
        ("/admin lockdown off", "Open the doors again?", "server.lockdown on=false"),
    ] {
        let mut stage = admin();
        assert_eq!(command(&mut stage, line), "", "{line}");
        assert!(stage.screen(120, 24).contains(question), "{}", stage.screen(120, 24));
        assert_eq!(stage.keys(&["n"]), "", "another key means no");
        command(&mut stage, line);
        assert_eq!(stage.keys(&["y"]), asked);
    }
}

#[test]
fn one_place_has_all_that_admins_do() {
    let mut stage = admin();
    assert_eq!(command(&mut stage, "/admin"), "server.lockdown");
    sizes(&mut stage, "admin_menu");
    assert_eq!(stage.keys(&["accounts", "Enter"]), "account.list");
    answer(&mut stage, ListAccounts::default(), Answer::ListAccounts(accounts()));
    sizes(&mut stage, "admin_accounts");
    assert_eq!(stage.keys(&["more", "Enter"]), "account.list after=mara");
    answer(&mut stage, ListAccounts::default(), Answer::ListAccounts(accounts()));
    assert_eq!(stage.keys(&["lin", "Enter"]), "");
    sizes(&mut stage, "admin_account");
    assert_eq!(stage.keys(&["make guest", "Enter"]), "");
    assert_eq!(stage.keys(&["y"]), "user.role role=guest user=lin");
}

#[test]
fn a_member_is_not_offered_what_only_admins_do() {
    let mut stage = Stage::team();
    stage.keys(&["Ctrl-K", "/admin"]);
    assert!(!stage.screen(100, 24).contains("one place"), "{}", stage.screen(100, 24));
    let mut stage = Stage::team();
    assert_eq!(command(&mut stage, "/admin"), "");
    assert!(stage.notice().contains("Only admins"));
    let mut stage = admin();
    stage.keys(&["Ctrl-K", "/admin"]);
    assert!(stage.screen(100, 24).contains("For admins"), "{}", stage.screen(100, 24));
    assert_eq!(stage.keys(&["Enter"]), "server.lockdown");
}

#[test]
fn nothing_is_offered_against_who_is_as_strong() {
    let mut stage = admin();
    for name in ["ada", "mara"] {
        let ask = ListAccounts { query: Some(name.to_owned()), ..ListAccounts::default() };
        answer(&mut stage, ask, Answer::ListAccounts(accounts()));
        let screen = stage.screen(100, 24);
        assert!(
            screen.contains(&format!("account @{name}")) && !screen.contains("reset password"),
            "{screen}"
        );
    }
}

#[test]
fn the_card_of_a_person_leads_to_their_account() {
    let profile = |role| Profile {
        user: person("lin"),
        display_name: DisplayName::default(),
        status: Status::default(),
        zone: Zone::default(),
        role,
        since: Timestamp(NOW - 24 * 60 * MINUTE),
        last_seen: None,
    };
    let look = |stage: &mut Stage, role| {
        let ask = GetProfile { user: person("lin").name };
        answer(stage, ask, Answer::GetProfile(profile(role)));
        stage.screen(100, 40)
    };
    let mut stage = admin();
    let screen = look(&mut stage, Role::Member);
    for row in ["disable", "enable", "make guest", "reset password", "account"] {
        assert!(screen.contains(row), "{row} in\n{screen}");
    }
    assert!(!screen.contains("make admin"), "only the owner makes admins");
    stage.keys(&["disable", "Enter"]);
    assert_eq!(stage.text(), "/admin disable @lin ", "a reason can be written");
    assert!(!look(&mut stage, Role::Admin).contains("reset password"));
    assert!(!look(&mut Stage::team(), Role::Member).contains("reset password"));
}

#[test]
fn the_password_of_a_new_account_is_never_seen() {
    let mut stage = admin();
    assert_eq!(command(&mut stage, "/admin create @zoe guest"), "");
    assert_eq!(stage.keys(&["violet stapler"]), "");
    sizes(&mut stage, "admin_password");
    assert!(!stage.screen(80, 24).contains("violet"));
    stage.keys(&["Enter", "another thing", "Enter"]);
    assert!(stage.screen(80, 24).contains("These were two different ones"));
    stage.keys(&["violet stapler", "Enter"]);
    assert!(
        stage.keys(&["violet stapler", "Enter"]).starts_with("user.create name=zoe password=violet stapler")
    );
    let made = CreatedUser { user: person("zoe"), reset: None };
    let ask = CreateUser { name: person("zoe").name, password: None, role: Role::Guest };
    answer(&mut stage, ask.clone(), Answer::CreateUser(made));
    assert!(stage.notice().contains("@zoe can log in"));
    // Nothing typed: a code in its place.
    command(&mut stage, "/admin create @zoe guest");
    assert_eq!(stage.keys(&["Enter"]), "user.create name=zoe role=guest");
    let code = Secret::new("4K7Q-M9XA-P4TD-0ZRB-W2HC");
    let reset = ResetCode { user: person("zoe"), code, expires_at: Timestamp(NOW + 60 * MINUTE) };
    let made = CreatedUser { user: person("zoe"), reset: Some(reset) };
    answer(&mut stage, ask, Answer::CreateUser(made));
    assert!(stage.screen(80, 24).contains("4K7Q-M9XA-P4TD-0ZRB-W2HC"));
}

fn new_code(stage: &mut Stage) {
    let invite = invite("9f86d081884c7d65", 5);
    let made = NewCode { code: Secret::new("TWWS-FMPN-5RYV-ZHKZ-76QA"), invite };
    answer(stage, CreateCode { role: Role::Guest, uses: 5, for_s: None }, Answer::CreateCode(made));
}

fn invite(id: &str, uses: u32) -> InviteCode {
    InviteCode { id: id.into(), role: Role::Guest, uses, at: Timestamp(NOW), until: None }
}

#[test]
fn a_code_is_shown_once_and_copied_where_it_stands() {
    let mut stage = admin();
    new_code(&mut stage);
    sizes(&mut stage, "admin_code");
    assert_eq!(stage.keys(&["Enter"]), "copy \"TWWS-FMPN-5RYV-ZHKZ-76QA\"");
    assert!(stage.screen(80, 24).contains("TWWS-FMPN"), "a terminal may copy nothing");
    stage.keys(&["Esc"]);
    assert!(!stage.screen(80, 24).contains("TWWS-FMPN"));
}

#[test]
fn invite_codes_are_listed_without_the_codes_and_ended() {
    let mut stage = admin();
    let codes = Codes { invites: vec![invite("9f86d081884c7d65", 5), invite("0a86d081884c7d65", 1)] };
    answer(&mut stage, ListCodes {}, Answer::ListCodes(codes));
    sizes(&mut stage, "admin_codes");
    assert_eq!(stage.keys(&["Down", "Enter"]), "");
    assert!(stage.screen(120, 24).contains("End the invite code 0a86d081884c7d65?"));
    assert_eq!(stage.keys(&["y"]), "invite.revoke id=0a86d081884c7d65");
}

#[test]
fn a_lockdown_stands_on_the_screen_as_long_as_it_holds() {
    let mut stage = admin();
    assert!(!stage.screen(80, 24).contains("LOCKED"));
    let on = SetLockdown { on: Some(true) };
    answer(&mut stage, on, Answer::SetLockdown(Lockdown { since: Some(Timestamp(NOW)) }));
    for (columns, rows) in [(40, 16), (80, 24), (200, 40)] {
        assert!(stage.screen(columns, rows).contains("LOCKED"), "{}", stage.screen(columns, rows));
    }
    command(&mut stage, "/admin");
    assert!(stage.screen(80, 24).contains("open the doors"));
    // Somebody else has opened them: the list that is open says so.
    answer(&mut stage, SetLockdown { on: None }, Answer::SetLockdown(Lockdown { since: None }));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("lock down") && !screen.contains("LOCKED"), "{screen}");
    // Another admin does it again: the server tells.
    stage.news(Update::Lockdown(Some(Timestamp(NOW))));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("LOCKED") && screen.contains("open the doors"), "{screen}");
    stage.news(Update::Me { user: me(), role: Role::Member, server_name: "acme".into() });
    assert!(!stage.screen(80, 24).contains("LOCKED"), "who is no admin any more is not told");
}

#[test]
fn rooms_are_surveyed_without_what_is_said_there() {
    let mut stage = admin();
    let room = |name: &str, private| RoomSurvey {
        id: DEPLOYS,
        name: RoomName::parse(name).unwrap(),
        private,
        archived: false,
        rules: RoomRules { keep_days: 30, ..RoomRules::default() },
        members: 1,
        messages: 4711,
        active_at: Timestamp(NOW),
    };
    let page = SurveyPage { rooms: vec![room("ops", false), room("war", true)], more: true };
    answer(&mut stage, SurveyRooms::default(), Answer::SurveyRooms(page));
    sizes(&mut stage, "admin_rooms");
}

fn sessions() -> Sessions {
    let session = |number: u128, device: &str, current| SessionInfo {
        id: SessionId(Uuid::from_u128(number)),
        device: DeviceName::new(device).unwrap(),
        began_at: Timestamp(NOW - 24 * 60 * MINUTE),
        used_at: Timestamp(NOW),
        current,
    };
    let second_factor = Some(SecondFactor { since: Timestamp(NOW), recovery_codes: 9 });
    Sessions {
        sessions: vec![session(1, "laptop", true), session(2, "lab", false)],
        second_factor,
        provider: None,
    }
}

#[test]
fn a_login_elsewhere_is_ended() {
    let mut stage = Stage::team();
    assert_eq!(command(&mut stage, "/sessions"), "session.list");
    answer(&mut stage, ListSessions::default(), Answer::ListSessions(sessions()));
    sizes(&mut stage, "sessions");
    assert_eq!(stage.keys(&["Down", "Enter"]), "");
    assert!(stage.screen(80, 24).contains("End the login on lab"));
    assert_eq!(stage.keys(&["y"]), format!("session.revoke session={}", Uuid::from_u128(2)));
    answer(&mut stage, ListSessions::default(), Answer::ListSessions(sessions()));
    stage.keys(&["end all", "Enter"]);
    assert_eq!(stage.keys(&["y"]), "session.revoke");
    // Those of somebody else are theirs in every request.
    let ask = ListSessions { user: Some(person("lin").name) };
    let mut held = sessions();
    held.sessions.remove(0);
    answer(&mut stage, ask, Answer::ListSessions(held));
    assert!(stage.screen(80, 24).contains("logins of @lin"));
    stage.keys(&["Enter"]);
    assert_eq!(stage.keys(&["y"]), format!("session.revoke session={} user=lin", Uuid::from_u128(2)));
}

#[test]
fn a_second_factor_is_set_up_and_ended() {
    let mut stage = Stage::team();
    assert_eq!(command(&mut stage, "/twofactor"), "");
    assert_eq!(stage.keys(&["correct horse", "Enter"]), "totp.begin password=correct horse");
    let secret = "JBSWY3DPEHPK3PXP";
    let url = format!("otpauth://totp/acme:mara?secret={secret}");
    let setup = TotpSetup { secret: Secret::new(secret), url: Secret::new(url) };
    answer(&mut stage, BeginTotp { password: Secret::new("x") }, Answer::BeginTotp(setup));
    sizes(&mut stage, "twofactor");
    stage.keys(&["Esc"]);
    // A real one is longer: on a small screen the code has a screen of its own, or a sentence says
    // that it has no room; the secret can always be typed.
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let url = format!("otpauth://totp/acme:mara?secret={secret}&issuer=acme%20rockets%20and%20sons");
    for (columns, rows, words, alone) in [
        (80, 30, "Then write", false),
        (80, 24, "shows it as a code", true),
        (40, 24, "shows it as a code", true),
        (36, 24, "too small", false),
        (80, 12, "too small", false),
    ] {
        stage.input(chat_tui::What::Terminal(crossterm::event::Event::Resize(columns, rows)));
        let setup = TotpSetup { secret: Secret::new(secret), url: Secret::new(url.clone()) };
        answer(&mut stage, BeginTotp { password: Secret::new("x") }, Answer::BeginTotp(setup));
        let screen = stage.screen(columns, rows);
        assert!(screen.contains(words) && screen.contains("JBSW Y3DP EHPK"), "{columns}x{rows}\n{screen}");
        assert_eq!(screen.contains('█'), words == "Then write", "{screen}");
        stage.keys(&["PageDown"]);
        let below = stage.screen(columns, rows);
        assert_eq!(below.contains('█') && !below.contains("JBSW"), alone, "{columns}x{rows}\n{below}");
        stage.keys(&["Esc"]);
    }
    stage.input(chat_tui::What::Terminal(crossterm::event::Event::Resize(80, 24)));
    assert_eq!(command(&mut stage, "/twofactor 123 456"), "totp.confirm code=123 456");
    let codes = (0..10).map(|n| Secret::new(format!("AAAA-BBBB-{n:04}"))).collect();
    answer(&mut stage, ConfirmTotp { code: Secret::new("1") }, Answer::ConfirmTotp(RecoveryCodes { codes }));
    sizes(&mut stage, "recovery");
    stage.keys(&["Esc"]);
    assert_eq!(command(&mut stage, "/twofactor off 123456"), "totp.disable code=123456");
    assert_eq!(command(&mut stage, "/twofactor off"), "", "a field for the password");
    assert!(stage.screen(80, 24).contains("end the second factor"));
    assert_eq!(stage.keys(&["correct horse"]), "");
    assert!(!stage.screen(80, 24).contains("correct"));
    assert_eq!(stage.keys(&["Enter"]), "totp.disable password=correct horse");
}
