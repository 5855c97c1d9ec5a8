//! The offer to speak plain HTTP with a registry that answers nothing else.

use std::{rc::Rc, time::Duration};

use futures_util::future::{Either, select};
use gloo_timers::future::sleep;
use tallyman_core::Registry;
use yew::{platform::spawn_local, prelude::*};

use crate::{
    browser::probe,
    components::icon::Icon,
    state::registries::{accounts::Account, use_registries},
    text::{text, use_language},
};

/// Time that a registry has to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// Properties of [`PlainHttp`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// A registry that does not answer over HTTPS.
    pub registry: Registry,
}

/// Asks the registry over plain HTTP, without credentials, and offers that where it answers.
#[component]
pub fn PlainHttp(props: &Props) -> Html {
    use_language();
    let registries = use_registries();
    let answers = use_state_eq(|| false);
    let host = props.registry.to_string();
    let account = registries.accounts().of(&host);
    let is_asked = !account.insecure && account.gateway.is_empty() && !props.registry.is_loopback();
    {
        let (answers, url) = (answers.setter(), format!("http://{}/v2/", props.registry.api_host()));
        use_effect_with((props.registry.clone(), is_asked), move |(_, is_asked)| {
            if *is_asked {
                spawn_local(async move {
                    let limit = Box::pin(sleep(LIMIT));
                    let asked = Box::pin(probe::answers(&url));
                    answers.set(matches!(select(asked, limit).await, Either::Left((true, _))));
                });
            }
        });
    }
    if !*answers || !is_asked {
        return html! {};
    }
    let allow = {
        let registries = Rc::clone(&registries);
        move |_: MouseEvent| {
            // The settings say so, whether or not the browser stores them.
            registries.save(&account, Account { insecure: true, ..account.clone() });
        }
    };
    let words = text().problem();
    html! {
        <div class="alert" role="status" data-testid="plain-http">
            <Icon name="warning" />
            <span>{ (words.plain_http_found)(&host) }</span>
            <span class="alert__actions"><button class="button button--main" type="button" onclick={allow}>{ (words.plain_http_use)(&host) }</button></span>
        </div>
    }
}
