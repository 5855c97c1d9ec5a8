//! The repositories of a registry, as a tree of namespaces.

mod tree;

use std::{collections::HashSet, rc::Rc};

use tallyman_core::Registry;
use yew::prelude::*;

use crate::{
    browser::entry_state::{Texts, entry, read, write},
    components::{
        filtered_panel::{FilteredPanel, use_search},
        grid_keys::{GridKey, grid_keys},
        icon::Icon,
        slow_notice::SlowNotice,
        text_field::text_in,
        window::{Shape, Window},
    },
    format,
    pages::{
        explore::{
            stop,
            visible_rows::{VisibleRows, use_visible_rows},
        },
        problem,
    },
    router::{self, Link},
    routes::Route,
    state::{
        input::destination::route_within,
        listing::{Listing, ListingTarget, use_listing},
    },
    text::{text, use_language},
};
use tree::{Row, Tree, spaces};

/// Properties of [`Repositories`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The registry.
    pub registry: Registry,
}

/// The repositories of a registry, or a field for the name of one if the registry does not list them.
#[component]
pub fn Repositories(props: &Props) -> Html {
    use_language();
    let registry = &props.registry;
    let listing = use_listing(&ListingTarget::Repositories(registry.clone()));
    let (filter, onfilter) = use_search();
    let folds = use_folds(&listing);
    let active = use_state_eq(|| 0_usize);
    let tree = Tree { filter: filter.trim().to_owned(), folded: Rc::clone(&folds.folded) };
    let shown = use_visible_rows(&listing, &tree);
    {
        let active = active.setter();
        use_effect_with((*filter).clone(), move |_| active.set(0));
    }
    let at = (*active).min(shown.rows.len().saturating_sub(1));
    let onkeydown = use_keys(registry, &listing, &shown, at, active.setter(), &folds.toggle);
    let row = {
        let (shown, listing, registry) = (Rc::clone(&shown), listing.clone(), registry.clone());
        let (active, toggle) = (active.setter(), folds.toggle.clone());
        Callback::from(move |number: usize| {
            let row = shown.rows[number];
            let onclick = {
                let (active, toggle) = (active.clone(), toggle.clone());
                Callback::from(move |_: MouseEvent| {
                    active.set(number);
                    if row.inside.is_some() {
                        toggle.emit(row);
                    }
                })
            };
            let content = listing.with(|names| content(&registry, names.get(row.name), row));
            tree_row(row, number, number == at, content, onclick)
        })
    };
    let words = text().explore();
    let tools = html! {
        <>
            { stop(&listing) }
            if listing.with(|names| names.contain('/')) {
                <button class="button" type="button" onclick={folds.all} data-testid="fold-all">
                    { if folds.folded.is_empty() { words.fold_all } else { words.unfold_all } }
                </button>
            }
        </>
    };
    html! {
        <>
            if let Some(failure) = &listing.problem {
                { problem::view(failure) }
                <Named registry={registry.clone()} />
            }
            if listing.is_silent() {
                <SlowNotice registry={registry.clone()} path="/v2/_catalog" />
            }
            if listing.problem.is_none() || listing.len() > 0 {
                <FilteredPanel label={words.repositories} filter_label={words.filter_repositories} filter={(*filter).clone()} {onfilter} count={count(&listing, &shown)} {tools}>
                    if shown.rows.is_empty() && shown.is_all(&listing, &tree) {
                        { nothing(registry, &listing, &filter) }
                    } else {
                        <Window id="repositories" label={words.repositories} shape={Shape::Tree} count={shown.rows.len()} active={at} {row} {onkeydown} />
                    }
                </FilteredPanel>
            }
        </>
    }
}

/// The folded namespaces, and the callbacks that change them.
struct Folds {
    folded: UseStateHandle<Rc<HashSet<String>>>,
    toggle: Callback<Row>,
    all: Callback<MouseEvent>,
}

#[hook]
fn use_folds(listing: &Listing) -> Folds {
    let entry = use_memo((), |()| entry());
    let folded = use_state(|| {
        let Texts(kept) = read(&entry, "folded").unwrap_or_default();
        Rc::new(kept.into_iter().collect::<HashSet<String>>())
    });
    use_effect_with(Rc::clone(&folded), move |folded| {
        write(&entry, "folded", &Texts(folded.iter().cloned().collect()));
    });
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
    let all = {
        let (folded, listing) = (folded.clone(), listing.clone());
        Callback::from(move |_| {
            let is_folded = !folded.is_empty();
            folded.set(Rc::new(if is_folded { HashSet::new() } else { listing.with(spaces) }));
        })
    };
    Folds { folded, toggle, all }
}

