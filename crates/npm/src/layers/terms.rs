//! The terms of reading a layer, as JavaScript gives them: JSON.

use std::collections::BTreeMap;

use tallyman_core::json::{FieldError, Object};
use tallyman_layers::{Expected, LayerPath, Limits, Naming};

use super::failure::Failure;

/// The terms of reading a layer.
#[derive(Debug, Default)]
pub struct Terms {
    /// Size and digests that the layer must have.
    pub expected: Expected,
    /// `true` if the platform decompresses it: what comes is tar.
    pub is_tar: bool,
    /// The most that it may have.
    pub limits: Limits,
    /// The number of the layer in its image, the lowest being 0.
    pub layer: Option<usize>,
    /// The name of the layer in errors; empty if it has none.
    pub name: String,
    /// The path to which entries are restricted.
    pub path: Option<LayerPath>,
    /// The rules for names of files.
    pub naming: Naming,
    /// `true` if its entries are wanted in the end.
    pub keeps: bool,
    /// `true` if the digests of its files are wanted, too.
    pub digests: bool,
    /// The annotations of its descriptor, which may tell of a table of contents.
    pub annotations: BTreeMap<String, String>,
}

impl Terms {
    /// Reads the terms.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let read = || {
            let fields = Object::parse(json.as_bytes())?;
            let is_set = |name| fields.get(name) == Some(b"true");
            let naming = Naming::of(&fields.string_or_empty("os")?);
            let expected = Expected {
                size: fields.number("size")?,
                digest: fields.string("digest")?.map(|text| text.parse()).transpose()?,
                diff_id: fields.string("diffId")?.map(|text| text.parse()).transpose()?,
            };
            Ok::<_, TermsError>(Self {
                expected,
                is_tar: is_set("isTar"),
                limits: fields.get("limits").map(limits).transpose()?.unwrap_or_default(),
                layer: fields.number("layer")?.and_then(|layer| usize::try_from(layer).ok()),
                name: fields.string_or_empty("name")?,
                path: fields.string("path")?.map(|typed| naming.typed(&typed).lexical()),
                naming,
                keeps: is_set("keeps"),
                digests: is_set("digests"),
                annotations: fields.string_map("annotations")?,
            })
        };
        read().map_err(|error: TermsError| error.0)
    }
}

/// The reason why the terms cannot be read.
struct TermsError(Failure);

impl From<FieldError> for TermsError {
    fn from(error: FieldError) -> Self {
        Self(Failure::argument(&format!("expected options of a layer: {error}")))
    }
}

impl From<tallyman_core::DigestError> for TermsError {
    fn from(error: tallyman_core::DigestError) -> Self {
        Self(Failure::digest(&error))
    }
}

fn limits(json: &[u8]) -> Result<Limits, FieldError> {
    let fields = Object::from_json(json, "limits")?;
    let mut limits = Limits::default();
    for (name, limit) in [
        ("entries", &mut limits.entries),
        ("pathLength", &mut limits.path_length),
        ("pathDepth", &mut limits.path_depth),
        ("unpackedSize", &mut limits.unpacked_size),
        ("fileSize", &mut limits.file_size),
        ("ratio", &mut limits.ratio),
        ("ratioFrom", &mut limits.ratio_from),
        ("extendedHeader", &mut limits.extended_header),
        ("sparseSegments", &mut limits.sparse_segments),
        ("metadata", &mut limits.metadata),
        ("window", &mut limits.window),
    ] {
        if let Some(number) = fields.number(name)? {
            *limit = number;
        }
    }
    Ok(limits)
}
