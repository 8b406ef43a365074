//! Downloads: the whole or a range, never in memory at once; or the way to the bucket that has it.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chat_proto::{FileName, MediaType, Secret};
use futures_util::stream::{BoxStream, StreamExt, poll_fn};
use headers::{AcceptRanges, ContentLength, ContentRange, ETag, HeaderMapExt, IfNoneMatch, IfRange};
use http_range_header::parse_range_header;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::mpsc;
use tracing::debug;

use super::{Asking, Line, Named, Refused, guard};
use crate::files::ObjectError;
use crate::handler::App;
use crate::handler::file::{Visitor, no_file, objects_failed};
use crate::handler::seats::Seat;
use crate::hub::Visit;
use crate::store::{ContentHash, Fetchable};

/// How long a reader may take for one chunk before it is cut; it comes back and goes on.
const READER_PATIENCE: Duration = Duration::from_secs(60);

/// How long the way to the bucket is good for beginning. Enough for a slow connection, and short,
/// because the bucket does not know when a login ends.
const DIRECT_FOR: Duration = Duration::from_secs(60);

/// Chunks read ahead of the reader.
const AHEAD: usize = 2;

/// What RFC 8187 lets stand as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// What is to be answered, before any byte of it was read.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Unchanged,
    Whole,
    /// From, and up to and with.
    Range(u64, u64),
    Nowhere,
}

pub(super) async fn file(
    State(app): State<Arc<App>>,
    Asking(visitor): Asking,
    Named(file): Named,
    Extension(line): Extension<Line>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let found = app.fetchable(&visitor, file).await?;
    let part = part(&headers, &found);
    let Some((from, to)) = bounds(&part, found.content.size) else { return Ok(head_of(&found, &part)) };
    let seat = app.desk.download(visitor.person.id)?;
    let address =
        app.desk.files().address(found.content.hash, DIRECT_FOR).await.map_err(missing_or_failed)?;
    if let Some(location) = address.as_ref().and_then(location) {
        return Ok(elsewhere(&found, location));
    }
    let bytes = app.desk.files().read(found.content.hash, from, to).await.map_err(missing_or_failed)?;
    let mut response = head_of(&found, &part);
    *response.body_mut() = feed(bytes, line, seat, visitor.visit);
    Ok(response)
}

pub(super) async fn head(
    app: Arc<App>,
    visitor: &Visitor,
    Named(file): Named,
    headers: &HeaderMap,
) -> Result<Response, Refused> {
    let found = app.fetchable(visitor, file).await?;
    Ok(head_of(&found, &part(headers, &found)))
}

pub(super) async fn thumbnail(
    State(app): State<Arc<App>>,
    Asking(visitor): Asking,
    Named(file): Named,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let found = app.fetchable(&visitor, file).await?;
    let Some(kind) = found.content.thumbnail else { return Err(no_file().into()) };
    let etag = etag(found.content.hash, "-thumbnail");
    let mut response = if is_known(&headers, etag.as_ref()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let _seat = app.desk.download(visitor.person.id)?;
        let bytes = app.desk.files().thumbnail(found.content.hash).await.map_err(missing_or_failed)?;
        Body::from(bytes).into_response()
    };
    describe(response.headers_mut(), &found.name, &kind, etag);
    Ok(response)
}

/// Which part is asked for.
fn part(headers: &HeaderMap, found: &Fetchable) -> Part {
    let etag = etag(found.content.hash, "");
    if is_known(headers, etag.as_ref()) {
        return Part::Unchanged;
    }
    let Some(range) = headers.get(header::RANGE).and_then(|range| range.to_str().ok()) else {
        return Part::Whole;
    };
    if headers.contains_key(header::IF_RANGE)
        && headers.typed_get::<IfRange>().is_none_or(|known| known.is_modified(etag.as_ref(), None))
    {
        return Part::Whole;
    }
    // What cannot be read is as if it were not there; what can but lies outside is refused.
    let Ok(ranges) = parse_range_header(range) else { return Part::Whole };
    match ranges.validate(found.content.size).as_deref() {
        Ok([range]) => Part::Range(*range.start(), *range.end()),
        Ok(_) => Part::Whole,
        Err(_) => Part::Nowhere,
    }
}

/// From, and up to (not with); `None` if no bytes are sent.
fn bounds(part: &Part, size: u64) -> Option<(u64, u64)> {
    match part {
        Part::Whole => Some((0, size)),
        Part::Range(from, with) => Some((*from, with + 1)),
        Part::Unchanged | Part::Nowhere => None,
    }
}

