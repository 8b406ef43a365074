//! What lies on the disk: the configuration, the data directory, the database, the files.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::Finding;
use crate::config::Config;
use crate::files::{self, Place};
use crate::serve::DATABASE;
use crate::store;

/// The bits by which others than the owner may look.
const OTHERS: u32 = 0o077;

/// How long a store of files may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) fn configuration(file: Option<&Path>) -> Finding {
    const CHECK: &str = "configuration";
    let Some(file) = file else {
        return Finding::ok(CHECK, "no file; flags, variables and defaults");
    };
    let mode = fs::metadata(file).map_or(0, |meta| meta.mode());
    let text = fs::read_to_string(file).unwrap_or_default();
    let has_secret = text.lines().any(|line| {
        let line = line.trim_start();
        ["owner_code", "database", "s3_secret_access_key", "bus_secret"]
            .iter()
            .any(|key| line.starts_with(key))
    });
    let shown = file.display();
    if has_secret && mode & OTHERS != 0 {
        let found = format!("{shown} holds a secret and others on this machine may read it");
        return Finding::problem(CHECK, found, format!("chmod 600 {shown}"));
    }
    Finding::ok(CHECK, shown.to_string())
}

pub(super) fn data_directory(config: &Config) -> Finding {
    const CHECK: &str = "data directory";
    let dir = &config.data_dir;
    let shown = dir.display();
    let meta = match fs::metadata(dir) {
        Ok(meta) => meta,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            return Finding::warning(CHECK, format!("{shown} is not there yet"), "the first start makes it");
        }
        Err(cause) => {
            return Finding::problem(CHECK, format!("{shown}: {cause}"), "run this as the server's user");
        }
    };
    if meta.mode() & OTHERS != 0 {
        let found = format!("{shown} can be read by others on this machine (mode {:o})", meta.mode() & 0o777);
        return Finding::problem(CHECK, found, format!("chmod 700 {shown}"));
    }
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me {
        let found = format!("{shown} belongs to user {}, and this is user {me}", meta.uid());
        return Finding::warning(CHECK, found, "run doctor and the server as the same user");
    }
    Finding::ok(CHECK, format!("{shown}, for its owner only"))
}

pub(super) fn database(config: &Config) -> Finding {
    const CHECK: &str = "database";
    let path = config.data_dir.join(DATABASE);
    if !path.exists() {
        return Finding::ok(CHECK, "none yet; the first start makes it");
    }
    let checked = match store::check(&path) {
        Ok(checked) => checked,
        Err(cause) => return Finding::problem(CHECK, cause.to_string(), "restore the newest backup"),
    };
    let store::Checked { found, known, faults } = checked;
    if let Some(fault) = faults.first() {
        let advice =
            "stop the server, keep a copy of the folder, restore the newest backup; then check the disk";
        return Finding::problem(CHECK, format!("it is damaged: {fault}"), advice);
    }
    if found > known {
        let text = format!("its schema is {found}, and this program knows {known}");
        return Finding::problem(CHECK, text, "start the newer chat-server that wrote it");
    }
    if found < known {
        let text = format!("sound; its schema is {found}, and this program's is {known}");
        return Finding::warning(CHECK, text, "make a backup; the next start brings it up to date");
    }
    Finding::ok(CHECK, format!("sound, schema {found}"))
}

/// PostgreSQL keeps its own pages in order; here it is whether we are let in, and what we find.
pub(super) async fn shared_database(address: &store::Address) -> Finding {
    const CHECK: &str = "database";
    let store::Looked { version, found, known } = match store::look(address).await {
        Ok(looked) => looked,
        Err(cause) => {
            let advice = "look whether PostgreSQL runs, and what its log says";
            return Finding::problem(CHECK, cause.to_string(), advice);
        }
    };
    let shown = format!("{address} answers, PostgreSQL {version}");
    if found > known {
        let text = format!("{shown}; its schema is {found}, and this program knows {known}");
        return Finding::problem(CHECK, text, "start the newer chat-server that upgraded it");
    }
    match found {
        0 => Finding::ok(CHECK, format!("{shown}; empty, the first start makes its tables")),
        _ if found < known => {
            let text = format!("{shown}; its schema is {found}, and this program's is {known}");
            Finding::warning(CHECK, text, "make a backup with pg_dump; the next start brings it up to date")
        }
        _ => Finding::ok(CHECK, format!("{shown}, schema {found}")),
    }
}

pub(super) async fn uploads(config: &Config) -> Finding {
    const CHECK: &str = "files";
    let shown = match &config.files {
        Place::Folder(folder) if !folder.exists() => {
            return Finding::ok(CHECK, format!("{}, which the first start makes", folder.display()));
        }
        Place::Folder(folder) => folder.display().to_string(),
        Place::Bucket(bucket) => format!("the bucket {}", bucket.name),
    };
    let reached = match tokio::time::timeout(PATIENCE, files::reach(&config.files)).await {
        Ok(reached) => reached.map_err(|cause| format!("{cause:#}")),
        Err(_) => Err("it does not answer".to_owned()),
    };
    match reached {
        Ok(()) => Finding::ok(CHECK, format!("{shown} answers")),
        Err(cause) => {
            let advice = "check that it exists, that the server may use it, and the s3_ settings";
            Finding::problem(CHECK, format!("{shown}: {cause}"), advice)
        }
    }
}
