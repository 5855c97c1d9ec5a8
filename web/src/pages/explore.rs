//! A registry's repositories, and a repository's tags.

mod repositories;
mod tags;
mod visible_rows;

use std::rc::Rc;

use tallyman_core::{Reference, Registry};
use yew::prelude::*;

use crate::{
    router::Link,
    state::listing::Listing,
    text::{text, use_language},
};

use super::{problem, use_title};
use crate::{routes::Route, state::problem::Problem};
use repositories::Repositories;
use tags::Tags;

/// Properties of [`Explore`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// A registry, or a repository with its registry, as it was written.
    pub place: AttrValue,
}

/// The target of an address.
enum ExploreTarget {
    Registry(Registry),
    Repository(Box<Reference>),
}

fn target(text: &str) -> Result<ExploreTarget, Box<Problem>> {
    let text = text.trim_end_matches('/');
    if !text.contains('/') {
        return text
            .parse()
            .map(ExploreTarget::Registry)
            .map_err(|error| Box::new(Problem::of_reference(text, &error)));
    }
    let reference = text.parse().map_err(|error| Box::new(Problem::of_reference(text, &error)))?;
    Ok(ExploreTarget::Repository(Box::new(reference)))
}

/// A registry's repositories, or a repository's tags.
#[component]
pub fn Explore(props: &Props) -> Html {
    use_language();
    use_title(&props.place);
    match target(&props.place) {
        Err(failure) => problem::view(&failure),
        Ok(ExploreTarget::Registry(registry)) => html! {
            <>
                <div class="title"><h1>{ registry.to_string() }</h1></div>
                <Repositories key={registry.to_string()} registry={registry.clone()} />
            </>
        },
        Ok(ExploreTarget::Repository(reference)) => {
            let registry = reference.registry().to_string();
            html! {
                <>
                    <p class="trail"><Link to={Route::Explore { place: registry.clone() }}>{ registry }</Link></p>
                    <div class="title"><h1>{ reference.repository().to_string() }</h1></div>
                    <Tags key={reference.name()} of={Rc::new((*reference).clone())} />
                </>
            }
        }
    }
}

/// Names from which on a listing can be stopped: shorter ones are there before anybody wants that.
const LONG: usize = 1000;

/// The button that stops a long listing while names come.
fn stop(listing: &Listing) -> Html {
    if listing.len() < LONG || !listing.is_growing() {
        return html! {};
    }
    let listing = listing.clone();
    let onclick = Callback::from(move |_: MouseEvent| listing.stop());
    html! { <button class="button" type="button" {onclick} data-testid="stop-listing">{ text().explore().stop }</button> }
}
