//! The frame around every page: header with the reference box, and the page that the address names.

use std::{rc::Rc, time::Duration};

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    browser::{
        first_form, language,
        scheduler::later::{DrawTime, Later},
        scroll::use_scroll_memory,
        service_worker::{Connection, use_connection},
    },
    chunks::{Loading, use_chunk, use_chunk_providers},
    components::{
        icon::Icon,
        language_choice::LanguageChoice,
        reference_box::ReferenceBox,
        retry_notice::{self, Notice, Pending, RetryNotice},
        sign_out::SignOut,
        theme_choice::ThemeChoice,
        toast::ToastPlace,
    },
    pages::{not_found::NotFound, open::Open},
    router::{Link, Router, use_route},
    routes::{self, Route},
    state::registries::{
        Registries, Retry, RetryEvent, Revision,
        settings::{self, Fault, Settings},
    },
    text::{Language, text, use_language},
};

/// Time for which a notice is shown after its wait has ended.
const LINGER: Duration = Duration::from_secs(3);

/// Properties of [`App`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Settings that the app was served with, until they are fetched again.
    pub settings: Rc<Settings>,
}

/// The app.
#[component]
pub fn App(props: &Props) -> Html {
    let notice = use_reducer_eq(Notice::default);
    let spoken = use_state_eq(language::start);
    let onlanguage = {
        let spoken = spoken.setter();
        Callback::from(move |wanted| {
            language::choose(wanted);
            spoken.set(wanted);
        })
    };
    let revision = use_reducer(Revision::default);
    let session_ended = use_state_eq(|| false);
    let (settings, is_fetching) = (use_state_eq(|| props.settings.clone()), use_state_eq(|| false));
    let onagain = {
        let (settings, is_fetching) = (settings.setter(), is_fetching.setter());
        Callback::from(move |()| {
            let (settings, is_fetching) = (settings.clone(), is_fetching.clone());
            is_fetching.set(true);
            spawn_local(async move {
                let fetched = Rc::new(settings::fetch().await);
                fetched.theme.start();
                settings.set(fetched);
                is_fetching.set(false);
            });
        })
    };
    let registries = use_app_registries(&settings, &notice, &revision, session_ended.setter());
    let framed = html! {
        <Router>
            <Frame {notice} session_ended={*session_ended} is_fetching={*is_fetching} {onlanguage} {onagain} />
        </Router>
    };
    html! {
        <ContextProvider<Language> context={*spoken}>
            <ContextProvider<Rc<Registries>> context={registries}>
            <ContextProvider<Revision> context={*revision}>
            <ContextProvider<Rc<Settings>> context={(*settings).clone()}>
                <Later when={DrawTime::Soon}>{ framed }</Later>
            </ContextProvider<Rc<Settings>>>
            </ContextProvider<Revision>>
            </ContextProvider<Rc<Registries>>>
        </ContextProvider<Language>>
    }
}

/// The registries of the app: others when other settings are fetched, with what is known of those before.
#[hook]
fn use_app_registries(
    settings: &Settings,
    notice: &UseReducerHandle<Notice>,
    revision: &UseReducerHandle<Revision>,
    session_ended: UseStateSetter<bool>,
) -> Rc<Registries> {
    let last = use_mut_ref(|| None::<Rc<Registries>>);
    // Whether the settings could be fetched says nothing of registries.
    let registries = use_memo(Settings { fault: None, ..settings.clone() }, |settings| {
        let (notice, revision) = (notice.dispatcher(), revision.dispatcher());
        let made = Registries::new(
            settings,
            move |event| tell_of_retry(event, &notice),
            move |()| revision.dispatch(()),
            move |has_ended| session_ended.set(has_ended),
        );
        match &*last.borrow() {
            Some(before) => made.following(before),
            None => made,
        }
    });
    *last.borrow_mut() = Some(Rc::clone(&registries));
    use_effect_with(Rc::clone(&registries), |registries| {
        let listener = registries.listen();
        registries.tell_of_refresh();
        move || drop(listener)
    });
    registries
}

/// Properties of [`Frame`].
#[derive(PartialEq, Properties)]
struct FrameProps {
    /// A request that is sent again.
    notice: UseReducerHandle<Notice>,
    /// The app's own server wants people to sign in again.
    session_ended: bool,
    /// The settings are being fetched again.
    is_fetching: bool,
    /// Another language is chosen.
    onlanguage: Callback<Language>,
    /// The settings are to be fetched again.
    onagain: Callback<()>,
}

/// The frame and its page.
#[component]
fn Frame(props: &FrameProps) -> Html {
    use_language();
    let route = use_route();
    use_scroll_memory(&route.to_path());
    let connection = use_connection();
    let settings = use_context::<Rc<Settings>>().expect("the app provides its settings");
    let arrived = use_force_update();
    let loading = use_chunk(route.chunk(), &Callback::from(move |()| arrived.force_update()));
    let is_here = loading == Loading::Here;
    use_effect_with(route == Route::Start, |is_start| {
        if !is_start {
            // Another page has been asked for meanwhile: what was typed is for none of its fields.
            first_form::replace();
        }
    });
    let page = match loading {
        Loading::Here => page_of(route.clone()),
        Loading::Coming => {
            html! { <p class="soft" role="status" data-testid="loading">{ text().frame().loading }</p> }
        }
        Loading::Failed(again) => not_loaded(&again),
    };
    let page = use_chunk_providers(page, &route, is_here);
    html! {
        <ToastPlace>
            <a class="skip" href="#content" onclick={Callback::from(|event| skip_to_content(&event))}>{ text().frame().skip }</a>
            <Header {route} onlanguage={props.onlanguage.clone()} />
            // Without network there are none of now, which is told below.
            if let Some(fault) = settings.fault.as_ref().filter(|fault| !connection.is_offline || matches!(fault, Fault::Defaults(_))) {
                { settings_note(fault, props) }
            }
            if props.session_ended {
                { session_note() }
            }
            { connection_notes(&connection) }
            <RetryNotice notice={props.notice.clone()} />
            <main class="page" id="content" tabindex="-1"><Later>{ page }</Later></main>
        </ToastPlace>
    }
}

