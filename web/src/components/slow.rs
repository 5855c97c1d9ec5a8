//! A word about a registry that has not answered for some seconds.

use std::time::Duration;

use gloo_timers::future::sleep;
use tallyman_core::Registry;
use yew::{platform::spawn_local, prelude::*};

use crate::{
    state::registries::use_registries,
    text::{text, use_language},
};

/// Time after which somebody who waits is told what for.
const SOON: Duration = Duration::from_secs(5);

/// Properties of [`Slow`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The registry that is waited for.
    pub registry: Registry,
    /// The content that is waited for: the path of its address.
    pub path: AttrValue,
}

/// Says what is waited for, once that takes long. To be shown as long as nothing has come.
#[component]
pub fn Slow(props: &Props) -> Html {
    use_language();
    let registries = use_registries();
    let is_slow = use_state_eq(|| false);
    {
        let is_slow = is_slow.setter();
        use_effect_with((), move |()| {
            spawn_local(async move {
                sleep(SOON).await;
                is_slow.set(true);
            });
        });
    }
    if !*is_slow {
        return html! {};
    }
    let again = {
        let registry = props.registry.clone();
        move |_: MouseEvent| registries.try_again(&registry)
    };
    let words = text().problem();
    html! {
        <div class="alert" role="status" data-testid="slow">
            <span>{ (words.slow)(props.registry.as_str(), &props.path) }</span>
            <span class="alert__actions"><button class="button" type="button" onclick={again}>{ words.again }</button></span>
        </div>
    }
}
