//! Manifests: the bytes that came, their digest, and a typed view of them.

mod usual_list;

use std::{collections::BTreeMap, fmt, sync::Arc};

use tallyman_list_json::List;
use thiserror::Error;

use crate::{
    Descriptor, Digest, MediaType, Platform,
    fields::{FieldError, Fields},
    go_json::check,
};

/// Levels of nesting that a manifest may have. Real ones have six; Go's decoder stops at 10,000.
const DEPTH_MAX: usize = 128;

/// A manifest as a registry served it: its exact bytes, their digest and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    bytes: Arc<[u8]>,
    digest: Digest,
    media_type: MediaType,
    body: ManifestBody,
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestBody {
    /// One image, or an OCI artifact in an image manifest's clothes.
    Image(Box<ImageManifest>),
    /// A manifest list or image index.
    Index(Box<Index>),
    /// Docker's schema 1: read by old engines alone, never an entry of a list.
    Schema1(Schema1),
    /// Anything else, shown raw.
    Artifact,
}

/// The sort of manifest, by media type and content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestKind {
    /// Docker schema 2 image.
    DockerImage,
    /// Docker manifest list.
    DockerList,
    /// OCI image.
    OciImage,
    /// OCI image index.
    OciIndex,
    /// Docker schema 1 image.
    Schema1,
    /// Anything else.
    Artifact,
}

impl fmt::Display for ManifestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DockerImage => "Docker image",
            Self::DockerList => "Docker manifest list",
            Self::OciImage => "OCI image",
            Self::OciIndex => "OCI image index",
            Self::Schema1 => "Docker schema 1 image",
            Self::Artifact => "artifact",
        })
    }
}

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
    /// Reads an image manifest, whatever media type it has.
    ///
    /// # Errors
    /// When the bytes are no JSON, or the fields are not an image's.
    pub fn read(json: &[u8]) -> Result<Self, FieldError> {
        check(json)?;
        Self::of(&Fields::of(json, "")?)
    }

    fn of(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let config = fields.object("config", Descriptor::of)?;
        Ok(Self {
            config: fields.needed("config", "the descriptor of a config", config)?,
            layers: fields.array("layers", Descriptor::of)?,
            annotations: fields.texts_by_name("annotations")?,
            subject: fields.object("subject", Descriptor::of)?,
            artifact_type: fields.text("artifactType")?,
        })
    }

    /// Bytes of config and layers together, as they are stored and transferred.
    pub fn content_size(&self) -> u64 {
        self.layers.iter().fold(self.config.size, |sum, layer| sum.saturating_add(layer.size))
    }

    /// Whether the config is an image's, so that it can be read as [`crate::ImageConfig`].
    pub fn has_image_config(&self) -> bool {
        matches!(
            self.config.media_type.as_str(),
            "application/vnd.docker.container.image.v1+json" | "application/vnd.oci.image.config.v1+json"
        )
    }
}

/// A manifest list or image index.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Reads a list, whatever media type it has.
    ///
    /// # Errors
    /// When the bytes are no JSON, or the fields are not a list's.
    pub fn read(json: &[u8]) -> Result<Self, FieldError> {
        check(json)?;
        Self::of(&Fields::of(json, "")?)
    }

    fn of(fields: &Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            manifests: fields.array("manifests", Descriptor::of)?,
            annotations: fields.texts_by_name("annotations")?,
            subject: fields.object("subject", Descriptor::of)?,
            artifact_type: fields.text("artifactType")?,
        })
    }

    /// The entry that runs on `platform`: of the same operating system and architecture, and of the variant where one
    /// is asked for. Where none is, the entry without a variant goes before others, and for `arm64` `v8` is as good as
    /// none.
    pub fn entry_for(&self, platform: &Platform) -> Option<&Descriptor> {
        let fits = |entry: &&Descriptor| {
            let of = entry.platform.as_ref();
            entry.is_runnable()
                && of.is_some_and(|of| of.os == platform.os && of.architecture == platform.architecture)
        };
        let variant_of = |entry: &Descriptor| {
            let of = entry.platform.as_ref().map_or("", |of| of.variant.as_str());
            if platform.architecture == "arm64" && of == "v8" { String::new() } else { of.to_owned() }
        };
        let wanted = if platform.architecture == "arm64" && platform.variant == "v8" {
            ""
        } else {
            &*platform.variant
        };
        let mut fitting = self.manifests.iter().filter(fits);
        let exact = fitting.clone().find(|entry| variant_of(entry) == wanted);
        exact.or_else(|| fitting.next().filter(|_| wanted.is_empty()))
    }
}

