//! Signing in to a registry, and out.

use std::rc::Rc;

use tallyman_core::Registry;
use tallyman_registry::{Credentials, Error};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    browser::storage::Keep,
    components::{dialog::Dialog, text_field::text_in, toast::use_toaster},
    state::{
        latest::use_presence,
        registries::{accounts::Account, use_registries, use_revision},
    },
    text::{text, use_language},
};

/// Properties of [`SignIn`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The registry.
    pub registry: Registry,
}

/// A button that signs in, in a dialog, or out.
#[component]
pub fn SignIn(props: &Props) -> Html {
    use_language();
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
    html! {
        <>
            if is_signed_in {
                <button class="button" type="button" onclick={leave} data-testid="sign-out">{ words.sign_out }</button>
            } else {
                <button class="button" type="button" onclick={show} data-testid="sign-in">{ words.sign_in }</button>
            }
            <Dialog open={*open} title={(words.sign_in_to)(&host)} onclose={onclose.clone()} testid="sign-in-dialog">
                <Form registry={props.registry.clone()} ondone={onclose} />
            </Dialog>
        </>
    }
}

/// The form in place, where something failed for want of a sign-in.
#[component]
pub fn SignInPanel(props: &FormProps) -> Html {
    use_language();
    let FormProps { registry, ondone } = props;
    html! {
        <section class="sign-in" aria-label={(text().registries().sign_in_to)(registry.as_str())} data-testid="sign-in-panel">
            <h2>{ (text().registries().sign_in_to)(registry.as_str()) }</h2>
            <Form registry={registry.clone()} ondone={ondone.clone()} />
        </section>
    }
}

/// Properties of [`SignInPanel`].
#[derive(PartialEq, Properties)]
pub struct FormProps {
    /// The registry.
    pub registry: Registry,
    /// The person is signed in: the action can go on.
    pub ondone: Callback<()>,
}

/// The progress of signing in.
#[derive(Clone, PartialEq)]
enum SignInState {
    Open,
    Checking,
    Refused,
    /// The registry sends its visitors to another site, whose address this is.
    Elsewhere(String),
    Failed(String),
}

/// The form of a registry. There is another one for another registry, and after a sign-in that did not open what was wanted: it has
/// nothing of what was typed into the one before.
#[component]
fn Form(props: &FormProps) -> Html {
    use_language();
    let FormProps { registry, ondone } = props;
    let round = use_state_eq(|| 0_u32);
    let key = format!("{registry} {}", *round);
    let ondone = {
        let ondone = ondone.clone();
        Callback::from(move |()| {
            round.set(*round + 1);
            ondone.emit(());
        })
    };
    html! { <Fields key={key} registry={registry.clone()} {ondone} /> }
}

#[component]
fn Fields(props: &FormProps) -> Html {
    use_language();
    let words = text().registries();
    let (by_token, keep) = (use_state_eq(|| false), use_state_eq(|| Keep::Memory));
    let progress = use_state_eq(|| SignInState::Open);
    let [user, secret] = [use_node_ref(), use_node_ref()];
    let credentials = {
        let (user, secret, by_token) = (user.clone(), secret.clone(), *by_token);
        move || match by_token {
            true => Credentials::RegistryToken(text_in(&secret)),
            false => Credentials::Basic { user: text_in(&user), password: text_in(&secret) },
        }
    };
    let ask = use_sign_in(props, credentials, *keep, progress.setter());
    let onsubmit = {
        let ask = ask.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            ask.emit(());
        }
    };
    let method = |token: bool, label: &'static str| {
        let set = by_token.setter();
        choice("how", label, *by_token == token, Callback::from(move |_: Event| set.set(token)))
    };
    html! {
        <form class="form" {onsubmit}>
            <fieldset class="choices choices--row">
                <legend class="visually-hidden">{ words.how }</legend>
                { method(false, words.by_password) }
                { method(true, words.by_token) }
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
            { keeping(&keep) }
            <SignInProgress registry={props.registry.clone()} progress={(*progress).clone()} {ask} />
            <div class="dialog__actions">
                <button class="button button--main" type="submit" disabled={*progress == SignInState::Checking}>{ words.sign_in }</button>
            </div>
        </form>
    }
}

