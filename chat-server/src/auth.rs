//! Floor 2: passwords, tokens and invite codes.
//!
//! 1. A password is hashed with Argon2id (RFC 9106) by at most as many workers as there are
//!    cores, and at most [`WAITING`] callers wait for one; more are refused, so a flood of logins
//!    cannot take the memory or the processor.
//! 2. Checking a password takes the same work whether the account exists or not.
//! 3. Guessing is slowed down, never locked out; see `guesses`.
//! 4. Tokens and codes are random; only their SHA-256 is ever stored.

mod guesses;
mod rules;
mod totp;
mod workers;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chat_proto::{ErrorCode, Secret, WireError};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::metrics::metrics;
pub use guesses::{ACCOUNT_TRIES, ADDRESS_TRIES, Guesses, Key};
pub use rules::check_password;
pub use totp::{enrolment, new_recovery_codes, new_totp_secret, recovery_hash, step_of};
use workers::Workers;

/// Callers that may wait for a hash worker: about a second of work on a small machine.
pub(crate) const WAITING: usize = 64;

/// When to come back after finding the queue full, in milliseconds.
const BUSY_RETRY_MS: u64 = 2_000;

/// The SHA-256 of a token or code: all that is stored of it.
#[derive(Debug, Clone, Copy)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// The hash under which this secret is stored.
    ///
    /// A plain hash is enough: the secret has 100 bits of randomness or more, so there is nothing
    /// to guess, and looking the hash up leaks no timing that helps.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }
}

/// The database finds hashes by its index, which is fine: nobody can choose a secret by the first
/// bytes of its hash. Where code compares two, it takes the same time wherever they differ.
impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

/// A new session token: 256 random bits.
#[must_use]
pub fn new_token() -> Secret {
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

/// A new invite code: 100 random bits in five groups that can be read out on the telephone.
#[must_use]
pub fn new_invite_code() -> Secret {
    Secret::new(grouped(5))
}

/// A code that a person reads on one screen and types at another: 40 random bits, for few tries.
#[must_use]
pub fn new_confirm_code() -> Secret {
    Secret::new(grouped(2))
}

/// Random letters in groups of four, 20 bits each.
fn grouped(groups: usize) -> String {
    /// Crockford's Base32: no letters that look like digits.
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let groups: Vec<String> = (0..groups)
        .map(|_| {
            let letters = rand::random::<[u8; 4]>();
            letters.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
        })
        .collect();
    groups.join("-")
}

/// A typed invite code in the form in which it was made: upper case, dashes where they belong.
#[must_use]
pub fn normal_invite_code(typed: &str) -> String {
    let letters: Vec<char> =
        typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Hashes and checks passwords on a bounded number of worker threads.
#[derive(Clone)]
pub struct Passwords {
    workers: Workers,
    queue: Arc<Semaphore>,
    /// Checked when there is no account, so that the answer takes as long.
    decoy: Arc<str>,
}

impl Passwords {
    /// With so many workers; each uses 19 MiB while it works.
    ///
    /// # Errors
    /// If no random salt or no thread can be had.
    pub fn new(workers: usize) -> anyhow::Result<Self> {
        Ok(Self {
            workers: Workers::start(workers)?,
            queue: Arc::new(Semaphore::new(workers + WAITING)),
            decoy: hash(new_token().expose())?.into(),
        })
    }

    /// The PHC string to store for a password.
    ///
    /// # Errors
    /// `unavailable` when too many wait already.
    pub async fn hash(&self, password: Secret) -> Result<String, WireError> {
        self.work(move || hash(password.expose()).map_err(|_| unavailable())).await?
    }

    /// Whether the password fits the stored PHC string; never, for an account that is not there or
    /// has no password.
    ///
    /// # Errors
    /// `unavailable` when too many wait already.
    pub async fn verify(&self, password: Secret, stored: Option<String>) -> Result<bool, WireError> {
        let decoy = self.decoy.clone();
        // What stands there for no password is no hash, and must not be told by its speed.
        let stored = stored.filter(|stored| stored.starts_with('$'));
        self.work(move || {
            let matches = verify(password.expose(), stored.as_deref().unwrap_or(&decoy));
            matches && stored.is_some()
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WireError> {
        let place = self.queue.clone().try_acquire_owned().map_err(|_| unavailable())?;
        let waiting = metrics().hashes_waiting.hold();
        let began = Instant::now();
        // The place is taken until the work is done, also when whoever asked is gone.
        let job = move || {
            let done = job();
            drop((place, waiting));
            done
        };
        let done = self.workers.work(job).await.ok_or_else(unavailable);
        metrics().hash_seconds.since(began);
        done
    }
}

fn unavailable() -> WireError {
    WireError::new(ErrorCode::Unavailable, "Too many people are logging in; try again in a moment.")
        .retry_after_ms(BUSY_RETRY_MS)
}

thread_local! {
    /// What a hash works in, kept by its thread: taken anew each time, it leaves holes in the
    /// allocator that the next does not fit into, and a flood of logins grows the server.
    static WORKSPACE: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Argon2id with the crate's default cost: 19 MiB, two passes, as OWASP recommends.
fn hash(password: &str) -> anyhow::Result<String> {
    let (argon2, salt) = (Argon2::default(), rand::random::<[u8; Salt::RECOMMENDED_LENGTH]>());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    work_through(&argon2, password, &salt, &mut output)?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params())?,
        salt: Some(Salt::new(&salt)?),
        hash: Some(Output::new(&output)?),
    };
    Ok(phc.to_string())
}

fn verify(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|stored| fits(password, &stored).unwrap_or(false))
}

/// Whether the password gives the stored output. Two outputs are compared in constant time.
fn fits(password: &str, stored: &PasswordHash) -> anyhow::Result<bool> {
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return Ok(false) };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = stored.version.map_or(Ok(Version::default()), Version::try_from)?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(stored)?);
    let mut output = vec![0; expected.as_bytes().len()];
    work_through(&argon2, password, salt, &mut output)?;
    Ok(expected.as_bytes().ct_eq(&output).into())
}

fn work_through(argon2: &Argon2<'_>, password: &str, salt: &[u8], output: &mut [u8]) -> anyhow::Result<()> {
    WORKSPACE.with_borrow_mut(|blocks| {
        blocks.resize(argon2.params().block_count(), Block::default());
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, blocks.as_mut_slice())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::new(1).unwrap();
        let stored = passwords.hash(Secret::new("correct horse")).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        let verify = |word: &str, stored| passwords.verify(Secret::new(word), stored);
        assert!(verify("correct horse", Some(stored.clone())).await.unwrap());
        assert!(!verify("correct house", Some(stored)).await.unwrap());
        assert!(!verify("correct horse", None).await.unwrap());
    }

    #[tokio::test]
    async fn a_flood_of_logins_is_refused_and_not_queued_without_end() {
        let passwords = Passwords::new(1).unwrap();
        let _busy = passwords.queue.try_acquire_many(u32::try_from(WAITING + 1).unwrap()).unwrap();
        let refused = passwords.verify(Secret::new("x"), None).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Unavailable);
        assert!(refused.temporary && refused.retry_after_ms.is_some());
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = new_invite_code();
        assert_eq!(code.expose().len(), 24);
        assert_eq!(normal_invite_code(code.expose()), code.expose());
        assert_eq!(
            normal_invite_code(&format!(" {} ", code.expose().replace('-', " ").to_lowercase())),
            code.expose()
        );
    }
}
