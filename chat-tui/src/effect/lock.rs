//! The passphrase of the lock: only its Argon2id hash is kept, in a file of the owner's.

use std::io;
use std::path::{Path, PathBuf};

use argon2::Argon2;
use chat_proto::Secret;
use password_hash::phc::PasswordHash;
use password_hash::{PasswordHasher, PasswordVerifier};

use super::Outcome;

/// Its name in the folder of the accounts.
const FILE: &str = "lock";

/// What is done with a passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Try {
    /// It is the passphrase from now on.
    Set(Secret),
    /// Whether it is the one of this hash.
    Open(Secret, String),
}

/// The hash that is kept, if a passphrase was chosen.
pub(crate) fn load(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
    let text = text.trim().to_owned();
    PasswordHash::new(&text).is_ok().then_some(text)
}

/// Does it; takes a core for a moment.
pub(super) fn attempt(folder: PathBuf, what: Try) -> Outcome {
    match what {
        Try::Set(secret) => Outcome::LockSet(set(&folder, &secret).map_err(|error| error.to_string())),
        Try::Open(secret, hash) => Outcome::LockTried(fits(&secret, &hash)),
    }
}

fn set(folder: &Path, secret: &Secret) -> io::Result<String> {
    let hash =
        Argon2::default().hash_password(secret.expose().as_bytes()).map_err(io::Error::other)?.to_string();
    chat_client::private::replace(&folder.join(FILE), hash.as_bytes())?;
    Ok(hash)
}

fn fits(secret: &Secret, hash: &str) -> bool {
    let stored = PasswordHash::new(hash);
    stored.is_ok_and(|stored| Argon2::default().verify_password(secret.expose().as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_a_hash_is_kept_and_only_the_passphrase_fits() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()), None);
        let secret = || Secret::new("correct horse");
        let Outcome::LockSet(Ok(hash)) = attempt(folder.path().to_owned(), Try::Set(secret())) else {
            panic!()
        };
        assert_eq!(load(folder.path()).as_ref(), Some(&hash));
        let file = folder.path().join(FILE);
        assert!(!std::fs::read_to_string(&file).unwrap().contains("horse"));
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let open = |text: &str| attempt(folder.path().to_owned(), Try::Open(Secret::new(text), hash.clone()));
        assert_eq!(open("correct horse"), Outcome::LockTried(true));
        assert_eq!(open("correct hors"), Outcome::LockTried(false));
    }
}
