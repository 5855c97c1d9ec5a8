//! Fixes of findings on local lists.

use super::{Finding, LintRule};
use crate::{Index, Platform};

/// A change of one entry that resolves a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
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

impl Finding {
    /// Returns the fixes of this finding on `index`, the best first; none if only a person can tell. `configs` gives, for
    /// each entry, the platform that its image's own config names, if it is known.
    pub fn fixes(&self, index: &Index, configs: &[Option<Platform>]) -> Vec<Fix> {
        let Some(entry) = self.entry else { return Vec::new() };
        let Some(platform) =
            index.manifests.get(entry).map(|entry| entry.platform.clone().unwrap_or_default())
        else {
            return Vec::new();
        };
        let config = configs.get(entry).and_then(Option::as_ref);
        let set = |platform: Platform| Fix::SetPlatform { entry, platform };
        match &self.rule {
            LintRule::ArmWithoutVariant => {
                let named = config
                    .filter(|config| config.architecture == "arm")
                    .map(|config| config.variant.as_str());
                let variants = match named {
                    Some(variant) if !variant.is_empty() => vec![variant],
                    _ => vec!["v7", "v6", "v5"],
                };
                let with = |variant: &str| Platform { variant: variant.to_owned(), ..platform.clone() };
                variants.into_iter().map(|variant| set(with(variant))).collect()
            }
            LintRule::WindowsWithoutVersion => {
                let version =
                    config.map(|config| config.os_version.clone()).filter(|version| !version.is_empty());
                version
                    .map(|os_version| set(Platform { os_version, ..platform.clone() }))
                    .into_iter()
                    .collect()
            }
            LintRule::PlatformDiffers { config, .. } => vec![set(config.clone())],
            LintRule::NoPlatform => {
                let whole = config.filter(|config| config.is_complete());
                whole.map(|config| set(config.clone())).into_iter().collect()
            }
            LintRule::UnknownArchitecture { architecture } => {
                let known = ALIASES.iter().find(|(alias, ..)| alias.eq_ignore_ascii_case(architecture));
                let known = known.map(|(_, architecture, variant)| Platform {
                    architecture: (*architecture).to_owned(),
                    variant: if variant.is_empty() {
                        platform.variant.clone()
                    } else {
                        (*variant).to_owned()
                    },
                    ..platform.clone()
                });
                known.map(set).into_iter().collect()
            }
            LintRule::RepeatedPlatform { .. } | LintRule::OrphanedAttestation { .. } => {
                vec![Fix::Remove { entry }]
            }
            LintRule::MixedMediaTypes | LintRule::ForeignLayers { .. } | LintRule::Schema1 => Vec::new(),
        }
    }
}
