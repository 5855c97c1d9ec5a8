//! The rules of the linter. None needs more than what was fetched anyway: a list's entries, and the manifests and configs
//! of those that were resolved.

use super::{Finding, LintRule, ResolvedEntry};
use crate::{
    Descriptor, ImageConfig, ImageManifest, Index, Manifest, MediaType, Platform, platform::ARCHITECTURES,
};

/// Returns the findings on a list. `resolved` gives what is known of each entry, in the list's order; it may be shorter.
pub fn lint_index(index: &Index, resolved: &[ResolvedEntry<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let images = || index.manifests.iter().filter(|entry| entry.is_runnable());
    let has = |media_type: MediaType| images().any(|entry| entry.media_type == media_type);
    if has(MediaType::DockerManifest) && has(MediaType::OciManifest) {
        findings.push(Finding { entry: None, rule: LintRule::MixedMediaTypes });
    }
    // Read once: each is compared with all before it.
    let chosen_by: Vec<_> = index.manifests.iter().map(Descriptor::chosen_by).collect();
    for (at, entry) in index.manifests.iter().enumerate() {
        let mut found = |rule| findings.push(Finding { entry: Some(at), rule });
        if let Some(image) = entry.attests() {
            if !index.manifests.iter().any(|other| other.digest.as_str() == image) {
                found(LintRule::OrphanedAttestation { image: image.to_owned() });
            }
            continue;
        }
        if entry.media_type.is_schema1() {
            found(LintRule::Schema1);
        }
        if !entry.is_runnable() {
            continue;
        }
        let resolved = resolved.get(at).copied().unwrap_or_default();
        if let Some(image) = resolved.manifest.and_then(Manifest::image) {
            lint_layers(image).into_iter().for_each(&mut found);
        }
        let Some(platform) = entry.platform.as_ref().filter(|platform| platform.is_complete()) else {
            found(LintRule::NoPlatform);
            continue;
        };
        lint_platform(platform).into_iter().for_each(&mut found);
        let first = chosen_by[..at].iter().position(|other| other.is_some() && *other == chosen_by[at]);
        if let Some(first) = first {
            found(LintRule::RepeatedPlatform { platform: platform.clone(), first });
        }
        if let Some(config) =
            resolved.config.map(|config| &config.platform).filter(|config| differs(platform, config))
        {
            found(LintRule::PlatformDiffers { list: platform.clone(), config: config.clone() });
        }
    }
    findings
}

/// Returns the findings on one image, by its manifest and, if it was fetched, its config.
pub fn lint_image(manifest: &Manifest, config: Option<&ImageConfig>) -> Vec<Finding> {
    let mut rules = Vec::new();
    if manifest.media_type().is_schema1() {
        rules.push(LintRule::Schema1);
    }
    if let Some(image) = manifest.image() {
        rules.extend(lint_layers(image));
    }
    if let Some(config) = config {
        rules.extend(lint_platform(&config.platform));
    }
    rules.into_iter().map(|rule| Finding { entry: None, rule }).collect()
}

fn lint_layers(image: &ImageManifest) -> Option<LintRule> {
    let count = image.layers.iter().filter(|layer| layer.is_elsewhere()).count();
    (count > 0).then_some(LintRule::ForeignLayers { count })
}

fn lint_platform(platform: &Platform) -> Vec<LintRule> {
    let mut rules = Vec::new();
    if platform.architecture == "arm" && platform.variant.is_empty() {
        rules.push(LintRule::ArmWithoutVariant);
    }
    if platform.os == "windows" && platform.os_version.is_empty() {
        rules.push(LintRule::WindowsWithoutVersion);
    }
    let architecture = &platform.architecture;
    let is_known = architecture == "unknown" || ARCHITECTURES.contains(&architecture.as_str());
    if !architecture.is_empty() && !is_known {
        rules.push(LintRule::UnknownArchitecture { architecture: architecture.clone() });
    }
    rules
}

/// Returns `true` if the list would mislead a client. What the config leaves open, a list may say.
fn differs(list: &Platform, config: &Platform) -> bool {
    let [os, architecture, variant] = list.normalized();
    let [config_os, config_architecture, config_variant] = config.normalized();
    !config.os.is_empty() && os != config_os
        || !config.architecture.is_empty() && architecture != config_architecture
        || !config.os_version.is_empty() && list.os_version != config.os_version
        || !config.variant.is_empty() && variant != config_variant
}
