//! The chunk that shows repositories and tags.

use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

use super::Loaded;
use crate::{pages::explore::Explore, routes::Route};

/// Loads the chunk.
#[wasm_split(explore, fallible)]
pub fn load() -> Result<Loaded, SplitLoaderError> {
    Ok(Loaded { page, around: None })
}

fn page(route: Route) -> Html {
    let Route::Explore { place } = route else { return Html::default() };
    html! { <Explore {place} /> }
}
