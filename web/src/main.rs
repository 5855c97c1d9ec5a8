//! The Tallyman app: registries, images and manifest lists in a browser tab.

mod app;
mod components;
mod format;
mod pages;
mod routes;
mod state;
mod text;

use std::rc::Rc;

fn main() {
    wasm_bindgen_futures::spawn_local(start());
}

async fn start() {
    let settings = Rc::new(state::settings::fetch().await);
    let place = web_sys::window().and_then(|window| window.document()?.get_element_by_id("app"));
    let place = place.expect("index.html has the element #app");
    settings.theme.apply();
    // What index.html shows until now is the same header; the app draws its own in its place.
    place.set_inner_html("");
    yew::Renderer::<app::App>::with_root_and_props(place, app::Props { settings }).render();
}
