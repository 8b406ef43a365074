//! A long quiet day.

use anyhow::Result;
use clap::Args;

/// How long.
#[derive(Args)]
pub(crate) struct Soak {}

impl Soak {
    pub(crate) fn run(&self) -> Result<bool> {
        Ok(true)
    }
}
