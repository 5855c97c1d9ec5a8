//! Manifests in Docker's schema 1.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};

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

    /// Returns the bytes of a signed manifest without its signatures, as the first of them names them: registries know the manifest
    /// by their digest. `None` if `manifest` is none in schema 1, has no signature, or differs in anything else from what that one
    /// names.
    pub fn payload(manifest: &[u8]) -> Option<Vec<u8>> {
        let protected = |json: &[u8], path: &str| Object::from_json(json, path)?.string_or_empty("protected");
        let fields = Object::parse(manifest).ok()?;
        let signatures = fields.array("signatures", protected).ok()?;
        if fields.number("schemaVersion").ok()? != Some(1) {
            return None;
        }
        let header = decode_base64url(signatures.first()?)?;
        let header = Object::parse(&header).ok()?;
        let length = usize::try_from(header.number("formatLength").ok()??).ok()?;
        let tail = decode_base64url(&header.string("formatTail").ok()??)?;
        let (start, rest) = manifest.split_at_checked(length)?;
        let added = [br#"{"added":{"#, rest.trim_ascii_start().strip_prefix(b",")?, b"}"].concat();
        let added = Object::parse(&added).ok()?.keys("added").ok()?;
        let is_signed = tail.trim_ascii() == b"}" && added.iter().map(String::as_str).eq(["signatures"]);
        is_signed.then(|| [start, &tail].concat())
    }
}

/// Decodes base64 in the form for URLs, with or without padding.
fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose =
        GeneralPurpose::new(&URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));
    LENIENT.decode(text.trim_end_matches('=')).ok()
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
