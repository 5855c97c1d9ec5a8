//! The manifest that a reference and a platform name.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
};

use tallyman_core::{Descriptor, Digest, Index, Manifest, ManifestBody, ManifestError, Platform, Reference};
use tallyman_registry::{Client, Error as RegistryError};

use crate::{
    ContentError, Error,
    fetch::expand::{self, ExpandOptions},
};

/// The limit of manifests below one: a list of 10,000 platforms with an attestation and a signature for each has 30,000.
pub(crate) const MANIFESTS_MAX: usize = 100_000;

/// The limit of the sizes of manifests below one and of their descriptors together, in bytes: those of that list have some 50 MiB.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 256 << 20;

/// The manifests below one, counted while they are read, so that reading them has an end whatever a registry makes up.
pub(crate) struct Below<'a> {
    root: &'a Reference,
    known: RefCell<HashSet<Digest>>,
    /// The number of manifests and of their bytes.
    read: Cell<(usize, u64)>,
}

impl<'a> Below<'a> {
    /// Creates the count of the manifests below `root`.
    pub(crate) fn new(root: &'a Reference) -> Self {
        Self { root, known: RefCell::default(), read: Cell::default() }
    }

    /// Returns `true` for the first call with this digest.
    pub(crate) fn is_new(&self, digest: &Digest) -> bool {
        self.known.borrow_mut().insert(digest.clone())
    }

    /// Counts manifests that are going to be read.
    ///
    /// # Errors
    /// [`ContentError::TooMany`] beyond the limits.
    pub(crate) fn count<'d>(&self, described: impl IntoIterator<Item = &'d Descriptor>) -> Result<(), Error> {
        let (mut manifests, mut bytes) = self.read.get();
        for descriptor in described {
            manifests += 1;
            // A list of referrers is kept whole, annotations included.
            bytes = bytes.saturating_add(descriptor.size).saturating_add(descriptor.to_json().len() as u64);
        }
        self.read.set((manifests, bytes));
        if manifests <= MANIFESTS_MAX && bytes <= MANIFEST_BYTES_MAX {
            return Ok(());
        }
        let reference = Box::new(self.root.clone());
        Err(Error::content(self.root, ContentError::TooMany { reference, manifests, bytes }))
    }
}

/// Fetches the manifest of `reference`. With a platform, the image of that platform, in nested lists as well.
///
/// # Errors
/// [`Error::NoSuchPlatform`] if there is no image of that platform, [`Error::Registry`] and [`Error::Content`] if a manifest
/// cannot be fetched or parsed.
pub async fn resolve(
    client: &Client,
    reference: &Reference,
    platform: Option<&Platform>,
) -> Result<Manifest, Error> {
    let fetched = client.manifest(reference).await.map_err(failed)?;
    let manifest = fetched.manifest().map_err(|error| content(reference, error))?;
    match platform {
        Some(platform) => image_for(client, reference, manifest, platform).await,
        None => Ok(manifest),
    }
}

/// Returns the image of a platform: `manifest`, which was fetched as `reference`, or the one below it. Of a list that is an entry
/// which names the platform; where none does, an image of its nested lists, or one that names the platform in its config alone.
///
/// # Errors
/// As [`resolve`].
pub(crate) async fn image_for(
    client: &Client,
    reference: &Reference,
    manifest: Manifest,
    platform: &Platform,
) -> Result<Manifest, Error> {
    if let Some(index) = manifest.index() {
        let entry = match index.entry_for(platform) {
            Some(entry) => entry.clone(),
            None => {
                let options = ExpandOptions { platforms: vec![platform.clone()], ..ExpandOptions::default() };
                let found = expand::entries(client, reference, index, &options).await?;
                let manifests = found.into_iter().map(|entry| entry.descriptor).collect();
                let found = Index { manifests, ..Index::default() };
                let entry = found.entry_for(platform).cloned();
                entry.ok_or_else(|| no_such_platform(reference, platform, index.platforms()))?
            }
        };
        return nested(client, reference, &entry).await;
    }
    let found = match manifest.body() {
        ManifestBody::Image(image) => {
            let config = client.blob(reference, &image.config).await.map_err(failed)?;
            // A config without a platform is one of an artifact.
            Platform::from_config(&config).ok()
        }
        // It tells the architecture alone.
        ManifestBody::Schema1(image) => Some(Platform::new(&platform.os, &image.architecture)),
        ManifestBody::Index(_) | ManifestBody::Artifact => None,
    };
    match found {
        Some(found) if platform.accepts(&found) => Ok(manifest),
        found => Err(no_such_platform(reference, platform, found)),
    }
}

/// Returns the image that is meant where no platform is asked for: `manifest`, which was fetched as `reference`, or the one below it.
/// Of a list that is its only image; else the one for linux/amd64, or for the only platform that there is. Artifacts do not count.
///
/// # Errors
/// As [`resolve`].
pub(crate) async fn usual_image(
    client: &Client,
    reference: &Reference,
    manifest: Manifest,
) -> Result<Manifest, Error> {
    let Some(index) = manifest.index() else { return Ok(manifest) };
    let may_be_image =
        |entry: &&Descriptor| entry.media_type.is_list() || entry.is_runnable() && !entry.is_artifact();
    let mut images = index.manifests.iter().filter(may_be_image);
    if let (Some(only), None) = (images.next(), images.next())
        && !only.media_type.is_list()
    {
        return nested(client, reference, only).await;
    }
    let usual = Platform::new("linux", "amd64");
    match image_for(client, reference, manifest.clone(), &usual).await {
        Err(Error::NoSuchPlatform { found, .. })
            if found.first().is_some_and(|first| found.iter().all(|other| other.is_same(first))) =>
        {
            image_for(client, reference, manifest, &found[0]).await
        }
        found => found,
    }
}

/// The error for a platform without an image beside those that were `found`; those without an operating system tell nothing.
pub(crate) fn no_such_platform(
    reference: &Reference,
    wanted: &Platform,
    found: impl IntoIterator<Item = Platform>,
) -> Error {
    let (reference, wanted) = (Box::new(reference.clone()), Box::new(wanted.clone()));
    let found = found.into_iter().filter(|platform| !platform.os.is_empty()).collect();
    Error::NoSuchPlatform { reference, wanted, found }
}

/// Fetches the manifest that an entry of a list names.
pub(crate) async fn nested(client: &Client, list: &Reference, entry: &Descriptor) -> Result<Manifest, Error> {
    let fetched = client.manifest_as(list, entry).await.map_err(failed)?;
    fetched.manifest().map_err(|error| content(&list.by_digest(entry.digest.clone()), error))
}

/// The error for a request that Docker does not make.
pub(crate) fn failed(source: RegistryError) -> Error {
    Error::Registry { request: None, source: Box::new(source) }
}

pub(crate) fn content(reference: &Reference, error: ManifestError) -> Error {
    Error::content(reference, ContentError::manifest(reference, error))
}

pub(crate) fn too_deep(reference: &Reference) -> Error {
    let reason = ContentError::TooDeep(Box::new(reference.clone()));
    Error::content(reference, reason)
}

pub(crate) fn referrers_too_deep(reference: &Reference) -> Error {
    let reason = ContentError::ReferrersTooDeep(Box::new(reference.clone()));
    Error::content(reference, reason)
}
