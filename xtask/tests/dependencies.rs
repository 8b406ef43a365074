//! What comes into the house, held by `deny.toml` in every run of the tests: licences, sources and bans,
//! of the packages of this machine's platform. `cargo xtask deny` reads the same file, and sees the
//! other platforms and the advisories as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

/// How cargo names what comes from crates.io.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn output(command: &mut Command) -> String {
    let done = command.current_dir(root()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Every package that a build on this machine, tests included, can have.
fn packages() -> Vec<Value> {
    let told = output(Command::new("rustc").arg("-vV"));
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // All of it is on this machine: the test was built from it.
    cargo.args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host]);
    let mut told: Value = serde_json::from_str(&output(&mut cargo)).unwrap();
    let nodes = told["resolve"]["nodes"].as_array().unwrap();
    let used: BTreeSet<_> = nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect();
    let Value::Array(all) = told["packages"].take() else { panic!("cargo told of no packages") };
    let packages: Vec<_> = all.into_iter().filter(|each| used.contains(text(each, "id"))).collect();
    assert!(packages.len() > 100, "only {} packages", packages.len());
    packages
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or_default()
}

fn rules() -> toml::Table {
    std::fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

fn words(list: &toml::Value) -> Vec<&str> {
    list.as_array().unwrap().iter().filter_map(toml::Value::as_str).collect()
}

/// Whether a licence, as its package says it, can be had by what is allowed.
fn can_be_had(licence: &str, allowed: &[&str]) -> bool {
    let expression = Expression::parse_mode(licence, ParseMode::LAX);
    expression.is_ok_and(|it| it.evaluate(|asked| allowed.contains(&asked.to_string().as_str())))
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let rules = rules();
    let everywhere = words(&rules["licenses"]["allow"]);
    for package in packages() {
        let (name, licence) = (text(&package, "name"), text(&package, "license"));
        let exceptions = rules["licenses"]["exceptions"].as_array().unwrap().iter();
        let of_it = exceptions.filter(|each| each["crate"].as_str() == Some(name));
        let more = of_it.flat_map(|each| words(&each["allow"]));
        let allowed: Vec<_> = everywhere.iter().copied().chain(more).collect();
        assert!(can_be_had(licence, &allowed), "{name} has the licence {licence:?}; see deny.toml");
    }
    assert!(can_be_had("(MIT OR GPL-3.0-only) AND Zlib", &everywhere));
    assert!(!can_be_had("GPL-3.0-only", &everywhere) && !can_be_had("MIT AND GPL-3.0-only", &everywhere));
    assert!(!can_be_had("", &everywhere), "a package without a licence is nobody's to give");
}

#[test]
fn every_package_is_ours_or_comes_from_crates_io() {
    let rules = rules();
    assert!(
        ["unknown-registry", "unknown-git"].iter().all(|of| rules["sources"][of].as_str() == Some("deny"))
    );
    for package in packages() {
        let (name, manifest) = (text(&package, "name"), Path::new(text(&package, "manifest_path")));
        match package["source"].as_str() {
            Some(source) => assert_eq!(source, CRATES_IO, "{name}"),
            None => assert!(manifest.starts_with(root()), "{name} lies outside of the repository"),
        }
    }
}

#[test]
fn no_package_is_banned_and_none_of_ours_takes_any_version() {
    let rules = rules();
    let banned: Vec<_> =
        rules["bans"]["deny"].as_array().unwrap().iter().map(|it| it["crate"].as_str().unwrap()).collect();
    for package in packages() {
        let name = text(&package, "name");
        assert!(!banned.contains(&name), "{name} is banned by deny.toml");
        if package["source"].is_null() {
            for wanted in package["dependencies"].as_array().unwrap() {
                let any = wanted["req"] == "*" && wanted["path"].is_null();
                assert!(!any, "{name} takes any version of {}", wanted["name"]);
            }
        }
    }
}
