//! The repositories of a registry, as a tree of namespaces.

use std::{collections::HashSet, rc::Rc};

use tallyman_core::Registry;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

use super::{
    shown::{Shown, use_shown},
    tree::{Row, spaces},
};
use crate::{
    components::{
        icon::Icon,
        window::{Shape, Window, moved},
    },
    format,
    pages::problem,
    routes::Route,
    state::listing::{Listing, ListingTarget, use_listing},
    text::text,
};

/// Properties of [`Repositories`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The registry.
    pub registry: Registry,
}

/// The repositories of a registry; where it does not tell them, a box to name one.
#[component]
pub fn Repositories(props: &Props) -> Html {
    let listing = use_listing(&ListingTarget::Repositories(props.registry.clone()));
    let filter = use_state(String::new);
    let folded = use_state(|| Rc::new(HashSet::<String>::new()));
    let active = use_state_eq(|| 0_usize);
    let navigator = use_navigator();
    let words = text().explore();
    let shown = use_shown(&listing, &filter, &folded);
    let toggle = {
        let (folded, listing) = (folded.clone(), listing.clone());
        Callback::from(move |row: Row| {
            let space = listing.name(row.name)[..row.length as usize].to_owned();
            let mut next = (**folded).clone();
            if !next.remove(&space) {
                next.insert(space);
            }
            folded.set(Rc::new(next));
        })
    };
    let fold_all = {
        let (folded, listing) = (folded.clone(), listing.clone());
        move |_: MouseEvent| {
            let is_folded = !folded.is_empty();
            folded.set(Rc::new(if is_folded { HashSet::new() } else { listing.with(spaces) }));
        }
    };
    let oninput = {
        let (filter, active) = (filter.setter(), active.setter());
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                filter.set(input.value());
                active.set(0);
            }
        }
    };
    let at = (*active).min(shown.rows.len().saturating_sub(1));
    let onkeydown = {
        let (shown, listing, active, toggle) =
            (Rc::clone(&shown), listing.clone(), active.setter(), toggle.clone());
        let registry = props.registry.clone();
        Callback::from(move |event: KeyboardEvent| {
            let Some(row) = shown.rows.get(at).copied() else { return };
            let key = event.key();
            let to = match (key.as_str(), row.inside, row.is_folded) {
                ("ArrowRight", Some(_), true) | ("ArrowLeft", Some(_), false) | ("Enter", Some(_), _) => {
                    event.prevent_default();
                    return toggle.emit(row);
                }
                ("ArrowRight", Some(_), false) => Some((at + 1).min(shown.rows.len() - 1)),
                ("ArrowLeft", ..) => row.parent.map(|parent| parent as usize),
                ("Enter", None, _) => {
                    event.prevent_default();
                    if let Some(navigator) = &navigator {
                        navigator.push(&route(&registry, &listing.name(row.name)));
                    }
                    return;
                }
                (key, ..) => moved(key, at, shown.rows.len()),
            };
            if let Some(to) = to {
                event.prevent_default();
                active.set(to);
            }
        })
    };
    let row = {
        let (shown, listing, registry) = (Rc::clone(&shown), listing.clone(), props.registry.clone());
        let active = active.setter();
        Callback::from(move |number: usize| {
            let row = shown.rows[number];
            let onclick = {
                let (active, toggle) = (active.clone(), toggle.clone());
                move |_: MouseEvent| {
                    active.set(number);
                    if row.inside.is_some() {
                        toggle.emit(row);
                    }
                }
            };
            let content = listing.with(|names| content(&registry, names.get(row.name), row));
            html! {
                <div
                    key={number}
                    id={format!("repositories-{number}")}
                    role="treeitem"
                    class={classes!("tree-row", (number == at).then_some("is-active"), row.inside.map(|_| "tree-row--space"))}
                    aria-level={row.level.to_string()}
                    aria-setsize={row.siblings.to_string()}
                    aria-posinset={row.position.to_string()}
                    aria-expanded={row.inside.map(|_| (!row.is_folded).to_string())}
                    aria-selected={(number == at).to_string()}
                    data-row=""
                    {onclick}
                >
                    { for (1..row.level).map(|_| html! { <span class="tree-row__indent" /> }) }
                    { content }
                </div>
            }
        })
    };
    html! {
        <>
            if let Some(failure) = &listing.problem {
                { problem::view(failure) }
                <Named registry={props.registry.clone()} />
            }
            if listing.problem.is_none() || listing.len() > 0 {
                <section class="panel" aria-label={words.repositories}>
                    <div class="panel__head">
                        <label class="reference-box filter">
                            <span class="visually-hidden">{ words.filter_repositories }</span>
                            <input type="search" placeholder={words.filter_repositories} autocapitalize="none" spellcheck="false" {oninput} data-testid="filter" />
                        </label>
                        <div class="panel__tools">
                            <p class="soft" role="status" data-testid="count">{ told(&listing, &shown) }</p>
                            if listing.with(|names| names.contain('/')) {
                                <button class="button" type="button" onclick={fold_all} data-testid="fold-all">
                                    { if folded.is_empty() { words.fold_all } else { words.unfold_all } }
                                </button>
                            }
                        </div>
                    </div>
                    if shown.rows.is_empty() && shown.is_all(&listing, &filter) {
                        { nothing(&props.registry, &listing, &filter) }
                    } else {
                        <Window id="repositories" label={words.repositories} shape={Shape::Tree} count={shown.rows.len()} active={at} {row} {onkeydown} />
                    }
                </section>
            }
        </>
    }
}

