//! The notice that a request is sent again: when, why, and a button that does it now.

use std::time::Duration;

use gloo_timers::callback::Interval;
use js_sys::Date;
use tallyman_core::Registry;
use yew::prelude::*;

use crate::{
    state::registries::use_registries,
    text::{text, use_language},
};

/// Waits from which on the seconds are counted, and the request can be sent now.
const LONG: Duration = Duration::from_secs(3);

/// A request that will be sent again.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// The registry.
    pub registry: Registry,
    /// The number of attempts so far.
    pub attempt: u32,
    /// The wait before the next.
    pub wait: Duration,
    /// The moment of the next attempt, in milliseconds since 1970.
    pub until: f64,
    /// The reason.
    pub why: AttrValue,
}

/// Properties of [`RetryNotice`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The request that will be sent again, if there is one.
    pub pending: Option<Pending>,
}

/// The notice that a request is sent again. Long waits are counted down.
#[component]
pub fn RetryNotice(props: &Props) -> Html {
    use_language();
    let registries = use_registries();
    let now = use_state(Date::now);
    {
        let now = now.setter();
        let counts =
            props.pending.as_ref().filter(|pending| pending.wait >= LONG).map(|pending| pending.until);
        use_effect_with(counts, move |counts| {
            let interval = counts.map(|_| {
                now.set(Date::now());
                Interval::new(1000, move || now.set(Date::now()))
            });
            move || drop(interval)
        });
    }
    let words = text().frame();
    let Some(pending) = &props.pending else {
        return html! { <p class="notice" role="status" data-testid="notice" /> };
    };
    let is_long = pending.wait >= LONG;
    // Written from whole numbers: the formatting of others weighs 10 KB of wasm.
    let seconds = if is_long {
        (((pending.until - *now) / 1000.0).max(0.0).ceil() as u32).to_string()
    } else {
        format!("{}.{}", pending.wait.as_secs(), pending.wait.subsec_millis() / 100)
    };
    let try_now = {
        let registry = pending.registry.clone();
        move |_: MouseEvent| registries.try_again(&registry)
    };
    html! {
        <div class="notice" data-testid="notice">
            // A countdown that a screen reader speaks each second would be in the way.
            <p role="status" aria-live={is_long.then_some("off")}>{ (words.retry)(pending.attempt, &seconds, &pending.why) }</p>
            if is_long {
                <button class="button" type="button" onclick={try_now} data-testid="try-now">{ words.try_now }</button>
            }
        </div>
    }
}
