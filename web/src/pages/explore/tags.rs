//! The tags of a repository: what each points to, asked for those on screen.

use std::{cmp::Ordering, collections::HashMap, rc::Rc};

use gloo_timers::callback::Timeout;
use tallyman_core::Reference;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;
use yew_router::prelude::*;

use super::{
    picks::{Pick, Picks},
    tag_row,
};
use crate::{
    components::{
        copy::Copy,
        window::{Shape, Window, moved},
    },
    format,
    pages::{delete::DeleteLink, problem},
    routes::Route,
    state::listing::{
        Listing, ListingTarget,
        tag_details::{Depth, TagBook, use_tag_book},
        use_listing,
    },
    text::text,
};

/// While dates come in, the order is made anew after so many changes.
const CHANGES: u32 = 60;
/// So many tags are dated without asking.
const DATED_AT_ONCE: usize = 200;

/// Properties of [`Tags`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The repository.
    pub of: Rc<Reference>,
}

/// The order of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Down,
    Up,
    Date,
}

/// What is on screen.
#[derive(Default)]
struct Seen {
    /// The first row, and the one behind the last.
    view: (usize, usize),
    /// What is about to be asked for.
    asking: Option<Timeout>,
}

/// The tags of a repository.
#[component]
pub fn Tags(props: &Props) -> Html {
    let listing = use_listing(&ListingTarget::Tags(Box::new((*props.of).clone())));
    let (book, version) = use_tag_book(&props.of);
    let (filter, sort) = (use_state(String::new), use_state_eq(|| Sort::Down));
    let picks = use_reducer(Picks::default);
    // No state: scrolling alone draws nothing anew but the rows.
    let seen = use_mut_ref(Seen::default);
    let dates_all = use_state_eq(|| false);
    let navigator = use_navigator();
    let words = text().explore();

    // Sorted by date, the order changes with what is known; otherwise it does not.
    let known = match *sort {
        Sort::Date if book.waiting() > 0 => version / CHANGES + 1,
        Sort::Date => version,
        Sort::Up | Sort::Down => 0,
    };
    let shown = {
        let book = Rc::clone(&book);
        use_memo((listing.clone(), (*filter).clone(), *sort, known), move |(listing, filter, sort, _)| {
            Rc::new(order(listing, filter, *sort, &book))
        })
    };
    let shown: Rc<Vec<u32>> = Rc::clone(&shown);
    let dates = *sort == Sort::Date && (*dates_all || shown.len() <= DATED_AT_ONCE);
    let ask = {
        // What is on screen comes first. For an order by date the others follow, where there are few or it is wanted.
        let (book, listing, shown) = (Rc::clone(&book), listing.clone(), Rc::clone(&shown));
        move |(first, last): (usize, usize)| {
            let (book, listing, shown) = (Rc::clone(&book), listing.clone(), Rc::clone(&shown));
            let (first, last) = (first.min(shown.len()), last.min(shown.len()));
            // What is only passing by is not worth a request.
            Timeout::new(120, move || {
                let named = |number: &u32| (*number, listing.name(*number));
                book.want(shown[first..last].iter().map(named), Depth::Row);
                if dates {
                    book.want_too(shown.iter().map(named), Depth::Date);
                }
            })
        }
    };
    {
        let (ask, seen) = (ask.clone(), Rc::clone(&seen));
        use_effect_with((Rc::clone(&shown), dates, Rc::as_ptr(&book)), move |_| {
            let view = seen.borrow().view;
            seen.borrow_mut().asking = Some(ask(view));
            move || seen.borrow_mut().asking = None
        });
    }
    let aliases = {
        let (book, listing) = (Rc::clone(&book), listing.clone());
        use_memo((version, listing.len(), Rc::as_ptr(&book)), move |_| aliases(&book, &listing))
    };

    let at = picks.active.min(shown.len().saturating_sub(1));
    let row = {
        let (shown, listing, book, of) =
            (Rc::clone(&shown), listing.clone(), Rc::clone(&book), Rc::clone(&props.of));
        let (picks, aliases) = (picks.clone(), Rc::clone(&aliases));
        Callback::from(move |row: usize| {
            let number = shown[row];
            let is_picked = picks.picked.contains(&number);
            let onclick = {
                let (picks, shown) = (picks.dispatcher(), Rc::clone(&shown));
                move |event: MouseEvent| {
                    if event.target_dyn_into::<web_sys::HtmlAnchorElement>().is_some() {
                        return;
                    }
                    let rows = Rc::clone(&shown);
                    picks.dispatch(if event.shift_key() {
                        Pick::Go { to: row, extend: true, rows }
                    } else {
                        Pick::Toggle { at: row, rows }
                    });
                }
            };
            let tag = listing.name(number);
            let facts = book.facts(number);
            let same = facts.as_ref().and_then(|facts| aliases.get(facts.digest()?.as_str()));
            let same: Vec<String> =
                same.into_iter().flatten().filter(|other| **other != tag).take(4).cloned().collect();
            html! {
                <div
                    key={number}
                    id={format!("tags-{row}")}
                    role="row"
                    class={classes!("tag-row", is_picked.then_some("is-picked"), (row == at).then_some("is-active"))}
                    aria-selected={is_picked.to_string()}
                    aria-rowindex={(row + 2).to_string()}
                    data-row=""
                    data-tag={tag.clone()}
                    {onclick}
                >
                    <span role="gridcell" class="tag-row__pick"><span class="tick" aria-hidden="true" /></span>
                    { tag_row::cells(&of, &tag, facts.as_deref(), &same) }
                </div>
            }
        })
    };
    let onkeydown = {
        let (shown, listing, of, picks) =
            (Rc::clone(&shown), listing.clone(), Rc::clone(&props.of), picks.dispatcher());
        Callback::from(move |event: KeyboardEvent| {
            let rows = Rc::clone(&shown);
            let key = event.key();
            let with_control = event.ctrl_key() || event.meta_key();
            let pick = match key.as_str() {
                " " => Pick::Toggle { at, rows },
                "a" if with_control => Pick::All { rows },
                "Escape" => Pick::Clear,
                "Enter" => {
                    let tag = rows.get(at).map(|number| listing.name(*number));
                    if let Some((tag, navigator)) =
                        tag.and_then(|tag| tag.parse().ok()).zip(navigator.as_ref())
                    {
                        event.prevent_default();
                        navigator.push(&Route::inspect(&of.by_tag(tag)));
                    }
                    return;
                }
                key => match moved(key, at, rows.len()) {
                    Some(to) => Pick::Go { to, extend: event.shift_key(), rows },
                    None => return,
                },
            };
            event.prevent_default();
            picks.dispatch(pick);
        })
    };
    let oninput = {
        let filter = filter.setter();
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                filter.set(input.value());
            }
        }
    };
    let onsort = {
        let (sort, dates_all) = (sort.setter(), dates_all.setter());
        move |event: Event| {
            let chosen = event.target_dyn_into::<HtmlSelectElement>().map(|select| select.value());
            dates_all.set(false);
            sort.set(match chosen.as_deref() {
                Some("up") => Sort::Up,
                Some("date") => Sort::Date,
                _ => Sort::Down,
            });
        }
    };
    let onview = Callback::from(move |view| {
        *seen.borrow_mut() = Seen { view, asking: Some(ask(view)) };
    });
    let chosen: Vec<String> = picks
        .picked
        .iter()
        .filter_map(|number| Some(props.of.by_tag(listing.name(*number).parse().ok()?).to_string()))
        .collect();
    let clear = {
        let picks = picks.dispatcher();
        Callback::from(move |()| picks.dispatch(Pick::Clear))
    };
    html! {
        <>
            if let Some(failure) = &listing.problem {
                { problem::view(failure) }
            }
            if listing.problem.is_none() || listing.len() > 0 {
                <section class="panel" aria-label={words.tags}>
                    <div class="panel__head">
                        <label class="reference-box filter">
                            <span class="visually-hidden">{ words.filter_tags }</span>
                            <input type="search" placeholder={words.filter_tags} autocapitalize="none" spellcheck="false" {oninput} data-testid="filter" />
                        </label>
                        <div class="panel__tools">
                            <p class="soft" role="status" data-testid="count">{ told(&listing, &filter, shown.len()) }</p>
                            <select class="language" aria-label={words.sort} onchange={onsort} data-testid="sort">
                                <option value="down" selected={*sort == Sort::Down}>{ words.sort_down }</option>
                                <option value="up" selected={*sort == Sort::Up}>{ words.sort_up }</option>
                                <option value="date" selected={*sort == Sort::Date}>{ words.sort_date }</option>
                            </select>
                        </div>
                    </div>
                    if *sort == Sort::Date {
                        { dating(&book, &shown, *dates_all, &dates_all.setter()) }
                    }
                    if shown.is_empty() && listing.is_complete {
                        <p class="empty">{ if listing.len() == 0 { words.no_tags } else { words.none_fits } }</p>
                    } else {
                        <Window id="tags" label={words.tags} shape={Shape::Grid} count={shown.len()} active={at} head={head()} {row} {onkeydown} {onview} />
                    }
                    { actions(&props.of, &chosen, clear) }
                    <p class="keys soft">{ words.keys }</p>
                </section>
            }
        </>
    }
}

