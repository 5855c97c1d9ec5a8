//! Media types of layers: those that are read, and those of something else.

use crate::Error;

/// The media types of archives that do not say so by the word `tar`.
const ARCHIVES: &[&str] =
    &["", "application/octet-stream", "application/gzip", "application/x-gzip", "application/zstd"];

/// Checks that a descriptor of this media type is one of a layer that can be read, before it is fetched. How the layer is
/// compressed is not looked at: its bytes tell.
///
/// ```
/// use tallyman_layers::check_media_type;
///
/// assert!(check_media_type("application/vnd.oci.image.layer.v1.tar+gzip").is_ok());
/// assert!(check_media_type("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip").is_ok());
/// let error = check_media_type("text/markdown").expect_err("it is no archive");
/// assert!(error.to_string().contains("text/markdown"));
/// ```
///
/// # Errors
/// [`Error::Encrypted`], [`Error::Artifact`].
pub fn check_media_type(media_type: &str) -> Result<(), Error> {
    let lower = media_type.to_ascii_lowercase();
    let words = || lower.split(|letter: char| !letter.is_ascii_alphanumeric());
    let media_type = || media_type.to_owned();
    if words().any(|word| word == "encrypted") {
        return Err(Error::Encrypted { media_type: media_type() });
    }
    if ARCHIVES.contains(&&*lower) || words().any(|word| matches!(word, "tar" | "tgz" | "gtar")) {
        return Ok(());
    }
    Err(Error::Artifact { media_type: media_type() })
}
