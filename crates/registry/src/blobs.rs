//! Blobs: configs and layers, verified.

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Method, header};
use tallyman_auth::Scopes;
use tallyman_core::{Descriptor, Digest, Reference};

use crate::{
    Client, Error,
    call::Call,
    manifests::{check_size, collect},
    retry::Again,
};

/// Bytes that a blob may have to be read as a whole.
const BLOB_MAX: u64 = 64 * 1024 * 1024;

impl Client {
    /// Fetches a blob of the repository of `reference` as a whole: configs, not layers. Those who ask for the same at
    /// the same time share one request, and what was fetched before is not fetched again.
    ///
    /// # Errors
    /// Any [`Error`]; digest and size must be those of the descriptor.
    pub async fn blob(&self, reference: &Reference, descriptor: &Descriptor) -> Result<Bytes, Error> {
        let bytes = self.blob_of_any_size(reference, &descriptor.digest).await?;
        check_size(&reference.by_digest(descriptor.digest.clone()), Some(descriptor.size), &bytes)?;
        Ok(bytes)
    }

    /// Fetches a blob as [`Client::blob`] does, whatever size its descriptor names: Docker looks at the digest alone.
    ///
    /// # Errors
    /// Those of [`Client::blob`], but for [`Error::SizeMismatch`].
    pub async fn blob_of_any_size(&self, reference: &Reference, digest: &Digest) -> Result<Bytes, Error> {
        let bytes = self.flights().blobs.join((reference.name(), digest.clone()), || {
            let (client, reference) = (self.clone(), reference.by_digest(digest.clone()));
            let digest = digest.clone();
            async move { client.fetch_blob(&reference, &digest).await }.boxed_local()
        });
        bytes.await
    }

    /// Asks for the size in bytes of a blob in the repository of `reference`, without fetching it. Nothing where the
    /// registry does not tell.
    ///
    /// # Errors
    /// Any [`Error`]; one that [`Error::is_not_found`] where it is not there.
    pub async fn head_blob(&self, reference: &Reference, digest: &Digest) -> Result<Option<u64>, Error> {
        let scopes = Scopes::pull(reference.repository().as_str());
        let call = Call::new(Method::HEAD, reference, &format!("blobs/{digest}"), scopes);
        let registry = reference.registry();
        let response =
            self.repeat(registry, Again::Harmless, async || self.ask(registry, &call).await).await?;
        let length = response.headers.get(header::CONTENT_LENGTH);
        Ok(length.and_then(|length| length.to_str().ok()?.parse().ok()))
    }

    async fn fetch_blob(&self, reference: &Reference, digest: &Digest) -> Result<Bytes, Error> {
        let scopes = Scopes::pull(reference.repository().as_str());
        let call = Call::new(Method::GET, reference, &format!("blobs/{digest}"), scopes);
        if let Some(bytes) = self.known_blob(reference, digest).await {
            return Ok(bytes);
        }
        let registry = reference.registry();
        let bytes = self.repeat(registry, Again::Harmless, async || {
            let response = self.ask(registry, &call).await?;
            collect(response, BLOB_MAX).await
        });
        let bytes = bytes.await?;
        let found = Digest::with(digest.algorithm(), &bytes);
        if found == *digest {
            self.remember_blob(reference, digest, &bytes);
            return Ok(bytes);
        }
        Err(Error::DigestMismatch { reference: Box::new(reference.clone()), expected: digest.clone(), found })
    }
}
