//! One manifest: an image, a list, or whatever else a registry holds.

mod actions;
mod artifact;
mod choice;
pub mod config;
pub mod entry_name;
mod findings;
mod graph;
mod layers;
mod layout;
mod list;
mod platform_grid;
mod pull;
mod raw;
mod shared;
mod summary;

use std::rc::Rc;

use tallyman_core::{ImageManifest, ManifestBody, Schema1};
use yew::prelude::*;

use super::{problem, use_title};
use crate::{
    browser::scheduler::later::Later,
    chunks::fragment::{Fragment, FragmentView},
    components::{facts, folded::Folded, icon::Icon, json::Json, panel::Panel},
    router::use_location,
    routes::Route,
    state::inspection::{Blob, Extent, Inspected, Inspection, Loadable, Node, use_inspection},
    text::{text, use_language},
};
use graph::Graph;
use raw::Raw;

pub use artifact::Artifact;
pub use choice::{Choice, Named, Names};
pub use entry_name::media_name;
pub use layers::command;
pub use platform_grid::PlatformGrid;
pub use pull::pull_command;
pub use summary::{content_size, exact_size, manifest_kind};

/// Properties of [`Inspect`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The reference as it was written; it need not be one.
    pub reference: AttrValue,
}

/// One manifest.
#[component]
pub fn Inspect(props: &Props) -> Html {
    use_language();
    let inspection = use_inspection(&props.reference, Extent::Whole);
    let place = use_location();
    let names = use_names(&inspection);
    let choice = match &*inspection {
        Inspection::Ready(_) => Some(Rc::new(Choice::new(&props.reference, names, &place.query))),
        _ => None,
    };
    use_chosen(&inspection, choice.as_deref());
    let words = text().inspect();
    use_title(&props.reference);
    let said = match &*inspection {
        Inspection::Loading => (words.fetching)(&props.reference),
        Inspection::Ready(inspected) => {
            (words.is_a)(manifest_kind(&inspected.manifest), &inspected.reference.to_string())
        }
        Inspection::Blob(_) => words.blob.to_owned(),
        Inspection::Failed(_) => String::new(),
    };
    html! {
        <>
            <p class="visually-hidden" role="status">{ said }</p>
            {
                match &*inspection {
                    Inspection::Loading => summary::loading(&props.reference),
                    Inspection::Failed(problem) => problem::view(problem),
                    Inspection::Blob(blob) => blob_view(blob),
                    Inspection::Ready(inspected) => match &choice {
                        Some(choice) => view(inspected, choice),
                        None => html! {},
                    },
                }
            }
        </>
    }
}

/// Returns the names of a list's platforms, which stay the same while more comes to be known of them.
#[hook]
fn use_names(inspection: &Rc<Inspection>) -> Rc<Names> {
    let whole = match &**inspection {
        Inspection::Ready(inspected) => Some((inspected.manifest.digest().clone(), inspected.nodes.len())),
        _ => None,
    };
    let inspection = Rc::clone(inspection);
    use_memo(whole, move |_| match &*inspection {
        Inspection::Ready(inspected) => Names::of(inspected),
        _ => Names::default(),
    })
}

/// Fetches the platform that is chosen of a large index.
#[hook]
fn use_chosen(inspection: &Rc<Inspection>, choice: Option<&Choice>) {
    let unfetched = match (&**inspection, choice) {
        (Inspection::Ready(inspected), Some(choice)) => {
            let chosen = choice.node(inspected).filter(|(_, node)| matches!(node.manifest, Loadable::None));
            chosen.map(|(number, _)| number)
        }
        _ => None,
    };
    let inspection = Rc::clone(inspection);
    use_effect_with(unfetched, move |number| {
        if let (Inspection::Ready(inspected), Some(number)) = (&*inspection, *number) {
            inspected.want.nodes(&[number]);
        }
    });
}

fn view(inspected: &Inspected, choice: &Rc<Choice>) -> Html {
    let chosen = choice.node(inspected);
    html! {
        <>
            { summary::view(inspected, chosen.map(|(_, node)| node)) }
            <Later>
                {
                    match inspected.manifest.body() {
                        ManifestBody::Image(image) => {
                            layers::view(image, inspected.config().ready(), files_link(inspected, image, ""))
                        }
                        ManifestBody::Index(_) if inspected.is_large() => html! {
                            <>
                                if let Some((_, node)) = chosen {
                                    { choice.way_back(node) }
                                } else {
                                    <FragmentView fragment={Fragment::Platforms(Box::new(inspected.clone()), Rc::clone(choice))} />
                                }
                            </>
                        },
                        ManifestBody::Index(index) => list::view(inspected, index, choice),
                        ManifestBody::Schema1(schema1) => schema1_view(schema1),
                        ManifestBody::Artifact => html! {},
                    }
                }
            </Later>
            <Later>{ details(inspected, choice, chosen) }</Later>
        </>
    }
}

