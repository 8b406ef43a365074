//! Logins that have begun and are not done.
//!
//! What keeps one person from finishing what another began:
//!
//! 1. A login is named by a random text that only the terminal holds which began it. Who has the
//!    address alone, from a screen or a message, can learn nothing and get no token.
//! 2. In the browser, the state that the provider gives back is good once and for one login. The
//!    last page does not finish it: it shows a code that must be typed into the terminal. So who
//!    is lured to somebody else's address logs nobody in, unless they also tell that code.
//! 3. By a typed code (RFC 8628) the provider's own page asks whether one began this oneself; where
//!    that is not enough, the setting `oidc_flow` has people go by the browser.
//! 4. A link is for the account that began it, whoever asks.
//!
//! All is in memory and bounded; a restart forgets it and people begin again. Connections and
//! browsers come at any time, so a lock; it is held for a look at the table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chat_proto::{ErrorCode, OidcBegun, Secret, Timestamp, UserId, WireError};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

use super::Proven;
use super::provider::{Begun, BrowserWay, Provider};
use crate::auth::{Key, SecretHash, new_confirm_code, new_invite_code, new_token, normal_invite_code};
use crate::hub::now;

/// How long a login may take: time to look for a telephone.
pub(crate) const LASTS: Duration = Duration::from_secs(10 * 60);

/// Logins under way at once; some kilobytes each, and a call to the provider.
pub(crate) const PENDING: usize = 1_000;

/// Those of one address or account: an office behind one address on a Monday.
pub(crate) const PENDING_EACH: usize = 50;

/// When to come back when there are as many as can be, in milliseconds.
const FULL_RETRY_MS: u64 = 30_000;

/// Wrong codes from the last page, after which the login is over. With 40 random bits there is
/// nothing to guess.
const CONFIRM_TRIES: u32 = 5;

/// The time between two questions of a terminal whose person is at a browser, in milliseconds.
const BROWSER_INTERVAL_MS: u64 = 2_000;

/// What a login is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A session.
    Login,
    /// The link of this account.
    Link(UserId),
}

/// By what logins are counted; nothing on this very machine, where a proxy may speak for everybody.
pub type Caller = Option<Key>;

#[derive(Default)]
pub(super) struct Logins {
    table: Mutex<HashMap<[u8; 32], Login>>,
}

struct Login {
    purpose: Purpose,
    caller: Caller,
    until: Instant,
    interval_ms: u64,
    tries_left: u32,
    stage: Stage,
}

enum Stage {
    /// The provider is asked how to begin.
    Beginning,
    /// A task asks the provider, as often as the terminal does and no faster than the provider says.
    Device { wanted: Arc<Notify>, _asking: AbortOnDropHandle<()> },
    /// A browser has to come to this door, which leads to the provider, and back with this state.
    Browser { state: SecretHash, way: BrowserWay, door: SecretHash, url: String },
    /// It came back, and the provider is asked what its code is worth.
    Exchanging,
    /// The provider said who it is; the terminal has to bring this code, if there is one.
    Proven { proven: Proven, confirm: Option<SecretHash> },
    /// The terminal is being answered.
    Taken,
    /// It is over.
    Failed(WireError),
}

/// A place in the table, given back unless it is filled.
pub(super) struct Place {
    logins: Arc<Logins>,
    poll: Secret,
    filled: bool,
}

/// What was proven, on its way to the terminal; gone after that unless it is put back.
pub struct Held {
    /// Who it is.
    pub proven: Proven,
    logins: Arc<Logins>,
    key: [u8; 32],
}

impl Logins {
    /// Takes a place for a login that begins.
    pub(super) fn reserve(self: &Arc<Self>, purpose: Purpose, caller: Caller) -> Result<Place, WireError> {
        let mut table = self.lock();
        let own = table.values().filter(|login| caller.is_some() && login.caller == caller).count();
        if table.len() >= PENDING || own >= PENDING_EACH {
            return Err(WireError::new(
                ErrorCode::RateLimited,
                "Too many logins by the provider are under way; try again in a while.",
            )
            .retry_after_ms(FULL_RETRY_MS));
        }
        let poll = new_token();
        let login = Login {
            purpose,
            caller,
            until: Instant::now() + LASTS,
            interval_ms: BROWSER_INTERVAL_MS,
            tries_left: CONFIRM_TRIES,
            stage: Stage::Beginning,
        };
        table.insert(SecretHash::of(poll.expose()).0, login);
        drop(table);
        Ok(Place { logins: self.clone(), poll, filled: false })
    }