/// The numbers of the tags that have `filter` in them.
fn order(listing: &Listing, filter: &str, sort: Sort, book: &TagBook) -> Vec<u32> {
    let filter = filter.trim().to_ascii_lowercase();
    let fits = |tag: &str| {
        filter.is_empty()
            || tag.as_bytes().windows(filter.len()).any(|part| part.eq_ignore_ascii_case(filter.as_bytes()))
    };
    listing.with(|names| {
        let mut order: Vec<u32> =
            names.order().iter().copied().filter(|number| fits(names.get(*number))).collect();
        if sort != Sort::Up {
            order.reverse();
        }
        if sort == Sort::Date {
            // What has no date, or none yet, comes last, in the order of the names.
            let (mut dated, mut others) = (Vec::new(), Vec::new());
            for number in order {
                match book.facts(number).and_then(|facts| facts.moment()) {
                    Some(moment) => dated.push((moment, number)),
                    None => others.push(number),
                }
            }
            dated.sort_by(|(left, _), (right, _)| right.total_cmp(left));
            order = dated.into_iter().map(|(_, number)| number).chain(others).collect();
        }
        order
    })
}

/// The tags of each digest that more than one is known to point to.
fn aliases(book: &TagBook, listing: &Listing) -> HashMap<String, Vec<String>> {
    let mut by_digest: HashMap<String, Vec<u32>> = HashMap::new();
    for (number, facts) in book.all() {
        if let Some(digest) = facts.digest() {
            by_digest.entry(digest.to_string()).or_default().push(number);
        }
    }
    by_digest.retain(|_, numbers| numbers.len() > 1);
    let named = |numbers: Vec<u32>| {
        let mut names: Vec<String> = numbers.into_iter().map(|number| listing.name(number)).collect();
        names.sort_by(|left, right| match left.len().cmp(&right.len()) {
            Ordering::Equal => left.cmp(right),
            order => order,
        });
        names
    };
    by_digest.into_iter().map(|(digest, numbers)| (digest, named(numbers))).collect()
}

