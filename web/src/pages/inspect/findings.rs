//! The findings on an image or a list.

use tallyman_core::{ResolvedEntry, lint_image, lint_index};
use yew::prelude::*;

use crate::{
    components::{icon::Icon, panel::Panel},
    format::platform_name,
    state::inspection::{Inspected, Node, Relation},
    text::text,
};

/// The findings on a list or an image, or nothing if there are none. If one entry is chosen, those on it.
pub fn view(inspected: &Inspected, chosen: Option<&Node>) -> Html {
    let words = text().inspect();
    let mut found = match inspected.manifest.index() {
        Some(index) => {
            let behind = |(_, node): (usize, &'_ Node)| (node.manifest.clone(), node.config.clone());
            let parts: Vec<_> = inspected.entries().map(behind).collect();
            let behind: Vec<_> = parts
                .iter()
                .map(|(manifest, config)| ResolvedEntry {
                    manifest: manifest.ready(),
                    config: config.ready(),
                })
                .collect();
            lint_index(index, &behind)
        }
        None => lint_image(&inspected.manifest, inspected.config().ready()),
    };
    if let Some(Relation::Entry(chosen)) = chosen.map(|node| node.relation) {
        found.retain(|finding| finding.entry == Some(chosen));
    }
    if found.is_empty() {
        return html! {};
    }
    let platform = |at: usize| {
        let entry = inspected.manifest.index().and_then(|index| index.manifests.get(at));
        entry.and_then(|entry| entry.platform.as_ref()).map(platform_name).unwrap_or_default()
    };
    html! {
        <Panel title={words.findings} remark={found.len().to_string()}>
            <ul class="findings">
                { for found.iter().map(|finding| html! {
                    <li data-testid="finding" data-rule={finding.rule.code()}>
                        <Icon name="warning" />
                        <span>
                            if let Some(at) = finding.entry {
                                <strong>{ (words.entry)(at + 1, &platform(at)) }</strong>
                            }
                            { (words.rule)(&finding.rule) }
                        </span>
                    </li>
                }) }
            </ul>
        </Panel>
    }
}
