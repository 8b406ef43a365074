//! Files from a shell: sent, listed, fetched, and continued after a kill.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use chat_tests::{DEADLINE, Options, Running, Script, Server, Signal, run};
use serde_json::json;
use tempfile::TempDir;

use crate::cli::{Shell, json_lines};
use crate::scenarios::room;

/// Larger than any buffer on the way, so that a stopped server stops its sender in the middle.
const LARGE: usize = 48 * 1024 * 1024;

/// Ada at a shell and lin with a script, both in a room; and a folder.
fn stage(options: Options) -> Result<(Server, Shell, Script, TempDir)> {
    let server = Server::start_with(options)?;
    let mut lin = Script::register(&server, "lin")?;
    room("deploys", &mut lin, &mut [])?;
    let ada = Shell::new(&server, "ada")?;
    ada.done(&["register"])?;
    ada.done(&["join", "deploys"])?;
    Ok((server, ada, lin, TempDir::with_prefix("chat-files-")?))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn files_go_up_and_come_down_again() -> Result<()> {
    let (_server, ada, mut lin, dir) = stage(Options::default())?;
    let (picture, notes) = (dir.path().join("latency.png"), dir.path().join("notes.txt"));
    fs::write(&picture, include_bytes!("fixtures/latency.png"))?;
    fs::write(&notes, "one\ntwo\n")?;
    let seq = ada.done(&["upload", "#deploys", text(&picture), text(&notes), "--text", "graph attached"])?;
    let event = lin.expect_message("graph attached")?;
    assert_eq!(
        (&event["files"][0]["name"], &event["files"][1]["name"]),
        (&json!("latency.png"), &json!("notes.txt"))
    );
    let shown = ada.done(&["history", "#deploys"])?;
    assert!(shown.contains("  ▣ latency.png 640×320 15 kB\n  ▣ notes.txt 8 B\n"), "{shown}");

    let down = dir.path().join("down");
    fs::create_dir(&down)?;
    for names in [["latency.png", "notes.txt"], ["latency (2).png", "notes (2).txt"]] {
        let printed = ada.done(&["download", "#deploys", seq.trim(), "--output", text(&down), "--json"])?;
        let saved: Vec<PathBuf> =
            json_lines(&printed).iter().map(|line| PathBuf::from(line["path"].as_str().unwrap())).collect();
        assert_eq!(saved, names.map(|name| down.join(name)), "nothing is overwritten");
        assert_eq!((fs::read(&saved[0])?, fs::read(&saved[1])?), (fs::read(&picture)?, fs::read(&notes)?));
    }
    assert_eq!(fs::read_dir(&down)?.count(), 4, "no parts are left");

    // Without a text, in the way of `send`; and to a pipe.
    let seq = ada.done(&["send", "#deploys", "--file", text(&notes)])?;
    let place = format!("#deploys:{}", seq.trim());
    assert_eq!(ada.done(&["download", &place, "--output", "-"])?, "one\ntwo\n");
    let renamed = dir.path().join("renamed.txt");
    ada.done(&["download", &place, "--output", text(&renamed)])?;
    assert_eq!(fs::read(&renamed)?, b"one\ntwo\n");

    // Into a folder whose name is no text.
    let odd = dir.path().join(OsStr::from_bytes(b"odd \xff"));
    fs::create_dir(&odd)?;
    for more in [&[][..], &["--json"]] {
        let mut command = ada.command(&[&["download", &place][..], more].concat())?;
        command.arg("--output").arg(&odd);
        let done = run(command, "")?;
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(fs::read(odd.join("notes.txt"))?, b"one\ntwo\n");

    let listed = json_lines(&ada.done(&["files", "--json"])?);
    assert_eq!(listed.len(), 3, "{listed:?}");
    let words = ada.done(&["files"])?;
    assert!(words.contains(&place) && words.contains("your files take"), "{words}");
    let used = listed[0]["id"].as_str().unwrap();
    ada.fails(&["files", "--delete", used], 1)?;
    assert!(ada.fails(&["download", "#deploys", "1"], 1)?.contains("no such message"));
    assert!(ada.fails(&["download", "01997f00-0000-7000-8000-000000009001"], 1)?.contains("no such file"));
    let missing = ada.fails(&["send", "#deploys", "--file", "/nowhere/x.png"], 2)?;
    assert!(missing.contains("/nowhere/x.png"), "{missing}");
    assert!(ada.fails(&["send", "#deploys", "--file", text(dir.path())], 2)?.contains("not a file"));
    Ok(())
}

#[test]
fn what_is_too_large_is_told_before_it_is_sent() -> Result<()> {
    let more = ["--file-size", "1kB"].map(str::to_owned).to_vec();
    let (_server, ada, _lin, dir) = stage(Options { more, ..Options::default() })?;
    let large = dir.path().join("large.bin");
    fs::write(&large, vec![7; 1_001])?;
    let reason = ada.fails(&["upload", "#deploys", text(&large)], 1)?;
    assert!(reason.contains("takes 1 kB"), "{reason}");
    Ok(())
}

/// The server stands still while the client is killed; so it is always in the middle.
#[test]
fn an_upload_that_was_killed_goes_on_in_the_next_run() -> Result<()> {
    let (mut server, ada, mut lin, dir) = stage(Options::default())?;
    let large = dir.path().join("large.bin");
    fs::write(&large, (0..LARGE).map(|at| u8::try_from((at / 3) % 251).unwrap()).collect::<Vec<_>>())?;
    let uploads = server.data_dir().join("uploads");
    let arguments = ["upload", "#deploys", text(&large), "--text", "here"];
    let mut first = Running::start(ada.command(&arguments)?)?;
    let until = Instant::now() + DEADLINE;
    let part = loop {
        let part = fs::read_dir(&uploads)?.flatten().next();
        if let Some(part) = part.filter(|part| part.metadata().is_ok_and(|part| part.len() > 9_000_000)) {
            break part.path();
        }
        assert!(Instant::now() < until && !first.has_ended(), "no part came: {}", first.stderr());
        std::thread::yield_now();
    };
    server.signal(Signal::Stop)?;
    let came = fs::metadata(&part)?.len();
    assert!(came < LARGE as u64, "{came}");
    first.kill();
    server.signal(Signal::Continue)?;

    let seq = ada.done(&arguments)?;
    let event = lin.expect_message("here")?;
    assert_eq!(event["files"][0]["size"], LARGE);
    let id = part.file_name().unwrap().to_str().unwrap();
    assert_eq!(event["files"][0]["id"], id, "it is the upload that was begun before");
    let down = dir.path().join("down.bin");
    ada.done(&["download", "#deploys", seq.trim(), "--output", text(&down)])?;
    assert!(fs::read(&down)? == fs::read(&large)?, "not a byte is wrong");
    Ok(())
}

#[test]
fn a_download_that_was_killed_goes_on_in_the_next_run() -> Result<()> {
    let (mut server, ada, _lin, dir) = stage(Options::default())?;
    let large = dir.path().join("large.bin");
    fs::write(&large, (0..LARGE).map(|at| u8::try_from((at / 5) % 251).unwrap()).collect::<Vec<_>>())?;
    let seq = ada.done(&["upload", "#deploys", text(&large)])?;
    let down = dir.path().join("down");
    fs::create_dir(&down)?;
    let arguments = ["download", "#deploys", seq.trim(), "--output", text(&down)];
    let mut first = Running::start(ada.command(&arguments)?)?;
    let until = Instant::now() + DEADLINE;
    let part = loop {
        let part = fs::read_dir(&down)?.flatten().next();
        if let Some(part) = part.filter(|part| part.metadata().is_ok_and(|part| part.len() > 1_000_000)) {
            break part.path();
        }
        assert!(Instant::now() < until && !first.has_ended(), "no part came: {}", first.stderr());
        std::thread::yield_now();
    };
    server.signal(Signal::Stop)?;
    first.kill();
    assert!(text(&part).ends_with(".part"), "{part:?}");
    // If the rest were fetched from the beginning, this would be overwritten: it is compared, and
    // a part that is not the beginning of the file is thrown away.
    let came = fs::metadata(&part)?.len();
    server.signal(Signal::Continue)?;
    assert!(came < LARGE as u64);
    ada.done(&arguments)?;
    assert!(fs::read(down.join("large.bin"))? == fs::read(&large)?, "not a byte is wrong");

    fs::write(&part, vec![0; 1_000_000])?;
    assert!(ada.fails(&arguments, 1)?.contains("damaged"), "a part of something else");
    ada.done(&arguments)?;
    assert!(fs::read(down.join("large (2).bin"))? == fs::read(&large)?);
    Ok(())
}
