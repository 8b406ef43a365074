//! Writing a message in an editor: a sheet of paper for it (pasted texts that become files use it too), the program, and the text that comes
//! back.
//!
//! 1. The sheet is a file that only its owner may read, in a folder that only its owner may enter;
//!    both are gone afterwards, however it ends.
//! 2. The program is called by its words and never through a shell.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chat_proto::limits;
use tempfile::TempDir;
use tokio::process::Command;

/// Bytes that are taken back: as many as the composer holds.
const BYTES: usize = 4 * limits::MESSAGE_BYTES;

/// What is there where nobody has chosen an editor.
const USUAL: &str = "vi";

/// A message on its way through an editor.
pub(crate) struct Sheet {
    /// Takes the file with it when it goes.
    _folder: TempDir,
    path: PathBuf,
}

impl Sheet {
    /// A sheet of this name, with this text.
    pub(crate) fn new(name: &str, text: &str) -> io::Result<Self> {
        let private = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("chat-").permissions(private).tempdir()?;
        let path = folder.path().join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
        Ok(Self { _folder: folder, path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is on it now, without the line ends that editors put last.
    pub(crate) fn read(&self) -> io::Result<String> {
        let mut bytes = Vec::new();
        let most = u64::try_from(BYTES).unwrap_or(u64::MAX).saturating_add(1);
        std::fs::File::open(&self.path)?.take(most).read_to_end(&mut bytes)?;
        if bytes.len() > BYTES {
            return Err(io::Error::other(format!("it has more than {BYTES} bytes; send it as a file")));
        }
        let text = String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))?;
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }
}

/// The program and its arguments: the setting, or `$VISUAL`, or `$EDITOR`.
///
/// # Errors
/// One sentence, for a quote that is not closed.
pub(crate) fn words(setting: &str, get: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, String> {
    let said = |text: &String| !text.trim().is_empty();
    let chosen = Some(setting.to_owned()).filter(said);
    let chosen = chosen.or_else(|| get("VISUAL").filter(said)).or_else(|| get("EDITOR").filter(said));
    let chosen = chosen.unwrap_or_else(|| USUAL.to_owned());
    shell_words::split(&chosen).map_err(|_| format!("The editor {chosen} has a quote that is not closed"))
}

/// Writes a text in the editor; gives what came of it.
///
/// # Errors
/// One sentence. The text is as it was then.
pub(crate) async fn write(words: &[String], text: &str) -> Result<String, String> {
    let sheet = Sheet::new("message.md", text)
        .map_err(|error| format!("There is no room for a message file: {error}"))?;
    let (program, arguments) = words.split_first().ok_or("No editor is set; set $EDITOR")?;
    let ended = Command::new(program).args(arguments).arg(sheet.path()).status().await;
    match ended {
        Ok(status) if status.success() => {
            sheet.read().map_err(|error| format!("The text did not come back from {program}: {error}"))
        }
        Ok(status) => Err(format!("{program} ended with {status}; the message is as it was")),
        Err(error) => Err(format!("{program} cannot be started ({error}); set $EDITOR or /set editor")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Vec<String> {
        vec!["sh".to_owned(), "-c".to_owned(), script.to_owned(), "sh".to_owned()]
    }

    #[tokio::test]
    async fn the_text_goes_out_and_comes_back() {
        let upper = shell("tr a-z A-Z < \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\" && echo >> \"$1\"");
        assert_eq!(write(&upper, "one\ntwo").await, Ok("ONE\nTWO".into()), "also by editors that rename");
        let failed = write(&shell("exit 3"), "one").await.unwrap_err();
        assert!(failed.contains("as it was"), "{failed}");
        assert!(write(&["/no/such/editor".into()], "x").await.unwrap_err().contains("cannot be started"));
        let large = shell("head -c 900000 /dev/zero | tr '\\0' x > \"$1\"");
        assert!(write(&large, "x").await.unwrap_err().contains("send it as a file"));
        assert!(write(&shell("printf '\\377' > \"$1\""), "x").await.unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn nobody_else_can_read_it_and_nothing_is_left() {
        let sheet = Sheet::new("message.md", "secret").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(sheet.path()), 0o600);
        assert_eq!(mode(sheet.path().parent().unwrap()), 0o700);
        let path = sheet.path().to_owned();
        drop(sheet);
        assert!(!path.exists() && !path.parent().unwrap().exists());
    }

    #[test]
    fn the_setting_goes_before_the_environment() {
        let get = |name: &str| Some(format!("my-{} --wait", name.to_lowercase()));
        assert_eq!(words("code -w 'a b'", get), Ok(vec!["code".into(), "-w".into(), "a b".into()]));
        assert_eq!(words(" ", get), Ok(vec!["my-visual".into(), "--wait".into()]));
        assert_eq!(words("", |_| None), Ok(vec!["vi".into()]));
        assert!(words("vi 'a", |_| None).is_err());
    }
}
