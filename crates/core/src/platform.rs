//! Platforms: operating system, architecture and what narrows them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    descriptor::null_as_default,
    fields::{FieldError, Fields, text},
};

/// What an image runs on, as a list's entry or an image's config says it.
///
/// `architecture` and `os` may be empty: Docker accepts such entries into a local list and refuses them at push.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// CPU architecture by Go's name: `amd64`, `arm`, `arm64`, `riscv64` …
    #[serde(deserialize_with = "null_as_default")]
    pub architecture: String,
    /// Operating system by Go's name: `linux`, `windows` …
    #[serde(deserialize_with = "null_as_default")]
    pub os: String,
    /// Operating system version, used by Windows: `10.0.20348.2700`.
    #[serde(
        rename = "os.version",
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub os_version: String,
    /// Operating system features, such as `win32k`.
    #[serde(
        rename = "os.features",
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// CPU variant: `v7` of `arm`.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

/// The pairs of operating system and architecture that `docker manifest annotate` accepts.
const ANNOTATABLE: [(&str, &[&str]); 9] = [
    ("darwin", &["386", "amd64", "arm", "arm64"]),
    ("dragonfly", &["amd64"]),
    ("freebsd", &["386", "amd64", "arm"]),
    ("linux", &["386", "amd64", "arm", "arm64", "ppc64le", "mips64", "mips64le", "riscv64", "s390x"]),
    ("netbsd", &["386", "amd64", "arm"]),
    ("openbsd", &["386", "amd64", "arm"]),
    ("plan9", &["386", "amd64"]),
    ("solaris", &["amd64"]),
    ("windows", &["386", "amd64"]),
];

impl Platform {
    /// Reads the platform that valid JSON is, found at `path`.
    ///
    /// # Errors
    /// When the fields are not a platform's.
    pub fn of(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Fields::of(json, path)?;
        Ok(Self {
            architecture: fields.text_or_empty("architecture")?,
            os: fields.text_or_empty("os")?,
            os_version: fields.text_or_empty("os.version")?,
            os_features: fields.array("os.features", text)?,
            variant: fields.text_or_empty("variant")?,
        })
    }

    /// A platform of operating system and architecture alone.
    pub fn new(os: &str, architecture: &str) -> Self {
        Self { architecture: architecture.to_owned(), os: os.to_owned(), ..Self::default() }
    }

    /// Whether `docker manifest annotate` accepts this operating system and architecture: one of its 28 pairs.
    pub fn is_annotatable(&self) -> bool {
        Self::annotatable().any(|(os, architecture)| os == self.os && architecture == self.architecture)
    }

    /// The pairs of operating system and architecture that `docker manifest annotate` accepts.
    pub fn annotatable() -> impl Iterator<Item = (&'static str, &'static str)> {
        ANNOTATABLE
            .iter()
            .flat_map(|(os, architectures)| architectures.iter().map(|architecture| (*os, *architecture)))
    }

    /// `unknown/unknown`, the platform that BuildKit gives attestation manifests.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

/// `os/architecture[/variant]`, with `?` where one of the first two is empty.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [os, architecture] =
            [&self.os, &self.architecture].map(|name| if name.is_empty() { "?" } else { name });
        write!(f, "{os}/{architecture}")?;
        if !self.variant.is_empty() {
            write!(f, "/{}", self.variant)?;
        }
        Ok(())
    }
}

/// Why a text is no platform.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected a platform such as linux/arm64 or linux/arm/v7, found {found:?}")]
pub struct PlatformTextError {
    /// The text as given.
    pub found: String,
}

/// `os/architecture[/variant]`, letters in lower case.
impl FromStr for Platform {
    type Err = PlatformTextError;

    fn from_str(text: &str) -> Result<Self, PlatformTextError> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_part = |part: &&str| {
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            !part.is_empty() && part.bytes().all(|byte| is_plain(byte) || matches!(byte, b'_' | b'.' | b'-'))
        };
        match (parts.iter().all(is_part), parts.as_slice()) {
            (true, [os, architecture]) => Ok(Self::new(os, architecture)),
            (true, [os, architecture, variant]) => {
                Ok(Self { variant: (*variant).to_owned(), ..Self::new(os, architecture) })
            }
            _ => Err(PlatformTextError { found: text.to_owned() }),
        }
    }
}