/// Docker's schema 1, as far as it is worth showing.
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
    fn of(fields: &Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            name: fields.text_or_empty("name")?,
            tag: fields.text_or_empty("tag")?,
            architecture: fields.text_or_empty("architecture")?,
            fs_layers: fields.array("fsLayers", Schema1Layer::of)?,
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
    fn of(json: &[u8], path: &str) -> Result<Self, FieldError> {
        Ok(Self { blob_sum: Fields::of(json, path)?.digest("blobSum")? })
    }
}

/// Why bytes are no manifest.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The bytes are no JSON object.
    #[error("expected a manifest as JSON, found something else: {source}")]
    Json {
        /// Where and why the JSON ends to make sense.
        source: FieldError,
    },
    /// They are JSON that is nested deeper than any manifest.
    #[error("expected a manifest as JSON of at most {DEPTH_MAX} levels, found more")]
    TooDeep,
    /// The header and the body name different media types.
    #[error(
        "expected one media type, found two: the registry sent {header}, the manifest itself says {body}; ask the registry's owner to push the manifest again"
    )]
    MediaTypeMismatch {
        /// From the response's `Content-Type`, or from the descriptor.
        header: MediaType,
        /// From the manifest's `mediaType`.
        body: MediaType,
    },
    /// The JSON is not what its media type promises.
    #[error("expected {media_type}, found JSON that does not have its fields: {source}")]
    Fields {
        /// The media type that was promised.
        media_type: MediaType,
        /// Which field, and where.
        source: FieldError,
    },
    /// An image manifest with the entries of an index, or the reverse.
    #[error("expected {expected}, found the fields of {found} under the media type {media_type}")]
    Confused {
        /// The media type that was promised.
        media_type: MediaType,
        /// What it promises.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
}

/// The fields by which sorts of manifest are told apart.
#[derive(Default)]
struct Probe {
    schema_version: Option<u64>,
    media_type: Option<MediaType>,
    has_manifests: bool,
    has_config: bool,
    has_layers: bool,
    has_fs_layers: bool,
}

impl Probe {
    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let has = |name| fields.get(name).is_some();
        Ok(Self {
            schema_version: fields.number("schemaVersion")?,
            media_type: fields.text("mediaType")?.map(|media_type| MediaType::new(&media_type)),
            has_manifests: has("manifests"),
            has_config: has("config"),
            has_layers: has("layers"),
            has_fs_layers: has("fsLayers"),
        })
    }

    /// The media type that the content speaks for where nothing names one.
    fn guess(&self) -> Option<MediaType> {
        match self.schema_version {
            Some(1) if self.has_fs_layers => Some(MediaType::DockerSchema1),
            Some(2) if self.has_manifests => Some(MediaType::OciIndex),
            Some(2) if self.has_config && self.has_layers => Some(MediaType::OciManifest),
            _ => None,
        }
    }

    /// The media type that decides, from what the registry said (`named`), the body and its shape.
    fn decide(&self, named: Option<&MediaType>) -> Result<MediaType, ManifestError> {
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

/// Media types that say nothing about the content: what the content says itself counts then.
fn is_generic(media_type: &MediaType) -> bool {
    matches!(
        media_type.as_str(),
        "" | "application/json" | "application/octet-stream" | "text/plain" | "text/html"
    )
}

/// How deep the objects and arrays of some JSON stand in each other; for other bytes, an upper bound.
fn nesting(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

impl ManifestBody {
    /// What `bytes` say, and the media type by which they are read: for those who do not need the digest.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn read(bytes: &[u8], media_type: Option<&MediaType>) -> Result<(MediaType, Self), ManifestError> {
        if let Some((media_type, list)) = usual_list(bytes, media_type)? {
            return Ok((media_type, Self::Index(Box::new(list.into()))));
        }
        let json = |source| ManifestError::Json { source };
        if nesting(bytes) > DEPTH_MAX {
            return Err(ManifestError::TooDeep);
        }
        check(bytes).map_err(|error| json(error.into()))?;
        let fields_of = Fields::of(bytes, "").map_err(json)?;
        let probe = Probe::read(&fields_of).map_err(json)?;
        let media_type = probe.decide(media_type)?;
        let fields = |source| ManifestError::Fields { media_type: media_type.clone(), source };
        let confused =
            |expected, found| ManifestError::Confused { media_type: media_type.clone(), expected, found };
        let body = match &media_type {
            MediaType::DockerManifest | MediaType::OciManifest => {
                if probe.has_manifests && !probe.has_config {
                    return Err(confused("an image manifest", "a list"));
                }
                Self::Image(Box::new(ImageManifest::of(&fields_of).map_err(fields)?))
            }
            MediaType::DockerList | MediaType::OciIndex => {
                if probe.has_config || probe.has_layers {
                    return Err(confused("a list", "an image manifest"));
                }
                Self::Index(Box::new(Index::of(&fields_of).map_err(fields)?))
            }
            MediaType::DockerSchema1 | MediaType::DockerSchema1Signed => {
                Self::Schema1(Schema1::of(&fields_of).map_err(fields)?)
            }
            MediaType::Other(_) => Self::Artifact,
        };
        Ok((media_type, body))
    }
}

/// A list as it is read without copying a text, and the media type by which it is read; nothing where that is not how
/// it can be read.
///
/// # Errors
/// As [`Manifest::parse`].
pub(crate) fn usual_list<'a>(
    bytes: &'a [u8],
    media_type: Option<&MediaType>,
) -> Result<Option<(MediaType, List<'a>)>, ManifestError> {
    let Some(list) = usual_list::read(bytes) else { return Ok(None) };
    let media_type = Probe::of(&list).decide(media_type)?;
    Ok(media_type.is_list().then_some((media_type, list)))
}

