//! The documentation says what the tables say. `CHAT_WRITE_DOCUMENTS=1 cargo test -p chat-tui documents`
//! writes it again.

use std::path::Path;

use chat_tui::keymap::Keymap;
use chat_tui::manual::{self, Part};

fn compare(name: &str, parts: &[Part]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let wanted = manual::filled(&text, parts).unwrap();
    if std::env::var_os("CHAT_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
        return;
    }
    assert!(
        text == wanted,
        "{name} is not as the tables: CHAT_WRITE_DOCUMENTS=1 cargo test -p chat-tui documents"
    );
}

#[test]
fn the_readme_has_the_keys_as_they_are() {
    compare("README.md", &manual::readme());
}

#[test]
fn the_document_of_the_client_has_everything_as_it_is() {
    compare("docs/client.md", &manual::client());
}

#[test]
fn the_man_page_has_the_keys_as_they_are() {
    let mut page = Vec::new();
    manual::man(&Keymap::default(), &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    for part in [".SH KEYS", ".SH COMMANDS", ".SH SETTINGS", "notify.how", "Alt\\-Enter"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}
