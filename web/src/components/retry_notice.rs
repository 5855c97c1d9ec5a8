//! The notice that a request is sent again: when, why, and a button that does it now.

use std::{rc::Rc, time::Duration};

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

/// The request that is shown: the last one that is told of.
#[derive(Debug, Default, PartialEq)]
pub struct Notice(Option<Pending>);

/// A change of the notice.
pub enum Change {
    /// A request will be sent again.
    Show(Pending),
    /// The one that was to be sent at this moment needs no notice any more. Another one stays.
    Clear(f64),
    /// The retries of a registry have ended.
    End(Registry),
}

impl Reducible for Notice {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        match change {
            Change::Show(pending) => Rc::new(Self(Some(pending))),
            Change::Clear(until) => match &self.0 {
                Some(shown) if shown.until == until => Rc::default(),
                _ => self,
            },
            Change::End(registry) => match &self.0 {
                Some(shown) if shown.registry == registry => Rc::default(),
                _ => self,
            },
        }
    }
}

/// Properties of [`RetryNotice`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The notice.
    pub notice: UseReducerHandle<Notice>,
}

/// The notice that a request is sent again. Long waits are counted down.
#[component]
pub fn RetryNotice(props: &Props) -> Html {
    use_language();
    let registries = use_registries();
    let pending = &props.notice.0;
    let now = use_state(Date::now);
    {
        let now = now.setter();
        let counts = pending.as_ref().filter(|pending| pending.wait >= LONG).map(|pending| pending.until);
        use_effect_with(counts, move |counts| {
            let interval = counts.map(|_| {
                now.set(Date::now());
                Interval::new(1000, move || now.set(Date::now()))
            });
            move || drop(interval)
        });
    }
    let words = text().frame();
    let Some(pending) = pending else {
        return html! { <p class="notice" role="status" data-testid="notice" /> };
    };
    let is_long = pending.wait >= LONG;
    // Written from whole numbers: the formatting of others weighs 10 KB of wasm.
    let seconds = if is_long {
        (((pending.until - *now) / 1000.0).max(0.0).ceil() as u32).to_string()
    } else {
        format!("{}{}{}", pending.wait.as_secs(), words.decimal, pending.wait.subsec_millis() / 100)
    };
    let try_now = {
        let (registry, until, notice) = (pending.registry.clone(), pending.until, props.notice.dispatcher());
        move |_: MouseEvent| {
            registries.retry_now(&registry);
            notice.dispatch(Change::Clear(until));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_leaves_at_its_own_time_and_takes_no_later_one_along() {
        let at = |until| Pending {
            registry: "r.example".parse().unwrap(),
            attempt: 1,
            wait: LONG,
            until,
            why: AttrValue::from("busy"),
        };
        let shown = Rc::new(Notice::default()).reduce(Change::Show(at(3.0))).reduce(Change::Show(at(30.0)));
        let shown = shown.reduce(Change::Clear(3.0));
        assert_eq!(*shown, Notice(Some(at(30.0))));
        assert_eq!(*Rc::clone(&shown).reduce(Change::Clear(30.0)), Notice(None));
        let shown = shown.reduce(Change::End("other.example".parse().unwrap()));
        assert_eq!(*shown, Notice(Some(at(30.0))));
        assert_eq!(*shown.reduce(Change::End("r.example".parse().unwrap())), Notice(None));
    }
}
