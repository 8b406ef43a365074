//! Floor 5: one connection, from `hello` to the close frame.
//!
//! One task owns the socket. It reads a frame, has it answered, and writes what waits in its
//! outbox; while one request is being answered, deliveries go on and no further frame is read,
//! so a client that asks faster than it is answered is slowed down by its own connection.

mod guard;
mod leaving;
mod login;
mod pace;
mod socket;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chat_proto::{
    Answer, ClientFrame, CloseReason, Done, ErrorCode, FrameId, Push, Request, ServerFrame, WireError, limits,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_tungstenite::WebSocketStream;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info_span};

use crate::handler::{App, Caller, Handled};
use crate::hub::outbox::{CutSignal, Frame, Waiting};
use crate::metrics::{Held, metrics};
use login::LoggedIn;
use pace::Pace;
use socket::{Incoming, Socket};

pub use guard::Guarded;
pub use leaving::Leaving;
pub use socket::config as socket_config;

/// How a session ended.
enum End {
    /// The client said goodbye, or logged out.
    Goodbye,
    /// The line was cut or failed.
    Lost,
    /// The server ends it.
    Close(CloseReason),
    /// The server is stopping.
    Drain,
}

/// Serves one upgraded connection from this address until it ends; `leaving` ends it with a word to
/// the client.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    app: Arc<App>,
    ws: WebSocketStream<Guarded<S>>,
    from: IpAddr,
    leaving: Leaving,
) {
    let mut socket = Socket::new(ws);
    let end = match login::enter(&app, &mut socket, from, &leaving.begun).await {
        Ok(logged_in) => {
            socket.logged_in(&app.live.load().limits);
            debug!(user = %logged_in.caller.person.id, "logged in");
            Session::new(app, logged_in).run(&mut socket, &leaving.begun).await
        }
        Err(end) => end,
    };
    say_goodbye(&mut socket, end, &leaving).await;
}

async fn say_goodbye<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut Socket<S>, end: End, leaving: &Leaving) {
    match end {
        End::Lost => metrics().lost.add_one(),
        End::Goodbye => socket.close(CloseReason::Normal).await,
        End::Close(reason) => {
            debug!(%reason, "closing a connection");
            metrics().closed.add_one(reason);
            socket.close(reason).await;
        }
        End::Drain => {
            let draining = Push::Draining { reconnect_after_ms: leaving.back_after_ms() };
            // The close frame says the same to a client that misses this.
            let _ = socket.write(&[ServerFrame::encode_push(&draining).into()]).await;
            metrics().closed.add_one(CloseReason::Restart);
            socket.close(CloseReason::Restart).await;
        }
    }
}

type Answering = Pin<Box<dyn Future<Output = (FrameId, Result<Handled, WireError>)> + Send>>;

/// A logged-in connection at work.
struct Session {
    app: Arc<App>,
    caller: Caller,
    waiting: Waiting,
    cut: CutSignal,
    pace: Pace,
    first: Frame,
    answering: Option<Answering>,
    bad_frames: u32,
    /// Requests so far: their numbers in the log.
    asked: u64,
    _counted: Held,
}

impl Session {
    fn new(app: Arc<App>, logged_in: LoggedIn) -> Self {
        let LoggedIn { caller, waiting, welcome } = logged_in;
        let pace = Pace::new(&app.live.load().limits);
        let cut = waiting.cut_signal();
        Self {
            app,
            caller,
            waiting,
            cut,
            pace,
            first: welcome,
            answering: None,
            bad_frames: 0,
            asked: 0,
            _counted: metrics().sessions.hold(),
        }
    }

