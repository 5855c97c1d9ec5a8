//! An address that leads nowhere.

use yew::prelude::*;

use super::use_title;
use crate::{
    format,
    router::Link,
    routes::Route,
    text::{text, use_language},
};

/// Properties of [`NotFound`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The address.
    pub path: AttrValue,
}

/// An address that leads nowhere.
#[component]
pub fn NotFound(props: &Props) -> Html {
    use_language();
    let words = text().problem();
    use_title(words.no_page);
    html! {
        <div class="problem" role="alert" data-testid="error" data-code="no-page">
            <h1>{ words.no_page }</h1>
            <p>{ words.no_page_found }<code>{ format!("#{}", format::visible_name(&format::excerpt(&props.path))) }</code>{ "." }</p>
            <div class="problem__ways">
                <Link to={Route::Start} classes="button">{ words.to_start }</Link>
                <Link to={Route::Lists} classes="button">{ text().lists().nav }</Link>
                <Link to={Route::Registries} classes="button">{ text().registries().title }</Link>
            </div>
        </div>
    }
}
