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

use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use chat_proto::{
    Answer, ClientFrame, CloseReason, Done, ErrorCode, FrameId, Push, Request, ServerFrame, WireError, limits,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_tungstenite::WebSocketStream;
use tracing::{Instrument, debug, info_span};

use crate::handler::{App, Caller, Handled};
use crate::hub::outbox::{Frame, Waiting};
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
pub fn serve<S: AsyncRead + AsyncWrite + Unpin + Send>(
    app: Arc<App>,
    ws: WebSocketStream<Guarded<S>>,
    from: IpAddr,
    leaving: Leaving,
) -> impl Future<Output = ()> + Send {
    // Made here, because a future keeps the room of what is moved within it.
    let mut socket = Socket::new(ws);
    async move {
        // Boxed, as all that a connection needs only at its ends: thousands idle in between.
        let entered = Box::pin(login::enter(&app, &mut socket, from, &leaving.begun)).await;
        let end = match entered {
            Ok(logged_in) => {
                socket.logged_in(&app.live.load().limits);
                debug!(user = %logged_in.caller.person.id, "logged in");
                Session::new(app, *logged_in).run(&mut socket, &leaving).await
            }
            Err(end) => end,
        };
        Box::pin(say_goodbye(&mut socket, end, &leaving)).await;
    }
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

/// The room for frames that a quiet connection keeps.
const KEPT_FRAMES: usize = 16;

/// What a session has to do.
enum Woken {
    /// Write what was taken out of the outbox.
    Frames,
    /// Say what became of the request under way.
    Answered(FrameId, Result<Handled, WireError>),
    /// Do what came from the client.
    Incoming(Incoming),
    /// See whether the client is alive.
    Tick,
    /// End.
    End(End),
}

type Answering = Pin<Box<dyn Future<Output = (FrameId, Result<Handled, WireError>)> + Send>>;

/// A logged-in connection at work.
struct Session {
    app: Arc<App>,
    caller: Caller,
    waiting: Waiting,
    /// Frames on their way from the outbox to the line.
    frames: Vec<Frame>,
    /// Whether that was the last thing done; then the client has its turn first.
    delivered: bool,
    pace: Pace,
    first: Option<Frame>,
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
        Self {
            app,
            caller,
            waiting,
            frames: Vec::new(),
            delivered: false,
            pace,
            first: Some(welcome),
            answering: None,
            bad_frames: 0,
            asked: 0,
            _counted: metrics().sessions.hold(),
        }
    }

    async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut Socket<S>,
        leaving: &Leaving,
    ) -> End {
        let mut end = self.work(socket, leaving).await;
        if matches!(end, End::Drain) {
            end = Box::pin(self.finish(socket)).await;
        }
        let clean = matches!(end, End::Goodbye);
        Box::pin(self.app.hub.detach(self.caller.person.id, self.caller.key, clean)).await;
        end
    }

    /// Before the server stops: what was asked is answered, and what waits is written, unless the connection is cut
    /// meanwhile. The listener bounds how long that may take.
    async fn finish<S: AsyncRead + AsyncWrite + Unpin>(&mut self, socket: &mut Socket<S>) -> End {
        if let Some(answering) = self.answering.take() {
            let (id, handled) = answering.await;
            if let Some(end) = self.answer(&id, handled, socket).await {
                return end;
            }
        }
        // What its shards were asked, they answer before this returns.
        self.app.hub.settle().await;
        // As in `poll_outbox`; the client asks for the rest where it goes.
        while self.app.hub.is_fresh() {
            if let Err(reason) = self.waiting.take_now(&mut self.frames) {
                return End::Close(reason);
            }
            if self.frames.is_empty() {
                break;
            }
            if let Some(end) = self.deliver(socket).await {
                return end;
            }
        }
        End::Drain
    }

    async fn work<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut Socket<S>,
        leaving: &Leaving,
    ) -> End {
        if let Some(first) = self.first.take()
            && Box::pin(socket.write(&[first])).await.is_err()
        {
            return End::Lost;
        }
        let mut heartbeat = heartbeat(self.app.live.load().ping_interval);
        let mut heard = true;
        loop {
            let woken = poll_fn(|context| self.poll_woken(context, socket, &mut heartbeat, leaving)).await;
            let ended = match woken {
                Woken::Frames => self.deliver(socket).await,
                Woken::Answered(id, handled) => self.answer(&id, handled, socket).await,
                Woken::Incoming(incoming) => {
                    heard = true;
                    self.receive(incoming)
                }
                Woken::Tick => {
                    // While an answer is pending nothing is read, so silence proves nothing.
                    let silent = !std::mem::take(&mut heard) && self.answering.is_none();
                    if silent {
                        Some(End::Close(CloseReason::Silent))
                    } else {
                        Box::pin(socket.ping()).await.err().map(|_| End::Lost)
                    }
                }
                Woken::End(end) => Some(end),
            };
            if let Some(end) = ended {
                return end;
            }
        }
    }

    /// What there is to do next. Everything that can wake a session is looked at in one go, in place of
    /// a future for each: a busy room wakes thousands of sessions for each message.
    fn poll_woken<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket<S>,
        heartbeat: &mut Interval,
        leaving: &Leaving,
    ) -> Poll<Woken> {
        // In turns, so that neither a busy room nor a busy client keeps the other waiting.
        for is_read in [self.delivered, !self.delivered] {
            let woken = if is_read {
                self.poll_client(context, socket)
            } else {
                self.poll_outbox(context).map(|taken| match taken {
                    Ok(()) => Woken::Frames,
                    Err(reason) => Woken::End(End::Close(reason)),
                })
            };
            if woken.is_ready() {
                self.delivered = !is_read;
                return woken;
            }
        }
        if leaving.has_begun() {
            return Poll::Ready(Woken::End(End::Drain));
        }
        heartbeat.poll_tick(context).map(|_| Woken::Tick)
    }

    /// What waits in the outbox. While this node may have missed whose rights ended, refusals only: they say
    /// nothing of what anybody did, and who asks in vain wants to know.
    fn poll_outbox(&mut self, context: &mut Context<'_>) -> Poll<Result<(), CloseReason>> {
        if !self.app.hub.is_fresh() {
            let taken = self.waiting.poll_take_refusals(context, &mut self.frames);
            if taken.is_ready() || !self.app.hub.wait_for_look() {
                return taken;
            }
        }
        self.waiting.poll_take(context, &mut self.frames)
    }

    /// One request after the other: the next frame is read when the last is answered.
    fn poll_client<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket<S>,
    ) -> Poll<Woken> {
        let Some(answering) = &mut self.answering else {
            return socket.poll_read(context).map(Woken::Incoming);
        };
        answering.as_mut().poll(context).map(|(id, handled)| {
            self.answering = None;
            Woken::Answered(id, handled)
        })
    }

    /// Writes what was taken, unless the connection is to be cut meanwhile.
    async fn deliver<S: AsyncRead + AsyncWrite + Unpin>(&mut self, socket: &mut Socket<S>) -> Option<End> {
        let bytes = self.frames.iter().map(Frame::len).sum();
        let began = std::time::Instant::now();
        let end = tokio::select! {
            biased;
            written = socket.write(&self.frames) => written.err().map(|_| End::Lost),
            reason = self.waiting.cut() => Some(End::Close(reason)),
        };
        metrics().flush_seconds.since(began);
        metrics().frames_sent.add(self.frames.len());
        metrics().bytes_sent.add(bytes);
        self.frames.clear();
        if self.frames.capacity() > KEPT_FRAMES {
            self.frames = Vec::new();
        }
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
                None => self.begin(id, request),
            },
        }
        None
    }

    fn begin(&mut self, id: FrameId, request: Box<Request>) {
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

/// Ticks at the ping interval, beginning at a random place in it, so that connections that came
/// together do not ping together.
fn heartbeat(every: Duration) -> Interval {
    let first = every.mul_f64(rand::random_range(0.5..1.0));
    let mut heartbeat = interval_at(Instant::now() + first, every);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    /// What a session may take while nothing happens, beside its read buffer: thousands idle.
    const IDLE_BYTES: usize = 1_536;

    fn size_of_future<A, F>(_: impl Fn(A) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_session_that_idles_is_small() {
        type Arguments = (Arc<App>, WebSocketStream<Guarded<TcpStream>>, IpAddr, Leaving);
        let size = size_of_future(|(app, ws, from, leaving): Arguments| serve(app, ws, from, leaving));
        assert!(size <= IDLE_BYTES, "{size} bytes; box what is needed only at its beginning or end");
    }
}
