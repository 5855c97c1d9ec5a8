//! A manifest list or image index: its entries by platform.

use tallyman_core::{Descriptor, Index};
use yew::prelude::*;

use super::{
    choice::Choice,
    entry_name::{kind_name, name},
    manifest_kind,
};
use crate::{
    components::{facts, panel::Panel},
    format,
    routes::Route,
    state::inspection::{Inspected, Loadable, Node},
    text::text,
};

/// Platforms up to which the table stays whole when one is chosen.
const WHOLE_MAX: usize = 8;

/// The table of platforms, which chooses one for the page, and that of the other entries.
pub fn view(inspected: &Inspected, index: &Index, choice: &Choice) -> Html {
    let words = text().inspect();
    let chosen = choice.node(inspected).map(|(number, _)| number);
    let images: Vec<_> = inspected.entries().filter(|(_, node)| node.descriptor.is_runnable()).collect();
    let is_shown = |number: usize| {
        chosen.is_none_or(|chosen| number == chosen || inspected.subject(number) == Some(chosen))
    };
    let is_whole = images.len() <= WHOLE_MAX;
    let tools = html! {
        if chosen.is_some() {
            <a class="button" href={choice.all()} data-testid="choice">{ words.all }</a>
        }
    };
    let others: Vec<_> = inspected
        .entries()
        .filter(|(number, node)| !node.descriptor.is_runnable() && is_shown(*number))
        .collect();
    html! {
        <>
            <Panel title={words.platforms} remark={images.len().to_string()} {tools}>
                if images.is_empty() {
                    <p class="empty">{ if inspected.entries().next().is_none() { words.no_entries } else { words.no_platforms } }</p>
                } else {
                    <table class="table table--linked stack">
                        <thead>
                            <tr>
                                <th scope="col">{ words.platform }</th>
                                <th scope="col">{ words.digest }</th>
                                <th scope="col" class="number">{ words.layers }</th>
                                <th scope="col" class="number">{ words.compressed }</th>
                                <th scope="col">{ words.created }</th>
                            </tr>
                        </thead>
                        <tbody>
                            { for images.iter().filter(|(number, _)| is_whole || is_shown(*number)).map(|(number, node)| {
                                image_row(inspected, index, choice, (*number, node, chosen == Some(*number)))
                            }) }
                        </tbody>
                    </table>
                }
            </Panel>
            if !others.is_empty() {
                <Panel title={words.others} remark={others.len().to_string()}>
                    <table class="table table--linked stack">
                        <thead>
                            <tr>
                                <th scope="col">{ words.what }</th>
                                <th scope="col">{ words.digest }</th>
                                <th scope="col" class="number">{ words.manifest_size }</th>
                            </tr>
                        </thead>
                        <tbody>{ for others.iter().map(|(number, node)| other_row(inspected, *number, node)) }</tbody>
                    </table>
                </Panel>
            }
        </>
    }
}

/// The row of an image: its platform chooses it, its digest opens it.
fn image_row(inspected: &Inspected, index: &Index, choice: &Choice, row: (usize, &Node, bool)) -> Html {
    let (number, node, is_chosen) = row;
    let words = text().inspect();
    let entry = &node.descriptor;
    let platform = entry.platform.clone().unwrap_or_default();
    let (layers, size) = match &node.manifest {
        Loadable::Ready(manifest) => match manifest.image() {
            Some(image) => (html! { image.layers.len() }, html! { format::bytes(image.content_size()) }),
            None => (html! { "–" }, html! { manifest_kind(manifest) }),
        },
        Loadable::Failed(failure) => (html! { "–" }, html! { facts::unfetched(failure) }),
        Loadable::Loading | Loadable::None => {
            (html! { <span class="skeleton skeleton--short" /> }, html! { <span class="skeleton" /> })
        }
    };
    html! {
        <tr key={number} class={classes!(is_missing(node), is_chosen.then_some("is-chosen"))} data-testid="platform-row" data-platform={platform.to_string()}>
            <th scope="row" class="strong fill">
                <a class="row-link" href={choice.href(number)} aria-current={is_chosen.then_some("true")}>{ name(node) }</a>
                if !platform.os_features.is_empty() {
                    <span class="soft">{ format!(" {}", format::visible(&platform.os_features.join(", "))) }</span>
                }
                if is_repeated(index, entry) {
                    <span class="soft">{ format!(" ({})", words.more_than_once) }</span>
                }
            </th>
            <td class="nowrap"><a class="cell-link" href={href(inspected, entry)} title={entry.digest.to_string()} data-testid="platform-digest"><code>{ entry.digest.short() }</code></a></td>
            <td class="number" data-unit={words.layers.to_ascii_lowercase()}>{ layers }</td>
            <td class="number">{ size }</td>
            <td class="nowrap soft">{ facts::created(&node.created(), facts::when) }</td>
        </tr>
    }
}

fn other_row(inspected: &Inspected, number: usize, node: &Node) -> Html {
    let entry = &node.descriptor;
    let platform = entry.platform.clone().unwrap_or_default();
    html! {
        <tr key={number} class={classes!(is_missing(node))} data-testid="platform-row" data-platform={platform.to_string()}>
            <th scope="row" class="strong fill">{ open(inspected, entry, &kind_name(inspected, number)) }</th>
            <td class="nowrap"><code title={entry.digest.to_string()}>{ entry.digest.short() }</code></td>
            <td class="number">{ format::bytes(entry.size) }</td>
        </tr>
    }
}

fn is_missing(node: &Node) -> Option<&'static str> {
    matches!(node.manifest, Loadable::Failed(_)).then_some("missing")
}

fn open(inspected: &Inspected, entry: &Descriptor, text: &str) -> Html {
    html! { <a class="row-link" href={href(inspected, entry)}>{ text.to_owned() }</a> }
}

/// The address of the page of an entry.
fn href(inspected: &Inspected, entry: &Descriptor) -> String {
    let target = Route::inspect(&inspected.reference.by_digest(entry.digest.clone()));
    format!("#{}", target.to_path())
}

fn is_repeated(index: &Index, entry: &Descriptor) -> bool {
    entry.platform.is_some()
        && index.manifests.iter().filter(|other| other.platform == entry.platform).count() > 1
}
