//! Floor 5: the console of whoever runs the server on its own machine.
//!
//! It speaks the protocol's frames, one a line, over a Unix socket in the data directory. Who can
//! open that folder is the server's own user or root and could read the database as well, so there
//! is no login: the console may do what the owner may, and the audit log says `server` did it.
//! What an admin does there goes the same way as what an admin does in a client.

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use chat_proto::{
    Ask, ClientFrame, FrameId, Person, Role, ServerFrame, SessionId, UserId, UserName, WireError,
};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use uuid::Uuid;

use crate::handler::{App, Caller, Handled};
use crate::hub::outbox::{Frame, Outbox};

/// The socket's name in the data directory.
const SOCKET: &str = "console.sock";

/// Consoles at once; people at one machine, and scripts of theirs.
const CONSOLES: usize = 8;

/// Longest line: an answer is a page, and the largest of those is a few hundred kilobytes.
const LINE_BYTES: usize = 4 * 1024 * 1024;

/// The name that the audit log shows; it is reserved.
const NAME: &str = "server";

/// Where the socket of this data directory is.
#[must_use]
pub fn place(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET)
}

/// Listens for consoles; whoever holds the lock of the data directory may call this.
///
/// # Errors
/// The system's, for instance that the path is longer than a socket's may be.
pub fn bind(data_dir: &Path) -> io::Result<UnixListener> {
    let path = place(data_dir);
    // Another node on the same folder has one already; it does as well, for what it does holds for all.
    if StdUnixStream::connect(&path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another node has the console of this folder"));
    }
    // What a server that was killed left behind: nobody listens there, as the lock shows.
    if let Err(cause) = std::fs::remove_file(&path)
        && cause.kind() != io::ErrorKind::NotFound
    {
        return Err(cause);
    }
    // Nobody else comes as far: the folder is closed to them.
    UnixListener::bind(path)
}

/// Serves consoles until `stop`.
pub async fn serve(listener: UnixListener, app: Arc<App>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONSOLES));
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(cause) => {
                    warn!(%cause, "cannot take a console; commands on this machine do not reach the server");
                    return;
                }
            },
        };
        if !is_trusted(&stream) {
            warn!("somebody else's process opened the console's socket; it is closed again");
            continue;
        }
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let (app, stop) = (app.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = converse(app, stream) => {}
                () = stop.cancelled() => {}
            }
            drop(place);
        });
    }
}

/// The server's own user, or root.
fn is_trusted(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

/// Answers one console until it hangs up: one request after the other.
pub async fn converse<S: AsyncRead + AsyncWrite + Unpin>(app: Arc<App>, stream: S) {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(LINE_BYTES));
    let (outbox, mut waiting) = Outbox::new();
    let Ok(name) = UserName::parse(NAME) else { return };
    let caller = caller(&app, name, outbox);
    let mut frames = Vec::new();
    loop {
        tokio::select! {
            line = lines.next() => match line {
                Some(Ok(line)) => answer(&app, &caller, &line).await,
                Some(Err(cause)) => return debug!(%cause, "a console sent what is no line"),
                None => return,
            },
            taken = waiting.take(&mut frames) => {
                if taken.is_err() {
                    return;
                }
                let bytes = frames.iter().map(Frame::len).sum();
                for frame in frames.drain(..) {
                    let text = String::from_utf8_lossy(frame.text());
                    if lines.feed(text.as_ref()).await.is_err() {
                        return;
                    }
                }
                if SinkExt::<&str>::flush(&mut lines).await.is_err() {
                    return;
                }
                waiting.written(bytes);
            }
        }
    }
}

fn caller(app: &App, name: UserName, outbox: Outbox) -> Caller {
    let nobody = SessionId(Uuid::nil());
    let person = Person::new(UserId(Uuid::nil()), name);
    let key = app.hub.new_session(nobody);
    // There is no session in the store whose use could be noted.
    let noted_at = Arc::new(AtomicI64::new(i64::MAX));
    Caller { person, role: Role::Owner, scopes: None, session: nobody, key, outbox, noted_at }
}

async fn answer(app: &Arc<App>, caller: &Caller, line: &str) {
    let reply = match ClientFrame::decode(line) {
        Ok(ClientFrame::Request { id, request }) => {
            match app.clone().handle(caller.clone(), id.clone(), request).await {
                Ok(Handled::Answer(answer)) => ServerFrame::encode_ok(&id, &answer),
                Ok(Handled::Deferred | Handled::LoggedOut) => return,
                Err(error) => ServerFrame::encode_error(Some(&id), &error),
            }
        }
        Ok(ClientFrame::Signal(_)) => return,
        Err(bad) => ServerFrame::encode_error(bad.id.as_ref(), &bad.error),
    };
    caller.outbox.push(reply.into());
}

/// The other end: asks a server and waits for its answers.
pub struct Console<S> {
    lines: Framed<S, LinesCodec>,
    asked: u64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The server refused.
    #[error("{}", .0.message)]
    Refused(WireError),
    /// The connection to it broke.
    #[error("the server hung up; look at its log")]
    Gone,
    /// What came is no frame of this version.
    #[error("the server answered what this command does not understand; use the command of its own version")]
    Foreign,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Console<S> {
    /// Over this stream.
    pub fn new(stream: S) -> Self {
        Self { lines: Framed::new(stream, LinesCodec::new_with_max_length(LINE_BYTES)), asked: 0 }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub async fn ask<A: Ask>(&mut self, ask: A) -> Result<A::Answer, ConsoleError> {
        self.asked += 1;
        let id = FrameId::numbered(self.asked);
        let request = ask.into_request();
        let kind = request.kind();
        let frame = ClientFrame::Request { id: id.clone(), request: Box::new(request) };
        self.lines.send(frame.encode()).await.map_err(|_| ConsoleError::Gone)?;
        while let Some(line) = self.lines.next().await {
            let line = line.map_err(|cause| match cause {
                LinesCodecError::MaxLineLengthExceeded => ConsoleError::Foreign,
                LinesCodecError::Io(_) => ConsoleError::Gone,
            })?;
            match ServerFrame::decode(&line) {
                Ok(ServerFrame::Ok { id: to, payload }) if to == id => {
                    let answer = kind.decode_answer(&payload).map_err(|_| ConsoleError::Foreign)?;
                    return A::answer(answer).ok_or(ConsoleError::Foreign);
                }
                Ok(ServerFrame::Error { id: Some(to), error }) if to == id => {
                    return Err(ConsoleError::Refused(error));
                }
                Ok(_) => {}
                Err(_) => return Err(ConsoleError::Foreign),
            }
        }
        Err(ConsoleError::Gone)
    }
}
