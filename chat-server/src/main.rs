//! The `chat-server` binary: see [`chat_server::cli`].

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    match chat_server::cli::run(chat_server::cli::Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("chat-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}
