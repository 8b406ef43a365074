//! An upload of which everything has come becomes a file.

use std::time::Duration;

use chat_proto::{FileId, WireError};
use tracing::error;

use super::{App, disk_failed, no_file, objects_failed, store_failed};
use crate::hub::{now, unavailable};
use crate::store::Completion;

/// How often it is tried to make a file of an upload whose bytes another server is just removing; that
/// takes the time of one request to where the files are.
const FINISHING: usize = 10;

/// The pause between two of these tries.
const REMOVAL: Duration = Duration::from_secs(1);

impl App {
    /// Makes a file of an upload of which everything has come.
    pub(super) async fn finish(&self, file: FileId, size: u64) -> Result<(), WireError> {
        for _ in 0..FINISHING {
            match self.try_finish(file, size).await? {
                Completion::Done => {
                    self.desk.files.drop_part(file).await;
                    return Ok(());
                }
                Completion::NoSuch => return Err(no_file()),
                // Another server is removing the same bytes right now.
                Completion::ContentGoes => tokio::time::sleep(REMOVAL).await,
            }
        }
        Err(unavailable())
    }

    async fn try_finish(&self, file: FileId, size: u64) -> Result<Completion, WireError> {
        let files = &self.desk.files;
        let looked = files.look(file).await.map_err(disk_failed)?;
        if looked.content.size != size {
            error!("the part of an upload is not whole; it begins anew");
            self.store.received(file, 0).await.map_err(store_failed)?;
            return Err(unavailable());
        }
        let hash = looked.content.hash;
        let _keeping = files.keeping().await;
        let is_kept = self.store.expect_content(looked.content.clone()).await.map_err(store_failed)?;
        if !is_kept {
            files.keep(file, looked).await.map_err(objects_failed)?;
        }
        self.store.complete_file(file, hash, now()).await.map_err(store_failed)
    }
}
