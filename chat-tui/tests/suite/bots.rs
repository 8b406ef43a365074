//! Bots on the screen: their mark, their commands, what they answer in private, and webhooks.

use crate::common::*;
use chat_client::Update;
use chat_proto::*;
use chat_tui::effect::{Kept, Outcome};
use uuid::Uuid;

fn robo() -> Person {
    Person { bot: true, ..person("robo") }
}

fn command(bot: Person, name: &str) -> BotCommand {
    let (description, usage) = (Topic::new("Deploys a service").unwrap(), Topic::new("SERVICE").unwrap());
    BotCommand { bot, command: CommandSpec { name: name.parse().unwrap(), description, usage } }
}

/// #deploys with a bot that deploys.
fn stage() -> Stage {
    let mut stage = Stage::team();
    stage.outcome(Outcome::Commands(DEPLOYS, vec![command(robo(), "deploy")]));
    stage
}

fn answer(conversation: ConversationId, text: &str) -> Update {
    Update::BotAnswer(CommandReply {
        run: RunId(Uuid::nil()),
        conversation,
        bot: robo(),
        name: "deploy".parse().unwrap(),
        text: Body::new(text).unwrap(),
    })
}

#[test]
fn a_program_has_a_mark_before_its_name() {
    let mut stage = stage();
    let mut event = message(DEPLOYS, 8, 23, "robo", "deployed");
    event.author = robo();
    stage.live(event);
    let screen = stage.screen(100, 24);
    assert!(screen.contains("◇robo") && !screen.contains("◇ada"), "{screen}");
}

#[test]
fn a_command_of_a_bot_is_run_and_its_answer_is_shown_to_oneself() {
    let mut stage = stage();
    assert!(stage.keys(&["/deploy"]).is_empty());
    assert!(stage.screen(100, 24).contains("/deploy SERVICE · Deploys a service · robo"));
    let asked = stage.keys(&[" api v2", "Enter"]);
    assert!(asked.contains("command.run #deploys bot=robo name=deploy text=api v2"), "{asked}");
    assert_eq!(stage.text(), "");
    stage.news(answer(DEPLOYS, "on it,\n\u{1b}[2Jgive me a minute"));
    let screen = stage.screen(100, 24);
    assert!(screen.contains("· 09:30 you: /deploy api v2"), "{screen}");
    assert!(screen.contains("· 09:30 robo to you alone: on it,"), "{screen}");
    assert!(screen.contains("␛[2Jgive me a minute"), "{screen}");
    // What comes later stands below it, and coming back to the room does not lose it.
    stage.live(message(DEPLOYS, 8, 31, "lin", "what is on?"));
    stage.keys(&["Alt-2", "Alt-1"]);
    stage.news(Update::Reset(DEPLOYS));
    stage.history(
        DEPLOYS,
        vec![message(DEPLOYS, 7, 22, "mara", "before"), message(DEPLOYS, 8, 31, "lin", "what is on?")],
    );
    let screen = stage.screen(100, 24);
    let (before, note) = (screen.find("before").unwrap(), screen.find("to you alone").unwrap());
    assert!(before < note && note < screen.find("what is on?").unwrap(), "{screen}");
}

#[test]
fn an_answer_elsewhere_waits_there() {
    let mut stage = stage();
    stage.news(answer(GENERAL, "done"));
    assert_eq!(stage.notice(), "robo answers you in #general");
    assert!(!stage.screen(100, 24).contains("to you alone"));
    stage.keys(&["Alt-2"]);
    stage.history(GENERAL, Vec::new());
    assert!(stage.screen(100, 24).contains("robo to you alone: done"));
}

#[test]
fn a_refused_command_comes_back_to_be_changed() {
    let mut stage = stage();
    stage.keys(&["/deploy api", "Enter"]);
    stage.outcome(Outcome::NotRun(DEPLOYS, "/deploy api".into(), "@robo is not connected".into()));
    assert_eq!((stage.text().as_str(), stage.notice()), ("/deploy api", "@robo is not connected"));
}

#[test]
fn who_is_meant_is_asked_where_several_bots_have_a_command() {
    let mut stage = stage();
    let both = vec![command(person("aaa"), "deploy"), command(robo(), "deploy")];
    stage.outcome(Outcome::Commands(DEPLOYS, both));
    stage.keys(&["/deploy", "Enter"]);
    assert_eq!(stage.notice(), "Several bots have /deploy; say which: /aaa:deploy or /robo:deploy");
    assert_eq!(stage.text(), "/deploy", "it stays, to be changed");
}

#[test]
fn commands_of_bots_are_completed_and_unknown_ones_refused() {
    let mut stage = stage();
    stage.keys(&["/dep", "Tab"]);
    assert_eq!(stage.text(), "/deploy ");
    let mut stage = Stage::team();
    stage.keys(&["/deploy", "Enter"]);
    assert_eq!(stage.notice(), "There is no command /deploy; /help lists them, //deploy sends it as text");
    assert_eq!(stage.text(), "/deploy");
    // It is not a command where its bot is not.
    let mut stage = self::stage();
    stage.keys(&["Alt-2", "/deploy", "Enter"]);
    assert!(stage.notice().starts_with("There is no command /deploy"));
}

#[test]
fn webhooks_and_bots_are_kept_by_commands() {
    for (line, asked) in [
        ("/incoming create grafana", "#deploys CreateIncoming(UserName(\"grafana\"))"),
        ("/incoming", "#deploys Incoming"),
        ("/incoming delete @grafana", "#deploys DeleteIncoming(UserName(\"grafana\"))"),
        ("/outgoing create https://x.org/", "#deploys CreateOutgoing(\"https://x.org/\")"),
        ("/outgoing test 01ab", "#deploys TestOutgoing(\"01ab\")"),
        ("/bot create robo read,write", "#deploys CreateBot(UserName(\"robo\"), Scopes({Read, Write}))"),
    ] {
        let effects = Stage::team().keys(&[line, "Enter"]);
        assert!(effects.ends_with(asked), "{line}: {effects}");
    }
    let mut direct = Stage::team();
    direct.keys(&["Alt-4", "/incoming", "Enter"]);
    assert_eq!(direct.notice(), "Open a room first; webhooks belong to rooms");
}

#[test]
fn what_is_shown_once_says_so() {
    let mut stage = Stage::team();
    stage.outcome(Outcome::Kept(Ok(Kept::Secret {
        title: "address of @grafana".into(),
        secret: Secret::new("whsec_c2VjcmV0"),
        use_for: "Each call is signed with it.".into(),
    })));
    let screen = stage.screen(100, 24);
    assert!(
        screen.contains("whsec_c2VjcmV0") && screen.contains("Copy it now: it is never shown again."),
        "{screen}"
    );
    stage.keys(&["Esc"]);
    assert!(!stage.screen(100, 24).contains("whsec_"));
    stage.outcome(Outcome::Kept(Ok(Kept::List {
        title: "incoming webhooks".into(),
        rows: Vec::new(),
        empty: "/incoming create NAME makes one".into(),
    })));
    assert_eq!(stage.notice(), "No incoming webhooks; /incoming create NAME makes one");
}
