//! Asking a server for the form of the first run.

use chat_client::account::{Account, Accounts};
use chat_client::address::ServerAddress;
use chat_client::link::{Link, LinkError};
use chat_client::tls::Tls;
use chat_client::wire::DialError;
use chat_client::{provider, sign_in};
use chat_proto::{ErrorCode, OidcBegun, Secret};

use super::{Outcome, Places, Runner};
use crate::state::sign_in::{Ask, Refused};

impl Runner {
    /// Asks a server for the form.
    pub fn sign_in(&self, ask: Ask) {
        let (places, outcomes) = (self.places.clone(), self.outcomes.clone());
        tokio::spawn(async move {
            if let Some(outcome) = signed_in(&places, ask).await {
                let _ = outcomes.send(outcome).await;
            }
        });
    }
}

async fn signed_in(places: &Places, ask: Ask) -> Option<Outcome> {
    let tls = &places.tls;
    let result = match ask {
        Ask::Probe(server) => {
            return Some(match sign_in::probe(&server, tls).await {
                Err(LinkError::Dial(DialError::Untrusted(stranger))) => Outcome::Untrusted(stranger),
                probed => Outcome::Probed(server, probed.map_err(|error| error.to_string())),
            });
        }
        Ask::LogIn(server, name, password, code) => sign_in::login(&server, tls, name, password, code).await,
        Ask::Reset(server, reset, password, code) => {
            sign_in::reset(&server, tls, reset, password, code).await
        }
        Ask::Register(server, name, password, invite) => {
            sign_in::register(&server, tls, name, password, invite).await
        }
        Ask::Token(server, token) => by_token(server, tls, token).await,
        Ask::Provider(server) => {
            let begun = provider::begin(&server, tls).await;
            if let Ok(begun) = &begun {
                open_where_one_can_see(begun);
            }
            return Some(Outcome::AtProvider(begun.map(Box::new).map_err(|error| error.to_string())));
        }
        Ask::Finish(server, poll, answers, pause) => {
            tokio::time::sleep(pause).await;
            match provider::finish(&server, tls, &poll, &answers).await {
                Err(error) => {
                    let missing = provider::missing(&error);
                    return Some(Outcome::StillOut(poll, answers, error.to_string(), missing));
                }
                done => done,
            }
        }
        Ask::Quit => return None,
    };
    if let Err(LinkError::Dial(DialError::Untrusted(stranger))) = result {
        return Some(Outcome::Untrusted(stranger));
    }
    let refused = |error: sign_in::SignInError| Refused {
        message: error.to_string(),
        needs_code: sign_in::needs_code(&error),
        needs_invite: matches!(&error, LinkError::Refused(why) if why.code == ErrorCode::InviteInvalid),
    };
    let result = result.map_err(refused).and_then(|account| {
        let saved = Accounts::open(&places.accounts).and_then(|mut all| all.save(account.clone()));
        saved.map(|()| account).map_err(|error| error.to_string().into())
    });
    Some(Outcome::SignedIn(result))
}

/// Opens the provider's page for the person, where there is a screen for it; over SSH a browser in
/// the terminal would fall over this program.
fn open_where_one_can_see(begun: &OidcBegun) {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_screen = cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    let address = begun.complete_url.as_ref().unwrap_or(&begun.url).clone();
    if has_screen && provider::may_open(&address) {
        tokio::task::spawn_blocking(move || {
            // The address stands on the screen as well.
            let _ = open::that_detached(&address);
        });
    }
}

async fn by_token(server: ServerAddress, tls: &Tls, token: Secret) -> Result<Account, sign_in::SignInError> {
    let (link, welcome) = Link::open(&server, tls, &token).await?;
    let server_name = link.hello().name.clone();
    link.close().await;
    Ok(Account { server, user: welcome.user, token, server_name })
}
