//! The settings about files.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, bail, ensure};
use bytesize::ByteSize;
use chat_proto::Secret;
use serde::{Deserialize, Serialize};

use super::{Settings, TlsMode};
use crate::files::{Bucket, Place};
use crate::store::FileQuotas;

/// The variable that holds the secret of the S3 store.
pub(super) const SECRET_VARIABLE: &str = "CHAT_SERVER_S3_SECRET_ACCESS_KEY";

/// What one person's files may take when no setting says: years of screenshots.
pub(super) const PER_USER: Size = Size(5 * 1024 * 1024 * 1024);

/// The folder in the data directory.
const FOLDER: &str = "files";

/// A number of bytes as people write it: `100MiB`, `5 GiB`, `0`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<ByteSize>().map(|size| Self(size.0))
    }
}

impl TryFrom<String> for Size {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Exact, unlike the form for people, so that it reads back to the same.
        let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        let whole = units.into_iter().find(|(unit, _)| self.0 >= *unit && self.0.is_multiple_of(*unit));
        match whole {
            Some((unit, name)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}", self.0),
        }
    }
}

impl From<Size> for String {
    fn from(size: Size) -> String {
        size.to_string()
    }
}

pub(super) fn quotas(settings: &Settings) -> FileQuotas {
    FileQuotas {
        user: settings.files_per_user.unwrap_or_default().0,
        server: settings.files_per_server.unwrap_or_default().0,
    }
}

pub(super) fn place(settings: &Settings, data_dir: &Path) -> anyhow::Result<Place> {
    let place = settings.files.as_deref().unwrap_or("local");
    let direct = settings.files_direct.unwrap_or_default();
    if place == "local" {
        ensure!(
            !direct,
            "files_direct needs a bucket to send people to; say files = \"s3://bucket/prefix\", or leave it out"
        );
        return Ok(Place::Folder(data_dir.join(FOLDER)));
    }
    let Some(bucket) = place.strip_prefix("s3://") else {
        bail!("files must be local, or s3://bucket/prefix, not {place:?}");
    };
    let (name, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
    ensure!(!name.is_empty(), "files names no bucket; write it like s3://bucket/prefix");
    let keys = match (&settings.s3_access_key_id, &settings.s3_secret_access_key) {
        (Some(id), Some(secret)) => Some((id.clone(), Secret::new(secret.clone()))),
        (None, None) => None,
        (Some(_), None) => {
            bail!("s3-access-key-id needs its secret: s3_secret_access_key, or {SECRET_VARIABLE}")
        }
        (None, Some(_)) => bail!("s3_secret_access_key needs its s3-access-key-id"),
    };
    let allowed = settings.s3_allow_http.unwrap_or_default();
    let allow_http = match &settings.s3_endpoint {
        Some(endpoint) => check_endpoint(endpoint, allowed)?,
        None => false,
    };
    ensure!(
        !(direct && allow_http && has_tls(settings)),
        "files_direct sends people to s3-endpoint, which goes without TLS while this server has it, and clients refuse that; give the store https, or leave files_direct out"
    );
    Ok(Place::Bucket(Bucket {
        name: name.to_owned(),
        prefix: prefix.trim_matches('/').to_owned(),
        endpoint: settings.s3_endpoint.clone(),
        region: settings.s3_region.clone(),
        keys,
        allow_http,
        direct,
    }))
}

/// Whether clients speak TLS with this very server; a proxy before it is not known here.
fn has_tls(settings: &Settings) -> bool {
    settings.tls.map_or(settings.tls_cert.is_some(), |mode| mode != TlsMode::Off)
}

/// Whether the endpoint goes without TLS, if it may.
fn check_endpoint(endpoint: &str, allowed: bool) -> anyhow::Result<bool> {
    if endpoint.starts_with("https://") {
        return Ok(false);
    }
    let rest = endpoint.strip_prefix("http://").context("s3-endpoint begins with https:// (or http://)")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    ensure!(
        is_here || allowed,
        "s3-endpoint goes without TLS to another machine; use https, or say --s3-allow-http true inside a network of your own"
    );
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them_and_written_to_be_read() {
        for (text, bytes) in [("0", 0), ("100MiB", 100 << 20), ("5 GiB", 5 << 30), ("1kB", 1_000), ("7", 7)] {
            let size: Size = text.parse().unwrap();
            assert_eq!(size.0, bytes, "{text}");
            assert_eq!(size.to_string().parse::<Size>().unwrap(), size);
        }
        assert!("much".parse::<Size>().is_err());
    }

    fn place_of(settings: Settings) -> anyhow::Result<Place> {
        place(&settings, Path::new("/data"))
    }

    fn bucket(endpoint: &str) -> Settings {
        Settings {
            files: Some("s3://chat/files/".to_owned()),
            s3_endpoint: Some(endpoint.to_owned()),
            ..Settings::default()
        }
    }

    #[test]
    fn places_are_a_folder_or_a_bucket() {
        assert_eq!(place_of(Settings::default()).unwrap(), Place::Folder("/data/files".into()));
        let Place::Bucket(bucket) = place_of(bucket("https://s3.example.org")).unwrap() else { panic!() };
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("chat", "files"));
        assert!(!bucket.allow_http);
        for wrong in ["", "s3://", "/srv/files", "gs://x"] {
            assert!(place_of(Settings { files: Some(wrong.to_owned()), ..Settings::default() }).is_err());
        }
    }

    #[test]
    fn without_tls_only_this_machine_or_what_is_said_aloud() {
        for here in ["http://localhost:9000", "http://127.0.0.1:9000/", "http://[::1]:9000"] {
            assert!(place_of(bucket(here)).is_ok(), "{here}");
        }
        for far in ["http://s3.example.org", "http://127.0.0.1.example.org", "ftp://localhost"] {
            assert!(place_of(bucket(far)).is_err(), "{far}");
        }
        let allowed = Settings { s3_allow_http: Some(true), ..bucket("http://minio:9000") };
        assert!(place_of(allowed).is_ok());
    }

    #[test]
    fn only_a_bucket_that_clients_would_use_is_one_to_send_them_to() {
        let direct = |settings| place_of(Settings { files_direct: Some(true), ..settings });
        let told = direct(Settings::default()).unwrap_err().to_string();
        assert!(told.contains("files_direct needs a bucket"), "{told}");
        let Place::Bucket(found) = direct(bucket("https://s3.example.org")).unwrap() else { panic!() };
        assert!(found.direct);
        assert!(direct(bucket("http://127.0.0.1:9000")).is_ok());
        let with_tls = Settings { tls: Some(TlsMode::SelfSigned), ..bucket("http://127.0.0.1:9000") };
        assert!(place_of(with_tls.clone()).is_ok(), "the server itself may");
        assert!(direct(with_tls).unwrap_err().to_string().contains("clients refuse"));
        let Place::Bucket(usual) = place_of(bucket("https://s3.example.org")).unwrap() else { panic!() };
        assert!(!usual.direct);
    }

    #[test]
    fn half_a_key_is_told() {
        let half = Settings { s3_access_key_id: Some("x".to_owned()), ..bucket("https://s3.example.org") };
        assert!(place_of(half).unwrap_err().to_string().contains(SECRET_VARIABLE));
    }
}
