//! The SHA-256 of a certificate, as people compare it: the server prints it, clients show it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Bytes of a SHA-256.
const BYTES: usize = 32;

/// Digits that stand together where people read it; four are taken in at a glance.
const GROUP: usize = 4;

/// A certificate's SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; BYTES]);

/// Why a text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a fingerprint has 64 digits from 0 to F, as `chat-server cert` prints it; spaces and colons do not matter"
)]
pub struct FingerprintError;

impl Fingerprint {
    /// The fingerprint with this hash.
    #[must_use]
    pub fn new(sha256: [u8; BYTES]) -> Self {
        Self(sha256)
    }

    /// All digits together, as one word of a command line.
    #[must_use]
    pub fn word(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// The digits in groups, in this many rows of the same length.
    #[must_use]
    pub fn rows(&self, rows: usize) -> Vec<String> {
        let word = self.word();
        let groups: Vec<&str> = (0..word.len()).step_by(GROUP).map(|at| &word[at..at + GROUP]).collect();
        groups.chunks(groups.len().div_ceil(rows.max(1))).map(|row| row.join(" ")).collect()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rows(1).concat())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads our own form, and that of other tools: with colons, in small letters, after the
    /// algorithm's name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let text = ["SHA-256", "SHA256", "sha256", "sha-256"]
            .iter()
            .find_map(|name| text.strip_prefix(name))
            .map_or(text, |rest| rest.trim_start_matches([':', '=', ' ']));
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| !matches!(c, ' ' | ':' | '-'))
            .map(|c| c.to_digit(16).ok_or(FingerprintError))
            .collect::<Result<_, _>>()?;
        let bytes: Vec<u8> =
            digits.chunks(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair.get(1)?).ok()).collect();
        if digits.len() != 2 * BYTES {
            return Err(FingerprintError);
        }
        bytes.try_into().map(Self).map_err(|_| FingerprintError)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.word())
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back() {
        let print = Fingerprint::new(std::array::from_fn(|at| u8::try_from(at * 7).unwrap()));
        assert!(print.to_string().starts_with("0007 0E15 1C23 "), "{print}");
        assert_eq!(print.rows(2).iter().map(String::len).collect::<Vec<_>>(), [39, 39]);
        let colons: Vec<String> =
            print.word().as_bytes().chunks(2).map(|b| String::from_utf8_lossy(b).into()).collect();
        for form in [
            print.to_string(),
            print.word(),
            print.word().to_lowercase(),
            colons.join(":"),
            format!("sha256 {}", print.word()),
            format!("SHA256:{print}"),
        ] {
            assert_eq!(form.parse(), Ok(print), "{form}");
        }
        let word = print.word();
        for bad in
            ["", "12", &word[1..], &format!("{word}0"), &word.replace('0', "g"), &word.replace('0', "é")]
        {
            assert_eq!(bad.parse::<Fingerprint>(), Err(FingerprintError), "{bad}");
        }
        let json = serde_json::to_string(&print).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), print);
    }
}
