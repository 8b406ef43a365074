//! Words of a newer server.
//!
//! A closed set of words may grow within a protocol version. What a server *tells* must then not
//! stop an older client from reading the rest, so such fields read an unknown word as the
//! harmless default of their type. What a client *asks* stays strict.

use std::borrow::Cow;

use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Deserializer};

/// Reads a word; an unknown one is the type's default. For `deserialize_with`.
pub(crate) fn word<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> Deserialize<'a> + Default,
{
    let word = Cow::<str>::deserialize(deserializer)?;
    let word: StrDeserializer<'_, Error> = word.as_ref().into_deserializer();
    Ok(T::deserialize(word).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::{ClientFrame, Presence, PresenceState};

    #[test]
    fn what_a_newer_server_tells_can_be_read() {
        let told = r#"{"user":"01997f00-0000-7000-8000-0000000000a1","state":"dreaming"}"#;
        let presence: Presence = serde_json::from_str(told).unwrap();
        assert_eq!(presence.state, PresenceState::Offline);
        assert!(serde_json::from_str::<Presence>(&told.replace("\"dreaming\"", "7")).is_err());
    }

    #[test]
    fn what_a_client_asks_is_taken_by_its_word() {
        let asked = r#"{"type":"presence.set","id":"1","payload":{"state":"dreaming"}}"#;
        assert!(ClientFrame::decode(asked).is_err());
    }
}
