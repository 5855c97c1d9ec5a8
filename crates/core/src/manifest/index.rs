//! Manifest lists and image indexes.

use std::collections::BTreeMap;

use crate::{
    Descriptor, Platform,
    json::{FieldError, Object},
};

/// Levels of indexes that point to indexes, so that following them ends. Real ones have two.
pub const NESTED_INDEXES_MAX: usize = 16;

/// A manifest list or image index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The entries, in the order of the bytes.
    pub manifests: Vec<Descriptor>,
    /// Free key and value pairs.
    pub annotations: BTreeMap<String, String>,
    /// The manifest that this one refers to.
    pub subject: Option<Descriptor>,
    /// Type of the artifact that the index is, where it is one.
    pub artifact_type: Option<String>,
}

impl Index {
    /// Parses a list, whatever media type it has.
    ///
    /// # Errors
    /// [`FieldError`] if the bytes are no JSON, or a field is not what a list has there.
    pub fn parse(json: &[u8]) -> Result<Self, FieldError> {
        Self::from_object(&Object::parse(json)?)
    }

    pub(super) fn from_object(fields: &Object<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            manifests: fields.array("manifests", Descriptor::from_json)?,
            annotations: fields.string_map("annotations")?,
            subject: fields.field("subject", Descriptor::from_json)?,
            artifact_type: fields.string("artifactType")?,
        })
    }

    /// Returns the platforms of the images that can be run, in the order of the entries.
    pub fn platforms(&self) -> Vec<Platform> {
        let runnable = self.manifests.iter().filter(|entry| entry.is_runnable());
        runnable.filter_map(|entry| entry.platform.clone()).collect()
    }

    /// Returns the entry that an engine on `platform` would run: of the same operating system and architecture, and of
    /// the same variant if one is asked for. If none is, the entry without a variant goes before others. `v8` of `arm64`
    /// counts as no variant ([`Platform::normalized_variant`]). Of several builds that are the same for
    /// [`Platform::accepts`], the very version that is asked for goes before others.
    ///
    /// ```
    /// use tallyman_core::Index;
    ///
    /// let index = Index::parse(br#"{"manifests": [{
    ///     "mediaType": "application/vnd.oci.image.manifest.v1+json",
    ///     "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ///     "size": 7,
    ///     "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}
    /// }]}"#)?;
    /// assert!(index.entry_for(&"linux/arm64".parse().unwrap()).is_some());
    /// assert!(index.entry_for(&"linux/amd64".parse().unwrap()).is_none());
    /// # Ok::<(), tallyman_core::json::FieldError>(())
    /// ```
    pub fn entry_for(&self, platform: &Platform) -> Option<&Descriptor> {
        let wanted = platform.normalized_variant();
        let candidates = self.manifests.iter().filter_map(|entry| {
            let of = entry.platform.as_ref().filter(|_| entry.is_runnable())?;
            let is_exact = (
                of.normalized_variant() == wanted,
                platform.os_version.is_empty() || platform.os_version == of.os_version,
            );
            platform.accepts(of).then_some((entry, is_exact))
        });
        // Of several that are as good the first.
        let best = candidates.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(entry, _)| entry)
    }
}