/// Signs in with the credentials of the form. Whoever has left the form by then is signed in, and nothing more: the page that
/// wanted something is gone.
#[hook]
fn use_sign_in(
    props: &FormProps,
    credentials: impl Fn() -> Credentials + 'static,
    keep: Keep,
    progress: UseStateSetter<SignInState>,
) -> Callback<()> {
    let (registries, toaster) = (use_registries(), use_toaster());
    let (registry, ondone) = (props.registry.clone(), props.ondone.clone());
    let is_there = use_presence();
    Callback::from(move |()| {
        let credentials = credentials();
        let (registries, registry, ondone) = (Rc::clone(&registries), registry.clone(), ondone.clone());
        let (progress, toaster, is_there) = (progress.clone(), toaster.clone(), Rc::clone(&is_there));
        progress.set(SignInState::Checking);
        spawn_local(async move {
            match registries.sign_in(&registry, credentials, keep).await {
                Ok(kept) => {
                    let words = text().registries();
                    toaster.say((words.signed_in)(registry.as_str()));
                    if !kept {
                        toaster.say(words.not_stored);
                    }
                    if is_there.get() {
                        ondone.emit(());
                    }
                }
                Err(Error::ForeignRealm { realm, .. }) => progress.set(SignInState::Elsewhere(realm)),
                Err(error) if matches!(error.code(), "unauthorized" | "token-refused" | "denied") => {
                    progress.set(SignInState::Refused);
                }
                Err(error) => progress.set(SignInState::Failed(error.to_string())),
            }
        });
    })
}

fn choice(name: &'static str, label: &'static str, checked: bool, onchange: Callback<Event>) -> Html {
    html! {
        <label class="check"><input type="radio" {name} {checked} {onchange} /><span>{ label }</span></label>
    }
}

/// The choice of the time for which the credentials are kept.
fn keeping(keep: &UseStateHandle<Keep>) -> Html {
    let words = text().registries();
    let labels = [words.keep_memory, words.keep_session, words.keep_stored];
    let option = |(wanted, label): (Keep, &'static str)| {
        let set = keep.setter();
        choice("keep", label, **keep == wanted, Callback::from(move |_: Event| set.set(wanted)))
    };
    html! {
        <fieldset class="choices">
            <legend>{ words.keep }</legend>
            { for Keep::ALL.into_iter().zip(labels).map(option) }
            if **keep == Keep::Stored {
                <p class="warn-note" data-testid="stored-warning">{ words.keep_stored_warning }</p>
            }
        </fieldset>
    }
}

#[derive(PartialEq, Properties)]
struct ProgressProps {
    registry: Registry,
    progress: SignInState,
    ask: Callback<()>,
}

/// The outcome of signing in, and the consent that a token service on another site needs.
#[component]
fn SignInProgress(props: &ProgressProps) -> Html {
    use_language();
    let ProgressProps { registry, progress, ask } = props;
    let registries = use_registries();
    let host = registry.to_string();
    let words = text().registries();
    let content = match progress {
        SignInState::Open => html! {},
        SignInState::Checking => html! { <p class="soft">{ words.checking }</p> },
        SignInState::Refused => {
            html! { <p class="bad-note" data-testid="sign-in-refused">{ words.refused }</p> }
        }
        SignInState::Failed(reason) => {
            html! { <p class="bad-note">{ words.failed }<small lang="en">{ reason }</small></p> }
        }
        SignInState::Elsewhere(realm) => {
            let allow = {
                let (host, realm, ask) = (host.clone(), realm.clone(), ask.clone());
                move |_: MouseEvent| {
                    let account = registries.accounts().of(&host);
                    let allowed = Account { token_service: realm.clone(), ..account.clone() };
                    registries.accounts().save(&account, allowed);
                    ask.emit(());
                }
            };
            html! {
                <div class="warn-note" data-testid="foreign-realm">
                    <p>{ (words.foreign)(&host, realm) }</p>
                    <button class="button" type="button" onclick={allow}>{ words.foreign_allow }</button>
                </div>
            }
        }
    };
    html! { <div role="status" class="form__said">{ content }</div> }
}
