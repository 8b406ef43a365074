//! What a message says of itself in its text: its number, and when it was due.

use std::io::Write as _;

/// What stands around it.
const BEGIN: &[u8] = b"~!";
const END: &[u8] = b"!~";

/// The digits of the number and of the time.
const NUMBER: usize = 8;
const TIME: usize = 16;

/// What follows up to the wished length.
const FILLING: &[u8] = b" the quick brown fox jumps over the lazy dog and then some more words follow";

/// A message of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Its number.
    pub(crate) number: u32,
    /// When it should have been sent, by [`clock::now`](crate::clock::now). Its latency counts from then, so that a
    /// server that makes its clients wait cannot hide it.
    pub(crate) due: u64,
}

impl Mark {
    /// Appends a text with the mark, of this length at least.
    pub(crate) fn write(self, length: usize, out: &mut Vec<u8>) {
        let end = out.len() + length;
        out.extend_from_slice(BEGIN);
        // Writing to memory does not fail.
        let _ = write!(out, "{:08x}.{:016x}", self.number, self.due);
        out.extend_from_slice(END);
        while out.len() < end {
            let piece = FILLING.len().min(end - out.len());
            out.extend_from_slice(&FILLING[..piece]);
        }
    }

    /// The mark in a text, if it has one.
    pub(crate) fn find(text: &[u8]) -> Option<Self> {
        memchr::memchr_iter(BEGIN[0], text).find_map(|at| Self::read(&text[at..]))
    }

    fn read(text: &[u8]) -> Option<Self> {
        let rest = text.strip_prefix(BEGIN)?;
        let (number, rest) = rest.split_at_checked(NUMBER)?;
        let (due, rest) = rest.strip_prefix(b".")?.split_at_checked(TIME)?;
        rest.starts_with(END).then_some(())?;
        Some(Self { number: u32::try_from(hexadecimal(number)?).ok()?, due: hexadecimal(due)? })
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_mark_is_found_again(number in any::<u32>(), due in any::<u64>(), length in 0_usize..300) {
            let mut text = b"{\"body\":\"".to_vec();
            let mark = Mark { number, due };
            mark.write(length, &mut text);
            prop_assert!(text.len() >= 9 + length);
            prop_assert_eq!(Mark::find(&text), Some(mark));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[~!.0-9a-fx]{0,80}") {
            let _ = Mark::find(text.as_bytes());
        }
    }

    #[test]
    fn a_tilde_is_no_mark() {
        assert_eq!(Mark::find(b"~ ~! ~!0000.. !~"), None);
    }
}
