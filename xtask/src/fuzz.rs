//! `cargo xtask fuzz`: libFuzzer over what reads bytes of others, for a bounded time.
//!
//! The targets lie in `fuzz/`, a workspace of its own, and are built with the stable compiler: the
//! coverage that libFuzzer needs is a pass of LLVM, and without a sanitizer nothing needs a nightly.
//! Rust without `unsafe` has no memory to corrupt; what is looked for are panics, overflows, hangs,
//! memory without a bound, and broken promises.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::build::root;
use crate::say;

/// Each target, and the part of the house that it needs beyond the protocol.
const TARGETS: [(&str, Option<&str>); 7] = [
    ("frame", None),
    ("safe", None),
    ("query", None),
    ("payload", Some("server")),
    ("import", Some("server")),
    ("composer", Some("tui")),
    ("markup", Some("tui")),
];

/// Has LLVM count the edges that an input takes, and note what is compared with what.
const COVERAGE: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Cdebug-assertions",
];

/// An input that takes longer is a finding.
const TIMEOUT_S: u32 = 10;

/// More memory than this for one input is a finding.
const MEMORY_MIB: u32 = 1_024;

/// Longer inputs find little that shorter ones do not, and are slow.
const MAX_LEN: u32 = 4_096;

/// Builds and runs some targets, or all, for so long each.
pub(crate) fn run(only: &[String], seconds: u32) -> Result<()> {
    if let Some(unknown) = only.iter().find(|only| TARGETS.iter().all(|(name, _)| name != only)) {
        let names = TARGETS.map(|(name, _)| name).join(", ");
        bail!("there is no target {unknown}; the targets are {names}");
    }
    let is_chosen = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    let chosen: Vec<_> = TARGETS.into_iter().filter(|(name, _)| is_chosen(name)).collect();
    let triple = host()?;
    build(&chosen, &triple)?;
    let mut found = Vec::new();
    for (target, _) in chosen {
        found.extend(look(target, &triple, seconds)?);
    }
    ensure!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

/// Where everything of this lies, so that it can be deleted at once.
fn place() -> PathBuf {
    root().join("target/fuzz")
}

/// The machine's own triple. Naming it keeps the coverage out of build scripts, which cannot have it.
fn host() -> Result<String> {
    let told = Command::new("rustc").arg("-vV").output().context("starting rustc")?;
    let text = String::from_utf8(told.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say for which machine it builds")?.to_owned())
}

fn build(chosen: &[(&str, Option<&str>)], triple: &str) -> Result<()> {
    say("Building the targets …")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root().join("fuzz")).args(["build", "--locked", "--quiet", "--target", triple]);
    command.arg("--target-dir").arg(place()).env("RUSTFLAGS", COVERAGE.join(" "));
    // What was begun for the chat itself is built by other flags.
    command.env("CARGO_INCREMENTAL", "0");
    for (target, needs) in chosen {
        command.args(["--bin", target]);
        if let Some(feature) = needs {
            command.args(["--features", feature]);
        }
    }
    let status = command.status().context("starting cargo")?;
    ensure!(status.success(), "the targets in fuzz/ could not be built");
    Ok(())
}

/// Runs one target; gives the sentence about what it found, if it found something.
fn look(target: &str, triple: &str, seconds: u32) -> Result<Option<String>> {
    let found = place().join("found").join(target);
    // What is new goes here, and stays for the next run; what the repository has is only read.
    let grown = place().join("corpus").join(target);
    for folder in [&found, &grown] {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let before = names(&found)?;
    let log = place().join(format!("{target}.log"));
    let began = Instant::now();
    let status = Command::new(place().join(triple).join("debug").join(target))
        .arg(&grown)
        .arg(root().join("fuzz/corpus").join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={TIMEOUT_S}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
        .arg(format!("-max_len={MAX_LEN}"))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg("-print_final_stats=1")
        .stdout(File::create(log.with_extension("out"))?)
        .stderr(File::create(&log)?)
        .status()
        .with_context(|| format!("starting {target}"))?;
    let told = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if status.success() {
        let tried = stat(&told, "number_of_executed_units").unwrap_or("?");
        let edges = names(&grown)?.len();
        let took = began.elapsed().as_secs();
        say(format!("{target}: {tried} inputs in {took} s, {edges} of them of interest, and nothing found"))?;
        return Ok(None);
    }
    let input = names(&found)?.into_iter().find(|name| !before.contains(name));
    let Some(input) = input else {
        bail!("{target} ended with {status} and left no input; see {}", log.display());
    };
    let why = reason(&told);
    Ok(Some(format!(
        "{target} found an input that breaks it: {} ({why}). Mend it, and keep the input as a named test.",
        found.join(input).display()
    )))
}

/// Why it stopped, in the target's own words.
fn reason(told: &str) -> String {
    let mut lines = told.lines().skip_while(|line| !line.contains("panicked at"));
    match (lines.next(), lines.next()) {
        (Some(place), Some(words)) => {
            let place = place.split("panicked at ").nth(1).unwrap_or(place);
            format!("{} {words}", place.trim_end())
        }
        _ => told.lines().find(|line| line.contains("ERROR:")).unwrap_or("see its log").to_owned(),
    }
}

fn stat<'a>(told: &'a str, name: &str) -> Option<&'a str> {
    let line = told.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name))?;
    Some(line.trim_start_matches(':').trim())
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    Ok(entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_there_with_something_to_begin_with() {
        let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        for (target, needs) in TARGETS {
            assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
            assert!(root().join("fuzz/src").join(format!("{target}.rs")).is_file(), "{target}");
            assert!(names(&root().join("fuzz/corpus").join(target)).unwrap().len() > 1, "{target}");
            if let Some(feature) = needs {
                assert!(manifest.contains(&format!("\n{feature} = [")), "{feature}");
            }
        }
    }

    fn read(file: &Path) -> toml::Table {
        fs::read_to_string(file).unwrap().parse().unwrap()
    }

    /// The gate builds the targets with the versions that are locked, and refuses to add any.
    #[test]
    fn all_that_the_crates_depend_on_is_locked_for_the_targets() {
        let lock = read(&root().join("fuzz/Cargo.lock"));
        let mut crates = 0;
        for package in lock["package"].as_array().unwrap() {
            let name = package["name"].as_str().unwrap();
            let manifest = root().join(name).join("Cargo.toml");
            if package.get("source").is_some() || !manifest.is_file() {
                continue;
            }
            crates += 1;
            let locked: Vec<&str> =
                package["dependencies"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
            for needed in read(&manifest)["dependencies"].as_table().unwrap().keys() {
                // Where several versions of a package are locked, which of them is said behind its name.
                let is_locked = locked.iter().any(|it| it.split(' ').next() == Some(needed));
                assert!(is_locked, "{name} needs {needed}: cargo metadata --manifest-path fuzz/Cargo.toml");
            }
        }
        assert!(crates > 2, "{crates}");
    }

    #[test]
    fn what_was_found_is_said() {
        let told = "#1 INITED\nthread '<unnamed>' (7) panicked at src/safe.rs:24:5:\nnot safe\nnote: run";
        assert_eq!(reason(told), "src/safe.rs:24:5: not safe");
        assert_eq!(
            reason("==1== ERROR: libFuzzer: timeout after 10 seconds"),
            "==1== ERROR: libFuzzer: timeout after 10 seconds"
        );
        assert_eq!(
            stat("x\nstat::number_of_executed_units: 1234\n", "number_of_executed_units"),
            Some("1234")
        );
    }
}
