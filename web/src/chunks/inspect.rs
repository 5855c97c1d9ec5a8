//! The chunk that shows one manifest.

use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

use super::Loaded;
use crate::{pages::inspect::Inspect, routes::Route};

/// Loads the chunk.
#[wasm_split(inspect, fallible)]
pub fn load() -> Result<Loaded, SplitLoaderError> {
    Ok(Loaded { page, around: None })
}

fn page(route: Route) -> Html {
    let Route::Inspect { reference } = route else { return Html::default() };
    html! { <Inspect {reference} /> }
}
