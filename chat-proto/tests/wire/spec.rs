//! `PROTOCOL.md`, taken apart: its example frames, each with who sends it, and its tables.

use std::collections::HashMap;

use chat_proto::{ClientFrame, RequestKind, ServerFrame};
use serde_json::Value;

/// The specification itself.
pub(crate) const TEXT: &str = include_str!("../../PROTOCOL.md");

/// Who sends an example frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Client,
    /// With the request that an `ok` answers.
    Server(Option<RequestKind>),
}

/// One example frame.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    pub(crate) line: usize,
    pub(crate) sender: Sender,
    pub(crate) text: String,
}

impl Example {
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("line {}: {e}: {}", self.line, self.text))
    }

    /// Reads the frame and writes it again.
    pub(crate) fn recoded(&self, text: &str) -> Value {
        let written = match self.sender {
            Sender::Client => {
                ClientFrame::decode(text).unwrap_or_else(|e| panic!("line {}: {e}", self.line)).encode()
            }
            Sender::Server(request) => self.recoded_from_server(text, request),
        };
        serde_json::from_str(&written).unwrap()
    }

    fn recoded_from_server(&self, text: &str, request: Option<RequestKind>) -> String {
        match ServerFrame::decode(text).unwrap_or_else(|e| panic!("line {}: {e}", self.line)) {
            ServerFrame::Ok { id, payload } => {
                let request = request.unwrap_or_else(|| panic!("line {}: answers what?", self.line));
                let answer = request
                    .decode_answer(&payload)
                    .unwrap_or_else(|e| panic!("line {}: not an answer to {request:?}: {e}", self.line));
                ServerFrame::encode_ok(&id, &answer)
            }
            ServerFrame::Error { id, error } => ServerFrame::encode_error(id.as_ref(), &error),
            ServerFrame::Push(push) => ServerFrame::encode_push(&push),
            ServerFrame::Unknown { kind } => panic!("line {}: no push is called {kind}", self.line),
        }
    }
}

/// Every example: blocks fenced as `json client`, `json server` or `json server answers REQUEST`,
/// and the lines of `text wire` blocks, which begin with `C ` or `S `.
pub(crate) fn examples() -> Vec<Example> {
    let mut found = Vec::new();
    let mut lines = TEXT.lines().enumerate().map(|(n, line)| (n + 1, line));
    while let Some((line, fence)) = lines.next() {
        let Some(info) = fence.strip_prefix("```") else { continue };
        let block: Vec<_> = lines.by_ref().take_while(|(_, text)| *text != "```").collect();
        // Not frames: what one types, and other text.
        if matches!(info, "sh" | "text") {
            continue;
        }
        if info == "text wire" {
            found.extend(conversation(&block));
            continue;
        }
        let text = block.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n");
        let sender = match info.split(' ').collect::<Vec<_>>()[..] {
            ["json", "client"] => Sender::Client,
            ["json", "server"] => Sender::Server(None),
            ["json", "server", "answers", request] => Sender::Server(Some(
                RequestKind::from_type(request).unwrap_or_else(|| panic!("line {line}: {request}?")),
            )),
            _ => panic!("line {line}: a block must say who sends it, not {info:?}"),
        };
        found.push(Example { line, sender, text });
    }
    found
}

/// A whole conversation: which request an `ok` answers follows from the ids.
fn conversation(block: &[(usize, &str)]) -> Vec<Example> {
    let mut asked: HashMap<String, RequestKind> = HashMap::new();
    let read = |(line, text): &(usize, &str)| {
        let (who, text) = text.split_at(2);
        let frame: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("line {line}: {e}"));
        let id = frame["id"].as_str().map(str::to_owned);
        let sender = match who {
            "C " => {
                let kind = RequestKind::from_type(frame["type"].as_str().unwrap());
                asked.extend(id.zip(kind));
                Sender::Client
            }
            "S " => Sender::Server(id.map(|id| asked.remove(&id).expect("an answer follows its request"))),
            _ => panic!("line {line}: begins with neither C nor S"),
        };
        Example { line: *line, sender, text: text.to_owned() }
    };
    let examples = block.iter().map(read).collect();
    assert!(asked.is_empty(), "without an answer: {asked:?}");
    examples
}

/// What stands between `<!-- table: NAME -->` and `<!-- end -->`.
pub(crate) fn table(name: &str) -> &'static str {
    let begin = format!("<!-- table: {name} -->\n");
    let after = TEXT.split_once(&begin).unwrap_or_else(|| panic!("no table {name}")).1;
    after.split_once("<!-- end -->").expect("a table ends").0
}
