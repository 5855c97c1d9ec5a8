//! A list that has no name yet.

use std::rc::Rc;

use tallyman_core::Reference;
use yew::prelude::*;

use crate::{
    components::{
        icon::Icon,
        text_field::{TextField, text_in},
    },
    router,
    routes::Route,
    state::{
        input::pasted_text::reference_in,
        list_editor::confirmation::{self, Wanted},
        lists::{LocalLists, Opened, use_stored_lists},
    },
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The name as it was written.
    pub list: AttrValue,
    /// Images that wait for the list.
    pub sources: Vec<String>,
}

/// Asks for the name of a list.
#[component]
pub fn Name(props: &Props) -> Html {
    use_language();
    let opened = use_context::<Opened>().unwrap_or_default();
    let fault = use_state(|| {
        let fault = props.list.parse::<Reference>().err().map(|error| error.to_string());
        fault.filter(|_| !props.list.is_empty())
    });
    let input = use_node_ref();
    let suggested = if props.list.is_empty() { suggestion(&props.sources) } else { props.list.to_string() };
    let onsubmit = {
        let (input, fault, sources) = (input.clone(), fault.clone(), props.sources.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            match reference_in(&text_in(&input)).parse::<Reference>() {
                Ok(list) => {
                    confirmation::confirm(&list.to_string(), &sources, Wanted::NewList);
                    router::push(&Route::Build { list: list.to_string(), sources: sources.clone() });
                }
                Err(error) => fault.set(Some(error.to_string())),
            }
        }
    };
    let words = text().build();
    html! {
        <>
            <div class="title"><h1>{ words.name_title }</h1></div>
            <p class="soft">{ (words.name_lead)(props.sources.len()) }</p>
            <form class="line-form" {onsubmit}>
                <TextField place={input} class="field--mono" value={suggested} label={text().lists().new_label} autofocus=true testid="name-input" />
                <button class="button button--main" type="submit">{ text().lists().new_button }</button>
            </form>
            if let Some(fault) = &*fault {
                <div class="alert" role="alert"><Icon name="warning" /><span>{ fault }</span></div>
            }
            if let (Opened::Ready(local_lists), false) = (&opened, props.sources.is_empty()) {
                <Existing local_lists={Rc::clone(local_lists)} sources={props.sources.clone()} />
            }
            if !props.sources.is_empty() {
                <ul class="plain-list">{ for props.sources.iter().map(|source| html! { <li><code>{ source }</code></li> }) }</ul>
            }
        </>
    }
}

/// Lists that are offered; the page of lists has the others.
const OFFERED: usize = 12;

#[derive(PartialEq, Properties)]
struct ExistingProps {
    local_lists: Rc<LocalLists>,
    sources: Vec<String>,
}

/// The local lists, each as a button that adds the images to it.
#[component]
fn Existing(props: &ExistingProps) -> Html {
    use_language();
    let ExistingProps { local_lists, sources } = props;
    let stored = use_stored_lists(local_lists);
    let Some(Ok(stored)) = stored.filter(|stored| stored.as_ref().is_ok_and(|stored| !stored.is_empty()))
    else {
        return html! {};
    };
    let button = |name: String| {
        let (sources, list) = (sources.clone(), name.clone());
        let onclick = move |_: MouseEvent| {
            confirmation::confirm(&list, &sources, Wanted::Images);
            router::push(&Route::Build { list: list.clone(), sources: sources.clone() });
        };
        html! { <button key={name.clone()} class="button" type="button" {onclick} data-testid="add-to-list">{ name }</button> }
    };
    html! {
        <section aria-label={text().build().existing}>
            <p class="hint done-line">{ text().build().existing }</p>
            <div class="image-actions">{ for stored.iter().take(OFFERED).map(|stored| button(stored.summary.reference.to_string())) }</div>
        </section>
    }
}

/// Returns the common beginning of the sources: their registry and the beginning of their repositories.
fn suggestion(sources: &[String]) -> String {
    let references: Vec<Reference> = sources.iter().filter_map(|source| source.parse().ok()).collect();
    let Some(first) = references.first() else { return String::new() };
    let name = first.name();
    let shared = references.iter().skip(1).fold(name.len(), |shared, other| {
        let other = other.name();
        name.bytes().zip(other.bytes()).take(shared).take_while(|(a, b)| a == b).count()
    });
    let mut end = shared;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let shared = name[..end].trim_end_matches(['-', '_', '.', '/']);
    if shared.len() > first.registry().as_str().len() { format!("{shared}:latest") } else { String::new() }
}