    /// What was proven, for the terminal that asks by this name.
    pub(super) fn take(
        self: &Arc<Self>,
        poll: &Secret,
        purpose: Purpose,
        confirm: Option<&Secret>,
    ) -> Result<Held, WireError> {
        let key = SecretHash::of(poll.expose()).0;
        let mut table = self.lock();
        let login = table.get_mut(&key).filter(|login| login.purpose == purpose).ok_or_else(over)?;
        let pending = Err(pending(login.interval_ms));
        match &login.stage {
            Stage::Device { wanted, .. } => {
                wanted.notify_one();
                return pending;
            }
            Stage::Beginning | Stage::Browser { .. } | Stage::Exchanging | Stage::Taken => return pending,
            Stage::Failed(error) => {
                let error = error.clone();
                table.remove(&key);
                return Err(error);
            }
            Stage::Proven { confirm: Some(wanted), .. } => {
                let given = confirm.map(|code| SecretHash::of(&normal_invite_code(code.expose())));
                if given.as_ref() != Some(wanted) {
                    login.tries_left = login.tries_left.saturating_sub(u32::from(given.is_some()));
                    if login.tries_left == 0 {
                        table.remove(&key);
                        return Err(over());
                    }
                    return Err(confirm_required());
                }
            }
            Stage::Proven { confirm: None, .. } => {}
        }
        match std::mem::replace(&mut login.stage, Stage::Taken) {
            Stage::Proven { proven, .. } => Ok(Held { proven, logins: self.clone(), key }),
            _ => pending,
        }
    }

    pub(super) fn put_back(&self, held: Held) {
        let proven = held.proven.clone();
        // The code was brought already.
        self.set(
            &held.key,
            |stage| matches!(stage, Stage::Taken),
            || Stage::Proven { proven, confirm: None },
        );
    }

    /// The login for which a browser brings this state, once.
    pub(super) fn browser(&self, state: &Secret) -> Option<([u8; 32], BrowserWay)> {
        let brought = SecretHash::of(state.expose());
        let mut table = self.lock();
        let (key, login) = table
            .iter_mut()
            .find(|(_, login)| matches!(&login.stage, Stage::Browser { state, .. } if *state == brought))?;
        match std::mem::replace(&mut login.stage, Stage::Exchanging) {
            Stage::Browser { way, .. } => Some((*key, way)),
            _ => None,
        }
    }

    /// Where this door leads, while nobody came back through it.
    pub(super) fn behind_door(&self, code: &str) -> Option<String> {
        let wanted = SecretHash::of(&normal_invite_code(code));
        let table = self.lock();
        let mut found = table.values().filter_map(|login| match &login.stage {
            Stage::Browser { door, url, .. } if *door == wanted => Some(url.clone()),
            _ => None,
        });
        found.next()
    }

    /// The provider said who is at the browser; gives the code for its page, if the login still is.
    pub(super) fn proven_in_browser(&self, key: &[u8; 32], proven: Proven) -> Option<Secret> {
        let code = new_confirm_code();
        let confirm = Some(SecretHash::of(&normal_invite_code(code.expose())));
        let stage = || Stage::Proven { proven, confirm };
        self.set(key, |stage| matches!(stage, Stage::Exchanging), stage).then_some(code)
    }

    pub(super) fn failed(&self, key: &[u8; 32], error: WireError) {
        self.set(key, |_| true, || Stage::Failed(error));
    }

    fn set(&self, key: &[u8; 32], from: impl Fn(&Stage) -> bool, to: impl FnOnce() -> Stage) -> bool {
        let mut table = self.lock();
        let Some(login) = table.get_mut(key).filter(|login| from(&login.stage)) else { return false };
        login.stage = to();
        true
    }

    /// The table, without what has run out.
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Login>> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        table.retain(|_, login| login.until > now);
        table
    }
}

