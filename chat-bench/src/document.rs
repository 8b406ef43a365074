//! Writes a table into a document, between its marks.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Puts `text` in the place of what stands between `<!-- table: NAME -->` and the next `<!-- end -->`.
///
/// # Errors
/// The document cannot be read or written, or has no such place.
pub(crate) fn write(path: &Path, name: &str, text: &str) -> Result<()> {
    let old = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let new = replaced(&old, name, text)
        .with_context(|| format!("{} has no <!-- table: {name} --> … <!-- end -->", path.display()))?;
    fs::write(path, new).with_context(|| format!("writing {}", path.display()))
}

fn replaced(document: &str, name: &str, text: &str) -> Option<String> {
    let (before, rest) = document.split_once(&format!("<!-- table: {name} -->"))?;
    let (_, after) = rest.split_once("<!-- end -->")?;
    Some(format!("{before}<!-- table: {name} -->\n{}\n<!-- end -->{after}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let document = "a\n<!-- table: server -->\nold\n<!-- end -->\nz <!-- end -->\n";
        let expected = "a\n<!-- table: server -->\nnew\n<!-- end -->\nz <!-- end -->\n";
        assert_eq!(replaced(document, "server", "new\n\n").as_deref(), Some(expected));
        assert_eq!(replaced(document, "client", "new"), None);
        assert_eq!(replaced("<!-- table: server -->", "server", "new"), None);
    }
}
