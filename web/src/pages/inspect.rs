//! One manifest: an image, a list, or whatever else a registry holds.

mod findings;
mod image;
mod list;
mod summary;

use std::borrow::Cow;

pub use list::platforms;

use tallyman_core::{ManifestBody, Schema1};
use yew::prelude::*;

use crate::{
    components::{json::Json, panel::Panel},
    pages::{problem, set_title},
    state::inspection::{Inspected, Inspection, use_inspection},
};

/// Properties of [`Inspect`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The reference as it was written; it need not be one.
    pub reference: AttrValue,
}

/// One manifest.
#[component]
pub fn Inspect(props: &Props) -> Html {
    let inspection = use_inspection(&props.reference);
    use_effect_with(props.reference.clone(), |reference| set_title(reference));
    let said = match &*inspection {
        Inspection::Loading => format!("Fetching {}", props.reference),
        Inspection::Ready(inspected) => format!("{} of {}", inspected.manifest.kind(), inspected.reference),
        Inspection::Failed(_) => String::new(),
    };
    html! {
        <>
            <p class="visually-hidden" role="status">{ said }</p>
            {
                match &*inspection {
                    Inspection::Loading => summary::loading(&props.reference),
                    Inspection::Failed(problem) => problem::view(problem),
                    Inspection::Ready(inspected) => view(inspected),
                }
            }
        </>
    }
}

fn view(inspected: &Inspected) -> Html {
    let text = String::from_utf8_lossy(inspected.manifest.bytes());
    let replaced = matches!(text, Cow::Owned(_));
    html! {
        <>
            { summary::view(inspected) }
            {
                match inspected.manifest.body() {
                    ManifestBody::Image(image) => image::view(inspected, image),
                    ManifestBody::Index(index) => list::view(inspected, index),
                    ManifestBody::Schema1(schema1) => schema1_view(schema1),
                    ManifestBody::Artifact => html! {},
                }
            }
            { findings::view(inspected) }
            if replaced {
                <p class="soft" role="note">{ "Some bytes are no UTF-8; they are shown as � below." }</p>
            }
            <Json title="Manifest" text={text.into_owned()} testid="raw-manifest" />
        </>
    }
}

fn schema1_view(schema1: &Schema1) -> Html {
    html! {
        <Panel title="Schema 1" remark="retired in 2017">
            <dl class="facts">
                <div>
                    <dt>{ "What it is" }</dt>
                    <dd>
                        { format!(
                            "Docker's first manifest format: {} layers, architecture {}. It has no sizes, and a manifest list cannot hold it: push the image again with a current Docker to convert it.",
                            schema1.fs_layers.len(),
                            schema1.architecture
                        ) }
                    </dd>
                </div>
            </dl>
        </Panel>
    }
}
