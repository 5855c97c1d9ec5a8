//! A list of any length, of which only the rows on screen exist.

use web_sys::HtmlElement;
use yew::prelude::*;

/// Height of a row in CSS pixels; the style sheet says the same.
const ROW: i32 = 40;
/// Rows beyond the edges, so that a quick scroll does not show gaps.
const MARGIN: usize = 8;

/// Properties of [`WindowList`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// What the list is, for screen readers.
    pub label: AttrValue,
    /// How many rows there are.
    pub count: usize,
    /// Draws a row.
    pub row: Callback<usize, Html>,
}

/// A list of any length, of which only the rows on screen exist.
#[component]
pub fn WindowList(props: &Props) -> Html {
    let place = use_node_ref();
    // Where the list is scrolled to, and how much of it fits, in CSS pixels.
    let view = use_state_eq(|| (0_i32, 800_i32));
    let look = {
        let (place, view) = (place.clone(), view.setter());
        move || {
            if let Some(place) = place.cast::<HtmlElement>() {
                view.set((place.scroll_top(), place.client_height()));
            }
        }
    };
    {
        let look = look.clone();
        use_effect_with((), move |()| look());
    }
    let onscroll = move |_: Event| look();

    let (top, height) = *view;
    let at = |pixels: i32| usize::try_from(pixels / ROW).unwrap_or_default();
    let first = at(top).saturating_sub(MARGIN).min(props.count);
    let last = (at(top + height) + 1 + MARGIN).min(props.count);
    html! {
        <div ref={place} class="window" tabindex="0" role="region" aria-label={props.label.clone()} {onscroll}>
            { space(first) }
            <ul class="window__rows" aria-label={props.label.clone()}>
                { for (first..last).map(|at| html! {
                    <li key={at} aria-setsize={props.count.to_string()} aria-posinset={(at + 1).to_string()}>{ props.row.emit(at) }</li>
                }) }
            </ul>
            { space(props.count - last) }
        </div>
    }
}

/// As much room as this many rows would take.
fn space(rows: usize) -> Html {
    let height = i32::try_from(rows).unwrap_or(i32::MAX / ROW).saturating_mul(ROW);
    html! { <svg class="window__space" width="1" height={height.to_string()} aria-hidden="true" /> }
}
