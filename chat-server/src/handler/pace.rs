//! How fast somebody may do what costs, whatever the number of their connections.

use arc_swap::ArcSwap;
use chat_proto::{HookId, Limits, UserId, WireError, limits};

use crate::hub::{Pace, Rate, too_many};

/// All connections of one account together may ask so many times as much as one: several devices at
/// work, and no program that opens more connections to get around the limit of one.
pub const CONNECTIONS_OF_ACCOUNT: u32 = 4;

/// Searches of one account: each may keep a reader of the database for two seconds.
pub const SEARCHES: Rate = Rate { per_second: 2, burst: 60 };

/// Uploads that one account begins: each costs a row and a file, even when nothing comes.
pub const UPLOADS: Rate = Rate { per_second: 2, burst: 200 };

/// Logins of one account that succeed: each costs a hash and a session. Those that fail wait in
/// `auth::guesses`.
pub const LOGINS: Rate = Rate { per_second: 1, burst: 100 };

/// The paces of all. Those who rest are forgotten each minute, so there are never more than there
/// are accounts and webhooks.
pub struct Paces {
    requests: ArcSwap<Pace<UserId>>,
    searches: Pace<UserId>,
    uploads: Pace<UserId>,
    logins: Pace<UserId>,
    pub(super) hooks: Pace<HookId>,
}

impl Paces {
    /// With what one connection may do.
    #[must_use]
    pub fn new(connection: &Limits) -> Self {
        let hook = Rate { per_second: limits::INCOMING_PER_SECOND, burst: limits::INCOMING_BURST };
        Self {
            requests: ArcSwap::from_pointee(Pace::new(of_account(connection))),
            searches: Pace::new(SEARCHES),
            uploads: Pace::new(UPLOADS),
            logins: Pace::new(LOGINS),
            hooks: Pace::new(hook),
        }
    }

    /// From now on with what one connection may do since a reload.
    pub fn set_requests(&self, connection: &Limits) {
        self.requests.store(std::sync::Arc::new(Pace::new(of_account(connection))));
    }

    /// Counts a frame of an account, on whichever connection.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait; as all of these.
    pub fn request(&self, user: UserId) -> Result<(), WireError> {
        self.requests.load().take(&user).map_err(|wait| too_many("requests from all your devices", wait))
    }

    pub(super) fn search(&self, user: UserId) -> Result<(), WireError> {
        self.searches.take(&user).map_err(|wait| too_many("searches", wait))
    }

    pub(super) fn upload(&self, user: UserId) -> Result<(), WireError> {
        self.uploads.take(&user).map_err(|wait| too_many("uploads", wait))
    }

    pub(super) fn login(&self, user: UserId) -> Result<(), WireError> {
        self.logins.take(&user).map_err(|wait| too_many("logins", wait))
    }

    pub(super) fn forget_resting(&self) {
        self.requests.load().forget_resting();
        self.searches.forget_resting();
        self.uploads.forget_resting();
        self.logins.forget_resting();
        self.hooks.forget_resting();
    }
}

fn of_account(connection: &Limits) -> Rate {
    Rate::of_connections(connection, CONNECTIONS_OF_ACCOUNT)
}

#[cfg(test)]
mod tests {
    use chat_proto::ErrorCode;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_who_is_too_fast_waits_and_nobody_else_does() {
        let paces = Paces::new(&Limits { requests_per_second: 1, request_burst: 2, ..Limits::default() });
        let (ada, lin) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let spend = |taken: &dyn Fn(UserId) -> Result<(), WireError>, most: u32| {
            for n in 0..most {
                assert!(taken(ada).is_ok(), "{n}");
            }
            let refused = taken(ada).unwrap_err();
            assert_eq!(refused.code, ErrorCode::RateLimited);
            assert!(refused.retry_after_ms.is_some_and(|wait| wait > 0));
            assert!(taken(lin).is_ok());
        };
        spend(&|user| paces.request(user), 2 * CONNECTIONS_OF_ACCOUNT);
        spend(&|user| paces.search(user), SEARCHES.burst);
        spend(&|user| paces.upload(user), UPLOADS.burst);
        spend(&|user| paces.login(user), LOGINS.burst);
        paces.set_requests(&Limits::default());
        assert!(paces.request(ada).is_ok());
    }
}
