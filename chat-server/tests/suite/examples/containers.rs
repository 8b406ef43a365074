//! Docker Compose and Kubernetes.

use std::collections::BTreeSet;
use std::time::Duration;

use chat_server::config::Config;
use serde_json::Value;

use super::{checked, example, longest_end, root};

fn documents(name: &str) -> Vec<Value> {
    let text = example(name);
    serde_saphyr::from_multiple(&text).unwrap_or_else(|cause| panic!("{name}: {cause}"))
}

fn text<'a>(value: &'a Value, at: &str) -> &'a str {
    value.pointer(at).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {at} of {value:#}"))
}

fn number(value: &Value, at: &str) -> u64 {
    value.pointer(at).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number at {at} of {value:#}"))
}

fn list<'a>(value: &'a Value, at: &str) -> &'a [Value] {
    value.pointer(at).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn names(value: &Value, at: &str) -> BTreeSet<String> {
    let found = value.pointer(at).and_then(Value::as_object);
    found.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

/// Who runs in the image.
fn user_of_the_image() -> u64 {
    let dockerfile = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    super::behind(&dockerfile, "USER").parse().unwrap()
}

#[test]
fn compose_waits_for_nodes_and_has_everything_that_it_names() {
    let (_, node) = checked(&example("compose/server.toml"));
    let compose = documents("compose/compose.yaml").remove(0);
    let (secrets, volumes) = (names(&compose, "/secrets"), names(&compose, "/volumes"));
    let services = compose["services"].as_object().unwrap();
    for (name, service) in services {
        for secret in list(service, "/secrets") {
            assert!(secrets.contains(secret.as_str().unwrap()), "{name}: {secret}");
        }
        for volume in list(service, "/volumes") {
            let (from, to) = volume.as_str().unwrap().split_once(':').unwrap();
            assert!(
                to.starts_with('/') && (volumes.contains(from) || from.starts_with('.')),
                "{name}: {volume}"
            );
            if from.starts_with("../") {
                assert!(super::folder().join("compose").join(from).is_file(), "{name}: {from} is not there");
            }
        }
        let needed = match &service["depends_on"] {
            Value::Array(list) => list.iter().map(|name| name.as_str().unwrap()).collect(),
            Value::Object(table) => table.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        assert!(needed.iter().all(|other| services.contains_key(*other)), "{name}: {needed:?}");
    }
    let haproxy = example("haproxy.cfg");
    for n in 1..=3 {
        let service = &services[&format!("node{n}")];
        let patience = humantime::parse_duration(text(service, "/stop_grace_period")).unwrap();
        assert!(patience > longest_end(&node), "Docker kills a node that still sends its clients away");
        // The file, the folder and the name of each setting are where the image and the server look.
        assert_eq!(text(service, "/environment/CHAT_SERVER_CONFIG"), "/run/secrets/server.toml");
        let data = text(service, "/environment/CHAT_SERVER_DATA_DIR");
        assert!(list(service, "/volumes").iter().any(|volume| volume.as_str().unwrap().ends_with(data)));
        let address = text(service, "/networks/chat/ipv4_address");
        assert!(haproxy.contains(&format!("server node{n} {address}:{}", node.listen.port())), "{address}");
    }
    let balancer = text(&services["haproxy"], "/networks/chat/ipv4_address");
    assert!(node.live.trusted_proxies.iter().all(|net| net.addr().to_string() == balancer));
    assert_the_same_database(&services["postgres"], &node);
    let bus = &node.bus.as_ref().unwrap().servers[0];
    assert!(services.contains_key(bus.trim_start_matches("nats://").split(':').next().unwrap()), "{bus}");
    assert!(node.listen.ip().is_unspecified(), "HAProxy does not reach the nodes");
}

/// That nodes look for the database that the image of PostgreSQL makes.
fn assert_the_same_database(postgres: &Value, node: &Config) {
    let address = node.database.as_ref().unwrap().to_string();
    assert_eq!(address, format!("postgres://postgres:5432/{}", text(postgres, "/environment/POSTGRES_DB")));
}

/// The settings that Kubernetes' secret holds.
fn settings(all: &[Value]) -> Config {
    let secret = find(all, "Secret", "chat-settings");
    checked(text(secret, "/stringData/server.toml")).1
}

fn find<'a>(all: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let found = all.iter().find(|one| one["kind"] == kind && one["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// How long a probe takes to notice.
fn notices_after(probe: &Value) -> Duration {
    Duration::from_secs(number(probe, "/periodSeconds") * (number(probe, "/failureThreshold") + 1))
}

#[test]
fn kubernetes_asks_stops_and_keeps_nodes_as_they_need_it() {
    let all = documents("kubernetes.yaml");
    let node = settings(&all);
    let deployment = find(&all, "Deployment", "chat");
    let pod = &deployment["spec"]["template"]["spec"];
    let grace = Duration::from_secs(number(pod, "/terminationGracePeriodSeconds"));
    assert!(grace > longest_end(&node), "a node is killed while it still sends its clients away");
    let server = &pod["containers"][0];
    assert!(
        server.pointer("/lifecycle/preStop").is_none(),
        "its time would be missing from the grace period"
    );
    assert_eq!(text(server, "/readinessProbe/httpGet/path"), "/ready");
    assert!(notices_after(&server["readinessProbe"]) < node.server.drain_delay);
    for probe in ["livenessProbe", "startupProbe"] {
        assert_eq!(
            text(&server[probe], "/httpGet/path"),
            "/health",
            "a database that is away is no reason to restart"
        );
    }
    let scheme = if node.server.tls.is_some() { "HTTPS" } else { "HTTP" };
    for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
        assert_eq!(text(&server[probe], "/httpGet/scheme"), scheme);
    }
    assert_eq!(number(pod, "/securityContext/runAsUser"), user_of_the_image());
    let ports: Vec<u64> = list(server, "/ports").iter().map(|port| number(port, "/containerPort")).collect();
    let metrics = node.server.metrics.unwrap();
    assert_eq!(ports, [u64::from(node.listen.port()), u64::from(metrics.port())]);
    let scraped = &deployment["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"];
    assert_eq!(scraped.as_str().unwrap(), metrics.port().to_string());
    assert_eq!(number(deployment, "/spec/strategy/rollingUpdate/maxUnavailable"), 0);
    // A disruption budget that lets nobody go would stop the upgrade of the machines.
    assert_eq!(number(find(&all, "PodDisruptionBudget", "chat"), "/spec/maxUnavailable"), 1);
}

#[test]
fn what_kubernetes_is_told_to_use_is_there() {
    let all = documents("kubernetes.yaml");
    let node = settings(&all);
    assert!(all.iter().all(|one| one["kind"] == "Namespace" || one["metadata"]["namespace"] == "chat"));
    for name in ["chat", "nats"] {
        let labels = &find(&all, "Deployment", name)["spec"]["template"]["metadata"]["labels"];
        let deployment = find(&all, "Deployment", name);
        assert_eq!(deployment["spec"]["selector"]["matchLabels"], *labels);
        let service = find(&all, "Service", name);
        assert_eq!(service["spec"]["selector"], *labels);
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let target = text(service, "/spec/ports/0/targetPort");
        assert!(list(container, "/ports").iter().any(|port| port["name"] == target), "{target}");
        let pod = &deployment["spec"]["template"]["spec"];
        for mount in list(container, "/volumeMounts") {
            let volume = list(pod, "/volumes").iter().find(|volume| volume["name"] == mount["name"]);
            let volume = volume.unwrap_or_else(|| panic!("no volume {mount}"));
            if let Some(secret) = volume.pointer("/secret/secretName").and_then(Value::as_str) {
                // The certificate is made by hand, and the text says how.
                assert!(
                    secret == "chat-tls"
                        || all.iter().any(|one| one["kind"] == "Secret" && one["metadata"]["name"] == secret),
                    "{secret}"
                );
            }
        }
    }
    assert!(example("kubernetes.yaml").contains("create secret tls chat-tls"));
    let policy = find(&all, "NetworkPolicy", "nats");
    let nats = &find(&all, "Deployment", "nats")["spec"]["template"]["metadata"]["labels"];
    assert_eq!(policy["spec"]["podSelector"]["matchLabels"], *nats);
    assert_eq!(text(find(&all, "PodDisruptionBudget", "chat"), "/spec/selector/matchLabels/app"), "chat");

    // Who nodes are for NATS is who NATS lets in.
    let bus = node.bus.as_ref().unwrap();
    let conf = text(find(&all, "Secret", "nats-settings"), "/stringData/nats.conf");
    assert!(conf.contains(&format!("user: {:?}", bus.user.as_deref().unwrap())));
    assert!(conf.contains(&format!("password: {:?}", bus.secret.as_ref().unwrap().expose())));
    assert_eq!(conf.matches(&format!("chat.{}.>", bus.cluster)).count(), 2);
    let port = number(find(&all, "Service", "nats"), "/spec/ports/0/port");
    assert_eq!(bus.servers, [format!("nats://nats:{port}")]);

    // The files of the settings lie where a volume brings them.
    let server = &find(&all, "Deployment", "chat")["spec"]["template"]["spec"]["containers"][0];
    let paths: Vec<&str> =
        list(server, "/volumeMounts").iter().map(|mount| text(mount, "/mountPath")).collect();
    for (at, variable) in list(server, "/env").iter().enumerate() {
        let value = text(variable, "/value");
        assert!(paths.iter().any(|path| value.starts_with(path)), "variable {at}: {value}");
    }
    for key in words_of_paths(text(find(&all, "Secret", "chat-settings"), "/stringData/server.toml")) {
        assert!(paths.iter().any(|path| key.starts_with(&format!("{path}/"))), "{key}");
    }
}

/// Absolute paths in settings.
fn words_of_paths(settings: &str) -> Vec<&str> {
    let values = settings.lines().filter(|line| !line.trim().starts_with('#'));
    values.flat_map(|line| line.split(['"', '='])).filter(|word| word.starts_with("/etc/")).collect()
}
