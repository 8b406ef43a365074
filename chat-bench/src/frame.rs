//! A client's side of RFC 6455, as far as this server speaks it: whole messages, no extensions.
//!
//! By hand and not by a library, because the generator shares two cores with what it measures: a
//! frame is found in the bytes as they came and nothing is copied. Bytes that no such server sends
//! are an error and never a panic.

use chat_proto::limits::SERVER_FRAME_BYTES;

/// The bit of the last (here: the only) piece of a message.
const FINAL: u8 = 0x80;

/// The bits of extensions, of which none is agreed.
const RESERVED: u8 = 0x70;

/// The bit that says that a frame is masked.
const MASKED: u8 = 0x80;

/// Longer frames that are not text are against the RFC.
const CONTROL_BYTES: usize = 125;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A message.
    Text,
    /// The other side goes.
    Close,
    /// The other side wants to hear something.
    Ping,
    /// The answer.
    Pong,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Kind::Text => 1,
            Kind::Close => 8,
            Kind::Ping => 9,
            Kind::Pong => 10,
        }
    }

    fn of(code: u8) -> Option<Self> {
        [Kind::Text, Kind::Close, Kind::Ping, Kind::Pong].into_iter().find(|kind| kind.code() == code)
    }
}

/// A frame in the bytes that came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// What it is.
    pub(crate) kind: Kind,
    /// What is in it.
    pub(crate) payload: &'a [u8],
    /// The bytes that it takes, with its head.
    pub(crate) bytes: usize,
}

/// What a server of ours never sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strange(pub(crate) &'static str);

/// The first frame of these bytes; `None` where it is not all there yet.
///
/// # Errors
/// [`Strange`], if no bytes that follow can make it a frame of this server.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Frame<'_>>, Strange> {
    let Some((&[first, second], rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
    if first & RESERVED != 0 {
        return Err(Strange("a frame of an extension"));
    }
    if first & FINAL == 0 {
        return Err(Strange("a message in pieces"));
    }
    if second & MASKED != 0 {
        return Err(Strange("a masked frame"));
    }
    let kind = Kind::of(first & !FINAL).ok_or(Strange("a frame of an unknown kind"))?;
    let (length, rest) = match second {
        126 => match rest.split_first_chunk::<2>() {
            Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((length, rest)) => (u64::from_be_bytes(*length), rest),
            None => return Ok(None),
        },
        short => (u64::from(short), rest),
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > SERVER_FRAME_BYTES || (kind != Kind::Text && length > CONTROL_BYTES) {
        return Err(Strange("a frame that is too long"));
    }
    let head = bytes.len() - rest.len();
    Ok(rest.get(..length).map(|payload| Frame { kind, payload, bytes: head + length }))
}

/// Appends a frame of a client: masked, in one piece.
pub(crate) fn write(kind: Kind, payload: &[u8], mask: [u8; 4], out: &mut Vec<u8>) {
    out.push(FINAL | kind.code());
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => out.push(MASKED | short),
        (_, Ok(middle)) => {
            out.push(MASKED | 126);
            out.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    let begin = out.len();
    out.extend_from_slice(payload);
    for piece in out[begin..].chunks_mut(4) {
        piece.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a server would have sent: the same frame without its mask.
    fn unmasked(kind: Kind, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        // A mask of zeros changes nothing, so it can be cut out.
        write(kind, payload, [0; 4], &mut frame);
        let head = frame.len() - payload.len();
        frame.drain(head - 4..head);
        frame[1] &= !MASKED;
        frame
    }

    #[test]
    fn lengths_around_the_borders_come_back() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            let payload = vec![b'x'; length];
            let mut bytes = unmasked(Kind::Text, &payload);
            let whole = bytes.len();
            bytes.extend_from_slice(b"more");
            let frame = read(&bytes).unwrap().unwrap();
            assert_eq!((frame.kind, frame.payload, frame.bytes), (Kind::Text, &payload[..], whole));
            assert_eq!(read(&bytes[..whole - 1]), Ok(None), "{length}");
        }
    }

    #[test]
    fn what_a_server_never_sends_is_an_error() {
        let refused: [(&[u8], &str); 6] = [
            (&[0xC1, 0], "extension"),
            (&[0x01, 0], "pieces"),
            (&[0x81, 0x80], "masked"),
            (&[0x82, 0], "unknown"),
            (&[0x89, 126, 0, 126], "too long"),
            (&[0x81, 127, 0xFF, 0, 0, 0, 0, 0, 0, 0], "too long"),
        ];
        for (bytes, why) in refused {
            let strange = read(bytes).unwrap_err();
            assert!(strange.0.contains(why), "{strange:?} for {bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn a_frame_comes_back_unmasked(
            payload in prop::collection::vec(any::<u8>(), 0..300),
            mask in any::<[u8; 4]>(),
        ) {
            let mut sent = Vec::new();
            write(Kind::Text, &payload, mask, &mut sent);
            let head = sent.len() - payload.len();
            prop_assert_eq!(&sent[head - 4..head], &mask);
            let body: Vec<u8> = sent[head..].iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m).collect();
            prop_assert_eq!(body, payload);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut rest = &bytes[..];
            while let Ok(Some(frame)) = read(rest) {
                prop_assert!(frame.bytes >= 2 && frame.bytes <= rest.len());
                rest = &rest[frame.bytes..];
            }
        }
    }
}
