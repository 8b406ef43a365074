//! What is posted: `text`, `attachments` and `blocks`, as far as they are text.
//!
//! Read from loose JSON, not into types: tools leave out, add and misspell fields, and a message
//! that says most of it is worth more than a refusal.

use chat_proto::{Body, limits};
use serde_json::Value;

use super::mrkdwn::plain;

/// Attachments, blocks, fields and elements read from one list each; more is no message.
const PARTS: usize = 100;

/// What stands at the end of a text that was cut.
const CUT: &str = "\n… (cut here; the rest was too long)";

/// Why nothing can be written from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAMessage {
    /// Neither JSON nor a form with JSON in `payload`.
    Invalid,
    /// There is no text in it.
    NoText,
}

/// The message that a program posts, as JSON or as a form with the JSON in `payload`. Too long a
/// text is cut, with a note.
///
/// # Errors
/// [`NotAMessage`].
pub fn text_of(body: &[u8]) -> Result<Body, NotAMessage> {
    let payload = read(body).filter(Value::is_object).ok_or(NotAMessage::Invalid)?;
    let mut parts = blocks(&payload);
    // With blocks, the text is what Slack shows where it cannot show them.
    if parts.is_empty() {
        parts.extend(field(&payload, "text"));
    }
    for attachment in list(&payload, "attachments") {
        parts.extend(self::attachment(attachment));
    }
    Body::new(cut(parts.join("\n"))).map_err(|_| NotAMessage::NoText)
}

/// By its look, not by its content type: `curl -d` calls JSON a form.
fn read(body: &[u8]) -> Option<Value> {
    if body.trim_ascii_start().starts_with(b"{") {
        return serde_json::from_slice(body).ok();
    }
    let (_, payload) = form_urlencoded::parse(body).find(|(key, _)| key == "payload")?;
    serde_json::from_str(&payload).ok()
}

fn attachment(attachment: &Value) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(field(attachment, "pretext"));
    parts.extend(field(attachment, "author_name"));
    parts.extend(field(attachment, "title").map(|title| match field(attachment, "title_link") {
        Some(link) if link != title => format!("{title} ({link})"),
        _ => title,
    }));
    parts.extend(field(attachment, "text"));
    for pair in list(attachment, "fields") {
        let (title, value) = (field(pair, "title"), field(pair, "value"));
        parts.extend(match (title, value) {
            (Some(title), Some(value)) => Some(format!("{title}: {value}")),
            (title, value) => title.or(value),
        });
    }
    parts.extend(blocks(attachment));
    if parts.is_empty() {
        parts.extend(field(attachment, "fallback"));
    }
    parts
}

fn blocks(holder: &Value) -> Vec<String> {
    list(holder, "blocks").iter().filter_map(block).collect()
}

/// One block as lines of text; `None` for one without any.
fn block(block: &Value) -> Option<String> {
    let lines: Vec<String> = match block["type"].as_str() {
        Some("divider") => vec!["───".to_owned()],
        Some("image") => picture(block).into_iter().collect(),
        Some("context") => {
            let elements = list(block, "elements").iter().filter_map(element).collect::<Vec<_>>();
            vec![elements.join(" ")]
        }
        Some("actions") => list(block, "elements").iter().filter_map(element).collect(),
        Some("rich_text") => list(block, "elements").iter().map(rich).collect(),
        // Header, section, and what may come: a text, and fields.
        _ => {
            let text = field(block, "text").into_iter();
            let fields = list(block, "fields").iter().filter_map(element);
            text.chain(fields).chain(element(&block["accessory"])).collect()
        }
    };
    let text = lines.join("\n");
    (!text.trim().is_empty()).then_some(text)
}

/// A text, a picture, or a button with its address.
fn element(element: &Value) -> Option<String> {
    match element["type"].as_str() {
        Some("image") => picture(element),
        Some("button") => {
            let label = field(element, "text")?;
            Some(field(element, "url").map_or(label.clone(), |url| format!("{label} ({url})")))
        }
        _ => said(element),
    }
}

fn picture(image: &Value) -> Option<String> {
    let (alt, url) = (field(image, "alt_text"), field(image, "image_url"));
    match (alt, url) {
        (Some(alt), Some(url)) => Some(format!("{alt} ({url})")),
        (alt, url) => alt.or(url),
    }
}

/// A section, list or quote of rich text on its line, its elements in a row.
fn rich(element: &Value) -> String {
    let inner = list(element, "elements");
    let is_list = element["type"] == "rich_text_list";
    if is_list {
        let items: Vec<String> = inner.iter().map(|item| format!("• {}", rich(item))).collect();
        return items.join("\n");
    }
    let words = inner.iter().filter_map(|word| match word["type"].as_str() {
        Some("link") => match (raw(word, "text"), raw(word, "url")) {
            (Some(text), Some(url)) => Some(format!("{text} ({url})")),
            (text, url) => text.or(url),
        },
        Some("user") => raw(word, "user_id").map(|user| format!("@{user}")),
        Some("emoji") => raw(word, "name").map(|name| format!(":{name}:")),
        Some("broadcast") => raw(word, "range").map(|who| plain(&format!("<!{who}>"))),
        _ => raw(word, "text"),
    });
    words.collect()
}

/// A field's text: itself, or that of a text object.
fn field(holder: &Value, name: &str) -> Option<String> {
    said(&holder[name])
}

/// A text, or an object `{type, text}`; numbers and truth values as they are written.
fn said(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => plain(text),
        Value::Object(_) if value["type"] == "plain_text" => value["text"].as_str()?.to_owned(),
        Value::Object(_) => plain(value["text"].as_str()?),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Null | Value::Array(_) => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// A text that is not in Slack's form.
fn raw(holder: &Value, name: &str) -> Option<String> {
    holder[name].as_str().map(str::to_owned)
}

fn list<'a>(holder: &'a Value, name: &str) -> &'a [Value] {
    let all = holder[name].as_array().map_or(&[][..], Vec::as_slice);
    &all[..all.len().min(PARTS)]
}

/// The text within the bound of a message, cut between two characters.
fn cut(text: String) -> String {
    if text.len() <= limits::MESSAGE_BYTES {
        return text;
    }
    let end = text.floor_char_boundary(limits::MESSAGE_BYTES - CUT.len());
    format!("{}{CUT}", &text[..end])
}

#[cfg(test)]
mod tests;
