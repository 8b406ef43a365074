//! What `chat-server doctor` finds, by the real binary.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::watching::house::{Server, command};

fn examine(mut command: Command) -> (Value, Output) {
    let output = command.args(["doctor", "--json"]).output().unwrap();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let finding = |line| {
        serde_json::from_str::<Value>(line)
            .unwrap_or_else(|cause| panic!("{cause}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    (Value::Array(lines.lines().map(finding).collect()), output)
}

fn finding<'a>(findings: &'a Value, check: &str) -> &'a Value {
    findings.as_array().unwrap().iter().find(|finding| finding["check"] == check).unwrap()
}

/// Private, as the server makes it.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    dir
}

#[tokio::test]
async fn beside_a_server_that_runs_all_is_well() {
    let server = Server::start("");
    server.user("ada").await.room("r").await;
    fs::set_permissions(server.dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let listen = format!("listen = \"{}\"\nmax_connections = 10\n", server.address);
    fs::write(server.file("server.toml"), listen).unwrap();
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    doctor.arg("--data-dir").arg(server.dir.path());
    let (findings, output) = examine(doctor);
    assert!(output.status.success(), "{findings}");
    for check in
        ["configuration", "data directory", "database", "files", "descriptors", "clock", "port", "openness"]
    {
        assert_eq!(finding(&findings, check)["state"], "ok", "{check}: {findings}");
    }
    assert!(finding(&findings, "port")["found"].as_str().unwrap().contains("a chat-server answers"));
}

#[test]
fn each_trouble_is_told_with_what_to_do() {
    let dir = folder();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    std::thread::spawn(move || while other.accept().is_ok() {});
    fs::write(dir.path().join("chat.sqlite"), "this is no database".repeat(100)).unwrap();
    let mut doctor = command(&dir, "");
    let config = format!(
        "listen = \"{address}\"\nowner_code = \"secret\"\nmax_connections = 5000000\ntrusted_proxies = [\"0.0.0.0/0\"]\n"
    );
    fs::write(dir.path().join("server.toml"), config).unwrap();
    fs::set_permissions(dir.path().join("server.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    doctor.env_clear();
    let (findings, output) = examine(doctor);
    assert_eq!(output.status.code(), Some(1));
    for check in ["configuration", "data directory", "database", "port", "openness"] {
        assert_eq!(finding(&findings, check)["state"], "problem", "{check}: {findings}");
        assert!(finding(&findings, check)["advice"].is_string());
    }
    assert_eq!(finding(&findings, "descriptors")["state"], "warning");
    assert!(!dir.path().join("files").exists() && !dir.path().join("uploads").exists(), "nothing was made");
}

#[test]
fn a_configuration_that_cannot_be_used_is_the_finding() {
    let dir = folder();
    let (findings, output) = examine(command(&dir, "lisen = 5\n"));
    assert_eq!(output.status.code(), Some(1));
    let found = finding(&findings, "configuration");
    assert!(found["found"].as_str().unwrap().contains("lisen"), "{found}");
}

#[test]
fn a_certificate_is_read() {
    let dir = folder();
    let certified = rcgen::generate_simple_self_signed(vec!["chat.example.org".to_owned()]).unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    fs::write(&cert, certified.cert.pem()).unwrap();
    fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let config = format!("tls_cert = {cert:?}\ntls_key = {key:?}\n");
    let (findings, _) = examine(command(&dir, &config));
    let found = finding(&findings, "certificate");
    assert_eq!(found["state"], "ok", "{found}");
    assert!(found["found"].as_str().unwrap().contains("chat.example.org"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (findings, _) = examine(command(&dir, &config));
    assert_eq!(finding(&findings, "TLS key")["state"], "problem");

    let other = rcgen::generate_simple_self_signed(vec!["chat.example.org".to_owned()]).unwrap();
    fs::write(&key, other.signing_key.serialize_pem()).unwrap();
    let (findings, output) = examine(command(&dir, &config));
    assert_eq!(output.status.code(), Some(1));
    assert!(finding(&findings, "certificate")["found"].as_str().unwrap().contains("does not fit"));
}

#[tokio::test]
async fn behind_tls_the_console_says_whose_port_it_is() {
    let dir = folder();
    let mut command = command(&dir, "tls = \"self-signed\"\n");
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let address = lines.find_map(|line| line.unwrap().strip_prefix("listening on wss://").map(str::to_owned));
    let config = format!("listen = \"{}\"\ntls = \"self-signed\"\n", address.unwrap());
    fs::write(dir.path().join("server.toml"), config).unwrap();
    let ask = || {
        let mut doctor = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        doctor.arg("--data-dir").arg(dir.path());
        finding(&examine(doctor).0, "port").clone()
    };
    let found = ask();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(found["state"], "ok", "{found}");
    assert!(found["found"].as_str().unwrap().contains("of this data directory"), "{found}");
    assert!(ask()["found"].as_str().unwrap().contains("is free"));
}

/// A provider that describes itself, under this name.
fn provider(called: impl Fn(&str) -> String + Send + 'static) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let here = url.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4_096];
            let _ = stream.read(&mut head).unwrap();
            let body = if head.starts_with(b"GET /.well-known/") {
                serde_json::json!({
                    "issuer": called(&here),
                    "authorization_endpoint": format!("{here}/auth"),
                    "device_authorization_endpoint": format!("{here}/device"),
                    "token_endpoint": format!("{here}/token"),
                    "jwks_uri": format!("{here}/keys"),
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                })
            } else {
                serde_json::json!({"keys": []})
            }
            .to_string();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    url
}

#[test]
fn the_provider_is_asked_who_it_is() {
    let dir = folder();
    let ask = |issuer: &str| {
        let secret = "oidc_client_id = \"chat\"\noidc_client_secret = \"x\"\n";
        let (findings, output) = examine(command(&dir, &format!("oidc_issuer = \"{issuer}\"\n{secret}")));
        (finding(&findings, "provider").clone(), output.status.code())
    };
    let (found, _) = ask(&provider(str::to_owned));
    assert_eq!(found["state"], "ok", "{found}");
    for wrong in [provider(|_| "https://another.example.org".to_owned()), "http://127.0.0.1:9".to_owned()] {
        let (found, code) = ask(&wrong);
        assert_eq!((&found["state"], code), (&"problem".into(), Some(1)), "{found}");
    }
}
