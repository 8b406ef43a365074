//! `backup` and `restore`, for people and for scripts.

use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use clap::Args;

use super::link::{refuse_root, refuse_root_alone};
use super::print;
use crate::backup::{self, Progress, Report};
use crate::config::{Config, Loaded};

/// Where a backup goes.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// A file that is not there yet, or a folder, where it gets a name with the time
    dest: PathBuf,
}

/// What is restored.
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// A backup
    src: PathBuf,
    /// Only verify it; restore nothing
    #[arg(long)]
    check: bool,
}

pub(super) async fn backup(args: BackupArgs, loaded: Loaded, json: bool) -> anyhow::Result<()> {
    let file = loaded.file.clone();
    let config = loaded.check()?;
    refuse_root_alone(&config.data_dir).await?;
    let report = backup::backup(&config, file.as_deref(), &args.dest, Progress::new()).await?;
    if json {
        return print(&format!("{}\n", serde_json::to_string(&report)?));
    }
    print(&format!("{} ({})\n{}", report.path.display(), ByteSize(report.bytes), words(&report)))
}

pub(super) fn restore(args: &RestoreArgs, config: &Config, json: bool) -> anyhow::Result<()> {
    let report = match args.check {
        true => checked(&args.src)?,
        false => {
            refuse_root(&config.data_dir)?;
            backup::restore(&args.src, &config.data_dir, Progress::new())?
        }
    };
    if json {
        return print(&format!("{}\n", serde_json::to_string(&report)?));
    }
    let what = if args.check { "whole" } else { "restored" };
    let next = match args.check {
        true => "",
        false => "Start the server; its people's clients fetch what they need anew by themselves.\n",
    };
    print(&format!("{what}: {}\n{}{next}", report.path.display(), words(&report)))
}

fn checked(archive: &Path) -> anyhow::Result<Report> {
    let mut progress = Progress::new();
    let mut manifest = backup::verify(archive, &mut progress)?;
    manifest.parts.clear();
    progress.end();
    Ok(Report { path: archive.to_owned(), bytes: std::fs::metadata(archive)?.len(), manifest })
}

fn words(report: &Report) -> String {
    let inside = &report.manifest;
    let mut text = format!(
        "{} accounts, {} conversations, {} events, {} files; schema {}, by version {}\n",
        inside.users, inside.conversations, inside.events, inside.files, inside.schema, inside.version
    );
    for not in &inside.not_inside {
        text.push_str(&format!("NOT inside: {not}\n"));
    }
    for damaged in &inside.damaged {
        text.push_str(&format!("damaged before the backup was made: {damaged}\n"));
    }
    text
}
