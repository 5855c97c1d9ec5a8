//! Where content that was fetched by digest outlives the client.

#[cfg(feature = "fetch")]
mod cache_storage;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use tallyman_core::{Digest, MediaType, Reference, Registry};

use crate::{Client, FetchedManifest};

#[cfg(feature = "fetch")]
pub use cache_storage::CacheStorage;

/// Bytes that one thing may have to be kept: one that is larger would drive out too many others.
const ONE_MAX: usize = 1024 * 1024;

/// Content as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its media type, where the registry named one.
    pub media_type: Option<MediaType>,
    /// The exact bytes.
    pub bytes: Bytes,
}

/// Keeps content by place and digest. The place is a repository with `/manifests` or `/blobs` behind it: what is in no
/// repository that may be seen is not seen by its digest, and what is asked for as a manifest is never a blob. What it
/// gives is verified anew, so that it need not be trusted; and it may lose anything at any time.
pub trait ContentStore {
    /// What it has of this digest in this place.
    fn get(&self, place: &str, digest: &Digest) -> LocalBoxFuture<'static, Option<Content>>;

    /// Keeps content, when there is time.
    fn keep(&self, place: &str, digest: &Digest, content: Content);

    /// Loses what was deleted.
    fn remove(&self, place: &str, digest: &Digest);

    /// Loses everything of a registry.
    fn forget(&self, registry: &Registry);
}

const MANIFESTS: &str = "manifests";
const BLOBS: &str = "blobs";

fn place(reference: &Reference, kind: &str) -> String {
    format!("{}/{kind}", reference.name())
}

/// What the client knows of content that was fetched by digest: first what it remembers, then what the store has.
impl Client {
    pub(crate) async fn known_manifest(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Option<FetchedManifest> {
        if let Some(fetched) = self.caches().manifests.get(reference, digest) {
            return Some(fetched);
        }
        let Content { media_type, bytes } = self.stored(&place(reference, MANIFESTS), digest).await?;
        let url = reference.by_digest(digest.clone()).to_string();
        let digest = digest.clone();
        let fetched =
            FetchedManifest { bytes: bytes[..].into(), digest, media_type, registry_digest: None, url };
        self.caches().manifests.keep(reference, &fetched.digest, &fetched);
        Some(fetched)
    }

    pub(crate) fn remember_manifest(&self, reference: &Reference, fetched: &FetchedManifest) {
        self.caches().manifests.keep(reference, &fetched.digest, fetched);
        let content =
            || Content { media_type: fetched.media_type.clone(), bytes: fetched.bytes.to_vec().into() };
        self.store(&place(reference, MANIFESTS), &fetched.digest, fetched.bytes.len(), content);
    }

    pub(crate) async fn known_blob(&self, reference: &Reference, digest: &Digest) -> Option<Bytes> {
        if let Some(bytes) = self.caches().blobs.get(reference, digest) {
            return Some(bytes);
        }
        let Content { bytes, .. } = self.stored(&place(reference, BLOBS), digest).await?;
        self.caches().blobs.keep(reference, digest, &bytes);
        Some(bytes)
    }

    pub(crate) fn remember_blob(&self, reference: &Reference, digest: &Digest, bytes: &Bytes) {
        self.caches().blobs.keep(reference, digest, bytes);
        let content = || Content { media_type: None, bytes: bytes.clone() };
        self.store(&place(reference, BLOBS), digest, bytes.len(), content);
    }

    /// Loses what was deleted.
    pub(crate) fn lose(&self, reference: &Reference, digest: &Digest) {
        self.caches().manifests.evict(reference, digest);
        self.caches().blobs.evict(reference, digest);
        if let Some(store) = self.content_store() {
            for kind in [MANIFESTS, BLOBS] {
                store.remove(&place(reference, kind), digest);
            }
        }
    }

    /// What the store has, where its bytes are what they should be.
    async fn stored(&self, place: &str, digest: &Digest) -> Option<Content> {
        let store = self.content_store()?;
        let content = store.get(place, digest).await?;
        if digest.matches(&content.bytes) {
            return Some(content);
        }
        store.remove(place, digest);
        None
    }

    fn store(&self, place: &str, digest: &Digest, size: usize, content: impl FnOnce() -> Content) {
        if let Some(store) = self.content_store().filter(|_| size <= ONE_MAX) {
            store.keep(place, digest, content());
        }
    }
}
