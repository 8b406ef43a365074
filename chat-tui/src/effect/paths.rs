//! What a path that is being written may become: the names in its folder that begin so.

use std::path::Path;

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

#[cfg(test)]
mod tests {
    use super::beginning;

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
