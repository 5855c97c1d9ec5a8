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

#[component]
fn Form(props: &FormProps) -> Html {
    use_language();
    let (registries, toaster) = (use_registries(), use_toaster());
    let words = text().registries();
    let [host, gateway] = [use_node_ref(), use_node_ref()];
    let is_wrong = use_state_eq(|| false);
    let account = props.account.clone().unwrap_or_default();
    let insecure = use_state_eq(|| account.insecure);
    let read_only = use_state_eq(|| account.read_only);
    use_value(&gateway, &account.gateway.clone().into());
    let onsubmit = {
        let (account, ondone, is_wrong) = (account.clone(), props.ondone.clone(), is_wrong.setter());
        let [host, gateway] = [&host, &gateway].map(Clone::clone);
        let [insecure, read_only] = [*insecure, *read_only];
        move |event: SubmitEvent| {
            event.prevent_default();
            let typed = if account.host.is_empty() { text_in(&host) } else { account.host.clone() };
            let Ok(registry) = host_in(&typed).parse::<Registry>() else {
                return is_wrong.set(true);
            };
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
    html! {
        <form class="form" {onsubmit}>
            if account.host.is_empty() {
                <label class="labelled">
                    <span>{ words.host }</span>
                    <input ref={host} type="text" name="host" autocapitalize="none" autocomplete="off" spellcheck="false" aria-invalid={is_wrong.to_string()} autofocus=true />
                    <small>{ if *is_wrong { words.host_invalid } else { words.host_hint } }</small>
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
