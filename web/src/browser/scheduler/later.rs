//! Drawing of content after the rest of a page.

use futures_channel::mpsc::{UnboundedSender, unbounded};
use futures_util::StreamExt;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{next_frame, next_task};

/// Time at which content is drawn.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum DrawTime {
    /// Drawn once the page has had time for what else it has to do.
    Soon,
    /// After the rest is on the screen.
    #[default]
    Next,
    /// After what else waits for the rest to be on the screen.
    Last,
}

/// Properties of [`Later`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The time at which it is drawn.
    #[prop_or_default]
    pub when: DrawTime,
    /// The content.
    pub children: Html,
}

/// Draws in a task of its own what is not needed first, so that the rest is there sooner and neither keeps the page from
/// answering for long.
#[component]
pub fn Later(props: &Props) -> Html {
    let is_due = use_state_eq(|| false);
    {
        let (is_due, when) = (is_due.setter(), props.when);
        use_effect_with((), move |()| {
            let draw = move || is_due.set(true);
            match when {
                DrawTime::Soon => spawn_local(async move {
                    next_task().await;
                    draw();
                }),
                DrawTime::Next => one_a_frame(draw),
                DrawTime::Last => spawn_local(async move {
                    // The rest of what is drawn now is in the queue by then.
                    next_task().await;
                    one_a_frame(draw);
                }),
            }
        });
    }
    if *is_due { props.children.clone() } else { Html::default() }
}

type Draw = Box<dyn FnOnce()>;

thread_local! {
    /// Queue of content that waits for its frame.
    static WAITING: UnboundedSender<Draw> = {
        let (sender, mut waiting) = unbounded::<Draw>();
        spawn_local(async move {
            while let Some(draw) = waiting.next().await {
                next_frame().await;
                draw();
            }
        });
        sender
    };
}

/// Draws one thing after each frame, in the order in which they came.
fn one_a_frame(draw: impl FnOnce() + 'static) {
    let sent = WAITING.with(|waiting| waiting.unbounded_send(Box::new(draw)));
    sent.expect("what is to be drawn is waited for as long as the page lives");
}
