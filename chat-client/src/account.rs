//! The accounts that a person has logged in to, with their tokens.
//!
//! 1. The file is readable by its owner only, in a folder that only its owner may enter; a file
//!    found with wider rights is closed to others when it is opened.
//! 2. It is replaced as a whole; two programs that save at once do not lose each other's account.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use chat_proto::{Person, Secret, UserName};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::address::ServerAddress;
use crate::private;

/// The file's name in its folder.
const FILE: &str = "accounts.json";

/// Who a person is on a server, and the token that proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Where.
    pub server: ServerAddress,
    /// Who.
    pub user: Person,
    /// What proves it.
    pub token: Secret,
    /// The team's name, as the server told it at login.
    pub server_name: String,
}

impl Account {
    /// Whether this is the same account, perhaps with another token.
    #[must_use]
    pub fn is(&self, other: &Account) -> bool {
        self.server == other.server && self.user.id == other.user.id
    }
}

/// Why no account could be given or kept.
#[derive(Debug, Error)]
pub enum AccountError {
    /// None is saved at all.
    #[error("no account is saved yet; log in first with: chat-cli login --server URL --user NAME")]
    NoneSaved,
    /// None is saved that fits what was asked for.
    #[error("no saved account fits {wanted}; saved are: {saved}; log in with: chat-cli login")]
    NotFound {
        /// What was asked for.
        wanted: String,
        /// What there is.
        saved: String,
    },
    /// More than one fits.
    #[error("several accounts are saved: {0}; choose one with --server and --user")]
    Several(String),
    /// The file cannot be read or written.
    #[error("cannot use the file of accounts {}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The file is not what this program wrote.
    #[error("the file of accounts {} is damaged ({cause}); move it away and log in again", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: serde_json::Error,
    },
}

/// What the file holds.
#[derive(Default, Serialize, Deserialize)]
struct Saved {
    accounts: Vec<Account>,
}

/// The saved accounts.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    accounts: Vec<Account>,
}

impl Accounts {
    /// Reads the accounts kept in this folder, which is made if it is missing.
    ///
    /// # Errors
    /// [`AccountError::File`] or [`AccountError::Damaged`]
    pub fn open(dir: &Path) -> Result<Self, AccountError> {
        let path = dir.join(FILE);
        private::create_dir(dir).map_err(|cause| AccountError::File { path: path.clone(), cause })?;
        let accounts = read(&path)?;
        Ok(Self { path, accounts })
    }

    /// All of them, the last saved first.
    #[must_use]
    pub fn all(&self) -> &[Account] {
        &self.accounts
    }

    /// The one that fits; without any wish, the only one.
    ///
    /// # Errors
    /// Says what to do when there is none, or more than one.
    pub fn find(
        &self,
        server: Option<&ServerAddress>,
        user: Option<&UserName>,
    ) -> Result<&Account, AccountError> {
        if self.accounts.is_empty() {
            return Err(AccountError::NoneSaved);
        }
        let fits = |account: &&Account| {
            server.is_none_or(|server| account.server == *server)
                && user.is_none_or(|user| account.user.name == *user)
        };
        let found: Vec<&Account> = self.accounts.iter().filter(fits).collect();
        match found[..] {
            [account] => Ok(account),
            [] => {
                Err(AccountError::NotFound { wanted: wish(server, user), saved: list(self.accounts.iter()) })
            }
            _ => Err(AccountError::Several(list(found.into_iter()))),
        }
    }

    /// Keeps an account, in place of an older login of the same one.
    ///
    /// # Errors
    /// [`AccountError::File`] or [`AccountError::Damaged`]
    pub fn save(&mut self, account: Account) -> Result<(), AccountError> {
        self.change(|accounts| {
            accounts.retain(|other| !other.is(&account));
            accounts.insert(0, account);
        })
    }

    /// Forgets an account.
    ///
    /// # Errors
    /// [`AccountError::File`] or [`AccountError::Damaged`]
    pub fn remove(&mut self, account: &Account) -> Result<(), AccountError> {
        self.change(|accounts| accounts.retain(|other| !other.is(account)))
    }

