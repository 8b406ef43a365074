//! What the shell completes and the man pages, printed from the table that the commands are.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Cli;
use super::failure::Failure;

/// Prints what makes this shell complete the commands.
pub(super) fn completions(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "chat-cli", &mut std::io::stdout());
}

/// Prints the man page, or writes it and a page for each command into a folder.
pub(super) fn man(into: Option<&Path>) -> Result<(), Failure> {
    let (done, place) = match into {
        None => (Man::new(Cli::command()).render(&mut std::io::stdout()), "the man page".to_owned()),
        Some(dir) => {
            (clap_mangen::generate_to(Cli::command(), dir), format!("man pages into {}", dir.display()))
        }
    };
    done.map_err(|cause| Failure::usage(format!("cannot write {place}: {cause}")))
}
