//! The chunk that makes: lists, their building and pushing, deletion, comparison, and the command line.

use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

use super::Loaded;
use crate::{
    pages::{
        build::Build,
        command::CommandLine,
        compare::Compare,
        delete::Delete,
        lists::{Linked, Lists},
        push::Push,
    },
    routes::Route,
    state::{
        lists::{Opened, use_opened},
        push::{Pushes, use_pushes_of_app},
    },
};

/// Loads the chunk.
#[wasm_split(make, fallible)]
pub fn load() -> Result<Loaded, SplitLoaderError> {
    Ok(Loaded { page, around: Some(around) })
}

fn page(route: Route) -> Html {
    match route {
        Route::Compare { left, right } => html! { <Compare {left} {right} /> },
        Route::Lists => html! { <Lists /> },
        Route::Build { list, sources } => html! { <Build {list} {sources} /> },
        Route::Push { list } => html! { <Push {list} /> },
        Route::Delete { place, tags } => html! { <Delete {place} {tags} /> },
        Route::Command => html! { <CommandLine /> },
        Route::Import { packed } => html! { <Linked {packed} /> },
        Route::Start
        | Route::Inspect { .. }
        | Route::Explore { .. }
        | Route::Registries
        | Route::NotFound { .. } => Html::default(),
    }
}

/// The local lists, and pushes that go on while other pages are looked at.
fn around(pages: Html) -> Html {
    html! { <Bench>{ pages }</Bench> }
}

#[derive(PartialEq, Properties)]
struct Props {
    children: Html,
}

#[component]
fn Bench(props: &Props) -> Html {
    let (opened, pushes) = (use_opened(), use_pushes_of_app());
    html! {
        <ContextProvider<Opened> context={opened}>
            <ContextProvider<Pushes> context={pushes}>{ props.children.clone() }</ContextProvider<Pushes>>
        </ContextProvider<Opened>>
    }
}
