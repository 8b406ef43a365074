//! `cargo xtask scale`: the capacity model of docs/scale.md, and the simulation of it.

use anyhow::Result;

use crate::bench::server::{COSTS, start};
use crate::build::{self, Profile};

/// Where its tables stand.
const DOCUMENT: &str = "docs/scale.md";

/// Prints the tables for so many people, or for the steps of the document, which it writes if it is told to.
pub(crate) fn run(people: &[u64], write: bool) -> Result<()> {
    let mut arguments = vec!["scale".into(), "--costs".into(), build::root().join(COSTS).into()];
    for people in people {
        arguments.extend(["--people".into(), people.to_string().into()]);
    }
    if write {
        arguments.extend(["--document".into(), build::root().join(DOCUMENT).into()]);
    }
    start(&build::bench_of_server(Profile::Dev)?, arguments)
}
