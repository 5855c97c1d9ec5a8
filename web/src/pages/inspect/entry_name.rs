//! The names of an index's entries.

use std::collections::HashMap;

use tallyman_core::MediaType;

use crate::{
    format::{platform_name, visible},
    state::inspection::{Inspected, Node},
    text::text,
};

/// Returns the platform of an image, by which an index names it.
pub fn name(node: &Node) -> String {
    node.platform().map_or_else(|| text().inspect().no_platform.to_owned(), platform_name)
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
    match (words.media)(&entry.media_type) {
        Some(media) if entry.media_type.is_list() => (words.nested)(media),
        _ => media_name(&entry.media_type),
    }
}

/// Returns the name of a media type: in words, where the app has some.
pub fn media_name(media_type: &MediaType) -> String {
    let media = (text().inspect().media)(media_type);
    media.map_or_else(|| visible(media_type.as_str()).into_owned(), str::to_owned)
}
