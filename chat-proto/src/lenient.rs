//! Words of a newer server.
//!
//! A closed set of words may grow within a protocol version. What a server *tells* must then not
//! stop an older client from reading the rest, so such fields read an unknown word as the
//! harmless one of their type. What a client *asks* stays strict.

use std::borrow::Cow;

use serde::de::value::{Error, StrDeserializer};
use serde::de::{IgnoredAny, IntoDeserializer};
use serde::{Deserialize, Deserializer};

use crate::EventKind;

/// Roles, of which the usual one is not the weakest.
pub(crate) trait Ranked {
    /// The one with the fewest rights.
    const WEAKEST: Self;
}

/// Reads a word; an unknown one is the type's default. For `deserialize_with`.
pub(crate) fn word<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> Deserialize<'a> + Default,
{
    known(deserializer).map(Option::unwrap_or_default)
}

/// Reads a role; an unknown one is the weakest. For `deserialize_with`.
pub(crate) fn role<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> Deserialize<'a> + Ranked,
{
    known(deserializer).map(|word| word.unwrap_or(T::WEAKEST))
}

/// Reads a word that may be absent; an unknown one is. For `deserialize_with`.
pub(crate) fn known<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> Deserialize<'a>,
{
    let Some(word) = Option::<Cow<'_, str>>::deserialize(deserializer)? else { return Ok(None) };
    let word: StrDeserializer<'_, Error> = word.as_ref().into_deserializer();
    Ok(T::deserialize(word).ok())
}

/// What can be read, or whatever else stands there.
#[derive(Deserialize)]
#[serde(untagged)]
enum Readable<T, E> {
    Yes(T),
    No(E),
}

/// Reads a list, without what cannot be read. For `deserialize_with`.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = Vec::<Readable<T, IgnoredAny>>::deserialize(deserializer)?;
    let readable = |one| match one {
        Readable::Yes(one) => Some(one),
        Readable::No(IgnoredAny) => None,
    };
    Ok(list.into_iter().filter_map(readable).collect())
}

/// The least that an event says.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "kind")]
    _kind: String,
}

/// Reads what happened; what cannot be read is of a kind that is not known. For `deserialize_with`.
pub(crate) fn event<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EventKind, D::Error> {
    Ok(match Readable::<EventKind, Kind>::deserialize(deserializer)? {
        Readable::Yes(what) => what,
        Readable::No(_) => EventKind::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use crate::{ClientFrame, Event, EventKind, Notify, Presence, PresenceState, Role, RoomRole};

    #[test]
    fn what_a_newer_server_tells_can_be_read() {
        let told = r#"{"user":"01997f00-0000-7000-8000-0000000000a1","state":"dreaming"}"#;
        let presence: Presence = serde_json::from_str(told).unwrap();
        assert_eq!(presence.state, PresenceState::Offline);
        assert!(serde_json::from_str::<Presence>(&told.replace("\"dreaming\"", "7")).is_err());
    }

    #[test]
    fn roles_and_notices_of_a_newer_server_are_the_weakest() {
        #[derive(serde::Deserialize)]
        struct Told {
            #[serde(deserialize_with = "super::role")]
            room: RoomRole,
            #[serde(deserialize_with = "super::role")]
            server: Role,
            notify: Notify,
        }
        let told = r#"{"room":"deputy","server":"janitor","notify":{"level":"loud"}}"#;
        let told: Told = serde_json::from_str(told).unwrap();
        assert_eq!((told.room, told.server), (RoomRole::ReadOnly, Role::Guest));
        assert_eq!(told.notify, Notify::default());
    }

    #[test]
    fn an_event_with_something_that_is_not_known_is_counted() {
        let happened = |what: &str| {
            let author = r#""author":{"id":"01997f00-0000-7000-8000-0000000000a1","name":"ada"}"#;
            let place = r#""conversation":"01997f00-0000-7000-8000-00000000c001","seq":5,"at":1"#;
            serde_json::from_str::<Event>(&format!("{{{place},{author},{what}}}"))
        };
        let unknown = |what: &str| happened(what).unwrap().what == EventKind::Unknown;
        assert!(unknown(r#""kind":"reaction","target":1,"emoji":"an emoji of 2030","on":true"#));
        assert!(unknown(r#""kind":"topic","topic":7"#));
        assert!(happened(r#""topic":"no kind""#).is_err());
        let message = happened(
            r#""kind":"message","client_id":"01997f00-0000-7000-8000-0000000000d1","body":"x","call":"planet",
                "reactions":[{"emoji":"an emoji of 2030","users":[]},{"emoji":"👍","users":[]}]"#,
        );
        let message = message.unwrap();
        let message = message.message().unwrap();
        assert_eq!((message.call, message.reactions.len()), (None, 1));
    }

    #[test]
    fn what_a_client_asks_is_taken_by_its_word() {
        let asked = r#"{"type":"presence.set","id":"1","payload":{"state":"dreaming"}}"#;
        assert!(ClientFrame::decode(asked).is_err());
    }
}
