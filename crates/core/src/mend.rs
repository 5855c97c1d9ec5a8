//! What mends a remark on a local list.

use crate::{
    Index, Platform,
    findings::{Finding, Rule},
};

/// A change of one entry that a remark asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// The entry gets this platform.
    SetPlatform {
        /// Position of the entry in the list, counted from 0.
        entry: usize,
        /// Its new platform.
        platform: Platform,
    },
    /// The entry goes out.
    Remove {
        /// Position of the entry in the list, counted from 0.
        entry: usize,
    },
}

/// Names of architectures that other tools write, and what they are called in manifests: architecture and variant.
const ALIASES: [(&str, &str, &str); 14] = [
    ("x86_64", "amd64", ""),
    ("x86-64", "amd64", ""),
    ("aarch64", "arm64", ""),
    ("armv8", "arm64", ""),
    ("armhf", "arm", "v7"),
    ("armv7l", "arm", "v7"),
    ("armv7", "arm", "v7"),
    ("armel", "arm", "v6"),
    ("armv6", "arm", "v6"),
    ("armv6l", "arm", "v6"),
    ("i386", "386", ""),
    ("i686", "386", ""),
    ("x86", "386", ""),
    ("ppc64el", "ppc64le", ""),
];

/// What mends `finding`, the best first; nothing where only a person can. `configs` gives, for each entry, the platform
/// that its image's own config names, where it is known.
pub fn mends(index: &Index, finding: &Finding, configs: &[Option<Platform>]) -> Vec<Mend> {
    let Some(entry) = finding.entry else { return Vec::new() };
    let Some(platform) = index.manifests.get(entry).map(|entry| entry.platform.clone().unwrap_or_default())
    else {
        return Vec::new();
    };
    let config = configs.get(entry).and_then(Option::as_ref);
    let set = |platform: Platform| Mend::SetPlatform { entry, platform };
    match &finding.rule {
        Rule::ArmWithoutVariant => {
            let named =
                config.filter(|config| config.architecture == "arm").map(|config| config.variant.as_str());
            let variants = match named {
                Some(variant) if !variant.is_empty() => vec![variant],
                _ => vec!["v7", "v6", "v5"],
            };
            let with = |variant: &str| Platform { variant: variant.to_owned(), ..platform.clone() };
            variants.into_iter().map(|variant| set(with(variant))).collect()
        }
        Rule::WindowsWithoutVersion => {
            let version =
                config.map(|config| config.os_version.clone()).filter(|version| !version.is_empty());
            version.map(|os_version| set(Platform { os_version, ..platform.clone() })).into_iter().collect()
        }
        Rule::PlatformDiffers { config, .. } => vec![set(config.clone())],
        Rule::NoPlatform => {
            let whole = config.filter(|config| !config.os.is_empty() && !config.architecture.is_empty());
            whole.map(|config| set(config.clone())).into_iter().collect()
        }
        Rule::UnknownArchitecture { architecture } => {
            let known = ALIASES.iter().find(|(alias, ..)| alias.eq_ignore_ascii_case(architecture));
            let known = known.map(|(_, architecture, variant)| Platform {
                architecture: (*architecture).to_owned(),
                variant: if variant.is_empty() { platform.variant.clone() } else { (*variant).to_owned() },
                ..platform.clone()
            });
            known.map(set).into_iter().collect()
        }
        Rule::RepeatedPlatform { .. } | Rule::OrphanedAttestation { .. } => vec![Mend::Remove { entry }],
        Rule::MixedMediaTypes | Rule::ForeignLayers { .. } | Rule::Schema1 => Vec::new(),
    }
}
