//! Manifests in Docker's schema 1.

use crate::{
    Digest,
    json::{FieldError, Object},
};

/// A manifest in Docker's schema 1, as far as it is worth showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema1 {
    /// Repository that the manifest was made for.
    pub name: String,
    /// Tag that the manifest was made for.
    pub tag: String,
    /// CPU architecture.
    pub architecture: String,
    /// The layers, topmost first.
    pub fs_layers: Vec<Schema1Layer>,
}

impl Schema1 {
    pub(super) fn from_object(fields: &Object<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            name: fields.string_or_empty("name")?,
            tag: fields.string_or_empty("tag")?,
            architecture: fields.string_or_empty("architecture")?,
            fs_layers: fields.array("fsLayers", Schema1Layer::from_json)?,
        })
    }
}

/// A layer of a schema 1 manifest: no size is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema1Layer {
    /// Digest of the layer.
    pub blob_sum: Digest,
}

impl Schema1Layer {
    fn from_json(json: &[u8], path: &str) -> Result<Self, FieldError> {
        Ok(Self { blob_sum: Object::from_json(json, path)?.digest("blobSum")? })
    }
}
