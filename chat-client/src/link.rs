//! A connection for asking a few things one after the other: logins, scripts, one-shot commands.
//!
//! It skips what the server tells unasked, waits a bounded time for each answer, and does not
//! reconnect: that is the engine's work, or the caller's choice.

use std::collections::VecDeque;
use std::time::Duration;

use chat_proto::{
    Ask, ClientFrame, CloseReason, CommandReply, FrameId, Hello, PROTOCOL_VERSION, Push, RunId, Secret,
    ServerFrame, Token, Welcome, WireError,
};
use thiserror::Error;
use tokio::time::timeout;

use crate::address::ServerAddress;
use crate::tls::{Tls, TlsError};
use crate::wire::{self, DialError, Heard, Wire};

/// How long an answer may take. A login hashes a password behind a queue of others'.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Answers of bots that are kept until somebody asks for them.
const TOLD: usize = 16;

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LinkError {
    /// There is no connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server said no.
    #[error("{}", chat_proto::SafeText::line(&.0.message))]
    Refused(WireError),
    /// The server speaks another version of the protocol.
    #[error(
        "the server speaks protocol {min} to {max}, this program {PROTOCOL_VERSION}; update the older of the two"
    )]
    Version {
        /// The oldest version that the server speaks.
        min: u16,
        /// The newest.
        max: u16,
    },
    /// No answer in time.
    #[error("the server did not answer within {0} s; try again")]
    TimedOut(u64),
    /// The connection ended before the answer.
    #[error("the connection ended before the answer ({reason}); try again")]
    Cut {
        /// The close code, if there was one.
        code: Option<u16>,
        /// The server's word for it, or the system's.
        reason: String,
    },
    /// The answer is not what the protocol says.
    #[error("the server's answer cannot be read ({0}); update this program")]
    Unreadable(String),
}

impl LinkError {
    /// Whether the same may succeed if it is simply tried again.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            LinkError::Refused(error) => error.temporary,
            LinkError::Cut { code, .. } => CloseReason::verdict_of(*code) == chat_proto::Verdict::Reconnect,
            LinkError::Dial(error) => error.is_temporary(),
            LinkError::TimedOut(_) => true,
            LinkError::Tls(_) | LinkError::Version { .. } | LinkError::Unreadable(_) => false,
        }
    }
}

/// An open connection that has heard the server's hello.
pub struct Link {
    wire: Wire,
    hello: Hello,
    asked: u64,
    /// Answers of bots that came while something else was waited for, the newest few.
    told: VecDeque<CommandReply>,
}

impl Link {
    /// Connects and waits for the hello.
    ///
    /// # Errors
    /// Everything but `Refused`.
    pub async fn dial(server: &ServerAddress, tls: &Tls) -> Result<Self, LinkError> {
        let mut wire = connect(server, tls).await?;
        let hello = timeout(ANSWER_TIMEOUT, hear_hello(&mut wire)).await.map_err(late)??;
        Ok(Self { wire, hello, asked: 0, told: VecDeque::new() })
    }

    /// Connects and logs in with a token.
    ///
    /// # Errors
    /// [`LinkError`]
    pub async fn open(
        server: &ServerAddress,
        tls: &Tls,
        token: &Secret,
    ) -> Result<(Self, Welcome), LinkError> {
        let mut link = Self::dial(server, tls).await?;
        let welcome = link.request(Token { protocol: PROTOCOL_VERSION, token: token.clone() }).await?;
        Ok((link, welcome))
    }

    /// As [`Link::open`], on a connection that is there already.
    ///
    /// # Errors
    /// [`LinkError`]
    pub async fn over(mut wire: Wire, token: &Secret) -> Result<(Self, Welcome), LinkError> {
        let hello = timeout(ANSWER_TIMEOUT, hear_hello(&mut wire)).await.map_err(late)??;
        let mut link = Self { wire, hello, asked: 0, told: VecDeque::new() };
        let welcome = link.request(Token { protocol: PROTOCOL_VERSION, token: token.clone() }).await?;
        Ok((link, welcome))
    }

