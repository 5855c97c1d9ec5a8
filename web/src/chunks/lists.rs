//! The chunks of local lists: their building and pushing, deletion and comparison; and the command line that works on them.

use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

use super::Loaded;
use crate::{
    routes,
    state::{
        deletion::{Deletions, use_deletions_of_app},
        lists::{Opened, use_opened},
        push::{Copies, Pushes, use_copies_of_app, use_pushes_of_app},
        terminal::{Session, use_session_of_app},
    },
};

/// Loads the chunk.
#[wasm_split(lists, fallible)]
pub fn load() -> Result<Loaded, SplitLoaderError> {
    Ok(Loaded { page: routes::draw_lists, fragment: None, around: Some(around) })
}

/// Loads the chunk of the command line.
#[wasm_split(command, fallible)]
pub fn load_command() -> Result<Loaded, SplitLoaderError> {
    Ok(Loaded { page: routes::draw_command, fragment: None, around: Some(around_command) })
}

/// Provides all pages with the local lists, and with pushes, copies and deletions that go on while other pages are looked at.
fn around(pages: Html) -> Html {
    html! { <Workbench>{ pages }</Workbench> }
}

#[derive(PartialEq, Properties)]
struct Props {
    children: Html,
}

#[component]
fn Workbench(props: &Props) -> Html {
    let (opened, pushes) = (use_opened(), use_pushes_of_app());
    let (copies, deletions) = (use_copies_of_app(), use_deletions_of_app());
    html! {
        <ContextProvider<Opened> context={opened}>
            <ContextProvider<Pushes> context={pushes}>
                <ContextProvider<Copies> context={copies}>
                    <ContextProvider<Deletions> context={deletions}>{ props.children.clone() }</ContextProvider<Deletions>>
                </ContextProvider<Copies>>
            </ContextProvider<Pushes>>
        </ContextProvider<Opened>>
    }
}

/// Provides all pages with the session of the command line, which goes on while other pages are looked at.
fn around_command(pages: Html) -> Html {
    html! { <CommandSession>{ pages }</CommandSession> }
}

#[component]
fn CommandSession(props: &Props) -> Html {
    let session = use_session_of_app();
    html! {
        <ContextProvider<UseReducerHandle<Session>> context={session}>{ props.children.clone() }</ContextProvider<UseReducerHandle<Session>>>
    }
}
