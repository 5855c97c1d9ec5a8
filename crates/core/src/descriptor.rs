//! Descriptors: what a manifest says about the content it points to.

use std::collections::BTreeMap;

use crate::{
    Digest, ImageManifest, MediaType, Platform,
    json::{FieldError, Object, ObjectWriter, check, parse_elements, string, string_array, string_map},
    platform::ComparedFields,
};

/// A pointer to content, as the OCI image specification's "Content Descriptors" section has it.
/// ```
/// use tallyman_core::{Descriptor, MediaType};
///
/// let json = br#"{"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 2, "platform":
///     {"architecture": "arm64", "os": "linux"}, "digest":
///     "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}"#;
/// let descriptor = Descriptor::parse(json)?;
/// assert_eq!((descriptor.media_type, descriptor.size), (MediaType::OciManifest, 2));
/// assert_eq!(descriptor.platform.unwrap().to_string(), "linux/arm64");
/// # Ok::<(), tallyman_core::json::FieldError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Media type of the content.
    pub media_type: MediaType,
    /// Digest of the content.
    pub digest: Digest,
    /// Size of the content in bytes; 0 for a manifest of which a list does not say it.
    pub size: u64,
    /// Further addresses of the content, for foreign layers.
    pub urls: Vec<String>,
    /// Free key and value pairs.
    pub annotations: BTreeMap<String, String>,
    /// The content itself as base64, where it is embedded.
    pub data: Option<String>,
    /// The platform that the content runs on, for entries of lists.
    pub platform: Option<Platform>,
    /// Type of the artifact that the content is, where it is one.
    pub artifact_type: Option<String>,
}

impl Descriptor {
    /// Parses a descriptor.
    ///
    /// # Errors
    /// [`FieldError`] if the bytes are no JSON, or a field is not what a descriptor has there.
    pub fn parse(json: &[u8]) -> Result<Self, FieldError> {
        check(json)?;
        Self::from_json(json, "")
    }

    /// Parses an array of descriptors.
    ///
    /// # Errors
    /// The errors of [`Descriptor::parse`].
    pub fn parse_all(json: &[u8]) -> Result<Vec<Self>, FieldError> {
        check(json)?;
        parse_elements(json, "", Self::from_json)
    }

    /// Reads the descriptor that `json` is: valid JSON, found at `path`.
    ///
    /// # Errors
    /// [`FieldError`] if a field is not what a descriptor has there.
    pub fn from_json(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Object::from_json(json, path)?;
        let size = fields.required("size", "a whole number of 0 or more", fields.number("size")?);
        let platform = fields.pointer("platform", Platform::from_json);
        Self::from_fields(&fields, size, platform)
    }

    /// Reads the descriptor of a manifest as Docker reads the entries of lists: its size may be absent or below 0, and its platform
    /// is a struct to Go.
    ///
    /// # Errors
    /// As [`Descriptor::from_json`].
    pub(crate) fn entry_from_json(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Object::from_json(json, path)?;
        let size = fields.number("size").or_else(|_| fields.integer("size").map(|_| None));
        let platform = fields.field("platform", Platform::from_json);
        Self::from_fields(&fields, size.map(Option::unwrap_or_default), platform)
    }

    fn from_fields(
        fields: &Object<'_>,
        size: Result<u64, FieldError>,
        platform: Result<Option<Platform>, FieldError>,
    ) -> Result<Self, FieldError> {
        Ok(Self {
            media_type: MediaType::new(&fields.string_or_empty("mediaType")?),
            digest: fields.digest("digest")?,
            size: size?,
            urls: fields.array("urls", string)?,
            annotations: fields.string_map("annotations")?,
            data: fields.string("data")?,
            platform: platform?,
            artifact_type: fields.string("artifactType")?,
        })
    }

    /// Creates a descriptor of media type, digest and size (in bytes) alone.
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

