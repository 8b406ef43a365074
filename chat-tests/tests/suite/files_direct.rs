//! Files that are fetched from the bucket itself: by real clients from a real store.

mod bucket;

use std::fs;

use anyhow::Result;
use chat_tests::http::Http;
use chat_tests::{Options, Script, Server};
use tempfile::TempDir;

use crate::cli::{Shell, json_lines};
use crate::scenarios::room;
use bucket::Bucket;

/// Larger than what one request to the store takes, and than any buffer on the way.
const LARGE: usize = 12 * 1024 * 1024;

fn server_with(bucket: &Bucket) -> Result<Server> {
    let more = vec!["--config".to_owned(), bucket.settings()?];
    Server::start_with(Options { more, ..Options::default() })
}

#[test]
fn a_download_comes_from_the_bucket_and_goes_on_there_after_a_cut() -> Result<()> {
    let bucket = Bucket::start()?;
    let server = server_with(&bucket)?;
    let mut lin = Script::register(&server, "lin")?;
    room("deploys", &mut lin, &mut [])?;
    let ada = Shell::new(&server, "ada")?;
    ada.done(&["register"])?;
    ada.done(&["join", "deploys"])?;
    let dir = TempDir::with_prefix("chat-files-")?;
    let large = dir.path().join("large.bin");
    fs::write(&large, (0..LARGE).map(|at| u8::try_from((at / 7) % 251).unwrap()).collect::<Vec<_>>())?;
    let seq = ada.done(&["upload", "#deploys", large.to_str().unwrap()])?;
    let down = dir.path().join("down");
    fs::create_dir(&down)?;
    assert!(bucket.downloads().is_empty());

    bucket.cut_after(3_000_000);
    let to = ["--output", down.to_str().unwrap(), "--json"];
    let printed = ada.done(&[&["download", "#deploys", seq.trim()][..], &to[..]].concat())?;
    let saved = json_lines(&printed)[0]["path"].as_str().unwrap().to_owned();
    assert_eq!(saved, down.join("large.bin").to_str().unwrap(), "called as the message calls it");
    assert!(fs::read(&saved)? == fs::read(&large)?, "not a byte is wrong");

    let asked = bucket.downloads();
    assert_eq!(asked.len(), 2, "once, and once again after the cut: {asked:?}");
    assert!(!asked[0].contains("\r\nrange:"), "{}", asked[0]);
    let from = asked[1].split("\r\nrange: bytes=").nth(1).and_then(|rest| rest.split('-').next());
    let from: usize = from.unwrap().parse()?;
    assert!((2_000_000..=3_000_000).contains(&from), "it goes on where it was: {from}");
    for head in &asked {
        assert!(head.starts_with("get /chat/files/"), "below the prefix: {head}");
        for secret in ["authorization", "bearer", "cookie", "if-range"] {
            assert!(!head.contains(secret), "{secret} is the server's: {head}");
        }
    }
    assert!(!server.log().contains("X-Amz-Signature"), "the address is in the log");

    // Into a pipe, too.
    let small = dir.path().join("small.txt");
    fs::write(&small, "one\ntwo\n")?;
    let seq = ada.done(&["upload", "#deploys", small.to_str().unwrap()])?;
    assert_eq!(ada.done(&["download", "#deploys", seq.trim(), "--output", "-"])?, "one\ntwo\n");
    assert_eq!(bucket.downloads().len(), 3);
    Ok(())
}

#[test]
fn only_who_may_read_gets_an_address_and_it_is_good_for_that_and_no_more() -> Result<()> {
    let bucket = Bucket::start()?;
    let server = server_with(&bucket)?;
    let ada = Script::register(&server, "ada")?;
    let lin = Script::register(&server, "lin")?;
    let http = Http::new(&server, &ada.own_token());
    let page = b"<script>alert(1)</script>";
    let (file, other) = (http.upload("page.html", page)?, http.upload("other.txt", b"other")?);

    let answer = http.get(&file, &[])?;
    assert_eq!(answer.status, 307, "{answer:?}");
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("content-disposition").unwrap().contains("page.html"));
    let (address, etag) = (answer.header("location").unwrap(), answer.header("etag").unwrap());
    assert!(address.contains("X-Amz-Expires=60&"), "{address}");
    assert!(!address.contains("page.html"), "the store is told no name: {address}");

    // What sends no bytes is answered here.
    let head = http.ask("HEAD", &format!("/files/{file}"), &[], b"")?;
    assert_eq!((head.status, head.header("location"), head.header("etag")), (200, None, Some(etag)));
    assert_eq!(http.get(&file, &[("If-None-Match", etag)])?.status, 304);
    assert_eq!(http.get(&file, &[("Range", "bytes=900-")])?.status, 416);
    let picture = http.upload("latency.png", include_bytes!("fixtures/latency.png"))?;
    let thumbnail = http.ask("GET", &format!("/files/{picture}/thumbnail"), &[], b"")?;
    assert_eq!((thumbnail.status, thumbnail.header("location")), (200, None));

    // Rights come first, and the answer says no more than without a bucket.
    for (who, status) in [(Http::new(&server, &lin.own_token()), 404), (Http::stranger(&server), 401)] {
        let refused = who.get(&file, &[])?;
        assert_eq!((refused.status, refused.header("location")), (status, None), "{refused:?}");
    }
    assert!(bucket.downloads().is_empty());

    let found = bucket.get(address, "")?;
    assert_eq!((found.status, &found.body[..]), (200, &page[..]), "{found:?}");
    assert_eq!(found.header("content-type"), Some("application/octet-stream"), "no page for a browser");
    assert_eq!(found.header("content-disposition"), Some("attachment"));
    let rest = bucket.get(address, "Range: bytes=8-\r\n")?;
    assert_eq!((rest.status, &rest.body[..]), (206, &page[8..]));

    // What is signed is this object, for a minute, as bytes: all else is refused.
    let elsewhere = http.get(&other, &[])?;
    let elsewhere = elsewhere.header("location").unwrap();
    let object = |address: &str| address.split('?').next().unwrap().to_owned();
    for (what, wrong) in [
        ("another object", address.replace(&object(address), &object(elsewhere))),
        ("for longer", address.replace("X-Amz-Expires=60", "X-Amz-Expires=6000")),
        ("as a page", address.replace("application%2Foctet-stream", "text%2Fhtml")),
        ("without proof", object(address)),
    ] {
        assert_ne!(wrong, address, "{what}");
        let refused = bucket.get(&wrong, "")?;
        assert_eq!(refused.status, 403, "{what}: {refused:?}");
    }
    Ok(())
}
