//! The button that makes a new list of an image or an index.

use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    routes::Route,
    state::list_editor::confirmation,
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
    let navigator = use_navigator();
    let (list, sources) = (props.list.to_string(), vec![props.source.to_string()]);
    let onclick = move |_: MouseEvent| {
        if let Some(navigator) = &navigator {
            confirmation::confirm(&list, &sources);
            navigator.push(&Route::Build { list: list.clone(), sources: sources.clone() });
        }
    };
    html! {
        <button class="button button--main" type="button" {onclick} data-testid="edit-as-list">{ text().actions().edit }</button>
    }
}
