//! The tags of a repository, with details of those in sight.

mod actions;
mod cells;
mod kept_selection;
mod order;
mod requests;
mod sorting;

use std::rc::Rc;

use tallyman_core::Reference;
use yew::prelude::*;

use crate::{
    browser::entry_state::use_entry_state,
    components::{
        filtered_panel::{FilteredPanel, use_search},
        grid_keys::{GridKey, grid_keys, is_of_control},
        row_focus::use_row_focus,
        selection::{Rows, Select, Selection},
        slow_notice::SlowNotice,
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
    router,
    routes::Route,
    state::listing::{
        Listing, ListingTarget,
        tag_details::{TagBook, use_tag_book},
        use_listing,
    },
    text::{text, use_language},
};
use actions::actions;
use kept_selection::use_kept_selection;
use order::{Order, Sort};
use requests::use_requests;
use sorting::{DATED_AT_ONCE, SortChoice, dating};

/// Other tags of the same image that a row names.
const ALIASES: usize = 4;

/// Properties of [`Tags`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The repository.
    pub of: Rc<Reference>,
}

/// The tags of a repository.
#[component]
pub fn Tags(props: &Props) -> Html {
    use_language();
    let place = use_node_ref();
    use_row_focus(&place);
    let of = &props.of;
    let listing = use_listing(&ListingTarget::Tags(Box::new((**of).clone())));
    let (book, version) = use_tag_book(of);
    let (filter, onfilter) = use_search();
    let (sort, dates_all) = (use_entry_state::<Sort>("sort"), use_state_eq(|| false));
    let selection = use_kept_selection(&listing);
    let order = Order::new(&filter, *sort, &book, version);
    let made = use_visible_rows(&listing, &order);
    let shown = Rc::clone(&made.rows);
    let dates = *sort == Sort::Date && (*dates_all || shown.len() <= DATED_AT_ONCE);
    let onview = use_requests(&book, &listing, &shown, dates);
    let at = selection.active.min(shown.len().saturating_sub(1));
    let onkeydown = use_keys(of, &listing, &shown, at, selection.dispatcher());
    let row = rows(RowData {
        of: Rc::clone(of),
        listing: listing.clone(),
        book: Rc::clone(&book),
        shown: Rc::clone(&shown),
        selection: selection.clone(),
        at,
    });
    let onsort = {
        let (sort, dates_all) = (sort.setter(), dates_all.setter());
        Callback::from(move |chosen| {
            dates_all.set(false);
            sort.set(chosen);
        })
    };
    let clear = {
        let selection = selection.dispatcher();
        Callback::from(move |()| selection.dispatch(Select::Clear))
    };
    let words = text().explore();
    html! {
        <div ref={place}>
            if let Some(failure) = &listing.problem {
                { problem::view(failure) }
            }
            if listing.is_silent() {
                <SlowNotice registry={of.registry().clone()} path={format!("/v2/{}/tags/list", of.repository())} />
            }
            if listing.is_complete && listing.len() == 0 && listing.problem.is_none() {
                <div class="empty" data-testid="no-tags">
                    <p class="strong">{ words.no_tags }</p>
                    <p>{ text().problem().no_tags_advice }</p>
                </div>
            } else if listing.problem.is_none() || listing.len() > 0 {
                <FilteredPanel label={words.tags} filter_label={words.filter_tags} filter={(*filter).clone()} {onfilter} count={count(&listing, &made)}
                    tools={html! { <>{ stop(&listing) }<SortChoice sort={*sort} {onsort} /></> }}>
                    if *sort == Sort::Date {
                        { dating(&book, shown.len(), |tag| order.shows(tag), *dates_all, &dates_all.setter()) }
                    }
                    if shown.is_empty() && made.is_all(&listing, &order) {
                        <p class="empty">{ words.none_fits }</p>
                    } else {
                        <Window id="tags" label={words.tags} shape={Shape::Grid} count={shown.len()} active={at} head={head()} {row} {onkeydown} {onview} />
                    }
                    { actions(of, &selected(of, &selection), clear) }
                    if listing.len() > 0 {
                        <p class="keys soft">{ words.keys }</p>
                    }
                </FilteredPanel>
            }
        </div>
    }
}

/// Returns the references of the selected tags.
fn selected(of: &Reference, selection: &Selection) -> Vec<String> {
    let tags = selection.selected.iter().filter_map(|tag| tag.parse().ok());
    tags.map(|tag| of.by_tag(tag).to_string()).collect()
}

