//! The state of the browser's storage for lists while they are not open.

use yew::prelude::*;

use super::icon::Icon;
use crate::{state::lists::Opened, text::text};

/// Shows that the lists are being opened, or why they cannot be.
pub fn store_status(opened: &Opened) -> Html {
    let words = text().lists();
    match opened {
        Opened::Opening | Opened::Ready(_) => html! {
            <div aria-busy="true"><p class="visually-hidden" role="status">{ words.opening }</p><span class="skeleton" /></div>
        },
        Opened::Blocked => html! {
            <div class="alert" role="alert" data-testid="blocked"><Icon name="warning" /><span>{ words.blocked }</span></div>
        },
        Opened::Failed(why) => html! {
            <div class="problem" role="alert" data-testid="store-failed">
                <h1><Icon name="warning" /><span>{ words.failed }</span></h1>
                <p>{ words.failed_advice }</p>
                <p class="problem__detail">{ why.to_string() }</p>
            </div>
        },
    }
}
