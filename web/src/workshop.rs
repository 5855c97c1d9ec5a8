//! The pages of the half that makes.

use yew::prelude::*;

use crate::{pages::compare::Compare, routes::Route};

/// Draws a page of this half.
pub fn page(route: Route) -> Option<Html> {
    Some(match route {
        Route::Compare { left, right } => html! { <Compare {left} {right} /> },
        _ => return None,
    })
}
