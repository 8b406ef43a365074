//! The arrows of the house point down: a floor imports only lower ones. This reads the sources
//! and fails when one points up.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules by floor, lowest first; the list in `src/lib.rs` says the same in words.
const FLOORS: [&[&str]; 7] = [
    &["domain", "registration", "slack"],
    &["store", "bus", "auth", "files", "metrics"],
    &["hub", "outgoing", "sso"],
    &["handler"],
    &["session", "console"],
    &["server"],
    &[
        "config", "serve", "backup", "cli", "doctor", "exchange", "limits", "log", "main", "migrate",
        "service", "traces",
    ],
];

fn floor_of(module: &str) -> usize {
    FLOORS
        .iter()
        .position(|floor| floor.contains(&module))
        .unwrap_or_else(|| panic!("the module {module} stands on no floor; add it to FLOORS"))
}

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The top-level module to which a file belongs.
fn module_of(file: &Path, root: &Path) -> String {
    let first = file.strip_prefix(root).unwrap().components().next().unwrap();
    Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn no_floor_imports_a_higher_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 10, "the sources were not found");
    let mut wrong = Vec::new();
    for file in files {
        let module = module_of(&file, &root);
        if module == "lib" {
            continue;
        }
        let floor = floor_of(&module);
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            for used in line.split("crate::").skip(1) {
                let name: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if floor_of(&name) > floor {
                    wrong.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "these imports point up:\n{}", wrong.join("\n"));
}

#[test]
fn sql_and_sockets_stay_on_their_floor() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let module = module_of(&file, &root);
        assert!(!text.contains("rusqlite") || module == "store", "SQL outside the store: {}", file.display());
        let is_clock = text.contains("SystemTime::now") || text.contains("Instant::now");
        assert!(!is_clock || module != "domain", "a clock in the rules: {}", file.display());
    }
}
