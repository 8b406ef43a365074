//! A certificate from an authority that speaks ACME (RFC 8555): asked for, proven on the server's own
//! port (RFC 8737), kept, and renewed in time.
//!
//! 1. While the authority says no, what was in force stays so, and the next try comes later each time.
//! 2. Key and chain lie in one file, so that one never stands without the other.
//! 3. How it went is kept beside it, for the log of tomorrow and `chat-server doctor`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use chat_proto::Timestamp;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use tracing::{error, info};

use super::{Facts, OwnCertificate, Tls, TlsFiles, keep};

/// One try, all in all. Authorities look from several places, one after the other.
pub const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How long the authority may take to look, and to sign.
const POLLING: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));

/// The wait after the first failure. With its doubling at most five fall into the first hour, which is
/// what Let's Encrypt allows for a name.
pub const SHORTEST: Duration = Duration::from_secs(2 * 60);

/// The longest wait: a name that is put right in the morning has its certificate by noon.
pub const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);

/// Doublings after which [`LONGEST`] is reached.
const DOUBLINGS: u32 = 8;

/// The longest sleep. A machine that was suspended, or whose clock was set, must not sleep on.
const NAP: Duration = Duration::from_secs(60 * 60);

/// How much of a certificate's life a renewal may come early, so that those of one night spread.
const SPREAD: f64 = 1.0 / 30.0;

const CERTIFICATE: &str = "acme.pem";
const ACCOUNT: &str = "acme-account.json";
const STATE: &str = "acme-state.json";

/// What is asked of an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The folder in which account and certificate are kept.
    pub dir: PathBuf,
    /// The authority.
    pub directory: String,
    /// The authority's own TLS root (PEM), where the system does not know it.
    pub ca_file: Option<PathBuf>,
    /// Where the authority writes to.
    pub contact: Option<String>,
    /// The names.
    pub domains: Vec<String>,
    /// What is shown until there is one.
    pub own: OwnCertificate,
}

/// How the last try went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeState {
    /// Which authority was asked.
    pub directory: String,
    /// When.
    pub at: Timestamp,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// When it is tried again, if it failed.
    pub next: Option<Timestamp>,
}

impl Acme {
    /// The certificate of the authority, if it has given one.
    #[must_use]
    pub fn given(&self) -> Option<TlsFiles> {
        let file = self.dir.join(CERTIFICATE);
        file.exists().then(|| TlsFiles { cert: file.clone(), key: file })
    }

    /// How the last try went, if there was one.
    #[must_use]
    pub fn state(&self) -> Option<AcmeState> {
        let text = std::fs::read(self.dir.join(STATE)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Has one given where there is none, and renewed in time, for ever.
    pub(super) async fn renew(&self, tls: &Tls) {
        let mut failures = 0;
        loop {
            let due = self.due(rand::random());
            while now().0 < due.0 {
                let left = Duration::from_millis(u64::try_from(due.0 - now().0).unwrap_or_default());
                tokio::time::sleep(left.min(NAP)).await;
            }
            let tried = tokio::time::timeout(PATIENCE, self.obtain(tls)).await;
            tls.answer(HashMap::new());
            match tried.unwrap_or_else(|_| Err(anyhow::anyhow!("the authority took too long"))) {
                Ok(facts) => {
                    failures = 0;
                    info!(names = facts.names(), until = %facts.until.0, "the authority gave a TLS certificate");
                    self.note(None, None);
                }
                Err(cause) => {
                    let wait = wait(failures, rand::random());
                    failures += 1;
                    error!(
                        next_s = wait.as_secs(),
                        "no TLS certificate from the authority; what is in force stays so: {cause:#}"
                    );
                    self.note(Some(format!("{cause:#}")), Some(wait));
                    // A reload is the admin's word that it was put right.
                    let _ = tokio::time::timeout(wait, tls.hurry.notified()).await;
                }
            }
        }
    }

    /// When the certificate is to be renewed: at two thirds of its life, or now.
    fn due(&self, chance: f64) -> Timestamp {
        let facts = self.given().and_then(|files| Facts::read(&files.cert).ok());
        let is_theirs = self.state().is_none_or(|state| state.directory == self.directory);
        let Some(facts) = facts.filter(|facts| is_theirs && self.is_for_all(facts)) else {
            return Timestamp(0);
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "milliseconds of years"
        )]
        let early = ((facts.until.0 - facts.from.0) as f64 * SPREAD * chance) as i64;
        Timestamp(facts.from.0 + (facts.until.0 - facts.from.0) / 3 * 2 - early)
    }

    fn is_for_all(&self, facts: &Facts) -> bool {
        self.domains
            .iter()
            .all(|domain| facts.names.iter().any(|name| name.as_str().eq_ignore_ascii_case(domain)))
    }

    async fn obtain(&self, tls: &Tls) -> anyhow::Result<Facts> {
        let account = self.account().await?;
        let names: Vec<Identifier> = self.domains.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&names)).await.context("it takes no order")?;
        self.prove(&mut order, tls).await?;
        let key = order.finalize().await.context("it does not sign")?;
        let chain = order.poll_certificate(&POLLING).await.context("it does not sign")?;
        let file = self.dir.join(CERTIFICATE);
        keep::write(&file, format!("{}\n{chain}", key.trim_end()).as_bytes())?;
        tls.take(TlsFiles { cert: file.clone(), key: file.clone() })?;
        Facts::read(&file)
    }

    /// Shows that the names lead to this server.
    async fn prove(&self, order: &mut Order, tls: &Tls) -> anyhow::Result<()> {
        let mut answers = HashMap::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.context("it does not say what to prove")?;
            match authorization.status {
                AuthorizationStatus::Valid => continue,
                AuthorizationStatus::Pending => {}
                other => bail!("it takes no proof for {}: {other:?}", authorization.identifier()),
            }
            let mut challenge = authorization
                .challenge(ChallengeType::TlsAlpn01)
                .context("it does not offer the challenge tls-alpn-01, which is the one that we answer")?;
            let name = challenge.identifier().to_string();
            let answer = answer(&name, challenge.key_authorization().digest().as_ref())?;
            answers.insert(name, Arc::new(answer));
            tls.answer(answers.clone());
            challenge.set_ready().await.context("it does not look")?;
        }
        if order.poll_ready(&POLLING).await.context("it does not come to an end")? == OrderStatus::Ready {
            return Ok(());
        }
        bail!("it does not accept the proof: {}", complaint(order).await)
    }

    async fn account(&self) -> anyhow::Result<Account> {
        let builder = match &self.ca_file {
            Some(file) => Account::builder_with_root(file)
                .with_context(|| format!("acme_ca_file {} cannot be used", file.display()))?,
            None => Account::builder().context("this system has no certificate authorities")?,
        };
        let file = self.dir.join(ACCOUNT);
        let kept = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Kept>(&text).ok());
        if let Some(kept) = kept.filter(|kept| kept.directory == self.directory) {
            return builder.from_credentials(kept.credentials).await.context("cannot reach it");
        }
        let contact: Vec<&str> = self.contact.iter().map(String::as_str).collect();
        // That the terms are agreed to was checked with the settings.
        let new =
            NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let made = builder.create(&new, self.directory.clone(), None).await;
        let (account, credentials) = made.with_context(|| format!("no account at {}", self.directory))?;
        let kept = Kept { directory: self.directory.clone(), credentials };
        keep::write(&file, &serde_json::to_vec_pretty(&kept)?)?;
        info!(directory = self.directory, "an account was made at the authority");
        Ok(account)
    }

    fn note(&self, error: Option<String>, wait: Option<Duration>) {
        let at = now();
        let next = wait.map(|wait| Timestamp(at.0 + i64::try_from(wait.as_millis()).unwrap_or_default()));
        let state = AcmeState { directory: self.directory.clone(), at, error, next };
        let kept = serde_json::to_vec_pretty(&state)
            .map_err(anyhow::Error::from)
            .and_then(|text| keep::write(&self.dir.join(STATE), &text));
        if let Err(cause) = kept {
            error!("it cannot be kept how that went: {cause:#}");
        }
    }
}

