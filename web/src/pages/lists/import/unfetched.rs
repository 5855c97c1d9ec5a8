//! Lists that a file describes and whose images could not be fetched.

use std::rc::Rc;

use tallyman_core::Registry;
use yew::prelude::*;

use super::{Offer, named};
use crate::{
    components::{icon::Icon, reason::reason},
    pages::registries::sign_in::SignInPanel,
    state::{latest::use_latest, lists::import_export, registries::use_registries},
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub offer: Offer,
    /// Lists came.
    pub change: Callback<Offer>,
}

/// The lists that could not be fetched, each with the reason, and the ways to have them after all.
#[component]
pub fn UnfetchedLists(props: &Props) -> Html {
    use_language();
    let Props { offer, change } = props;
    let (registries, latest) = (use_registries(), use_latest());
    let is_fetching = use_state_eq(|| false);
    // Names may be corrected while lists are fetched.
    let current = use_mut_ref(Offer::default);
    current.replace(offer.clone());
    let retry = {
        let (is_fetching, change) = (is_fetching.setter(), change.clone());
        Callback::from(move |()| {
            let (registries, current) = (Rc::clone(&registries), Rc::clone(&current));
            let (is_fetching, change) = (is_fetching.clone(), change.clone());
            is_fetching.set(true);
            latest.run(async move {
                let wanted = current.borrow().unfetched.iter().map(|(list, _)| list.clone()).collect();
                let (came, unfetched) = import_export::fetched(wanted, registries.client()).await;
                let mut next = Offer { unfetched, ..current.borrow().clone() };
                next.lists.extend(named(came));
                is_fetching.set(false);
                change.emit(next);
            });
        })
    };
    let mut sign_ins: Vec<&Registry> = Vec::new();
    for registry in offer.unfetched.iter().filter_map(|(_, failure)| failure.sign_in.as_ref()) {
        if !sign_ins.contains(&registry) {
            sign_ins.push(registry);
        }
    }
    html! {
        <>
            { for offer.unfetched.iter().map(|(list, failure)| html! {
                <div class="alert" role="alert" data-testid="unfetched">
                    <Icon name="warning" /><div class="alert__text"><p>{ (text().problem().other)(&list.reference.to_string()) }</p>{ reason(failure) }</div>
                </div>
            }) }
            <div class="import__ways">
                <button class="button" type="button" disabled={*is_fetching} onclick={retry.reform(|_: MouseEvent| ())} data-testid="fetch-again">{ text().problem().again }</button>
            </div>
            { for sign_ins.into_iter().map(|registry| html! {
                <SignInPanel key={registry.as_str()} registry={registry.clone()} ondone={retry.clone()} />
            }) }
        </>
    }
}
