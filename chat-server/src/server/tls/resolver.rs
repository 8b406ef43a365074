//! Which certificate a connection is shown: the one in force, or, to an authority that asks for a
//! proof, the answer to its challenge (RFC 8737).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The protocol by which an authority asks for its proof.
pub(super) const CHALLENGE: &[u8] = b"acme-tls/1";

/// The certificates of now. Connections that are open keep theirs.
pub(super) struct Resolver {
    in_force: ArcSwap<CertifiedKey>,
    /// Answers to challenges, by the name that is to be proven.
    answers: ArcSwap<HashMap<String, Arc<CertifiedKey>>>,
}

impl Resolver {
    pub(super) fn new(certificate: CertifiedKey) -> Self {
        Self { in_force: ArcSwap::from_pointee(certificate), answers: ArcSwap::default() }
    }

    pub(super) fn show(&self, certificate: CertifiedKey) {
        self.in_force.store(Arc::new(certificate));
    }

    #[cfg(test)]
    pub(super) fn in_force(&self) -> Arc<CertifiedKey> {
        self.in_force.load_full()
    }

    /// Answers to challenges, in place of those before.
    pub(super) fn answer(&self, answers: HashMap<String, Arc<CertifiedKey>>) {
        self.answers.store(Arc::new(answers));
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_challenge = hello.alpn().is_some_and(|mut asked| asked.next() == Some(CHALLENGE));
        if is_challenge {
            let name = hello.server_name()?.to_ascii_lowercase();
            return self.answers.load().get(&name).cloned();
        }
        Some(self.in_force.load_full())
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}