/// The account, with its key.
#[derive(Serialize, Deserialize)]
struct Kept {
    directory: String,
    credentials: AccountCredentials,
}

/// The certificate that proves a name to an authority.
fn answer(name: &str, digest: &[u8]) -> anyhow::Result<CertifiedKey> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes())?;
    // Not `from_der`: it refuses certificates with an extension that it does not know and must, as is
    // the one that proves.
    let key = aws_lc_rs::default_provider().key_provider.load_private_key(key)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}

/// What the authority says against a proof.
async fn complaint(order: &mut Order) -> String {
    let mut complaints = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let name = authorization.identifier().to_string();
        let Ok(state) = authorization.refresh().await else { continue };
        let errors = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        complaints.extend(errors.map(|error| format!("{name}: {error}")));
    }
    if complaints.is_empty() { "it does not say why".to_owned() } else { complaints.join("; ") }
}

/// How long to wait after so many failures; `chance` from 0 to 1 spreads those of one hour.
fn wait(failures: u32, chance: f64) -> Duration {
    let doubled = SHORTEST * 2_u32.saturating_pow(failures.min(DOUBLINGS));
    doubled.min(LONGEST).mul_f64(0.75 + chance / 2.0)
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme(dir: &std::path::Path) -> Acme {
        let own = OwnCertificate { dir: dir.to_owned(), names: vec!["localhost".to_owned()] };
        let (directory, domains) = ("https://a.example/dir".to_owned(), vec!["chat.example.org".to_owned()]);
        Acme { dir: dir.to_owned(), directory, ca_file: None, contact: None, domains, own }
    }

    #[test]
    fn waits_grow_and_stay_within_bounds() {
        let first_hour: Duration = (0..5).map(|failures| wait(failures, 0.5)).sum();
        assert!(first_hour > Duration::from_secs(3_600), "a sixth try in an hour is one too many");
        assert_eq!(wait(30, 0.5), LONGEST);
        assert!(wait(30, 1.0) < LONGEST * 2);
    }

    #[test]
    fn a_certificate_is_due_at_two_thirds_of_its_life_or_when_it_is_for_others() {
        let dir = tempfile::tempdir().unwrap();
        let mut acme = acme(dir.path());
        assert_eq!(acme.due(0.0), Timestamp(0), "there is none");
        let mut params = CertificateParams::new(acme.domains.clone()).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let key = KeyPair::generate().unwrap();
        let text = key.serialize_pem() + &params.self_signed(&key).unwrap().pem();
        std::fs::write(dir.path().join(CERTIFICATE), text).unwrap();
        let day = |day: &str| {
            let day: jiff::civil::Date = day.parse().unwrap();
            Timestamp(day.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_millisecond())
        };
        assert_eq!(acme.due(0.0), day("2026-03-02"));
        assert_eq!(acme.due(1.0), day("2026-02-27"));
        acme.domains.push("new.example.org".to_owned());
        assert_eq!(acme.due(0.0), Timestamp(0));
        acme.domains.pop();
        acme.note(Some("no".to_owned()), Some(SHORTEST));
        assert_eq!(acme.due(0.0), day("2026-03-02"));
        acme.directory.push('2');
        assert_eq!(acme.due(0.0), Timestamp(0), "another authority is asked");
    }
}