    /// What the server said first.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// Everything but `Dial`. After `Cut` and `TimedOut` it is not known whether the server did it.
    pub async fn request<A: Ask>(&mut self, ask: A) -> Result<A::Answer, LinkError> {
        let request = Box::new(ask.into_request());
        self.asked += 1;
        let (id, kind) = (FrameId::numbered(self.asked), request.kind());
        let frame = ClientFrame::Request { id: id.clone(), request }.encode();
        self.wire.send(vec![frame]).await.map_err(|reason| LinkError::Cut { code: None, reason })?;
        let payload = timeout(ANSWER_TIMEOUT, self.hear_reply(&id)).await.map_err(late)??;
        let answer =
            kind.decode_answer(&payload).map_err(|error| LinkError::Unreadable(error.to_string()))?;
        A::answer(answer).ok_or_else(|| LinkError::Unreadable(kind.as_str().to_owned()))
    }

    /// Waits, as long as it takes, until a bot answers this run of a slash command.
    ///
    /// # Errors
    /// The connection ended.
    pub async fn command_answer(&mut self, run: RunId) -> Result<CommandReply, LinkError> {
        loop {
            if let Some(at) = self.told.iter().position(|told| told.run == run)
                && let Some(told) = self.told.remove(at)
            {
                return Ok(told);
            }
            let frame = hear(&mut self.wire).await?;
            self.note(frame);
        }
    }

    async fn hear_reply(&mut self, id: &FrameId) -> Result<Box<serde_json::value::RawValue>, LinkError> {
        loop {
            match hear(&mut self.wire).await? {
                ServerFrame::Ok { id: of, payload } if of == *id => return Ok(payload),
                ServerFrame::Error { id: Some(of), error } if of == *id => {
                    return Err(LinkError::Refused(error));
                }
                frame => self.note(frame),
            }
        }
    }

    /// Keeps what may be asked for later.
    fn note(&mut self, frame: ServerFrame) {
        let ServerFrame::Push(push) = frame else { return };
        if let Push::CommandAnswer(told) = *push {
            if self.told.len() >= TOLD {
                self.told.pop_front();
            }
            self.told.push_back(told);
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.wire.close().await;
    }
}

/// Connects, with TLS read from the disk only where it is needed.
///
/// # Errors
/// [`LinkError::Dial`] or [`LinkError::Tls`]
pub async fn connect(server: &ServerAddress, tls: &Tls) -> Result<Wire, LinkError> {
    let trust = server.is_tls().then(|| tls.load()).transpose()?;
    Ok(Wire::dial(server, trust).await?)
}

/// Looks whom one meets at this address, without a word of the chat: who is a stranger is
/// [`DialError::Untrusted`].
///
/// # Errors
/// As [`connect`]
pub async fn meet(server: &ServerAddress, tls: &Tls) -> Result<(), LinkError> {
    let trust = server.is_tls().then(|| tls.load()).transpose()?;
    wire::stream(server, trust).await?;
    Ok(())
}

/// Whether this program and the server can talk.
pub(crate) fn common_version(hello: &Hello) -> Result<(), LinkError> {
    let (min, max) = (hello.protocol.min, hello.protocol.max);
    if (min..=max).contains(&PROTOCOL_VERSION) { Ok(()) } else { Err(LinkError::Version { min, max }) }
}

async fn hear_hello(wire: &mut Wire) -> Result<Hello, LinkError> {
    loop {
        if let ServerFrame::Push(push) = hear(wire).await?
            && let Push::Hello(hello) = *push
        {
            common_version(&hello)?;
            return Ok(hello);
        }
    }
}

/// The next frame that can be read; others are not for this version.
async fn hear(wire: &mut Wire) -> Result<ServerFrame, LinkError> {
    loop {
        match wire.next().await {
            Heard::Text(text) => match ServerFrame::decode(&text) {
                Ok(frame) => return Ok(frame),
                Err(error) => tracing::warn!(%error, "a frame from the server cannot be read"),
            },
            Heard::Alive => {}
            Heard::Closed { code, reason } => return Err(LinkError::Cut { code, reason }),
        }
    }
}

fn late(_: tokio::time::error::Elapsed) -> LinkError {
    LinkError::TimedOut(ANSWER_TIMEOUT.as_secs())
}
