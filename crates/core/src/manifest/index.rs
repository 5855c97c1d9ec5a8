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
            manifests: fields.array("manifests", Descriptor::entry_from_json)?,
            annotations: fields.string_map("annotations")?,
            subject: fields.pointer("subject", Descriptor::entry_from_json)?,
            artifact_type: fields.string("artifactType")?,
        })
    }

    /// Returns the platforms of the images that can be run, in the order of the entries.
    pub fn platforms(&self) -> Vec<Platform> {
        let runnable = self.manifests.iter().filter(|entry| entry.is_runnable());
        runnable.filter_map(|entry| entry.platform.clone()).collect()
    }

    /// Returns the entry that an engine on `platform` would run: of those that [`Platform::accepts`], one of the newest variant
    /// (for `arm` that is `v7`, then `v6` and `v5`), and of several builds of the operating system the very version that is asked for.
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
        let candidates = self.manifests.iter().filter_map(|entry| {
            let of = entry.platform.as_ref().filter(|_| entry.is_runnable())?;
            let is_other_version = !platform.os_version.is_empty() && platform.os_version != of.os_version;
            Some((entry, (platform.distance(of)?, is_other_version)))
        });
        // Of several that are as good the first.
        let best = candidates.reduce(|best, next| if next.1 < best.1 { next } else { best });
        best.map(|(entry, _)| entry)
    }

    /// Returns the places of the entries that are meant where somebody names `platform`: those of the very platform; else those
    /// of its variant, of whatever version of the operating system; else, if it has no variant, those of any.
    pub fn places_of(&self, platform: &Platform) -> Vec<usize> {
        let is_of_any_variant = |of: &Platform| {
            let of_variant = Platform { variant: of.variant.clone(), ..platform.clone() };
            platform.variant.is_empty() && of_variant.distance(of) == Some(0)
        };
        let meanings: [&dyn Fn(&Platform) -> bool; 3] =
            [&|of| platform.is_same(of), &|of| platform.distance(of) == Some(0), &is_of_any_variant];
        let places = meanings.iter().map(|is_meant| {
            let entries = self.manifests.iter().enumerate().filter(|(_, entry)| entry.is_runnable());
            let meant = entries.filter(|(_, entry)| entry.platform.as_ref().is_some_and(is_meant));
            meant.map(|(place, _)| place).collect::<Vec<_>>()
        });
        places.into_iter().find(|places| !places.is_empty()).unwrap_or_default()
    }
}

/// Returns the predicate for platforms that are taken where images of `wanted` are asked for, of a list that has images of the
/// platforms `found`: for each that is wanted, those of the variant that an engine takes.
pub fn taken_platforms<'a>(
    wanted: &'a [Platform],
    found: &[&Platform],
) -> impl Fn(&Platform) -> bool + use<'a> {
    let nearest = wanted.iter().map(|wanted| {
        let distances = found.iter().filter_map(|found| wanted.distance(found));
        (wanted, distances.min())
    });
    let nearest: Vec<_> = nearest.collect();
    move |platform| {
        nearest.iter().any(|(wanted, nearest)| nearest.is_some() && wanted.distance(platform) == *nearest)
    }
}
