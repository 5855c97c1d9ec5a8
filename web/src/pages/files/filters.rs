//! The search, the filters and the order of the rows.

use tallyman_files_worker::{Change, Owner};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::address::{Address, Step};
use crate::{
    format,
    text::{text, use_language},
};

/// The least sizes that are offered, in bytes.
const SIZES: [u64; 5] = [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Properties of [`Filters`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The search and the filters.
    pub address: Address,
    /// Changes it.
    pub change: Callback<(Address, Step)>,
    /// The owners of files.
    pub owners: Vec<Owner>,
    /// The differences of two images are shown.
    pub is_pair: bool,
    /// The number of rows, and of files and directories that match.
    pub count: (usize, Option<u32>),
    /// All directories are open.
    pub all_open: bool,
    /// Opens or closes all directories.
    pub onall: Callback<bool>,
}

/// The search, the filters and the order of the rows.
#[component]
pub fn Filters(props: &Props) -> Html {
    use_language();
    let words = text().files();
    let Props { address, change, .. } = props;
    let set = {
        let change = change.clone();
        move |address: Address| change.emit((address, Step::Same))
    };
    let onsearch = {
        let (address, set) = (address.clone(), set.clone());
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                set(Address { search: input.value(), ..address.clone() });
            }
        }
    };
    let button = |is_on: bool,
                  label: &'static str,
                  title: Option<&'static str>,
                  testid: String,
                  next: Address| {
        let set = set.clone();
        let onclick = move |_: MouseEvent| set(next.clone());
        html! {
            <button class={classes!("files__switch", is_on.then_some("is-on"))} type="button" aria-pressed={is_on.to_string()} {title} {onclick} data-testid={testid}>
                { label }
            </button>
        }
    };
    let changes = address.changes();
    let kinds = Change::ALL.into_iter().filter(|change| props.is_pair || *change != Change::Metadata);
    let is_narrowed = address.is_filtered() || !address.search.is_empty();
    let clear = {
        let (address, set) = (address.clone(), set.clone());
        move |_: MouseEvent| set(address.unfiltered())
    };
    let onall = {
        let (onall, all_open) = (props.onall.clone(), props.all_open);
        move |_: MouseEvent| onall.emit(!all_open)
    };
    let (rows, matches) = props.count;
    let count = match matches {
        Some(matches) => (words.matches)(matches as usize, &format::count(matches.into())),
        None => (words.rows)(rows, &format::count(rows as u64)),
    };
    html! {
        <div class="files__bar">
            <div class="files__bar-row">
                <label class="reference-box filter">
                    <span class="visually-hidden">{ words.search }</span>
                    <input type="search" value={address.search.clone()} placeholder={words.search} autocapitalize="none" autocomplete="off" spellcheck="false" oninput={onsearch} data-testid="files-search" />
                </label>
                <p class="soft" role="status" data-testid="files-count">{ count }</p>
                if rows > 0 {
                    <button class="button" type="button" onclick={onall} data-testid="files-expand">{ if props.all_open { words.collapse_all } else { words.expand_all } }</button>
                }
                if is_narrowed {
                    <button class="button" type="button" onclick={clear} data-testid="files-clear">{ words.clear }</button>
                }
            </div>
            <div class="files__bar-row" role="group" aria-label={words.filters}>
                { for kinds.map(|change| button(changes.contains(&change), (words.change)(change), None, format!("files-{}", change.as_str()), address.toggled(change))) }
                { button(address.setid, words.sets_id, Some(words.sets_id_about), "files-setid".to_owned(), Address { setid: !address.setid, ..address.clone() }) }
                { sizes(address, change) }
                if !props.is_pair {
                    { owners(address, change, &props.owners) }
                }
                { button(address.largest, words.largest, None, "files-largest".to_owned(), Address { largest: !address.largest, ..address.clone() }) }
            </div>
        </div>
    }
}

/// The choice of a least size.
fn sizes(address: &Address, change: &Callback<(Address, Step)>) -> Html {
    let words = text().files();
    let onchange = on_select(address, change, |address, value| Address {
        size: value.parse().unwrap_or_default(),
        ..address.clone()
    });
    html! {
        <select class="field" aria-label={words.size_min} {onchange} data-testid="files-size">
            <option value="" selected={address.size == 0}>{ words.any_size }</option>
            { for SIZES.map(|size| html! {
                <option value={size.to_string()} selected={address.size == size}>{ (words.at_least)(&format::bytes(size)) }</option>
            }) }
        </select>
    }
}

/// The choice of an owner.
fn owners(address: &Address, change: &Callback<(Address, Step)>, owners: &[Owner]) -> Html {
    let words = text().files();
    let onchange = on_select(address, change, |address, owner| Address { owner, ..address.clone() });
    html! {
        <select class="field" aria-label={words.owner} {onchange} data-testid="files-owner">
            <option value="" selected={address.owner.is_empty()}>{ words.any_owner }</option>
            { for owners.iter().map(|owner| html! {
                <option value={owner.key.clone()} selected={address.owner == owner.key}>{ owner_label(owner) }</option>
            }) }
        </select>
    }
}

/// Returns the listener of a choice: `with` makes the address of what is chosen.
fn on_select(
    address: &Address,
    change: &Callback<(Address, Step)>,
    with: fn(&Address, String) -> Address,
) -> Callback<Event> {
    let (address, change) = (address.clone(), change.clone());
    Callback::from(move |event: Event| {
        if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
            change.emit((with(&address, select.value()), Step::Same));
        }
    })
}

fn owner_label(owner: &Owner) -> String {
    let name =
        if owner.name.is_empty() { String::new() } else { format!(" {}", format::visible(&owner.name)) };
    format!("{}{name} ({})", owner.key, format::count(owner.count.into()))
}
