//! Content that was fetched by digest: what the client remembers, and a store that outlives it.

#[cfg(feature = "fetch")]
mod cache_storage;
mod memory;

use std::rc::Rc;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use tallyman_core::{Digest, MediaType, Reference, Registry};

use crate::{Client, FetchedManifest, session::Session};

#[cfg(feature = "fetch")]
pub use cache_storage::CacheStorage;
pub(crate) use memory::MemoryCache;

/// Bytes that content may have to be stored: larger content would drive out too much else.
const STORED_MAX: usize = 1024 * 1024;

/// Content of a [`ContentStore`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The media type, if the registry named one.
    pub media_type: Option<MediaType>,
    /// The exact bytes.
    pub bytes: Bytes,
}

/// A store of content by place and digest. The place is a repository with `/manifests` or `/blobs` behind it: a digest
/// does not show what is in a repository that may not be read, and a blob never stands in for a manifest. What the store
/// returns is verified anew, so it need not be trusted; and it may lose anything at any time.
pub trait ContentStore {
    /// Returns the content of this digest in this place.
    fn get(&self, place: &str, digest: &Digest) -> LocalBoxFuture<'static, Option<Content>>;

    /// Keeps content. Returns at once; the work may be done later.
    fn keep(&self, place: &str, digest: &Digest, content: Content);

    /// Removes the content of this digest in this place.
    fn remove(&self, place: &str, digest: &Digest);

    /// Removes all content of a registry.
    fn forget(&self, registry: &Registry);
}

const MANIFESTS: &str = "manifests";
const BLOBS: &str = "blobs";

fn place(reference: &Reference, kind: &str) -> String {
    format!("{}/{kind}", reference.name())
}

/// The moment at which a fetch of content began. What comes is kept only if nobody has signed in or out since, and nothing was
/// deleted: it would be there again behind the deletion.
#[derive(Clone)]
pub(crate) struct FetchStart {
    session: Rc<Session>,
    deletions: u32,
}

impl FetchStart {
    /// The session that the fetch belongs to.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// The number of deletions before it.
    pub(crate) fn deletions(&self) -> u32 {
        self.deletions
    }
}

impl Client {
    /// Returns the start of a fetch from `registry` that begins now.
    pub(crate) fn fetch_start(&self, registry: &Registry) -> FetchStart {
        let session = self.session(registry);
        FetchStart { deletions: session.deletions(), session }
    }

    fn may_keep(&self, reference: &Reference, start: &FetchStart) -> bool {
        self.is_current(reference.registry(), &start.session) && start.session.deletions() == start.deletions
    }

    pub(crate) async fn known_manifest(
        &self,
        reference: &Reference,
        digest: &Digest,
        start: &FetchStart,
    ) -> Option<FetchedManifest> {
        if let Some(fetched) = self.caches().manifests.get(reference, digest) {
            return Some(fetched);
        }
        let Content { media_type, bytes } = self.stored(&place(reference, MANIFESTS), digest).await?;
        let url = reference.by_digest(digest.clone()).to_string();
        let digest = digest.clone();
        let fetched =
            FetchedManifest { bytes: bytes[..].into(), digest, media_type, registry_digest: None, url };
        if self.may_keep(reference, start) {
            self.caches().manifests.keep(reference, &fetched.digest, &fetched);
        }
        Some(fetched)
    }

    pub(crate) fn remember_manifest(
        &self,
        reference: &Reference,
        fetched: &FetchedManifest,
        start: &FetchStart,
    ) {
        if !self.may_keep(reference, start) {
            return;
        }
        self.caches().manifests.keep(reference, &fetched.digest, fetched);
        let content =
            || Content { media_type: fetched.media_type.clone(), bytes: fetched.bytes.to_vec().into() };
        self.store(&place(reference, MANIFESTS), &fetched.digest, fetched.bytes.len(), content);
    }

    pub(crate) async fn known_blob(
        &self,
        reference: &Reference,
        digest: &Digest,
        start: &FetchStart,
    ) -> Option<Bytes> {
        if let Some(bytes) = self.caches().blobs.get(reference, digest) {
            return Some(bytes);
        }
        let Content { bytes, .. } = self.stored(&place(reference, BLOBS), digest).await?;
        if self.may_keep(reference, start) {
            self.caches().blobs.keep(reference, digest, &bytes);
        }
        Some(bytes)
    }

    pub(crate) fn remember_blob(
        &self,
        reference: &Reference,
        digest: &Digest,
        bytes: &Bytes,
        start: &FetchStart,
    ) {
        if !self.may_keep(reference, start) {
            return;
        }
        self.caches().blobs.keep(reference, digest, bytes);
        let content = || Content { media_type: None, bytes: bytes.clone() };
        self.store(&place(reference, BLOBS), digest, bytes.len(), content);
    }

    /// Removes the manifest or blob of this digest, which was deleted from the registry, from memory and store.
    pub(crate) fn forget_content(&self, reference: &Reference, digest: &Digest) {
        self.session(reference.registry()).set_deleted();
        self.caches().manifests.evict(reference, digest);
        self.caches().blobs.evict(reference, digest);
        if let Some(store) = self.content_store() {
            for kind in [MANIFESTS, BLOBS] {
                store.remove(&place(reference, kind), digest);
            }
        }
    }

    /// Returns what the store has, if its bytes have the digest.
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
        if let Some(store) = self.content_store().filter(|_| size <= STORED_MAX) {
            store.keep(place, digest, content());
        }
    }
}
