//! Where settings come from and go to: the file, the environment, flags. The only part that
//! touches the disk; the loop calls it through an effect.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use notify::{RecursiveMode, Watcher};
use toml_edit::DocumentMut;

use crate::keymap::{self, Chord, Keymap};

use super::{Loaded, ROWS, Settings, either, file, row};
use crate::theme;

/// The name of the file in the folder of the settings.
const FILE_NAME: &str = "settings.toml";

/// The folder of the person's themes, beside the file.
const THEMES_FOLDER: &str = "themes";

/// Themes of a person; a list of more could not be looked through.
const THEMES: usize = 50;

/// Files of that folder that are looked at.
const FOLDER_ENTRIES: usize = 500;

/// A file of settings is at most this large; a larger one is something else.
const FILE_BYTES: u64 = 1 << 20;

/// A setting that goes before the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Override {
    name: &'static str,
    value: String,
    /// Who says so: a variable or a flag.
    by: String,
}

/// The file and what goes before it; the same for the program's whole life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    file: PathBuf,
    overrides: Vec<Override>,
}

/// A watch on the file; it ends when this is dropped.
pub struct Watched {
    _watcher: Option<notify::RecommendedWatcher>,
}

impl Source {
    /// The settings in this folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { file: folder.join(FILE_NAME), overrides: Vec::new() }
    }

    /// The settings in this file.
    #[must_use]
    pub fn in_file(file: PathBuf) -> Self {
        Self { file, overrides: Vec::new() }
    }

    /// Has the environment go before the file: `CHAT_BELL=false`.
    ///
    /// # Errors
    /// One sentence, for a value that is not allowed.
    pub fn with_environment(mut self, get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        for row in ROWS {
            let variable = row.variable();
            if let Some(value) = get(&variable).filter(|value| !value.is_empty()) {
                self.put(row.name, &value, variable)?;
            }
        }
        Ok(self)
    }

    /// Has a flag go before the file and the environment.
    ///
    /// # Errors
    /// One sentence, for a name or a value that there is not.
    pub fn with_flag(mut self, flag: &str, name: &str, value: &str) -> Result<Self, String> {
        self.put(name, value, flag.to_owned())?;
        Ok(self)
    }

    fn put(&mut self, name: &str, value: &str, by: String) -> Result<(), String> {
        let row = row(name).map_err(|sentence| format!("{by}: {sentence}"))?;
        row.set(&mut Settings::default(), value).map_err(|sentence| format!("{by}: {sentence}"))?;
        self.overrides.push(Override { name: row.name, value: value.to_owned(), by });
        Ok(())
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Reads everything. A file that is not there says nothing.
    #[must_use]
    pub fn load(&self) -> Loaded {
        let mut loaded = Loaded {
            settings: Settings::default(),
            keymap: Keymap::default(),
            themes: theme::builtin(),
            complaints: Vec::new(),
        };
        let mut bindings = Vec::new();
        match text(&self.file) {
            Ok(text) => {
                (bindings, loaded.complaints) = file::read(&text, &mut loaded.settings);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => loaded.complaints.push(format!("cannot read {}: {error}", self.file.display())),
        }
        for over in &self.overrides {
            // Looked at when it was put here.
            let _ = row(over.name).and_then(|row| row.set(&mut loaded.settings, &over.value));
        }
        let (keymap, complaints) = Keymap::with(loaded.settings.keys_profile, &bindings);
        loaded.keymap = keymap;
        loaded.complaints.extend(complaints);
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for told in loaded.complaints.iter_mut().filter(|told| !told.starts_with("cannot read")) {
            told.insert_str(0, &format!("{name} "));
        }
        self.read_themes(&mut loaded);
        let theme = &loaded.settings.theme;
        if theme != "auto" && !loaded.themes.iter().any(|known| known.name == *theme) {
            let all: Vec<&str> = loaded.themes.iter().map(|theme| theme.name.as_str()).collect();
            let all = either(["auto"].into_iter().chain(all));
            loaded.complaints.push(format!("{name}: there is no theme \"{theme}\"; use {all}"));
        }
        loaded
    }

    /// The folder of the person's themes.
    #[must_use]
    pub fn themes(&self) -> PathBuf {
        self.file.parent().unwrap_or(Path::new(".")).join(THEMES_FOLDER)
    }

    /// Reads the person's themes, in the order of their names: each may build on those before it.
    fn read_themes(&self, loaded: &mut Loaded) {
        let Ok(folder) = std::fs::read_dir(self.themes()) else { return };
        let paths = folder.take(FOLDER_ENTRIES).filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
        paths.sort();
        for path in paths.into_iter().take(THEMES) {
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
            let place = format!("{THEMES_FOLDER}/{name}.toml");
            match text(&path) {
                _ if name == "auto" || theme::BUILTIN.contains(&name) => {
                    let told = "has the name of a theme that is always there; give it another";
                    loaded.complaints.push(format!("{place} {told}"));
                }
                Err(error) => loaded.complaints.push(format!("cannot read {place}: {error}")),
                Ok(text) => {
                    let read = theme::read(name, &text, &loaded.themes);
                    loaded.themes.push(read.theme);
                    loaded.complaints.extend(read.complaints.iter().map(|told| format!("{place} {told}")));
                }
            }
        }
    }

    /// Writes one setting into the file and leaves all else in it as it is, comments too. Says
    /// who goes before it in this run, if somebody does.
    ///
    /// # Errors
    /// One sentence: the value is not allowed, or the file cannot be read or written.
    pub fn write(&self, name: &str, value: &str) -> anyhow::Result<Option<String>> {
        let row = row(name).map_err(anyhow::Error::msg)?;
        let mut settings = Settings::default();
        row.set(&mut settings, value).map_err(anyhow::Error::msg)?;
        let place = self.file.display().to_string();
        let mut document = self.document()?;
        let new = row.get(&settings);
        let item: toml_edit::Value =
            if row.is_text { new.into() } else { new.parse().context("not a value")? };
        put(&mut document, row.name, item).with_context(|| format!("{place} has another thing there"))?;
        self.replace(&document.to_string()).with_context(|| format!("cannot write {place}"))?;
        let over = self.overrides.iter().rev().find(|over| over.name == row.name);
        Ok(over.map(|over| over.by.clone()))
    }

    /// Writes keys of a context into the file and leaves all else in it as it is. A line for the same
    /// keys, however they are written, is changed; another one is added.
    ///
    /// # Errors
    /// One sentence: the file cannot be read or written, or has something else there.
    pub fn write_keys(&self, context: keymap::Context, lines: &[(Chord, &str)]) -> anyhow::Result<()> {
        let place = self.file.display().to_string();
        let mut document = self.document()?;
        let other = || format!("{place} has another thing there");
        let keys = document.entry("keys").or_insert_with(|| {
            let mut table = toml_edit::Table::new();
            table.set_implicit(true);
            toml_edit::Item::Table(table)
        });
        let keys = keys.as_table_like_mut().with_context(other)?;
        let table = keys.entry(context.name()).or_insert_with(toml_edit::table);
        let table = table.as_table_like_mut().with_context(other)?;
        for (chord, does) in lines {
            let is_same = |key: &str| key.parse::<Chord>().is_ok_and(|held| held == *chord);
            let held = table.iter().map(|(key, _)| key.to_owned()).find(|key| is_same(key));
            let key = held.unwrap_or_else(|| chord.to_string());
            set(table, &key, (*does).into());
        }
        self.replace(&document.to_string()).with_context(|| format!("cannot write {place}"))
    }

    /// The file as it stands; an empty one where there is none.
    fn document(&self) -> anyhow::Result<DocumentMut> {
        let place = self.file.display().to_string();
        let text = match text(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.with_context(|| format!("cannot read {place}"))?,
        };
        text.parse().with_context(|| {
            format!("nothing was written: {place} has a mistake in it; put that right first")
        })
    }

    /// A link, as people have who keep such files elsewhere, stays a link.
    fn replace(&self, text: &str) -> io::Result<()> {
        let target = std::fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone());
        chat_client::private::replace(&target, text.as_bytes())
    }

    /// Calls whenever the file may have changed. The folder is watched, not the file: editors put
    /// a new file in the old one's place. A system that cannot watch has `/reload`.
    #[must_use]
    pub fn watch(&self, changed: impl Fn() + Send + 'static) -> Watched {
        let name = self.file.file_name().map(std::ffi::OsStr::to_owned);
        let themes = self.themes();
        let folder_of_themes = themes.clone();
        let handler = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let is_read = event.kind.is_access();
            let is_ours =
                |path: &PathBuf| path.file_name() == name.as_deref() || path.starts_with(&folder_of_themes);
            if !is_read && event.paths.iter().any(is_ours) {
                changed();
            }
        };
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let watcher = notify::recommended_watcher(handler).and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            if themes.is_dir() {
                watcher.watch(&themes, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        Watched {
            _watcher: watcher.inspect_err(|error| tracing::warn!(%error, "settings are not watched")).ok(),
        }
    }
}

/// The text of a file of a person's.
fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(FILE_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > FILE_BYTES {
        return Err(io::Error::other("it is larger than such a file can be"));
    }
    Ok(text)
}

/// Puts a value at a dotted name, with its table if there is none.
fn put(document: &mut DocumentMut, name: &str, value: toml_edit::Value) -> anyhow::Result<()> {
    let (table, key) = match name.rsplit_once('.') {
        None => (document.as_table_mut() as &mut dyn toml_edit::TableLike, name),
        Some((table, key)) => {
            let item = document.entry(table).or_insert_with(toml_edit::table);
            (item.as_table_like_mut().context("not a table")?, key)
        }
    };
    set(table, key, value);
    Ok(())
}

/// Puts a value into a table; the comment behind the one before stays.
fn set(table: &mut dyn toml_edit::TableLike, key: &str, value: toml_edit::Value) {
    match table.get_mut(key).and_then(toml_edit::Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = value;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, toml_edit::Item::Value(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::settings::NotifyHow;

    fn source(text: &str) -> (tempfile::TempDir, Source) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE_NAME), text).unwrap();
        let source = Source::in_folder(dir.path());
        (dir, source)
    }

    #[test]
    fn one_setting_is_written_and_all_else_stays() {
        let text = "# mine\nmouse = false # no mouse\n\n[notify] # how\nhow = \"bell\"   # quiet\n\n[keys.chat]\n\"f12\" = \"help\"\n";
        let (_dir, source) = source(text);
        assert_eq!(source.write("notify.how", "off").unwrap(), None);
        assert_eq!(std::fs::read_to_string(source.file()).unwrap(), text.replace("\"bell\" ", "\"off\" "));
        source.write("paste.block_lines", "9").unwrap();
        source.write("theme", "light").unwrap();
        let loaded = source.load();
        assert_eq!(loaded.complaints, Vec::<String>::new());
        assert_eq!((loaded.settings.theme.as_str(), loaded.settings.paste_block_lines.0), ("light", 9));
        assert!(!loaded.settings.mouse);
    }

    #[test]
    fn keys_are_written_and_the_rest_of_the_file_stays() {
        let text = "# mine\nbell = true\n\n[keys.chat]\n\"ctrl-g\" = \"help\" # often\n";
        let (_dir, source) = source(text);
        let line = |keys: &str, does| (keys.parse::<Chord>().unwrap(), does);
        let lines = [line("Ctrl-G", "inbox"), line("Alt-.", "nothing"), line("Ctrl-X z", "help")];
        source.write_keys(keymap::Context::Chat, &lines).unwrap();
        source.write_keys(keymap::Context::Select, &[line("x", "delete")]).unwrap();
        let loaded = source.load();
        assert_eq!(loaded.complaints, Vec::<String>::new());
        assert_eq!(loaded.keymap.label(crate::action::Plain::Inbox).as_deref(), Some("Alt-I"));
        let keys: Vec<String> =
            loaded.keymap.labels(keymap::Context::Chat, crate::action::Plain::Inbox).collect();
        assert_eq!(keys, ["Alt-I", "Ctrl-G"]);
        let text = std::fs::read_to_string(source.file()).unwrap();
        assert!(
            text.starts_with("# mine\nbell = true\n\n[keys.chat]\n\"ctrl-g\" = \"inbox\" # often"),
            "{text}"
        );
        let (_dir, source) = self::source("keys = 1\n");
        assert!(source.write_keys(keymap::Context::Chat, &lines).is_err());
        assert_eq!(std::fs::read_to_string(source.file()).unwrap(), "keys = 1\n");
    }

    #[test]
    fn a_file_that_is_not_there_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let source = Source::in_folder(dir.path());
        assert_eq!(source.load().complaints, Vec::<String>::new());
        source.write("bell", "false").unwrap();
        assert_eq!(std::fs::read_to_string(source.file()).unwrap(), "bell = false\n");
    }

    #[test]
    fn nothing_is_written_into_a_file_with_a_mistake_or_of_a_wrong_value() {
        let (_dir, source) = source("bell = = 1\n");
        let told = format!("{:#}", source.write("bell", "true").unwrap_err());
        assert!(told.starts_with("nothing was written: "), "{told}");
        assert_eq!(std::fs::read_to_string(source.file()).unwrap(), "bell = = 1\n");
        assert!(source.write("bell", "loud").is_err() && source.write("bel", "true").is_err());
    }

    #[test]
    fn flags_go_before_the_environment_and_that_before_the_file() {
        let (_dir, source) = source("[notify]\nhow = \"bell\"\nshow = \"name\"\n");
        let variable = |name: &str| (name == "CHAT_NOTIFY_HOW").then(|| "off".to_owned());
        let source = source.with_environment(variable).unwrap();
        assert_eq!(source.load().settings.notify_how, NotifyHow::Off);
        let by = source.write("notify.how", "auto").unwrap();
        assert_eq!(by.as_deref(), Some("CHAT_NOTIFY_HOW"), "who goes before the file is told");
        let source = source.with_flag("--set", "notify.how", "osc9").unwrap();
        assert_eq!(source.load().settings.notify_how, NotifyHow::Osc9);
        let wrong =
            Source::in_folder(Path::new(".")).with_environment(|_| Some("loud".to_owned())).unwrap_err();
        assert!(wrong.contains("CHAT_"), "{wrong}");
    }

    #[test]
    fn a_file_put_in_the_others_place_is_seen() {
        let (dir, source) = source("bell = true\n");
        let (sender, changes) = mpsc::channel();
        let _watched = source.watch(move || {
            let _ = sender.send(());
        });
        std::fs::write(dir.path().join("other.txt"), "x").unwrap();
        let beside = dir.path().join(".settings.toml.swp");
        std::fs::write(&beside, "bell = false\n").unwrap();
        std::fs::rename(&beside, source.file()).unwrap();
        changes.recv_timeout(Duration::from_secs(10)).unwrap();
    }
}
