//! Layers that several platforms of a list share.

use std::collections::{BTreeMap, BTreeSet};

use tallyman_core::Descriptor;
use yew::prelude::*;

use super::entry_name::name;
use crate::{
    components::{chip::Chip, panel::Panel},
    format,
    state::inspection::Inspected,
    text::text,
};

/// The layers of all platforms of a list, as far as they are known.
pub struct Layers {
    /// Bytes of all platforms, counted as each has it.
    pub all: u64,
    /// Bytes of all platforms, what is shared counted once.
    pub unique: u64,
    /// Layers of more than one platform, with the numbers of the platforms' nodes; the largest first.
    pub shared: Vec<(Descriptor, BTreeSet<usize>)>,
}

/// Counts the layers of all platforms.
pub fn layers(inspected: &Inspected) -> Layers {
    let (mut all, mut unique) = (0_u64, 0_u64);
    let mut by_digest: BTreeMap<&str, (&Descriptor, BTreeSet<usize>)> = BTreeMap::new();
    for (number, node) in inspected.entries().filter(|(_, node)| node.descriptor.is_runnable()) {
        let Some(image) = node.manifest.ready().and_then(|manifest| manifest.image()) else { continue };
        all = all.saturating_add(image.content_size());
        for content in image.layers.iter().chain([&image.config]) {
            let entry = by_digest.entry(content.digest.as_str()).or_insert_with(|| {
                unique = unique.saturating_add(content.size);
                (content, BTreeSet::new())
            });
            entry.1.insert(number);
        }
    }
    let shared = by_digest.into_values().filter(|(_, users)| users.len() > 1);
    let mut shared: Vec<_> = shared.map(|(layer, users)| (layer.clone(), users)).collect();
    shared.sort_by_key(|(layer, _)| std::cmp::Reverse(layer.size));
    Layers { all, unique, shared }
}

/// The layers that several platforms share; nothing where there are none.
pub fn view(inspected: &Inspected) -> Html {
    let words = text().inspect();
    let Layers { all, unique, shared } = layers(inspected);
    if shared.is_empty() {
        return html! {};
    }
    html! {
        <Panel title={words.shared} remark={(words.shared_remark)(&format::bytes(all - unique), &format::bytes(all))} testid="shared-layers">
            <table class="table stack">
                <thead>
                    <tr>
                        <th scope="col" class="number">{ words.size }</th>
                        <th scope="col">{ words.digest }</th>
                        <th scope="col">{ words.used_by }</th>
                    </tr>
                </thead>
                <tbody>
                    { for shared.iter().map(|(layer, users)| html! {
                        <tr key={layer.digest.to_string()} data-digest={layer.digest.to_string()}>
                            <td class="number">{ format::bytes(layer.size) }</td>
                            <td class="nowrap"><code title={layer.digest.to_string()}>{ layer.digest.short() }</code></td>
                            <td class="fill"><span class="title__chips">
                                { for users.iter().map(|number| html! { <Chip>{ name(&inspected.nodes[*number]) }</Chip> }) }
                            </span></td>
                        </tr>
                    }) }
                </tbody>
            </table>
        </Panel>
    }
}
