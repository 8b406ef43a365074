//! Floor 7: `chat-server doctor` looks whether a server could run well here, and says what to do.
//!
//! It changes nothing and may be run beside the server. Each check is one row; the worst of them
//! is the exit code.

mod files;
mod machine;
mod network;

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::config::{Config, Loaded};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, and will not for long, or not for everybody.
    Warning,
    /// It does not work, or is not safe.
    Problem,
}

/// What one check found.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How bad it is.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Ok, found: found.into(), advice: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Warning, found: found.into(), advice: Some(advice.into()) }
    }

    fn problem(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Problem, found: found.into(), advice: Some(advice.into()) }
    }
}

/// Does all checks, in the order in which they are shown. Without a configuration that can be used
/// there is one finding.
pub async fn examine(loaded: anyhow::Result<Loaded>) -> Vec<Finding> {
    let checked = loaded.and_then(|loaded| {
        let file = loaded.file.clone();
        Ok((file, loaded.check()?))
    });
    let (file, config) = match checked {
        Ok(checked) => checked,
        Err(cause) => {
            let advice = "correct it; chat-server config example shows every setting";
            return vec![Finding::problem("configuration", format!("{cause:#}"), advice)];
        }
    };
    let mut findings = vec![files::configuration(file.as_deref())];
    findings.push(files::data_directory(&config));
    findings.push(match &config.database {
        None => files::database(&config),
        Some(address) => files::shared_database(address).await,
    });
    findings.push(files::uploads(&config).await);
    findings.push(machine::disk(&config));
    findings.push(machine::descriptors(&config));
    findings.push(machine::memory());
    findings.push(machine::clock(&config));
    findings.extend(network::certificate(&config));
    findings.push(network::port(&config).await);
    findings.extend(network::provider(&config).await);
    findings.extend(network::bus(&config).await);
    findings.push(network::openness(&config));
    findings
}

/// The findings as lines for people.
#[must_use]
pub fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { check, state, found, advice } in findings {
        let word = match state {
            State::Ok => "ok",
            State::Warning => "WARNING",
            State::Problem => "PROBLEM",
        };
        let _ = writeln!(text, "{word:<8} {check:<16} {found}");
        if let Some(advice) = advice {
            let _ = writeln!(text, "{:<25} -> {advice}", "");
        }
    }
    text
}

/// The findings for programs, one a line.
///
/// # Errors
/// Never, with what findings hold.
pub fn json(findings: &[Finding]) -> serde_json::Result<String> {
    findings.iter().map(|finding| serde_json::to_string(finding).map(|line| line + "\n")).collect()
}

/// 0 when nothing is worse than a warning, 1 when there is a problem.
#[must_use]
pub fn exit_code(findings: &[Finding]) -> ExitCode {
    let is_bad = findings.iter().any(|finding| finding.state == State::Problem);
    if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The settings that are about the network of others than this machine.
fn is_public(config: &Config) -> bool {
    !config.listen.ip().is_loopback()
}
