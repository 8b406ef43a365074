//! Fields that are left out because they say nothing.

/// Whether a field holds what its absence means. For `skip_serializing_if`.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
