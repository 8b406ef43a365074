//! How somebody comes to a connection: to a server's address, or to one in this very process.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Context, Result};
use chat_client::link::Link;
use chat_client::wire::Wire;
use chat_proto::{Ask, Secret, Welcome};

type Dialling = Pin<Box<dyn Future<Output = Result<Wire>> + Send>>;

/// See the module.
#[derive(Clone)]
pub(crate) struct Dial(Arc<dyn Fn() -> Dialling + Send + Sync>);

impl Dial {
    /// By these means.
    #[cfg(test)]
    pub(crate) fn by(dialling: impl Fn() -> Dialling + Send + Sync + 'static) -> Self {
        Self(Arc::new(dialling))
    }

    /// To this address.
    pub(crate) fn to(url: String) -> Self {
        Self(Arc::new(move || {
            let url = url.clone();
            Box::pin(async move { Ok(Wire::dial(&url.parse()?, None).await?) })
        }))
    }

    /// A connection that is not logged in.
    ///
    /// # Errors
    /// Nobody is there.
    pub(crate) async fn wire(&self) -> Result<Wire> {
        (self.0)().await
    }

    /// A connection for questions.
    ///
    /// # Errors
    /// Nobody is there, or the token is not taken.
    pub(crate) async fn open(&self, token: &Secret) -> Result<(Link, Welcome)> {
        Ok(Link::over(self.wire().await?, token).await?)
    }

    /// Asks one thing as somebody, on a connection that lives no longer: one that waits while others work would be
    /// taken for dead, so short is the heartbeat.
    ///
    /// # Errors
    /// The server refuses, or does not answer.
    pub(crate) async fn once<A: Ask>(&self, token: &Secret, ask: A) -> Result<A::Answer> {
        let (mut link, _) = self.open(token).await?;
        let answer = link.request(ask).await.context("a question")?;
        link.close().await;
        Ok(answer)
    }
}
