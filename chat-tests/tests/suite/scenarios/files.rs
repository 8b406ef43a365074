//! Files: uploaded in parts, sent, fetched by who may, gone with their messages.

mod hostile;
mod rights;

use std::path::Path;

use anyhow::Result;
use chat_tests::http::{Http, cut};
use chat_tests::{Options, Script, Server, uuid};
use serde_json::{Value, json};

use super::{ada_and_lin, message, room, say, say_with, stands, text};

/// A real picture of 640 by 320 pixels.
pub(crate) const PICTURE: &[u8] = include_bytes!("../fixtures/latency.png");

/// Bytes that look like nothing, the same each time.
pub(crate) fn noise(size: usize) -> Vec<u8> {
    let mut state = 7_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(size)
    .collect()
}

/// Speaks HTTP as this person.
pub(crate) fn http(server: &Server, script: &Script) -> Http {
    Http::new(server, &script.own_token())
}

/// Sends a message with these files; gives its number.
pub(crate) fn send(script: &mut Script, conversation: &str, body: &str, files: &[&str]) -> Result<u64> {
    say_with(script, conversation, body, json!({"files": files}))
}

/// How many contents lie in the server's folder, thumbnails apart.
fn contents(server: &Server) -> usize {
    let folder = server.data_dir().join("files");
    let folders = std::fs::read_dir(folder).into_iter().flatten().flatten();
    folders.filter(|entry| entry.file_name() != "thumbnails").map(|entry| count(&entry.path())).sum()
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).into_iter().flatten().count()
}

#[test]
fn a_picture_is_uploaded_sent_seen_and_fetched() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let file = http(&server, &ada).upload("latency.png", PICTURE)?;
    let seq = send(&mut ada, &id, "", &[&file])?;
    let event = lin.expect("event", |event| event["seq"] == seq)?;
    let told = &event["files"][0];
    assert_eq!((&told["id"], &told["name"]), (&json!(file), &json!("latency.png")));
    assert_eq!((&told["size"], &told["media_type"]), (&json!(PICTURE.len()), &json!("image/png")));
    assert_eq!((&told["picture"]["width"], &told["picture"]["height"]), (&json!(640), &json!(320)));
    assert!(told["picture"]["blurhash"].as_str().is_some_and(|blur| blur.len() > 5), "{told}");
    assert_eq!(stands(&mut lin, &id, seq)?["files"], event["files"], "history says the same");

    let lin = http(&server, &lin);
    let whole = lin.get(&file, &[])?;
    assert_eq!((whole.status, &*whole.body), (200, PICTURE));
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-disposition", "attachment; filename=\"latency.png\"; filename*=UTF-8''latency.png"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "private, no-cache"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(whole.header(name), Some(value), "{name}");
    }
    let head = lin.ask("HEAD", &format!("/files/{file}"), &[], b"")?;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(&*PICTURE.len().to_string()));
    let thumbnail = lin.ask("GET", &format!("/files/{file}/thumbnail"), &[], b"")?;
    assert_eq!((thumbnail.status, thumbnail.header("content-type")), (200, Some("image/jpeg")));
    assert!(thumbnail.body.starts_with(b"\xff\xd8\xff"));
    Ok(())
}

#[test]
fn a_download_is_continued_where_it_broke() -> Result<()> {
    let (server, ada, _lin) = ada_and_lin()?;
    let (ada, bytes) = (http(&server, &ada), noise(300_000));
    let file = ada.upload("noise.bin", &bytes)?;
    let etag = ada.get(&file, &[])?.header("etag").unwrap().to_owned();
    let rest = ada.get(&file, &[("Range", "bytes=200000-"), ("If-Range", &etag)])?;
    assert_eq!((rest.status, &*rest.body), (206, &bytes[200_000..]));
    assert_eq!(rest.header("content-range"), Some("bytes 200000-299999/300000"));
    let other = ada.get(&file, &[("Range", "bytes=200000-"), ("If-Range", "\"other\"")])?;
    assert_eq!((other.status, other.body.len()), (200, bytes.len()), "never glued to other bytes");
    assert_eq!(ada.get(&file, &[("Range", "bytes=300000-")])?.status, 416);
    assert_eq!(ada.get(&file, &[("If-None-Match", &etag)])?.status, 304);
    Ok(())
}

