//! The place in the app that the page's address names: what stands behind the `#`.

use std::cell::RefCell;

use gloo_events::EventListener;
use js_sys::{Math, Object, Reflect};
use wasm_bindgen::JsValue;
use yew::prelude::*;

use crate::routes::Route;

/// The place that the page shows: path and query of its address. Each step of the session history is another one, even where it says the same.
#[derive(Clone, Debug)]
pub struct Location {
    /// The path, with its slash.
    pub path: AttrValue,
    /// The part behind the path, with its question mark; empty if there is none.
    pub query: AttrValue,
    step: u32,
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.step == other.step
    }
}

impl Location {
    /// The place that the address names now.
    fn read(step: u32) -> Self {
        let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
        let place = hash.strip_prefix('#').filter(|place| place.starts_with('/')).unwrap_or("/");
        let (path, query) = place.split_at(place.find('?').unwrap_or(place.len()));
        Self { path: path.to_owned().into(), query: query.to_owned().into(), step }
    }
}

impl Reducible for Location {
    type Action = ();

    fn reduce(self: std::rc::Rc<Self>, (): ()) -> std::rc::Rc<Self> {
        Self::read(self.step.wrapping_add(1)).into()
    }
}

thread_local! {
    /// Told of steps that the app takes itself: browsers tell of their user's alone.
    static STEPPED: RefCell<Option<UseReducerDispatcher<Location>>> = const { RefCell::new(None) };
}

/// Properties of [`Router`].
#[derive(PartialEq, Properties)]
pub struct RouterProps {
    /// The pages.
    pub children: Html,
}

/// Provides pages with the place that the address names.
#[component]
pub fn Router(props: &RouterProps) -> Html {
    let place = use_reducer(|| Location::read(0));
    {
        let stepped = place.dispatcher();
        use_effect_with((), move |()| {
            STEPPED.set(Some(stepped.clone()));
            let window = web_sys::window().expect("a page has a window");
            let listener = EventListener::new(&window, "popstate", move |_| stepped.dispatch(()));
            move || drop(listener)
        });
    }
    html! { <ContextProvider<Location> context={(*place).clone()}>{ props.children.clone() }</ContextProvider<Location>> }
}

/// The place that the page shows.
#[hook]
pub fn use_location() -> Location {
    use_context::<Location>().expect("the router provides the place")
}

/// The route that the page shows.
#[hook]
pub fn use_route() -> Route {
    Route::at_path(&use_location().path)
}

/// The manner in which another place takes the place of the one that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Back leads to the one before.
    New,
    /// An address that stands in place of the one before.
    Same,
}

/// Goes to another page.
pub fn push(route: &Route) {
    go(route, "", Step::New);
}

/// Returns the address of a page in links, with a `query` without its question mark.
pub fn address(route: &Route, query: &str) -> String {
    let mark = if query.is_empty() { "" } else { "?" };
    format!("#{}{mark}{query}", route.to_path())
}

/// Goes to another page, with a `query` without its question mark.
pub fn go(route: &Route, query: &str, step: Step) {
    let address = address(route, query);
    let Some(history) = web_sys::window().and_then(|window| window.history().ok()) else { return };
    let (state, _) = numbered();
    let taken = match step {
        Step::New => history.push_state_with_url(&state, "", Some(&address)),
        Step::Same => history.replace_state_with_url(&state, "", Some(&address)),
    };
    // A browser that refuses, as some do where hundreds of steps come at once, stays where it is.
    if let (Ok(()), Some(stepped)) = (taken, STEPPED.with_borrow(Clone::clone)) {
        stepped.dispatch(());
    }
}

/// The state of a new entry of the session history, and the number in it by which the entry is known.
pub fn numbered() -> (JsValue, f64) {
    let state = Object::new();
    let number = (Math::random() * f64::from(u32::MAX)).floor();
    Reflect::set(&state, &"id".into(), &number.into()).expect("a new object takes any property");
    (state.into(), number)
}

/// Properties of [`Link`].
#[derive(PartialEq, Properties)]
pub struct LinkProps {
    /// The page to which it leads.
    pub to: Route,
    /// Its classes.
    #[prop_or_default]
    pub classes: Classes,
    /// Its content.
    #[prop_or_default]
    pub children: Html,
}

/// A link to a page of the app.
#[component]
pub fn Link(props: &LinkProps) -> Html {
    let onclick = {
        let to = props.to.clone();
        move |event: MouseEvent| {
            // With these keys it opens in a tab or a window of its own.
            if !(event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key()) {
                event.prevent_default();
                push(&to);
            }
        }
    };
    html! { <a class={props.classes.clone()} href={format!("#{}", props.to.to_path())} {onclick}>{ props.children.clone() }</a> }
}
