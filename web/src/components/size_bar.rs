//! A share of a whole, as a bar.

use yew::prelude::*;

/// Properties of [`SizeBar`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The share, in the unit of `whole`.
    pub part: u64,
    /// The whole.
    pub whole: u64,
}

/// A share of a whole, as a bar; the number itself stands beside it, so screen readers pass over the picture.
#[component]
pub fn SizeBar(props: &Props) -> Html {
    let share = (u128::from(props.part) * 10_000).checked_div(props.whole.into()).unwrap_or_default();
    // Any part above zero is visible.
    let width = if props.part == 0 { 0 } else { share.max(100) as u64 }.to_string();
    html! {
        <svg class="size-bar" viewBox="0 0 10000 8" preserveAspectRatio="none" aria-hidden="true">
            <rect height="8" {width} />
        </svg>
    }
}
