//! Addresses by which somebody who is nobody at the bucket reads one object for a while.
//!
//! What they say cannot be changed without the bucket's refusal: which object, until when, and that
//! it comes as bytes to be kept and not as something for a browser to show.

use std::time::Duration;

use chat_proto::Secret;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer};

/// What the bucket is told to answer. It knows no names and no types, and is told none.
const ANSWER: [(&str, &str); 3] = [
    ("response-content-type", "application/octet-stream"),
    ("response-content-disposition", "attachment"),
    ("response-cache-control", "no-store"),
];

pub(super) struct Signing {
    store: AmazonS3,
    prefix: Path,
}

impl Signing {
    pub(super) fn new(store: AmazonS3, prefix: Path) -> Self {
        Self { store, prefix }
    }

    /// Good for reading this object, and from now on for so long.
    pub(super) async fn address(&self, object: &Path, valid_for: Duration) -> object_store::Result<Secret> {
        let path: Path = self.prefix.parts().chain(object.parts()).collect();
        let options = SignedUrlOptions::new().with_query(ANSWER);
        let url = self.store.signed_url_opts(Method::GET, &path, valid_for, &options).await?;
        Ok(Secret::new(String::from(url)))
    }
}