/// Sends what is missing, as the protocol says: if the offset is another by then, because what was
/// sent before came late, or that is being taken just then, it is asked anew. Once for each of them is enough.
fn finish(http: &Http, file: &str, bytes: &[u8]) -> Result<()> {
    for _ in 0..3 {
        let at = http.offset(file)?.unwrap();
        let rest = http.patch(file, at, &bytes[usize::try_from(at)?..])?;
        if rest.status == 204 {
            assert_eq!(rest.header("upload-offset"), Some(&*bytes.len().to_string()));
            return Ok(());
        }
        assert!(matches!(rest.status, 409 | 503), "{rest:?}");
    }
    anyhow::bail!("the upload does not come to its end")
}

#[test]
fn an_upload_that_was_cut_goes_on_where_it_was() -> Result<()> {
    let (server, ada, _lin) = ada_and_lin()?;
    let (ada, bytes) = (http(&server, &ada), noise(500_000));
    let file = ada.begin_upload("noise.bin", 500_000)?;
    cut(ada.patch_in_part(&file, 0, 500_000, &bytes[..200_000])?)?;
    // Another that hangs makes way as well.
    let at = ada.offset(&file)?.unwrap();
    assert!(at <= 200_000, "{at}");
    let hanging = ada.patch_in_part(&file, at, 500_000 - at, &bytes[usize::try_from(at)?..300_000])?;
    finish(&ada, &file, &bytes)?;
    drop(hanging);
    assert_eq!(ada.get(&file, &[])?.body, bytes);
    assert_eq!(ada.offset(&file)?, Some(500_000));
    Ok(())
}

#[test]
fn an_upload_survives_the_death_of_the_server() -> Result<()> {
    let (mut server, ada, _lin) = ada_and_lin()?;
    let (ada, bytes) = (http(&server, &ada), noise(600_000));
    let file = ada.begin_upload("noise.bin", 600_000)?;
    let first = ada.patch(&file, 0, &bytes[..100_000])?;
    assert_eq!(first.header("upload-offset"), Some("100000"));
    let hanging = ada.patch_in_part(&file, 100_000, 500_000, &bytes[100_000..400_000])?;
    server.kill();
    drop(hanging);
    server.restart()?;
    let at = ada.offset(&file)?.unwrap();
    assert!((100_000..=400_000).contains(&at), "what was told is kept: {at}");
    finish(&ada, &file, &bytes)?;
    assert_eq!(ada.get(&file, &[])?.body, bytes);
    assert_eq!(count(&server.data_dir().join("uploads")), 0, "nothing is left of the parts");
    Ok(())
}

