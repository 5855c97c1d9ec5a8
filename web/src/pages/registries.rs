//! Registries: how each is reached, and who is signed in.

mod editor;
pub mod sign_in;

use std::rc::Rc;

use tallyman_files_worker::KEPT_LAYERS_MAX;
use tallyman_registry::Credentials;
use yew::prelude::*;

use super::use_title;
use crate::{
    browser::storage::folder,
    components::{
        chip::{Chip, Tone},
        row_focus::use_row_focus,
        toast::use_toaster,
    },
    format,
    router::Link,
    routes::Route,
    state::problem::origin,
    state::registries::{
        Registries as Known,
        accounts::{Account, Key},
        use_registries, use_revision,
    },
    text::{text, use_language},
};
use editor::Editor;
use sign_in::SignIn;

/// All registries that have settings, or that somebody is signed in to.
#[component]
pub fn Registries() -> Html {
    use_language();
    let registries = use_registries();
    use_revision();
    let place = use_node_ref();
    use_row_focus(&place);
    let words = text().registries();
    use_title(text().registries().title);
    let accounts = registries.accounts().list_with_signed_in();
    html! {
        <div ref={place}>
            <div class="title title--spread">
                <h1>{ words.title }</h1>
                <Editor />
            </div>
            <p class="lead">{ words.lead }</p>
            <p class="soft remark" data-testid="kept-layers">{ (words.kept_layers)(&format::bytes(KEPT_LAYERS_MAX)) }</p>
            if folder() != "/" {
                <p class="hint" data-testid="shared-origin">{ (words.shared_origin)(&origin()) }</p>
            }
            if accounts.is_empty() {
                <p class="panel empty">{ words.none }</p>
            } else {
                <ul class="cards">
                    { for accounts.into_iter().map(|account| html! { <Card key={account.host.clone()} account={account.clone()} /> }) }
                </ul>
            }
        </div>
    }
}

/// Properties of [`Card`].
#[derive(PartialEq, Properties)]
struct CardProps {
    account: Account,
}

/// One registry.
#[component]
fn Card(props: &CardProps) -> Html {
    use_language();
    let registries = use_registries();
    use_revision();
    let account = &props.account;
    let registry = account.host.parse::<tallyman_core::Registry>().ok();
    html! {
        <li class="panel card" data-row={account.host.clone()} data-testid="registry" data-host={account.host.clone()}>
            <div class="card__head">
                <h2><Link to={Route::Explore { place: account.host.clone() }}>{ &account.host }</Link></h2>
                <div class="title__chips">{ chips(&registries, account) }</div>
            </div>
            <div class="card__tools">
                if let Some(registry) = registry {
                    <SignIn {registry} />
                }
                <Editor account={account.clone()} />
                <Removal account={account.clone()} />
            </div>
        </li>
    }
}

fn chips(registries: &Known, account: &Account) -> Html {
    let words = text().registries();
    let plain = |is: bool, word: &'static str| is.then(|| html! { <Chip>{ word }</Chip> });
    html! {
        <>
            { signed_in(registries.accounts().key(&account.host)) }
            { plain(registries.accounts().is_served(&account.host), words.is_served) }
            { plain(account.insecure, words.is_insecure) }
            { plain(!account.gateway.is_empty(), words.is_gateway) }
            { plain(account.read_only, words.is_read_only) }
        </>
    }
}

/// The signed-in user, and the place in which the password is kept.
fn signed_in(key: Option<Key>) -> Html {
    let words = text().registries();
    let Some(key) = key else { return html! { <Chip>{ words.is_signed_out }</Chip> } };
    let who = match &key.credentials {
        Credentials::Basic { user, .. } | Credentials::EncodedBasic { user, .. } => {
            (words.is_signed_in)(user)
        }
        Credentials::IdentityToken(_)
        | Credentials::IdentityTokenAndBasic { .. }
        | Credentials::RegistryToken(_) => words.with_token.to_owned(),
    };
    html! { <Chip tone={Tone::Good} testid="signed-in">{ format!("{who}, {}", words.kept[key.keep as usize]) }</Chip> }
}

/// Takes a registry off the page. What was there comes back by one click.
#[component]
fn Removal(props: &CardProps) -> Html {
    use_language();
    let (registries, toaster) = (use_registries(), use_toaster());
    use_revision();
    let account = props.account.clone();
    let accounts = registries.accounts();
    // Without settings of its own there is nothing to remove: signing out takes it off the page.
    let is_own = accounts.has_settings(&account.host) && accounts.served(&account.host) != Some(&account);
    if !is_own {
        return html! {};
    }
    let onclick = move |_: MouseEvent| {
        let key = registries.accounts().key(&account.host);
        registries.remove(&account.host);
        let (registries, account) = (Rc::clone(&registries), account.clone());
        let words = text().registries();
        let removed = (words.removed)(&account.host);
        toaster.offer(removed, words.undo, move |()| {
            registries.restore(account.clone(), key.as_ref());
        });
    };
    html! { <button class="button" type="button" {onclick}>{ text().registries().remove }</button> }
}
