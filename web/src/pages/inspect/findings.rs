//! Remarks on what will surprise somebody.

use tallyman_core::findings::{self, Behind};
use yew::prelude::*;

use crate::{
    components::{icon::Icon, panel::Panel},
    state::inspection::{Inspected, Part},
};

/// The remarks on a list or an image; nothing where there are none.
pub fn view(inspected: &Inspected) -> Html {
    let found = match inspected.manifest.index() {
        Some(index) => {
            let behind = |child| Behind { manifest: Part::ready(child), config: None };
            findings::of_index(index, &inspected.children.iter().map(behind).collect::<Vec<_>>())
        }
        None => findings::of_image(&inspected.manifest, inspected.config.ready()),
    };
    if found.is_empty() {
        return html! {};
    }
    let platform = |at: usize| {
        let entry = inspected.manifest.index().and_then(|index| index.manifests.get(at));
        entry
            .and_then(|entry| entry.platform.as_ref())
            .map_or_else(String::new, |platform| format!(", {platform}"))
    };
    html! {
        <Panel title="Remarks" remark={found.len().to_string()}>
            <ul class="remarks">
                { for found.iter().map(|finding| html! {
                    <li data-testid="finding" data-rule={finding.rule.code()}>
                        <Icon name="warning" />
                        <span>
                            if let Some(at) = finding.entry {
                                <strong>{ format!("Entry {}{}: ", at + 1, platform(at)) }</strong>
                            }
                            { finding.rule.to_string() }
                        </span>
                    </li>
                }) }
            </ul>
        </Panel>
    }
}
