//! The row of a tag: what it is, asked when it comes on screen.

use std::{rc::Rc, time::Duration};

use gloo_timers::future::sleep;
use tallyman_core::{Manifest, Reference, Tag};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    components::chip::{Chip, Tone},
    format,
    pages::inspect::platforms,
    routes::Route,
    state::{inspection::Part, registry::Registries},
};

/// How long a row must stay on screen before anything is asked for it.
const REST: Duration = Duration::from_millis(120);
/// Platforms that a row shows; the rest is counted.
const CHIPS_MAX: usize = 4;

/// Properties of [`TagRow`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The repository.
    pub of: Rc<Reference>,
    /// The tag as the registry names it.
    pub tag: AttrValue,
}

/// The row of a tag. It asks for the manifest when it is first drawn, and stops asking when it goes.
#[component]
pub fn TagRow(props: &Props) -> Html {
    let registries = use_context::<Rc<Registries>>().expect("the app provides its registries");
    let manifest = use_state_eq(|| Part::<Manifest>::Loading);
    let reference = props.tag.parse::<Tag>().ok().map(|tag| props.of.by_tag(tag));
    {
        let manifest = manifest.setter();
        use_effect_with(reference.clone(), move |reference| {
            let (abort, registration) = futures_util::future::AbortHandle::new_pair();
            if let Some(reference) = reference.clone() {
                let work = async move {
                    manifest.set(Part::Loading);
                    // What is only passing by is not worth a request.
                    sleep(REST).await;
                    manifest.set(fetch(&registries, &reference).await);
                };
                spawn_local(async move {
                    // A row that left the screen has nobody left to tell.
                    let _ = futures_util::future::Abortable::new(work, registration).await;
                });
            }
            move || abort.abort()
        });
    }
    let Some(reference) = reference else {
        return html! { <span class="window__link soft">{ format!("{} (no name that a reference can have)", props.tag) }</span> };
    };
    html! {
        <Link<Route> to={Route::inspect(&reference)} classes="window__link">
            <span class="strong" data-testid="tag">{ &props.tag }</span>
            { about(&manifest) }
        </Link<Route>>
    }
}

fn about(manifest: &Part<Manifest>) -> Html {
    let manifest = match manifest {
        Part::Ready(manifest) => manifest,
        Part::Failed(reason) => {
            return html! { <span class="soft" title={reason.to_string()}>{ "could not be fetched" }</span> };
        }
        Part::Loading | Part::None => return html! { <span class="skeleton" /> },
    };
    let what = match (manifest.image(), manifest.index()) {
        (Some(image), _) => {
            html! { <span class="soft number">{ format::bytes(image.content_size()) }</span> }
        }
        (_, Some(index)) => {
            let all: Vec<_> = platforms(index).map(ToString::to_string).collect();
            let more = all.len().saturating_sub(CHIPS_MAX);
            html! {
                <>
                    { for all.iter().take(CHIPS_MAX).map(|platform| html! { <Chip>{ platform }</Chip> }) }
                    if more > 0 {
                        <span class="soft">{ format!("+{more}") }</span>
                    }
                </>
            }
        }
        _ => html! { <Chip tone={Tone::Warn}>{ manifest.kind().to_string() }</Chip> },
    };
    html! { <>{ what }<code class="soft window__end">{ manifest.digest().short() }</code></> }
}

async fn fetch(registries: &Registries, reference: &Reference) -> Part<Manifest> {
    match registries.client().manifest(reference).await {
        Ok(fetched) => match fetched.manifest() {
            Ok(manifest) => Part::Ready(Rc::new(manifest)),
            Err(error) => Part::Failed(error.to_string().into()),
        },
        Err(error) => Part::Failed(error.to_string().into()),
    }
}
