//! The heading of the page: the image, its platform, and with what it is compared.

use yew::prelude::*;

use super::{
    address::{Address, Step, go, use_address},
    source::{Found, platform, platforms},
};
use crate::{
    pages::compare::Sides,
    router::Link,
    routes::Route,
    state::inspection::{Inspected, Inspection},
    text::{text, use_language},
};

/// The heading of the page.
pub fn view(reference: &AttrValue, right: &str, inspection: &Inspection, found: &Found) -> Html {
    let words = text().files();
    let inspected = match inspection {
        Inspection::Ready(inspected) => Some(inspected),
        _ => None,
    };
    let is_image = matches!(found, Found::Image(_));
    html! {
        <>
            <div class="title">
                <h1>{ if right.is_empty() { words.title } else { words.compare_link } }</h1>
                if right.is_empty() {
                    <p class="files__image">
                        <Link to={Route::Inspect { reference: reference.to_string() }}>{ reference }</Link>
                    </p>
                }
            </div>
            if right.is_empty() {
                if let Some(inspected) = inspected.filter(|_| is_image) {
                    <Choices inspected={inspected.clone()} reference={reference.clone()} />
                }
            } else {
                <Sides left={reference.clone()} right={right.to_owned()} of_files=true />
            }
        </>
    }
}

/// Properties of [`Choices`].
#[derive(PartialEq, Properties)]
struct Props {
    inspected: Inspected,
    reference: AttrValue,
}

/// The platform, and with what it is compared.
#[component]
fn Choices(props: &Props) -> Html {
    use_language();
    let (address, change) = use_address();
    let words = text().files();
    let platforms = platforms(&props.inspected);
    let chosen = platform(&platforms, &address.platform).unwrap_or_default().to_owned();
    let onplatform = {
        move |event: Event| {
            if let Some(select) = event.target_dyn_into::<web_sys::HtmlSelectElement>() {
                let address =
                    Address { platform: select.value(), path: String::new(), layer: None, ..address.clone() };
                change.emit((address, Step::New));
            }
        }
    };
    let oncompare = {
        let (reference, chosen) = (props.reference.to_string(), chosen.clone());
        move |event: Event| {
            let select = event.target_dyn_into::<web_sys::HtmlSelectElement>();
            if let Some(select) = select {
                let route = Route::Files { reference: reference.clone(), right: vec![reference.clone()] };
                let (platform, platform_right) = (chosen.clone(), select.value());
                let address = Address { platform, platform_right, ..Address::default() };
                go(&route, &address, Step::New);
            }
        }
    };
    let other =
        Route::Files { reference: props.reference.to_string(), right: vec![props.reference.to_string()] };
    html! {
        <div class="files__choices">
            if platforms.len() > 1 {
                <label>
                    <span>{ words.platform }</span>
                    <select class="field" onchange={onplatform} data-testid="files-platform">
                        { for platforms.iter().map(|(name, _)| option(name, *name == chosen)) }
                    </select>
                </label>
                <label>
                    <span>{ words.compare_with }</span>
                    <select class="field" onchange={oncompare} data-testid="files-compare-platform">
                        <option value="" selected=true disabled=true>{ words.other_platform }</option>
                        { for platforms.iter().filter(|(name, _)| *name != chosen).map(|(name, _)| option(name, false)) }
                    </select>
                </label>
            }
            <Link classes="button" to={other}>{ words.other_image }</Link>
        </div>
    }
}

fn option(name: &str, is_chosen: bool) -> Html {
    html! { <option value={name.to_owned()} selected={is_chosen}>{ name.to_owned() }</option> }
}
