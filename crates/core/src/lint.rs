//! A linter for lists and images: it finds what is allowed, but will surprise somebody.

mod fixes;
mod rules;

use std::fmt;

use crate::{ImageConfig, Manifest, Platform};

pub use fixes::Fix;
pub use rules::{lint_image, lint_index};

/// A finding, with the entry that it is about.
/// ```
/// use tallyman_core::{Manifest, ResolvedEntry, lint_index};
///
/// let list = br#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
///     {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 2, "digest":
///     "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}]}"#;
/// let list = Manifest::parse(&list[..], None)?;
/// let findings = lint_index(list.index().unwrap(), &[ResolvedEntry::default()]);
/// assert_eq!((findings[0].entry, findings[0].rule.code()), (Some(0), "no-platform"));
/// # Ok::<(), tallyman_core::ManifestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Position of the entry in the list, counted from 0; `None` if the finding is about the whole.
    pub entry: Option<usize>,
    /// The rule that was broken.
    pub rule: LintRule,
}

/// The content behind an entry of a list, as far as it was fetched.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResolvedEntry<'a> {
    /// The manifest, if it was fetched.
    pub manifest: Option<&'a Manifest>,
    /// The config of that image, if it was fetched.
    pub config: Option<&'a ImageConfig>,
}

/// The rules, each with the values that its finding names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LintRule {
    /// `arm` covers CPUs that cannot run each other's programs.
    ArmWithoutVariant,
    /// Windows containers run only on a matching Windows.
    WindowsWithoutVersion,
    /// A client takes the first of several entries for one platform.
    RepeatedPlatform {
        /// The platform.
        platform: Platform,
        /// Position of the entry that is taken, counted from 0.
        first: usize,
    },
    /// The list promises another platform than the image's config.
    PlatformDiffers {
        /// The list's platform.
        list: Platform,
        /// The config's platform.
        config: Platform,
    },
    /// Docker's and OCI's manifests side by side in one list.
    MixedMediaTypes,
    /// An attestation whose image is not in the list.
    OrphanedAttestation {
        /// Digest of the image that it attests, as the annotation has it.
        image: String,
    },
    /// Layers that are fetched from elsewhere.
    ForeignLayers {
        /// The number of such layers.
        count: usize,
    },
    /// Docker's first manifest format.
    Schema1,
    /// An architecture that no toolchain knows.
    UnknownArchitecture {
        /// The architecture as the entry has it.
        architecture: String,
    },
    /// An entry without operating system or architecture.
    NoPlatform,
}

impl LintRule {
    /// A stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ArmWithoutVariant => "arm-without-variant",
            Self::WindowsWithoutVersion => "windows-without-version",
            Self::RepeatedPlatform { .. } => "repeated-platform",
            Self::PlatformDiffers { .. } => "platform-differs",
            Self::MixedMediaTypes => "mixed-media-types",
            Self::OrphanedAttestation { .. } => "orphaned-attestation",
            Self::ForeignLayers { .. } => "foreign-layers",
            Self::Schema1 => "schema1",
            Self::UnknownArchitecture { .. } => "unknown-architecture",
            Self::NoPlatform => "no-platform",
        }
    }
}

impl fmt::Display for LintRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ArmWithoutVariant => f.write_str(
                "arm without a variant: v5, v6 and v7 cannot be told apart, and a client may pick an image that its CPU does not run",
            ),
            Self::WindowsWithoutVersion => f.write_str(
                "windows without os.version: a Windows host picks by it, because containers run only on a matching build",
            ),
            Self::RepeatedPlatform { platform, first } => {
                write!(f, "{platform} more than once: clients take the first, entry {}", first + 1)
            }
            Self::PlatformDiffers { list, config } => {
                write!(f, "the list says {}, the image's own config says {}", list.in_full(), config.in_full())
            }
            Self::MixedMediaTypes => f.write_str(
                "Docker and OCI manifests in one list: clients that ask for one family alone cannot read the other's entries",
            ),
            Self::OrphanedAttestation { image } => {
                write!(f, "an attestation of {image}, which is not in this list, so clients do not find the attestation")
            }
            Self::ForeignLayers { count } => write!(
                f,
                "{count} foreign {}: fetched from the address in the manifest, not from this registry, so pulls fail where that address cannot be reached",
                if *count == 1 { "layer" } else { "layers" }
            ),
            Self::Schema1 => {
                f.write_str("schema 1: current clients refuse it, and no list can hold it; push the image again to convert it")
            }
            Self::UnknownArchitecture { architecture } => {
                write!(f, "unknown architecture {architecture:?}: clients compare the name exactly")
            }
            Self::NoPlatform => {
                f.write_str("an entry without operating system or architecture: clients cannot pick it by platform")
            }
        }
    }
}
