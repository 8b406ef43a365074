//! The browser of folders, in which files are chosen for an upload. Pure: what stands in a folder and
//! what a file looks like come from outside.
//!
//! 1. Folders stand before files; letters filter; hidden names are left out until they are asked for.
//! 2. One look into a file is on its way at a time, always for the row that is chosen when the one
//!    before has come: whoever runs through a folder asks for little.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use chat_proto::{FileId, Timestamp, limits};
use uuid::Uuid;

use super::composer::{Composer, Edit};
use super::fuzzy::best;
use super::pictures::{Drawing, Wanted};
use crate::settings::Images;

/// Something in a folder that can be opened or sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name. Not safe to draw.
    pub name: OsString,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Bytes of a file.
    pub size: u64,
    /// When it was changed last.
    pub changed: Option<Timestamp>,
}

/// What stands in a folder, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    /// Where it is, from the root.
    pub path: PathBuf,
    /// Folders, then files, each by name.
    pub entries: Vec<Entry>,
    /// Whether there are more than are listed.
    pub is_cut: bool,
}

/// A look into a file or a folder that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// At what.
    pub path: PathBuf,
    /// No other look has this number; a picture is known by it.
    pub number: u64,
    /// The cells that a picture may take.
    pub most: (u16, u16),
    /// How pictures are drawn, and the pixels of a cell; `None` draws none.
    pub images: Option<(Images, (u16, u16))>,
}

impl Look {
    /// The picture of this look, at a size.
    #[must_use]
    pub fn wanted(&self, (columns, rows): (u16, u16), images: Images) -> Wanted {
        // The server's ids are never so small.
        let file = FileId(Uuid::from_u128(u128::from(self.number)));
        Wanted { file, columns, rows, whole: true, images }
    }
}

/// What a file looks like. Not safe to draw.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// The first lines of a text.
    Text(Vec<String>),
    /// A picture with its pixels.
    Picture(Wanted, Drawing, (u32, u32)),
    /// The first names in a folder, and how many there are.
    Names(Vec<String>, usize),
    /// What it is, where that is all that can be shown.
    Words(String),
}

/// What choosing a row leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entered {
    /// Into this folder.
    Folder(PathBuf),
    /// These files are chosen.
    Files(Vec<PathBuf>),
    /// Nowhere: no row is there.
    Nothing,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    folder: Folder,
    /// The folder that is being read.
    reading: Option<PathBuf>,
    query: Composer,
    /// The rows that fit what is typed.
    shown: Vec<usize>,
    selected: usize,
    /// Whether hidden names are shown.
    pub(crate) shows_hidden: bool,
    marked: Vec<PathBuf>,
    /// The name to stand on when the folder has come.
    stand_on: Option<OsString>,
    looking: Option<PathBuf>,
    seen: Option<(PathBuf, Shown)>,
    looks: u64,
    /// What went wrong, until the next key.
    pub(crate) error: Option<String>,
}

