//! Packets that get lost, on the loopback of a network that this program has for itself (`namespace`). A proxy loses
//! pieces that TCP had brought; what is dropped here, TCP has to bring again, later and later, as on a bad line.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Of a hundred packets, those that get lost when all do.
pub(crate) const ALL: u8 = 100;

/// Packets get lost for as long as this is there.
pub(crate) struct Loss {
    table: &'static str,
}

impl Loss {
    /// From now on so many of a hundred packets to and from these ports get lost. There is one loss of a name at a
    /// time.
    ///
    /// # Errors
    /// The filter does not take it.
    pub(crate) fn begin(name: &'static str, ports: &[u16], of_a_hundred: u8) -> Result<Self> {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let ports = ports.join(", ");
        let chance = if of_a_hundred < ALL {
            format!("numgen random mod 100 < {of_a_hundred}")
        } else {
            String::new()
        };
        // Each packet comes in once, whoever sent it.
        nft(&format!(
            "table inet {name} {{\n chain in {{\n  type filter hook input priority 0\n  \
             tcp dport {{ {ports} }} {chance} drop\n  tcp sport {{ {ports} }} {chance} drop\n }}\n}}\n"
        ))?;
        Ok(Self { table: name })
    }
}

impl Drop for Loss {
    fn drop(&mut self) {
        // The network goes with this program in any case.
        let _ = nft(&format!("delete table inet {}\n", self.table));
    }
}

fn nft(rules: &str) -> Result<()> {
    let mut command = Command::new("nft");
    command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut nft = command.spawn().context("starting nft")?;
    // Given up at once, so that nft sees the end.
    nft.stdin.take().context("no way to tell nft")?.write_all(rules.as_bytes())?;
    ensure!(nft.wait()?.success(), "nft did not take:\n{rules}");
    Ok(())
}
