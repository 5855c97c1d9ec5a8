//! What is drawn after the rest of a page.

use std::time::Duration;

use gloo_timers::future::sleep;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::state::pieces::next_task;

/// By then the browser has drawn what was there before: one frame at 60 Hz, and a little.
const FRAME: Duration = Duration::from_millis(20);

/// Properties of [`Later`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// It is drawn as soon as the page has had time for what else it has to do; otherwise after the rest is on the screen.
    #[prop_or_default]
    pub soon: bool,
    /// What is drawn.
    pub children: Html,
}

/// Draws in a task of its own what is not needed first, so that the rest is there sooner and neither keeps the page from
/// answering for long.
#[component]
pub fn Later(props: &Props) -> Html {
    let is_due = use_state_eq(|| false);
    {
        let (is_due, soon) = (is_due.setter(), props.soon);
        use_effect_with((), move |()| {
            spawn_local(async move {
                if soon {
                    next_task().await;
                } else {
                    sleep(FRAME).await;
                }
                is_due.set(true);
            });
        });
    }
    if *is_due { props.children.clone() } else { Html::default() }
}
