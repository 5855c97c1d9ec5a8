//! The Tallyman app: registries, images and manifest lists in a browser tab.
//!
//! One program in several [chunks]: the frame and the start page are loaded first, the rest when an address needs it.

mod app;
mod browser;
mod chunks;
mod components;
mod format;
mod pages;
mod router;
mod routes;
mod state;
mod text;

use std::rc::Rc;

/// Draws the app into the page.
fn main() {
    wasm_bindgen_futures::spawn_local(async {
        // Making the program ready was one task, what it begins with is the next.
        browser::scheduler::next_task().await;
        let address = web_sys::window().and_then(|window| window.location().hash().ok());
        chunks::begin(address.as_deref().unwrap_or_default());
        let settings = Rc::new(state::registries::settings::fetch().await);
        settings.theme.start();
        // The settings were one task, drawing is the next.
        browser::scheduler::next_task().await;
        let place = browser::first_form::place_for_app();
        yew::Renderer::<app::App>::with_root_and_props(place, app::Props { settings }).render();
    });
}
