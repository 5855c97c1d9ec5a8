//! The start page.

use std::rc::Rc;

use yew::prelude::*;

use super::use_title;
use crate::{
    browser::scheduler::later::Later,
    components::{reference_box::ReferenceBox, row_focus::focus_heading},
    router::Link,
    routes::Route,
    state::{
        inspection::recents,
        lists::name_cache::{ListNames, use_list_names},
        registries::{accounts::Account, samples, settings::Settings, use_registries, use_revision},
    },
    text::{text, use_language},
};

/// One box for anything; what was looked at lately, local lists, registries, and samples where the server names some.
#[component]
pub fn Start() -> Html {
    use_language();
    let settings = use_context::<Rc<Settings>>().expect("the app provides its settings");
    let registries = use_registries();
    use_revision();
    let recent = use_state(recents::all);
    let listed = use_list_names();
    let words = text().start();
    use_title("");
    let forget = {
        let recent = recent.setter();
        move |_: MouseEvent| {
            recents::forget();
            recent.set(Vec::new());
            // The button goes with them.
            focus_heading();
        }
    };
    let accounts = registries.accounts().list();
    html! {
        <div class="hero">
            <h1>{ words.title }</h1>
            <p class="hero__lead">{ words.lead }</p>
            <ReferenceBox large=true />
            <p class="soft hero__hint">{ words.box_hint }</p>
            <Later>
                if !recent.is_empty() {
                    <section class="hero__section" aria-label={words.recent} data-testid="recents">
                        <h2>{ words.recent }</h2>
                        <ul class="lines">
                            { for recent.iter().map(|reference| html! {
                                <li key={reference.clone()}><Link to={Route::inspect(reference)}><code>{ reference }</code></Link></li>
                            }) }
                        </ul>
                        <button class="button button--quiet" type="button" onclick={forget}>{ words.forget }</button>
                    </section>
                }
                { lists(&listed) }
                { known(&accounts) }
                { samples(&settings) }
            </Later>
        </div>
    }
}

/// The local lists that were changed last.
fn lists(listed: &ListNames) -> Html {
    let words = text().start();
    html! {
        if !listed.names.is_empty() {
            <section class="hero__section" aria-label={words.lists} data-testid="local-lists">
                <h2>{ words.lists }</h2>
                <ul class="lines">
                    { for listed.names.iter().map(|name| html! {
                        <li key={name.clone()}><Link to={Route::build(name)}><code>{ name }</code></Link></li>
                    }) }
                </ul>
                <Link to={Route::Lists} classes="button button--quiet">
                    if listed.count > listed.names.len() {
                        { (words.all_lists)(listed.count) }
                    } else {
                        { words.manage_lists }
                    }
                </Link>
            </section>
        }
    }
}

/// The registries that have settings.
fn known(accounts: &[Account]) -> Html {
    let words = text().start();
    html! {
        <section class="hero__section" aria-label={words.registries}>
            <h2>{ words.registries }</h2>
            <p class="title__chips">
                { for accounts.iter().map(|account| html! {
                    <Link to={Route::Explore { place: account.host.clone() }} classes="button">
                        <code>{ &account.host }</code>
                    </Link>
                }) }
                <Link to={Route::Registries} classes="button button--quiet">{ words.manage }</Link>
            </p>
        </section>
    }
}

/// Samples: those that the server names, else the app's own.
fn samples(settings: &Settings) -> Html {
    let words = text().start();
    let of_server = settings.samples.iter().map(|sample| (sample.reference.clone(), sample.about.clone()));
    let own = samples::OFFERED.into_iter().zip(words.own_samples);
    let own = own.map(|(name, about)| (format!("{}/{name}", samples::HOST), about.to_owned()));
    let shown: Vec<(String, String)> =
        if settings.samples.is_empty() { own.collect() } else { of_server.collect() };
    html! {
        <section class="hero__section" aria-label={words.samples}>
            <h2>{ words.samples }</h2>
            <ul class="samples">
                { for shown.iter().map(|(reference, about)| html! {
                    <li key={reference.clone()}>
                        <a href={format!("#{}", Route::inspect(reference).to_path())} data-testid="sample-link">
                            <code>{ reference }</code>
                            <span>{ about }</span>
                        </a>
                    </li>
                }) }
            </ul>
            if settings.samples.is_empty() {
                <p class="soft">{ words.own_samples_about }</p>
            }
        </section>
    }
}
