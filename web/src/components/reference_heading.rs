//! A reference as a heading or link.

use tallyman_core::Reference;
use yew::prelude::*;

/// Returns the reference with line-break opportunities after its slashes.
pub fn reference_heading(reference: &Reference) -> Html {
    let full = reference.to_string();
    full.split_inclusive(['/', '@']).map(|part| html! { <>{ part.to_owned() }<wbr /></> }).collect()
}
