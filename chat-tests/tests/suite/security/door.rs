//! Before anything is said: web pages, handshakes, compression, cookies, paths.

use std::io::{Read, Write};

use anyhow::{Context, Result};
use chat_tests::http::Http;
use chat_tests::{Options, Server, uuid};
use serde_json::json;

use crate::raw_socket::{RawSocket, tcp};
use crate::scenarios::files::{http, send};
use crate::scenarios::{ada_and_lin, room};

/// A handshake as a browser sends it, with further lines; gives the head of the answer.
fn handshake(server: &Server, further: &str) -> Result<String> {
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{further}\r\n",
        server.port()
    );
    said(server, request.as_bytes())
}

/// Sends these bytes; gives what comes up to the end of a head, or of the connection.
fn said(server: &Server, request: &[u8]) -> Result<String> {
    let mut stream = tcp(server)?;
    // A server that refuses may close before it has read everything.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => bytes.push(byte[0]),
            Ok(_) => break,
            Err(cause) if cause.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(cause) => return Err(cause).context("the server still waits"),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).to_lowercase())
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[test]
fn a_page_of_another_host_needs_to_be_allowed_by_name() -> Result<()> {
    let more = vec!["--allowed-origins".to_owned(), "https://intranet.example".to_owned()];
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let own = format!("http://127.0.0.1:{}", server.port());
    for allowed in ["https://intranet.example", &own] {
        RawSocket::connect_with(&server, &[("origin", allowed)])?;
    }
    RawSocket::connect(&server).context("a program names no page")?;
    for refused in [
        "https://intranet.example.evil.example",
        "https://evil.example/https://intranet.example",
        "http://intranet.example",
        "https://intranet.example:8443",
        "https://xintranet.example",
        "http://127.0.0.1",
        "*",
        "null",
        "",
    ] {
        let head = handshake(&server, &format!("Origin: {refused}\r\n"))?;
        assert_eq!(status(&head), 403, "{refused:?}: {head}");
    }
    // Two of them are not better than one.
    let two = handshake(&server, &format!("Origin: https://evil.example\r\nOrigin: {own}\r\n"))?;
    assert_eq!(status(&two), 403, "{two}");
    Ok(())
}

#[test]
fn no_cookie_is_set_or_read() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let of_ada = http(&server, &ada);
    let file = of_ada.upload("a.txt", b"hello")?;
    send(&mut ada, &id, "", &[&file])?;
    let token = ada.own_token();
    let cookie = format!("token={token}; session={token}; Authorization=Bearer {token}");
    let head = handshake(&server, &format!("Cookie: {cookie}\r\n"))?;
    assert_eq!(status(&head), 101);
    assert!(!head.contains("set-cookie"), "{head}");
    // With the cookie of somebody who is logged in one is nobody.
    let mut raw = RawSocket::connect_with(&server, &[("cookie", &cookie)])?;
    raw.send(&json!({"type": "room.list", "id": "1", "payload": {}}).to_string())?;
    let frame = super::answer(&mut raw, "1")?;
    assert_eq!(frame["payload"]["code"], "login_required", "{frame}");
    let by_cookie = Http::stranger(&server).get(&file, &[("Cookie", &cookie)])?;
    assert_eq!(by_cookie.status, 401);
    for answer in [by_cookie, of_ada.get(&file, &[])?, of_ada.try_upload("b.txt", 3)?] {
        assert!(answer.header("set-cookie").is_none(), "{answer:?}");
        assert!(answer.header("access-control-allow-origin").is_none(), "{answer:?}");
    }
    Ok(())
}

