//! The rules by which the media type of a manifest is decided.

use super::error::ManifestError;
use crate::{
    MediaType,
    json::{FieldError, Object},
};

/// The fields by which kinds of manifest are told apart.
#[derive(Default)]
pub(super) struct Probe {
    pub(super) schema_version: Option<u64>,
    pub(super) media_type: Option<MediaType>,
    pub(super) has_manifests: bool,
    pub(super) has_config: bool,
    pub(super) has_layers: bool,
    pub(super) has_fs_layers: bool,
}

impl Probe {
    pub(super) fn parse(fields: &Object<'_>) -> Result<Self, FieldError> {
        let has = |name| fields.get(name).is_some();
        Ok(Self {
            schema_version: fields.number("schemaVersion")?,
            media_type: fields.string("mediaType")?.map(|media_type| MediaType::new(&media_type)),
            has_manifests: has("manifests"),
            has_config: has("config"),
            has_layers: has("layers"),
            has_fs_layers: has("fsLayers"),
        })
    }

    /// Returns the media type that the fields speak for if nothing names one.
    fn guess(&self) -> Option<MediaType> {
        match self.schema_version {
            Some(1) if self.has_fs_layers => Some(MediaType::DockerSchema1),
            Some(2) if self.has_manifests => Some(MediaType::OciIndex),
            Some(2) if self.has_config && self.has_layers => Some(MediaType::OciManifest),
            _ => None,
        }
    }

    /// Returns the media type that decides, from what the registry said (`named`), the body and its fields.
    ///
    /// # Errors
    /// [`ManifestError::MediaTypeMismatch`] if registry and body contradict each other.
    pub(super) fn decide(&self, named: Option<&MediaType>) -> Result<MediaType, ManifestError> {
        let body = self.media_type.as_ref().filter(|media_type| !media_type.as_str().is_empty());
        let Some(header) = named.filter(|media_type| !is_generic(media_type)) else {
            let shape = || self.guess().or_else(|| named.cloned()).unwrap_or_else(|| MediaType::new(""));
            return Ok(body.cloned().unwrap_or_else(shape));
        };
        match body {
            // Schema 1 has no such field; registries serve its signed form under either name.
            Some(body) if body != header && !header.is_schema1() => {
                Err(ManifestError::MediaTypeMismatch { header: header.clone(), body: body.clone() })
            }
            _ => Ok(header.clone()),
        }
    }
}

/// Returns `true` for media types that say nothing about the content: what the content says itself counts then.
fn is_generic(media_type: &MediaType) -> bool {
    matches!(
        media_type.as_str(),
        "" | "application/json" | "application/octet-stream" | "text/plain" | "text/html"
    )
}