/// The way to the files of an image; none for artifacts, whose layers are whatever they are.
/// `query` chooses it from an index.
fn files_link(inspected: &Inspected, image: &ImageManifest, query: &str) -> Option<Html> {
    if !image.has_image_config() {
        return None;
    }
    let path = Route::Files { reference: inspected.reference.to_string(), right: Vec::new() }.to_path();
    let href = format!("#{path}{query}");
    Some(
        html! { <a class="button" {href} data-testid="files-link"><Icon name="folder" />{ text().inspect().files }</a> },
    )
}

/// The panels below the layers of an image or the entries of a list.
fn details(inspected: &Inspected, choice: &Choice, chosen: Option<(usize, &Node)>) -> Html {
    let shown = chosen.map_or(&*inspected.nodes[0], |(_, node)| node);
    html! {
        <>
            {
                match inspected.manifest.body() {
                    ManifestBody::Image(image) => html! {
                        <>
                            { image_details(inspected, shown, image) }
                            if inspected.nodes.len() > 1 && is_settled(shown) {
                                { structure(inspected, None) }
                            }
                        </>
                    },
                    ManifestBody::Index(index) => html! {
                        if let Some((number, node)) = chosen {
                            if let Some(image) = node.manifest.ready().and_then(|manifest| manifest.image()) {
                                { layers::view(image, node.config.ready(), files_link(inspected, image, &choice.query(number).unwrap_or_default())) }
                                { image_details(inspected, node, image) }
                            }
                            if is_settled(shown) && !inspected.is_large() {
                                { structure(inspected, Some(number)) }
                            }
                        } else {
                            if !inspected.is_large() {
                                { structure(inspected, None) }
                                { shared::view(inspected) }
                            }
                            if !index.annotations.is_empty() {
                                <Panel title={text().inspect().annotations}>{ facts::pairs(&index.annotations) }</Panel>
                            }
                        }
                    },
                    ManifestBody::Schema1(_) | ManifestBody::Artifact => html! {},
                }
            }
            if is_settled(shown) {
                { below(inspected, chosen.map(|(_, node)| node)) }
            }
        </>
    }
}

/// The graph. It is folded where it would repeat the table of platforms: nothing is nested, attested or missing.
fn structure(inspected: &Inspected, only: Option<usize>) -> Html {
    let is_told = |(number, node): (usize, &Node)| {
        number == 0 || (inspected.subject(number) == Some(0) && graph::is_plain_image(node))
    };
    let is_folded = inspected.nodes.iter().map(|node| &**node).enumerate().all(is_told);
    html! {
        <Folded {is_folded} title={text().inspect().graph}><Graph inspected={inspected.clone()} {only} /></Folded>
    }
}

/// Returns `true` once the steps that made the layers are known, or never will be: the panels below have their place then.
fn is_settled(node: &Node) -> bool {
    !matches!(node.config, Loadable::Loading)
}

/// The panels below the parts of a manifest: findings, and the raw text.
fn below(inspected: &Inspected, chosen: Option<&Node>) -> Html {
    html! {
        <>
            if !inspected.is_large() {
                { findings::view(inspected, chosen) }
            }
            if let Some((manifest, node)) = chosen.and_then(|node| Some((node.manifest.ready()?, node))) {
                <Raw
                    title={(text().inspect().raw_of)(&entry_name::name(node))}
                    reference={Rc::new(inspected.reference.by_digest(manifest.digest().clone()))}
                    bytes={manifest.shared_bytes()}
                    testid="raw-chosen"
                />
            }
            <Folded is_folded={inspected.is_large()} title={text().inspect().raw}>
                <Raw
                    title={text().inspect().raw}
                    reference={Rc::clone(&inspected.reference)}
                    bytes={inspected.manifest.shared_bytes()}
                    prints={inspected.manifest.image().is_some() || inspected.manifest.index().is_some()}
                    testid="raw-manifest"
                />
            </Folded>
        </>
    }
}

/// One image below its layers: its config, its annotations.
fn image_details(inspected: &Inspected, node: &Node, image: &ImageManifest) -> Html {
    html! {
        <>
            { config::view(inspected, image, &node.config) }
            if is_settled(node) && !image.annotations.is_empty() {
                <Panel title={text().inspect().annotations}>{ facts::pairs(&image.annotations) }</Panel>
            }
        </>
    }
}

fn schema1_view(schema1: &Schema1) -> Html {
    let words = text().inspect();
    html! {
        <Panel title={words.schema1} remark={words.schema1_remark}>
            <dl class="facts">
                <facts::Fact name={words.what}>{ (words.schema1_text)(schema1.fs_layers.len(), &schema1.architecture) }</facts::Fact>
            </dl>
        </Panel>
    }
}

fn blob_view(blob: &Blob) -> Html {
    let words = text().inspect();
    html! {
        <>
            { summary::of_blob(blob) }
            <p class="lead">{ words.blob_text }</p>
            if let Some(content) = &blob.text {
                <Panel title={words.blob} remark={words.raw_remark}>
                    <Json label={(words.raw_region)(words.blob)} text={content.to_string()} around={Rc::clone(&blob.reference)} testid="raw-blob" />
                </Panel>
            }
        </>
    }
}
