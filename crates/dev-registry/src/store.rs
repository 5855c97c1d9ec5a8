//! The content of the registry, in memory.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::Arc,
};

use bytes::Bytes;
use serde_json::Value;

use crate::digest::Digest;

/// A manifest's bytes with the media type it was pushed with.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

impl Manifest {
    /// The bytes as JSON, `Null` when they are none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

/// One repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repository {
    pub(crate) manifests: HashMap<Digest, Manifest>,
    pub(crate) tags: BTreeMap<String, Digest>,
    pub(crate) blobs: HashMap<Digest, Bytes>,
    /// `true` once a tag was set: a repository that only ever held blobs has no tags list.
    pub(crate) tagged: bool,
}

impl Repository {
    /// The digest that a tag or a digest stands for.
    pub(crate) fn resolve(&self, reference: &str) -> Option<Digest> {
        match reference.parse::<Digest>() {
            Ok(digest) => Some(digest),
            Err(_) => self.tags.get(reference).cloned(),
        }
    }
}

/// All repositories, and the uploads under way.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// The repositories by name, with `/` as the smallest character: the order in which Distribution walks its folders. Shared until
    /// written to, so that a large synthetic catalog costs its names only.
    repositories: BTreeMap<String, Arc<Repository>>,
    pub(crate) uploads: HashMap<String, Upload>,
}

/// A blob that is still arriving.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

fn key(name: &str) -> String {
    name.replace('/', "\0")
}

impl Store {
    pub(crate) fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.get(&key(name)).map(AsRef::as_ref)
    }

    pub(crate) fn repository_mut(&mut self, name: &str) -> Option<&mut Repository> {
        self.repositories.get_mut(&key(name)).map(Arc::make_mut)
    }

    /// The repository, made when it is not there.
    pub(crate) fn ensure(&mut self, name: &str) -> &mut Repository {
        Arc::make_mut(self.repositories.entry(key(name)).or_default())
    }

    /// Puts one repository under many names.
    pub(crate) fn share(&mut self, names: impl Iterator<Item = String>, repository: &Arc<Repository>) {
        self.repositories.extend(names.map(|name| (key(&name), Arc::clone(repository))));
    }

    pub(crate) fn blob(&self, name: &str, digest: &Digest) -> Option<Bytes> {
        self.repository(name)?.blobs.get(digest).cloned()
    }

    /// A blob of any repository.
    pub(crate) fn blob_anywhere(&self, digest: &Digest) -> Option<Bytes> {
        self.repositories.values().find_map(|repository| repository.blobs.get(digest).cloned())
    }

    pub(crate) fn put_blob(&mut self, name: &str, digest: Digest, bytes: Bytes) {
        self.ensure(name).blobs.insert(digest, bytes);
    }

    /// Keeps a manifest, with a tag where one is given. Nothing is checked.
    pub(crate) fn put_manifest(&mut self, name: &str, tag: Option<&str>, digest: Digest, manifest: Manifest) {
        let repository = self.ensure(name);
        repository.manifests.insert(digest.clone(), manifest);
        if let Some(tag) = tag {
            repository.tagged = true;
            repository.tags.insert(tag.to_owned(), digest);
        }
    }

    /// Up to `limit` names after `last`, and whether more follow.
    pub(crate) fn names_after(&self, last: &str, limit: usize) -> (Vec<String>, bool) {
        let mut rest = self
            .repositories
            .range::<str, _>((Bound::Excluded(key(last).as_str()), Bound::Unbounded))
            .map(|(key, _)| key);
        let names = rest.by_ref().take(limit).map(|key| key.replace('\0', "/")).collect();
        (names, rest.next().is_some())
    }

    /// The digests among `wanted` that the repository holds neither as blob nor as manifest.
    pub(crate) fn missing(&self, name: &str, wanted: Vec<(Digest, Content)>) -> Vec<Digest> {
        let repository = self.repository(name);
        let mut seen = HashSet::new();
        wanted
            .into_iter()
            .filter(|(digest, content)| {
                !repository.is_some_and(|repository| match content {
                    Content::Blob => repository.blobs.contains_key(digest),
                    Content::Manifest => repository.manifests.contains_key(digest),
                })
            })
            .map(|(digest, _)| digest)
            .filter(|digest| seen.insert(digest.clone()))
            .collect()
    }
}

/// The kind of content that a manifest refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Blob,
    Manifest,
}
