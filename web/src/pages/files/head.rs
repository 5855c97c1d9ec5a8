//! The heading of the page: the image, its platform, and with what it is compared.

use yew::prelude::*;

use super::{
    address::{Address, Step, go, use_address},
    source::{self, Found},
};
use crate::{
    pages::{
        compare::Sides,
        inspect::{Named, Names, entry_name},
    },
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
    let names = Names::of(&props.inspected);
    let chosen = match source::chosen(&props.inspected, &names, &address.platform) {
        Named::Node(number) => Some(number),
        Named::Coming | Named::Nothing => None,
    };
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
        let reference = props.reference.to_string();
        let platform = chosen.and_then(|number| names.name(number)).unwrap_or_default().to_owned();
        move |event: Event| {
            let select = event.target_dyn_into::<web_sys::HtmlSelectElement>();
            if let Some(select) = select {
                let route = Route::Files { reference: reference.clone(), right: vec![reference.clone()] };
                let (platform, platform_right) = (platform.clone(), select.value());
                let address = Address { platform, platform_right, ..Address::default() };
                go(&route, &address, Step::New);
            }
        }
    };
    let other =
        Route::Files { reference: props.reference.to_string(), right: vec![props.reference.to_string()] };
    let nodes: Vec<_> = names.numbers().map(|number| &*props.inspected.nodes[number]).collect();
    let labels = entry_name::names(&nodes);
    let all: Vec<_> = names.numbers().zip(labels).collect();
    let option = |(number, label): &(usize, String), is_chosen: bool| {
        let value = names.name(*number).unwrap_or_default().to_owned();
        html! { <option {value} selected={is_chosen}>{ label.clone() }</option> }
    };
    html! {
        <div class="files__choices">
            if all.len() > 1 {
                <label>
                    <span>{ words.platform }</span>
                    <select class="field" onchange={onplatform} data-testid="files-platform">
                        { for all.iter().map(|one| option(one, Some(one.0) == chosen)) }
                    </select>
                </label>
                <label>
                    <span>{ words.compare_with }</span>
                    <select class="field" onchange={oncompare} data-testid="files-compare-platform">
                        <option value="" selected=true disabled=true>{ words.other_platform }</option>
                        { for all.iter().filter(|(number, _)| Some(*number) != chosen).map(|one| option(one, false)) }
                    </select>
                </label>
            }
            <Link classes="button" to={other}>{ words.other_image }</Link>
        </div>
    }
}
