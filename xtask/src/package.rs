//! `cargo xtask package`: Debian packages of the three programs, with man pages and completions
//! that the programs print themselves.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::build::{self, Profile, cargo, root};
use crate::say;

/// The packager; a cargo command like any other.
const CARGO_DEB: &str = "3.8.0";

/// Where the settings of an installed server say that its data lies.
const DATA_DIR: &str = "/var/lib/chat-server";

/// Each crate, and the binary that it ships.
const PACKAGES: [(&str, &str); 3] =
    [("chat-server", "chat-server"), ("chat-client", "chat-cli"), ("chat-tui", "chat-tui")];

/// The shells, and what stands before and behind a program's name in its completions' file.
const SHELLS: [(&str, &str, &str); 3] = [("bash", "", ".bash"), ("fish", "", ".fish"), ("zsh", "_", "")];

/// Builds the packages and says where they are.
pub(crate) fn run(profile: Profile) -> Result<()> {
    build::binaries(profile)?;
    for made in make(profile)? {
        say(made.display())?;
    }
    Ok(())
}

/// The packages, from binaries that are built already.
pub(crate) fn make(profile: Profile) -> Result<Vec<PathBuf>> {
    let target = root().join("target");
    let binaries = target.join(profile.folder());
    write_pages(&target.join("package"), &binaries)?;
    let deb = cargo_deb(&target)?;
    let out = target.join("debian");
    let mut made = Vec::new();
    for (package, _) in PACKAGES {
        let mut command = Command::new(&deb);
        command.current_dir(root()).args(["--no-build", "--quiet", "--package", package]);
        command.arg("--output").arg(&out);
        if profile == Profile::Dev {
            // Only tried, never given to anybody: packing hard what has debug info would take minutes.
            command.args(["--profile", "dev", "--no-strip", "--fast"]);
        }
        let done = command.output().with_context(|| format!("starting {}", deb.display()))?;
        ensure!(
            done.status.success(),
            "cargo-deb refused {package}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        let path = String::from_utf8_lossy(&done.stdout).trim().to_owned();
        ensure!(!path.is_empty(), "cargo-deb did not say where it wrote {package}");
        made.push(PathBuf::from(path));
    }
    Ok(made)
}

/// Lets the programs print their own pages.
fn write_pages(folder: &Path, binaries: &Path) -> Result<()> {
    // What an older version printed must not be packed again.
    let _ = fs::remove_dir_all(folder);
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    for dir in [&man, &completions] {
        fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    }
    for (_, binary) in PACKAGES {
        let program = binaries.join(binary);
        if binary == "chat-tui" {
            // One page: its commands are few, and its keys are what one looks up.
            print(&program, &["man"], &man.join("chat-tui.1"))?;
        } else {
            let into = man.to_string_lossy().into_owned();
            print(&program, &["man", "--into", &into], &folder.join("log"))?;
        }
        for (shell, before, behind) in SHELLS {
            let file = completions.join(format!("{before}{binary}{behind}"));
            print(&program, &["completions", shell], &file)?;
        }
    }
    let settings = folder.join("server.toml");
    print(&binaries.join("chat-server"), &["config", "example"], &settings)?;
    let text = fs::read_to_string(&settings)?;
    let here = text.replace("# data_dir = \"DIR\"", &format!("data_dir = \"{DATA_DIR}\""));
    ensure!(here != text, "the example settings have no data_dir to set");
    fs::write(&settings, here)?;
    Ok(())
}

/// Runs a program and keeps what it prints.
fn print(program: &Path, arguments: &[&str], into: &Path) -> Result<()> {
    let file = File::create(into).with_context(|| format!("making {}", into.display()))?;
    let status = Command::new(program)
        .args(arguments)
        // The maker's own keys and settings do not belong in a package.
        .env("CHAT_CONFIG_DIR", into.with_extension("none"))
        .stdin(Stdio::null())
        .stdout(file)
        .status()
        .with_context(|| format!("starting {}", program.display()))?;
    ensure!(status.success(), "`{} {}` failed", program.display(), arguments.join(" "));
    Ok(())
}

/// The packager, built once into the target folder.
fn cargo_deb(target: &Path) -> Result<PathBuf> {
    let tools = target.join("tools");
    let program = tools.join("bin/cargo-deb");
    if !program.exists() {
        say(format!("Building cargo-deb {CARGO_DEB}, which makes the packages …"))?;
        let place = tools.to_string_lossy().into_owned();
        cargo(&[
            "install",
            "cargo-deb",
            "--version",
            CARGO_DEB,
            "--locked",
            "--quiet",
            "--no-default-features",
            "--features",
            "gzip",
            "--root",
            &place,
        ])?;
    }
    Ok(program)
}
