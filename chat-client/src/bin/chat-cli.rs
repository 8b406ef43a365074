//! `chat-cli`: the chat for scripts, bots and CI jobs. See `chat-cli --help`.

#[path = "../cli/mod.rs"]
mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
