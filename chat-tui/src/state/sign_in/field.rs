//! The fields of the form, and what it is filled in for.

use chat_client::provider::Missing;

/// The fields of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The server's address.
    Server,
    /// Log in, or make an account.
    Way,
    /// The account's name.
    Name,
    /// The password.
    Password,
    /// The invite code.
    Invite,
    /// The reset code.
    Reset,
    /// The code of the second factor.
    Code,
    /// The code that the provider's last page shows.
    Confirm,
}

/// What the form is filled in for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    /// To log in.
    #[default]
    LogIn,
    /// To make an account.
    Create,
    /// To set a new password by an admin's code.
    Reset,
    /// To log in by the provider that the server names.
    Provider,
}

impl Way {
    /// All, in the order of the form; the last one where the server names a provider.
    pub(super) const ALL: [Way; 4] = [Way::LogIn, Way::Create, Way::Reset, Way::Provider];
}

/// The field into which goes what is missing.
pub(super) fn field_of(missing: &Missing) -> Option<Field> {
    match missing {
        Missing::Time(_) => None,
        Missing::Confirm => Some(Field::Confirm),
        Missing::Name => Some(Field::Name),
        Missing::Invite => Some(Field::Invite),
        Missing::Code => Some(Field::Code),
    }
}
