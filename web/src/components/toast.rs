//! Short messages in a corner, said to screen readers as well, some with something to do about them.

use std::{rc::Rc, time::Duration};

use js_sys::Date;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{icon::Icon, row_focus::use_row_focus};
use crate::{
    router::use_location,
    text::{text, use_language},
};

/// Milliseconds for which a message stays.
const STAY: Duration = Duration::from_secs(6);
/// Milliseconds for which a message with a button stays.
const STAY_WITH_OFFER: Duration = Duration::from_secs(20);
/// Milliseconds for which a message stays on another page: it may be what led there.
const STAY_ELSEWHERE: f64 = 1000.0;

/// Says messages. Pages get it by [`use_toaster`].
#[derive(Clone, PartialEq)]
pub struct Toaster(UseReducerDispatcher<Toasts>);

/// A message on screen.
#[derive(Clone, PartialEq)]
struct Toast {
    number: u32,
    message: AttrValue,
    offer: Option<(AttrValue, Callback<()>)>,
    /// The time at which it was said, in milliseconds since 1970.
    said: f64,
}

#[derive(Default)]
struct Toasts {
    last: u32,
    shown: Vec<Toast>,
}

enum Change {
    Say(AttrValue, Option<(AttrValue, Callback<()>)>),
    Drop(u32),
    /// Another page is shown. What can still be done about a message does not depend on the page.
    Leave,
}

impl Reducible for Toasts {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let (mut last, mut shown) = (self.last, self.shown.clone());
        match change {
            Change::Say(message, offer) => {
                last += 1;
                shown.push(Toast { number: last, message, offer, said: Date::now() });
            }
            Change::Drop(number) => shown.retain(|toast| toast.number != number),
            Change::Leave => {
                let since = Date::now() - STAY_ELSEWHERE;
                shown.retain(|toast| toast.offer.is_some() || toast.said > since);
            }
        }
        Rc::new(Self { last, shown })
    }
}

impl Toaster {
    /// Says something.
    pub fn say(&self, message: impl Into<AttrValue>) {
        self.0.dispatch(Change::Say(message.into(), None));
    }

    /// Says something, and offers something to do about it: to undo it, say.
    pub fn offer(
        &self,
        message: impl Into<AttrValue>,
        label: impl Into<AttrValue>,
        action: impl Into<Callback<()>>,
    ) {
        self.0.dispatch(Change::Say(message.into(), Some((label.into(), action.into()))));
    }
}

/// The sender of messages.
#[hook]
pub fn use_toaster() -> Toaster {
    use_context().expect("the app provides its toaster")
}

/// Properties of [`ToastPlace`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The app, which may say messages.
    pub children: Html,
}

/// The corner where messages are shown, and the app that says them.
#[component]
pub fn ToastPlace(props: &Props) -> Html {
    use_language();
    let place = use_node_ref();
    use_row_focus(&place);
    let toasts = use_reducer(Toasts::default);
    let toaster = Toaster(toasts.dispatcher());
    let location = use_location();
    {
        let toasts = toasts.dispatcher();
        use_effect_with(location.path, move |_| toasts.dispatch(Change::Leave));
    }
    html! {
        <ContextProvider<Toaster> context={toaster.clone()}>
            { props.children.clone() }
            <div ref={place} class="toasts" role="status" aria-live="polite" data-testid="toasts">
                { for toasts.shown.iter().map(|toast| html! {
                    <Shown key={toast.number} toast={toast.clone()} toaster={toaster.clone()} />
                }) }
            </div>
        </ContextProvider<Toaster>>
    }
}

#[derive(PartialEq, Properties)]
struct ShownProps {
    toast: Toast,
    toaster: Toaster,
}

/// One message. It goes by itself, but not from under a pointer or the focus.
#[component]
fn Shown(props: &ShownProps) -> Html {
    use_language();
    let held = use_mut_ref(|| false);
    let number = props.toast.number;
    {
        let (toaster, held) = (props.toaster.clone(), Rc::clone(&held));
        let stay = if props.toast.offer.is_some() { STAY_WITH_OFFER } else { STAY };
        use_effect_with((), move |()| {
            let (abort, registration) = futures_util::future::AbortHandle::new_pair();
            let leave = async move {
                gloo_timers::future::sleep(stay).await;
                while *held.borrow() {
                    gloo_timers::future::sleep(Duration::from_secs(1)).await;
                }
                toaster.0.dispatch(Change::Drop(number));
            };
            spawn_local(async move {
                // One that was closed by hand has left already.
                let _ = futures_util::future::Abortable::new(leave, registration).await;
            });
            move || abort.abort()
        });
    }
    let close = {
        let toaster = props.toaster.clone();
        move || toaster.0.dispatch(Change::Drop(number))
    };
    let hold = |value: bool| {
        let held = Rc::clone(&held);
        move || *held.borrow_mut() = value
    };
    let (enter, leave, focus, blur) = (hold(true), hold(false), hold(true), hold(false));
    let cross = close.clone();
    html! {
        <div
            class="toast"
            data-testid="toast"
            data-row={number.to_string()}
            onmouseenter={move |_| enter()}
            onmouseleave={move |_| leave()}
            onfocusin={move |_| focus()}
            onfocusout={move |_| blur()}
        >
            <span>{ &props.toast.message }</span>
            if let Some((label, action)) = props.toast.offer.clone() {
                <button class="button" type="button" name="toast-action" onclick={move |_| { action.emit(()); close(); }}>{ label }</button>
            }
            <button class="icon-button" type="button" name="toast-close" aria-label={text().controls().close} onclick={move |_| cross()}>
                <Icon name="close" />
            </button>
        </div>
    }
}