    /// Returns the descriptor as compact JSON, as the Docker CLI writes it: members in this order, absent if they are empty.
    pub fn to_json(&self) -> String {
        let Self { media_type, digest, size, urls, annotations, data, platform, artifact_type } = self;
        let urls = (!urls.is_empty()).then(|| string_array(urls.iter().map(String::as_str)));
        let annotations = (!annotations.is_empty()).then(|| string_map(annotations));
        ObjectWriter::new()
            .string("mediaType", media_type.as_str())
            .string("digest", digest.as_str())
            .number("size", *size)
            .maybe(urls, |json, urls| json.json("urls", &urls))
            .maybe(annotations, |json, annotations| json.json("annotations", &annotations))
            .maybe(data.as_ref(), |json, data| json.string("data", data))
            .maybe(platform.as_ref(), |json, platform| json.json("platform", &platform.to_json()))
            .maybe(artifact_type.as_ref(), |json, artifact_type| json.string("artifactType", artifact_type))
            .end()
    }

    /// Returns the size of a manifest in bytes; `None` if its list does not say it.
    pub fn manifest_size(&self) -> Option<u64> {
        (self.size > 0).then_some(self.size)
    }

    /// Sets the platform of an image as its config names it. An artifact, whose config names none, has a type in its place: it says that
    /// it is one, or its config is no image's.
    pub fn set_platform_or_type(&mut self, image: &ImageManifest, platform: Platform) {
        if platform.os.is_empty() && image.may_be_artifact() {
            self.platform = None;
            self.artifact_type.get_or_insert_with(|| image.type_as_artifact().to_owned());
        } else {
            self.platform = Some(platform);
        }
    }

    /// Returns `true` for a foreign layer that is fetched from its `urls`. One without any is in its registry alone.
    pub fn is_elsewhere(&self) -> bool {
        self.media_type.is_foreign_layer() && !self.urls.is_empty()
    }

    /// Returns the digest of the image that this entry attests, if BuildKit's annotations mark it as an attestation.
    pub fn attests(&self) -> Option<&str> {
        (self.annotations.get("vnd.docker.reference.type")? == "attestation-manifest")
            .then(|| self.annotations.get("vnd.docker.reference.digest").map_or("", String::as_str))
    }

    /// Returns `true` if this entry of a list has annotations or an artifact type, which Docker's lists do not.
    pub fn is_annotated(&self) -> bool {
        !self.annotations.is_empty() || self.artifact_type.is_some()
    }

    /// Returns `true` if this entry of a list is an image that an engine can run, as far as the list tells: no attestation, no
    /// nested list, not `unknown/unknown`.
    pub fn is_runnable(&self) -> bool {
        let unknown = self.platform.as_ref().is_some_and(Platform::is_unknown);
        !unknown && self.attests().is_none() && !self.media_type.is_list()
    }

    /// Returns `true` if this entry of a list says enough to be pushed: an image on what it runs, an artifact its type in place of
    /// that. A list runs on nothing.
    pub fn may_be_pushed(&self) -> bool {
        match &self.platform {
            _ if self.media_type.is_list() => true,
            Some(platform) => platform.is_complete(),
            None => self.is_artifact(),
        }
    }

    /// Returns the platform that this entry of a list names. One without an operating system names none.
    pub fn named_platform(&self) -> Option<&Platform> {
        self.platform.as_ref().filter(|platform| !platform.os.is_empty())
    }

    /// Returns `true` if this entry of a list is an artifact, as far as the list tells: it has a type in place of a platform.
    pub fn is_artifact(&self) -> bool {
        self.artifact_type.is_some() && self.named_platform().is_none()
    }

    /// Returns `true` if this entry of a list and `other` are images of one platform, of which an engine takes the first. Entries
    /// without a platform have none in common.
    pub fn is_for_platform_of(&self, other: &Self) -> bool {
        // Most platforms differ, which is seen soonest.
        let platforms = self.platform.as_ref().zip(other.platform.as_ref());
        platforms.is_some_and(|(platform, of_other)| platform.is_same(of_other))
            && self.chosen_by().is_some()
            && other.chosen_by().is_some()
    }

    /// Returns the platform by which an engine takes this entry of a list; `None` if it takes it by none.
    pub(crate) fn chosen_by(&self) -> Option<ComparedFields<'_>> {
        let platform = self.platform.as_ref().filter(|platform| **platform != Platform::default())?;
        self.is_runnable().then(|| platform.compared_fields())
    }
}
