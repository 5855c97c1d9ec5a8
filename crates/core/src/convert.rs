//! Images in the other of the two forms: Docker's and that of the OCI image specification. Blobs stay as they are; what they are
//! called changes, and with it the digest of the manifest.

use thiserror::Error;

use crate::{
    Descriptor, ImageManifest, MediaType,
    json::{FieldError, ObjectWriter, array, indent, string_map},
};

/// A form of images and lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Docker image manifest, version 2, schema 2, and Docker manifest list.
    Docker,
    /// OCI image manifest and OCI image index.
    Oci,
}

/// An image in another form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertedImage {
    /// Its media type.
    pub media_type: MediaType,
    /// The bytes of its manifest.
    pub bytes: Vec<u8>,
    /// The parts that the form cannot say, such as `annotations`.
    pub losses: Vec<String>,
}

/// The reason why an image has no other form.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// A manifest that cannot be read.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A config or layer whose media type has no counterpart.
    #[error("expected a config and layers that {} images have, found {found}", .format.as_str())]
    MediaType {
        /// The form.
        format: Format,
        /// The media type.
        found: String,
    },
}

/// The names of the same content in both forms, Docker's first.
const COUNTERPARTS: [(&str, &str); 7] = [
    ("application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json"),
    ("application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.oci.image.layer.v1.tar+gzip"),
    ("application/vnd.docker.image.rootfs.diff.tar.zstd", "application/vnd.oci.image.layer.v1.tar+zstd"),
    ("application/vnd.docker.image.rootfs.diff.tar", "application/vnd.oci.image.layer.v1.tar"),
    (
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    ),
    (
        "application/vnd.docker.image.rootfs.foreign.diff.tar.zstd",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    ),
    (
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
    ),
];

impl Format {
    /// Parses `docker` or `oci`.
    ///
    /// # Errors
    /// A sentence for anything else.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "docker" => Ok(Self::Docker),
            "oci" => Ok(Self::Oci),
            other => Err(format!("expected docker or oci as the format, found {other:?}")),
        }
    }

    /// Returns `docker` or `oci`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Oci => "oci",
        }
    }

    /// Returns the media type of an image.
    pub fn image(self) -> MediaType {
        match self {
            Self::Docker => MediaType::DockerManifest,
            Self::Oci => MediaType::OciManifest,
        }
    }

    /// Returns the media type of a list.
    pub fn list(self) -> MediaType {
        match self {
            Self::Docker => MediaType::DockerList,
            Self::Oci => MediaType::OciIndex,
        }
    }

    fn counterpart(self, of: &Descriptor) -> Result<MediaType, ConvertError> {
        let name = of.media_type.as_str();
        let found = COUNTERPARTS.iter().find(|(docker, oci)| *docker == name || *oci == name);
        match (found, self) {
            (Some((docker, _)), Self::Docker) => Ok(MediaType::new(docker)),
            (Some((_, oci)), Self::Oci) => Ok(MediaType::new(oci)),
            (None, format) => Err(ConvertError::MediaType { format, found: name.to_owned() }),
        }
    }
}

/// Converts an image of `media_type`; one that has the form already keeps its bytes.
///
/// # Errors
/// [`ConvertError::Field`] if it is no image, [`ConvertError::MediaType`] if a layer or the config has no counterpart, such as an
/// encrypted layer in Docker's form.
pub fn convert_image(
    bytes: &[u8],
    media_type: &MediaType,
    format: Format,
) -> Result<ConvertedImage, ConvertError> {
    if *media_type == format.image() {
        let (media_type, bytes) = (media_type.clone(), bytes.to_vec());
        return Ok(ConvertedImage { media_type, bytes, losses: Vec::new() });
    }
    let image = ImageManifest::parse(bytes)?;
    let annotations = &image.annotations;
    let converted = |of: &Descriptor| -> Result<String, ConvertError> {
        let mut descriptor = Descriptor { media_type: format.counterpart(of)?, ..of.clone() };
        if format == Format::Docker {
            (descriptor.data, descriptor.artifact_type) = (None, None);
            descriptor.annotations.clear();
        }
        Ok(descriptor.to_json())
    };
    let layers = image.layers.iter().map(converted).collect::<Result<Vec<_>, _>>()?;
    let keeps = format == Format::Oci && !annotations.is_empty();
    let json = ObjectWriter::new()
        .number("schemaVersion", 2)
        .string("mediaType", format.image().as_str())
        .json("config", &converted(&image.config)?)
        .json("layers", &array(layers))
        .maybe(keeps.then(|| string_map(annotations)), |json, annotations| {
            json.json("annotations", &annotations)
        })
        .end();
    let mut losses = Vec::new();
    if format == Format::Docker {
        let blobs = || image.layers.iter().chain([&image.config]);
        for (is_lost, name) in [
            (!annotations.is_empty(), "annotations of the manifest"),
            (blobs().any(|blob| !blob.annotations.is_empty()), "annotations of layers"),
            (blobs().any(|blob| blob.data.is_some()), "embedded data of layers"),
            (blobs().any(|blob| blob.artifact_type.is_some()), "artifact types of layers"),
            (image.subject.is_some(), "subject"),
            (image.artifact_type.is_some(), "artifact type"),
        ] {
            losses.extend(is_lost.then(|| name.to_owned()));
        }
    }
    let bytes = indent(json.as_bytes(), "   ").map_err(FieldError::from)?;
    Ok(ConvertedImage { media_type: format.image(), bytes, losses })
}