fn head() -> Html {
    let words = text().explore();
    let column =
        |class: &'static str, name: &'static str| html! { <span role="columnheader" {class}>{ name }</span> };
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

fn told(listing: &Listing, filter: &str, shown: usize) -> String {
    let words = text().explore();
    let all = (words.count_tags)(listing.len(), &format::count(listing.len() as u64));
    match (listing.is_complete, listing.problem.is_some()) {
        (true, _) if filter.trim().is_empty() => all,
        (true, _) => (words.some_of)(&format::count(shown as u64), &all),
        (false, true) => String::new(),
        (false, false) => (words.so_far)(&all),
    }
}

/// How many dates are known, and how to get the others.
fn dating(book: &Rc<TagBook>, shown: &[u32], asks: bool, set: &UseStateSetter<bool>) -> Html {
    let words = text().explore();
    let is_known = |number: &&u32| {
        book.facts(**number)
            .is_some_and(|facts| !matches!(facts.created, crate::state::inspection::Loadable::Loading))
    };
    let known = shown.iter().filter(is_known).count();
    let count = |number: usize| format::count(number as u64);
    let change = |to: bool| {
        let set = set.clone();
        move |_: MouseEvent| set.set(to)
    };
    html! {
        <p class="dating soft" data-testid="dating">
            <span role="status">{ (words.dated)(&count(known), &count(shown.len())) }</span>
            if known < shown.len() && asks {
                <button class="button" type="button" onclick={change(false)}>{ words.stop }</button>
            } else if shown.len() > DATED_AT_ONCE && known < shown.len() {
                <button class="button" type="button" onclick={change(true)}>{ (words.date_all)(&count(shown.len() - known)) }</button>
            }
        </p>
    }
}

/// What can be done with the references that are picked.
fn actions(of: &Reference, chosen: &[String], clear: Callback<()>) -> Html {
    let words = text().explore();
    if chosen.is_empty() {
        return html! {};
    }
    let onclear = move |_: MouseEvent| clear.emit(());
    html! {
        <div class="actions" role="region" aria-label={words.actions} data-testid="actions" data-repository={of.name()}>
            <strong role="status">{ (words.picked)(chosen.len()) }</strong>
            if let [left, right] = chosen {
                <Link<Route> classes="button button--main" to={Route::Compare { left: left.clone(), right: right.clone() }}>{ words.compare }</Link<Route>>
            } else {
                <span class="soft">{ words.compare_two }</span>
            }
            <Link<Route> classes="button" to={Route::Build { list: String::new(), sources: chosen.to_vec() }}>{ text().build().of_picked }</Link<Route>>
            <Copy text={chosen.join("\n")} what={words.references} />
            <button class="button" type="button" onclick={onclear}>{ words.clear }</button>
            <DeleteLink place={of.name()} tags={chosen.iter().filter_map(|tag| tag.rsplit_once(':')).map(|(_, tag)| tag.to_owned()).collect::<Vec<_>>()} />
        </div>
    }
}
