//! The installed app: whether there is a network, and whether a newer version waits.
//!
//! The service worker keeps one version of the app whole. A newer one is fetched beside it and waits; it takes over when
//! somebody says so, and then the page is loaded anew: never is a page of one version with parts of another.

use std::{cell::Cell, time::Duration};

use gloo_events::EventListener;
use gloo_timers::future::sleep;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event, ServiceWorkerContainer, ServiceWorkerRegistration};
use yew::prelude::*;

/// Time that the page has for itself before the service worker fetches the files of the app.
const SETTLING: Duration = Duration::from_secs(1);

/// State of the network and of the app's version.
#[derive(Clone, Default, PartialEq)]
pub struct Connection {
    /// The browser says that there is no network.
    pub is_offline: bool,
    /// Takes the newer version, where one waits or has taken over.
    pub reload: Option<Callback<()>>,
}

/// Network and version, once for the whole app.
#[hook]
pub fn use_connection() -> Connection {
    let is_offline = use_state_eq(|| !is_online());
    let waiting = use_state(|| None::<ServiceWorkerRegistration>);
    {
        let is_offline = is_offline.setter();
        use_effect_with((), move |()| {
            let window = web_sys::window().expect("a page has a window");
            let listeners = ["online", "offline"].map(|name| {
                let is_offline = is_offline.clone();
                EventListener::new(&window, name, move |_| is_offline.set(!is_online()))
            });
            move || drop(listeners)
        });
    }
    {
        let waiting = waiting.setter();
        use_effect_with((), move |()| {
            spawn_local(async move {
                sleep(SETTLING).await;
                // A browser without service workers, or a page that may have none, is online or not at all.
                let _ = watch(move |registration| waiting.set(Some(registration))).await;
            });
        });
    }
    let reload = (*waiting).clone().map(|registration| Callback::from(move |()| take(&registration)));
    Connection { is_offline: *is_offline, reload }
}

/// Returns `true` if the browser has a network, as far as it knows.
pub fn is_online() -> bool {
    web_sys::window().is_none_or(|window| window.navigator().on_line())
}

fn container() -> Option<ServiceWorkerContainer> {
    let container = web_sys::window()?.navigator().service_worker();
    container.is_object().then_some(container)
}

/// Registers the service worker, and tells of every version that waits behind the page's own, or has taken its place.
async fn watch(tell: impl Fn(ServiceWorkerRegistration) + Clone + 'static) -> Option<()> {
    let container = container()?;
    let registered = container.register("sw.js");
    let registration: ServiceWorkerRegistration =
        JsFuture::from(registered.unchecked_into::<js_sys::Promise>()).await.ok()?.dyn_into().ok()?;
    let look = {
        let (container, registration, tell) = (container.clone(), registration.clone(), tell.clone());
        move || {
            // The first version of all waits for nobody.
            if container.controller().is_some() && registration.waiting().is_some() {
                tell(registration.clone());
            }
        }
    };
    look();
    {
        let registration = registration.clone();
        // The first worker of all takes over a page that came from the server as it is.
        let is_kept = Cell::new(container.controller().is_some());
        // Another tab let the newer version take over: what this page has not loaded yet is gone.
        let replaced = move |_: &Event| {
            if is_kept.replace(true) {
                tell(registration.clone());
            }
        };
        EventListener::new(&container, "controllerchange", replaced).forget();
    }
    let installing = {
        let registration = registration.clone();
        move |_: &Event| {
            if let Some(worker) = registration.installing() {
                let look = look.clone();
                // A listener of the page lives as long as the page.
                EventListener::new(&worker, "statechange", move |_| look()).forget();
            }
        }
    };
    EventListener::new(&registration, "updatefound", installing).forget();
    Some(())
}

/// Lets the newer version take over, and loads the page anew when it has.
fn take(registration: &ServiceWorkerRegistration) {
    let (Some(container), Some(worker)) = (container(), registration.waiting()) else {
        // Another tab let it take over already.
        return reload();
    };
    EventListener::once(&container, "controllerchange", |_| reload()).forget();
    // A worker that is gone already has been replaced.
    let _ = worker.post_message(&JsValue::from_str("take over"));
}

fn reload() {
    if let Some(window) = web_sys::window() {
        // A page that cannot be loaded anew is about to go.
        let _ = window.location().reload();
    }
}