    fn change(&mut self, change: impl FnOnce(&mut Vec<Account>)) -> Result<(), AccountError> {
        let failed = |cause| AccountError::File { path: self.path.clone(), cause };
        // Held until the end, so that another program's change is read first, not overwritten.
        let lock = self.lock().map_err(failed)?;
        let mut saved = Saved { accounts: read(&self.path)? };
        change(&mut saved.accounts);
        let text = serde_json::to_vec_pretty(&saved)
            .map_err(|cause| AccountError::Damaged { path: self.path.clone(), cause })?;
        private::replace(&self.path, &text).map_err(failed)?;
        self.accounts = saved.accounts;
        drop(lock);
        Ok(())
    }

    fn lock(&self) -> io::Result<File> {
        let file = private::append(&self.path.with_extension("lock"))?;
        file.lock()?;
        Ok(file)
    }
}

fn read(path: &Path) -> Result<Vec<Account>, AccountError> {
    let failed = |cause| AccountError::File { path: path.to_owned(), cause };
    match std::fs::read(path) {
        Ok(text) => {
            private::close_to_others(path).map_err(failed)?;
            let saved: Saved = serde_json::from_slice(&text)
                .map_err(|cause| AccountError::Damaged { path: path.to_owned(), cause })?;
            Ok(saved.accounts)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(cause) => Err(failed(cause)),
    }
}

fn list<'a>(accounts: impl Iterator<Item = &'a Account>) -> String {
    accounts
        .map(|account| format!("{} on {}", account.user.name, account.server))
        .collect::<Vec<_>>()
        .join(", ")
}

fn wish(server: Option<&ServerAddress>, user: Option<&UserName>) -> String {
    match (server, user) {
        (Some(server), Some(user)) => format!("{user} on {server}"),
        (Some(server), None) => server.to_string(),
        (None, Some(user)) => user.to_string(),
        (None, None) => "anybody".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_proto::UserId;

    fn account(server: &str, name: &str) -> Account {
        let id =
            UserId(uuid::Uuid::from_u128(name.bytes().fold(0, |sum, byte| sum * 256 + u128::from(byte))));
        Account {
            server: server.parse().unwrap(),
            user: Person::new(id, name.parse().unwrap()),
            token: Secret::new(format!("token of {name}")),
            server_name: "acme".to_owned(),
        }
    }

    #[test]
    fn the_errors_say_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(&dir.path().join("new/folder")).unwrap();
        let error = accounts.find(None, None).unwrap_err().to_string();
        assert!(error.contains("chat-cli login"), "{error}");

        accounts.save(account("a.example", "ada")).unwrap();
        assert_eq!(accounts.find(None, None).unwrap().user.name.as_str(), "ada");
        accounts.save(account("a.example", "lin")).unwrap();
        let error = accounts.find(None, None).unwrap_err().to_string();
        assert!(error.contains("--user") && error.contains("lin on wss://a.example"), "{error}");
        let lin = "lin".parse().unwrap();
        assert_eq!(accounts.find(None, Some(&lin)).unwrap().user.name, lin);
        let error = accounts.find(None, Some(&"grace".parse().unwrap())).unwrap_err().to_string();
        assert!(error.contains("grace"), "{error}");
    }

    #[test]
    fn two_programs_do_not_lose_each_others_accounts() {
        let dir = tempfile::tempdir().unwrap();
        let (mut one, mut two) = (Accounts::open(dir.path()).unwrap(), Accounts::open(dir.path()).unwrap());
        one.save(account("a.example", "ada")).unwrap();
        two.save(account("a.example", "lin")).unwrap();
        assert_eq!(Accounts::open(dir.path()).unwrap().all().len(), 2);
        one.remove(&account("a.example", "ada")).unwrap();
        assert_eq!(one.all(), [account("a.example", "lin")]);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("chat");
        Accounts::open(&folder).unwrap().save(account("a.example", "ada")).unwrap();
        let file = folder.join(FILE);
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));

        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(Accounts::open(&folder).unwrap().all().len(), 1);
        assert_eq!(mode(&file), 0o600, "a file that others could read is closed to them");
    }
}
