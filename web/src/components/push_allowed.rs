//! A place for what pushes to a registry: where the settings forbid that, they are named instead.

use tallyman_core::Registry;
use yew::prelude::*;

use super::icon::Icon;
use crate::{
    router::Link,
    routes::Route,
    state::registries::{use_registries, use_revision},
    text::{text, use_language},
};

/// Properties of [`PushAllowed`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The registry.
    pub registry: Registry,
    /// The button that begins the push, and what is chosen beside it.
    pub children: Html,
}

/// The button of a push, or the reason why there is none.
#[component]
pub fn PushAllowed(props: &Props) -> Html {
    use_language();
    let registries = use_registries();
    use_revision();
    let host = props.registry.as_str();
    if registries.permissions().may_push(host) {
        return props.children.clone();
    }
    let words = text().push();
    html! {
        <div class="alert" role="alert" data-testid="push-forbidden">
            <Icon name="warning" />
            <span>{ (words.forbidden)(host) }</span>
            <span class="alert__actions"><Link to={Route::Registries} classes="button">{ words.settings }</Link></span>
        </div>
    }
}