    async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        mut self,
        socket: &mut Socket<S>,
        stop: &CancellationToken,
    ) -> End {
        let end = self.work(socket, stop).await;
        let clean = matches!(end, End::Goodbye);
        if matches!(end, End::Drain) {
            self.finish(socket).await;
        }
        self.app.hub.detach(self.caller.person.id, self.caller.key, clean).await;
        end
    }

    /// Before the server stops: what was asked is answered, and what waits is written. The
    /// listener bounds how long that may take.
    async fn finish<S: AsyncRead + AsyncWrite + Unpin>(&mut self, socket: &mut Socket<S>) {
        if self.answering.is_some() {
            let (id, handled) = poll(&mut self.answering).await;
            self.answering = None;
            if self.answer(&id, handled, socket).await.is_some() {
                return;
            }
        }
        // What its shards were asked, they answer before this returns.
        self.app.hub.settle().await;
        let mut frames = Vec::new();
        loop {
            self.waiting.take_now(&mut frames);
            if frames.is_empty() || self.deliver(socket, &mut frames).await.is_some() {
                return;
            }
        }
    }

    async fn work<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut Socket<S>,
        stop: &CancellationToken,
    ) -> End {
        let first = std::mem::take(&mut self.first);
        if socket.write(&[first]).await.is_err() {
            return End::Lost;
        }
        let mut heartbeat = heartbeat();
        let mut heard = true;
        let mut frames = Vec::new();
        loop {
            let ended = tokio::select! {
                reason = self.cut.cut() => Some(End::Close(reason)),
                () = stop.cancelled() => Some(End::Drain),
                () = self.waiting.take(&mut frames) => self.deliver(socket, &mut frames).await,
                (id, handled) = poll(&mut self.answering) => {
                    self.answering = None;
                    self.answer(&id, handled, socket).await
                }
                incoming = socket.read(), if self.answering.is_none() => {
                    heard = true;
                    self.receive(incoming)
                }
                _ = heartbeat.tick() => {
                    // While an answer is pending nothing is read, so silence proves nothing.
                    let silent = !std::mem::take(&mut heard) && self.answering.is_none();
                    if silent { Some(End::Close(CloseReason::Silent)) } else { socket.ping().await.err().map(|_| End::Lost) }
                }
            };
            if let Some(end) = ended {
                return end;
            }
        }
    }

    /// Writes what waits, unless the connection is to be cut meanwhile.
    async fn deliver<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut Socket<S>,
        frames: &mut Vec<Frame>,
    ) -> Option<End> {
        let bytes = frames.iter().map(|frame| frame.len()).sum();
        let began = std::time::Instant::now();
        let end = tokio::select! {
            written = socket.write(frames) => written.err().map(|_| End::Lost),
            reason = self.cut.cut() => Some(End::Close(reason)),
        };
        metrics().flush_seconds.since(began);
        metrics().frames_sent.add(frames.len());
        metrics().bytes_sent.add(bytes);
        frames.clear();
        self.waiting.written(bytes);
        end
    }

    fn receive(&mut self, incoming: Incoming) -> Option<End> {
        match incoming {
            Incoming::Text(text) => self.receive_text(&text),
            Incoming::Alive => None,
            Incoming::Goodbye => Some(End::Goodbye),
            Incoming::Lost => Some(End::Lost),
            Incoming::Refused(reason) => Some(End::Close(reason)),
        }
    }

    fn receive_text(&mut self, text: &str) -> Option<End> {
        let frame = match ClientFrame::decode(text) {
            Ok(frame) => frame,
            Err(bad) => return self.refuse_frame(bad.id.as_ref(), &bad.error),
        };
        let limited = self.pace.take().or_else(|| self.app.paces.request(self.caller.person.id).err());
        match frame {
            ClientFrame::Signal(signal) if limited.is_none() => self.app.signal(&self.caller, signal),
            ClientFrame::Signal(_) => {}
            ClientFrame::Request { id, request } => match limited {
                Some(error) => self.refuse(Some(&id), &error),
                None => self.begin(id, *request),
            },
        }
        None
    }

    fn begin(&mut self, id: FrameId, request: Request) {
        let (app, caller, kind) = (self.app.clone(), self.caller.clone(), request.kind());
        metrics().requests.add_one(kind);
        self.asked += 1;
        // Its own number: what the client calls it is the client's text.
        let span = info_span!("request", n = self.asked, kind = kind.as_str());
        let began = std::time::Instant::now();
        let answer = async move {
            let handled = app.handle(caller, id.clone(), request).await;
            metrics().request_seconds.since(began);
            (id, handled)
        };
        self.answering = Some(Box::pin(answer.instrument(span)));
    }

    fn refuse(&self, id: Option<&FrameId>, error: &WireError) {
        metrics().refusals.add_one(error.code);
        debug!(code = error.code.as_str(), "a request was refused");
        self.caller.outbox.push(ServerFrame::encode_error(id, error).into());
    }

    /// A frame that cannot be read is answered; too many end the connection. A request that merely
    /// does not fit is the client's business, and counts only when they come too fast.
    fn refuse_frame(&mut self, id: Option<&FrameId>, error: &WireError) -> Option<End> {
        self.refuse(id, error);
        if error.code == ErrorCode::BadFrame || self.pace.take().is_some() {
            self.bad_frames += 1;
        }
        (self.bad_frames >= limits::BAD_FRAMES).then_some(End::Close(CloseReason::Abuse))
    }

    async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        id: &FrameId,
        handled: Result<Handled, WireError>,
        socket: &mut Socket<S>,
    ) -> Option<End> {
        match handled {
            Ok(Handled::Deferred) => None,
            Ok(Handled::Answer(answer)) => {
                self.caller.outbox.push(ServerFrame::encode_ok(id, &answer).into());
                None
            }
            Err(error) => {
                self.refuse(Some(id), &error);
                None
            }
            Ok(Handled::LoggedOut) => {
                let done = ServerFrame::encode_ok(id, &Answer::Logout(Done {}));
                // The session is over either way.
                let _ = socket.write(&[done.into()]).await;
                Some(End::Close(CloseReason::SessionEnded))
            }
        }
    }
}

/// Waits for the answer under way, for ever if there is none. Cancel-safe: the future stays.
async fn poll(answering: &mut Option<Answering>) -> (FrameId, Result<Handled, WireError>) {
    match answering {
        Some(answer) => answer.await,
        None => std::future::pending().await,
    }
}

/// Ticks at the ping interval, beginning at a random place in it, so that connections that came
/// together do not ping together.
fn heartbeat() -> Interval {
    let every = Duration::from_millis(limits::PING_INTERVAL_MS);
    let first = every.mul_f64(rand::random_range(0.5..1.0));
    let mut heartbeat = interval_at(Instant::now() + first, every);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat
}
