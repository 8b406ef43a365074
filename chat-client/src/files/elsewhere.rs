//! Downloads from the store to which the server sends (`307`), in place of the server itself.
//!
//! 1. It is one step: a store that sends on is refused.
//! 2. Where the server is spoken to with TLS, so is the store, and an authority must vouch for it;
//!    nobody is asked about its certificate.
//! 3. The store is told which bytes are wanted and nothing else: no token, no name.
//! 4. Whoever has the address may read the file for a while. So it is in no error and no log, and is
//!    used at once and once: who continues asks the server again.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{ETAG, HOST, HeaderName, IF_RANGE, LOCATION, RANGE};
use hyper::http::uri::Scheme;
use hyper::{Method, Request, Response, StatusCode, Uri};

use super::download::text;
use super::http::{Body, exchange, no_body};
use super::{Courier, FileError};
use crate::address::ServerAddress;
use crate::tls::Tls;
use crate::wire::{self, DialError};

/// Where a store listens, if its address does not say.
const PORTS: (u16, u16) = (80, 443);

/// Where a store is, and what is to be said there.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    store: ServerAddress,
    /// As it stands in the address: it is part of what was signed.
    host: String,
    /// With everything that proves that one may.
    path: String,
}

impl Courier {
    /// Asks for the bytes from here on, of the content with this tag. They come from the server, or
    /// from where it sends.
    pub(super) async fn get(
        &self,
        path: &str,
        at: u64,
        etag: Option<&str>,
    ) -> Result<Response<Incoming>, FileError> {
        let range = (at > 0).then(|| (RANGE, format!("bytes={at}-")));
        let same = range.is_some().then(|| etag.map(|etag| (IF_RANGE, etag.to_owned()))).flatten();
        let headers: Vec<(HeaderName, String)> = range.clone().into_iter().chain(same).collect();
        let answer = self.ask(Method::GET, path, &headers, no_body(), &Arc::default()).await?;
        if answer.status() != StatusCode::TEMPORARY_REDIRECT {
            return Ok(answer);
        }
        // The store's own tag is another one, so what `If-Range` is for is looked at here.
        if etag.is_some() && text(&answer, ETAG.as_str()) != etag {
            return Err(FileError::Damaged);
        }
        let step = read(text(&answer, LOCATION.as_str()).unwrap_or_default(), self.server.is_tls())?;
        self.fetch_from(step, range).await
    }

    async fn fetch_from(
        &self,
        step: Step,
        range: Option<(HeaderName, String)>,
    ) -> Result<Response<Incoming>, FileError> {
        let Step { store, host, path } = step;
        let refused =
            |cause: String, is_temporary| FileError::Store { store: host.clone(), cause, is_temporary };
        // What a person trusts and knows is about the server alone.
        let tls = Tls { ca_file: self.tls.ca_file.clone(), ..Tls::default() };
        let trust = store.is_tls().then(|| tls.load()).transpose()?;
        let stream = match wire::stream(&store, trust).await {
            Ok(stream) => stream,
            Err(DialError::Trust(error)) => return Err(error.into()),
            Err(error) => return Err(refused(plain(&error), error.is_temporary())),
        };
        let answer = exchange(stream, request(&host, &path, range)?, &Arc::default()).await?;
        match answer.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => Ok(answer),
            // 403 is said, too, when the minute was over: the next try gets another.
            status => {
                let may_pass = status.is_server_error()
                    || matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS);
                Err(refused(format!("it answers with status {}", status.as_u16()), may_pass))
            }
        }
    }
}

/// The address in a `Location`, if it is one to go to.
fn read(location: &str, needs_tls: bool) -> Result<Step, FileError> {
    let step = parse(location).ok_or_else(|| FileError::Odd("it sends to no address".to_owned()))?;
    if needs_tls && !step.store.is_tls() {
        let cause = "it has no TLS, and the server has".to_owned();
        return Err(FileError::Store { store: step.host, cause, is_temporary: false });
    }
    Ok(step)
}

fn parse(location: &str) -> Option<Step> {
    let uri: Uri = location.parse().ok()?;
    let (scheme, usual) = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => ("https", PORTS.1),
        Some(scheme) if *scheme == Scheme::HTTP => ("http", PORTS.0),
        _ => return None,
    };
    let host = uri.authority()?;
    let port = host.port_u16().unwrap_or(usual);
    let store = format!("{scheme}://{}:{port}", host.host()).parse().ok()?;
    // Nobody is anybody there.
    if host.as_str().contains('@') {
        return None;
    }
    Some(Step { store, host: host.to_string(), path: uri.path_and_query()?.to_string() })
}

fn request(host: &str, path: &str, range: Option<(HeaderName, String)>) -> Result<Request<Body>, FileError> {
    let mut request = Request::builder().method(Method::GET).uri(path).header(HOST, host);
    if let Some((name, value)) = range {
        request = request.header(name, value);
    }
    request.body(no_body()).map_err(|error| FileError::Odd(error.to_string()))
}

/// Why there is no connection, in words that are not about the server.
fn plain(error: &DialError) -> String {
    match error {
        DialError::Unreachable { cause, .. }
        | DialError::Tls { cause, .. }
        | DialError::NotChat { cause, .. } => cause.clone(),
        DialError::Untrusted(_) => "no authority vouches for its certificate".to_owned(),
        DialError::TimedOut { seconds, .. } => format!("no answer within {seconds} s"),
        DialError::Trust(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_it_stands_or_not_at_all() {
        let store = |location: &str| {
            parse(location).map(|step| format!("{} {} {}", step.store.http_url(), step.host, step.path))
        };
        for (location, expected) in [
            (
                "https://s3.example.org/chat/ab/abcd?X-Amz-Expires=60&x=%2F",
                "https://s3.example.org:443 s3.example.org /chat/ab/abcd?X-Amz-Expires=60&x=%2F",
            ),
            ("http://127.0.0.1:9000/chat/a", "http://127.0.0.1:9000 127.0.0.1:9000 /chat/a"),
            ("http://s3.example.org/a", "http://s3.example.org:80 s3.example.org /a"),
            ("https://[::1]:9000/a", "https://[::1]:9000 [::1]:9000 /a"),
        ] {
            assert_eq!(store(location).as_deref(), Some(expected), "{location}");
        }
        for odd in
            ["", "/files/x", "ftp://s3.example.org/a", "https://who@s3.example.org/a", "https://\u{7}/a"]
        {
            assert_eq!(store(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_server_with_tls_sends_nobody_to_a_store_without_it() {
        assert!(read("https://s3.example.org/a?secret", true).is_ok());
        assert!(read("http://s3.example.org/a?secret", false).is_ok());
        let refused = read("http://s3.example.org/a?secret", true).unwrap_err();
        assert!(matches!(refused, FileError::Store { is_temporary: false, .. }));
        let told = refused.to_string();
        assert!(told.contains("no TLS") && !told.contains("secret"), "{told}");
    }
}