impl Manifest {
    /// Reads a manifest from its bytes and, where known, the media type that came with them.
    ///
    /// # Errors
    /// When the bytes are no JSON object (nested at most 128 deep), the media types contradict each other, or the
    /// fields are not those that the media type promises. The bytes can still be shown raw then.
    pub fn parse(bytes: impl Into<Arc<[u8]>>, media_type: Option<&MediaType>) -> Result<Self, ManifestError> {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        Self::parse_with_digest(bytes, digest, media_type)
    }

    /// The same for bytes that have been hashed already: `digest` must be theirs.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn parse_with_digest(
        bytes: impl Into<Arc<[u8]>>,
        digest: Digest,
        media_type: Option<&MediaType>,
    ) -> Result<Self, ManifestError> {
        let bytes = bytes.into();
        let (media_type, body) = ManifestBody::read(&bytes, media_type)?;
        Ok(Self { bytes, digest, media_type, body })
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The exact bytes, shared.
    pub fn shared_bytes(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }

    /// The digest of the bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The media type: the one that came with the bytes, or the one that they name themselves.
    pub fn media_type(&self) -> &MediaType {
        &self.media_type
    }

    /// Length of the bytes.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// What the bytes say.
    pub fn body(&self) -> &ManifestBody {
        &self.body
    }

    /// The entries, where it is a list.
    pub fn index(&self) -> Option<&Index> {
        match &self.body {
            ManifestBody::Index(index) => Some(index),
            _ => None,
        }
    }

    /// The image, where it is one.
    pub fn image(&self) -> Option<&ImageManifest> {
        match &self.body {
            ManifestBody::Image(image) => Some(image),
            _ => None,
        }
    }

    /// The sort of manifest.
    pub fn kind(&self) -> ManifestKind {
        match (&self.body, &self.media_type) {
            (ManifestBody::Image(_), MediaType::DockerManifest) => ManifestKind::DockerImage,
            (ManifestBody::Image(_), _) => ManifestKind::OciImage,
            (ManifestBody::Index(_), MediaType::DockerList) => ManifestKind::DockerList,
            (ManifestBody::Index(_), _) => ManifestKind::OciIndex,
            (ManifestBody::Schema1(_), _) => ManifestKind::Schema1,
            (ManifestBody::Artifact, _) => ManifestKind::Artifact,
        }
    }

    /// A descriptor of this manifest: media type, digest and size.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.media_type.clone(), self.digest.clone(), self.size())
    }
}
