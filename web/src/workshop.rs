//! The pages of the half that makes.

use yew::prelude::*;

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
        push::{Pushes, use_pushes_of_app},
        shelf::{Opened, use_opened},
    },
};

/// Draws a page of this half.
pub fn page(route: Route) -> Option<Html> {
    Some(match route {
        Route::Compare { left, right } => html! { <Compare {left} {right} /> },
        Route::Lists => html! { <Lists /> },
        Route::Build { list, sources } => html! { <Build {list} {sources} /> },
        Route::Push { list } => html! { <Push {list} /> },
        Route::Delete { place, tags } => html! { <Delete {place} {tags} /> },
        Route::Command => html! { <CommandLine /> },
        Route::Import { packed } => html! { <Linked {packed} /> },
        _ => return None,
    })
}

/// What the pages of this half share: the local lists, and pushes that go on while other pages are looked at.
pub fn around(pages: Html) -> Html {
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
