//! What the shell completes and the man pages, printed from the table that the commands are.

use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Cli;
use super::failure::Failure;
use super::output::written;

/// Prints what makes this shell complete the commands.
pub(super) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "chat-cli", &mut script);
    written(std::io::stdout().write_all(&script))
}

/// Prints the man page, or writes it and a page for each command into a folder.
pub(super) fn man(into: Option<&Path>) -> Result<(), Failure> {
    match into {
        None => written(Man::new(Cli::command()).render(&mut std::io::stdout())),
        Some(dir) => clap_mangen::generate_to(Cli::command(), dir).map_err(|cause| {
            Failure::usage(format!("cannot write man pages into {}: {cause}", dir.display()))
        }),
    }
}