#[test]
fn the_same_bytes_are_kept_once_and_go_with_their_last_message() -> Result<()> {
    let (mut server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let (of_ada, of_lin) = (http(&server, &ada), http(&server, &lin));
    let (one, two) = (of_ada.upload("a.png", PICTURE)?, of_lin.upload("b.png", PICTURE)?);
    assert_ne!(one, two);
    assert_eq!(contents(&server), 1);
    let first = send(&mut ada, &id, "one", &[&one])?;
    let second = send(&mut lin, &id, "two", &[&two])?;
    ada.ok("message.delete", json!({"conversation": id, "seq": first}))?;
    assert_eq!(of_ada.get(&one, &[])?.status, 404, "for who uploaded it, too");
    assert_eq!(of_ada.get(&two, &[])?.body, PICTURE);
    lin.ok("message.delete", json!({"conversation": id, "seq": second}))?;
    // A server sweeps as soon as it starts.
    server.kill();
    server.restart()?;
    let until = std::time::Instant::now() + chat_tests::DEADLINE;
    while contents(&server) > 0 {
        assert!(std::time::Instant::now() < until, "the content stays: {}", server.log());
        std::thread::yield_now();
    }
    Ok(())
}

#[test]
fn a_forwarded_message_carries_its_files_along() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut eve = Script::register(&server, "eve")?;
    let from = room("deploys", &mut ada, &mut [&mut lin])?;
    let to = room("random", &mut lin, &mut [&mut eve])?;
    let file = http(&server, &ada).upload("notes.txt", b"hello\n")?;
    let seq = send(&mut ada, &from, "notes", &[&file])?;
    let of_eve = http(&server, &eve);
    assert_eq!(of_eve.get(&file, &[])?.status, 404);
    let forward = json!({"forward": {"conversation": from, "seq": seq}});
    let copy = say_with(&mut lin, &to, "claimed", forward)?;
    let event = eve.expect("event", |event| event["seq"] == copy)?;
    assert_eq!(event["files"][0]["name"], "notes.txt");
    assert_eq!(of_eve.get(&file, &[])?.body, b"hello\n");
    ada.ok("message.delete", json!({"conversation": from, "seq": seq}))?;
    assert_eq!(of_eve.get(&file, &[])?.status, 200, "the copy is a message of its own");
    lin.ok("message.delete", json!({"conversation": to, "seq": copy}))?;
    assert_eq!(of_eve.get(&file, &[])?.status, 404);
    Ok(())
}

#[test]
fn a_deleted_message_leaves_no_name_and_an_edited_one_keeps_its_files() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let file = http(&server, &ada).upload("salaries.txt", b"1\n")?;
    let seq = send(&mut ada, &id, "see", &[&file])?;
    ada.ok("message.edit", json!({"conversation": id, "seq": seq, "body": ""}))?;
    let stands_now = stands(&mut lin, &id, seq)?;
    assert_eq!((&stands_now["body"], &stands_now["files"][0]["id"]), (&json!(""), &json!(file)));
    let plain = say(&mut ada, &id, "a text")?;
    let empty = json!({"conversation": id, "seq": plain, "body": ""});
    assert_eq!(ada.refused("message.edit", empty)?, "invalid");
    ada.ok("message.delete", json!({"conversation": id, "seq": seq}))?;
    let history = lin.ok("history.get", json!({"conversation": id}))?.to_string();
    assert!(!history.contains("salaries"), "{history}");
    assert!(lin.ok("search", json!({"query": "salaries"}))?["hits"].as_array().unwrap().is_empty());
    Ok(())
}

#[test]
fn files_are_found_by_name_and_by_being_there() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let file = http(&server, &ada).upload("Quarterly Report.txt", b"1\n")?;
    let seq = send(&mut ada, &id, "here it is", &[&file])?;
    say(&mut ada, &id, "a report without a file")?;
    for query in ["quarterly", "has:file", "report has:file", "here has:file"] {
        let hits = lin.ok("search", json!({"query": query}))?["hits"].take();
        let found: Vec<&Value> = hits.as_array().unwrap().iter().map(|hit| &hit["event"]["seq"]).collect();
        assert_eq!(found, [&json!(seq)], "{query}");
    }
    let hit = lin.ok("search", json!({"query": "quarterly"}))?["hits"][0].take();
    assert!(text(&hit["snippet"]).contains("Quarterly Report.txt"), "{hit}");
    Ok(())
}

