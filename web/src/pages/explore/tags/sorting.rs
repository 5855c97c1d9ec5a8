//! The choice of the order of tags, and the progress of asking for dates.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::order::Sort;
use crate::{
    format,
    state::listing::tag_details::TagBook,
    text::{text, use_language},
};

/// Tags whose dates are asked for without a click.
pub const DATED_AT_ONCE: usize = 200;

/// Properties of [`SortChoice`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The order.
    pub sort: Sort,
    /// Receives the chosen order.
    pub onsort: Callback<Sort>,
}

/// The choice of the order of tags.
#[component]
pub fn SortChoice(props: &Props) -> Html {
    use_language();
    let Props { sort, onsort } = props;
    let onchange = {
        let onsort = onsort.clone();
        move |event: Event| {
            let Some(select) = event.target_dyn_into::<HtmlSelectElement>() else { return };
            onsort.emit(select.value().parse().unwrap_or_default());
        }
    };
    let words = text().explore();
    html! {
        <select class="language" aria-label={words.sort} {onchange} data-testid="sort">
            <option value="down" selected={*sort == Sort::Down}>{ words.sort_down }</option>
            <option value="up" selected={*sort == Sort::Up}>{ words.sort_up }</option>
            <option value="date" selected={*sort == Sort::Date}>{ words.sort_date }</option>
        </select>
    }
}

/// Shows of how many of the `shown` tags the date is known, and the button that asks for the others. `is_shown` tells by its name
/// whether a tag is one of them.
pub fn dating(
    book: &TagBook,
    shown: usize,
    is_shown: impl Fn(&str) -> bool,
    asks: bool,
    set: &UseStateSetter<bool>,
) -> Html {
    let words = text().explore();
    let (asked, known) = book.dated(is_shown);
    // Fewer are known than there are.
    let (asked, known) = (asked.min(shown), known.min(shown));
    let count = |number: usize| format::count(number as u64);
    let change = |to: bool| {
        let set = set.clone();
        move |_: MouseEvent| set.set(to)
    };
    html! {
        <p class="dating soft" data-testid="dating">
            <span role="status">{ (words.dated)(&count(known), &count(shown)) }</span>
            if asked < shown && asks {
                <button class="button" type="button" onclick={change(false)}>{ words.stop }</button>
            } else if shown > DATED_AT_ONCE && asked < shown {
                <button class="button" type="button" onclick={change(true)}>{ (words.date_all)(&count(shown - asked)) }</button>
            }
        </p>
    }
}
