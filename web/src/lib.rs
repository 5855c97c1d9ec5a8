//! The Tallyman app: registries, images and manifest lists in a browser tab.
//!
//! It comes in two halves, each a program of its own: the [explorer] looks, and is what a first visit loads; the
//! [workshop] makes, and comes when an address first needs it. Both have the same frame. The page's address says which
//! of them is seen.

mod app;
mod components;
mod explorer;
mod format;
mod pages;
mod routes;
mod state;
mod text;
mod workshop;

use std::rc::Rc;

/// Starts the half that looks.
pub fn explorer() {
    start("explorer", explorer::page.into(), (|pages| pages).into());
}

/// Starts the half that makes.
pub fn workshop() {
    start("workshop", workshop::page.into(), workshop::around.into());
}

/// Draws the half with these pages into the element of this name.
fn start(name: &'static str, pages: app::Pages, around: app::Around) {
    wasm_bindgen_futures::spawn_local(async move {
        let settings = Rc::new(state::settings::fetch().await);
        let place = web_sys::window().and_then(|window| window.document()?.get_element_by_id(name));
        let place = place.expect("index.html has an element for each half");
        settings.theme.apply();
        // What index.html shows until now is the same header; the app draws its own in its place.
        place.set_inner_html("");
        yew::Renderer::<app::App>::with_root_and_props(place, app::Props { settings, pages, around })
            .render();
    });
}