#[test]
fn limits_say_what_they_are_and_what_to_do() -> Result<()> {
    let more = ["--file-size", "1MiB", "--files-per-user", "1500KiB"].map(str::to_owned).to_vec();
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    let mut stranger = Script::stranger(&server)?;
    let hello = stranger.expect("hello", |_| true)?;
    assert_eq!(
        (&hello["limits"]["file_bytes"], &hello["limits"]["files_per_message"]),
        (&json!(1 << 20), &json!(10))
    );
    let of_ada = http(&server, &ada);
    let large = of_ada.try_upload("large.bin", (1 << 20) + 1)?;
    assert_eq!((large.status, large.code()?), (413, "too_large".to_owned()));
    assert!(text(&large.json()?["message"]).contains("1.0 MiB"), "{large:?}");
    let file = of_ada.upload("first.bin", &noise(1 << 20))?;
    let full = of_ada.try_upload("second.bin", 1 << 20)?;
    assert_eq!((full.status, full.code()?), (507, "storage_full".to_owned()));
    assert!(text(&full.json()?["message"]).contains("take 1.0 MiB of 1.5 MiB"), "{full:?}");

    let page = ada.ok("file.list", json!({}))?;
    assert_eq!((&page["used"], &page["quota"]), (&json!(1 << 20), &json!(1500 * 1024)));
    assert_eq!((&page["files"][0]["name"], &page["files"][0]["used"]), (&json!("first.bin"), &Value::Null));
    ada.ok("file.delete", json!({"file": file}))?;
    assert_eq!(of_ada.try_upload("second.bin", 1 << 20)?.status, 201);
    Ok(())
}

#[test]
fn people_see_their_own_files_and_where_they_are() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let of_ada = http(&server, &ada);
    let sent = of_ada.upload("sent.txt", b"1")?;
    let begun = of_ada.begin_upload("begun.txt", 10)?;
    of_ada.patch(&begun, 0, b"12345")?;
    let seq = send(&mut ada, &id, "", &[&sent])?;
    let page = ada.ok("file.list", json!({}))?;
    let files = page["files"].as_array().unwrap();
    assert_eq!((files.len(), &page["used"], &page["more"]), (2, &json!(11), &json!(false)));
    assert_eq!((&files[0]["id"], &files[0]["received"]), (&json!(begun), &json!(5)), "the newest first");
    assert_eq!(files[1]["messages"], json!([{"conversation": id, "seq": seq}]));
    assert_eq!(ada.refused("file.delete", json!({"file": sent}))?, "forbidden");
    assert!(lin.ok("file.list", json!({}))?["files"].as_array().unwrap().is_empty());
    let page = ada.ok("file.list", json!({"before": begun, "limit": 1}))?;
    assert_eq!((&page["files"][0]["id"], &page["more"]), (&json!(sent), &json!(false)));
    ada.ok("file.delete", json!({"file": begun}))?;
    assert_eq!(of_ada.offset(&begun)?, None);
    assert_eq!(count(&server.data_dir().join("uploads")), 0);
    Ok(())
}

#[test]
fn a_send_with_files_is_whole_and_once() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let of_ada = http(&server, &ada);
    let file = of_ada.upload("a.txt", b"1")?;
    let unfinished = of_ada.begin_upload("b.txt", 10)?;
    let of_lin = http(&server, &lin).upload("c.txt", b"2")?;
    let mut try_send = |files: Value| -> Result<String> {
        let mut payload = message(&id, &uuid(), "");
        payload["files"] = files;
        ada.refused("message.send", payload)
    };
    for files in [json!([unfinished]), json!([of_lin]), json!([uuid()]), json!([file, uuid()])] {
        assert_eq!(try_send(files.clone())?, "not_found", "{files}");
    }
    assert_eq!(try_send(json!([]))?, "invalid", "neither text nor file");
    assert_eq!(try_send(json!([file, file]))?, "invalid", "twice");
    assert_eq!(try_send(json!(vec![&file; 11]))?, "invalid", "too many");
    let mut payload = message(&id, &uuid(), "");
    payload["files"] = json!([file]);
    let first = ada.ok("message.send", payload.clone())?;
    let again = ada.ok("message.send", payload)?;
    assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &json!(true)));
    // The same upload may go elsewhere, too.
    send(&mut ada, &id, "and here", &[&file])?;
    Ok(())
}
