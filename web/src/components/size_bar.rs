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
    let share = if props.whole == 0 { 0.0 } else { props.part as f64 / props.whole as f64 * 100.0 };
    // Any part above zero is visible.
    let width = format!("{:.2}", if props.part == 0 { 0.0 } else { share.max(1.0) });
    html! {
        <svg class="size-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect height="8" {width} />
        </svg>
    }
}
