//! Boxes that are checked or not.

use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Keeps in `state` whether a box is checked.
pub fn checked_into(state: &UseStateHandle<bool>) -> impl Fn(Event) + 'static {
    let state = state.setter();
    move |event: Event| {
        if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
            state.set(input.checked());
        }
    }
}
