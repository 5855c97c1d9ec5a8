//! The dialog that Ctrl-K (or Cmd-K) opens anywhere: the box that takes anything, with suggestions.

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use crate::{
    browser::clipboard,
    chunks::input::{InputRules, Typed, is_more_than_a_line},
    components::{dialog::Dialog, icon::Icon, text_field::refuse},
    router::{self, use_location, use_route},
    routes::Route,
    state::{input::destination::Input, inspection::recents, registries::use_registries},
    text::{text, use_language},
};

/// Suggestions that are shown at most.
const MAX: usize = 9;

/// The button that opens the dialog, and the keys.
#[component]
pub fn Open() -> Html {
    use_language();
    let open = use_state_eq(|| false);
    {
        let open = open.setter();
        use_effect_with((), move |()| {
            let listener = web_sys::window().map(|window| {
                let options = gloo_events::EventListenerOptions::enable_prevent_default();
                EventListener::new_with_options(&window, "keydown", options, move |event| {
                    let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
                    let is_k = event.key().eq_ignore_ascii_case("k");
                    if is_k
                        && (event.ctrl_key() || event.meta_key())
                        && !event.alt_key()
                        && !event.shift_key()
                    {
                        event.prevent_default();
                        open.set(true);
                    }
                })
            });
            move || drop(listener)
        });
    }
    {
        // Back changes the page below: the dialog does not stay over another one.
        // A step to the same place is none: what places say is compared.
        let (open, place) = (open.setter(), use_location());
        use_effect_with((place.path, place.query), move |_| open.set(false));
    }
    let words = text().start();
    let show = {
        let open = open.setter();
        move |_: MouseEvent| open.set(true)
    };
    let onclose = {
        let open = open.setter();
        Callback::from(move |()| open.set(false))
    };
    html! {
        <>
            <button class="button bar__open" type="button" title={words.open_keys} aria-label={words.open_keys} onclick={show} data-testid="open-anything">
                <Icon name="search" /><kbd>{ "Ctrl K" }</kbd>
            </button>
            <Dialog open={*open} title={words.open} onclose={onclose.clone()} class="dialog--wide dialog--top" testid="open-dialog">
                <Box ondone={onclose} />
            </Dialog>
        </>
    }
}

/// Properties of [`Box`].
#[derive(PartialEq, Properties)]
struct BoxProps {
    ondone: Callback<()>,
}

/// Something that can be opened.
struct Suggestion {
    label: String,
    about: &'static str,
    route: Route,
}

/// The box and its suggestions: a combobox with a list.
#[component]
fn Box(props: &BoxProps) -> Html {
    use_language();
    let registries = use_registries();
    let here = use_route();
    let (typed, chosen) = (use_state(String::new), use_state_eq(|| 0_usize));
    let hosts: Vec<String> = registries.accounts().list().into_iter().map(|account| account.host).collect();
    let rules = use_rules();
    let own = rules.and_then(|rules| (rules.route_of)(&typed, &here));
    let suggestions = suggestions(&typed, own, &hosts);
    let words = text().start();
    let go = {
        let ondone = props.ondone.clone();
        move |route: &Route| {
            ondone.emit(());
            router::push(route);
        }
    };
    let oninput = {
        let (typed, chosen) = (typed.setter(), chosen.setter());
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                refuse(&input, "");
                typed.set(input.value());
                chosen.set(0);
            }
        }
    };
    let onpaste = paste(typed.setter(), chosen.setter(), go.clone());
    let at = (*chosen).min(suggestions.len().saturating_sub(1));
    let onkeydown = arrow_keys(at, suggestions.len(), chosen.setter());
    let onsubmit = {
        let route = suggestions.get(at).map(|suggestion| suggestion.route.clone());
        // Until the rules are there, the page of the text itself is not among the suggestions.
        let is_read = rules.is_some() || at > 0;
        submit(route.filter(|_| is_read || typed.trim().is_empty()), (*typed).clone(), here, go.clone())
    };
    html! {
        <form class="open" role="search" {onsubmit}>
            <div class="reference-box reference-box--large">
                <input
                    type="text"
                    role="combobox"
                    aria-label={words.label}
                    aria-expanded={(!suggestions.is_empty()).to_string()}
                    aria-controls="open-suggestions"
                    aria-autocomplete="list"
                    aria-activedescendant={(!suggestions.is_empty()).then(|| format!("open-{at}"))}
                    placeholder={words.placeholder}
                    autocapitalize="none"
                    autocomplete="off"
                    spellcheck="false"
                    autofocus=true
                    data-testid="open-input"
                    {oninput}
                    {onkeydown}
                    {onpaste}
                />
            </div>
            { options(&suggestions, at, &go) }
            <p class="soft open__hint">{ words.open_hint }</p>
        </form>
    }
}

