//! Something to read over the conversation.

use super::code::Code;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// What it is. Not safe to draw, like the rows.
    pub title: String,
    /// A word at the left, a text at the right.
    pub rows: Vec<(String, String)>,
    /// A code to photograph, below the rows.
    pub code: Option<Code>,
    /// Scrolled down by so many lines.
    pub top: usize,
}

impl Page {
    /// A page with these rows.
    #[must_use]
    pub fn new(title: String, rows: Vec<(String, String)>) -> Self {
        Self { title, rows, code: None, top: 0 }
    }

    /// A page of whole lines, with a code below them.
    #[must_use]
    pub fn with_code(title: &str, lines: Vec<String>, code: Option<Code>) -> Self {
        let rows = lines.into_iter().map(|line| (String::new(), line)).collect();
        Self { code, ..Self::new(title.to_owned(), rows) }
    }
}
