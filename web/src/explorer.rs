//! The pages of the half that looks.

use yew::prelude::*;

use crate::{
    pages::{explore::Explore, inspect::Inspect, not_found::NotFound, registries::Registries, start::Start},
    routes::Route,
};

/// Draws a page of this half.
pub fn page(route: Route) -> Option<Html> {
    Some(match route {
        Route::Start => html! { <Start /> },
        Route::Inspect { reference } => html! { <Inspect {reference} /> },
        Route::Explore { place } => html! { <Explore {place} /> },
        Route::Registries => html! { <Registries /> },
        Route::NotFound { path } => html! { <NotFound {path} /> },
        Route::Compare { .. }
        | Route::Lists
        | Route::Build { .. }
        | Route::Push { .. }
        | Route::Delete { .. }
        | Route::Command
        | Route::Import { .. } => return None,
    })
}
