//! The platforms of a large index: rows in a window, of which those in sight are fetched.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::{choice::Choice, entry_name, manifest_kind};
use crate::{
    browser::scroll::QUIET,
    components::{
        facts,
        filtered_panel::{FilteredPanel, use_search},
        grid_keys::{GridKey, grid_keys},
        window::{Shape, Window},
    },
    format,
    state::{
        inspection::{Inspected, Loadable, Node},
        matches::fits,
    },
    text::{text, use_language},
};

/// Properties of [`PlatformGrid`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The index, and what is known of its entries.
    pub inspected: Inspected,
    /// The platforms' addresses.
    pub choice: Rc<Choice>,
}

/// The platforms of a large index, filtered by name.
#[component]
pub fn PlatformGrid(props: &Props) -> Html {
    use_language();
    let Props { inspected, choice } = props;
    let (filter, onfilter) = use_search();
    let active = use_state_eq(|| 0_usize);
    let shown = {
        let inspected = inspected.clone();
        use_memo(((*filter).clone(), inspected.nodes.len()), move |(filter, _)| fitting(&inspected, filter))
    };
    let onview = use_wanted(inspected, &shown);
    let at = (*active).min(shown.len().saturating_sub(1));
    let onkeydown = {
        let (active, choice, shown) = (active.setter(), Rc::clone(choice), Rc::clone(&shown));
        grid_keys(at, shown.len(), move |key| match key {
            GridKey::Go { to, .. } => {
                active.set(to);
                true
            }
            GridKey::Open => {
                let href = shown.get(at).and_then(|number| choice.href(*number));
                let location = web_sys::window().map(|window| window.location());
                href.zip(location).is_some_and(|(href, location)| location.set_hash(&href).is_ok())
            }
            _ => false,
        })
    };
    let row = {
        let (inspected, choice, shown) = (inspected.clone(), Rc::clone(choice), Rc::clone(&shown));
        Callback::from(move |row: usize| {
            let number = shown[row];
            let node = &inspected.nodes[number];
            html! {
                <div key={number} id={format!("platforms-{row}")} role="row" class={classes!("tag-row", "tag-row--plain", (row == at).then_some("is-active"))}
                    aria-rowindex={(row + 2).to_string()} data-row="" data-testid="platform-row" data-platform={entry_name::name(node)}>
                    { cells(node, choice.href(number)) }
                </div>
            }
        })
    };
    let words = text().inspect();
    let all = format::count(inspected.entries().count() as u64);
    let count = if filter.trim().is_empty() {
        all
    } else {
        (text().explore().some_of)(&format::count(shown.len() as u64), &all)
    };
    html! {
        <FilteredPanel label={words.platforms} filter_label={words.filter_platforms} filter={(*filter).clone()} {onfilter} {count}>
            if shown.is_empty() {
                <p class="empty">{ text().explore().none_fits }</p>
            } else {
                <Window id="platforms" label={words.platforms} shape={Shape::Grid} count={shown.len()} active={at} head={head()} {row} {onkeydown} {onview} />
            }
        </FilteredPanel>
    }
}

/// The numbers of the entries whose names contain `filter`.
fn fitting(inspected: &Inspected, filter: &str) -> Vec<usize> {
    let filter = filter.trim();
    let is_shown = |node: &Node| {
        filter.is_empty()
            || fits(&entry_name::name(node), filter)
            || fits(node.descriptor.digest.as_str(), filter)
    };
    inspected.entries().filter(|(_, node)| is_shown(node)).map(|(number, _)| number).collect()
}

/// Returns the callback that fetches the rows in sight, once they are still.
#[hook]
fn use_wanted(inspected: &Inspected, shown: &Rc<Vec<usize>>) -> Callback<(usize, usize)> {
    let waiting = use_mut_ref(|| None::<Timeout>);
    let (want, shown) = (inspected.want.clone(), Rc::clone(shown));
    Callback::from(move |(first, last): (usize, usize)| {
        let (want, shown) = (want.clone(), Rc::clone(&shown));
        *waiting.borrow_mut() = Some(Timeout::new(QUIET.as_millis() as u32, move || {
            want.nodes(shown.get(first..last.min(shown.len())).unwrap_or_default());
        }));
    })
}

fn head() -> Html {
    let words = text().inspect();
    let column =
        |class: &'static str, name: &'static str| html! { <span role="columnheader" {class}>{ name }</span> };
    html! {
        <div role="row" class="tag-row tag-row--plain tag-row--head" aria-rowindex="1">
            { column("tag-row__tag", words.platform) }
            { column("tag-row__platforms", words.digest) }
            { column("tag-row__size number", words.compressed) }
            { column("tag-row__created", words.created) }
        </div>
    }
}

fn cells(node: &Node, href: Option<String>) -> Html {
    let size = match &node.manifest {
        Loadable::Ready(manifest) => match manifest.image() {
            Some(image) => html! { format::bytes(image.content_size()) },
            None => html! { manifest_kind(manifest) },
        },
        Loadable::Failed(failure) => {
            let why = facts::unfetched(failure);
            html! { <span title={why.clone()}>{ why }</span> }
        }
        Loadable::Loading | Loadable::None => html! { <span class="skeleton skeleton--short" /> },
    };
    let name = entry_name::name(node);
    html! {
        <>
            <span role="gridcell" class="tag-row__tag">
                if let Some(href) = href {
                    <a class="strong" {href} tabindex="-1" title={name.clone()}>{ name }</a>
                } else {
                    <span title={name.clone()}>{ name }</span>
                }
            </span>
            <span role="gridcell" class="tag-row__platforms"><code title={node.descriptor.digest.to_string()}>{ node.descriptor.digest.short() }</code></span>
            <span role="gridcell" class="tag-row__size number">{ size }</span>
            <span role="gridcell" class="tag-row__created">{ facts::created(&node.created(), facts::age) }</span>
        </>
    }
}