/// Sends the reader to the bucket. What the content is and is called is said here, because the
/// bucket does not know.
fn elsewhere(found: &Fetchable, location: HeaderValue) -> Response {
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    let headers = response.headers_mut();
    describe(headers, &found.name, &found.content.media_type, etag(found.content.hash, ""));
    headers.insert(header::LOCATION, location);
    // For this reader and this once.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Not to be shown in any log; `None` never happens, because a URL is ASCII.
fn location(address: &Secret) -> Option<HeaderValue> {
    let mut location = HeaderValue::from_str(address.expose()).ok()?;
    location.set_sensitive(true);
    Some(location)
}

fn head_of(found: &Fetchable, part: &Part) -> Response {
    let size = found.content.size;
    let mut response = match part {
        Part::Unchanged => StatusCode::NOT_MODIFIED,
        Part::Whole => StatusCode::OK,
        Part::Range(..) => StatusCode::PARTIAL_CONTENT,
        Part::Nowhere => StatusCode::RANGE_NOT_SATISFIABLE,
    }
    .into_response();
    let headers = response.headers_mut();
    describe(headers, &found.name, &found.content.media_type, etag(found.content.hash, ""));
    headers.typed_insert(AcceptRanges::bytes());
    match part {
        Part::Unchanged => {}
        Part::Whole => headers.typed_insert(ContentLength(size)),
        Part::Range(from, with) => {
            headers.typed_insert(ContentLength(with + 1 - from));
            if let Ok(range) = ContentRange::bytes(*from..=*with, size) {
                headers.typed_insert(range);
            }
        }
        Part::Nowhere => headers.typed_insert(ContentRange::unsatisfied_bytes(size)),
    }
    response
}

fn describe(headers: &mut HeaderMap, name: &FileName, kind: &MediaType, etag: Option<ETag>) {
    guard(headers);
    if let Some(etag) = etag {
        headers.typed_insert(etag);
    }
    let kind = if kind.as_str() == "text/plain" { "text/plain; charset=utf-8" } else { kind.as_str() };
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if let Ok(disposition) = HeaderValue::from_str(&disposition(name.as_str())) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
}

/// RFC 6266: the name for all (RFC 8187), and one in plain letters for the oldest.
fn disposition(name: &str) -> String {
    let is_plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%' | '/');
    let fallback: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{}", utf8_percent_encode(name, PLAIN))
}

/// Names the content; `None` never happens, because hexadecimal digits in quotes are an ETag.
fn etag(hash: ContentHash, suffix: &str) -> Option<ETag> {
    format!("\"{hash}{suffix}\"").parse().ok()
}

/// Whether the asking side says that it has this already.
fn is_known(headers: &HeaderMap, etag: Option<&ETag>) -> bool {
    let known = headers.typed_get::<IfNoneMatch>().zip(etag);
    known.is_some_and(|(known, etag)| !known.precondition_passes(etag))
}

/// A row without its bytes is missing for its reader; the admin finds it in the log.
fn missing_or_failed(cause: ObjectError) -> Refused {
    objects_failed(cause).into()
}

/// Reads ahead a little, and cuts a reader who takes nothing: else its file would stay open for
/// as long as it likes. Cuts a reader, too, whose login has ended.
fn feed(
    mut bytes: BoxStream<'static, Result<Bytes, ObjectError>>,
    line: Line,
    seat: Seat,
    visit: Arc<Visit>,
) -> Body {
    let (ahead, mut behind) = mpsc::channel::<Result<Bytes, ObjectError>>(AHEAD);
    tokio::spawn(async move {
        let _seat = seat;
        while let Some(chunk) = bytes.next().await {
            let is_last = chunk.is_err();
            let sent = tokio::select! {
                () = visit.ended() => {
                    debug!("a download ends with its login");
                    return line.0.cancel();
                }
                sent = tokio::time::timeout(READER_PATIENCE, ahead.send(chunk)) => sent,
            };
            match sent {
                Ok(Ok(())) if !is_last => {}
                Ok(_) => return,
                Err(_) => {
                    debug!("a download stands still and is cut");
                    return line.0.cancel();
                }
            }
        }
    });
    Body::from_stream(poll_fn(move |context| behind.poll_recv(context)))
}

#[cfg(test)]
mod tests {
    use crate::store::Content;

    use super::*;

    fn found() -> Fetchable {
        let content = Content {
            hash: ContentHash([7; 32]),
            size: 100,
            media_type: MediaType::bytes(),
            pixels: None,
            blurhash: None,
            thumbnail: None,
        };
        Fetchable { name: FileName::new("a.txt").unwrap(), content }
    }

    fn asked(pairs: &[(&'static str, &str)]) -> Part {
        let headers = pairs.iter().map(|(name, value)| {
            (header::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        part(&headers.collect(), &found())
    }

    #[test]
    fn ranges_are_those_of_the_rfc() {
        assert_eq!(asked(&[]), Part::Whole);
        for (range, from, with) in
            [("bytes=0-9", 0, 9), ("bytes=90-", 90, 99), ("bytes=-10", 90, 99), ("bytes=50-5000", 50, 99)]
        {
            assert_eq!(asked(&[("range", range)]), Part::Range(from, with), "{range}");
        }
        for outside in ["bytes=100-", "bytes=200-300"] {
            assert_eq!(asked(&[("range", outside)]), Part::Nowhere, "{outside}");
        }
        for other in ["bytes", "lines=1-2", "bytes=a-b", "bytes=0-1,5-6"] {
            assert_eq!(asked(&[("range", other)]), Part::Whole, "{other}");
        }
    }

    #[test]
    fn a_range_is_given_only_of_the_same_content() {
        let (same, other) = (format!("\"{}\"", ContentHash([7; 32])), "\"00\"");
        assert_eq!(asked(&[("range", "bytes=5-"), ("if-range", &same)]), Part::Range(5, 99));
        assert_eq!(asked(&[("range", "bytes=5-"), ("if-range", other)]), Part::Whole);
        assert_eq!(asked(&[("range", "bytes=5-"), ("if-range", "yesterday")]), Part::Whole);
        assert_eq!(asked(&[("if-none-match", &same)]), Part::Unchanged);
        assert_eq!(asked(&[("if-none-match", other)]), Part::Whole);
    }

    #[test]
    fn names_survive_the_header() {
        assert_eq!(disposition("a b.txt"), "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt");
        assert_eq!(
            disposition("é\"%.png"),
            "attachment; filename=\"___.png\"; filename*=UTF-8''%C3%A9%22%25.png"
        );
    }
}
