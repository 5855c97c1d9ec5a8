//! A list with images of other registries: they are copied with it where somebody wants that.

use std::{collections::BTreeSet, rc::Rc};

use tallyman_core::{Action, ManifestList, PushPlan, check_registry};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{Planned, alert, steps};
use crate::{
    components::{check_box::checked_into, icon::Icon},
    format,
    state::{lists::LocalLists, push::interrupted},
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub local_lists: Rc<LocalLists>,
    pub list: Rc<ManifestList>,
}

/// Offers to copy the images of other registries, says what that takes, and plans the push with it.
#[component]
pub fn Copying(props: &Props) -> Html {
    use_language();
    let Props { local_lists, list } = props;
    let wanted = use_state_eq(|| false);
    let plan = use_memo(Rc::clone(list), |list| PushPlan::with_copies(list).map(Rc::new));
    {
        let (wanted, local_lists, plan) = (wanted.setter(), Rc::clone(local_lists), Rc::clone(&plan));
        use_effect_with(Rc::clone(list), move |_| {
            spawn_local(async move {
                let Ok(plan) = &*plan else { return };
                // A push that was interrupted had been wanted.
                if !interrupted(&local_lists, plan).await.is_empty() {
                    wanted.set(true);
                }
            });
        });
    }
    let target = list.reference();
    let words = text().push();
    let plan = match &*plan {
        Ok(plan) => plan,
        Err(error) => return alert(&format!("{}: {error}", words.cannot), target),
    };
    let far: Vec<_> = list.iter().filter(|entry| check_registry(entry, target).is_err()).collect();
    let registries: BTreeSet<&str> = far.iter().map(|entry| entry.reference.registry().as_str()).collect();
    let registries = registries.into_iter().collect::<Vec<_>>().join(", ");
    let copied = || {
        plan.steps.iter().filter(|step| match &step.action {
            Action::CopyBlob { .. } => true,
            Action::PutManifest { reference, .. } => reference.registry() != target.registry(),
            Action::MountBlob { .. } | Action::PutList { .. } => false,
        })
    };
    let requests = copied().map(|step| step.cost.at_most).sum();
    let bytes = copied().map(|step| steps::bytes(&step.action)).sum();
    html! {
        <>
            <div class="push__copy" data-testid="copy-offer">
                <p><Icon name="warning" />{ (words.copy_why)(far.len(), &registries, target.registry().as_str()) }</p>
                <label class="check check--about">
                    <input type="checkbox" checked={*wanted} onchange={checked_into(&wanted)} data-testid="push-copy" />
                    <span>
                        <span class="strong">{ (words.copy)(far.len()) }</span>
                        <span class="hint">{ (words.copy_about)(requests, &format::bytes(bytes)) }</span>
                    </span>
                </label>
            </div>
            if *wanted {
                <Planned local_lists={Rc::clone(local_lists)} list={Rc::clone(list)} plan={Rc::clone(plan)} copies=true />
            }
        </>
    }
}
