//! The findings on a list, each with its fixes.

use std::rc::Rc;

use tallyman_core::{Finding, Fix, ListEdit, ListEntry, Manifest, ManifestList, ResolvedEntry, lint_index};
use yew::prelude::*;

use crate::{
    components::{icon::Icon, panel::Panel},
    state::list_editor::entry_status::Entries,
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub list: Rc<ManifestList>,
    pub entries: Rc<Entries>,
    pub change: Callback<ListEdit>,
}

/// The findings, or nothing if there are none.
#[component]
pub fn Findings(props: &Props) -> Html {
    use_language();
    let Props { list, entries, change } = props;
    let Ok(whole) = Manifest::parse(list.to_bytes(), Some(&list.media_type())) else { return html! {} };
    let Some(index) = whole.index() else { return html! {} };
    let images: Vec<&ListEntry> = list.in_written_order();
    let manifests: Vec<Option<Manifest>> = images
        .iter()
        .map(|entry| Manifest::parse(entry.raw.clone()?, Some(&entry.descriptor.media_type)).ok())
        .collect();
    let configs: Vec<_> = images.iter().map(|entry| entries.config(entry)).collect();
    let behind: Vec<_> = manifests
        .iter()
        .zip(&configs)
        .map(|(manifest, config)| ResolvedEntry { manifest: manifest.as_ref(), config: *config })
        .collect();
    let found = lint_index(index, &behind);
    if found.is_empty() {
        return html! {};
    }
    let platforms: Vec<_> =
        configs.iter().map(|config| config.map(|config| config.platform.clone())).collect();
    let words = text().build();
    let row = |finding: &Finding| {
        let image = finding.entry.and_then(|at| images.get(at)).map(|entry| entry.reference.to_string());
        let offers = finding.fixes(index, &platforms);
        html! {
            <li data-row={finding.rule.code()} data-testid="finding" data-rule={finding.rule.code()}>
                <Icon name="warning" />
                <span>
                    if let Some(image) = image {
                        <strong>{ image }{ ": " }</strong>
                    }
                    { (text().inspect().rule)(&finding.rule) }
                </span>
                <span class="findings__fixes">
                    { for offers.into_iter().filter_map(|fix| {
                        let edit = edit_of(list, &images, &fix)?;
                        let change = change.clone();
                        Some(html! {
                            <button class="button" type="button" name="fix" data-testid="fix" onclick={move |_: MouseEvent| change.emit(edit.clone())}>
                                { (words.fix)(&fix) }
                            </button>
                        })
                    }) }
                </span>
            </li>
        }
    };
    html! {
        <Panel title={words.findings} remark={found.len().to_string()}>
            <ul class="findings">{ for found.iter().map(row) }</ul>
        </Panel>
    }
}

fn edit_of(list: &ManifestList, images: &[&ListEntry], fix: &Fix) -> Option<ListEdit> {
    match fix {
        Fix::Remove { entry } => Some(ListEdit::remove(list, &images.get(*entry)?.reference)),
        Fix::SetPlatform { entry, platform } => {
            let mut entry = (*images.get(*entry)?).clone();
            entry.descriptor.platform = Some(platform.clone());
            Some(ListEdit::put(list, entry))
        }
    }
}
