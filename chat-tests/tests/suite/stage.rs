//! A server and a pair of people whom nothing may disturb, for whoever tries to.

use anyhow::{Result, ensure};
use chat_tests::{Options, Script, Server, uuid};

use crate::scenarios::{room, say};

/// Memory that a server may hold more after an attack than before. Allocators keep some; a leak of
/// anything per frame or per connection would be far above it.
pub(crate) const SLACK_BYTES: u64 = 64 * 1024 * 1024;

pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) ada: Script,
    pub(crate) lin: Script,
    pub(crate) room: String,
    pub(crate) resident_before: u64,
}

impl Stage {
    pub(crate) fn set() -> Result<Self> {
        Self::set_with(&[])
    }

    /// With these flags of the server.
    pub(crate) fn set_with(more: &[&str]) -> Result<Self> {
        let more = more.iter().map(|&text| text.to_owned()).collect();
        let server = Server::start_with(Options { more, ..Options::default() })?;
        let mut ada = Script::register(&server, "ada")?;
        let mut lin = Script::register(&server, "lin")?;
        let room = room("calm", &mut ada, &mut [&mut lin])?;
        let resident_before = server.resident_bytes()?;
        Ok(Self { server, ada, lin, room, resident_before })
    }

    /// The pair still chats, and the server holds no more than before.
    pub(crate) fn is_undisturbed(&mut self) -> Result<()> {
        let body = format!("still here {}", uuid());
        say(&mut self.ada, &self.room, &body)?;
        self.lin.expect_message(&body)?;
        let now = self.server.resident_bytes()?;
        ensure!(
            now < self.resident_before + SLACK_BYTES,
            "memory went from {} to {now} bytes",
            self.resident_before
        );
        Ok(())
    }
}
