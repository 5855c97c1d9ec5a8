//! The frame around every page: header with the reference box, and the page that the address names.

use std::{rc::Rc, time::Duration};

use tallyman_registry::Event;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    components::{
        icon::Icon, language_choice::LanguageChoice, reference_box::ReferenceBox, toast::ToastPlace,
    },
    pages::{
        compare::Compare, explore::Explore, inspect::Inspect, not_found::NotFound, open::Open,
        registries::Registries as RegistriesPage, start::Start,
    },
    routes::Route,
    state::{
        language,
        registry::{Registries, Revision},
        settings::Settings,
    },
    text::{Language, text},
};

/// How much longer than a wait its notice is shown.
const LINGER: Duration = Duration::from_secs(3);

/// Properties of [`App`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// What the app was served with.
    pub settings: Rc<Settings>,
}

/// The whole app.
#[component]
pub fn App(props: &Props) -> Html {
    let notice = use_state(AttrValue::default);
    let spoken = use_state_eq(language::start);
    let onlanguage = {
        let spoken = spoken.setter();
        Callback::from(move |wanted| {
            language::choose(wanted);
            spoken.set(wanted);
        })
    };
    let revision = use_reducer(Revision::default);
    let registries = use_memo(props.settings.clone(), |settings| {
        let (notice, revision) = (notice.setter(), revision.dispatcher());
        Registries::new(settings, move |event| tell(event, &notice), move |()| revision.dispatch(()))
    });
    html! {
        <ContextProvider<Rc<Registries>> context={registries}>
            <ContextProvider<Revision> context={*revision}>
            <ContextProvider<Rc<Settings>> context={props.settings.clone()}>
                <HashRouter key={spoken.tag()}>
                  <ToastPlace>
                    <a class="skip" href="#content" onclick={Callback::from(|event| skip_to_content(&event))}>{ text().frame.skip }</a>
                    <Header spoken={*spoken} {onlanguage} />
                    <p class="notice" role="status" data-testid="notice">{ &*notice }</p>
                    <main class="page" id="content" tabindex="-1">
                        <Switch<Route> render={page} />
                    </main>
                  </ToastPlace>
                </HashRouter>
            </ContextProvider<Rc<Settings>>>
            </ContextProvider<Revision>>
        </ContextProvider<Rc<Registries>>>
    }
}

/// Says that a request is made again, for as long as that takes and a little longer. Others may say so meanwhile, and
/// then theirs stands.
fn tell(event: &Event, notice: &UseStateSetter<AttrValue>) {
    let Event::Retry { error, wait, attempt } = event else { return };
    notice.set((text().frame.retry)(*attempt, wait.as_secs_f32(), &error.to_string()).into());
    let notice = notice.clone();
    let shown = *wait + LINGER;
    spawn_local(async move {
        gloo_timers::future::sleep(shown).await;
        notice.set(AttrValue::default());
    });
}

/// Properties of [`Header`].
#[derive(PartialEq, Properties)]
struct HeaderProps {
    /// The language of the page.
    spoken: Language,
    /// Another language is chosen.
    onlanguage: Callback<Language>,
}

#[component]
fn Header(props: &HeaderProps) -> Html {
    let settings = use_context::<Rc<Settings>>().expect("the app provides its settings");
    let route = use_route::<Route>().unwrap_or(Route::Start);
    let (shows_box, value) = match &route {
        Route::Inspect { reference } => (true, AttrValue::from(reference.clone())),
        Route::Start => (false, AttrValue::default()),
        _ => (true, AttrValue::default()),
    };
    html! {
        <header class="bar">
            <Link<Route> to={Route::Start} classes="brand">
                <Icon name="brand" class="brand__mark" />
                <span>{ &settings.title }</span>
            </Link<Route>>
            if shows_box {
                <ReferenceBox {value} />
            }
            <nav class="bar__nav" aria-label={text().frame.places}>
                <Link<Route> to={Route::Registries} classes="bar__link">{ text().registries.title }</Link<Route>>
            </nav>
            <Open />
            <LanguageChoice spoken={props.spoken} onchoose={props.onlanguage.clone()} />
        </header>
    }
}

fn page(route: Route) -> Html {
    match route {
        Route::Start => html! { <Start /> },
        Route::Inspect { reference } => html! { <Inspect {reference} /> },
        Route::Compare { left, right } => html! { <Compare {left} {right} /> },
        Route::Explore { place } => html! { <Explore {place} /> },
        Route::Registries => html! { <RegistriesPage /> },
        Route::NotFound { path } => html! { <NotFound {path} /> },
    }
}

/// The address belongs to the router, so the link moves the focus itself.
fn skip_to_content(event: &MouseEvent) {
    event.prevent_default();
    if let Some(content) = content_element() {
        // A focus that fails leaves the page as it was.
        let _ = content.focus();
    }
}

fn content_element() -> Option<web_sys::HtmlElement> {
    web_sys::window()?.document()?.get_element_by_id("content")?.dyn_into().ok()
}
