//! Two manifests side by side.

mod sides;

use tallyman_core::{Descriptor, Diff, ImageConfig, Manifest, diff_entries, diff_sequence};
use yew::prelude::*;

use super::{problem, use_title};
use crate::{
    components::{
        change::{self, Row},
        digest::Digest,
    },
    format,
    router::{self, Link},
    routes::Route,
    state::inspection::{Extent, Inspected, Inspection, use_inspection},
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
        (use_inspection(&props.left, Extent::Image), use_inspection(&props.right, Extent::Image));
    use_title(&format!("{} | {}", props.left, props.right));
    let words = text().compare();
    let said = match (&*left, &*right) {
        (Inspection::Ready(left), Inspection::Ready(right))
            if left.manifest.digest() == right.manifest.digest() =>
        {
            words.same
        }
        (Inspection::Ready(_), Inspection::Ready(_)) => words.differ,
        (Inspection::Failed(_), _) | (_, Inspection::Failed(_)) => "",
        _ => words.fetching,
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
                _ => None,
            }) }
            if let (Inspection::Ready(left), Inspection::Ready(right)) = (&*left, &*right) {
                { both(left, right) }
            } else if said == words.fetching {
                <p class="panel empty" data-testid="loading" aria-busy="true"><span class="skeleton" /></p>
            }
        </>
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
            if let (Some(left), Some(right)) = (left.config().ready(), right.config().ready()) {
                { config(left, right) }
            }
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
    let row = |name: &'static str, of: &dyn Fn(&Inspected) -> (String, Html)| {
        let ((left_key, left), (right_key, right)) = (of(left), of(right));
        Row { name: name.into(), differs: left_key != right_key, left, right }
    };
    let rows = vec![
        row(text().compare().reference, &|side| {
            let text = side.reference.to_string();
            let route = Route::Inspect { reference: text.clone() };
            // Two names of one thing are no difference.
            (String::new(), html! { <Link to={route}>{ text }</Link> })
        }),
        row(text().inspect().digest, &|side| {
            let digest = side.manifest.digest().clone();
            (digest.to_string(), html! { <Digest value={digest} /> })
        }),
        row(text().compare().kind, &|side| {
            (side.manifest.kind().to_string(), html! { (text().inspect().kind)(side.manifest.kind()) })
        }),
        row(text().inspect().manifest_size, &|side| {
            (side.manifest.size().to_string(), html! { format::bytes(side.manifest.size()) })
        }),
        row(text().inspect().compressed, &|side| {
            let size = side.manifest.image().map(|image| format::bytes(image.content_size()));
            let size = size.unwrap_or_else(|| "–".to_owned());
            (size.clone(), html! { size })
        }),
    ];
    change::table(text().inspect().summary, rows)
}

fn platforms(left: &Inspected, right: &Inspected) -> Html {
    let (left_reference, right_reference) = (&left.reference, &right.reference);
    let Some((left, right)) = left.manifest.index().zip(right.manifest.index()) else { return html! {} };
    let what = |entry: &&Descriptor| {
        let platform =
            entry.platform.as_ref().map_or_else(|| entry.media_type.label().to_owned(), ToString::to_string);
        let platform =
            if entry.attests().is_some() { text().compare().attestation.to_owned() } else { platform };
        html! { <><span>{ platform }</span>{ " " }<code class="soft">{ entry.digest.short() }</code></> }
    };
    let changes = diff_entries(left, right);
    // What was rebuilt is worth a look of its own.
    let rebuilt = changes.iter().filter_map(|change| match change {
        Diff::Changed { left, right } if left.digest != right.digest => {
            let route = Route::Compare {
                left: left_reference.by_digest(left.digest.clone()).to_string(),
                right: right_reference.by_digest(right.digest.clone()).to_string(),
            };
            let platform = left.platform.as_ref().map(ToString::to_string).unwrap_or_default();
            Some(html! { <Link to={route} classes="button">{ (text().compare().both_images)(&platform) }</Link> })
        }
        _ => None,
    });
    html! {
        <>
            { change::list(text().inspect().platforms, &changes, what) }
            <p class="title__chips remark">{ for rebuilt }</p>
        </>
    }
}

fn layers(left: &Manifest, right: &Manifest) -> Html {
    let Some((left, right)) = left.image().zip(right.image()) else { return html! {} };
    let all: Vec<_> = left.layers.iter().chain(&right.layers).collect();
    let size =
        |digest: &str| all.iter().find(|layer| layer.digest.as_str() == digest).map_or(0, |layer| layer.size);
    let digests =
        |layers: &'_ [Descriptor]| layers.iter().map(|layer| layer.digest.to_string()).collect::<Vec<_>>();
    let (left, right) = (digests(&left.layers), digests(&right.layers));
    let (left, right): (Vec<_>, Vec<_>) =
        (left.iter().map(String::as_str).collect(), right.iter().map(String::as_str).collect());
    let changes = diff_sequence(&left, &right);
    let shared = changes.iter().filter_map(|change| match change {
        Diff::Same(digest) => Some(size(digest)),
        _ => None,
    });
    let shared = format::bytes(shared.sum());
    let what = |digest: &&str| {
        let short = digest.split_once(':').map_or(*digest, |(_, hex)| &hex[..12]).to_owned();
        html! { <><code title={(*digest).to_owned()}>{ short }</code>{ " " }<span class="soft">{ format::bytes(size(digest)) }</span></> }
    };
    html! {
        <>
            { change::list(text().inspect().layers, &changes, what) }
            <p class="soft remark">{ (text().compare().shared)(&shared) }</p>
        </>
    }
}

fn config(left: &ImageConfig, right: &ImageConfig) -> Html {
    let row = |name: &'static str, of: &dyn Fn(&ImageConfig) -> String| {
        let [left, right] = [left, right].map(|config| format::visible(&of(config)).into_owned());
        Row {
            name: name.into(),
            differs: left != right,
            left: html! { <code>{ left }</code> },
            right: html! { <code>{ right }</code> },
        }
    };
    let rows = vec![
        row(text().inspect().platform, &|config| config.platform.to_string()),
        row(text().inspect().created, &|config| {
            config.created.as_deref().map(format::date).unwrap_or_default()
        }),
        row(text().inspect().entry_point, &|config| config.config.entrypoint.join(" ")),
        row(text().inspect().command, &|config| config.config.cmd.join(" ")),
        row(text().inspect().working_dir, &|config| config.config.working_dir.clone()),
        row(text().inspect().user, &|config| config.config.user.clone()),
        row(text().inspect().ports, &|config| {
            config.config.exposed_ports.iter().cloned().collect::<Vec<_>>().join(", ")
        }),
    ];
    let environment = |config: &ImageConfig| -> std::collections::BTreeMap<String, String> {
        let pair = |line: &String| {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            (name.to_owned(), value.to_owned())
        };
        config.config.env.iter().map(pair).collect()
    };
    html! {
        <>
            { change::table(text().inspect().config, rows) }
            { change::pairs(text().inspect().environment, &environment(left), &environment(right)) }
            { change::pairs(text().inspect().labels, &left.config.labels, &right.config.labels) }
        </>
    }
}

fn annotations(left: &Manifest, right: &Manifest) -> Html {
    let of = |manifest: &Manifest| match (manifest.image(), manifest.index()) {
        (Some(image), _) => image.annotations.clone(),
        (_, Some(index)) => index.annotations.clone(),
        _ => Default::default(),
    };
    change::pairs(text().inspect().annotations, &of(left), &of(right))
}
