//! The Dockerfile, read: what it copies, names and asks is there. No daemon is needed for that; it is
//! built where there is one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result};
use chat_tests::bin;

/// Where the image's makers put what cargo builds.
const BUILT: &str = "/src/target/release/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// One instruction, its continued lines joined.
struct Instruction {
    name: String,
    rest: String,
}

impl Instruction {
    fn words(&self) -> Vec<&str> {
        self.rest.split_whitespace().collect()
    }
}

fn dockerfile() -> Result<Vec<Instruction>> {
    let text = std::fs::read_to_string(root().join("Dockerfile"))?;
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, rest) = line.split_once(' ').with_context(|| format!("{line} alone"))?;
            Ok(Instruction { name: name.to_owned(), rest: rest.trim().to_owned() })
        })
        .collect()
}

/// All of that name.
fn all<'a>(instructions: &'a [Instruction], name: &str) -> Vec<&'a Instruction> {
    instructions.iter().filter(|each| each.name == name).collect()
}

/// What stands in brackets: a command that no shell reads.
fn exec(form: &str) -> Result<Vec<String>> {
    let from = form.find('[').with_context(|| format!("{form} is read by a shell"))?;
    Ok(serde_json::from_str(&form[from..])?)
}

fn asked(program: &str, arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(bin(program)?).args(arguments).output()?)
}

/// The variables of the allocator that a unit for systemd sets.
fn told_to_glibc(unit: &str) -> BTreeSet<&str> {
    let lines = unit.lines().filter_map(|line| line.strip_prefix("Environment="));
    lines.flat_map(str::split_whitespace).filter(|word| word.starts_with("MALLOC_")).collect()
}

#[test]
fn the_image_copies_only_what_is_there() -> Result<()> {
    let file = dockerfile()?;
    let ignored = std::fs::read_to_string(root().join(".dockerignore"))?;
    for each in all(&file, "COPY") {
        let (sources, into) = (each.words(), each.words().pop().context("COPY what?")?);
        let from_build = sources.contains(&"--from=build");
        for source in sources.iter().filter(|word| !word.starts_with("--") && **word != into) {
            if from_build {
                let name = source.strip_prefix(BUILT).with_context(|| format!("{source} is not built"))?;
                assert!(bin(name).is_ok(), "{name} is no program of this house");
            } else {
                assert!(root().join(source).exists(), "{source} is not there");
                assert!(!ignored.lines().any(|line| line == *source), "{source} is ignored");
            }
        }
    }
    // What is built is what is copied, and what a build needs is not left out.
    for needed in ["Cargo.toml", "Cargo.lock", "chat-proto", "chat-server", "chat-client", "xtask"] {
        assert!(root().join(needed).exists() && !ignored.lines().any(|line| line == needed), "{needed}");
    }
    let build = all(&file, "RUN").into_iter().find(|run| run.rest.starts_with("cargo build"));
    let words = build.context("nothing is built")?.words();
    assert!(words.contains(&"--release") && words.contains(&"--locked"), "{words:?}");
    for pair in words.windows(2).filter(|pair| pair[0] == "--package") {
        assert!(root().join(pair[1]).join("Cargo.toml").is_file(), "there is no package {}", pair[1]);
    }
    Ok(())
}

#[test]
fn the_image_runs_and_asks_what_the_programs_know() -> Result<()> {
    let file = dockerfile()?;
    let health = exec(&all(&file, "HEALTHCHECK")[0].rest)?;
    assert_eq!(health, ["chat-server", "health"]);
    assert!(asked("chat-server", &["health", "--help"])?.status.success());

    // The first process reaps what it did not start; it comes from a package of the same stage.
    let entry = exec(&all(&file, "ENTRYPOINT")[0].rest)?;
    assert_eq!(entry, ["tini", "--", "chat-server"]);
    let last = file.iter().rposition(|each| each.name == "FROM").context("FROM what?")?;
    let stage = &file[last..];
    assert!(all(stage, "RUN").iter().any(|run| run.words().contains(&"tini")), "tini is not installed");

    // Every variable is a setting or what the units tell glibc, and the data lies where the image has a place
    // for it.
    let help = String::from_utf8(asked("chat-server", &["--help"])?.stdout)?;
    let variables = all(stage, "ENV").iter().flat_map(|env| env.words()).collect::<BTreeSet<_>>();
    let glibc = variables.iter().copied().filter(|word| word.starts_with("MALLOC_")).collect::<BTreeSet<_>>();
    for unit in ["packaging/systemd/chat-server.service", "packaging/examples/chat-server@.service"] {
        assert_eq!(told_to_glibc(&std::fs::read_to_string(root().join(unit))?), glibc, "{unit}");
    }
    let mut settings = BTreeSet::new();
    for (name, value) in variables.difference(&glibc).filter_map(|word| word.split_once('=')) {
        assert!(help.contains(&format!("[env: {name}=")), "{name} is no setting");
        settings.insert((name, value));
    }
    let volume = &all(stage, "VOLUME")[0].rest;
    assert!(settings.contains(&("CHAT_SERVER_DATA_DIR", volume.as_str())), "{settings:?}");
    let port = &all(stage, "EXPOSE")[0].rest;
    assert!(settings.iter().any(|(name, value)| *name == "CHAT_SERVER_LISTEN"
        && value.strip_prefix("0.0.0.0:") == Some(port.as_str())));

    // Not root: neither by name nor by number, and the last word on it.
    let user = all(stage, "USER").pop().context("it would run as root")?;
    assert!(user.rest.parse::<u32>().is_ok_and(|id| id != 0), "{}", user.rest);
    assert!(all(stage, "RUN").iter().any(|run| run.rest.contains(&format!("--uid {}", user.rest))));
    Ok(())
}
