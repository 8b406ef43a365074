//! HTTP, spoken plainly: what is sent is what the test says, byte for byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::{DEADLINE, Server};

/// Somebody who speaks HTTP with a server, by a token or without.
#[derive(Debug, Clone)]
pub struct Http {
    port: u16,
    token: Option<String>,
}

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is not.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {self:?}"))
    }

    /// The code of a refusal.
    ///
    /// # Errors
    /// It is none.
    pub fn code(&self) -> Result<String> {
        Ok(self.json()?["code"].as_str().context("no code")?.to_owned())
    }
}

impl Http {
    /// Somebody with this token.
    #[must_use]
    pub fn new(server: &Server, token: &str) -> Self {
        Self { port: server.port(), token: Some(token.to_owned()) }
    }

    /// Somebody without a token.
    #[must_use]
    pub fn stranger(server: &Server) -> Self {
        Self { port: server.port(), token: None }
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// # Errors
    /// There is none.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
        let mut stream = self.begin(method, path, headers, body.len() as u64)?;
        // A server that refuses may answer, and close, before it has read everything.
        let _ = stream.write_all(body);
        read(&mut stream)
    }

    /// Sends the head of a request, whose body is for the caller to send.
    ///
    /// # Errors
    /// There is no connection.
    pub fn begin(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        length: u64,
    ) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        if let Some(token) = &self.token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if length > 0 || matches!(method, "POST" | "PATCH") {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        Ok(stream)
    }

    /// Begins an upload; gives the file's id.
    ///
    /// # Errors
    /// It is refused.
    pub fn begin_upload(&self, name: &str, size: u64) -> Result<String> {
        let answer = self.try_upload(name, size)?;
        ensure!(answer.status == 201, "{answer:?}");
        let location = answer.header("location").context("no location")?;
        Ok(location.strip_prefix("/files/").context("an odd location")?.to_owned())
    }

    /// Asks for an upload to begin.
    ///
    /// # Errors
    /// There is no answer.
    pub fn try_upload(&self, name: &str, size: u64) -> Result<Answer> {
        let metadata = format!("filename {}", STANDARD.encode(name));
        let size = size.to_string();
        let headers =
            [("Tus-Resumable", "1.0.0"), ("Upload-Length", &*size), ("Upload-Metadata", &*metadata)];
        self.ask("POST", "/files", &headers, b"")
    }

    /// Sends bytes of an upload.
    ///
    /// # Errors
    /// There is no answer.
    pub fn patch(&self, file: &str, offset: u64, bytes: &[u8]) -> Result<Answer> {
        let offset = offset.to_string();
        self.ask("PATCH", &format!("/files/{file}"), &patch_headers(&offset), bytes)
    }

    /// Sends the head of a `PATCH` that announces so many bytes, and only these of them; the
    /// connection stays open as long as the stream.
    ///
    /// # Errors
    /// There is no connection.
    pub fn patch_in_part(&self, file: &str, offset: u64, announced: u64, bytes: &[u8]) -> Result<TcpStream> {
        let offset = offset.to_string();
        let mut stream =
            self.begin("PATCH", &format!("/files/{file}"), &patch_headers(&offset), announced)?;
        stream.write_all(bytes)?;
        Ok(stream)
    }

    /// How far an upload is; `None` if there is no such upload.
    ///
    /// # Errors
    /// There is no answer.
    pub fn offset(&self, file: &str) -> Result<Option<u64>> {
        let answer = self.ask("HEAD", &format!("/files/{file}"), &[("Tus-Resumable", "1.0.0")], b"")?;
        Ok(answer.header("upload-offset").and_then(|offset| offset.parse().ok()))
    }

    /// Uploads a file; gives its id.
    ///
    /// # Errors
    /// It is refused.
    pub fn upload(&self, name: &str, bytes: &[u8]) -> Result<String> {
        let file = self.begin_upload(name, bytes.len() as u64)?;
        let answer = self.patch(&file, 0, bytes)?;
        ensure!(answer.status == 204, "{answer:?}");
        Ok(file)
    }

    /// Fetches a file.
    ///
    /// # Errors
    /// There is no answer.
    pub fn get(&self, file: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        self.ask("GET", &format!("/files/{file}"), headers, b"")
    }
}

/// Ends a connection at once, from both sides.
///
/// # Errors
/// It has ended already.
pub fn cut(stream: TcpStream) -> Result<()> {
    Ok(stream.shutdown(Shutdown::Both)?)
}

/// Reads an answer to its end.
///
/// # Errors
/// There is none.
pub fn read(stream: &mut TcpStream) -> Result<Answer> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        // The other side closed with something of ours unread; what it said came before that.
        Err(cause) if cause.kind() == std::io::ErrorKind::ConnectionReset && !bytes.is_empty() => {}
        done => {
            done?;
        }
    }
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").context("no head came")?;
    let head = std::str::from_utf8(&bytes[..end])?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?.parse()?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    Ok(Answer { status, headers, body: bytes[end + 4..].to_vec() })
}

fn patch_headers(offset: &str) -> [(&'static str, &str); 3] {
    [
        ("Tus-Resumable", "1.0.0"),
        ("Upload-Offset", offset),
        ("Content-Type", "application/offset+octet-stream"),
    ]
}
