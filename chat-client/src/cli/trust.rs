//! Servers for whose certificate no authority vouches: the question at the first connection, and the
//! command about what was answered.

use std::io::{IsTerminal, Write};

use chat_client::address::ServerAddress;
use chat_client::known::Mark;
use chat_client::link::{self, LinkError};
use chat_client::stranger::Stranger;
use chat_client::tls::Tls;
use chat_client::wire::DialError;
use chat_client::words::local_time;
use chat_proto::SafeText;
use clap::Args;

use super::Common;
use super::failure::Failure;
use super::output::Output;
use super::who;

/// What `trust` understands.
#[derive(Args)]
pub(super) struct TrustArgs {
    /// Meet this server, and ask if nobody vouches for it; without it, list the known servers
    #[arg(value_name = "SERVER")]
    address: Option<ServerAddress>,
    /// Forget how this server was known; the next connection asks again
    #[arg(long, requires = "address")]
    forget: bool,
}

/// Meets a server that is not known yet before anything is said to it, and asks on the terminal
/// whether its certificate is to be trusted, where no authority vouches for it.
///
/// # Errors
/// No connection; a stranger, where nobody can be asked; or the answer was not yes.
pub(super) async fn meet(server: &ServerAddress, tls: &Tls) -> Result<(), Failure> {
    if !server.is_tls() || tls.mark(server).map_err(LinkError::from)?.is_some() {
        return Ok(());
    }
    let stranger = match link::meet(server, tls).await {
        Ok(()) => return Ok(()),
        Err(LinkError::Dial(DialError::Untrusted(stranger))) => stranger,
        Err(error) => return Err(error.into()),
    };
    if stranger.is_changed() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::connect(stranger));
    }
    if !ask(&stranger).map_err(Failure::usage)? {
        return Err(Failure::connect("the certificate is not trusted; nothing was sent"));
    }
    tls.accept(&stranger).map_err(|error| LinkError::from(error).into())
}

/// Only the whole word is a yes.
fn ask(stranger: &Stranger) -> std::io::Result<bool> {
    let mut stderr = std::io::stderr().lock();
    let sentence = stranger.sentence();
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    writeln!(stderr, "{first}{}.", letters.as_str())?;
    let names: Vec<&str> = stranger.names.iter().map(SafeText::as_str).collect();
    writeln!(
        stderr,
        "  made for   {}",
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    )?;
    if let Some((from, until)) = stranger.validity {
        writeln!(
            stderr,
            "  good       {} to {}",
            local_time(from, "%Y-%m-%d"),
            local_time(until, "%Y-%m-%d")
        )?;
    }
    for (at, row) in stranger.fingerprint.rows(2).iter().enumerate() {
        writeln!(stderr, "  {:<10} {row}", if at == 0 { "SHA-256" } else { "" })?;
    }
    writeln!(stderr, "Compare it with what `chat-server cert` prints on the server.")?;
    write!(stderr, "Trust this certificate? (yes/no) ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

/// Lists, meets or forgets.
///
/// # Errors
/// As the exit codes say.
pub(super) async fn trust(common: &Common, args: TrustArgs, out: &mut Output) -> Result<(), Failure> {
    let tls = who::tls(common)?;
    let known = tls.known.clone().ok_or_else(|| Failure::usage("there is no folder to keep this in"))?;
    let Some(server) = args.address else {
        let all = known.all().map_err(Failure::usage)?;
        return all.iter().try_for_each(|(server, mark)| tell(server, Some(*mark), out));
    };
    if args.forget {
        return match known.set(&server, None).map_err(Failure::usage)? {
            Some(_) => out.put(&serde_json::json!({ "server": server }), || {
                format!("{server} is forgotten; the next connection asks again")
            }),
            None => Err(Failure::usage(format!("{server} is not known; chat-cli trust lists what is"))),
        };
    }
    meet(&server, &tls).await?;
    // Known ones, too, are looked at: that is what was asked for.
    link::meet(&server, &tls).await?;
    tell(&server, tls.mark(&server).map_err(LinkError::from)?, out)
}

fn tell(server: &ServerAddress, mark: Option<Mark>, out: &mut Output) -> Result<(), Failure> {
    let (by, fingerprint) = match mark {
        Some(Mark::Vouched) => ("authority", None),
        Some(Mark::Certificate(fingerprint)) => ("certificate", Some(fingerprint)),
        None => ("nothing", None),
    };
    let thing = serde_json::json!({ "server": server, "by": by, "fingerprint": fingerprint });
    out.put(&thing, || match (mark, fingerprint) {
        (Some(_), Some(fingerprint)) => format!("{server}  you trust the certificate {fingerprint}"),
        (Some(_), None) => format!("{server}  an authority vouches for it"),
        (None, _) => format!("{server}  has no TLS, or authorities are named by --ca-file"),
    })
}
