//! The start page.

use std::rc::Rc;

use yew::prelude::*;
use yew_router::prelude::*;

use crate::{components::reference_box::ReferenceBox, routes::Route, state::settings::Settings};

/// One box for a reference, and images worth a look where the server names some.
#[component]
pub fn Start() -> Html {
    let settings = use_context::<Rc<Settings>>().expect("the app provides its settings");
    use_effect_with((), |()| super::inspect::set_title("Tallyman"));
    html! {
        <div class="hero">
            <h1>{ "What is in that image?" }</h1>
            <p class="hero__lead">
                { "Manifests and multi-architecture manifest lists, straight from the registry. Every digest is computed in this tab and compared with what the registry says." }
            </p>
            <ReferenceBox large=true />
            { below(&settings) }
        </div>
    }
}

/// Registries and samples, or, where the server names none, what to expect.
fn below(settings: &Settings) -> Html {
    html! {
        <>
            if !settings.registries.is_empty() {
                <section class="hero__section" aria-label="Registries">
                    <h2>{ "Explore" }</h2>
                    <p class="title__chips">
                        { for settings.registries.iter().map(|registry| html! {
                            <Link<Route> to={Route::Explore { place: registry.host().to_owned() }} classes="button">
                                <code>{ registry.host().to_owned() }</code>
                            </Link<Route>>
                        }) }
                    </p>
                </section>
            }
            if settings.samples.is_empty() {
                <section class="hero__section">
                    <h2>{ "Which registries work from here" }</h2>
                    <p class="soft">
                        { "Any registry that lets pages of other origins read from it (CORS). When one does not, the page says so and shows the lines that its configuration needs." }
                    </p>
                </section>
            } else {
                <section class="hero__section" aria-label="Samples">
                    <h2>{ "Worth a look" }</h2>
                    <ul class="samples">
                        { for settings.samples.iter().map(|sample| html! {
                            <li key={sample.reference.clone()}>
                                <a href={format!("#{}", Route::inspect(&sample.reference).to_path())} data-testid="sample-link">
                                    <code>{ &sample.reference }</code>
                                    <span>{ &sample.about }</span>
                                </a>
                            </li>
                        }) }
                    </ul>
                </section>
            }
        </>
    }
}
