//! The end of the session at the gateway that serves the app.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::toast::use_toaster;
use crate::{
    browser::fetch,
    state::registries::use_registries,
    text::{text, use_language},
};

/// A button that ends the session at the gateway, forgets what was kept of it, and loads the page anew.
#[component]
pub fn SignOut() -> Html {
    use_language();
    let (toaster, registries) = (use_toaster(), use_registries());
    let onclick = move |_: MouseEvent| {
        let (toaster, registries) = (toaster.clone(), Rc::clone(&registries));
        spawn_local(async move {
            match fetch::fetch("POST", "sign-out").await {
                Ok(response) if response.ok() => {
                    registries.sign_out_all().await;
                    if let Some(window) = web_sys::window() {
                        // A page that cannot be loaded anew is about to go.
                        let _ = window.location().reload();
                    }
                }
                Ok(response) => toaster.say((text().frame().not_signed_out)(&response.status().to_string())),
                Err(error) => toaster.say((text().frame().not_signed_out)(&error)),
            }
        });
    };
    html! { <button class="button bar__sign-out" type="button" {onclick} data-testid="gateway-sign-out">{ text().frame().sign_out }</button> }
}
