//! A local list being built: images in and out, platforms, what comes of it, what stands in its place now.

mod add;
mod commands;
mod editing;
mod entries;
mod findings;
mod form;
mod gone;
mod name;
mod offer;
mod preview;

use std::rc::Rc;

use tallyman_core::{ManifestList, Reference};
use yew::prelude::*;

use super::use_title;
use crate::{
    components::{
        icon::Icon,
        reference_heading::reference_heading,
        row_focus::use_row_focus,
        store_status::{session_notice, store_status},
        toast::use_toaster,
    },
    router::Link,
    routes::Route,
    state::{
        input::image_list::Pasted,
        list_editor::{
            add_images::{Adder, use_adder},
            entry_status::use_entries,
            registry_manifest::use_registry_manifest,
        },
        lists::{ListView, LocalLists, Opened, use_list},
    },
    text::{text, use_language},
};
use editing::{Editing, conflict, use_editing};

/// Properties of [`Build`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The list as it was written; it need not be a reference, and may be empty.
    pub list: AttrValue,
    /// Images to add, as they were written.
    pub sources: Vec<String>,
}

/// A local list being built.
#[component]
pub fn Build(props: &Props) -> Html {
    use_language();
    let opened = use_context::<Opened>().unwrap_or_default();
    let name: Option<Reference> = props.list.parse().ok();
    use_title(&props.list);
    match (opened, name) {
        (Opened::Ready(local_lists), Some(name)) => {
            html! { <Builder key={name.to_string()} {local_lists} name={name.clone()} sources={props.sources.clone()} /> }
        }
        (_, None) => html! { <name::Name list={props.list.clone()} sources={props.sources.clone()} /> },
        (opened, _) => store_status(&opened),
    }
}

#[derive(PartialEq, Properties)]
struct BuilderProps {
    local_lists: Rc<LocalLists>,
    name: Reference,
    sources: Vec<String>,
}

#[component]
fn Builder(props: &BuilderProps) -> Html {
    use_language();
    let place = use_node_ref();
    use_row_focus(&place);
    let BuilderProps { local_lists, name, sources } = props;
    let toaster = use_toaster();
    let round = use_state(|| 0_u32);
    let elsewhere = Callback::from(move |()| toaster.say(text().build().elsewhere));
    let view = use_list(local_lists, name, elsewhere);
    let adder = use_adder(local_lists, name);
    let editing = use_editing(local_lists, name);
    let gone = gone::use_gone(&view);
    let list = match &view {
        ListView::There(list) => Rc::clone(list),
        _ => Rc::new(ManifestList::new(name.clone())),
    };
    let entries = use_entries(&list, *round);
    let registry_manifest = use_registry_manifest(&list, *round);
    let sign_in = adder.sign_in().or_else(|| entries.sign_in(&list)).or_else(|| registry_manifest.sign_in());
    let onadd = use_onadd(name, &adder);
    let check = Callback::from(move |()| round.set(*round + 1));
    let change = editing.change.clone();
    html! {
        <div ref={place} data-testid="builder">
            { heading(local_lists, &list, &editing) }
            { session_notice(local_lists) }
            if let ListView::Failed(why) = &view {
                <div class="alert" role="alert"><Icon name="warning" /><span>{ why.to_string() }</span></div>
            }
            if let Some(why) = &*editing.problem {
                <div class="alert" role="alert" data-testid="store-problem"><Icon name="warning" /><span>{ why }</span></div>
            }
            { conflict(&editing, &list) }
            if let Some(list) = gone.clone() {
                <gone::Gone local_lists={Rc::clone(local_lists)} {list} />
            }
            <offer::Offer name={name.clone()} sources={sources.clone()} view={view.clone()} adder={adder.clone()} />
            <add::Add {onadd} />
            if gone.is_none() || !adder.pending().is_empty() {
                <entries::EntryTable list={Rc::clone(&list)} entries={Rc::clone(&entries)} {adder} change={change.clone()} {check} {sign_in} />
            }
            if !list.is_empty() {
                <findings::Findings list={Rc::clone(&list)} entries={Rc::clone(&entries)} change={change.clone()} />
                <form::Form list={Rc::clone(&list)} {change} />
                <preview::Preview list={Rc::clone(&list)} {registry_manifest} />
                <commands::Commands list={Rc::clone(&list)} {entries} />
            }
        </div>
    }
}

/// Adds what was pasted, and says what of it is not used; the faults of lines that stay in the box are told there.
#[hook]
fn use_onadd(name: &Reference, adder: &Adder) -> Callback<Pasted> {
    let toaster = use_toaster();
    let (name, adder) = (name.clone(), adder.clone());
    Callback::from(move |pasted: Pasted| {
        let other =
            pasted.list.clone().filter(|other| other.parse::<Reference>().is_ok_and(|other| other != name));
        if let Some(other) = other {
            toaster.say((text().build().other_list)(&other));
        }
        for fault in pasted.faults.iter().filter(|_| pasted.unread.is_empty()) {
            toaster.say(fault.clone());
        }
        adder.add(&pasted);
    })
}

/// The name of the list, with undo, redo and push.
fn heading(local_lists: &LocalLists, list: &ManifestList, editing: &Editing) -> Html {
    let name = list.reference();
    let (can_undo, can_redo) = local_lists.can(name);
    let words = text().build();
    html! {
        <>
            <p class="trail"><Link to={Route::Lists}>{ words.trail }</Link></p>
            <div class="title">
                <h1 data-testid="list-name">{ reference_heading(name) }</h1>
                <div class="title__end">
                    <button class="button" type="button" disabled={!can_undo} onclick={editing.undo.reform(|_: MouseEvent| ())} data-testid="undo">
                        <Icon name="undo" />{ words.undo }
                    </button>
                    <button class="button" type="button" disabled={!can_redo} onclick={editing.redo.reform(|_: MouseEvent| ())} data-testid="redo">
                        <Icon name="redo" />{ words.redo }
                    </button>
                    if !list.is_empty() {
                        <Link to={Route::Push { list: name.to_string() }} classes="button button--main">{ words.push }</Link>
                    }
                </div>
            </div>
        </>
    }
}
