//! A registry's repositories, and a repository's tags.

mod list;
mod tag;

use std::rc::Rc;

use tallyman_core::{Reference, Registry};
use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    pages::{problem, set_title},
    routes::Route,
    state::{pages::Listed, problem::Problem},
};
use list::List;
use tag::TagRow;

/// Properties of [`Explore`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// A registry, or a repository with its registry, as it was written.
    pub place: AttrValue,
}

/// Where an address leads.
enum Place {
    Registry(Registry),
    Repository(Box<Reference>),
}

fn place(text: &str) -> Result<Place, Box<Problem>> {
    let text = text.trim_end_matches('/');
    if !text.contains('/') {
        return text
            .parse()
            .map(Place::Registry)
            .map_err(|error| Box::new(Problem::of_reference(text, &error)));
    }
    let reference = text.parse().map_err(|error| Box::new(Problem::of_reference(text, &error)))?;
    Ok(Place::Repository(Box::new(reference)))
}

/// A registry's repositories, or a repository's tags.
#[component]
pub fn Explore(props: &Props) -> Html {
    use_effect_with(props.place.clone(), |place| set_title(place));
    match place(&props.place) {
        Err(failure) => problem::view(&failure),
        Ok(Place::Registry(registry)) => repositories(registry),
        Ok(Place::Repository(reference)) => tags(reference),
    }
}

fn repositories(registry: Registry) -> Html {
    let host = registry.clone();
    let row = Callback::from(move |name: AttrValue| {
        let to = Route::Explore { place: format!("{host}/{name}") };
        html! { <Link<Route> {to} classes="window__link"><span class="strong">{ name }</span></Link<Route>> }
    });
    html! {
        <>
            <div class="title"><h1>{ registry.to_string() }</h1></div>
            <List key="repositories" listed={Listed::Repositories(registry)} noun="repositories" {row} />
        </>
    }
}

fn tags(reference: Box<Reference>) -> Html {
    let of: Rc<Reference> = Rc::new((*reference).clone());
    let row = {
        let of = Rc::clone(&of);
        Callback::from(move |tag: AttrValue| html! { <TagRow of={Rc::clone(&of)} {tag} /> })
    };
    let (registry, key) = (reference.registry().to_string(), reference.name());
    html! {
        <>
            <p class="trail"><Link<Route> to={Route::Explore { place: registry.clone() }}>{ registry }</Link<Route>></p>
            <div class="title"><h1>{ reference.repository().to_string() }</h1></div>
            <List {key} listed={Listed::Tags(reference)} noun="tags" {row} />
        </>
    }
}
