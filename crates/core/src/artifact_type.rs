//! Types of artifacts, as people give them.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The type of an artifact: a media type without parameters, which the OCI image specification's "artifactType" wants to be one of
/// RFC 6838.
///
/// ```
/// use tallyman_core::ArtifactType;
///
/// let spdx: ArtifactType = "application/spdx+json".parse()?;
/// assert_eq!(spdx.as_str(), "application/spdx+json");
/// assert!("sbom".parse::<ArtifactType>().is_err());
/// # Ok::<(), tallyman_core::ArtifactTypeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactType(Box<str>);

/// The reason why a text is no artifact type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected a media type such as application/spdx+json as the artifact type, found {0:?}")]
pub struct ArtifactTypeError(String);

/// Characters of a type's and of a subtype's name, at most.
const NAME_MAX: usize = 127;

impl ArtifactType {
    /// The type as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ArtifactType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ArtifactType {
    type Err = ArtifactTypeError;

    fn from_str(text: &str) -> Result<Self, ArtifactTypeError> {
        match text.split_once('/') {
            Some((name, subtype)) if is_restricted_name(name) && is_restricted_name(subtype) => {
                Ok(Self(text.into()))
            }
            _ => Err(ArtifactTypeError(text.to_owned())),
        }
    }
}

/// Returns `true` for a `restricted-name` of RFC 6838, section 4.2.
fn is_restricted_name(name: &str) -> bool {
    name.len() <= NAME_MAX
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_type_is_a_media_type() {
        let longest = format!("a/{}", "b".repeat(NAME_MAX));
        for text in ["a/b", "application/vnd.cncf.helm.config.v1+json", "X-y/1!#$&-^_.+", &longest] {
            assert_eq!(text.parse::<ArtifactType>().as_ref().map(ArtifactType::as_str), Ok(text));
        }
        let too_long = format!("{longest}b");
        for text in ["", "a", "a/", "/b", "a/b/c", "not a type", "a/b;c=d", "a/+b", "ä/b", "a/b ", &too_long]
        {
            assert!(text.parse::<ArtifactType>().is_err(), "{text}");
        }
    }
}
