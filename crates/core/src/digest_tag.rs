//! Tags that stand for a digest: those that list referrers in registries without the API, and those of cosign.

use crate::{Algorithm, Digest, Reference};

/// Digits of a digest in a fallback tag, at most: every algorithm has as many.
const FALLBACK_DIGITS: usize = 64;

/// Returns the tag under which the referrers of `subject` are listed in registries without the API, as the section "Referrers
/// Tag Schema" of the distribution specification has it: of long digests the first 64 digits.
///
/// ```
/// use tallyman_core::{Algorithm, Digest, fallback_tag};
///
/// let app = "registry.example/acme/app:1".parse()?;
/// let tag = fallback_tag(&app, &Digest::with(Algorithm::Sha512, b"")).to_string();
/// assert!(tag.starts_with("registry.example/acme/app:sha512-cf83e1357eefb8bd"));
/// assert_eq!(tag.len(), "registry.example/acme/app:sha512-".len() + 64);
/// # Ok::<(), tallyman_core::ReferenceError>(())
/// ```
pub fn fallback_tag(reference: &Reference, subject: &Digest) -> Reference {
    let tag = format!("{}-{}", subject.algorithm().as_str(), fallback_digits(subject));
    reference.by_tag(tag.parse().expect("an algorithm and 64 digits make a tag"))
}

fn fallback_digits(subject: &Digest) -> &str {
    &subject.hex()[..FALLBACK_DIGITS]
}

/// Returns `true` if a tag is the [fallback tag](fallback_tag) of some digest.
///
/// ```
/// use tallyman_core::is_fallback_tag;
///
/// let digits = "0".repeat(64);
/// assert!(is_fallback_tag(&format!("sha512-{digits}")));
/// assert!(!is_fallback_tag(&format!("sha512-{digits}.sig")));
/// assert!(!is_fallback_tag("sha512-0"));
/// ```
pub fn is_fallback_tag(tag: &str) -> bool {
    behind_algorithm(tag).is_some_and(|(_, digits)| digits.len() == FALLBACK_DIGITS && is_hex(digits))
}

/// Returns `true` for tags that stand for a digest: [fallback tags](is_fallback_tag), and those of cosign, such as `sha256-….sig`,
/// which have all digits.
///
/// ```
/// use tallyman_core::is_digest_tag;
///
/// assert!(is_digest_tag(&format!("sha512-{}.sbom", "0".repeat(64))));
/// assert!(is_digest_tag(&format!("sha384-{}.sig", "0".repeat(96))));
/// assert!(!is_digest_tag("sha256-short"));
/// ```
pub fn is_digest_tag(tag: &str) -> bool {
    behind_algorithm(tag).is_some_and(|(algorithm, rest)| {
        let digits = rest.split('.').next().unwrap_or_default();
        [FALLBACK_DIGITS, algorithm.hex_length()].contains(&digits.len()) && is_hex(digits)
    })
}

/// Returns `true` for tags that stand for `digest`, with whatever follows behind a dot.
///
/// ```
/// use tallyman_core::{Algorithm, Digest, is_tag_of_digest};
///
/// let digest = Digest::with(Algorithm::Sha384, b"");
/// assert!(is_tag_of_digest(&format!("sha384-{}.sig", digest.hex()), &digest));
/// assert!(is_tag_of_digest(&format!("sha384-{}", &digest.hex()[..64]), &digest));
/// assert!(!is_tag_of_digest(&format!("sha384-{}0", digest.hex()), &digest));
/// ```
pub fn is_tag_of_digest(tag: &str, digest: &Digest) -> bool {
    behind_algorithm(tag).is_some_and(|(algorithm, rest)| {
        let digits = rest.split('.').next().unwrap_or_default();
        algorithm == digest.algorithm() && [fallback_digits(digest), digest.hex()].contains(&digits)
    })
}

/// Returns the algorithm that a tag begins with and what stands behind its dash; `None` if the tag begins with none.
///
/// ```
/// use tallyman_core::{Algorithm, behind_algorithm};
///
/// assert_eq!(behind_algorithm("sha512-3f2a9c1d.sig"), Some((Algorithm::Sha512, "3f2a9c1d.sig")));
/// assert_eq!(behind_algorithm("sha-3f2a9c1d"), None);
/// ```
pub fn behind_algorithm(tag: &str) -> Option<(Algorithm, &str)> {
    let (name, rest) = tag.split_once('-')?;
    Some((Algorithm::from_name(name)?, rest))
}

fn is_hex(digits: &str) -> bool {
    digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}