/// The keyboard: arrows move, fold and unfold, Enter opens.
#[hook]
fn use_keys(
    registry: &Registry,
    listing: &Listing,
    shown: &Rc<VisibleRows<Tree>>,
    at: usize,
    active: UseStateSetter<usize>,
    toggle: &Callback<Row>,
) -> Callback<KeyboardEvent> {
    let (registry, listing, shown, toggle) =
        (registry.clone(), listing.clone(), Rc::clone(shown), toggle.clone());
    grid_keys(at, shown.rows.len(), move |key| {
        let Some(row) = shown.rows.get(at).copied() else { return false };
        let to = match (key, row.inside, row.is_folded) {
            (GridKey::Right, Some(_), true)
            | (GridKey::Left, Some(_), false)
            | (GridKey::Open, Some(_), _) => {
                toggle.emit(row);
                return true;
            }
            (GridKey::Right, Some(_), false) => Some((at + 1).min(shown.rows.len() - 1)),
            (GridKey::Left, ..) => row.parent.map(|parent| parent as usize),
            (GridKey::Open, None, _) => {
                router::push(&route(&registry, &listing.name(row.name)));
                return true;
            }
            (GridKey::Go { to, .. }, ..) => Some(to),
            (GridKey::Right | GridKey::Toggle | GridKey::All | GridKey::Clear, ..) => None,
        };
        to.is_some_and(|to| {
            active.set(to);
            true
        })
    })
}

/// A row of the tree.
fn tree_row(row: Row, number: usize, is_active: bool, content: Html, onclick: Callback<MouseEvent>) -> Html {
    html! {
        <div
            key={number}
            id={format!("repositories-{number}")}
            role="treeitem"
            class={classes!("tree-row", is_active.then_some("is-active"), row.inside.map(|_| "tree-row--space"))}
            aria-level={row.level.to_string()}
            aria-setsize={row.siblings.to_string()}
            aria-posinset={row.position.to_string()}
            aria-expanded={row.inside.map(|_| (!row.is_folded).to_string())}
            aria-selected={is_active.to_string()}
            data-row=""
            {onclick}
        >
            { for (1..row.level).map(|_| html! { <span class="tree-row__indent" /> }) }
            { content }
        </div>
    }
}

fn route(registry: &Registry, name: &str) -> Route {
    Route::Explore { place: format!("{registry}/{name}") }
}

/// A namespace with what is in it, or a repository with its link.
fn content(registry: &Registry, name: &str, row: Row) -> Html {
    let shown = format::visible_name(&name[row.start as usize..row.length as usize]).into_owned();
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
        <a class="tree-row__link" href={format!("#{}", route(registry, name).to_path())} tabindex="-1" aria-label={format::visible_name(name).into_owned()}>{ shown }</a>
    }
}

/// Returns the number of repositories, in words.
fn count(listing: &Listing, shown: &VisibleRows<Tree>) -> String {
    let words = text().explore();
    let written = format::count(listing.len() as u64);
    let all = (words.count_repositories)(listing.len(), &written);
    match (listing.is_complete, listing.problem.is_some()) {
        (true, _) if shown.view().is_none_or(|tree| tree.filter.is_empty()) => all,
        (true, _) => {
            let some = shown.rows.iter().filter(|row| row.inside.is_none()).count();
            (words.some_of)(&format::count(some as u64), &all)
        }
        (false, true) => String::new(),
        (false, false) if listing.is_stopped => (words.stopped)(&all),
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
            <Link to={route(registry, name)}>{ (words.open_named)(name) }</Link>
        </p>
    }
}

/// A box for the name of a repository that is not listed.
#[component]
fn Named(props: &Props) -> Html {
    use_language();
    let input = use_node_ref();
    let words = text().explore();
    let onsubmit = {
        let (input, registry) = (input.clone(), props.registry.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(route) = route_within(&registry, &text_in(&input)) {
                router::push(&route);
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
