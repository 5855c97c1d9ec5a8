//! A list among all local lists.

mod link;
mod new_name;

use std::rc::Rc;

use tallyman_commands::line_of;
use tallyman_core::ManifestList;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        reference_heading::reference_heading,
        removed_list::offer_back,
        toast::use_toaster,
    },
    format::platform_name,
    router::Link,
    routes::Route,
    state::lists::{LocalLists, StoredList, import_export},
    text::{text, use_language},
};
use link::LinkButton;
use new_name::{Naming, NewName};

/// Properties of [`ListRow`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The local lists.
    pub local_lists: Rc<LocalLists>,
    /// The list of this row.
    pub stored: StoredList,
    /// Receives the command line that does the same, and whether `docker manifest` has it as well.
    pub done: Callback<(String, bool)>,
    /// Receives the new name of a list that is renamed.
    pub renamed: Callback<String>,
}

/// A list, with the actions on it.
#[component]
pub fn ListRow(props: &Props) -> Html {
    use_language();
    let Props { local_lists, stored, done, renamed } = props;
    let naming = use_state_eq(|| None::<Naming>);
    let name = stored.summary.reference.clone();
    let remove = use_remove(props);
    let list = stored.list.as_ref().ok();
    let export = {
        let list = list.cloned();
        Callback::from(move |_| list.iter().for_each(|list| import_export::save_list(list)))
    };
    let ask = |wanted: Naming| {
        let naming = naming.setter();
        Callback::from(move |_| naming.set(Some(wanted)))
    };
    let cancel = {
        let naming = naming.setter();
        Callback::from(move |()| naming.set(None))
    };
    let words = text().lists();
    let button = |label: &'static str, testid: &'static str, onclick: Callback<MouseEvent>| {
        html! { <button class="button" type="button" name={testid} aria-label={format!("{label}: {name}")} {onclick} data-testid={testid}>{ label }</button> }
    };
    html! {
        <tr data-row={name.to_string()} data-testid="list" data-name={name.to_string()}>
            <td class="fill list__name">
                <Link to={Route::build(&name)} classes="strong">{ reference_heading(&name) }</Link>
            </td>
            <td>{ list.map(|list| entries_of(list)).unwrap_or_default() }</td>
            <td>{ state_of(stored) }</td>
            <td class="soft">{ changed(stored.summary.changed) }</td>
            <td class="list__actions">
                if list.is_some_and(|list| !list.is_empty()) {
                    <Link to={Route::Push { list: name.to_string() }} classes="button">{ words.push }</Link>
                }
                { button(words.rename, "rename", ask(Naming::Rename)) }
                if let Some(list) = list {
                    { button(words.duplicate, "duplicate", ask(Naming::Duplicate)) }
                    { button(words.export, "export", export) }
                    <LinkButton list={Rc::clone(list)} />
                }
                { button(words.remove, "remove-list", remove) }
                if let Some(naming) = *naming {
                    <NewName local_lists={Rc::clone(local_lists)} stored={stored.clone()} {naming} {cancel} done={done.clone()} renamed={renamed.clone()} />
                }
            </td>
        </tr>
    }
}

/// Removes the list, and offers to bring it back.
#[hook]
fn use_remove(props: &Props) -> Callback<MouseEvent> {
    let toaster = use_toaster();
    let Props { local_lists, stored, done, .. } = props;
    let (local_lists, name, list) =
        (Rc::clone(local_lists), stored.summary.reference.clone(), stored.list.clone().ok());
    let done = done.clone();
    Callback::from(move |_| {
        let (local_lists, name, list, toaster) =
            (Rc::clone(&local_lists), name.clone(), list.clone(), toaster.clone());
        let done = done.clone();
        spawn_local(async move {
            let history = match local_lists.remove(&name).await {
                Ok(history) => history,
                Err(error) => return toaster.say(error.to_string()),
            };
            done.emit((line_of(["rm", &name.to_string()]), true));
            match list {
                Some(list) => offer_back(&toaster, &local_lists, list, history),
                None => toaster.say((text().lists().removed)(&name.to_string())),
            }
        });
    })
}

fn entries_of(list: &ManifestList) -> Html {
    const SHOWN: usize = 4;
    html! {
        <span class="title__chips">
            <span class="soft">{ (text().lists().entries_count)(list.len()) }</span>
            { for list.iter().take(SHOWN).map(|entry| html! { <Chip>{ platform_name(&entry.platform()) }</Chip> }) }
            if list.len() > SHOWN {
                <Chip>{ format!("+{}", list.len() - SHOWN) }</Chip>
            }
        </span>
    }
}

fn state_of(stored: &StoredList) -> Html {
    let words = text().lists();
    let (tone, word, title) = match (&stored.list, &stored.pushed) {
        (Err(why), _) => (Tone::Warn, words.damaged, Some(AttrValue::from(why.to_string()))),
        (Ok(_), None) => (Tone::Plain, words.never_pushed, None),
        (Ok(list), Some(digest)) if list.digest().as_str() == digest => (Tone::Good, words.pushed, None),
        (Ok(_), Some(_)) => (Tone::Warn, words.changed_since_push, None),
    };
    html! { <Chip {tone} {title} testid="list-state">{ word }</Chip> }
}

fn changed(at: Option<f64>) -> String {
    let Some(at) = at else { return String::new() };
    let date = js_sys::Date::new(&JsValue::from_f64(at)).to_iso_string();
    (text().lists().ago)(&String::from(date))
}
