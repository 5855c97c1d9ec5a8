//! Signing in to a registry, and out.

use std::rc::Rc;

use tallyman_core::Registry;
use tallyman_registry::{Credentials, Error};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::editor::value;
use crate::{
    browser::storage::Keep,
    components::{dialog::Dialog, toast::use_toaster},
    state::registries::{accounts::Account, use_registries, use_revision},
    text::text,
};

/// Properties of [`SignIn`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The registry.
    pub registry: Registry,
    /// It is what the page is waiting for.
    #[prop_or_default]
    pub main: bool,
}

/// A button that signs in, in a dialog, or out.
#[component]
pub fn SignIn(props: &Props) -> Html {
    let (registries, toaster) = (use_registries(), use_toaster());
    use_revision();
    let open = use_state_eq(|| false);
    let words = text().registries();
    let host = props.registry.to_string();
    let is_signed_in = registries.accounts().key(&host).is_some();
    let onclose = {
        let open = open.setter();
        Callback::from(move |()| open.set(false))
    };
    let show = {
        let open = open.setter();
        move |_: MouseEvent| open.set(true)
    };
    let leave = {
        let host = host.clone();
        move |_: MouseEvent| {
            registries.sign_out(&host);
            toaster.say((text().registries().signed_out)(&host));
        }
    };
    let label = if props.main {
        (text().problem().sign_in)(props.registry.as_str())
    } else {
        words.sign_in.to_owned()
    };
    html! {
        <>
            if is_signed_in && !props.main {
                <button class="button" type="button" onclick={leave} data-testid="sign-out">{ words.sign_out }</button>
            } else {
                <button class={classes!("button", props.main.then_some("button--main"))} type="button" onclick={show} data-testid="sign-in">{ label }</button>
            }
            <Dialog open={*open} title={(words.sign_in_to)(&host)} onclose={onclose.clone()} testid="sign-in-dialog">
                <Form registry={props.registry.clone()} ondone={onclose} />
            </Dialog>
        </>
    }
}

/// Properties of [`Form`].
#[derive(PartialEq, Properties)]
struct FormProps {
    registry: Registry,
    ondone: Callback<()>,
}

/// The progress of signing in.
#[derive(Clone, PartialEq)]
enum Progress {
    Open,
    Checking,
    Refused,
    /// The registry sends its visitors to another site, whose address this is.
    Elsewhere(String),
    Failed(String),
}

#[component]
fn Form(props: &FormProps) -> Html {
    let (registries, toaster) = (use_registries(), use_toaster());
    let words = text().registries();
    let (by_token, keep) = (use_state_eq(|| false), use_state_eq(|| Keep::Memory));
    let progress = use_state_eq(|| Progress::Open);
    let [user, secret] = [use_node_ref(), use_node_ref()];
    let host = props.registry.to_string();
    let ask = {
        let (registry, ondone, progress) = (props.registry.clone(), props.ondone.clone(), progress.setter());
        let (user, secret, by_token, keep) = (user.clone(), secret.clone(), *by_token, *keep);
        let registries = Rc::clone(&registries);
        Callback::from(move |()| {
            let secret = value(&secret);
            let credentials = if by_token {
                Credentials::RegistryToken(secret)
            } else {
                Credentials::Basic { user: value(&user), password: secret }
            };
            let (registries, registry, ondone) = (Rc::clone(&registries), registry.clone(), ondone.clone());
            let (progress, toaster) = (progress.clone(), toaster.clone());
            progress.set(Progress::Checking);
            spawn_local(async move {
                match registries.sign_in(&registry, credentials, keep).await {
                    Ok(kept) => {
                        let words = text().registries();
                        toaster.say((words.signed_in)(registry.as_str()));
                        if !kept {
                            toaster.say(words.not_stored);
                        }
                        ondone.emit(());
                    }
                    Err(Error::ForeignRealm { realm, .. }) => progress.set(Progress::Elsewhere(realm)),
                    Err(error) if matches!(error.code(), "unauthorized" | "token-refused" | "denied") => {
                        progress.set(Progress::Refused);
                    }
                    Err(error) => progress.set(Progress::Failed(error.to_string())),
                }
            });
        })
    };
    let onsubmit = {
        let ask = ask.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            ask.emit(());
        }
    };
    let allow = |realm: String| {
        let (registries, host, ask) = (Rc::clone(&registries), host.clone(), ask.clone());
        move |_: MouseEvent| {
            let account = registries.accounts().of(&host);
            registries.accounts().save(Account { token_service: realm.clone(), ..account });
            ask.emit(());
        }
    };
    let choice = |name: &'static str, label: &'static str, checked: bool, onchange: Callback<Event>| {
        html! {
            <label class="check"><input type="radio" {name} {checked} {onchange} /><span>{ label }</span></label>
        }
    };
    let method = |token: bool| {
        let by_token = by_token.setter();
        Callback::from(move |_: Event| by_token.set(token))
    };
    let keeping = |wanted: Keep| {
        let keep = keep.setter();
        Callback::from(move |_: Event| keep.set(wanted))
    };
    html! {
        <form class="form" {onsubmit}>
            <fieldset class="choices choices--row">
                <legend class="visually-hidden">{ words.how }</legend>
                { choice("how", words.by_password, !*by_token, method(false)) }
                { choice("how", words.by_token, *by_token, method(true)) }
            </fieldset>
            if *by_token {
                <label class="labelled">
                    <span>{ words.token }</span>
                    <input ref={secret} key="token" type="password" name="token" autocomplete="off" required=true />
                    <small>{ words.token_hint }</small>
                </label>
            } else {
                <label class="labelled">
                    <span>{ words.user }</span>
                    <input ref={user} key="user" type="text" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required=true autofocus=true />
                </label>
                <label class="labelled">
                    <span>{ words.password }</span>
                    <input ref={secret} key="password" type="password" name="password" autocomplete="current-password" required=true />
                </label>
            }
            <fieldset class="choices">
                <legend>{ words.keep }</legend>
                { for Keep::ALL.into_iter().zip([words.keep_memory, words.keep_session, words.keep_stored]).map(|(wanted, label)| {
                    choice("keep", label, *keep == wanted, keeping(wanted))
                }) }
                if *keep == Keep::Stored {
                    <p class="warn-note" data-testid="stored-warning">{ words.keep_stored_warning }</p>
                }
            </fieldset>
            <div role="status" class="form__said">
                {
                    match &*progress {
                        Progress::Open => html! {},
                        Progress::Checking => html! { <p class="soft">{ words.checking }</p> },
                        Progress::Refused => html! { <p class="bad-note" data-testid="sign-in-refused">{ words.refused }</p> },
                        Progress::Failed(reason) => html! { <p class="bad-note">{ words.failed }<small lang="en">{ reason }</small></p> },
                        Progress::Elsewhere(realm) => html! {
                            <div class="warn-note" data-testid="foreign-realm">
                                <p>{ (words.foreign)(&host, realm) }</p>
                                <button class="button" type="button" onclick={allow(realm.clone())}>{ words.foreign_allow }</button>
                            </div>
                        },
                    }
                }
            </div>
            <div class="dialog__actions">
                <button class="button button--main" type="submit" disabled={*progress == Progress::Checking}>{ words.sign_in }</button>
            </div>
        </form>
    }
}
