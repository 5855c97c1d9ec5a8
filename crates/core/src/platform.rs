//! Platforms: operating system, architecture and what narrows them.

use std::{borrow::Cow, fmt, str::FromStr};

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

/// Architecture, operating system and variant as [`Platform::normalized`] has them, version and features of the operating system.
pub(crate) type ComparedFields<'a> = (Cow<'a, str>, Cow<'a, str>, Cow<'a, str>, &'a str, &'a [String]);

/// Architectures that Go has (`go tool dist list`, Go 1.24) and those that it has retired.
pub(crate) const ARCHITECTURES: [&str; 18] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc", "ppc64",
    "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc64", "wasm",
];

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

    /// Returns the platform as engines compare it, with the rules of containerd's `platforms.Normalize`: in lower case,
    /// `macos` as `darwin`, `x86_64` and `aarch64` by Go's names. What the architecture has anyway counts as no variant (`v1` of
    /// `amd64`, `v8` of `arm64`), and `arm` without a variant is `v7`.
    pub(crate) fn normalized(&self) -> [Cow<'_, str>; 3] {
        let [os, architecture, variant] =
            [&self.os, &self.architecture, &self.variant].map(|text| lower(text));
        let os = if os == "macos" { "darwin".into() } else { os };
        let (architecture, variant) = match (&*architecture, &*variant) {
            ("i386", _) => ("386".into(), "".into()),
            ("x86_64" | "x86-64" | "amd64", "" | "v1") => ("amd64".into(), "".into()),
            ("x86_64" | "x86-64", _) => ("amd64".into(), variant),
            ("aarch64" | "arm64", "" | "8" | "v8" | "v8.0") => ("arm64".into(), "".into()),
            ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64".into(), "v9".into()),
            ("aarch64", _) => ("arm64".into(), variant),
            ("armhf", _) | ("arm", "" | "7") => ("arm".into(), "v7".into()),
            ("armel", _) => ("arm".into(), "v6".into()),
            ("arm", "5" | "6" | "8") => (architecture, format!("v{variant}").into()),
            _ => (architecture, variant),
        };
        [os, architecture, variant]
    }

    /// Returns `true` if both are the same platform: equal in every field, however they are spelled.
    ///
    /// ```
    /// # use tallyman_core::Platform;
    /// let arm64: Platform = "linux/arm64".parse()?;
    /// assert!(arm64.is_same(&"linux/aarch64/v8".parse()?));
    /// assert!(!arm64.is_same(&"linux/arm64/v9".parse()?));
    /// # Ok::<(), tallyman_core::PlatformTextError>(())
    /// ```
    pub fn is_same(&self, other: &Self) -> bool {
        // The version differs soonest.
        self.os_version == other.os_version && self.compared_fields() == other.compared_fields()
    }

    /// Returns the fields by which platforms are the same.
    pub(crate) fn compared_fields(&self) -> ComparedFields<'_> {
        let [os, architecture, variant] = self.normalized();
        (architecture, os, variant, &self.os_version, &self.os_features)
    }

    /// Returns `true` if an engine that runs images of this platform runs those of `platform`: operating system and architecture
    /// are the same, the variant is the same or one that is older, the version of the operating system is of the same build, and
    /// `platform` has every feature that is asked for.
    ///
    /// Older variants are those of containerd's `platforms.Only`: `v6` and `v5` for `arm/v7`, which `arm` alone stands for, `v8` for
    /// `arm64/v9`. Images of other architectures, which some engines would fall back to (`386` on `amd64`), are not accepted:
    /// whoever names an architecture means it.
    ///
    /// Versions are of the same build if their first three numbers are the same, or one of them is not known, as in
    /// containerd: `10.0.20348.2700` of Windows is `10.0.20348` with later updates.
    ///
    /// ```
    /// # use tallyman_core::Platform;
    /// let wanted: Platform = "linux/arm/v7".parse()?;
    /// assert!(wanted.accepts(&"linux/arm/v6".parse()?));
    /// assert!(!wanted.accepts(&"linux/arm64".parse()?));
    /// assert!(!"linux/amd64".parse::<Platform>()?.accepts(&"linux/amd64/v3".parse()?));
    /// # Ok::<(), tallyman_core::PlatformTextError>(())
    /// ```
    pub fn accepts(&self, platform: &Self) -> bool {
        self.distance(platform).is_some()
    }

    /// Returns how much older the variant of `platform` is than this one, 0 if it is the same; `None` if it is not accepted.
    pub(crate) fn distance(&self, platform: &Self) -> Option<u32> {
        let [os, architecture, variant] = self.normalized();
        let [its_os, its_architecture, its_variant] = platform.normalized();
        let is_accepted = os == its_os
            && architecture == its_architecture
            && is_same_build(&self.os_version, &platform.os_version)
            && self.os_features.iter().all(|feature| platform.os_features.contains(feature));
        is_accepted.then(|| variant_distance(&architecture, &variant, &its_variant)).flatten()
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

fn lower(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => text.to_ascii_lowercase().into(),
        false => text.into(),
    }
}

