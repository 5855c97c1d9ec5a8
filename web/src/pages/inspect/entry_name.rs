//! The names of an index's entries.

use tallyman_core::Platform;

use crate::{
    format::visible,
    state::inspection::{Inspected, Node},
    text::text,
};

/// Returns the platform of an image, by which an index names it.
pub fn name(node: &Node) -> String {
    let shown = |platform: &Platform| visible(&platform.to_string()).into_owned();
    node.platform().map_or_else(|| text().inspect().no_platform.to_owned(), shown)
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
            Some(platform) => (words.attestation_of)(&platform.to_string()),
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
