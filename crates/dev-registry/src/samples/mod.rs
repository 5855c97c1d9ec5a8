//! Sample repositories: single images and lists, Docker's and OCI's, artifacts, and some that are broken on purpose.

mod catalog;
mod files;
mod gzip;
mod image;

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    media_type::OCI_MANIFEST,
    server::Builder,
    store::{Manifest, Repository},
};

pub use catalog::all;

/// References of samples, and what they are, for the start page of the app.
pub const HIGHLIGHTS: [(&str, &str); 6] = [
    ("samples/hello:latest", "Docker manifest list for Linux on three CPUs, and Windows"),
    ("samples/webapp:1.4", "OCI image index with annotations, an attestation and a nested index"),
    ("samples/alpine:3.22", "OCI image of several layers"),
    ("samples/legacy:1", "Docker image with a long history"),
    ("samples/chart:0.3.0", "Helm-like chart: an artifact, not an image"),
    ("samples/sparse:1", "Index with a child that is missing"),
];

/// The content that a sample puts into one repository.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The repository's name.
    pub repository: String,
    /// Its blobs.
    pub blobs: Vec<Bytes>,
    /// Its manifests, each after those it refers to.
    pub manifests: Vec<SampleManifest>,
}

/// One manifest of a sample.
#[derive(Clone, Debug)]
pub struct SampleManifest {
    /// Its tags; without any it is there by digest only.
    pub tags: Vec<String>,
    /// The media type it is served with.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// `true` if a real Distribution takes it. It refuses schema 1 and lists with missing children.
    pub pushable: bool,
}

impl Builder {
    /// Puts all [samples](all) into the registry.
    #[must_use]
    pub fn samples(mut self) -> Self {
        for sample in all() {
            self = self.sample(sample);
        }
        self
    }

    fn sample(mut self, sample: Sample) -> Self {
        for blob in sample.blobs {
            self = self.blob(&sample.repository, blob);
        }
        for manifest in sample.manifests {
            self = self.manifest(&sample.repository, None, &manifest.media_type, manifest.bytes.clone());
            for tag in &manifest.tags {
                self = self.manifest(
                    &sample.repository,
                    Some(tag),
                    &manifest.media_type,
                    manifest.bytes.clone(),
                );
            }
        }
        self
    }

    /// Puts `samples/large:1` into the registry, an image of a layer of about `size` bytes.
    #[must_use]
    pub fn large_image(self, size: usize) -> Self {
        self.sample(files::large(size))
    }

    /// Adds `repositories` repositories with one tag each, `synthetic/r0000000` and on, and the repository
    /// `scale/many-tags` with `tags` tags, `t0000000` and on. They share one empty image and cost their names.
    #[must_use]
    pub fn synthetic(mut self, repositories: usize, tags: usize) -> Self {
        let image = catalog::empty_image();
        let digest = crate::digest::Digest::sha256(&image.bytes);
        let mut repository = Repository { tagged: true, ..Repository::default() };
        let manifest = Manifest { media_type: OCI_MANIFEST.to_owned(), bytes: image.bytes };
        repository.manifests.insert(digest.clone(), manifest);
        for blob in image.blobs {
            repository.blobs.insert(crate::digest::Digest::sha256(&blob), blob);
        }
        let mut many = repository.clone();
        many.tags.extend((0..tags).map(|number| (format!("t{number:07}"), digest.clone())));
        repository.tags.insert("latest".to_owned(), digest);
        let names = (0..repositories).map(|number| format!("synthetic/r{number:07}"));
        self.store.share(names, &Arc::new(repository));
        self.store.share(std::iter::once("scale/many-tags".to_owned()), &Arc::new(many));
        self
    }
}
