//! All local lists, and bringing lists in and out.

mod import;
mod row;

use std::rc::Rc;

use tallyman_core::ManifestList;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::use_title;
use crate::{
    components::{
        command::command_lines,
        icon::Icon,
        panel::Panel,
        row_focus::use_row_focus,
        store_status::{session_notice, store_status},
        text_field::text_in,
    },
    router,
    routes::Route,
    state::{
        input::pasted_text::reference_in,
        lists::{LocalLists, Opened, import_export, is_kept, use_stored_lists},
    },
    text::{text, use_language},
};

pub use import::Linked;

/// All local lists.
#[component]
pub fn Lists() -> Html {
    use_language();
    let opened = use_context::<Opened>().unwrap_or_default();
    use_title(text().lists().title);
    match opened {
        Opened::Ready(local_lists) => html! { <Ready {local_lists} /> },
        opened => store_status(&opened),
    }
}

#[derive(PartialEq, Properties)]
struct ReadyProps {
    local_lists: Rc<LocalLists>,
}

#[component]
fn Ready(props: &ReadyProps) -> Html {
    use_language();
    let table = use_node_ref();
    let focus = use_row_focus(&table);
    let local_lists = &props.local_lists;
    let stored = use_stored_lists(local_lists);
    let done = use_state_eq(|| None::<(String, bool)>);
    let ondone = {
        let done = done.setter();
        Callback::from(move |line| done.set(Some(line)))
    };
    let words = text().lists();
    let all: Vec<Rc<ManifestList>> = match &stored {
        Some(Ok(stored)) => stored.iter().filter_map(|stored| stored.list.clone().ok()).collect(),
        _ => Vec::new(),
    };
    let tools = html! {
        if !all.is_empty() {
            <button class="button" type="button" data-testid="export-list-file" onclick={{
                let all = all.clone();
                move |_: MouseEvent| import_export::save_list_file(all.iter().map(|list| &**list))
            }}>
                <Icon name="download" />{ words.export_list_file }
            </button>
            <button class="button" type="button" data-testid="export-all" onclick={move |_: MouseEvent| import_export::save_archive(all.iter().map(|list| &**list))}>
                <Icon name="download" />{ words.export_all }
            </button>
        }
    };
    html! {
        <>
            <div class="title"><h1>{ words.title }</h1></div>
            { session_notice(local_lists) }
            <p class="soft">{ words.lead }</p>
            <New />
            {
                match &stored {
                    None => html! { <span class="skeleton" /> },
                    Some(Err(why)) => html! {
                        <div class="alert" role="alert"><Icon name="warning" /><span>{ why.to_string() }</span></div>
                    },
                    Some(Ok(stored)) if stored.is_empty() => html! { <p class="empty" data-testid="no-lists">{ words.empty }</p> },
                    Some(Ok(stored)) => html! {
                        <Panel title={words.title} remark={stored.len().to_string()} {tools}>
                            <table ref={table} class="table stack">
                                <thead>
                                    <tr>
                                        <th scope="col">{ words.name }</th>
                                        <th scope="col">{ words.entries }</th>
                                        <th scope="col">{ words.state }</th>
                                        <th scope="col">{ words.changed }</th>
                                        <th scope="col"><span class="visually-hidden">{ words.actions }</span></th>
                                    </tr>
                                </thead>
                                <tbody>
                                    { for stored.iter().map(|stored| html! {
                                        <row::ListRow key={stored.summary.reference.to_string()} local_lists={Rc::clone(local_lists)} stored={stored.clone()} done={ondone.clone()} renamed={focus.follow()} />
                                    }) }
                                </tbody>
                            </table>
                        </Panel>
                    },
                }
            }
            if let Some((line, in_docker)) = &*done {
                <section aria-label={text().build().done_line}>
                    <p class="hint done-line">{ text().build().done_line }</p>
                    { command_lines(line, *in_docker) }
                </section>
            }
            <import::Import local_lists={Rc::clone(local_lists)} />
            if local_lists.refusal().is_none() {
                <Kept />
            }
        </>
    }
}

/// The box that names a new list.
#[component]
fn New() -> Html {
    use_language();
    let input = use_node_ref();
    let onsubmit = {
        let input = input.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            let list = reference_in(&text_in(&input));
            if !list.is_empty() {
                router::push(&Route::build(&list));
            }
        }
    };
    let words = text().lists();
    html! {
        <form class="line-form" {onsubmit}>
            <input ref={input} class="field field--mono" type="text" aria-label={words.new_label} placeholder="127.0.0.1:5000/app:v1"
                autocapitalize="none" autocomplete="off" spellcheck="false" data-testid="new-list" />
            <button class="button button--main" type="submit">{ words.new_button }</button>
        </form>
    }
}

/// The state of the browser's promise to keep the lists, and the button that asks for it.
#[component]
fn Kept() -> Html {
    use_language();
    let place = use_node_ref();
    use_row_focus(&place);
    // Whether it is promised, and whether it was asked for here.
    let kept = use_state_eq(|| None::<(bool, bool)>);
    {
        let kept = kept.setter();
        use_effect_with((), move |()| {
            spawn_local(async move { kept.set(is_kept(false).await.map(|kept| (kept, false))) });
        });
    }
    let ask = {
        let kept = kept.clone();
        move |_: MouseEvent| {
            let kept = kept.clone();
            spawn_local(async move { kept.set(is_kept(true).await.map(|kept| (kept, true))) });
        }
    };
    let words = text().lists();
    match *kept {
        None => html! {},
        Some((true, _)) => html! { <p class="hint kept" role="status" data-testid="kept">{ words.kept }</p> },
        Some((false, true)) => {
            html! { <p class="hint kept" role="status" data-testid="kept">{ words.not_kept_still }</p> }
        }
        Some((false, false)) => html! {
            <p ref={place} class="hint kept" data-testid="kept">
                { words.not_kept }{ " " }
                <button class="button" type="button" onclick={ask}>{ words.keep }</button>
            </p>
        },
    }
}
