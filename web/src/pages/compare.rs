//! Two manifests side by side.

mod config;
mod sides;

use std::rc::Rc;

use tallyman_core::{Descriptor, Diff, Manifest, diff_entries, diff_layers};
use yew::prelude::*;

use super::{
    inspect::{content_size, manifest_kind, media_name},
    problem, use_title,
};
use crate::{
    components::{
        change::{self, Row},
        digest::Digest,
        facts,
    },
    format,
    router::{self, Link},
    routes::Route,
    state::{
        inspection::{Blob, Extent, Inspected, Inspection, Loadable, use_inspection},
        problem::Problem,
    },
    text::{text, use_language},
};

pub use sides::Sides;

/// Properties of [`Compare`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The reference on the left as it was written.
    pub left: AttrValue,
    /// The reference on the right as it was written.
    pub right: AttrValue,
}

/// Two manifests side by side: platforms, layers, config, annotations.
#[component]
pub fn Compare(props: &Props) -> Html {
    use_language();
    let (left, right) =
        (use_inspection(&props.left, Extent::Sizes), use_inspection(&props.right, Extent::Sizes));
    use_images(&left);
    use_images(&right);
    use_title(&format!("{} | {}", props.left, props.right));
    let words = text().compare();
    let said = match (&*left, &*right) {
        (Inspection::Ready(left), Inspection::Ready(right))
            if left.manifest.digest() == right.manifest.digest() =>
        {
            words.same
        }
        (Inspection::Ready(_), Inspection::Ready(_)) => words.differ,
        (Inspection::Loading, Inspection::Loading | Inspection::Ready(_))
        | (Inspection::Ready(_), Inspection::Loading) => words.fetching,
        (Inspection::Failed(_) | Inspection::Blob(_), _)
        | (_, Inspection::Failed(_) | Inspection::Blob(_)) => "",
    };
    html! {
        <>
            <div class="title"><h1>{ words.title }</h1></div>
            <Sides
                left={props.left.clone()}
                right={props.right.clone()}
                onchoose={|(left, right, _)| router::push(&Route::Compare { left, right })}
            />
            <p class="visually-hidden" role="status">{ said }</p>
            { for [(&left, &props.left), (&right, &props.right)].into_iter().filter_map(|(side, written)| match &**side {
                // A side that is still to be chosen is no error.
                Inspection::Failed(failure) if !written.is_empty() => Some(problem::view(failure)),
                Inspection::Blob(blob) => Some(problem::view(&of_blob(blob))),
                Inspection::Loading | Inspection::Ready(_) | Inspection::Failed(_) => None,
            }) }
            if let (Inspection::Ready(left), Inspection::Ready(right)) = (&*left, &*right) {
                { both(left, right) }
            } else if said == words.fetching {
                <p class="panel empty" data-testid="loading" aria-busy="true"><span class="skeleton" /></p>
            }
        </>
    }
}

/// A blob is nothing that can be compared, and has a page.
fn of_blob(blob: &Blob) -> Problem {
    let words = text().compare();
    let reference = blob.reference.to_string();
    Problem {
        code: "blob",
        title: (words.is_blob)(&reference),
        advice: vec![words.is_blob_advice.to_owned()],
        suggestions: vec![reference],
        ..Problem::default()
    }
}

fn both(left: &Inspected, right: &Inspected) -> Html {
    html! {
        <>
            { summary(left, right) }
            if left.manifest.image().is_some() && right.manifest.image().is_some() {
                <p class="title__chips remark">{ files_link(left, right) }</p>
            }
            { platforms(left, right) }
            { layers(&left.manifest, &right.manifest) }
            { config::view(left, right) }
            { annotations(&left.manifest, &right.manifest) }
        </>
    }
}

/// The way to the files that differ.
fn files_link(left: &Inspected, right: &Inspected) -> Html {
    let to = Route::Files { reference: left.reference.to_string(), right: vec![right.reference.to_string()] };
    html! { <Link {to} classes="button">{ text().compare().files }</Link> }
}

fn summary(left: &Inspected, right: &Inspected) -> Html {
    let row = |name: &'static str, differs: bool, show: &dyn Fn(&Inspected) -> Html| Row {
        name: name.into(),
        differs,
        left: show(left),
        right: show(right),
    };
    let rows = vec![
        // Two names of one thing are no difference.
        row(text().compare().reference, false, &|side| {
            let text = side.reference.to_string();
            let route = Route::Inspect { reference: text.clone() };
            html! { <Link to={route}>{ text }</Link> }
        }),
        row(text().inspect().digest, left.manifest.digest() != right.manifest.digest(), &|side| {
            html! { <Digest value={side.manifest.digest().clone()} /> }
        }),
        row(
            text().compare().kind,
            manifest_kind(&left.manifest) != manifest_kind(&right.manifest),
            &|side| {
                html! { manifest_kind(&side.manifest) }
            },
        ),
        sizes(
            text().inspect().manifest_size,
            [left, right].map(|side| Loadable::ready_of(side.manifest.size())),
        ),
        sizes(text().inspect().compressed, [left, right].map(content_size)),
    ];
    change::table(text().inspect().summary, rows)
}

