//! An address that leads nowhere.

use yew::prelude::*;
use yew_router::prelude::*;

use crate::routes::Route;

/// Properties of [`NotFound`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The address.
    pub path: AttrValue,
}

/// An address that leads nowhere.
#[component]
pub fn NotFound(props: &Props) -> Html {
    html! {
        <div class="problem" role="alert" data-testid="error" data-code="no-page">
            <h1>{ "There is no page at this address" }</h1>
            <p>{ "Expected #/ or #/inspect/REFERENCE, found " }<code>{ format!("#{}", props.path) }</code>{ "." }</p>
            <p><Link<Route> to={Route::Start}>{ "Go to the start page" }</Link<Route>></p>
        </div>
    }
}
