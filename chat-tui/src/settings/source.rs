//! Where settings come from and go to: the file, the environment, flags. The only part that
//! touches the disk; the loop calls it through an effect.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use notify::{RecursiveMode, Watcher};
use toml_edit::DocumentMut;

use crate::keymap::Keymap;

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
        let text = match text(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.with_context(|| format!("cannot read {place}"))?,
        };
        let mut document: DocumentMut = text.parse().with_context(|| {
            format!("nothing was written: {place} has a mistake in it; put that right first")
        })?;
        let new = row.get(&settings);
        let item: toml_edit::Value =
            if row.is_text { new.into() } else { new.parse().context("not a value")? };
        put(&mut document, row.name, item).with_context(|| format!("{place} has another thing there"))?;
        self.replace(&document.to_string()).with_context(|| format!("cannot write {place}"))?;
        let over = self.overrides.iter().rev().find(|over| over.name == row.name);
        Ok(over.map(|over| over.by.clone()))
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
    Ok(())
}
