//! `chat-tui doctor`: looks at everything that the client needs, and says what to do.
//!
//! Plain lines, each with its verdict; also without a terminal, so that it can be read by a program
//! and sent to somebody who helps. Nothing that was written is in it, and no secret.

mod files;
mod terminal;

use std::fmt::Write as _;
use std::time::Duration;

use chat_client::account::{Account, Accounts};
use chat_client::paths::Paths;
use chat_client::sign_in;
use chat_client::tls::Tls;
use chat_proto::{PROTOCOL_VERSION, SafeText};
use jiff::Timestamp;

use crate::config::Flags;

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// A clock that is wrong by more shows times that nobody believes.
const CLOCK_S: i64 = 30;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Well,
    Odd,
    Bad,
}

/// What is told, line by line.
#[derive(Debug, Default)]
struct Report {
    text: String,
    is_bad: bool,
}

impl Report {
    fn add(&mut self, verdict: Verdict, what: &str, found: &str) {
        let word = match verdict {
            Verdict::Well => "ok",
            Verdict::Odd => "warn",
            Verdict::Bad => "FAIL",
        };
        self.is_bad |= verdict == Verdict::Bad;
        // What is found may have been written by anybody.
        let _ = writeln!(self.text, "{word:<5}{what:<15}{}", SafeText::line(found));
    }

    fn well(&mut self, what: &str, found: &str) {
        self.add(Verdict::Well, what, found);
    }

    fn odd(&mut self, what: &str, found: &str) {
        self.add(Verdict::Odd, what, found);
    }

    fn bad(&mut self, what: &str, found: &str) {
        self.add(Verdict::Bad, what, found);
    }
}

/// Looks at everything; gives the lines, and whether nothing is broken.
pub async fn examine(flags: &Flags, notify: bool) -> (String, bool) {
    let mut report = Report::default();
    let system = format!(
        "chat-tui {} on {} {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    report.well("program", &system);
    match Paths::resolve(flags.data_dir.clone()) {
        Ok(paths) => {
            let settings = files::settings(flags, &paths, &mut report);
            terminal::examine(&settings, notify, &mut report).await;
            files::examine(&paths, &mut report);
            servers(flags, &paths, &mut report).await;
        }
        Err(error) => report.bad("folders", &error.to_string()),
    }
    (report.text, !report.is_bad)
}

async fn servers(flags: &Flags, paths: &Paths, report: &mut Report) {
    let accounts = match Accounts::open(paths.accounts_dir()) {
        Ok(accounts) => accounts,
        Err(error) => return report.bad("accounts", &error.to_string()),
    };
    if accounts.all().is_empty() {
        report.odd("accounts", "none is saved; start chat-tui, which asks for the server and your name");
    }
    for account in accounts.all() {
        server(account, &flags.tls(paths), report).await;
    }
}

async fn server(account: &Account, tls: &Tls, report: &mut Report) {
    let address = &account.server;
    let began = Timestamp::now();
    let probed = tokio::time::timeout(PATIENCE, sign_in::probe(address, tls)).await;
    let hello = match probed {
        Ok(Ok(hello)) => hello,
        Ok(Err(error)) => return report.bad("server", &format!("{address}: {error}")),
        Err(_) => {
            let told = format!("{address} does not answer; look at the network, or ask who runs it");
            return report.bad("server", &told);
        }
    };
    let took_ms = Timestamp::now().as_millisecond() - began.as_millisecond();
    let who = account.user.name.as_str();
    report.well("server", &format!("{address}, as {who}: {} answers in {took_ms} ms", hello.server));
    let range = hello.protocol;
    if !(range.min..=range.max).contains(&PROTOCOL_VERSION) {
        report.bad("protocol", "this program and the server are too far apart; update the older one");
    }
    match (address.is_tls(), is_here(address.host())) {
        (true, _) => report.well("TLS", "encrypted, and the certificate is trusted"),
        (false, true) => report.well("TLS", "not encrypted, within this machine"),
        (false, false) => {
            report.odd("TLS", "not encrypted: all that you write can be read on the way; use wss://")
        }
    }
    // The answer was sent half way through.
    let middle = began.as_millisecond() + took_ms / 2;
    let apart_s = (hello.server_time.0 - middle) / 1_000;
    match apart_s.abs() {
        0..=CLOCK_S => report.well("clock", &format!("{} s from the server's", apart_s.abs())),
        _ => report.odd("clock", &format!("{apart_s} s from the server's; set this machine's clock")),
    }
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}
