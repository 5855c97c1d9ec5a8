//! The link that carries a list.

use std::rc::Rc;

use tallyman_core::ManifestList;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    components::{copy::Copy, dialog::Dialog},
    routes::Route,
    state::lists::import_export,
    text::{text, use_language},
};

/// Properties of [`LinkButton`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The list.
    pub list: Rc<ManifestList>,
}

/// A button that makes a link that carries the list, and shows it in a dialog.
#[component]
pub fn LinkButton(props: &Props) -> Html {
    use_language();
    let link = use_state_eq(|| None::<Result<String, &'static str>>);
    let onclick = {
        let (list, link) = (Rc::clone(&props.list), link.setter());
        move |_: MouseEvent| {
            let (list, link) = (Rc::clone(&list), link.clone());
            spawn_local(async move {
                let packed = import_export::packed(&list).await.ok_or(text().lists().link_too_long);
                link.set(Some(packed.map(|packed| address_of(&Route::Import { packed }))));
            });
        }
    };
    let onclose = {
        let link = link.setter();
        Callback::from(move |()| link.set(None))
    };
    let words = text().lists();
    html! {
        <>
            <button class="button" type="button" aria-label={format!("{}: {}", words.link, props.list.reference())} {onclick} data-testid="link">{ words.link }</button>
            <Dialog open={link.is_some()} title={words.link_title} {onclose}>
                {
                    match &*link {
                        None => html! {},
                        Some(Err(why)) => html! { <p role="alert">{ *why }</p> },
                        Some(Ok(address)) => html! {
                            <>
                                <p>{ words.link_lead }</p>
                                <div class="command"><code class="clipped" data-testid="link-address">{ address.clone() }</code><Copy text={address.clone()} what={words.link} /></div>
                            </>
                        },
                    }
                }
            </Dialog>
        </>
    }
}

/// The whole address of a page of this app.
fn address_of(route: &Route) -> String {
    let href = web_sys::window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    let page = href.split('#').next().unwrap_or_default();
    format!("{page}#{}", route.to_path())
}
