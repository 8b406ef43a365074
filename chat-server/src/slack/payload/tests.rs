//! What real tools post, and what nobody should.

use serde_json::json;

use super::*;

fn read_text(payload: &Value) -> String {
    text_of(payload.to_string().as_bytes()).unwrap().as_str().to_owned()
}

#[test]
fn a_text_is_a_message() {
    assert_eq!(
        read_text(&json!({"text": "deployed <https://x.org|v2> &amp; happy"})),
        "deployed v2 (https://x.org) & happy"
    );
    let extra = json!({"text": "hi", "username": "ci", "icon_emoji": ":x:", "channel": "#y", "mrkdwn": true});
    assert_eq!(read_text(&extra), "hi");
}

#[test]
fn the_old_form_is_taken_too() {
    let form = b"payload=%7B%22text%22%3A%22a%20%26amp%3B+b%22%7D&other=1";
    assert_eq!(text_of(form).unwrap().as_str(), "a & b");
    assert_eq!(text_of(b"  \n{\"text\": \"x\"}").unwrap().as_str(), "x");
}

/// As Grafana's contact point "Slack" posts it.
#[test]
fn grafana() {
    let payload = json!({
        "channel": "#alerts", "username": "Grafana",
        "text": "", "attachments": [{
            "color": "#D63232", "fallback": "[FIRING:1] HighLatency (api)", "footer": "Grafana v11.2.0",
            "footer_icon": "https://grafana.com/static/assets/img/fav32.png", "ts": 1_726_000_000,
            "title": "[FIRING:1] HighLatency (api)", "title_link": "https://grafana.example/alerting/list",
            "text": "**Firing**\n\nValue: A=1.2\nLabels:\n - alertname = HighLatency\n", "mrkdwn_in": ["pretext"],
        }],
    });
    assert_eq!(
        read_text(&payload),
        "[FIRING:1] HighLatency (api) (https://grafana.example/alerting/list)\n\
         **Firing**\n\nValue: A=1.2\nLabels:\n - alertname = HighLatency\n"
    );
}

/// As Prometheus' Alertmanager posts it.
#[test]
fn alertmanager() {
    let payload = json!({
        "channel": "#ops", "username": "Alertmanager", "attachments": [{
            "title": "[FIRING:1] DiskFull (node-3)", "title_link": "https://am.example/#/alerts?receiver=ops",
            "text": "", "fallback": "[FIRING:1] DiskFull (node-3) | https://am.example", "callback_id": "",
            "fields": [{"title": "Severity", "value": "critical", "short": true},
                       {"title": "Free", "value": 3, "short": true}],
            "color": "danger", "mrkdwn_in": ["fallback", "pretext", "text"],
        }],
    });
    assert_eq!(
        read_text(&payload),
        "[FIRING:1] DiskFull (node-3) (https://am.example/#/alerts?receiver=ops)\nSeverity: critical\nFree: 3"
    );
}

/// As actions of GitHub post it, with attachments and with blocks.
#[test]
fn github() {
    let attachment = json!({"text": "", "attachments": [{
        "fallback": "[acme/api] build failed", "color": "danger", "author_name": "octocat",
        "pretext": "build of <https://github.com/acme/api/commit/1a2b|1a2b> by octocat",
        "fields": [{"title": "Ref", "value": "refs/heads/main"}, {"value": "<https://x.org|log>"}],
    }]});
    assert_eq!(
        read_text(&attachment),
        "build of 1a2b (https://github.com/acme/api/commit/1a2b) by octocat\noctocat\nRef: refs/heads/main\nlog (https://x.org)"
    );
    let blocks = json!({"text": "only for notifications", "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Release <1.2> & more"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*api* is out: <https://x.org|notes>"},
         "accessory": {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "https://x.org"},
         "fields": [{"type": "mrkdwn", "text": "*Took*"}, {"type": "plain_text", "text": "3 min"}]},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "image", "alt_text": "logo", "image_url": "https://x.org/l.png"},
                                          {"type": "mrkdwn", "text": "by <@octocat>"}]},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
            {"type": "text", "text": "see "}, {"type": "link", "url": "https://x.org", "text": "this"}]},
            {"type": "rich_text_list", "elements": [{"type": "rich_text_section",
                "elements": [{"type": "text", "text": "one"}]}]}]},
        {"type": "from_the_future", "shape": 7},
    ]});
    assert_eq!(
        read_text(&blocks),
        "Release <1.2> & more\n*api* is out: notes (https://x.org)\n*Took*\n3 min\nOpen (https://x.org)\n───\n\
         logo (https://x.org/l.png) by @octocat\nsee this (https://x.org)\n• one"
    );
}

#[test]
fn a_fallback_is_better_than_nothing() {
    assert_eq!(
        read_text(&json!({"attachments": [{"fallback": "plain words", "image_url": "x"}]})),
        "plain words"
    );
}

#[test]
fn what_is_no_message_says_so() {
    for bad in ["", "text=hi", "[]", "\"hi\"", "{", "payload=x", "{\"text\":", "payload=%5B%5D"] {
        assert_eq!(text_of(bad.as_bytes()), Err(NotAMessage::Invalid), "{bad}");
    }
    assert_eq!(text_of(&[0xff, 0xfe, b'{']), Err(NotAMessage::Invalid));
    let deep = format!("{{\"text\":{}", "[".repeat(60_000));
    assert_eq!(text_of(deep.as_bytes()), Err(NotAMessage::Invalid));
    for empty in [
        json!({}),
        json!({"text": " \n"}),
        json!({"text": null}),
        json!({"text": ["x"]}),
        json!({"attachments": "x", "blocks": 7}),
        json!({"blocks": [{"type": "section"}, null, 3]}),
    ] {
        assert_eq!(text_of(empty.to_string().as_bytes()), Err(NotAMessage::NoText), "{empty}");
    }
}

#[test]
fn too_long_a_text_is_cut_between_characters() {
    let text = read_text(&json!({"text": "é".repeat(30_000)}));
    assert!(text.len() <= limits::MESSAGE_BYTES && text.len() > limits::MESSAGE_BYTES - 4);
    assert!(text.ends_with("too long)"));
    let many = json!({"attachments": vec![json!({"text": "x"}); 10_000]});
    assert_eq!(read_text(&many).lines().count(), PARTS);
}
