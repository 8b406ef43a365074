//! A connection before it has said who it is: another type, which can do nothing else.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use chat_proto::{
    Answer, ClientFrame, CloseReason, ErrorCode, FrameId, Push, Request, ServerFrame, WireError, limits,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use super::End;
use super::socket::{Incoming, Socket};
use crate::handler::account::Authenticated;
use crate::handler::{App, Caller, store_failed};
use crate::hub::now;
use crate::hub::outbox::{Frame, Outbox, Waiting};
use crate::metrics::metrics;

/// What a login leads to.
pub(super) struct LoggedIn {
    pub(super) caller: Caller,
    pub(super) waiting: Waiting,
    /// The answer to the login, to be written before anything from the outbox.
    pub(super) welcome: Frame,
}

/// Greets the client and answers it until it has logged in, for a bounded time and a bounded
/// number of frames.
pub(super) async fn enter<S: AsyncRead + AsyncWrite + Unpin>(
    app: &Arc<App>,
    socket: &mut Socket<S>,
    from: IpAddr,
    stop: &CancellationToken,
) -> Result<Box<LoggedIn>, End> {
    let hello = ServerFrame::encode_push(&Push::Hello(app.hello()));
    write(socket, hello).await?;
    let deadline = Duration::from_millis(limits::LOGIN_TIMEOUT_MS);
    let (id, authenticated) = tokio::select! {
        proven = log_in(app, socket, from) => proven?,
        () = tokio::time::sleep(deadline) => return Err(End::Close(CloseReason::LoginTimeout)),
        () = stop.cancelled() => return Err(End::Drain),
    };
    // Past the deadline's reach: what is attached must be detached again, so this is never dropped.
    attach(app, socket, &id, authenticated).await
}

async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(
    app: &Arc<App>,
    socket: &mut Socket<S>,
    from: IpAddr,
) -> Result<(FrameId, Authenticated), End> {
    for _ in 0..limits::FRAMES_BEFORE_LOGIN {
        let text = match socket.read().await {
            Incoming::Text(text) => text,
            Incoming::Alive => continue,
            Incoming::Goodbye => return Err(End::Goodbye),
            Incoming::Lost => return Err(End::Lost),
            Incoming::Refused(reason) => return Err(End::Close(reason)),
        };
        if text.len() > limits::LOGIN_FRAME_BYTES {
            return Err(End::Close(CloseReason::TooLarge));
        }
        let (id, request) = match ClientFrame::decode(&text) {
            Ok(ClientFrame::Request { id, request }) => (id, request),
            Ok(ClientFrame::Signal(_)) => {
                refuse(socket, None, &login_first()).await?;
                continue;
            }
            Err(bad) => {
                refuse(socket, bad.id.as_ref(), &bad.error).await?;
                continue;
            }
        };
        metrics().requests.add_one(request.kind());
        if matches!(*request, Request::Ping(_)) {
            write(socket, ServerFrame::encode_ok(&id, &app.pong())).await?;
            continue;
        }
        let request = match *request {
            Request::OidcBegin(ask) => {
                match app.begin_oidc(ask, from).await {
                    Ok(begun) => {
                        write(socket, ServerFrame::encode_ok(&id, &Answer::OidcBegin(begun))).await?
                    }
                    Err(error) => refuse(socket, Some(&id), &error).await?,
                }
                continue;
            }
            request => request,
        };
        let span = info_span!("login", kind = request.kind().as_str());
        match app.authenticate(request, from).instrument(span).await {
            Ok(authenticated) => return Ok((id, authenticated)),
            Err(error) => refuse(socket, Some(&id), &error).await?,
        }
    }
    Err(End::Close(CloseReason::Abuse))
}

/// Listens first and reads the window of conversations after, so that nothing falls between.
async fn attach<S: AsyncRead + AsyncWrite + Unpin>(
    app: &Arc<App>,
    socket: &mut Socket<S>,
    id: &FrameId,
    authenticated: Authenticated,
) -> Result<Box<LoggedIn>, End> {
    let Authenticated { person, role, scopes, session, token } = authenticated;
    let (outbox, waiting) = Outbox::new();
    let caller = Caller {
        person,
        role,
        scopes,
        session,
        key: app.hub.new_session(session),
        outbox,
        noted_at: Arc::new(AtomicI64::new(now().0)),
    };
    let attached = app.hub.attach(caller.person.id, caller.key, role, caller.reads(), &caller.outbox).await;
    if let Err(cause) = attached {
        refuse(socket, Some(id), &store_failed(cause)).await?;
        return Err(End::Close(CloseReason::Internal));
    }
    match app.welcome(&caller, token).await {
        Ok(answer) => {
            let welcome = ServerFrame::encode_ok(id, &answer).into();
            Ok(Box::new(LoggedIn { caller, waiting, welcome }))
        }
        Err(error) => {
            app.hub.detach(caller.person.id, caller.key, true).await;
            refuse(socket, Some(id), &error).await?;
            Err(End::Close(CloseReason::Internal))
        }
    }
}

async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<S>,
    id: Option<&FrameId>,
    error: &WireError,
) -> Result<(), End> {
    metrics().refusals.add_one(error.code);
    write(socket, ServerFrame::encode_error(id, error)).await
}

async fn write<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut Socket<S>, text: String) -> Result<(), End> {
    socket.write(&[text.into()]).await.map_err(|_| End::Lost)
}

fn login_first() -> WireError {
    WireError::new(ErrorCode::LoginRequired, "Log in first, with auth.login or auth.token.")
}
