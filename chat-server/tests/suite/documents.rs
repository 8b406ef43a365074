//! The documentation says what the tables say. `CHAT_WRITE_DOCUMENTS=1 cargo nextest run -p chat-server documents`
//! writes it again.

use std::path::Path;

use chat_server::{config, limits, metrics};

fn compare(name: &str, table: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let (mark, end) = (format!("<!-- table: {table} -->\n"), "<!-- end -->");
    let from = text.find(&mark).expect("the mark of the table") + mark.len();
    let to = from + text[from..].find(end).expect("the end of the table");
    let filled = format!("{}{wanted}{}", &text[..from], &text[to..]);
    if std::env::var_os("CHAT_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, &filled).unwrap();
        return;
    }
    assert!(
        text == filled,
        "{name} is not as the tables: CHAT_WRITE_DOCUMENTS=1 cargo nextest run -p chat-server documents"
    );
}

#[test]
fn the_limits_are_documented_as_they_are() {
    compare("limits.md", "limits", &limits::document());
    let example = config::example().unwrap();
    for limit in limits::all() {
        if let Some(setting) = limit.setting {
            assert!(example.contains(&format!("# {setting} = {}", "")), "{setting} is no setting");
        }
        assert!(!limit.default.is_empty(), "{} has no default", limit.what);
    }
}

#[test]
fn every_limit_of_hello_is_in_the_table() {
    let hello = serde_json::to_value(chat_proto::Limits::default()).unwrap();
    let told = limits::all().iter().filter(|limit| limit.in_hello).count();
    // `sends_in_flight` binds clients only.
    assert_eq!(told, hello.as_object().unwrap().len() - 1);
}

#[test]
fn the_metrics_are_documented_as_they_are() {
    let mut text = "| metric | kind | label | what it says |\n|---|---|---|---|\n".to_owned();
    for row in metrics::TABLE {
        let name = if row.kind == "counter" || row.kind == "info" {
            row.samples().remove(0)
        } else {
            row.name.to_owned()
        };
        text.push_str(&format!(
            "| `{name}` | {} | {} | {} |\n",
            row.kind,
            row.label.unwrap_or_default(),
            row.help
        ));
    }
    compare("watching.md", "metrics", &text);
}
