//! The names of an index's entries.

use std::collections::HashMap;

use tallyman_core::Platform;

use crate::{
    format::visible,
    state::inspection::{Inspected, Node},
    text::text,
};

/// Returns the platform of an image, by which an index names it.
pub fn name(node: &Node) -> String {
    node.platform().map_or_else(|| text().inspect().no_platform.to_owned(), platform_name)
}

/// Returns a platform with the version by which images for Windows differ.
pub fn platform_name(platform: &Platform) -> String {
    let name = platform.to_string();
    let parts = [name.as_str(), platform.os_version.as_str()];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    visible(&parts.collect::<Vec<_>>().join(" ")).into_owned()
}

/// Returns the names of images, with their digests where several have the same.
pub fn names(nodes: &[&Node]) -> Vec<String> {
    let names: Vec<_> = nodes.iter().map(|node| name(node)).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in &names {
        *counts.entry(name).or_default() += 1;
    }
    let named = |(name, node): (&String, &&Node)| match counts[name.as_str()] {
        1 => name.clone(),
        _ => format!("{name} ({})", node.descriptor.digest.short()),
    };
    names.iter().zip(nodes).map(named).collect()
}

/// Returns the name of an entry that is not an image: an attestation, or a nested index.
pub fn kind_name(inspected: &Inspected, number: usize) -> String {
    let words = text().inspect();
    let node = &inspected.nodes[number];
    let entry = &node.descriptor;
    if entry.attests().is_some() {
        let image = inspected.subject(number).filter(|subject| Some(*subject) != node.parent);
        let image = image.and_then(|image| inspected.nodes[image].platform());
        return match image {
            Some(platform) => (words.attestation_of)(&platform_name(platform)),
            None => words.attestation_of_none.to_owned(),
        };
    }
    let media = (words.media)(&entry.media_type);
    match media {
        Some(media) if entry.media_type.is_list() => (words.nested)(media),
        Some(media) => media.to_owned(),
        None => visible(entry.media_type.as_str()).into_owned(),
    }
}
