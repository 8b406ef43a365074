//! WebSocket messages as they pass by: where one ends, and what it says. Only the fault proxy reads them so.
//! Of other protocols it knows nothing, and takes bytes as they come.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// More than the largest frame of a server, so that whatever it sends can pass.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// What is read at once.
const READ_BYTES: usize = 16 * 1024;

/// The bits of a frame's second byte.
const MASKED: u8 = 0x80;

/// Splits what is read into the head of HTTP, which comes first, and frames.
pub(crate) struct Splitter {
    held: Vec<u8>,
    past_head: bool,
    /// Whether these are frames at all.
    framed: bool,
}

impl Splitter {
    pub(crate) fn new() -> Self {
        Self { held: Vec::new(), past_head: false, framed: true }
    }

    /// One that takes whatever was read for a piece.
    pub(crate) fn unframed() -> Self {
        Self { framed: false, ..Self::new() }
    }

    /// The next whole piece; `None` at the end. Safe to drop while it waits.
    ///
    /// # Errors
    /// The line's, or a frame that nobody would send.
    pub(crate) async fn next(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(length) = self.length()? {
                return Ok(Some(self.held.drain(..length).collect()));
            }
            let mut chunk = [0; READ_BYTES];
            match from.read(&mut chunk).await? {
                0 => return Ok(None),
                read => self.held.extend_from_slice(&chunk[..read]),
            }
        }
    }

    /// The length of the first piece, if all of it is held.
    fn length(&mut self) -> io::Result<Option<usize>> {
        if !self.framed {
            return Ok((!self.held.is_empty()).then_some(self.held.len()));
        }
        if !self.past_head {
            let end = self.held.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            self.past_head = end.is_some();
            return Ok(end.map(|at| at + 4));
        }
        let Some(length) = whole(&self.held) else { return Ok(None) };
        if length > MOST_BYTES {
            return Err(io::Error::other("a frame of that length is none of ours"));
        }
        Ok((self.held.len() >= length).then_some(length))
    }
}

/// Where the payload of a frame begins, how long it is, and whether it is masked.
fn parts(bytes: &[u8]) -> Option<(usize, usize, bool)> {
    let second = *bytes.get(1)?;
    let (masked, short) = (second & MASKED != 0, usize::from(second & !MASKED));
    let (at, length) = match short {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, short),
    };
    Some((if masked { at + 4 } else { at }, length, masked))
}

fn whole(bytes: &[u8]) -> Option<usize> {
    parts(bytes).map(|(at, length, _)| at.saturating_add(length))
}

/// The text of a whole frame; empty for what has none.
pub(crate) fn text(frame: &[u8]) -> String {
    const TEXT: u8 = 0x81;
    let Some((at, length, masked)) = parts(frame).filter(|_| frame.first() == Some(&TEXT)) else {
        return String::new();
    };
    let Some(payload) = frame.get(at..at.saturating_add(length)) else { return String::new() };
    let key: &[u8] = if masked { frame.get(at - 4..at).unwrap_or(&[0]) } else { &[0] };
    let plain: Vec<u8> = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_are_whole_however_they_come() {
        let masked = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
        let long = [[0x81, 126, 0, 200].as_slice(), &[b'x'; 200]].concat();
        let all = [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &masked, &long].concat();
        for step in [1, 3, all.len()] {
            let chunks: Vec<&[u8]> = all.chunks(step).collect();
            let (mut one, mut other) = tokio::io::duplex(1);
            let write = async {
                for chunk in &chunks {
                    tokio::io::AsyncWriteExt::write_all(&mut one, chunk).await.unwrap();
                }
                drop(one);
            };
            let read = async {
                let mut splitter = Splitter::new();
                let mut pieces = Vec::new();
                while let Some(piece) = splitter.next(&mut other).await.unwrap() {
                    pieces.push(piece);
                }
                pieces
            };
            let ((), pieces) = tokio::join!(write, read);
            assert_eq!(pieces.len(), 3);
            assert_eq!((text(&pieces[1]), text(&pieces[2]).len()), ("hi".to_owned(), 200));
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for bytes in
            [&[][..], &[0x81], &[0x81, 0xff], &[0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]
        {
            assert_eq!(text(bytes), "");
        }
    }
}
