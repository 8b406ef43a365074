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
}