/// The page of an address whose chunk is there.
fn page_of(route: Route) -> Html {
    match route.chunk() {
        Some(chunk) => chunk.loaded().map_or_else(Html::default, |loaded| (loaded.page)(route)),
        None => match route {
            Route::NotFound { path } => html! { <NotFound {path} /> },
            route => routes::draw_frame(route),
        },
    }
}

/// Says that the chunk of an address could not be had.
fn not_loaded(again: &Callback<()>) -> Html {
    let words = text().frame();
    html! {
        <div class="problem" role="alert" data-testid="error" data-code="not-loaded">
            <h1>{ words.not_loaded }</h1>
            <p>{ words.not_loaded_why }</p>
            <div class="problem__ways">
                <button class="button" type="button" onclick={again.reform(|_: MouseEvent| ())}>{ text().frame().again }</button>
            </div>
        </div>
    }
}

/// Says that a request is made again, until it has ended, and no longer than a little after it was sent. Others may say so meanwhile,
/// and then theirs stands.
fn tell_of_retry(event: RetryEvent, notice: &UseReducerDispatcher<Notice>) {
    let Retry { registry, attempt, wait, why } = match event {
        RetryEvent::Waits(retry) => retry,
        RetryEvent::Ended(registry) => return notice.dispatch(retry_notice::Change::End(registry)),
    };
    let until = js_sys::Date::now() + wait.as_secs_f64() * 1000.0;
    notice.dispatch(retry_notice::Change::Show(Pending { registry, attempt, wait, until, why: why.into() }));
    let notice = notice.clone();
    let shown = wait + LINGER;
    spawn_local(async move {
        gloo_timers::future::sleep(shown).await;
        notice.dispatch(retry_notice::Change::Clear(until));
    });
}

/// Properties of [`Header`].
#[derive(PartialEq, Properties)]
struct HeaderProps {
    /// The page.
    route: Route,
    /// Another language is chosen.
    onlanguage: Callback<Language>,
}

#[component]
fn Header(props: &HeaderProps) -> Html {
    use_language();
    let settings = use_context::<Rc<Settings>>().expect("the app provides its settings");
    let (shows_box, value) = match &props.route {
        Route::Inspect { reference } => (true, AttrValue::from(reference.clone())),
        Route::Start => (false, AttrValue::default()),
        _ => (true, AttrValue::default()),
    };
    html! {
        <header class="bar">
            <Link to={Route::Start} classes="brand">
                <Icon name="brand" class="brand__mark" />
                <span>{ &settings.title }</span>
            </Link>
            <Later when={DrawTime::Last}>
                if shows_box {
                    <ReferenceBox {value} />
                }
                <nav class="bar__nav" aria-label={text().frame().places}>
                    <Link to={Route::Lists} classes="bar__link">{ text().lists().nav }</Link>
                    <Link to={Route::Command { line: Vec::new() }} classes="bar__link">{ text().lists().nav_command }</Link>
                    <Link to={Route::Registries} classes="bar__link">{ text().registries().title }</Link>
                </nav>
                <Open />
                <div class="bar__choices">
                    <LanguageChoice onchoose={props.onlanguage.clone()} />
                    <ThemeChoice served={settings.theme} />
                    if settings.features.sign_out {
                        <SignOut />
                    }
                </div>
            </Later>
        </header>
    }
}

/// Tells that there is no network, and that there is a newer version of the app.
fn connection_notes(connection: &Connection) -> Html {
    let words = text().offline();
    let reload = connection.reload.clone();
    html! {
        <>
            if connection.is_offline {
                <p class="ribbon" role="status" data-testid="offline">{ words.offline }</p>
            }
            if let Some(reload) = reload {
                <p class="ribbon" role="status" data-testid="new-version">
                    { words.new_version }{ " " }
                    <button class="button" type="button" onclick={reload.reform(|_: MouseEvent| ())}>{ words.reload }</button>
                </p>
            }
        </>
    }
}

/// Says that the settings of now could not be read, and what is used in their place.
fn settings_note(fault: &Fault, props: &FrameProps) -> Html {
    let words = text().offline();
    let said = match fault {
        Fault::Defaults(reason) => (words.settings_fault)(&(words.settings_reason)(reason)),
        Fault::Kept(reason) => (words.settings_kept)(&(words.settings_reason)(reason)),
    };
    let onclick = props.onagain.reform(|_: MouseEvent| ());
    html! {
        <p class="ribbon" role="alert" data-testid="settings-fault">
            { said }{ " " }
            <button class="button" type="button" disabled={props.is_fetching} {onclick}>{ text().frame().again }</button>
        </p>
    }
}

/// Says that a proxy in front of the app's server wants people to sign in again, with the way to it.
fn session_note() -> Html {
    let words = text().offline();
    let place = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    // A link to the address that the page has already would load nothing.
    let address = format!("?sign-in={}{place}", js_sys::Date::now() as u64);
    html! {
        <p class="ribbon" role="alert" data-testid="session-ended">
            { words.session_ended }{ " " }<a href={address}>{ words.sign_in_again }</a>
        </p>
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
