//! Floor 2: how one node reaches the others: bytes on subjects, fast and not sure to arrive.
//!
//! 1. Nothing waits for it: what does not fit is left out and noted ([`Nats::take_loss`]).
//! 2. Nothing true is only here. What must arrive stands in the store; who was cut off reads it there.
//! 3. A node hears only the slices of conversations in which somebody of its own listens.
//!
//! The engine is core NATS, without JetStream. A single node has no bus ([`Bus::Local`]).

mod nats;

use std::path::PathBuf;

use chat_proto::{ConversationId, Secret};
use uuid::Uuid;

pub use nats::{Nats, Received};

/// Into so many slices the conversations are divided: enough that a node of a few people hears a
/// part only, few enough that subscribing to all of them costs nothing.
pub const SLICES: u8 = 128;

/// Largest message: under NATS's usual limit of 1 MiB, with room for its head.
pub const MESSAGE_BYTES: usize = 900 * 1024;

/// One part of all conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slice(u8);

impl Slice {
    /// That of a conversation; the same on every node and in every version.
    #[must_use]
    pub fn of(conversation: ConversationId) -> Self {
        // The last bytes of an id are random, those of version 7 too.
        Self(conversation.0.as_bytes()[15] % SLICES)
    }
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// To every node.
    All,
    /// To the nodes with listeners in that slice.
    Slice(Slice),
}

/// The way to the other nodes.
pub enum Bus {
    /// There are none.
    Local,
    /// Over NATS; what comes in is read from the second.
    Nats(Nats, Received),
}

/// How NATS is reached.
#[derive(Debug, Clone)]
pub struct BusSettings {
    /// Its servers, `nats://` or `tls://`, without anything secret in them.
    pub servers: Vec<String>,
    /// The name of this cluster, so that several can share a NATS.
    pub cluster: String,
    /// Who this is to NATS; without a name, the secret is a token.
    pub user: Option<String>,
    /// The password or token.
    pub secret: Option<Secret>,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

impl Bus {
    /// The bus of these settings; it need not be there yet.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub async fn open(settings: Option<&BusSettings>) -> anyhow::Result<Self> {
        Ok(match settings {
            None => Bus::Local,
            Some(settings) => {
                let (nats, received) = Nats::connect(settings, Uuid::new_v4()).await?;
                Bus::Nats(nats, received)
            }
        })
    }
}
