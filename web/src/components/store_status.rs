//! The state of the browser's storage for lists: not open yet, or refused.

use yew::prelude::*;

use super::icon::Icon;
use crate::{
    state::lists::{LocalLists, Opened},
    text::text,
};

/// Shows that the lists are being opened.
pub fn store_status(opened: &Opened) -> Html {
    let words = text().lists();
    match opened {
        Opened::Opening | Opened::Ready(_) => html! {
            <div aria-busy="true"><p class="visually-hidden" role="status">{ words.opening }</p><span class="skeleton" /></div>
        },
        Opened::Blocked => html! {
            <div class="alert" role="alert" data-testid="blocked"><Icon name="warning" /><span>{ words.blocked }</span></div>
        },
    }
}

/// Says that the lists are in memory alone, and why. Empty where the browser keeps them.
pub fn session_notice(local_lists: &LocalLists) -> Html {
    let Some(why) = local_lists.refusal() else { return html! {} };
    let words = text().lists();
    html! {
        <div class="alert" role="status" data-testid="store-refused">
            <Icon name="warning" />
            <span>
                <strong>{ words.refused_storage }</strong>{ " " }{ words.refused_storage_advice }
                <span class="hint" lang="en">{ why.to_owned() }</span>
            </span>
        </div>
    }
}
