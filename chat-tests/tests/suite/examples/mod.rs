//! The example configurations in `packaging/examples`, started: HAProxy and nginx before two nodes, NATS and
//! PostgreSQL with TLS behind them. Only addresses, ports, paths and secrets are put in the place of those in the
//! files. What is only read is read by the server's own suite.

mod authority;
mod backside;
mod balancers;
mod visitor;

use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// An example, with these words in the place of those.
fn example(name: &str, places: &[(&str, String)]) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/examples").join(name);
    let mut text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    for (theirs, ours) in places {
        ensure!(text.contains(theirs), "{name} does not say {theirs:?} any more");
        text = text.replace(theirs, ours);
    }
    Ok(text)
}

/// A port of this machine's own on which nobody listens now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
