//! Descriptors: what a manifest says about the content it points to.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    Digest, MediaType, Platform,
    fields::{FieldError, Fields, elements, text},
    go_json::check,
};

/// A pointer to content, as the OCI image specification's "Content Descriptors" section has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of the content.
    #[serde(default = "no_media_type")]
    pub media_type: MediaType,
    /// Digest of the content.
    pub digest: Digest,
    /// Size of the content in bytes.
    pub size: u64,
    /// Where else the content can be fetched, for foreign layers.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Free key and value pairs.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The content itself as base64, where it is embedded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// What the content runs on, for entries of lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Type of the artifact that the content is, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

impl Descriptor {
    /// Reads a descriptor.
    ///
    /// # Errors
    /// When the bytes are no JSON, or the fields are not a descriptor's.
    pub fn read(json: &[u8]) -> Result<Self, FieldError> {
        check(json)?;
        Self::of(json, "")
    }

    /// Reads an array of descriptors.
    ///
    /// # Errors
    /// As [`Descriptor::read`].
    pub fn read_all(json: &[u8]) -> Result<Vec<Self>, FieldError> {
        check(json)?;
        elements(json, "", Self::of)
    }

    /// Reads the descriptor that valid JSON is, found at `path`.
    pub(crate) fn of(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Fields::of(json, path)?;
        Ok(Self {
            media_type: MediaType::new(&fields.text_or_empty("mediaType")?),
            digest: fields.digest("digest")?,
            size: fields.needed("size", "a whole number of 0 or more", fields.number("size")?)?,
            urls: fields.array("urls", text)?,
            annotations: fields.texts_by_name("annotations")?,
            data: fields.text("data")?,
            platform: fields.object("platform", Platform::of)?,
            artifact_type: fields.text("artifactType")?,
        })
    }

    /// A descriptor of media type, digest and size (in bytes) alone.
    pub fn new(media_type: MediaType, digest: Digest, size: u64) -> Self {
        Self {
            media_type,
            digest,
            size,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            data: None,
            platform: None,
            artifact_type: None,
        }
    }

    /// The digest of the image that this entry attests, where BuildKit's annotations mark it as an attestation.
    pub fn attests(&self) -> Option<&str> {
        (self.annotations.get("vnd.docker.reference.type")? == "attestation-manifest")
            .then(|| self.annotations.get("vnd.docker.reference.digest").map_or("", String::as_str))
    }

    /// Whether this entry of a list is an image that somebody can run, as far as the list tells: no attestation, no
    /// nested list, not `unknown/unknown`.
    pub fn is_runnable(&self) -> bool {
        let unknown = self.platform.as_ref().is_some_and(Platform::is_unknown);
        !unknown && self.attests().is_none() && !self.media_type.is_list()
    }
}

fn no_media_type() -> MediaType {
    MediaType::new("")
}

/// Reads JSON `null` as the field's default, as Go's decoder does.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
