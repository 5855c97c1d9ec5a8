//! The media types of the `Accept` header. A registry that is not asked for the right type answers 200 with something else:
//! Distribution rewrites a list to its linux/amd64 image, or an image to schema 1.

use http::HeaderValue;
use tallyman_core::MediaType;

/// All four types: 196 bytes, so that a browser asks for permission first.
pub(crate) const ALL: HeaderValue = HeaderValue::from_static(
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json",
);

/// Docker's two: short enough (a browser's limit is 128 bytes) to be asked without permission.
pub(crate) const DOCKER: HeaderValue = HeaderValue::from_static(
    "application/vnd.docker.distribution.manifest.list.v2+json,application/vnd.docker.distribution.manifest.v2+json",
);

/// OCI's two, likewise.
pub(crate) const OCI: HeaderValue = HeaderValue::from_static(
    "application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json",
);

/// One type.
pub(crate) fn only(media_type: &MediaType) -> Option<HeaderValue> {
    HeaderValue::from_str(media_type.as_str()).ok().filter(|value| !value.is_empty())
}

/// Ranks an answer: of two, to [`OCI`] and [`DOCKER`], the higher is the one that was not rewritten.
pub(crate) fn rank(media_type: Option<&MediaType>) -> u8 {
    match media_type {
        Some(media_type) if media_type.is_list() => 3,
        Some(media_type) if media_type.is_image() => 2,
        Some(media_type) if media_type.is_schema1() => 0,
        _ => 1,
    }
}

/// Returns `true` if the type of a response shows that the registry rewrote nothing to make it.
pub(crate) fn is_as_stored(media_type: Option<&MediaType>) -> bool {
    rank(media_type) > 1
}
