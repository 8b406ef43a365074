//! The `chat-server` binary: see [`chat_server::cli`].

use std::process::ExitCode;

use clap::Parser;
use rustix::fs::Mode;

#[tokio::main]
async fn main() -> ExitCode {
    // Whatever is written here, people's messages above all, is for the server's own user alone.
    rustix::process::umask(Mode::from_raw_mode(0o077));
    match chat_server::cli::run(chat_server::cli::Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("chat-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}
