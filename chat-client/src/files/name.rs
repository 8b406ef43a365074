//! Names and sizes of files, for this disk and for people.

use std::path::{Path, PathBuf};

use chat_proto::{FileId, FileName};

/// Files of one name in one folder, beyond which there is something wrong.
const NAMESAKES: u32 = 10_000;

/// Names that a Windows disk gives to devices, whatever follows the dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// A name from somebody else as that of a file on this disk: not hidden, no path, no option of a
/// command, and one that other systems can have as well.
pub(super) fn local(name: &FileName) -> String {
    let clean = FileName::clean(name.as_str());
    let swapped: String =
        clean.as_str().chars().map(|c| if r#":*?"<>|"#.contains(c) { '_' } else { c }).collect();
    let trimmed = swapped.trim_end_matches(['.', ' ']);
    let stem = trimmed.split('.').next().unwrap_or_default().to_lowercase();
    let is_device = DEVICES.contains(&stem.trim_end_matches(|c: char| c.is_ascii_digit()));
    let is_odd = trimmed.is_empty() || trimmed.starts_with(['.', '-']) || is_device;
    if is_odd { format!("_{}", trimmed.trim_start_matches('.')) } else { trimmed.to_owned() }
}

/// The part of a download: beside the file to be, so that it can be renamed to it.
pub(super) fn part(wanted: &Path, file: FileId) -> PathBuf {
    let mut name = wanted.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", &file.0.simple().to_string()[24..]));
    wanted.with_file_name(name)
}

/// The wanted path, then `name (2).ext`, `name (3).ext` and so on.
pub(super) fn namesakes(wanted: &Path) -> impl Iterator<Item = PathBuf> {
    let stem = wanted.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let extension = wanted.extension().map(|extension| format!(".{}", extension.to_string_lossy()));
    let extension = extension.unwrap_or_default();
    let others = (2..NAMESAKES).map(move |n| wanted.with_file_name(format!("{stem} ({n}){extension}")));
    std::iter::once(wanted.to_owned()).chain(others)
}

/// A size as people say it: `48 kB`, `4.8 MB`.
#[must_use]
pub fn size_in_words(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    let (mut tenths, mut unit) = (bytes / 100, 0);
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    match tenths {
        ..100 if tenths % 10 > 0 => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{} {}", tenths / 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_become_names_of_plain_files() {
        let of = |name: &str| local(&FileName::clean(name));
        for same in ["latency.png", "写真 (2).jpg", "a.tar.gz"] {
            assert_eq!(of(same), same);
        }
        assert_eq!(of(".bashrc"), "_bashrc");
        assert_eq!(of("-rf"), "_-rf");
        assert_eq!(of("a:b*.txt"), "a_b_.txt");
        assert_eq!(of("com1.txt"), "_com1.txt");
        assert_eq!(of("name. . "), "name");
        assert_eq!(of("..."), "_");
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let names: Vec<_> = namesakes(Path::new("d/cat.png")).take(3).collect();
        assert_eq!(names, ["d/cat.png", "d/cat (2).png", "d/cat (3).png"].map(PathBuf::from));
        assert_eq!(namesakes(Path::new("cat")).nth(1), Some(PathBuf::from("cat (2)")));
    }

    #[test]
    fn sizes_are_told_as_people_do() {
        for (bytes, words) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (4_800, "4.8 kB"),
            (48_213, "48 kB"),
            (999_999, "999 kB"),
            (5_368_709_120, "5.3 GB"),
            (u64::MAX, "18446 PB"),
        ] {
            assert_eq!(size_in_words(bytes), words);
        }
    }
}
