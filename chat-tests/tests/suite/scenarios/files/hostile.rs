//! Uploads that lie, and files that bite.

use anyhow::Result;
use chat_tests::http::{cut, read};
use chat_tests::uuid;
use serde_json::{Value, json};

use super::super::{ada_and_lin, room};
use super::{http, noise, send};

/// A PNG of a few bytes that says it has 60,000 by 60,000 pixels.
const BOMB: &[u8] = include_bytes!("../../fixtures/bomb.png");

#[test]
fn offsets_and_lengths_that_lie_change_nothing() -> Result<()> {
    let (server, ada, _lin) = ada_and_lin()?;
    let ada = http(&server, &ada);
    let file = ada.begin_upload("a.bin", 10)?;
    for offset in [1, 10, 11, u64::MAX] {
        let refused = ada.patch(&file, offset, b"x")?;
        assert_eq!((refused.status, refused.header("upload-offset")), (409, Some("0")), "{offset}");
    }
    assert_eq!(ada.patch(&file, 0, &[7; 11])?.status, 413, "more than was announced");
    let at = ada.offset(&file)?.unwrap();
    assert!(at <= 10, "{at}");
    let path = format!("/files/{file}");
    let at = at.to_string();
    for (name, value, status) in [
        ("Upload-Offset", "-1", 400),
        ("Upload-Offset", "0x0", 400),
        ("Upload-Offset", "18446744073709551616", 400),
        ("Content-Type", "text/plain", 415),
        ("Tus-Resumable", "0.2.0", 412),
        ("Tus-Resumable", "", 412),
    ] {
        let mut headers = vec![
            ("Tus-Resumable", "1.0.0"),
            ("Upload-Offset", &*at),
            ("Content-Type", "application/offset+octet-stream"),
        ];
        headers.retain(|(other, _)| *other != name);
        headers.push((name, value));
        assert_eq!(ada.ask("PATCH", &path, &headers, b"")?.status, status, "{name}: {value}");
    }
    // It announces a byte, and closes without it.
    let whole = ada.begin_upload("b.bin", 10)?;
    cut(ada.patch_in_part(&whole, 0, 10, &[7; 9])?)?;
    assert!(ada.offset(&whole)?.unwrap() <= 9);
    assert_eq!(ada.get(&whole, &[])?.status, 404, "what is not complete cannot be fetched");
    Ok(())
}

#[test]
fn sizes_and_names_that_cannot_be_are_refused() -> Result<()> {
    let (server, ada, _lin) = ada_and_lin()?;
    let ada = http(&server, &ada);
    for name in ["../../etc/passwd", "a/b", "a\\b", "..", "", " ", "a\nb", "a\u{1b}[2J", "gpj.\u{202e}exe"] {
        let refused = ada.try_upload(name, 1)?;
        assert_eq!((refused.status, refused.code()?), (400, "invalid".to_owned()), "{name:?}");
    }
    assert_eq!(ada.try_upload(&"x".repeat(201), 1)?.status, 400);
    let head = |length, metadata| {
        [("Tus-Resumable", "1.0.0"), ("Upload-Length", length), ("Upload-Metadata", metadata)]
    };
    for (length, metadata, status) in [
        ("-1", "filename YQ==", 400),
        ("many", "filename YQ==", 400),
        ("18446744073709551615", "filename YQ==", 413),
        ("99999999999999999999", "filename YQ==", 400),
        ("1", "filename", 400),
        ("1", "filename !", 400),
        ("1", "filename /w==", 400),
        ("1", "name YQ==", 400),
    ] {
        let answer = ada.ask("POST", "/files", &head(length, metadata), b"")?;
        assert_eq!(answer.status, status, "{length} {metadata}");
    }
    let long = format!("filename {}", "YQ==".repeat(5_000));
    let huge = ada.ask("POST", "/files", &head("1", &long), b"")?;
    assert_eq!(huge.status, 431, "a head has its bound");
    let many: Vec<(&str, &str)> = (0..100).map(|_| ("X-Filler", "x")).collect();
    assert_eq!(ada.ask("GET", &format!("/files/{}", uuid()), &many, b"")?.status, 431);
    for odd in ["/files/", "/files/..", "/files/%2e%2e%2fchat.sqlite", "/files/x", "/files//thumbnail"] {
        assert_eq!(ada.ask("GET", odd, &[], b"")?.status, 404, "{odd}");
    }
    let empty = ada.begin_upload("empty.txt", 0)?;
    assert_eq!(ada.get(&empty, &[])?.status, 200, "an empty file is one");
    Ok(())
}

#[test]
fn a_picture_bomb_is_a_file_without_a_thumbnail() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let of_ada = http(&server, &ada);
    let before = server.resident_bytes()?;
    let bomb = of_ada.upload("bomb.png", BOMB)?;
    let broken = of_ada.upload("broken.png", &BOMB[..30])?;
    let page = of_ada.upload("page.png", b"<!DOCTYPE html><script>alert(1)</script>")?;
    send(&mut ada, &id, "look", &[&bomb, &broken, &page])?;
    let files = lin.expect("event", |event| event["body"] == "look")?["files"].take();
    assert_eq!(files[0]["picture"], json!({"width": 60_000, "height": 60_000}));
    assert_eq!((&files[1]["picture"], &files[1]["media_type"]), (&Value::Null, &json!("image/png")));
    assert_eq!(files[2]["media_type"], "text/html", "it is what it is, and never shown by a browser");
    assert_eq!(of_ada.ask("GET", &format!("/files/{bomb}/thumbnail"), &[], b"")?.status, 404);
    let page = of_ada.get(&page, &[])?;
    assert!(page.header("content-disposition").is_some_and(|how| how.starts_with("attachment")));
    let grown = server.resident_bytes()?.saturating_sub(before);
    assert!(grown < 100 << 20, "the server grew by {grown} bytes");
    Ok(())
}

#[test]
fn one_person_cannot_take_all_the_places() -> Result<()> {
    let (server, ada, lin) = ada_and_lin()?;
    let (ada, lin) = (http(&server, &ada), http(&server, &lin));
    let mut held = Vec::new();
    for n in 0..4 {
        let file = ada.begin_upload(&format!("{n}.bin"), 1_000_000)?;
        held.push(ada.patch_in_part(&file, 0, 1_000_000, &noise(10))?);
    }
    // Each has its place when the server has read of it; the one too many is told so.
    let file = ada.begin_upload("one-too-many.bin", 10)?;
    let until = std::time::Instant::now() + chat_tests::DEADLINE;
    loop {
        let answer = ada.patch(&file, ada.offset(&file)?.unwrap(), b"")?;
        if answer.status == 429 {
            assert!(answer.header("retry-after").is_some());
            break;
        }
        assert!(std::time::Instant::now() < until, "a fifth upload ran: {answer:?}");
    }
    lin.upload("mine.bin", &noise(10))?;
    for mut stream in held {
        cut(stream.try_clone()?)?;
        assert!(read(&mut stream).is_err());
    }
    for n in 0..95 {
        assert_eq!(ada.try_upload(&format!("{n}.txt"), 1)?.status, 201);
    }
    let full = ada.try_upload("more.txt", 1)?;
    assert_eq!((full.status, full.code()?), (507, "storage_full".to_owned()), "unsent ones are bounded");
    Ok(())
}