impl Browser {
    /// A browser that waits for this folder.
    #[must_use]
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { reading: Some(folder), ..Self::default() }
    }

    /// The folder on screen; empty until the first has come.
    pub(crate) fn path(&self) -> &Path {
        &self.folder.path
    }

    /// What is typed.
    pub(crate) fn query(&self) -> &Composer {
        &self.query
    }

    /// Whether the folder that is wanted is not here yet.
    pub(crate) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// Whether the folder has more than is listed.
    pub(crate) fn is_cut(&self) -> bool {
        self.folder.is_cut
    }

    /// The rows, and which of them is chosen.
    pub(crate) fn rows(&self) -> (Vec<&Entry>, usize) {
        (self.shown.iter().filter_map(|at| self.folder.entries.get(*at)).collect(), self.selected)
    }

    /// The chosen row.
    pub(crate) fn chosen(&self) -> Option<&Entry> {
        self.folder.entries.get(*self.shown.get(self.selected)?)
    }

    fn chosen_path(&self) -> Option<PathBuf> {
        Some(self.folder.path.join(&self.chosen()?.name))
    }

    /// Whether a row of this folder is marked.
    pub(crate) fn is_marked(&self, entry: &Entry) -> bool {
        !self.marked.is_empty() && self.marked.contains(&self.folder.path.join(&entry.name))
    }

    /// How many files are marked, here and in other folders.
    pub(crate) fn marks(&self) -> usize {
        self.marked.len()
    }

    /// Wants another folder; the one on screen stays until it has come.
    pub(crate) fn read(&mut self, folder: PathBuf) -> PathBuf {
        self.reading = Some(folder.clone());
        folder
    }

    /// The folder above.
    pub(crate) fn above(&mut self) -> Option<PathBuf> {
        let above = self.folder.path.parent()?.to_owned();
        self.stand_on = self.folder.path.file_name().map(OsStr::to_owned);
        Some(self.read(above))
    }

    /// Takes a folder; says whether anybody waits for it.
    pub(crate) fn take(&mut self, asked: &Path, read: Result<Folder, String>) -> bool {
        if self.reading.as_deref() != Some(asked) {
            return false;
        }
        self.reading = None;
        let stand_on = self.stand_on.take();
        match read {
            Ok(folder) => {
                self.folder = folder;
                self.query = Composer::default();
                self.seen = None;
                self.filter();
                let stands = |entry: &&Entry| stand_on.as_ref() == Some(&entry.name);
                self.selected = self.rows().0.iter().position(stands).unwrap_or(0);
            }
            Err(error) => self.error = Some(error),
        }
        true
    }

    /// Changes what is typed. A slash goes into the chosen folder, or to the root, or home.
    pub(crate) fn edit(&mut self, edit: Edit) -> Option<PathBuf> {
        if matches!(edit, Edit::NewLine | Edit::Up | Edit::Down) {
            return None;
        }
        if edit == Edit::Insert('/') {
            let folder = match self.query.text().as_str() {
                "" => PathBuf::from("/"),
                "~" => PathBuf::from("~"),
                ".." => return self.above(),
                _ => self.chosen().filter(|entry| entry.is_folder).and_then(|_| self.chosen_path())?,
            };
            self.query = Composer::default();
            self.filter();
            return Some(self.read(folder));
        }
        if self.query.edit(edit) {
            self.filter();
        }
        None
    }

    /// Moves the choice by rows.
    pub(crate) fn go(&mut self, by: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// Chooses the row at this place; says whether there is one.
    pub(crate) fn choose(&mut self, at: usize) -> bool {
        let is_there = at < self.shown.len();
        if is_there {
            self.selected = at;
        }
        is_there
    }

    /// Shows hidden names, or not any more.
    pub(crate) fn toggle_hidden(&mut self) {
        let name = self.chosen().map(|entry| entry.name.clone());
        self.shows_hidden = !self.shows_hidden;
        self.filter();
        let stands = |entry: &&Entry| name.as_ref() == Some(&entry.name);
        self.selected = self.rows().0.iter().position(stands).unwrap_or(0);
    }

    /// Marks the chosen file to go with others, or takes the mark away, and goes on to the next.
    pub(crate) fn mark(&mut self) {
        let Some(path) = self.chosen().filter(|entry| !entry.is_folder).and_then(|_| self.chosen_path())
        else {
            return;
        };
        let before = self.marked.len();
        self.marked.retain(|marked| *marked != path);
        if self.marked.len() == before {
            if before >= limits::FILES_PER_MESSAGE {
                let most = limits::FILES_PER_MESSAGE;
                self.error = Some(format!("A message has at most {most} files; send these first"));
                return;
            }
            self.marked.push(path);
        }
        self.go(1);
    }

    /// Goes into the chosen folder, or takes the marked files, or the chosen one.
    pub(crate) fn enter(&mut self) -> Entered {
        let Some(path) = self.chosen_path() else { return Entered::Nothing };
        if self.chosen().is_some_and(|entry| entry.is_folder) {
            return Entered::Folder(self.read(path));
        }
        let marked = std::mem::take(&mut self.marked);
        Entered::Files(if marked.is_empty() { vec![path] } else { marked })
    }

    /// The chosen folder, to go into.
    pub(crate) fn enter_folder(&mut self) -> Option<PathBuf> {
        let path = self.chosen().filter(|entry| entry.is_folder).and_then(|_| self.chosen_path())?;
        Some(self.read(path))
    }

    /// The look that is wanted now, once.
    pub(crate) fn look(&mut self, most: (u16, u16), images: Option<(Images, (u16, u16))>) -> Option<Look> {
        let path = self.chosen_path()?;
        let is_known = self.seen.as_ref().is_some_and(|(seen, _)| *seen == path);
        if self.looking.is_some() || is_known {
            return None;
        }
        self.looks += 1;
        self.looking = Some(path.clone());
        Some(Look { path, number: self.looks, most, images })
    }

    /// Takes what a look found; says whether it is of the chosen row.
    pub(crate) fn looked(&mut self, path: &Path, shown: Shown) -> bool {
        self.looking.take_if(|looking| looking == path);
        let is_chosen = self.chosen_path().as_deref() == Some(path);
        if is_chosen {
            self.seen = Some((path.to_owned(), shown));
        }
        is_chosen
    }

    /// What the chosen row looks like, once that is known.
    pub(crate) fn seen(&self) -> Option<&Shown> {
        let (path, shown) = self.seen.as_ref()?;
        (self.chosen_path().as_ref() == Some(path)).then_some(shown)
    }

    fn filter(&mut self) {
        let query = self.query.text();
        let shows_hidden = self.shows_hidden || query.starts_with('.');
        let entries = self.folder.entries.iter().enumerate();
        let rows = entries
            .map(|(at, entry)| (entry.name.to_string_lossy().into_owned(), at))
            .filter(|(name, _)| shows_hidden || !name.starts_with('.'));
        self.selected = 0;
        self.shown = match query.trim() {
            "" => rows.map(|(_, at)| at).collect(),
            query => best(query, rows),
        };
    }
}