/// Returns how much older a variant of an architecture is than the one that is wanted; `None` if it does not run there. Both are
/// normalized.
fn variant_distance(architecture: &str, wanted: &str, found: &str) -> Option<u32> {
    if wanted == found {
        return Some(0);
    }
    let number = |variant: &str| variant.strip_prefix('v')?.parse::<u32>().ok();
    match architecture {
        "amd64" => {
            let level = |variant: &str| if variant.is_empty() { Some(1) } else { number(variant) };
            level(wanted)?.checked_sub(level(found)?)
        }
        "arm" => number(wanted)?.checked_sub(number(found).filter(|found| *found >= 5)?),
        "arm64" => {
            let ((major, minor), (its_major, its_minor)) = (arm64_version(wanted)?, arm64_version(found)?);
            if major == its_major {
                return minor.checked_sub(its_minor);
            }
            // v9 has what v8.5 has, v9.1 what v8.6 has and so on; v8.9 is the last of its kind.
            let newest = (minor + 5).min(9);
            let distance = newest.checked_sub(its_minor).filter(|_| major > its_major)?;
            Some(minor + 1 + distance)
        }
        _ => None,
    }
}

/// Returns the two numbers of a variant of `arm64`, 8 or 9 in front; none is `v8`.
fn arm64_version(variant: &str) -> Option<(u32, u32)> {
    let numbers = if variant.is_empty() { "8" } else { variant.strip_prefix('v')? };
    let (major, minor) = numbers.split_once('.').unwrap_or((numbers, "0"));
    let (major, minor) = (major.parse().ok()?, minor.parse::<u8>().ok()?);
    matches!(major, 8 | 9).then_some((major, minor.into()))
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

/// The reason why a string is not a platform.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected a platform such as linux/arm64 or linux/arm/v7, found {found:?}")]
pub struct PlatformTextError {
    /// The text as given.
    pub found: String,
}

/// `os[(version[+feature]…)]/architecture[/variant]`, as containerd's `platforms.Parse` reads it, each part as it is written. An
/// architecture alone is one of Linux.
impl FromStr for Platform {
    type Err = PlatformTextError;

    fn from_str(text: &str) -> Result<Self, PlatformTextError> {
        let error = || PlatformTextError { found: text.to_owned() };
        let mut parts = text.split('/');
        let (first, architecture, variant) = (parts.next(), parts.next(), parts.next());
        let is_part =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        let is_named = |part: &str| !part.is_empty() && is_part(part);
        let Some(architecture) = architecture else {
            let alone = Self::new("linux", text);
            let [_, architecture, _] = alone.normalized();
            return ARCHITECTURES.contains(&&*architecture).then(|| alone.clone()).ok_or_else(error);
        };
        let (os, options) = match first.unwrap_or_default().split_once('(') {
            Some((os, options)) => (os, options.strip_suffix(')').ok_or_else(error)?),
            None => (first.unwrap_or_default(), ""),
        };
        let (os_version, features) = options.split_once('+').unwrap_or((options, ""));
        let os_features: Vec<String> =
            features.split('+').filter(|_| !features.is_empty()).map(str::to_owned).collect();
        let is_platform = is_named(os)
            && !os.contains('.')
            && is_part(os_version)
            && (features.is_empty() != options.contains('+'))
            && os_features.iter().all(|feature| is_named(feature))
            && is_named(architecture)
            && variant.is_none_or(is_named)
            && parts.next().is_none();
        if !is_platform {
            return Err(error());
        }
        let variant = variant.unwrap_or_default().to_owned();
        Ok(Self { os_version: os_version.to_owned(), os_features, variant, ..Self::new(os, architecture) })
    }
}
