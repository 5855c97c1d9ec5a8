//! The settings of one registry, in a dialog.

use tallyman_core::Registry;
use yew::prelude::*;

use crate::{
    components::{
        check_box::checked_into,
        dialog::Dialog,
        text_field::{text_in, use_value},
        toast::use_toaster,
    },
    state::input::pasted_text::host_in,
    state::registries::{accounts::Account, use_registries},
    text::{text, use_language},
};

/// Properties of [`Editor`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The registry as it is; a new one without.
    #[prop_or_default]
    pub account: Option<Account>,
}

/// A button that opens the settings of a registry.
#[component]
pub fn Editor(props: &Props) -> Html {
    use_language();
    let open = use_state_eq(|| false);
    let words = text().registries();
    let show = {
        let open = open.setter();
        move |_: MouseEvent| open.set(true)
    };
    let onclose = {
        let open = open.setter();
        Callback::from(move |()| open.set(false))
    };
    let (label, title) = match &props.account {
        Some(account) => (words.edit, account.host.clone()),
        None => (words.add, words.add.to_owned()),
    };
    let class = classes!("button", props.account.is_none().then_some("button--main"));
    html! {
        <>
            <button {class} type="button" onclick={show}>{ label }</button>
            <Dialog open={*open} {title} onclose={onclose.clone()} testid="registry-dialog">
                <Form account={props.account.clone()} ondone={onclose} />
            </Dialog>
        </>
    }
}

/// Properties of [`Form`].
#[derive(PartialEq, Properties)]
struct FormProps {
    account: Option<Account>,
    ondone: Callback<()>,
}

/// The reason why a host is not added.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// It is no host.
    Invalid,
    /// It has settings already.
    Listed,
}

/// The settings, and the host of a registry that is added.
#[component]
fn Form(props: &FormProps) -> Html {
    use_language();
    let (registries, toaster) = (use_registries(), use_toaster());
    let words = text().registries();
    let [host, gateway] = [use_node_ref(), use_node_ref()];
    let fault = use_state_eq(|| None);
    let account = props.account.clone().unwrap_or_default();
    let insecure = use_state_eq(|| account.insecure);
    let read_only = use_state_eq(|| account.read_only);
    use_value(&gateway, &account.gateway.clone().into());
    let onsubmit = {
        let (account, ondone, fault) = (account.clone(), props.ondone.clone(), fault.setter());
        let [host, gateway] = [&host, &gateway].map(Clone::clone);
        let [insecure, read_only] = [*insecure, *read_only];
        move |event: SubmitEvent| {
            event.prevent_default();
            let is_new = account.host.is_empty();
            let typed = if is_new { text_in(&host) } else { account.host.clone() };
            let Ok(registry) = host_in(&typed).parse::<Registry>() else {
                return fault.set(Some(Fault::Invalid));
            };
            if is_new && registries.accounts().has_settings(registry.as_str()) {
                return fault.set(Some(Fault::Listed));
            }
            let saved = registries.save(Account {
                host: registry.to_string(),
                insecure,
                gateway: text_in(&gateway).trim().to_owned(),
                read_only,
                ..account.clone()
            });
            if !saved {
                toaster.say(text().registries().not_stored);
            }
            ondone.emit(());
        }
    };
    let cancel = {
        let ondone = props.ondone.clone();
        move |_: MouseEvent| ondone.emit(())
    };
    let hint = match *fault {
        None => words.host_hint,
        Some(Fault::Invalid) => words.host_invalid,
        Some(Fault::Listed) => words.host_listed,
    };
    html! {
        <form class="form" {onsubmit}>
            if account.host.is_empty() {
                <label class="labelled">
                    <span>{ words.host }</span>
                    <input ref={host} type="text" name="host" autocapitalize="none" autocomplete="off" spellcheck="false" aria-invalid={fault.is_some().to_string()} autofocus=true />
                    <small>{ hint }</small>
                </label>
            }
            <label class="check">
                <input type="checkbox" name="insecure" checked={*insecure} onchange={checked_into(&insecure)} />
                <span>{ words.insecure }<small>{ words.insecure_hint }</small></span>
            </label>
            <label class="check">
                <input type="checkbox" name="read-only" checked={*read_only} onchange={checked_into(&read_only)} />
                <span>{ words.read_only }<small>{ words.read_only_hint }</small></span>
            </label>
            <label class="labelled">
                <span>{ words.gateway }</span>
                <input ref={gateway} type="text" name="gateway" autocapitalize="none" autocomplete="off" spellcheck="false" />
                <small>{ words.gateway_hint }</small>
            </label>
            <div class="dialog__actions">
                <button class="button" type="button" onclick={cancel}>{ words.cancel }</button>
                <button class="button button--main" type="submit">{ words.save }</button>
            </div>
        </form>
    }
}
