//! Contents, each under its hash, in a folder or a bucket.

use std::fs::{DirBuilder, DirEntry};
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use chat_proto::Secret;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt, RetryConfig, WriteMultipart,
};
use thiserror::Error;
use tokio::io::AsyncReadExt;

use super::signing::Signing;
use super::{Bucket, Place};
use crate::store::ContentHash;

/// Bytes given to the store at once. S3 wants at least 5 MiB, and takes 10,000 of them.
const CHUNK: usize = 8 * 1024 * 1024;

/// Chunks of one content under way at once.
const CHUNKS_AT_ONCE: usize = 2;

/// How long a bucket may take to answer one request.
const BUCKET_TIMEOUT: Duration = Duration::from_secs(30);

/// How long one request is tried again: people wait for it.
const RETRY_FOR: Duration = Duration::from_secs(20);

/// What is half written and was not written to for so long, nobody writes any more.
const HALF: Duration = Duration::from_secs(60 * 60);

/// Only the server's own user may look into the folder.
const PRIVATE: u32 = 0o700;

/// Why a content could not be had or kept.
#[derive(Debug, Error)]
pub enum ObjectError {
    /// The store's reason.
    #[error(transparent)]
    Store(#[from] object_store::Error),
    /// The disk's reason.
    #[error(transparent)]
    Disk(#[from] std::io::Error),
}

pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Where readers are sent to the bucket itself.
    signing: Option<Signing>,
}

impl Objects {
    pub(super) fn open(place: &Place) -> anyhow::Result<Self> {
        match place {
            Place::Folder(folder) => Ok(Self { store: Arc::new(open_folder(folder)?), signing: None }),
            Place::Bucket(bucket) => {
                let store = open_bucket(bucket)
                    .with_context(|| format!("cannot use the bucket s3://{} for files", bucket.name))?;
                let prefix = Path::from(bucket.prefix.as_str());
                let signing = bucket.direct.then(|| Signing::new(store.clone(), prefix.clone()));
                Ok(Self { store: Arc::new(PrefixStore::new(store, prefix)), signing })
            }
        }
    }

    /// As [`open`](Self::open), beside a server that may be writing: what it has half written is
    /// left alone.
    pub(super) fn open_to_read(place: &Place) -> anyhow::Result<Self> {
        match place {
            Place::Bucket(_) => Self::open(place),
            Place::Folder(folder) => {
                make_folder(folder)?;
                let store = LocalFileSystem::new_with_prefix(folder)
                    .with_context(|| format!("cannot use the folder {} for files", folder.display()))?;
                Ok(Self { store: Arc::new(store), signing: None })
            }
        }
    }

    /// Asks for the first content that there is, if any.
    pub(super) async fn reach(&self) -> Result<(), ObjectError> {
        self.store.list(None).next().await.transpose()?;
        Ok(())
    }

    pub(super) async fn put(&self, content: ContentHash, from: &FilePath) -> Result<(), ObjectError> {
        let mut file = tokio::fs::File::open(from).await?;
        let to = path(content);
        let first = next_chunk(&mut file).await?;
        if first.len() < CHUNK {
            self.store.put(&to, first.into()).await?;
            return Ok(());
        }
        let mut upload = WriteMultipart::new_with_chunk_size(self.store.put_multipart(&to).await?, CHUNK);
        match write_all(&mut upload, first, &mut file).await {
            Ok(()) => {
                upload.finish().await?;
                Ok(())
            }
            Err(cause) => {
                // What is left over there is the store's to collect; the cause matters more.
                let _ = upload.abort().await;
                Err(cause)
            }
        }
    }

    pub(super) async fn put_thumbnail(
        &self,
        content: ContentHash,
        bytes: Vec<u8>,
    ) -> Result<(), ObjectError> {
        self.store.put(&thumbnail_path(content), bytes.into()).await?;
        Ok(())
    }

    pub(super) async fn get(
        &self,
        content: ContentHash,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        if range.is_empty() {
            return Ok(futures_util::stream::empty().boxed());
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.store.get_opts(&path(content), options).await?;
        Ok(found.into_stream().map_err(ObjectError::from).boxed())
    }

    pub(super) async fn address(
        &self,
        content: ContentHash,
        valid_for: Duration,
    ) -> Result<Option<Secret>, ObjectError> {
        match &self.signing {
            Some(signing) => Ok(Some(signing.address(&path(content), valid_for).await?)),
            None => Ok(None),
        }
    }

    pub(super) async fn thumbnail(&self, content: ContentHash) -> Result<Bytes, ObjectError> {
        Ok(self.store.get(&thumbnail_path(content)).await?.bytes().await?)
    }

    pub(super) async fn remove(&self, content: ContentHash) -> Result<(), ObjectError> {
        for path in [thumbnail_path(content), path(content)] {
            match self.store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(())
    }
}

fn open_folder(folder: &FilePath) -> anyhow::Result<LocalFileSystem> {
    make_folder(folder)?;
    remove_halves(folder).with_context(|| format!("cannot look into {}", folder.display()))?;
    let store = LocalFileSystem::new_with_prefix(folder)
        .with_context(|| format!("cannot use the folder {} for files", folder.display()))?;
    Ok(store.with_fsync(true).with_automatic_cleanup(true))
}

fn make_folder(folder: &FilePath) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(folder);
    made.with_context(|| format!("cannot make the folder {} for files", folder.display()))
}

/// A process that was killed leaves what it was writing, as `NAME#1`; nobody else takes it away. What
/// was written to a while ago may be another server's, which is still at it.
fn remove_halves(folder: &FilePath) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_halves(&entry.path())?;
        } else if entry.file_name().to_str().is_some_and(|name| name.contains('#')) && is_old(&entry)? {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_old(entry: &DirEntry) -> std::io::Result<bool> {
    // One that is from the future is not old.
    Ok(entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age >= HALF))
}

fn open_bucket(bucket: &Bucket) -> anyhow::Result<AmazonS3> {
    let options = ClientOptions::new()
        .with_allow_http(bucket.allow_http)
        .with_connect_timeout(Duration::from_secs(5))
        .with_timeout(BUCKET_TIMEOUT);
    let retry = RetryConfig { retry_timeout: RETRY_FOR, ..RetryConfig::default() };
    let mut builder =
        AmazonS3Builder::new().with_bucket_name(&bucket.name).with_client_options(options).with_retry(retry);
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &bucket.region {
        builder = builder.with_region(region);
    }
    if let Some((id, secret)) = &bucket.keys {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret.expose());
    }
    Ok(builder.build()?)
}

async fn write_all(
    upload: &mut WriteMultipart,
    first: Vec<u8>,
    file: &mut tokio::fs::File,
) -> Result<(), ObjectError> {
    let mut chunk = first;
    while !chunk.is_empty() {
        upload.wait_for_capacity(CHUNKS_AT_ONCE).await?;
        upload.put(chunk.into());
        chunk = next_chunk(file).await?;
    }
    upload.wait_for_capacity(CHUNKS_AT_ONCE).await?;
    Ok(())
}

async fn next_chunk(file: &mut tokio::fs::File) -> std::io::Result<Vec<u8>> {
    let mut chunk = Vec::new();
    let most = u64::try_from(CHUNK).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut chunk).await?;
    Ok(chunk)
}

/// Folders of their own for the first byte: no folder with millions of entries.
pub(super) fn path(content: ContentHash) -> Path {
    let hex = content.to_string();
    Path::from(format!("{}/{hex}", &hex[..2]))
}

pub(super) fn thumbnail_path(content: ContentHash) -> Path {
    Path::from(format!("thumbnails/{}", path(content)))
}
