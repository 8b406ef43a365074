//! Ctrl-C and the like: everything that was started ends, everything that was made goes.

use std::thread;

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

/// What a shell expects of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// Tidies up and exits when this process is told to stop, from now on.
///
/// # Errors
/// The system does not tell.
pub fn tidy_up_on_signals() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate, mut hang_up) = {
        let _entered = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?)
    };
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
        });
        crate::end_all();
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}
