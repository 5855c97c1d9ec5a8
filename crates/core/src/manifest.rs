//! Manifests: the bytes that came, their digest, and a typed view of them.

mod encode;
mod error;
mod fast_path;
mod image;
mod index;
mod media_type_rules;
mod schema1;

use std::{fmt, sync::Arc};

use self::{error::DEPTH_MAX, media_type_rules::Probe};
use crate::{Descriptor, Digest, MediaType, json::Object};

pub use error::ManifestError;
pub(crate) use fast_path::parse as parse_fast;
pub use image::ImageManifest;
pub use index::{Index, NESTED_INDEXES_MAX, taken_platforms};
pub use schema1::{Schema1, Schema1Layer};

/// Bytes that a manifest may have, as in Distribution: 4 MiB.
pub const MANIFEST_SIZE_MAX: u64 = 4 * 1024 * 1024;

/// A manifest as a registry served it: its exact bytes, their digest and what they say.
///
/// ```
/// use tallyman_core::{Manifest, ManifestKind};
///
/// let manifest = Manifest::parse(&br#"{"schemaVersion": 2, "manifests": []}"#[..], None)?;
/// assert_eq!(manifest.kind(), ManifestKind::OciIndex);
/// assert_eq!(manifest.digest().algorithm().as_str(), "sha256");
/// assert_eq!(manifest.bytes(), br#"{"schemaVersion": 2, "manifests": []}"#);
/// # Ok::<(), tallyman_core::ManifestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    bytes: Arc<[u8]>,
    digest: Digest,
    media_type: MediaType,
    body: ManifestBody,
}

/// The typed view of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestBody {
    /// One image, or an OCI artifact that is packed as an image manifest.
    Image(Box<ImageManifest>),
    /// A manifest list or image index.
    Index(Box<Index>),
    /// Docker's schema 1: read by old engines alone, never an entry of a list.
    Schema1(Schema1),
    /// Anything else, shown raw.
    Artifact,
}

/// The kind of a manifest, by media type and content.
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

/// Returns the number of levels of objects and arrays in some JSON; for other bytes, an upper bound.
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
    /// Parses what a manifest says, and returns it behind the media type by which it is read: for callers that do not
    /// need the digest.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn parse(bytes: &[u8], media_type: Option<&MediaType>) -> Result<(MediaType, Self), ManifestError> {
        if let Some((media_type, list)) = fast_path::parse(bytes, media_type)? {
            return Ok((media_type, Self::Index(Box::new(list.into()))));
        }
        let json = |source| ManifestError::Json { source };
        if nesting(bytes) > DEPTH_MAX {
            return Err(ManifestError::TooDeep);
        }
        let object = Object::parse(bytes).map_err(json)?;
        let probe = Probe::parse(&object).map_err(json)?;
        let media_type = probe.decide(media_type)?;
        let fields = |source| ManifestError::Fields { media_type: media_type.clone(), source };
        let confused =
            |expected, found| ManifestError::Confused { media_type: media_type.clone(), expected, found };
        let body = match &media_type {
            MediaType::DockerManifest | MediaType::OciManifest => {
                if probe.has_manifests && !probe.has_config {
                    return Err(confused("an image manifest", "a list"));
                }
                Self::Image(Box::new(ImageManifest::from_object(&object).map_err(fields)?))
            }
            MediaType::DockerList | MediaType::OciIndex => {
                if probe.has_config || probe.has_layers {
                    return Err(confused("a list", "an image manifest"));
                }
                Self::Index(Box::new(Index::from_object(&object).map_err(fields)?))
            }
            MediaType::DockerSchema1 | MediaType::DockerSchema1Signed => {
                Self::Schema1(Schema1::from_object(&object).map_err(fields)?)
            }
            MediaType::Other(_) => Self::Artifact,
        };
        Ok((media_type, body))
    }
}

