//! Platforms: operating system, architecture and what narrows them.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::json::{FieldError, Object, ObjectWriter, string, string_array};

/// The platform that an image runs on, as a list's entry or an image's config names it.
///
/// `architecture` and `os` may be empty: Docker accepts such entries into a local list and refuses them at push.
/// ```
/// use tallyman_core::Platform;
///
/// let platform: Platform = "linux/arm/v7".parse()?;
/// assert_eq!((&*platform.os, &*platform.architecture, &*platform.variant), ("linux", "arm", "v7"));
/// assert_eq!(platform.to_string(), "linux/arm/v7");
/// # Ok::<(), tallyman_core::PlatformTextError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// CPU architecture by Go's name: `amd64`, `arm`, `arm64`, `riscv64` …
    pub architecture: String,
    /// Operating system by Go's name: `linux`, `windows` …
    pub os: String,
    /// Operating system version, used by Windows: `10.0.20348.2700`.
    pub os_version: String,
    /// Operating system features, such as `win32k`.
    pub os_features: Vec<String>,
    /// CPU variant: `v7` of `arm`.
    pub variant: String,
}

/// Architecture, operating system, normalized variant, version and features of the operating system.
pub(crate) type ComparedFields<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [String]);

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
    /// Reads the platform that `json` is: valid JSON, found at `path`.
    ///
    /// # Errors
    /// [`FieldError`] if a field is not what a platform has there.
    pub fn from_json(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Object::from_json(json, path)?;
        Ok(Self {
            architecture: fields.string_or_empty("architecture")?,
            os: fields.string_or_empty("os")?,
            os_version: fields.string_or_empty("os.version")?,
            os_features: fields.array("os.features", string)?,
            variant: fields.string_or_empty("variant")?,
        })
    }

    /// Creates a platform of operating system and architecture alone.
    pub fn new(os: &str, architecture: &str) -> Self {
        Self { architecture: architecture.to_owned(), os: os.to_owned(), ..Self::default() }
    }

    /// Returns the platform as compact JSON, as the Docker CLI writes it: `architecture` and `os` always, the rest if it is
    /// set.
    pub fn to_json(&self) -> String {
        let features =
            (!self.os_features.is_empty()).then(|| string_array(self.os_features.iter().map(String::as_str)));
        ObjectWriter::new()
            .string("architecture", &self.architecture)
            .string("os", &self.os)
            .non_empty("os.version", &self.os_version)
            .maybe(features, |json, features| json.json("os.features", &features))
            .non_empty("variant", &self.variant)
            .end()
    }

    /// Returns the variant by which platforms are compared: `arm64` is `v8` by definition, so that `v8` there counts as
    /// none, as in containerd's `platforms.Normalize`.
    pub fn normalized_variant(&self) -> &str {
        if self.architecture == "arm64" && self.variant == "v8" { "" } else { &self.variant }
    }

    /// Returns `true` if both are the same platform: equal in every field, by their normalized variants.
    ///
    /// ```
    /// # use tallyman_core::Platform;
    /// let arm64: Platform = "linux/arm64".parse()?;
    /// assert!(arm64.is_same(&"linux/arm64/v8".parse()?));
    /// assert!(!arm64.is_same(&"linux/arm64/v9".parse()?));
    /// # Ok::<(), tallyman_core::PlatformTextError>(())
    /// ```
    pub fn is_same(&self, other: &Self) -> bool {
        self.compared_fields() == other.compared_fields()
    }

    /// Returns the fields by which platforms are the same.
    pub(crate) fn compared_fields(&self) -> ComparedFields<'_> {
        (&self.architecture, &self.os, self.normalized_variant(), &self.os_version, &self.os_features)
    }

    /// Returns `true` if an image of `platform` is one for this platform: operating system and architecture are the same,
    /// the variant is the same or none is asked for, the version of the operating system is of the same build, and
    /// `platform` has every feature that is asked for.
    ///
    /// Versions are of the same build if their first three numbers are the same, or one of them is not known, as in
    /// containerd: `10.0.20348.2700` of Windows is `10.0.20348` with later updates.
    ///
    /// ```
    /// # use tallyman_core::Platform;
    /// let wanted: Platform = "linux/arm".parse()?;
    /// assert!(wanted.accepts(&"linux/arm/v7".parse()?));
    /// assert!(!wanted.accepts(&"linux/arm64".parse()?));
    /// # Ok::<(), tallyman_core::PlatformTextError>(())
    /// ```
    pub fn accepts(&self, platform: &Self) -> bool {
        let wanted = self.normalized_variant();
        self.os == platform.os
            && self.architecture == platform.architecture
            && (wanted.is_empty() || wanted == platform.normalized_variant())
            && is_same_build(&self.os_version, &platform.os_version)
            && self.os_features.iter().all(|feature| platform.os_features.contains(feature))
    }

    /// The platform with everything that narrows it, for people.
    pub fn in_full(&self) -> impl fmt::Display {
        PlatformInFull(self)
    }

    /// Returns `true` if `docker manifest annotate` accepts this operating system and architecture: one of its 28 pairs.
    pub fn is_annotatable(&self) -> bool {
        Self::annotatable().any(|(os, architecture)| os == self.os && architecture == self.architecture)
    }

    /// The pairs of operating system and architecture that `docker manifest annotate` accepts.
    pub fn annotatable() -> impl Iterator<Item = (&'static str, &'static str)> {
        ANNOTATABLE
            .iter()
            .flat_map(|(os, architectures)| architectures.iter().map(|architecture| (*os, *architecture)))
    }

    /// Returns `true` if it names an operating system and an architecture, as the image of a list must to be pushed.
    pub fn is_complete(&self) -> bool {
        !self.os.is_empty() && !self.architecture.is_empty()
    }

    /// Returns `true` for `unknown/unknown`, the platform that BuildKit gives attestation manifests.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

/// Returns `true` if two versions of an operating system have the same first three numbers, or one is not known.
fn is_same_build(wanted: &str, found: &str) -> bool {
    wanted.is_empty() || found.is_empty() || wanted.split('.').take(3).eq(found.split('.').take(3))
}

/// A platform with version and features of its operating system.
struct PlatformInFull<'a>(&'a Platform);

impl fmt::Display for PlatformInFull<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        if !self.0.os_version.is_empty() {
            write!(f, " {}", self.0.os_version)?;
        }
        if !self.0.os_features.is_empty() {
            write!(f, " ({})", self.0.os_features.join(", "))?;
        }
        Ok(())
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

/// The reason why a string is no platform.
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