impl Place {
    /// Has the login wait for what the provider said.
    pub(super) fn fill(mut self, provider: &Arc<Provider>, begun: Begun) -> Result<OidcBegun, WireError> {
        let key = SecretHash::of(self.poll.expose()).0;
        let mut told = OidcBegun {
            url: String::new(),
            user_code: None,
            complete_url: None,
            confirm: false,
            poll: self.poll.clone(),
            interval_ms: BROWSER_INTERVAL_MS,
            expires_at: Timestamp(now().0 + i64::try_from(LASTS.as_millis()).unwrap_or_default()),
        };
        let mut lasts = LASTS;
        let stage = match begun {
            Begun::Browser { url, state, way } => {
                // The provider's address has hundreds of letters; people copy this one.
                let door = new_invite_code();
                (told.url, told.confirm) = (provider.door(&door), true);
                let (state, door) = (SecretHash::of(state.expose()), SecretHash::of(door.expose()));
                Stage::Browser { state, way, door, url }
            }
            Begun::Device(device) => {
                lasts = LASTS.min(device.lasts());
                told.url = device.url();
                told.user_code = Some(device.user_code());
                told.complete_url = device.complete_url();
                told.interval_ms =
                    u64::try_from(device.interval().as_millis()).unwrap_or(BROWSER_INTERVAL_MS);
                told.expires_at = Timestamp(now().0 + i64::try_from(lasts.as_millis()).unwrap_or_default());
                let (wanted, logins) = (Arc::new(Notify::new()), self.logins.clone());
                let (provider, asked) = (provider.clone(), wanted.clone());
                let asking = tokio::spawn(async move {
                    match provider.ask_until_done(device, asked, lasts).await {
                        Ok(proven) => {
                            logins.set(&key, |_| true, || Stage::Proven { proven, confirm: None });
                        }
                        Err(cause) => {
                            warn!(%cause, "a login by the provider failed");
                            logins.failed(&key, cause.told(provider.name()));
                        }
                    }
                });
                Stage::Device { wanted, _asking: AbortOnDropHandle::new(asking) }
            }
        };
        let mut table = self.logins.lock();
        let login = table.get_mut(&key).ok_or_else(over)?;
        login.until = Instant::now() + lasts;
        login.interval_ms = told.interval_ms;
        // Unless the task was faster than this.
        if matches!(login.stage, Stage::Beginning) {
            login.stage = stage;
        }
        drop(table);
        self.filled = true;
        Ok(told)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.filled {
            self.logins.lock().remove(&SecretHash::of(self.poll.expose()).0);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut table = self.logins.lock();
        if table.get(&self.key).is_some_and(|login| matches!(login.stage, Stage::Taken)) {
            table.remove(&self.key);
        }
    }
}

fn pending(interval_ms: u64) -> WireError {
    let message = "Log in at the provider first; then this goes on by itself.";
    WireError::new(ErrorCode::LoginPending, message).retry_after_ms(interval_ms)
}

fn confirm_required() -> WireError {
    WireError::new(
        ErrorCode::ConfirmRequired,
        "Type the code that the last page in the browser shows; check it for mistakes.",
    )
}

fn over() -> WireError {
    WireError::new(
        ErrorCode::BadCredentials,
        "This login by the provider is unknown, over or was used already; begin again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Identity;

    fn proven() -> Proven {
        Proven { identity: Identity { issuer: "https://id".to_owned(), subject: "1".to_owned() }, name: None }
    }

    fn in_browser(logins: &Arc<Logins>, purpose: Purpose) -> (Secret, Secret) {
        let mut place = logins.reserve(purpose, None).unwrap();
        place.filled = true;
        let (poll, key) = (place.poll.clone(), SecretHash::of(place.poll.expose()).0);
        logins.set(&key, |_| true, || Stage::Exchanging);
        (poll, logins.proven_in_browser(&key, proven()).unwrap())
    }

    fn code(result: Result<Held, WireError>) -> Result<(), ErrorCode> {
        result.map(drop).map_err(|error| error.code)
    }

    #[test]
    fn a_login_is_used_once_and_only_with_the_code_of_the_page() {
        let logins = Arc::new(Logins::default());
        let (poll, shown) = in_browser(&logins, Purpose::Login);
        let take = |poll: &Secret, confirm: Option<&Secret>| code(logins.take(poll, Purpose::Login, confirm));
        assert_eq!(take(&poll, None), Err(ErrorCode::ConfirmRequired));
        assert_eq!(take(&poll, Some(&Secret::new("AAAA-AAAA"))), Err(ErrorCode::ConfirmRequired));
        assert_eq!(take(&new_token(), Some(&shown)), Err(ErrorCode::BadCredentials), "another terminal");
        let link = logins.take(&poll, Purpose::Link(UserId(uuid::Uuid::nil())), Some(&shown));
        assert_eq!(code(link), Err(ErrorCode::BadCredentials), "another purpose");
        assert_eq!(take(&poll, Some(&Secret::new(shown.expose().to_lowercase()))), Ok(()));
        assert_eq!(take(&poll, Some(&shown)), Err(ErrorCode::BadCredentials), "a second time");
        assert!(logins.lock().is_empty());
    }

    #[test]
    fn what_is_put_back_can_be_taken_again_and_meanwhile_it_waits() {
        let logins = Arc::new(Logins::default());
        let (poll, shown) = in_browser(&logins, Purpose::Login);
        let held = logins.take(&poll, Purpose::Login, Some(&shown)).unwrap();
        assert_eq!(code(logins.take(&poll, Purpose::Login, Some(&shown))), Err(ErrorCode::LoginPending));
        logins.put_back(held);
        assert_eq!(code(logins.take(&poll, Purpose::Login, None)), Ok(()));
    }

    #[test]
    fn codes_are_not_guessed() {
        let logins = Arc::new(Logins::default());
        let (poll, shown) = in_browser(&logins, Purpose::Login);
        for _ in 0..CONFIRM_TRIES {
            assert!(logins.take(&poll, Purpose::Login, Some(&Secret::new("0000-0000"))).is_err());
        }
        assert_eq!(code(logins.take(&poll, Purpose::Login, Some(&shown))), Err(ErrorCode::BadCredentials));
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let logins = Arc::new(Logins::default());
        let from = |last: u8| Some(Key::Address([192, 0, 2, last].into()));
        let places: Vec<Place> =
            (0..PENDING_EACH).map(|_| logins.reserve(Purpose::Login, from(1)).unwrap()).collect();
        let refused = logins.reserve(Purpose::Login, from(1)).err().unwrap();
        assert_eq!((refused.code, refused.retry_after_ms.is_some()), (ErrorCode::RateLimited, true));
        assert!(logins.reserve(Purpose::Login, from(2)).is_ok());
        drop(places);
        assert!(logins.reserve(Purpose::Login, from(1)).is_ok(), "given back");
    }
}
