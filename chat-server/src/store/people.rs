//! What the store answers about people.

use chat_proto::Person;

/// Who has read a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadBy {
    /// These, by name.
    People(Vec<Person>),
    /// The conversation has too many members to say so.
    TooMany,
    /// The asking person does not show what they have read.
    NotShown,
}