fn route(registry: &Registry, name: &str) -> Route {
    Route::Explore { place: format!("{registry}/{name}") }
}

/// A namespace with what is in it, or a repository with its link.
fn content(registry: &Registry, name: &str, row: Row) -> Html {
    let shown = name[row.start as usize..row.length as usize].to_owned();
    if let Some(inside) = row.inside {
        let inside = inside as usize;
        return html! {
            <>
                <Icon name="chevron" class={if row.is_folded { "icon tree-row__fold" } else { "icon tree-row__fold is-open" }} />
                <span class="strong">{ shown }</span>
                <span class="soft tree-row__count">{ (text().explore().in_folder)(inside, &format::count(inside as u64)) }</span>
            </>
        };
    }
    html! {
        <a class="tree-row__link" href={format!("#{}", route(registry, name).to_path())} tabindex="-1" aria-label={name.to_owned()}>{ shown }</a>
    }
}

/// How many there are.
fn told(listing: &Listing, shown: &Shown) -> String {
    let words = text().explore();
    let written = format::count(listing.len() as u64);
    let all = (words.count_repositories)(listing.len(), &written);
    match (listing.is_complete, listing.problem.is_some()) {
        (true, _) if shown.filter().trim().is_empty() => all,
        (true, _) => {
            let some = shown.rows.iter().filter(|row| row.inside.is_none()).count();
            (words.some_of)(&format::count(some as u64), &all)
        }
        (false, true) => String::new(),
        (false, false) => (words.so_far)(&all),
    }
}

fn nothing(registry: &Registry, listing: &Listing, filter: &str) -> Html {
    let words = text().explore();
    if listing.len() == 0 {
        return html! { <p class="empty">{ words.no_repositories }</p> };
    }
    let name = filter.trim();
    html! {
        <p class="empty">
            { words.none_fits }{ " " }
            // Registries may well have what they do not list.
            <Link<Route> to={route(registry, name)}>{ (words.open_named)(name) }</Link<Route>>
        </p>
    }
}

/// A box for the name of a repository that is not listed.
#[component]
fn Named(props: &Props) -> Html {
    let navigator = use_navigator();
    let input = use_node_ref();
    let words = text().explore();
    let onsubmit = {
        let (input, registry) = (input.clone(), props.registry.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            let name = input.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
            let name = name.trim().trim_matches('/').to_owned();
            if let Some(navigator) = navigator.as_ref().filter(|_| !name.is_empty()) {
                navigator.push(&route(&registry, &name));
            }
        }
    };
    html! {
        <form class="reference-box named" {onsubmit} data-testid="named-repository">
            <input ref={input} type="text" aria-label={words.repository} placeholder={words.repository_hint} autocapitalize="none" autocomplete="off" spellcheck="false" />
            <button type="submit">{ words.open }</button>
        </form>
    }
}