/// The sizes of both sides. One that is not known is no difference.
fn sizes(name: &'static str, sizes: [Loadable<u64>; 2]) -> Row {
    let name = name.into();
    if let [Loadable::Ready(left), Loadable::Ready(right)] = &sizes {
        let exact = |size: &u64| (text().inspect().exact_bytes)(&format::count(*size));
        let (differs, [left, right]) =
            change::written(&[**left, **right], |size| format::bytes(*size), exact);
        return Row { name, differs, left: left.into(), right: right.into() };
    }
    let [left, right] = sizes.map(|size| match size {
        Loadable::Ready(size) => format::bytes(*size).into(),
        Loadable::Loading => html! { <span class="skeleton skeleton--short" /> },
        Loadable::Failed(_) | Loadable::None => "–".into(),
    });
    Row { name, differs: false, left, right }
}

/// Fetches the images of a list, whose sizes are compared. Those of a large list are not fetched.
#[hook]
fn use_images(side: &Rc<Inspection>) {
    let unfetched = match &**side {
        Inspection::Ready(side) if !side.is_large() => {
            let images = side.entries().filter(|(_, node)| node.descriptor.is_runnable());
            let unfetched = images.filter(|(_, node)| matches!(node.manifest, Loadable::None));
            unfetched.map(|(number, _)| number).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    let side = Rc::clone(side);
    use_effect_with(unfetched, move |numbers| {
        if let (Inspection::Ready(side), false) = (&*side, numbers.is_empty()) {
            side.want.nodes(numbers);
        }
    });
}

fn platforms(left: &Inspected, right: &Inspected) -> Html {
    let (left_reference, right_reference) = (&left.reference, &right.reference);
    let Some((left, right)) = left.manifest.index().zip(right.manifest.index()) else { return html! {} };
    let what = |entry: &&Descriptor| {
        let platform =
            entry.platform.as_ref().map_or_else(|| media_name(&entry.media_type), format::platform_name);
        let platform =
            if entry.attests().is_some() { text().compare().attestation.to_owned() } else { platform };
        html! { <><span>{ platform }</span>{ " " }<code class="soft">{ entry.digest.short() }</code></> }
    };
    let changes = diff_entries(left, right);
    // The images that were rebuilt can be compared, too.
    let rebuilt = changes.iter().filter_map(|change| match change {
        Diff::Changed { left, right } if left.digest != right.digest => {
            let route = Route::Compare {
                left: left_reference.by_digest(left.digest.clone()).to_string(),
                right: right_reference.by_digest(right.digest.clone()).to_string(),
            };
            let platform = left.platform.as_ref().map(format::platform_name).unwrap_or_default();
            Some(html! { <Link to={route} classes="button">{ (text().compare().both_images)(&platform) }</Link> })
        }
        _ => None,
    });
    html! {
        <>
            { change::list(text().inspect().platforms, &changes, what) }
            <p class="title__chips remark">{ for rebuilt.take(change::ROWS_MAX) }</p>
        </>
    }
}

fn layers(left: &Manifest, right: &Manifest) -> Html {
    if left.image().is_none() || right.image().is_none() {
        return html! {};
    }
    let changes = diff_layers(left, right);
    let shared = changes.iter().filter(|change| change.is_same()).filter_map(Diff::left);
    let shared = format::bytes(shared.fold(0, |sum, layer| layer.size.saturating_add(sum)));
    let what = |layer: &&Descriptor| {
        html! { <><code title={layer.digest.to_string()}>{ layer.digest.short() }</code>{ " " }<span class="soft">{ format::bytes(layer.size) }</span></> }
    };
    html! {
        <>
            { change::list(text().inspect().layers, &changes, what) }
            <p class="soft remark">{ (text().compare().shared)(&shared) }</p>
        </>
    }
}

fn annotations(left: &Manifest, right: &Manifest) -> Html {
    let of = |manifest: &Manifest| match (manifest.image(), manifest.index()) {
        (Some(image), _) => image.annotations.clone(),
        (_, Some(index)) => index.annotations.clone(),
        _ => Default::default(),
    };
    change::pairs(text().inspect().annotations, &of(left), &of(right), |value| facts::code(value))
}
