//! The button that makes a new list of an image or an index.

use yew::prelude::*;

use crate::{
    router,
    routes::Route,
    state::list_editor::confirmation::{self, Wanted},
    text::{text, use_language},
};

/// Properties of [`EditAsList`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The name of the new list; empty if it is asked for.
    pub list: AttrValue,
    /// The image or the index, which becomes the source of the new list.
    pub source: AttrValue,
}

/// The button that makes a new list of an image or an index. The list is local: nothing is pushed.
#[component]
pub fn EditAsList(props: &Props) -> Html {
    use_language();
    let (list, sources) = (props.list.to_string(), vec![props.source.to_string()]);
    let onclick = move |_: MouseEvent| {
        confirmation::confirm(&list, &sources, Wanted::NewList);
        router::push(&Route::Build { list: list.clone(), sources: sources.clone() });
    };
    html! {
        <button class="button button--main" type="button" {onclick} data-testid="edit-as-list">{ text().actions().edit }</button>
    }
}
