//! Remarks on lists and images: what is allowed, but will surprise somebody.
//!
//! Each rule says what it found and why it matters. None of them needs more than what was fetched anyway: a list's
//! entries, and the manifests and configs behind them as far as they are there.

use std::fmt;

use crate::{ImageConfig, ImageManifest, Index, Manifest, MediaType, Platform};

/// Architectures that Go has (`go tool dist list`, Go 1.24) and those that it has retired.
const ARCHITECTURES: [&str; 19] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc", "ppc64",
    "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc64", "wasm", "unknown",
];

/// A remark, with the entry that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Position of the entry in the list, counted from 0; nothing where the remark is about the whole.
    pub entry: Option<usize>,
    /// What was found.
    pub rule: Rule,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
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
        /// What the list says.
        list: Platform,
        /// What the config says.
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
        /// How many.
        count: usize,
    },
    /// Docker's first manifest format.
    Schema1,
    /// An architecture that no toolchain knows.
    UnknownArchitecture {
        /// As it is written.
        architecture: String,
    },
    /// An entry without operating system or architecture.
    NoPlatform,
}

impl Rule {
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

impl fmt::Display for Rule {
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
                write!(f, "the list says {}, the image's own config says {}", Full(list), Full(config))
            }
            Self::MixedMediaTypes => f.write_str(
                "Docker and OCI manifests in one list: clients that ask for one family alone cannot read the other's entries",
            ),
            Self::OrphanedAttestation { image } => {
                write!(f, "an attestation of {image}, which is no entry of this list: nothing will find it")
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
                write!(f, "the architecture {architecture:?}: no known toolchain writes it so, and clients compare it by the letter")
            }
            Self::NoPlatform => {
                f.write_str("an entry without operating system or architecture: clients cannot pick it by platform")
            }
        }
    }
}

/// A platform with everything that can differ.
struct Full<'a>(&'a Platform);

impl fmt::Display for Full<'_> {
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

/// What is known of the content behind an entry.
#[derive(Clone, Copy, Debug, Default)]
pub struct Behind<'a> {
    /// The manifest, where it has come.
    pub manifest: Option<&'a Manifest>,
    /// The config of that image, where it has come.
    pub config: Option<&'a ImageConfig>,
}

/// Remarks on a list. `behind` gives what is known of each entry, in the list's order; it may be shorter.
pub fn of_index(index: &Index, behind: &[Behind<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let images = || index.manifests.iter().filter(|entry| entry.is_runnable());
    let has = |media_type: MediaType| images().any(|entry| entry.media_type == media_type);
    if has(MediaType::DockerManifest) && has(MediaType::OciManifest) {
        findings.push(Finding { entry: None, rule: Rule::MixedMediaTypes });
    }
    for (at, entry) in index.manifests.iter().enumerate() {
        let mut found = |rule| findings.push(Finding { entry: Some(at), rule });
        if let Some(image) = entry.attests() {
            if !index.manifests.iter().any(|other| other.digest.as_str() == image) {
                found(Rule::OrphanedAttestation { image: image.to_owned() });
            }
            continue;
        }
        if entry.media_type.is_schema1() {
            found(Rule::Schema1);
        }
        if !entry.is_runnable() {
            continue;
        }
        let behind = behind.get(at).copied().unwrap_or_default();
        if let Some(image) = behind.manifest.and_then(Manifest::image) {
            of_layers(image).into_iter().for_each(&mut found);
        }
        let Some(platform) = entry.platform.as_ref().filter(|platform| is_complete(platform)) else {
            found(Rule::NoPlatform);
            continue;
        };
        of_platform(platform).into_iter().for_each(&mut found);
        let first = index
            .manifests
            .iter()
            .position(|other| other.is_runnable() && other.platform.as_ref() == Some(platform));
        if let Some(first) = first.filter(|first| *first < at) {
            found(Rule::RepeatedPlatform { platform: platform.clone(), first });
        }
        if let Some(config) =
            behind.config.map(|config| &config.platform).filter(|config| differs(platform, config))
        {
            found(Rule::PlatformDiffers { list: platform.clone(), config: config.clone() });
        }
    }
    findings
}

/// Remarks on one image, by its manifest and, where it has come, its config.
pub fn of_image(manifest: &Manifest, config: Option<&ImageConfig>) -> Vec<Finding> {
    let mut rules = Vec::new();
    if manifest.media_type().is_schema1() {
        rules.push(Rule::Schema1);
    }
    if let Some(image) = manifest.image() {
        rules.extend(of_layers(image));
    }
    if let Some(config) = config {
        rules.extend(of_platform(&config.platform));
    }
    rules.into_iter().map(|rule| Finding { entry: None, rule }).collect()
}

fn of_layers(image: &ImageManifest) -> Option<Rule> {
    let count = image.layers.iter().filter(|layer| layer.media_type.is_foreign_layer()).count();
    (count > 0).then_some(Rule::ForeignLayers { count })
}

fn of_platform(platform: &Platform) -> Vec<Rule> {
    let mut rules = Vec::new();
    if platform.architecture == "arm" && platform.variant.is_empty() {
        rules.push(Rule::ArmWithoutVariant);
    }
    if platform.os == "windows" && platform.os_version.is_empty() {
        rules.push(Rule::WindowsWithoutVersion);
    }
    let architecture = &platform.architecture;
    if !architecture.is_empty() && !ARCHITECTURES.contains(&architecture.as_str()) {
        rules.push(Rule::UnknownArchitecture { architecture: architecture.clone() });
    }
    rules
}

fn is_complete(platform: &Platform) -> bool {
    !platform.os.is_empty() && !platform.architecture.is_empty()
}

/// Whether a client would be misled. What the config leaves open, a list may well say.
fn differs(list: &Platform, config: &Platform) -> bool {
    let contradicts = |list: &str, config: &str| !config.is_empty() && list != config;
    // arm64 is v8 by definition: whether it is written makes no difference.
    let variant = |platform: &Platform| match (platform.architecture.as_str(), platform.variant.as_str()) {
        ("arm64", "v8") => String::new(),
        (_, variant) => variant.to_owned(),
    };
    contradicts(&list.os, &config.os)
        || contradicts(&list.architecture, &config.architecture)
        || contradicts(&list.os_version, &config.os_version)
        || contradicts(&variant(list), &variant(config))
}
