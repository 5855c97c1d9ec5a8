//! The headers of responses that a client of registries reads.

use http::{HeaderName, HeaderValue, header};

/// Returns a header of a response out of the texts that JavaScript has for it, if a client of registries reads the one of that name, in
/// whatever case it is written. A value has a character for each byte (Fetch, "isomorphic decode"), also where the server sent UTF-8.
pub fn known_header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = KNOWN.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name))?;
    let bytes: Option<Vec<u8>> = value.chars().map(|character| u8::try_from(character).ok()).collect();
    // Other characters are of a program's own `fetch`. A value that HTTP does not allow says nothing.
    let value = HeaderValue::from_bytes(bytes.as_deref().unwrap_or(value.as_bytes())).ok()?;
    Some((name, value))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_bytes_that_the_server_sent() {
        for (value, expected) in [
            ("/v2/a", Some("/v2/a".as_bytes())),
            // "é" in UTF-8 and in Latin-1, as `Headers` have it, and as it is in a text.
            ("/\u{c3}\u{a9}", Some("/é".as_bytes())),
            ("/\u{e9}", Some(b"/\xe9".as_slice())),
            ("/日", Some("/日".as_bytes())),
            ("/\n", None),
        ] {
            let header = known_header("LOCATION", value);
            let found = header.as_ref().map(|(name, value)| (name, value.as_bytes()));
            assert_eq!(found, expected.map(|expected| (&header::LOCATION, expected)), "{value:?}");
        }
        assert_eq!(known_header("x-other", "1"), None);
    }
}