impl Manifest {
    /// Parses a manifest from its bytes and, where known, the media type that came with them.
    ///
    /// # Errors
    /// [`ManifestError`] if the bytes are no JSON object or nested more than 128 levels, the media types contradict each
    /// other, or the fields are not those that the media type promises. The bytes can still be shown raw then.
    pub fn parse(bytes: impl Into<Arc<[u8]>>, media_type: Option<&MediaType>) -> Result<Self, ManifestError> {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        Self::parse_with_digest(bytes, digest, media_type)
    }

    /// Parses bytes that have been hashed already: `digest` must be theirs.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn parse_with_digest(
        bytes: impl Into<Arc<[u8]>>,
        digest: Digest,
        media_type: Option<&MediaType>,
    ) -> Result<Self, ManifestError> {
        let bytes = bytes.into();
        let (media_type, body) = ManifestBody::parse(&bytes, media_type)?;
        Ok(Self { bytes, digest, media_type, body })
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The exact bytes, reference-counted.
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

    /// Returns `true` if something says that this is a manifest: a media type of manifests, or a `schemaVersion` in the bytes.
    /// Any other object of JSON is parsed as well.
    pub fn is_marked(&self) -> bool {
        let has_version =
            || Object::parse(&self.bytes).is_ok_and(|fields| fields.get("schemaVersion").is_some());
        !matches!(self.media_type, MediaType::Other(_))
            || self.media_type.is_artifact_manifest()
            || has_version()
    }

    /// The number of bytes.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The typed view of the bytes.
    pub fn body(&self) -> &ManifestBody {
        &self.body
    }

    /// Returns the list; `None` for any other manifest.
    pub fn index(&self) -> Option<&Index> {
        match &self.body {
            ManifestBody::Index(index) => Some(index),
            _ => None,
        }
    }

    /// Returns the blobs that the manifest names: config and layers of an image, the blobs of an artifact manifest, none of a
    /// list. Returns `None` if nobody can tell: of an unknown kind, and of an artifact manifest whose blobs cannot be read.
    pub fn blobs(&self) -> Option<Vec<Descriptor>> {
        match &self.body {
            ManifestBody::Image(image) => {
                Some(std::iter::once(&image.config).chain(&image.layers).cloned().collect())
            }
            ManifestBody::Index(_) => Some(Vec::new()),
            ManifestBody::Artifact if self.media_type.is_artifact_manifest() => {
                Object::parse(&self.bytes).ok()?.array("blobs", Descriptor::from_json).ok()
            }
            ManifestBody::Artifact | ManifestBody::Schema1(_) => None,
        }
    }

    /// Returns the image; `None` for any other manifest.
    pub fn image(&self) -> Option<&ImageManifest> {
        match &self.body {
            ManifestBody::Image(image) => Some(image),
            _ => None,
        }
    }

    /// The kind of manifest.
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

    /// Returns the digest of the subject that this manifest refers to, and the descriptor by which a list of referrers has it;
    /// `None` for one without a subject.
    pub fn as_referrer(&self) -> Option<(Digest, Descriptor)> {
        let (subject, artifact_type, annotations) = match &self.body {
            ManifestBody::Image(image) => {
                let artifact_type = Some(image.type_as_artifact().to_owned());
                (image.subject.clone(), artifact_type, image.annotations.clone())
            }
            ManifestBody::Index(index) => {
                (index.subject.clone(), index.artifact_type.clone(), index.annotations.clone())
            }
            ManifestBody::Artifact if self.media_type.is_artifact_manifest() => {
                let fields = Object::parse(&self.bytes).ok()?;
                let subject = fields.pointer("subject", Descriptor::entry_from_json).ok()?;
                (subject, fields.string("artifactType").ok()?, fields.string_map("annotations").ok()?)
            }
            ManifestBody::Schema1(_) | ManifestBody::Artifact => return None,
        };
        Some((subject?.digest, Descriptor { artifact_type, annotations, ..self.descriptor() }))
    }
}
