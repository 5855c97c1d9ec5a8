//! Image manifests.

use std::collections::BTreeMap;

use crate::{
    Descriptor, Digest,
    json::{FieldError, Object},
};

/// The manifest of one image: Docker's version 2, schema 2 or OCI's image manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageManifest {
    /// The image config.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// Free key and value pairs.
    pub annotations: BTreeMap<String, String>,
    /// The manifest that this one refers to, for signatures, attestations and the like.
    pub subject: Option<Descriptor>,
    /// Type of the artifact, where the manifest is one and no image.
    pub artifact_type: Option<String>,
}

impl ImageManifest {
    /// Parses an image manifest, whatever media type it has.
    ///
    /// # Errors
    /// [`FieldError`] if the bytes are no JSON, or a field is not what an image manifest has there.
    pub fn parse(json: &[u8]) -> Result<Self, FieldError> {
        Self::from_object(&Object::parse(json)?)
    }

    pub(super) fn from_object(fields: &Object<'_>) -> Result<Self, FieldError> {
        let config = fields.field("config", Descriptor::from_json)?;
        Ok(Self {
            config: fields.required("config", "the descriptor of a config", config)?,
            layers: fields.array("layers", Descriptor::from_json)?,
            annotations: fields.string_map("annotations")?,
            subject: fields.pointer("subject", Descriptor::entry_from_json)?,
            artifact_type: fields.string("artifactType")?,
        })
    }

    /// Parses an image manifest as Docker reads it, for the digest of its config: layers may have any text as their digest
    /// and any whole number as their size.
    ///
    /// # Errors
    /// [`FieldError`] if the bytes are no JSON, or a field has another type than an image manifest has there.
    pub fn parse_config_digest(json: &[u8]) -> Result<Digest, FieldError> {
        let fields = Object::parse(json)?;
        fields.array("layers", |layer, path| {
            let layer = Object::from_json(layer, path)?;
            layer.string("mediaType")?;
            layer.string("digest")?;
            layer.integer("size")
        })?;
        let config = fields.field("config", |config, path| {
            let config = Object::from_json(config, path)?;
            config.integer("size")?;
            config.digest("digest")
        })?;
        fields.required("config", "the descriptor of a config", config)
    }

    /// Returns the size of config and layers together in bytes, as they are stored and transferred.
    pub fn content_size(&self) -> u64 {
        self.layers.iter().fold(self.config.size, |sum, layer| sum.saturating_add(layer.size))
    }

    /// Returns the type that descriptors give it as an artifact: the one that it names, else the media type of its config.
    pub fn type_as_artifact(&self) -> &str {
        self.artifact_type.as_deref().unwrap_or_else(|| self.config.media_type.as_str())
    }

    /// Returns `true` if it says that it is an artifact, or its config is no image's.
    pub fn may_be_artifact(&self) -> bool {
        self.artifact_type.is_some() || !self.has_image_config()
    }

    /// Returns `true` if the config is an image's, which [`crate::ImageConfig::parse`] reads.
    pub fn has_image_config(&self) -> bool {
        matches!(
            self.config.media_type.as_str(),
            "application/vnd.docker.container.image.v1+json" | "application/vnd.oci.image.config.v1+json"
        )
    }
}
