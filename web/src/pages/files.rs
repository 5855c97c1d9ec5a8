//! The files of an image, or those that differ between two.

mod address;
mod explorer;
mod filters;
mod head;
mod layers;
mod progress;
mod source;
mod table;
mod viewer;

use std::rc::Rc;

use tallyman_core::Reference;
use yew::prelude::*;

use super::{problem, use_title};
use crate::{
    browser::files_worker,
    routes::Route,
    state::{
        files::ImageSource,
        inspection::{Extent, Inspection, use_inspection},
    },
    text::{text, use_language},
};
use address::{Address, use_address};
use explorer::Explorer;
use source::ImageLookup;

/// Properties of [`Files`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The image as it was written.
    pub reference: AttrValue,
    /// The image on the right; at most one.
    pub right: Vec<String>,
}

/// The files of an image, or those that differ between two.
#[component]
pub fn Files(props: &Props) -> Html {
    use_language();
    use_style_sheet();
    let (address, _) = use_address();
    let right = props.right.first().map_or("", String::as_str);
    let left = use_inspection(&props.reference, Extent::Image);
    let words = text().files();
    use_title(&(words.title_of)(&props.reference));
    let found = source::found(&left, &address.platform);
    use_prepared_worker(matches!(found, ImageLookup::Coming));
    html! {
        <>
            { head::view(&props.reference, right, &left, &found, &address) }
            if right.is_empty() {
                { one(&left, found, &address.platform) }
            } else {
                <Compared left={Rc::clone(&left)} right={right.to_owned()} />
            }
        </>
    }
}

fn one(inspection: &Inspection, found: ImageLookup, platform: &str) -> Html {
    match found {
        ImageLookup::Image(image) => html! { <Whole images={Rc::new(vec![*image])} /> },
        found => not_yet(inspection, &found, platform),
    }
}

/// The content of the page as long as there are no files of the image for `platform`.
fn not_yet(inspection: &Inspection, found: &ImageLookup, platform: &str) -> Html {
    match (inspection, found) {
        (Inspection::Failed(failure), _) => problem::view(failure),
        (_, ImageLookup::Failed(failure)) => problem::view(failure),
        (_, ImageLookup::Nested(lists)) => nested(lists, platform),
        (_, ImageLookup::NoImage) => {
            html! { <p class="lead" data-testid="no-image">{ text().files().no_image }</p> }
        }
        _ => {
            html! { <p class="panel empty" data-testid="loading" aria-busy="true"><span class="skeleton" /></p> }
        }
    }
}

/// The ways to the files of the images that nested indexes have.
fn nested(lists: &[Reference], platform: &str) -> Html {
    let address = Address { platform: platform.to_owned(), ..Address::default() };
    let link = |list: &Reference| {
        let route = Route::Files { reference: list.to_string(), right: Vec::new() };
        html! { <li><a href={address::href(&route, &address)}><code>{ list.to_string() }</code></a></li> }
    };
    html! {
        <div data-testid="nested">
            <p class="lead">{ text().files().nested }</p>
            <ul>{ for lists.iter().map(link) }</ul>
        </div>
    }
}

/// Properties of [`Compared`].
#[derive(PartialEq, Properties)]
struct ComparedProps {
    left: Rc<Inspection>,
    /// The image on the right as it was written.
    right: AttrValue,
}

/// The files that differ between two images.
#[component]
fn Compared(props: &ComparedProps) -> Html {
    use_language();
    let (address, _) = use_address();
    let (left, right) = (&props.left, use_inspection(&props.right, Extent::Image));
    let platform_right =
        if address.platform_right.is_empty() { &address.platform } else { &address.platform_right };
    match (source::found(left, &address.platform), source::found(&right, platform_right)) {
        (ImageLookup::Image(left), ImageLookup::Image(right)) => {
            html! { <Whole images={Rc::new(vec![*left, *right])} /> }
        }
        (ImageLookup::Image(_), found) => not_yet(&right, &found, platform_right),
        (found, _) => not_yet(left, &found, &address.platform),
    }
}

/// Properties of [`Whole`].
#[derive(PartialEq, Properties)]
struct WholeProps {
    images: Rc<Vec<ImageSource>>,
}

/// The explorer of images; another one for other images.
#[component]
fn Whole(props: &WholeProps) -> Html {
    use_language();
    let key = props.images.iter().map(|image| image.reference.to_string()).collect::<Vec<_>>().join("|");
    html! { <Explorer {key} images={Rc::clone(&props.images)} /> }
}

/// Has the worker started while the image is being found, as long as `is_coming`.
#[hook]
fn use_prepared_worker(is_coming: bool) {
    use_effect_with(is_coming, |is_coming| {
        if *is_coming {
            files_worker::prepare();
        }
    });
    // One that nobody used ends with the page.
    use_effect_with((), |()| files_worker::end_spare);
}

/// Has the style sheet of this page alone, as long as the page stands and after.
#[hook]
fn use_style_sheet() {
    use_effect_with((), |()| {
        let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
        let Some(address) = files_worker::style_sheet() else { return };
        let is_there =
            document.query_selector(&format!("link[href='{address}']")).is_ok_and(|link| link.is_some());
        if is_there {
            return;
        }
        if let (Ok(link), Some(head)) = (document.create_element("link"), document.head()) {
            // A page without its styles is a page still.
            let _ = link.set_attribute("rel", "stylesheet");
            let _ = link.set_attribute("href", &address);
            let _ = head.append_child(&link);
        }
    });
}
