//! The head of a connection: from HTTP to the WebSocket.

use crate::frame::Strange;

/// The longest head of an answer that is waited for; the server's has some 150 bytes.
const HEAD_BYTES: usize = 8 * 1024;

/// A key that is always the same: the server's proof that it read it is not what is measured.
const REQUEST: &[u8] =
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Appends the request.
pub(crate) fn write(out: &mut Vec<u8>) {
    out.extend_from_slice(REQUEST);
}

/// The bytes of the answer's head; `None` where it is not all there yet.
///
/// # Errors
/// The server did not accept it.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<usize>, Strange> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > HEAD_BYTES { Err(Strange("a head without an end")) } else { Ok(None) };
    };
    if bytes.starts_with(b"HTTP/1.1 101 ") {
        Ok(Some(end + 4))
    } else if bytes.starts_with(b"HTTP/1.1 429 ") {
        Err(Strange("429: too many connections from one address"))
    } else {
        Err(Strange("an answer that is no upgrade"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_upgrade_is_taken() {
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
        assert_eq!(read(answer), Ok(Some(answer.len())));
        assert_eq!(read(&answer[..answer.len() - 1]), Ok(None));
        assert!(read(b"HTTP/1.1 429 Too Many Requests\r\n\r\n").unwrap_err().0.contains("429"));
        assert!(read(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(read(&[b'x'; HEAD_BYTES + 1]).is_err());
    }
}
