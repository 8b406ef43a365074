//! Uploads: the tus protocol 1.0.0, its core with creation and termination.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chat_proto::{ErrorCode, FileName, WireError};

use super::{Asking, Named, Refused, download, guard};
use crate::handler::App;
use crate::handler::file::{ReceiveError, Visitor};

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");

/// The version of the tus protocol.
const VERSION: &str = "1.0.0";

/// The media type of the bytes of an upload.
const BYTES: &str = "application/offset+octet-stream";

/// A request that speaks this version of tus; others are told which.
pub(super) struct Tus;

/// A request in another version.
pub(super) struct OtherVersion;

impl<S: Sync> FromRequestParts<S> for Tus {
    type Rejection = OtherVersion;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OtherVersion> {
        if parts.headers.get(RESUMABLE).is_some_and(|version| version == VERSION) {
            Ok(Tus)
        } else {
            Err(OtherVersion)
        }
    }
}

impl IntoResponse for OtherVersion {
    fn into_response(self) -> Response {
        let version = [(HeaderName::from_static("tus-version"), HeaderValue::from_static(VERSION))];
        let text = "Uploads speak tus 1.0.0; say so with Tus-Resumable: 1.0.0.\n";
        (StatusCode::PRECONDITION_FAILED, version, text).into_response()
    }
}

pub(super) async fn options(State(app): State<Arc<App>>) -> Response {
    let mut response = answer(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert("tus-version", HeaderValue::from_static(VERSION));
    headers.insert("tus-extension", HeaderValue::from_static("creation,termination"));
    headers.insert("tus-max-size", HeaderValue::from(app.live.load().limits.file_bytes));
    response
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    _: Tus,
    Asking(visitor): Asking,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let size = number(&headers, &LENGTH)?;
    let name = file_name(&headers)?;
    let id = app.begin_upload(&visitor, name, size).await?;
    let mut response = answer(StatusCode::CREATED);
    if let Ok(location) = HeaderValue::from_str(&format!("/files/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `HEAD` is asked by uploads and downloads; the former say that they are tus.
pub(super) async fn or_head(
    State(app): State<Arc<App>>,
    Asking(visitor): Asking,
    file: Named,
    request: Request,
) -> Result<Response, Refused> {
    if request.headers().contains_key(RESUMABLE) {
        return head(app, &visitor, file, request).await;
    }
    download::head(app, &visitor, file, request.headers()).await
}

async fn head(
    app: Arc<App>,
    visitor: &Visitor,
    Named(file): Named,
    request: Request,
) -> Result<Response, Refused> {
    let (mut parts, _) = request.into_parts();
    if let Err(other) = Tus::from_request_parts(&mut parts, &()).await {
        return Ok(other.into_response());
    }
    let upload = app.upload_state(visitor, file).await?;
    let mut response = answer(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(OFFSET, HeaderValue::from(upload.received));
    headers.insert(LENGTH, HeaderValue::from(upload.size));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub(super) async fn patch(
    State(app): State<Arc<App>>,
    _: Tus,
    Asking(visitor): Asking,
    Named(file): Named,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != BYTES) {
        let text = format!("The bytes of an upload are {BYTES}.\n");
        return Ok((StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response());
    }
    let offset = number(&headers, &OFFSET)?;
    match app.receive(visitor, file, offset, body.into_data_stream()).await {
        Ok(received) => {
            let mut response = answer(StatusCode::NO_CONTENT);
            response.headers_mut().insert(OFFSET, HeaderValue::from(received));
            Ok(response)
        }
        Err(ReceiveError::Refused(error)) => Err(error.into()),
        Err(ReceiveError::Offset(at)) => {
            let mut response = answer(StatusCode::CONFLICT);
            response.headers_mut().insert(OFFSET, HeaderValue::from(at));
            Ok(response)
        }
    }
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    _: Tus,
    Asking(visitor): Asking,
    Named(file): Named,
) -> Result<Response, Refused> {
    app.delete_upload(visitor.person.id, file).await?;
    Ok(answer(StatusCode::NO_CONTENT))
}

fn answer(status: StatusCode) -> Response {
    let mut response = status.into_response();
    guard(response.headers_mut());
    response.headers_mut().insert(RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

/// A header that must hold a whole number.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Refused> {
    let digits = headers.get(name).and_then(|value| value.to_str().ok());
    let digits = digits.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| invalid(format!("{name} must be a whole number of bytes.")))
}

/// The `filename` of the metadata: pairs of a key and base64, with commas between them.
fn file_name(headers: &HeaderMap) -> Result<FileName, Refused> {
    let missing =
        || invalid("Upload-Metadata must have filename, a space, and the name in base64.".to_owned());
    let metadata = headers.get(METADATA).and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
    let pairs = metadata.split(',').filter_map(|pair| pair.trim().split_once(' '));
    let (_, encoded) = pairs.into_iter().find(|(key, _)| *key == "filename").ok_or_else(missing)?;
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| missing())?;
    let text = String::from_utf8(bytes).map_err(|_| missing())?;
    FileName::new(text).map_err(|error| invalid(format!("This name cannot be used: {error}.")))
}

fn invalid(message: String) -> Refused {
    WireError::new(ErrorCode::Invalid, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(metadata: &'static str) -> Option<String> {
        let headers = HeaderMap::from_iter([(METADATA, HeaderValue::from_static(metadata))]);
        file_name(&headers).ok().map(|name| name.to_string())
    }

    #[test]
    fn the_name_stands_in_the_metadata() {
        assert_eq!(name_of("filename Y2F0LnBuZw=="), Some("cat.png".to_owned()));
        assert_eq!(name_of("filetype aW1hZ2UvcG5n,filename Y2F0LnBuZw=="), Some("cat.png".to_owned()));
        for wrong in ["", "filename", "filename *", "filename Li4vcGFzc3dk", "filename /w==", "name Y2F0"] {
            assert_eq!(name_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_are_whole() {
        let of =
            |text| number(&HeaderMap::from_iter([(OFFSET, HeaderValue::from_static(text))]), &OFFSET).ok();
        assert_eq!(of("0"), Some(0));
        assert_eq!(of("18446744073709551615"), Some(u64::MAX));
        for wrong in ["", "-1", "+1", "1.5", "0x1", " 1", "18446744073709551616", "1,2"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
