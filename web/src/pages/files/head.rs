//! The heading of the page: the image, its platform, and with what it is compared.

use yew::prelude::*;

use super::{
    address::{Address, Step, go, href, use_address},
    source::{self, ImageLookup},
};
use crate::{
    pages::{
        compare::Sides,
        inspect::{Named, Names, entry_name},
    },
    router::Link,
    routes::Route,
    state::inspection::{Inspected, Inspection, Node},
    text::{text, use_language},
};

/// The heading of the page.
pub fn view(
    reference: &AttrValue,
    right: &str,
    inspection: &Inspection,
    found: &ImageLookup,
    address: &Address,
) -> Html {
    let words = text().files();
    let inspected = match inspection {
        Inspection::Ready(inspected) => Some(inspected),
        _ => None,
    };
    let is_image = matches!(found, ImageLookup::Image(_));
    let is_runnable = |(_, node): (usize, &Node)| node.descriptor.is_runnable();
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
                if let Some(inspected) = inspected.filter(|inspected| is_image || inspected.entries().any(is_runnable)) {
                    <Choices inspected={inspected.clone()} reference={reference.clone()} />
                }
            } else {
                <Sides left={reference.clone()} right={right.to_owned()} onchoose={onchoose(address)} />
            }
        </>
    }
}

/// Returns the callback that compares two images, of the same platforms as now.
fn onchoose(address: &Address) -> Callback<(String, String, bool)> {
    let address = address.clone();
    Callback::from(move |(left, right, are_swapped)| {
        let route = Route::Files { reference: left, right: vec![right] };
        go(&route, &address.of_pair(are_swapped), Step::New);
    })
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
    let pair =
        Route::Files { reference: props.reference.to_string(), right: vec![props.reference.to_string()] };
    let platform = chosen.and_then(|number| names.name(number)).unwrap_or_default().to_owned();
    let with = Address { platform, ..Address::default() };
    let other = href(&pair, &with);
    let oncompare = move |event: Event| {
        if let Some(select) = event.target_dyn_into::<web_sys::HtmlSelectElement>() {
            go(&pair, &Address { platform_right: select.value(), ..with.clone() }, Step::New);
        }
    };
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
            <a class="button" href={other}>{ words.other_image }</a>
        </div>
    }
}
