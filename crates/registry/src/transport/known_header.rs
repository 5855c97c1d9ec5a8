//! The headers of responses that a client of registries reads.

use http::{HeaderName, header};

/// Returns the header of that name if a client of registries reads it, in whatever case it is written.
pub fn known_header(name: &str) -> Option<HeaderName> {
    KNOWN.iter().find(|known| known.as_str().eq_ignore_ascii_case(name)).cloned()
}

/// All headers that are read: this table is smaller in wasm than the one of all names that HTTP knows.
const KNOWN: [HeaderName; 17] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::DATE,
    HeaderName::from_static("docker-content-digest"),
    HeaderName::from_static("docker-ratelimit-source"),
    header::LINK,
    header::LOCATION,
    HeaderName::from_static("oci-chunk-min-length"),
    header::RANGE,
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    header::RETRY_AFTER,
    // A gateway's, in place of `WWW-Authenticate`, and of a redirect to a storage.
    HeaderName::from_static("tallyman-authenticate"),
    HeaderName::from_static("tallyman-location"),
    header::WWW_AUTHENTICATE,
];