/// Pasting, which reads what a box of one line would change.
fn paste(
    typed: UseStateSetter<String>,
    chosen: UseStateSetter<usize>,
    go: impl Fn(&Route) + Clone + 'static,
) -> Callback<Event> {
    Callback::from(move |event: Event| {
        let Some(text) = clipboard::text_of(&event).filter(|text| is_more_than_a_line(text)) else { return };
        event.prevent_default();
        let (typed, chosen, go) = (typed.clone(), chosen.clone(), go.clone());
        let input = event.target_dyn_into::<HtmlInputElement>();
        InputRules::with(move |rules| match rules.and_then(|rules| (rules.input_of)(&text)) {
            Some(Input::Line(reference)) => {
                if let Some(input) = input {
                    refuse(&input, "");
                    input.set_value(&reference);
                }
                typed.set(reference);
                chosen.set(0);
            }
            Some(found) => take(found, input.as_ref(), &go),
            None => clipboard::insert(&text),
        });
    })
}

/// Opens a manifest, or the image that a text names; says why other JSON is not taken.
fn take(found: Input, input: Option<&HtmlInputElement>, go: &impl Fn(&Route)) {
    match found {
        Input::Manifest(route) => go(&route),
        Input::Line(reference) => go(&Route::Inspect { reference }),
        Input::Refused(why) => input.into_iter().for_each(|input| refuse(input, &why)),
    }
}

/// The arrow keys, which go round the `count` suggestions.
fn arrow_keys(at: usize, count: usize, chosen: UseStateSetter<usize>) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        let next = match event.key().as_str() {
            "ArrowDown" if count > 0 => (at + 1) % count,
            "ArrowUp" if count > 0 => (at + count - 1) % count,
            _ => return,
        };
        event.prevent_default();
        chosen.set(next);
    })
}

/// Enter, which goes to the suggestion that is chosen, or where the text leads once it can be read.
fn submit(
    route: Option<Route>,
    typed: String,
    here: Route,
    go: impl Fn(&Route) + Clone + 'static,
) -> Callback<SubmitEvent> {
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(route) = &route {
            return go(route);
        }
        let (typed, here, go) = (typed.clone(), here.clone(), go.clone());
        let form = event.target_dyn_into::<Element>();
        let input: Option<HtmlInputElement> =
            form.and_then(|form| form.query_selector("input").ok()??.dyn_into().ok());
        InputRules::with(move |rules| match InputRules::read(rules, &typed, &here) {
            Typed::Pasted(pasted) => take(pasted, input.as_ref(), &go),
            Typed::Page(route) => go(&route),
            Typed::Unread => input.into_iter().for_each(|input| refuse(&input, text().frame().not_loaded)),
            Typed::Nothing => {}
        });
    })
}

/// The rules by which texts are read, as soon as they are there.
#[hook]
fn use_rules() -> Option<InputRules> {
    let arrived = use_force_update();
    use_effect_with((), move |()| {
        if InputRules::loaded().is_none() {
            InputRules::with(move |_| arrived.force_update());
        }
    });
    InputRules::loaded()
}

/// The list of suggestions; the one at `at` is chosen.
fn options(suggestions: &[Suggestion], at: usize, go: &(impl Fn(&Route) + Clone + 'static)) -> Html {
    html! {
        <ul class="open__list" id="open-suggestions" role="listbox" aria-label={text().start().suggestions}>
            { for suggestions.iter().enumerate().map(|(number, suggestion)| {
                let (go, route) = (go.clone(), suggestion.route.clone());
                html! {
                    <li key={number} id={format!("open-{number}")} role="option" aria-selected={(number == at).to_string()} onclick={move |_: MouseEvent| go(&route)}>
                        <code>{ &suggestion.label }</code><span class="soft">{ suggestion.about }</span>
                    </li>
                }
            }) }
        </ul>
    }
}

/// Returns the page `own` of the text itself first, then recent references and registries that contain it.
fn suggestions(typed: &str, own: Option<Route>, hosts: &[String]) -> Vec<Suggestion> {
    let words = text().start();
    let own = own.map(|route| Suggestion {
        label: match &route {
            Route::Explore { place } => (words.explore)(place),
            Route::Inspect { reference } => (words.inspect)(reference),
            _ => typed.to_owned(),
        },
        about: "",
        route,
    });
    let fits = |text: &String| typed.trim().is_empty() || text.contains(typed.trim());
    let recent = recents::all().into_iter().filter(fits).map(|reference| Suggestion {
        route: Route::inspect(&reference),
        label: reference,
        about: words.is_recent,
    });
    let known = hosts.iter().filter(|host| fits(host)).map(|host| Suggestion {
        label: host.clone(),
        about: words.is_registry,
        route: Route::Explore { place: host.clone() },
    });
    let all = own.into_iter().chain(recent).chain(known);
    all.take(MAX).collect()
}
