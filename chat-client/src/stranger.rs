//! A certificate for which nobody vouches, as a person has to judge it.

use std::fmt;

use chat_proto::{Fingerprint, SafeText, Timestamp};
use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::address::ServerAddress;
use crate::known::Mark;

/// Names of a certificate that are shown; who has more says so.
const NAMES: usize = 4;

/// Characters of a name that are shown; a name in DNS has no more.
const NAME_CHARS: usize = 253;

/// A server that showed a certificate which neither an authority nor this person vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// The address that was dialled.
    pub server: ServerAddress,
    /// The certificate's SHA-256.
    pub fingerprint: Fingerprint,
    /// The names that it claims; whoever made it wrote them.
    pub names: Vec<SafeText>,
    /// From when to when it says that it is good; `None` if that cannot be read.
    pub validity: Option<(Timestamp, Timestamp)>,
    /// Why no authority vouches for it, as the end of a sentence.
    pub why: String,
    /// How the server was known before, if it was.
    pub before: Option<Mark>,
}

impl Stranger {
    pub(crate) fn new(
        server: ServerAddress,
        certificate: &CertificateDer<'_>,
        why: String,
        before: Option<Mark>,
    ) -> Self {
        let parsed = X509Certificate::from_der(certificate).ok().map(|(_, parsed)| parsed);
        let time = |seconds: i64| Timestamp(seconds.saturating_mul(1_000));
        Self {
            server,
            fingerprint: fingerprint(certificate),
            names: parsed.as_ref().map(names).unwrap_or_default(),
            validity: parsed.as_ref().map(|parsed| {
                let validity = parsed.validity();
                (time(validity.not_before.timestamp()), time(validity.not_after.timestamp()))
            }),
            why,
            before,
        }
    }

    /// Whether this server was known, and came another way now.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.before.is_some()
    }

    /// What is wrong, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let server = &self.server;
        match self.before {
            None => format!("no authority vouches for the certificate of {server}: {}", self.why),
            Some(Mark::Certificate(_)) => {
                format!("THE CERTIFICATE CHANGED: {server} does not show the one that you trust")
            }
            Some(Mark::Vouched) => format!(
                "THE CERTIFICATE CHANGED: an authority vouched for {server} before, and none does now; {}",
                self.why
            ),
        }
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sentence, server, print) = (self.sentence(), &self.server, self.fingerprint);
        match self.before {
            None => write!(
                f,
                "{sentence}. Its SHA-256 fingerprint is {print}; compare it with what `chat-server cert` prints on \
                 the server, and if they are the same, trust it with --trust {} or CHAT_TRUST",
                print.word()
            ),
            Some(before) => {
                let then = match before {
                    Mark::Certificate(trusted) => format!("Trusted: {trusted}. "),
                    Mark::Vouched => String::new(),
                };
                write!(
                    f,
                    "{sentence}. {then}Now: {print}. Either it was given a new one, or somebody reads along between \
                     you and the server. Ask whoever runs it, and only if the new one is theirs: chat-cli trust \
                     --forget {server}"
                )
            }
        }
    }
}

/// The SHA-256 of a certificate.
#[must_use]
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    Fingerprint::new(Sha256::digest(certificate).into())
}

/// Why an authority does not vouch, in words; `None` where that is no question of trust.
pub(crate) fn why(error: &rustls::Error) -> Option<String> {
    let rustls::Error::InvalidCertificate(error) = error else { return None };
    let words = match error {
        CertificateError::BadEncoding | CertificateError::BadSignature | CertificateError::Revoked => {
            return None;
        }
        CertificateError::UnknownIssuer => "it was signed by nobody whom this system knows",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not good yet",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name"
        }
        other => return Some(format!("it cannot be verified ({other})")),
    };
    Some(words.to_owned())
}

/// The names that a certificate claims, a few of them.
fn names(certificate: &X509Certificate<'_>) -> Vec<SafeText> {
    let safe = |name: &str| SafeText::line(&name.chars().take(NAME_CHARS).collect::<String>());
    let claimed = certificate.subject_alternative_name().ok().flatten();
    let claimed = claimed.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
    let mut names: Vec<SafeText> = claimed
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(safe(name)),
            GeneralName::IPAddress(bytes) => address(bytes).map(|address| safe(&address)),
            _ => None,
        })
        .take(NAMES + 1)
        .collect();
    if names.len() > NAMES {
        names.truncate(NAMES);
        names.push(SafeText::line("…"));
    }
    names
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::Ipv4Addr::from(bytes).to_string());
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|bytes| std::net::Ipv6Addr::from(bytes).to_string())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_the_certificate_says_and_what_to_do() {
        let names = ["chat.example.org", "127.0.0.1", "a.example", "b.example", "c.example"];
        let made = rcgen::generate_simple_self_signed(names.map(str::to_owned).to_vec()).unwrap();
        let server: ServerAddress = "wss://chat.example.org".parse().unwrap();
        let make = |before| Stranger::new(server.clone(), made.cert.der(), "it is new".to_owned(), before);

        let new = make(None);
        let shown: Vec<&str> = new.names.iter().map(SafeText::as_str).collect();
        assert_eq!(shown, ["chat.example.org", "127.0.0.1", "a.example", "b.example", "…"]);
        assert!(new.validity.is_some_and(|(from, until)| from.0 < until.0));
        let text = new.to_string();
        assert!(text.contains(&format!("--trust {}", new.fingerprint.word())), "{text}");

        let trusted = Fingerprint::new([7; 32]);
        let text = make(Some(Mark::Certificate(trusted))).to_string();
        for part in [trusted.to_string(), new.fingerprint.to_string(), format!("--forget {server}")] {
            assert!(text.contains(&part), "{part} in {text}");
        }
        assert!(make(Some(Mark::Vouched)).is_changed());
    }
}
