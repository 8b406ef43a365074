//! Any bytes as the archive of an import: Slack's zip as it came, a zip that is whole but says odd
//! things, and the lines of our own export. Each is taken or refused with a sentence.
#![no_main]

use std::io::Write;
use std::path::Path;

use chat_server::backup::Progress;
use chat_server::config::{self, Places, Settings};
use chat_server::exchange::{Source, import};
use libfuzzer_sys::fuzz_target;

fn take_in(data: &[u8]) -> std::io::Result<()> {
    let dir = tempfile::tempdir()?;
    let (kind, rest) = data.split_first().unwrap_or((&0, &[]));
    let archive = dir.path().join("archive");
    let source = match kind % 3 {
        0 => {
            std::fs::write(&archive, rest)?;
            Source::Slack(archive)
        }
        1 => {
            whole(&archive, rest)?;
            Source::Slack(archive)
        }
        _ => {
            std::fs::create_dir(&archive)?;
            std::fs::write(archive.join("export.jsonl"), rest)?;
            Source::Ours(archive)
        }
    };
    let data_dir = dir.path().join("data");
    std::fs::create_dir(&data_dir)?;
    let places = Places { data_dir: Some(data_dir), config: None };
    let config = config::load(&places, Settings::default()).and_then(config::Loaded::check);
    let config = config.expect("the defaults can be used");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Only asked: the same code on a database that is thrown away.
    if let Err(refused) = runtime.block_on(import(&config, &source, true, Progress::quiet())) {
        assert!(!refused.to_string().is_empty());
    }
    Ok(())
}

/// A whole zip: names and contents, divided by zeroes.
fn whole(path: &Path, data: &[u8]) -> std::io::Result<()> {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path)?);
    let mut parts = data.split(|byte| *byte == 0);
    while let (Some(name), Some(content)) = (parts.next(), parts.next()) {
        // A name that is there already is refused by who writes the zip, not by who reads it.
        let name = String::from_utf8_lossy(name);
        if zip.start_file(name, zip::write::SimpleFileOptions::default()).is_ok() {
            zip.write_all(content)?;
        }
    }
    zip.finish()?;
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    take_in(data).expect("the disk can be written");
});
