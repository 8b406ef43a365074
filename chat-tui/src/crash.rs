//! What is left behind when the program fails: one sentence on the person's own screen, and a report
//! with what is needed to mend it and none of what was written.
//!
//! A panic's message is not in the report: where the standard library complains of a text it quotes
//! the text.

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::fmt::Write as _;
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};

use chat_client::paths::Paths;
use chat_proto::SafeText;

thread_local! {
    static SHIELDED: Cell<bool> = const { Cell::new(false) };
}

/// Does work whose panic is its caller's to handle, such as opening a picture of somebody else's;
/// the program goes on.
pub(crate) fn shielded<T>(work: impl FnOnce() -> T) -> T {
    let before = SHIELDED.replace(true);
    let done = work();
    SHIELDED.set(before);
    done
}

/// Whether a panic on this thread is somebody's to handle.
pub(crate) fn is_shielded() -> bool {
    SHIELDED.get()
}

/// Has every panic leave a report in the folder of the logs. To be called before the terminal is
/// taken, so that the terminal is given back before anything is said.
pub fn install(paths: &Paths) {
    let (folder, log) = (paths.log_dir(), paths.log_file("chat-tui"));
    panic::set_hook(Box::new(move |panic| {
        if is_shielded() {
            tracing::warn!(at = place(panic), "something of others made a part of this program fail");
            return;
        }
        let told = tell(panic, &folder, &log);
        eprintln!("{}", SafeText::block(&told));
    }));
}

fn tell(panic: &PanicHookInfo<'_>, folder: &Path, log: &Path) -> String {
    let at = place(panic);
    let seconds = jiff::Timestamp::now().as_second();
    let file = folder.join(format!("crash-{seconds}-{}.txt", std::process::id()));
    let report = report(&at, &Backtrace::force_capture().to_string());
    let kept = match chat_client::private::replace(&file, report.as_bytes()) {
        Ok(()) => format!("A report without any of your messages is in {}", file.display()),
        Err(error) => format!("No report could be written ({error})"),
    };
    format!(
        "chat-tui stopped because of a fault of its own, at {at}. {kept}, the log is {}. Nothing that was sent or \
         queued is lost; start it again.",
        log.display()
    )
}

fn place(panic: &PanicHookInfo<'_>) -> String {
    panic.location().map_or_else(|| "a place unknown".to_owned(), ToString::to_string)
}

fn report(at: &str, backtrace: &str) -> String {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let mut out = String::new();
    let rows = [
        ("program", format!("chat-tui {}", env!("CARGO_PKG_VERSION"))),
        ("when", jiff::Timestamp::now().to_string()),
        ("system", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        ("at", at.to_owned()),
        ("terminal", ["TERM", "TERM_PROGRAM", "COLORTERM"].map(variable).join(" ")),
        ("size", format!("{:?}", crossterm::terminal::size().ok())),
        ("tmux", (!variable("TMUX").is_empty()).to_string()),
        ("widths", format!("{:?}", crate::text::measured())),
    ];
    for (name, value) in rows {
        let _ = writeln!(out, "{name}: {}", SafeText::line(&value));
    }
    let _ = writeln!(out, "\n{}", SafeText::block(backtrace));
    out
}

/// The reports in the folder of the logs.
pub(crate) fn reports(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_report =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("crash-"));
    entries.map(|entry| entry.path()).filter(is_report).collect()
}
