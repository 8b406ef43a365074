//! Floor 1: who may make an account, pure.

use chat_proto::{ErrorCode, Registration, Role, WireError};

/// What is known about the invite code that somebody brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invite {
    /// They brought none.
    None,
    /// Unknown, used up or expired.
    Invalid,
    /// Good for an account with this role.
    Valid(Role),
}

/// The role of the new account.
///
/// The first account becomes the owner: of an open server for the asking, otherwise by the code
/// that the server printed, so that nobody on the network can be faster than its admin.
///
/// # Errors
/// `registration_closed` or `invite_invalid`, with what to do.
pub fn admit(mode: Registration, is_first: bool, invite: Invite) -> Result<Role, WireError> {
    match (mode, is_first, invite) {
        (_, true, Invite::Valid(Role::Owner)) | (Registration::Open, true, Invite::None) => Ok(Role::Owner),
        (_, true, _) => Err(WireError::new(
            ErrorCode::InviteInvalid,
            "This server has no accounts yet. Use the owner invite code that chat-server printed when it started.",
        )),
        (Registration::Closed, false, _) => Err(WireError::new(
            ErrorCode::RegistrationClosed,
            "This server takes no new accounts. Ask its admin.",
        )),
        (_, false, Invite::Valid(role)) => Ok(role),
        (_, false, Invite::Invalid) => Err(WireError::new(
            ErrorCode::InviteInvalid,
            "This invite code is not valid, used up or expired. Ask an admin of the server for a new one.",
        )),
        (Registration::Invite, false, Invite::None) => Err(WireError::new(
            ErrorCode::InviteInvalid,
            "This server needs an invite code for a new account. Ask one of its admins.",
        )),
        (Registration::Open, false, Invite::None) => Ok(Role::Member),
    }
}

/// Whether somebody unknown whom the provider has named gets an account.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderRegistration {
    /// As the setting registration says
    #[default]
    AsRegistration,
    /// Everybody whom the provider lets in
    Always,
    /// Nobody: accounts are made first, and linked
    Never,
}

/// The role of the new account of somebody whom the provider has named.
///
/// The first account is the owner's, by the same rule as always: a provider for a whole company
/// must not make whoever comes first the owner.
///
/// # Errors
/// `registration_closed` or `invite_invalid`, with what to do.
pub fn admit_by_provider(
    rule: ProviderRegistration,
    mode: Registration,
    is_first: bool,
    invite: Invite,
) -> Result<Role, WireError> {
    match (rule, is_first, invite) {
        (ProviderRegistration::Always, false, Invite::None) => Ok(Role::Member),
        (ProviderRegistration::Always, false, invite) => admit(Registration::Invite, false, invite),
        (ProviderRegistration::Never, false, _) => Err(WireError::new(
            ErrorCode::RegistrationClosed,
            "No account here is linked with you; log in by password and link it, or ask an admin for an account.",
        )),
        _ => admit(mode, is_first, invite),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_account_needs_the_printed_code_or_an_open_server() {
        let owner = Invite::Valid(Role::Owner);
        for mode in [Registration::Open, Registration::Invite, Registration::Closed] {
            assert_eq!(admit(mode, true, owner), Ok(Role::Owner));
            assert!(admit(mode, true, Invite::Invalid).is_err());
        }
        assert_eq!(admit(Registration::Open, true, Invite::None), Ok(Role::Owner));
        assert!(admit(Registration::Invite, true, Invite::None).is_err());
        assert!(admit(Registration::Invite, true, Invite::Valid(Role::Member)).is_err());
    }

    #[test]
    fn later_accounts_follow_the_mode() {
        let member = Invite::Valid(Role::Member);
        let code = |mode, invite| admit(mode, false, invite).map_err(|refusal| refusal.code);
        assert_eq!(code(Registration::Open, Invite::None), Ok(Role::Member));
        assert_eq!(code(Registration::Open, Invite::Valid(Role::Admin)), Ok(Role::Admin));
        assert_eq!(code(Registration::Open, Invite::Invalid), Err(ErrorCode::InviteInvalid));
        assert_eq!(code(Registration::Invite, member), Ok(Role::Member));
        assert_eq!(code(Registration::Invite, Invite::None), Err(ErrorCode::InviteInvalid));
        assert_eq!(code(Registration::Closed, member), Err(ErrorCode::RegistrationClosed));
    }

    #[test]
    fn a_provider_makes_members_and_never_an_owner() {
        use ProviderRegistration::{Always, AsRegistration, Never};
        let code = |rule, mode, is_first, invite| {
            admit_by_provider(rule, mode, is_first, invite).map_err(|refusal| refusal.code)
        };
        for rule in [Always, AsRegistration, Never] {
            let first = code(rule, Registration::Invite, true, Invite::None);
            assert_eq!(first, Err(ErrorCode::InviteInvalid), "{rule:?}");
            assert_eq!(code(rule, Registration::Invite, true, Invite::Valid(Role::Owner)), Ok(Role::Owner));
        }
        assert_eq!(code(Always, Registration::Closed, false, Invite::None), Ok(Role::Member));
        assert_eq!(code(Always, Registration::Closed, false, Invite::Valid(Role::Guest)), Ok(Role::Guest));
        assert_eq!(code(Always, Registration::Closed, false, Invite::Invalid), Err(ErrorCode::InviteInvalid));
        assert_eq!(
            code(AsRegistration, Registration::Invite, false, Invite::None),
            Err(ErrorCode::InviteInvalid)
        );
        let never = code(Never, Registration::Open, false, Invite::Valid(Role::Member));
        assert_eq!(never, Err(ErrorCode::RegistrationClosed));
    }
}
