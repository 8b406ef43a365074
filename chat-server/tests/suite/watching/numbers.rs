//! What Prometheus reads, and what the dashboard asks for.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use chat_server::metrics::TABLE;
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{Server, get};

const DASHBOARD: &str = include_str!("../../../../docs/grafana/chat-server.json");

fn samples() -> BTreeSet<String> {
    TABLE.iter().flat_map(|row| row.samples()).collect()
}

/// The value of the sample that begins with this.
fn value(text: &str, sample: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(sample).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("{sample} is not in\n{text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_metric_is_there_after_real_traffic_and_only_for_the_admin() {
    let server = Server::start("metrics_listen = \"127.0.0.1:0\"\n");
    let line = server.logged("metrics are at http://");
    let metrics: SocketAddr =
        line.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();

    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    let room = ada.room("numbers").await;
    lin.ask("room.join", json!({"room": "numbers"})).await;
    for n in 0..5 {
        ada.write(&room, &format!("message {n}")).await;
    }
    let epoch = ada.welcome["epoch"].clone();
    lin.ask("sync.resume", json!({"epoch": Uuid::nil(), "conversations": {}})).await;
    lin.ask("sync.resume", json!({"epoch": epoch, "conversations": {&room: 2}})).await;
    lin.say("{".to_owned()).await;
    assert_eq!(lin.ask("room.join", json!({"room": "nowhere"})).await["code"], "not_found");

    let (status, text) = get(metrics, "/metrics");
    assert_eq!(status, 200);
    for sample in samples() {
        let is_there = |line: &str| line.split(['{', ' ']).next() == Some(&sample);
        assert!(text.lines().any(is_there), "{sample} is missing");
    }
    for (sample, expected) in [
        ("chat_connections", 2.0),
        ("chat_sessions", 2.0),
        ("chat_draining", 0.0),
        ("chat_requests_total{type=\"message.send\"}", 5.0),
        ("chat_requests_total{type=\"auth.register\"}", 2.0),
        ("chat_refusals_total{code=\"bad_frame\"}", 1.0),
        ("chat_refusals_total{code=\"not_found\"}", 1.0),
        ("chat_resumes_total{result=\"resync\"}", 1.0),
        ("chat_resumes_total{result=\"inline\"}", 1.0),
        ("chat_hash_seconds_count", 2.0),
        ("chat_store_errors_total{side=\"commit\"}", 0.0),
    ] {
        assert_eq!(value(&text, sample), expected, "{sample}");
    }
    for sample in [
        "chat_commit_seconds_count",
        "chat_commit_writes_sum",
        "chat_turn_changes_sum",
        "chat_turn_seconds_count",
        "chat_delivery_seconds_count",
        "chat_flush_seconds_count",
        "chat_request_seconds_count",
        "chat_frames_sent_total",
        "chat_sent_bytes_total",
        "process_start_time_seconds",
    ] {
        assert!(value(&text, sample) > 0.0, "{sample}");
    }
    assert!(!text.contains("ada") && !text.contains(&room), "no label comes from people");
    assert_eq!(get(metrics, "/").0, 404);
    assert_eq!(get(server.address, "/metrics").0, 404, "not where everybody can reach it");
    assert_eq!(get(server.address, "/health"), (200, "ok\n".to_owned()));
    assert_eq!(get(server.address, "/ready"), (200, "ready\n".to_owned()));
}

#[test]
fn the_dashboard_names_only_metrics_that_exist_and_leaves_none_out() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut asked = BTreeSet::new();
    for target in targets {
        let words =
            target["expr"].as_str().unwrap().split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        asked.extend(words.filter(|word| word.starts_with("chat_") || word.starts_with("process_")));
    }
    let known = samples();
    for name in &asked {
        assert!(known.contains(*name), "the dashboard asks for {name}, which there is not");
    }
    for row in TABLE {
        let shown = row.samples().iter().any(|sample| asked.contains(sample.as_str()));
        assert!(shown, "{} is on no panel", row.name);
    }
}
