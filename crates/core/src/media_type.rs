//! Media types of manifests, configs and layers.

use std::fmt;

/// A media type, without parameters. Those of manifests are named; any other is kept as it is written.
/// ```
/// use tallyman_core::MediaType;
///
/// let header = MediaType::new("application/vnd.oci.image.index.v1+json; charset=utf-8");
/// assert_eq!(header, MediaType::OciIndex);
/// assert!(header.is_list());
/// assert_eq!(MediaType::new("text/css").as_str(), "text/css");
/// assert!(MediaType::new("Text/HTML; charset=utf-8").is_page());
/// assert!(MediaType::new("application/json; charset=utf-8").is_json() && MediaType::OciIndex.is_json());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaType {
    /// Docker image manifest, version 2, schema 2.
    DockerManifest,
    /// Docker manifest list.
    DockerList,
    /// OCI image manifest.
    OciManifest,
    /// OCI image index.
    OciIndex,
    /// Docker image manifest, version 2, schema 1, without signature.
    DockerSchema1,
    /// Docker image manifest, version 2, schema 1, signed.
    DockerSchema1Signed,
    /// Anything else: configs, layers, artifacts.
    Other(Box<str>),
}

const NAMED: [(MediaType, &str); 6] = [
    (MediaType::DockerManifest, "application/vnd.docker.distribution.manifest.v2+json"),
    (MediaType::DockerList, "application/vnd.docker.distribution.manifest.list.v2+json"),
    (MediaType::OciManifest, "application/vnd.oci.image.manifest.v1+json"),
    (MediaType::OciIndex, "application/vnd.oci.image.index.v1+json"),
    (MediaType::DockerSchema1, "application/vnd.docker.distribution.manifest.v1+json"),
    (MediaType::DockerSchema1Signed, "application/vnd.docker.distribution.manifest.v1+prettyjws"),
];

impl MediaType {
    /// Parses the media type of a `Content-Type` header's value or a `mediaType` field: what stands before `;`, trimmed.
    pub fn new(text: &str) -> Self {
        // As almost everybody writes it.
        if let Some((media_type, _)) = NAMED.iter().find(|(_, name)| *name == text) {
            return media_type.clone();
        }
        let text = text.split(';').next().unwrap_or_default().trim();
        NAMED
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text))
            .map_or_else(|| Self::Other(text.into()), |(media_type, _)| media_type.clone())
    }

    /// The media type as it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(text) => text,
            named => {
                let found = NAMED.iter().find(|(media_type, _)| media_type == named);
                found.expect("every named media type is in the table").1
            }
        }
    }

    /// Returns the media type of the list that Docker makes of entries of which the first has this one: an OCI index if that is an OCI manifest,
    /// whatever the others are.
    pub fn of_list(first: Option<&Self>) -> Self {
        if first == Some(&Self::OciManifest) { Self::OciIndex } else { Self::DockerList }
    }

    /// Returns `true` for a manifest list or an image index.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::DockerList | Self::OciIndex)
    }

    /// Returns `true` for a page for people, which a proxy or another server sends in place of the API's response.
    pub fn is_page(&self) -> bool {
        self.as_str().eq_ignore_ascii_case("text/html")
    }

    /// Returns `true` for content that is JSON: `application/json`, or a type that ends with `+json`.
    pub fn is_json(&self) -> bool {
        let text = self.as_str().to_ascii_lowercase();
        text == "application/json" || text.ends_with("+json")
    }

    /// Returns `true` for the manifest of one image: Docker schema 2 or OCI.
    pub fn is_image(&self) -> bool {
        matches!(self, Self::DockerManifest | Self::OciManifest)
    }

    /// Returns `true` for Docker's schema 1, signed or not.
    pub fn is_schema1(&self) -> bool {
        matches!(self, Self::DockerSchema1 | Self::DockerSchema1Signed)
    }

    /// Returns `true` for the layers that are not meant to be pushed to registries: Docker's foreign layers, OCI's
    /// non-distributable ones.
    pub(crate) fn is_foreign_layer(&self) -> bool {
        matches!(self, Self::Other(text) if text.contains(".foreign.") || text.contains(".nondistributable."))
    }

    /// Returns `true` for the artifact manifests that OCI's image specification 1.1 had before its release, and those of
    /// ORAS, which name their content as `blobs`.
    pub fn is_artifact_manifest(&self) -> bool {
        let known = [
            "application/vnd.oci.artifact.manifest.v1+json",
            "application/vnd.cncf.oras.artifact.manifest.v1+json",
        ];
        known.contains(&self.as_str())
    }

    /// Returns the name that people use: `Docker manifest list`, `OCI image index` …; the text itself for any other.
    pub fn label(&self) -> &str {
        match self {
            Self::DockerManifest => "Docker image manifest",
            Self::DockerList => "Docker manifest list",
            Self::OciManifest => "OCI image manifest",
            Self::OciIndex => "OCI image index",
            Self::DockerSchema1 | Self::DockerSchema1Signed => "Docker schema 1 manifest",
            Self::Other(text) => text,
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for MediaType {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
