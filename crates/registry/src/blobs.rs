//! Blobs: configs and layers, verified.

use bytes::Bytes;
use http::Method;
use tallyman_core::{Descriptor, Digest, Reference};

use crate::{Client, Error, manifests::whole};

/// Bytes that a blob may have to be read as a whole.
const BLOB_MAX: u64 = 64 * 1024 * 1024;

impl Client {
    /// Fetches a blob of the repository of `reference` as a whole: configs, not layers.
    ///
    /// # Errors
    /// Any [`Error`]; digest and size must be those of the descriptor.
    pub async fn blob(&self, reference: &Reference, descriptor: &Descriptor) -> Result<Bytes, Error> {
        let reference = reference.by_digest(descriptor.digest.clone());
        let path = format!("blobs/{}", descriptor.digest);
        let response = self.ask(Method::GET, &reference, &path, None).await?;
        let bytes = whole(&reference, response, Some(descriptor.size), BLOB_MAX).await?;
        let found = Digest::with(descriptor.digest.algorithm(), &bytes);
        if found != descriptor.digest {
            let expected = descriptor.digest.clone();
            return Err(Error::DigestMismatch { reference: Box::new(reference), expected, found });
        }
        Ok(bytes)
    }
}
