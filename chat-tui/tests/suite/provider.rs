//! Logging in by the server's provider, in the form of the first run.

use std::time::Duration;

use chat_client::provider::{Answers, Missing};
use chat_proto::{Answer, BeginLink, OidcBegun, Registration, Request, Secret, SignInProvider, Timestamp};
use chat_tui::What;
use chat_tui::effect::{Effect, Outcome};
use chat_tui::state::sign_in::{Ask, Known};

use crate::administration::command;
use crate::common::{Stage, said};
use crate::flows::hello;

const SERVER: &str = "ws://127.0.0.1:7667";

fn form(required: bool) -> Stage {
    let mut stage = Stage::empty();
    stage.input(What::FirstRun(Known::default()));
    stage.keys(&[SERVER, "Enter"]);
    let mut hello = hello(Registration::Invite);
    hello.provider = Some(SignInProvider { name: "Acme\u{202e}".to_owned(), required });
    stage.outcome(Outcome::Probed(SERVER.parse().unwrap(), Ok(hello)));
    stage
}

fn begun(confirm: bool) -> OidcBegun {
    OidcBegun {
        url: "https://id.example.org/device".to_owned(),
        user_code: (!confirm).then(|| "WDJB-MJHT".to_owned()),
        complete_url: None,
        confirm,
        poll: Secret::new("the secret name"),
        interval_ms: 5_000,
        expires_at: Timestamp(2),
    }
}

fn not_done(stage: &mut Stage, missing: Option<Missing>) -> Vec<Effect> {
    let answers = Box::new(Answers::default());
    stage.outcome(Outcome::StillOut(Secret::new("the secret name"), answers, "Words.".to_owned(), missing))
}

#[test]
fn a_typed_code_needs_no_further_key() {
    let mut stage = form(false);
    let asked = stage.keys(&["Right", "Right", "Right", "Enter"]);
    assert!(asked.starts_with("Provider("), "{asked}");
    let asked = said(&stage.outcome(Outcome::AtProvider(Ok(Box::new(begun(false))))));
    assert!(asked.starts_with("Finish(") && !asked.contains("secret name"), "{asked}");
    let screen = stage.screen(80, 24);
    for words in ["(•) Acme", "https://id.example.org/device", "WDJB-MJHT", "waiting"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    assert!(!screen.contains('\u{202e}') && !screen.contains("secret name"), "{screen}");
    assert!(!screen.contains('█'), "a picture of which a part is missing is worth nothing");
    assert!(stage.screen(80, 50).contains('█'), "{}", stage.screen(80, 50));

    stage.state.take_dirty();
    let again = not_done(&mut stage, Some(Missing::Time(Duration::from_secs(5))));
    let asks_again = |effect: &Effect| matches!(effect, Effect::SignIn(Ask::Finish(_, _, _, pause)) if *pause == Duration::from_secs(5));
    assert!(again.iter().any(asks_again));
    assert!(!stage.state.take_dirty(), "who only waits draws nothing");

    // Esc gives up: nobody asks again.
    assert_eq!(stage.keys(&["Esc"]), "");
    assert!(not_done(&mut stage, Some(Missing::Time(Duration::from_secs(5)))).is_empty());
    assert!(!stage.screen(80, 24).contains("WDJB"));
}

#[test]
fn by_the_browser_the_code_of_the_page_is_typed_and_what_else_is_missing() {
    let mut stage = form(true);
    // The only way for people here, so it is the one that is chosen.
    assert!(stage.keys(&["Enter"]).starts_with("Provider("));
    stage.outcome(Outcome::AtProvider(Ok(Box::new(begun(true)))));
    assert!(stage.screen(80, 24).contains("page's code"), "{}", stage.screen(80, 24));
    let finish = |effects: &str| assert!(effects.starts_with("Finish("), "{effects}");
    finish(&stage.keys(&["4k7q-m9xa", "Enter"]));
    not_done(&mut stage, Some(Missing::Confirm));
    assert!(stage.screen(80, 24).contains("Words."));
    finish(&stage.keys(&["4k7q-m9xb", "Enter"]));
    not_done(&mut stage, Some(Missing::Name));
    finish(&stage.keys(&["ada", "Enter"]));
    not_done(&mut stage, Some(Missing::Invite));
    finish(&stage.keys(&["7QK2", "Enter"]));
    not_done(&mut stage, Some(Missing::Code));
    finish(&stage.keys(&["123456", "Enter"]));
    not_done(&mut stage, None);
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Words.") && !screen.contains("page's code"), "it is over: {screen}");
    // On a narrow screen the chosen way is seen.
    assert!(stage.screen(40, 14).contains("(•) Acme"), "{}", stage.screen(40, 14));
}

#[test]
fn an_account_is_linked_and_the_link_ended() {
    let mut stage = Stage::team();
    assert_eq!(command(&mut stage, "/link 4k7q-m9xa"), "");
    assert_eq!(stage.notice(), "Write /link alone first: it says where to go");
    assert_eq!(command(&mut stage, "/link"), "");
    assert!(stage.screen(80, 24).contains("link with the provider"));
    assert_eq!(stage.keys(&["correct horse", "Enter"]), "link.begin password=correct horse");

    let ask = || Box::new(Request::BeginLink(BeginLink { password: Secret::new("x") }));
    let done = stage.outcome(Outcome::Looked(ask(), Box::new(Answer::BeginLink(begun(false)))));
    assert_eq!(said(&done), "finish link  0s");
    let screen = stage.screen(80, 40);
    for words in ["https://id.example.org/device", "WDJB-MJHT", "this page may be closed", "█"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    assert!(!screen.contains("secret name"));
    let poll = || Secret::new("the secret name");
    let pause = Some(Missing::Time(Duration::from_secs(5)));
    stage.state.take_dirty();
    stage.state.now.clock = Timestamp(1);
    let waits = || Outcome::Linking(poll(), None, Err(("Not yet.".to_owned(), pause)));
    // The clock of the stage is past the end that the server told.
    stage.outcome(waits());
    assert!(stage.notice().contains("in time"), "{}", stage.notice());
    assert!(!stage.screen(80, 24).contains("WDJB"));

    let far = OidcBegun { expires_at: Timestamp(i64::MAX), ..begun(true) };
    assert!(stage.outcome(Outcome::Looked(ask(), Box::new(Answer::BeginLink(far)))).is_empty());
    assert!(stage.screen(80, 24).contains("Then write /link"));
    stage.keys(&["Esc"]);
    assert_eq!(command(&mut stage, "/link 4k7q-m9xa"), "finish link 4k7q-m9xa 0s");
    let code = || Some(Secret::new("4k7q-m9xa"));
    stage.state.take_dirty();
    let again = stage.outcome(Outcome::Linking(poll(), code(), Err(("Not yet.".to_owned(), pause))));
    assert_eq!(said(&again), "finish link 4k7q-m9xa 5s");
    assert!(!stage.state.take_dirty(), "who only waits draws nothing");
    let wrong = Err(("Another code.".to_owned(), Some(Missing::Confirm)));
    assert!(stage.outcome(Outcome::Linking(poll(), code(), wrong)).is_empty());
    assert!(stage.notice().starts_with("Another code."), "{}", stage.notice());
    assert!(stage.outcome(Outcome::Linking(Secret::new("another"), None, Ok(()))).is_empty());
    stage.outcome(Outcome::Linking(poll(), code(), Ok(())));
    assert!(stage.notice().contains("is linked"), "{}", stage.notice());

    assert_eq!(command(&mut stage, "/unlink"), "");
    assert_eq!(stage.keys(&["correct horse", "Enter"]), "link.remove password=correct horse");
}
