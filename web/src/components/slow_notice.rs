//! A notice about a registry that has not answered for some seconds.

use std::time::Duration;

use gloo_timers::{callback::Interval, future::sleep};
use tallyman_core::Registry;
use yew::{platform::spawn_local, prelude::*};

use crate::{
    state::registries::use_registries,
    text::{text, use_language},
};

/// Time after which somebody who waits is told what for.
const SOON: Duration = Duration::from_secs(5);

/// Properties of [`SlowNotice`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The registry that is waited for.
    pub registry: Registry,
    /// The content that is waited for: the path of its address.
    pub path: AttrValue,
}

/// Says what is waited for, once that takes long. To be shown as long as nothing has come.
#[component]
pub fn SlowNotice(props: &Props) -> Html {
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

/// Says which registry has not answered for long, whatever it was asked for. To be shown where it is not known what is asked.
#[component]
pub fn SlowRequestNotice() -> Html {
    use_language();
    let registries = use_registries();
    let longest = use_state_eq(|| None);
    {
        let longest = longest.setter();
        use_effect_with((), move |()| {
            let interval = Interval::new(1_000, move || longest.set(registries.longest_pending(SOON)));
            move || drop(interval)
        });
    }
    let Some((registry, path)) = &*longest else { return html! {} };
    html! {
        <div class="alert" role="status" data-testid="slow"><span>{ (text().problem().slow)(registry, path) }</span></div>
    }
}
