//! What a path that is being written may become: the names in its folder that begin so; and where one
//! ends that has blanks.

use std::path::{Path, PathBuf};

use chat_proto::SafeText;

use super::carry::at_home;

/// Entries of a folder that are looked at; whoever has more types one letter more.
const ENTRIES: usize = 20_000;

/// Names that are offered; nobody reads more.
const OFFERED: usize = 50;

/// Paths that begin like this one, folders with a slash at their end. Hidden names come only where a
/// dot is written, and names that cannot be shown never.
pub(super) fn beginning(typed: &str) -> Vec<String> {
    let (folder, begun) = typed.rsplit_once('/').map_or(("", typed), |(folder, begun)| (folder, begun));
    let root = if typed.starts_with('/') && folder.is_empty() { "/" } else { folder };
    let place = if root.is_empty() { Path::new(".").to_owned() } else { at_home(Path::new(root)) };
    let Ok(entries) = std::fs::read_dir(place) else { return Vec::new() };
    let begun_folded = begun.to_lowercase();
    let fits = |name: &str| {
        name.to_lowercase().starts_with(&begun_folded)
            && (!name.starts_with('.') || begun.starts_with('.'))
            && SafeText::is_safe_line(name)
    };
    let mut found: Vec<String> = entries
        .flatten()
        .take(ENTRIES)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| fits(name))?;
            let end = if entry.path().is_dir() { "/" } else { "" };
            let before = &typed[..typed.len() - begun.len()];
            Some(format!("{before}{name}{end}"))
        })
        .collect();
    found.sort_unstable();
    found.truncate(OFFERED);
    found
}

/// Words behind a path that may belong to it; no name has more.
const WORDS: usize = 24;

/// What is no file may be the beginning of a path with blanks that stands in no quotes: the file of
/// the longest such path, and the words behind it. Else why there is none.
pub(super) fn with_blanks(path: &Path, words: &str, error: String) -> Result<(PathBuf, String), String> {
    let is_file = |path: &Path| at_home(path).is_file();
    if is_file(path) {
        return Err(error);
    }
    let line = words.lines().next().unwrap_or_default();
    let ends = line.match_indices(char::is_whitespace).map(|(at, _)| at).take(WORDS).chain([line.len()]);
    let candidates = ends.map(|end| (PathBuf::from(format!("{} {}", path.display(), &line[..end])), end));
    let longest = candidates.filter(|(path, _)| is_file(path)).last();
    let (path, end) = longest.ok_or_else(|| format!("{error}; put a path with blanks in quotes"))?;
    Ok((path, words[end..].trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{beginning, with_blanks};

    #[test]
    fn a_path_with_blanks_is_found_without_quotes() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["my cat.png", "my cat.png old", "dog.png"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let case = |name: &str, words: &str| {
            let found = with_blanks(&dir.path().join(name), words, "no file".into())?;
            Ok::<_, String>((found.0.file_name().unwrap().to_str().unwrap().to_owned(), found.1))
        };
        let found = |name: &str, rest: &str| Ok((name.to_owned(), rest.to_owned()));
        assert_eq!(case("my", "cat.png"), found("my cat.png", ""));
        assert_eq!(case("my", "cat.png look here\nand there"), found("my cat.png", "look here\nand there"));
        assert_eq!(case("my", "cat.png old one"), found("my cat.png old", "one"), "the longest");
        assert_eq!(case("my", "dog.png"), Err("no file; put a path with blanks in quotes".into()));
        assert_eq!(case("dog.png", "look"), Err("no file".into()), "something else is wrong with it");
    }

    #[test]
    fn the_names_of_a_folder_that_begin_so() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["cat.png", "Caterpillar one.png", ".cat", "dog.png", "c\u{1b}at"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        std::fs::create_dir(dir.path().join("cats")).unwrap();
        let at = |end: &str| format!("{}/{end}", dir.path().display());
        assert_eq!(beginning(&at("cat")), [at("Caterpillar one.png"), at("cat.png"), at("cats/")]);
        assert_eq!(beginning(&at(".c")), [at(".cat")]);
        assert_eq!(beginning(&at("nothing/x")), Vec::<String>::new());
        assert!(beginning("/et").contains(&"/etc/".to_owned()));
    }
}
