//! One list among all.

use std::rc::Rc;

use tallyman_commands::line_of;
use tallyman_core::Reference;
use tallyman_store::Outcome;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        command::command_lines,
        copy::Copy,
        dialog::Dialog,
        icon::Icon,
        reference_heading::reference_heading,
        text_field::{TextField, text_in},
        toast::use_toaster,
    },
    routes::Route,
    state::lists::{LocalLists, StoredList, import_export},
    text::text,
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub local_lists: Rc<LocalLists>,
    pub stored: StoredList,
    /// Hears the command line for what was done, and whether Docker's own program takes it as well.
    pub done: Callback<(String, bool)>,
}

/// What a new name is asked for.
#[derive(Clone, Copy, PartialEq)]
enum Asking {
    Rename,
    Duplicate,
}

/// One list, with what can be done with it.
#[component]
pub fn ListRow(props: &Props) -> Html {
    let Props { local_lists, stored, done } = props;
    let toaster = use_toaster();
    let asking = use_state_eq(|| None::<Asking>);
    let fault = use_state_eq(|| None::<String>);
    let link = use_state_eq(|| None::<Result<String, &'static str>>);
    let input = use_node_ref();
    let typed = use_state_eq(|| stored.summary.reference.to_string());
    let name = stored.summary.reference.clone();
    let words = text().lists();
    let ask = |wanted: Asking| {
        let (asking, fault, typed, name) = (asking.clone(), fault.clone(), typed.setter(), name.clone());
        move |_: MouseEvent| {
            fault.set(None);
            typed.set(name.to_string());
            asking.set(Some(wanted));
        }
    };
    let line = {
        let command = if *asking == Some(Asking::Duplicate) { "duplicate" } else { "rename" };
        line_of([command, &name.to_string(), typed.trim()])
    };
    let oninput = {
        let (input, typed) = (input.clone(), typed.setter());
        move |_: InputEvent| typed.set(text_in(&input))
    };
    let onsubmit = {
        let (done, line) = (done.clone(), line.clone());
        let (local_lists, name, asking, fault) =
            (Rc::clone(local_lists), name.clone(), asking.clone(), fault.clone());
        let (input, list) = (input.clone(), stored.list.clone().ok());
        move |event: SubmitEvent| {
            event.prevent_default();
            let typed = text_in(&input);
            let to: Reference = match typed.trim().parse() {
                Ok(to) => to,
                Err(error) => return fault.set(Some(format!("{error}"))),
            };
            let (local_lists, name, list) = (Rc::clone(&local_lists), name.clone(), list.clone());
            let (asking, fault, wanted) = (asking.clone(), fault.clone(), *asking);
            let (done, line) = (done.clone(), line.clone());
            spawn_local(async move {
                let outcome = match (wanted, list) {
                    (Some(Asking::Duplicate), Some(list)) => local_lists.add(&list.renamed(to.clone())).await,
                    _ => local_lists.rename(&name, &to).await,
                };
                match outcome {
                    Ok(Outcome::Done(_)) => {
                        asking.set(None);
                        done.emit((line, false));
                    }
                    Ok(Outcome::Taken) => fault.set(Some((text().lists().taken)(&to.to_string()))),
                    Ok(_) => fault.set(Some((text().lists().gone)(&name.to_string()))),
                    Err(error) => fault.set(Some(error.to_string())),
                }
            });
        }
    };
    let remove = {
        let (local_lists, name, list) = (Rc::clone(local_lists), name.clone(), stored.list.clone().ok());
        let done = done.clone();
        move |_: MouseEvent| {
            let (local_lists, name, list, toaster) =
                (Rc::clone(&local_lists), name.clone(), list.clone(), toaster.clone());
            let done = done.clone();
            spawn_local(async move {
                if let Err(error) = local_lists.remove(&name).await {
                    return toaster.say(error.to_string());
                }
                done.emit((line_of(["rm", &name.to_string()]), true));
                let said = (text().lists().removed)(&name.to_string());
                let Some(list) = list else { return toaster.say(said) };
                let back = toaster.clone();
                toaster.offer(said, text().lists().undo, move |()| {
                    let (local_lists, list, name, toaster) =
                        (Rc::clone(&local_lists), Rc::clone(&list), name.clone(), back.clone());
                    spawn_local(async move {
                        match local_lists.add(&list).await {
                            Ok(Outcome::Done(_)) => {}
                            Ok(_) => toaster.say((text().lists().taken)(&name.to_string())),
                            Err(error) => toaster.say(error.to_string()),
                        }
                    });
                });
            });
        }
    };
    let make_link = {
        let (list, link) = (stored.list.clone().ok(), link.clone());
        move |_: MouseEvent| {
            let (Some(list), link) = (list.clone(), link.clone()) else { return };
            spawn_local(async move {
                let packed = import_export::packed(&list).await.ok_or(text().lists().link_too_long);
                link.set(Some(packed.map(|packed| address_of(&Route::Import { packed }))));
            });
        }
    };
    let close_link = {
        let link = link.clone();
        Callback::from(move |()| link.set(None))
    };
    let cancel = {
        let asking = asking.clone();
        Callback::from(move |()| asking.set(None))
    };
    let list = stored.list.as_ref().ok();
    let export = {
        let list = list.cloned();
        move |_: MouseEvent| list.iter().for_each(|list| import_export::save_list(list))
    };
    let labelled = |what: &str| format!("{what}: {name}");
    html! {
        <tr data-testid="list" data-name={name.to_string()}>
            <td class="fill list__name">
                <Link<Route> to={Route::build(&name)} classes="strong">{ reference_heading(&name) }</Link<Route>>
            </td>
            <td>{ list.map(|list| entries_of(list)).unwrap_or_default() }</td>
            <td>{ state_of(stored) }</td>
            <td class="soft">{ changed(stored.summary.changed) }</td>
            <td class="list__actions">
                if list.is_some_and(|list| !list.is_empty()) {
                    <Link<Route> to={Route::Push { list: name.to_string() }} classes="button">{ words.push }</Link<Route>>
                }
                <button class="button" type="button" aria-label={labelled(words.rename)} onclick={ask(Asking::Rename)} data-testid="rename">{ words.rename }</button>
                if list.is_some() {
                    <button class="button" type="button" aria-label={labelled(words.duplicate)} onclick={ask(Asking::Duplicate)} data-testid="duplicate">{ words.duplicate }</button>
                    <button class="button" type="button" aria-label={labelled(words.export)} onclick={export} data-testid="export">{ words.export }</button>
                    <button class="button" type="button" aria-label={labelled(words.link)} onclick={make_link} data-testid="link">{ words.link }</button>
                }
                <button class="button" type="button" aria-label={labelled(words.remove)} onclick={remove} data-testid="remove-list">{ words.remove }</button>
                <Dialog open={asking.is_some()} title={if *asking == Some(Asking::Duplicate) { words.duplicate } else { words.rename }} onclose={cancel.clone()}>
                    <form class="line-form" {onsubmit} {oninput}>
                        <TextField place={input} class="field--mono" value={name.to_string()} label={words.new_name} autofocus=true testid="new-name" />
                        <button class="button button--main" type="submit">{ words.save }</button>
                        <button class="button" type="button" onclick={cancel.reform(|_: MouseEvent| ())}>{ words.cancel }</button>
                    </form>
                    if let Some(fault) = &*fault {
                        <div class="alert" role="alert"><Icon name="warning" /><span>{ fault }</span></div>
                    }
                    { command_lines(&line, false) }
                </Dialog>
                <Dialog open={link.is_some()} title={words.link_title} onclose={close_link}>
                    {
                        match &*link {
                            None => html! {},
                            Some(Err(why)) => html! { <p role="alert">{ *why }</p> },
                            Some(Ok(address)) => html! {
                                <>
                                    <p>{ words.link_lead }</p>
                                    <div class="command"><code class="clipped" data-testid="link-address">{ address.clone() }</code><Copy text={address.clone()} what={words.link} /></div>
                                </>
                            },
                        }
                    }
                </Dialog>
            </td>
        </tr>
    }
}

fn entries_of(list: &tallyman_core::ManifestList) -> Html {
    const SHOWN: usize = 4;
    html! {
        <span class="title__chips">
            <span class="soft">{ (text().lists().entries_count)(list.len()) }</span>
            { for list.iter().take(SHOWN).map(|entry| html! { <Chip>{ entry.platform().to_string() }</Chip> }) }
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

/// The whole address of a page of this app.
fn address_of(route: &Route) -> String {
    let href = web_sys::window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    let page = href.split('#').next().unwrap_or_default();
    format!("{page}#{}", route.to_path())
}