#[test]
fn odd_handshakes_are_refused_soon() -> Result<()> {
    let (server, mut ada, _lin) = ada_and_lin()?;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    let good =
        format!("{upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    let request = |line: &str, headers: &str| format!("{line}\r\nHost: chat\r\n{headers}\r\n").into_bytes();
    let cases: Vec<(&str, Vec<u8>, &[u16])> = vec![
        // CVE-2023-43669: a header of megabytes took minutes.
        (
            "a long header",
            request("GET /ws HTTP/1.1", &format!("X: {}\r\n{good}", "x".repeat(1 << 20))),
            &[431],
        ),
        (
            "a long key",
            request("GET /ws HTTP/1.1", &format!("Sec-WebSocket-Key: {}\r\n{upgrade}", "A".repeat(64 << 10))),
            &[431],
        ),
        ("a long path", request(&format!("GET /ws?{} HTTP/1.1", "x".repeat(1 << 20)), &good), &[414, 431]),
        ("many headers", request("GET /ws HTTP/1.1", &format!("{}{good}", "X: x\r\n".repeat(5_000))), &[431]),
        ("another method", request("POST /ws HTTP/1.1", &good), &[405]),
        ("no key", request("GET /ws HTTP/1.1", &format!("{upgrade}Sec-WebSocket-Version: 13\r\n")), &[400]),
        ("another version", request("GET /ws HTTP/1.1", &good.replace("13", "8")), &[426]),
        ("no upgrade", request("GET /ws HTTP/1.1", ""), &[426]),
        ("an odd upgrade", request("GET /ws HTTP/1.1", &good.replace("websocket", "h2c")), &[426]),
        ("no HTTP", b"\x00\x01\x02\x03\r\n\r\n".to_vec(), &[0, 400]),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[0, 400]),
        ("HTTP/1.0", request("GET /ws HTTP/1.0", &good), &[426]),
        (
            "two lengths",
            request("POST /files HTTP/1.1", "Content-Length: 1\r\nContent-Length: 2\r\n"),
            &[400],
        ),
        (
            "smuggling",
            request("POST /files HTTP/1.1", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
            &[0, 400, 401, 412],
        ),
        ("a folded header", request("GET /ws HTTP/1.1", &format!("X: a\r\n b\r\n{good}")), &[400]),
        ("a bare NUL", request("GET /ws HTTP/1.1", &format!("X: a\0b\r\n{good}")), &[400]),
    ];
    for (what, bytes, expected) in cases {
        let head = said(&server, &bytes)?;
        assert!(expected.contains(&status(&head)), "{what}: {head:?}");
    }
    ada.barrier()
}

#[test]
fn compression_is_never_agreed_to() -> Result<()> {
    let server = Server::start()?;
    for offer in [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits; server_no_context_takeover, permessage-bzip2",
        "x-webkit-deflate-frame",
    ] {
        let head =
            handshake(&server, &format!("Sec-WebSocket-Extensions: {offer}\r\nAccept-Encoding: gzip\r\n"))?;
        assert_eq!(status(&head), 101, "{offer}");
        assert!(!head.contains("sec-websocket-extensions") && !head.contains("content-encoding"), "{head}");
    }
    Ok(())
}

#[test]
fn no_path_leads_out_of_its_folder() -> Result<()> {
    let (server, mut ada, _lin) = ada_and_lin()?;
    let of_ada = http(&server, &ada);
    let file = of_ada.upload("plan.txt", b"hello")?;
    for way in [
        "/files/../chat.sqlite",
        "/files/..%2fchat.sqlite",
        "/files/%2e%2e/%2e%2e/etc/passwd",
        "/files/....//....//etc/passwd",
        "/files/%00",
        "/files/C:%5cWindows",
        "/files//etc/passwd",
        "//etc/passwd",
        "/../../../../etc/passwd",
        "/hooks/../health",
        "/hooks/..%2f..%2fetc%2fpasswd",
        "/hooks/%2e%2e",
        "/static/../chat.sqlite",
    ] {
        for method in ["GET", "POST"] {
            let answer = of_ada.ask(method, way, &[], b"")?;
            assert!((400..500).contains(&answer.status), "{method} {way}: {answer:?}");
            let said = String::from_utf8_lossy(&answer.body);
            assert!(!said.contains("SQLite format") && !said.contains("root:"), "{method} {way}: {said}");
        }
    }
    for odd in [format!("{file}/.."), format!("{file}%00"), format!("../files/{file}"), uuid()] {
        assert_eq!(of_ada.get(&odd, &[])?.status, 404, "{odd}");
    }
    assert_eq!(of_ada.get(&file, &[])?.body, b"hello");
    // What people call a file is nowhere in the folder: only hashes and ids are.
    let mut names = Vec::new();
    walk(&server.data_dir(), &mut names)?;
    assert!(!names.is_empty() && !names.iter().any(|name| name.contains("plan")), "{names:?}");
    ada.barrier()
}

fn walk(folder: &std::path::Path, names: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        names.push(entry.file_name().to_string_lossy().into_owned());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), names)?;
        }
    }
    Ok(())
}

#[test]
fn what_was_uploaded_is_never_shown_by_a_browser() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let (of_ada, of_lin) = (http(&server, &ada), http(&server, &lin));
    for (name, bytes) in [
        ("page.html", &b"<!DOCTYPE html><script>alert(1)</script>"[..]),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("feed.xml", b"<?xml version='1.0'?><?xml-stylesheet href='x'?><a/>"),
        ("code.js", b"alert(1)"),
        ("a\"; filename=\"b.html", b"plain"),
        ("page.pdf", b"%PDF-1.4"),
    ] {
        let file = of_ada.upload(name, bytes)?;
        send(&mut ada, &id, "", &[&file])?;
        let answer = of_lin.get(&file, &[("Accept", "text/html")])?;
        assert_eq!(answer.status, 200, "{name}");
        let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        assert!(header("content-disposition").starts_with("attachment; filename="), "{name}: {answer:?}");
        // No name ends its own quotes.
        assert_eq!(header("content-disposition").matches('"').count(), 2, "{name}: {answer:?}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
        assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'", "{name}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{name}");
        assert_eq!(answer.body, bytes);
    }
    // A refusal repeats nothing that a browser would run.
    let refused = Http::stranger(&server).get("<script>alert(1)</script>", &[])?;
    assert!(
        refused.status >= 400 && !String::from_utf8_lossy(&refused.body).contains("<script>"),
        "{refused:?}"
    );
    Ok(())
}