/// The items of the rows: tags, by their names.
fn items(listing: &Listing, shown: &Rc<Vec<u32>>) -> Rows {
    let (count, listing, shown) = (shown.len(), listing.clone(), Rc::clone(shown));
    Rows { count, name: Rc::new(move |row| listing.with(|names| names.get(shown[row]).into())) }
}

/// The keyboard: arrows and the space bar select, Enter opens.
#[hook]
fn use_keys(
    of: &Rc<Reference>,
    listing: &Listing,
    shown: &Rc<Vec<u32>>,
    at: usize,
    selection: UseReducerDispatcher<Selection>,
) -> Callback<KeyboardEvent> {
    let (of, listing, shown) = (Rc::clone(of), listing.clone(), Rc::clone(shown));
    grid_keys(at, shown.len(), move |key| {
        let rows = items(&listing, &shown);
        selection.dispatch(match key {
            GridKey::Go { to, extend } => Select::Go { to, extend, rows },
            GridKey::Toggle => Select::Toggle { at, rows },
            GridKey::All => Select::All { rows },
            GridKey::Clear => Select::Clear,
            GridKey::Open => {
                let tag = shown.get(at).and_then(|number| listing.name(*number).parse().ok());
                let Some(tag) = tag else { return false };
                router::push(&Route::inspect(&of.by_tag(tag)));
                return true;
            }
            GridKey::Left | GridKey::Right => return false,
        });
        true
    })
}

/// The data of the rows.
struct RowData {
    of: Rc<Reference>,
    listing: Listing,
    book: Rc<TagBook>,
    shown: Rc<Vec<u32>>,
    selection: UseReducerHandle<Selection>,
    at: usize,
}

/// Returns the callback that draws a row.
fn rows(rows: RowData) -> Callback<usize, Html> {
    Callback::from(move |row: usize| {
        let RowData { of, listing, book, shown, selection, at } = &rows;
        let number = shown[row];
        let tag = listing.name(number);
        let is_selected = selection.selected.contains(tag.as_str());
        let onclick = {
            let (selection, rows) = (selection.dispatcher(), items(listing, shown));
            move |event: MouseEvent| {
                if is_of_control(&event) {
                    return;
                }
                let rows = rows.clone();
                selection.dispatch(if event.shift_key() {
                    Select::Go { to: row, extend: true, rows }
                } else {
                    Select::Toggle { at: row, rows }
                });
            }
        };
        let facts = book.facts(&tag);
        let (same, more) = book.aliases(&tag, ALIASES);
        html! {
            <div
                key={number}
                id={format!("tags-{row}")}
                role="row"
                class={classes!("tag-row", is_selected.then_some("is-picked"), (row == *at).then_some("is-active"))}
                aria-selected={is_selected.to_string()}
                aria-rowindex={(row + 2).to_string()}
                data-row=""
                data-tag={tag.clone()}
                {onclick}
            >
                <span role="gridcell" class="tag-row__pick"><span class="tick" aria-hidden="true" /></span>
                { cells::cells(of, &tag, facts.as_deref(), (&same[..], more)) }
            </div>
        }
    })
}

fn head() -> Html {
    let words = text().explore();
    let column = |class: &'static str, name: &'static str| html! { <span role="columnheader" {class} title={name}>{ name }</span> };
    html! {
        <div role="row" class="tag-row tag-row--head" aria-rowindex="1">
            <span role="columnheader" class="tag-row__pick"><span class="visually-hidden">{ words.column_pick }</span></span>
            { column("tag-row__tag", words.column_tag) }
            { column("tag-row__platforms", words.column_platforms) }
            { column("tag-row__size number", words.column_size) }
            { column("tag-row__created", words.column_created) }
            { column("tag-row__digest", words.column_digest) }
        </div>
    }
}

fn count(listing: &Listing, shown: &VisibleRows<Order>) -> String {
    let words = text().explore();
    let all = (words.count_tags)(listing.len(), &format::count(listing.len() as u64));
    match (listing.is_complete, listing.problem.is_some()) {
        (true, _) if shown.view().is_none_or(|order| order.filter.is_empty()) => all,
        (true, _) => (words.some_of)(&format::count(shown.rows.len() as u64), &all),
        (false, true) => String::new(),
        (false, false) if listing.is_stopped => (words.stopped)(&all),
        (false, false) => (words.so_far)(&all),
    }
}
