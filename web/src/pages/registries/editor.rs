//! The settings of one registry, in a dialog.

use std::rc::Rc;

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
    state::registries::{accounts::Account, gateway_transport::is_gateway, use_registries},
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

/// The reason why settings are not saved.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// The host is none.
    Host,
    /// The host has settings already.
    Listed,
    /// The gateway is at no address.
    Gateway,
}

/// The settings, and the host of a registry that is added. They stay as they were when the form was opened, whatever other tabs set.
#[component]
fn Form(props: &FormProps) -> Html {
    use_language();
    let words = text().registries();
    let fields = [use_node_ref(), use_node_ref()];
    let fault = use_state_eq(|| None);
    let account = use_memo((), |()| props.account.clone().unwrap_or_default());
    let insecure = use_state_eq(|| account.insecure);
    let read_only = use_state_eq(|| account.read_only);
    use_value(&fields[1], &account.gateway.clone().into());
    let onsubmit = use_save(&account, &props.ondone, &fields, [*insecure, *read_only], fault.setter());
    let cancel = props.ondone.reform(|_: MouseEvent| ());
    let [host, gateway] = fields;
    let (host_hint, gateway_hint) = match *fault {
        None => (words.host_hint, words.gateway_hint),
        Some(Fault::Host) => (words.host_invalid, words.gateway_hint),
        Some(Fault::Listed) => (words.host_listed, words.gateway_hint),
        Some(Fault::Gateway) => (words.host_hint, words.gateway_invalid),
    };
    let is_gateway_wrong = *fault == Some(Fault::Gateway);
    let is_host_wrong = fault.is_some() && !is_gateway_wrong;
    html! {
        <form class="form" {onsubmit}>
            if account.host.is_empty() {
                <label class="labelled">
                    <span>{ words.host }</span>
                    <input ref={host} type="text" name="host" autocapitalize="none" autocomplete="off" spellcheck="false" aria-invalid={is_host_wrong.to_string()} autofocus=true />
                    <small aria-live="polite">{ host_hint }</small>
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
                <input ref={gateway} type="text" name="gateway" autocapitalize="none" autocomplete="off" spellcheck="false" aria-invalid={is_gateway_wrong.to_string()} />
                <small aria-live="polite">{ gateway_hint }</small>
            </label>
            <div class="dialog__actions">
                <button class="button" type="button" onclick={cancel}>{ words.cancel }</button>
                <button class="button button--main" type="submit">{ words.save }</button>
            </div>
        </form>
    }
}

/// Saves what was changed of `account`: the host and the gateway in `fields`, and whether the registry is insecure and read only.
#[hook]
fn use_save(
    account: &Rc<Account>,
    ondone: &Callback<()>,
    fields: &[NodeRef; 2],
    is_checked: [bool; 2],
    fault: UseStateSetter<Option<Fault>>,
) -> Callback<SubmitEvent> {
    let (registries, toaster) = (use_registries(), use_toaster());
    let (account, ondone, fields) = (Rc::clone(account), ondone.clone(), fields.clone());
    let [insecure, read_only] = is_checked;
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        let [host, gateway] = fields.each_ref().map(text_in);
        let is_new = account.host.is_empty();
        let host = if is_new { host } else { account.host.clone() };
        let Ok(registry) = host_in(&host).parse::<Registry>() else {
            return fault.set(Some(Fault::Host));
        };
        if is_new && registries.accounts().has_settings(registry.as_str()) {
            return fault.set(Some(Fault::Listed));
        }
        let gateway = gateway.trim().to_owned();
        if gateway != account.gateway && !gateway.is_empty() && !is_gateway(&gateway) {
            return fault.set(Some(Fault::Gateway));
        }
        let host = registry.to_string();
        let changed = Account { host, insecure, gateway, read_only, ..(*account).clone() };
        if !registries.save(&account, changed) {
            toaster.say(text().registries().not_stored);
        }
        ondone.emit(());
    })
}
