//! One manifest under inspection, and what it points to.

use std::rc::Rc;

use futures_util::{StreamExt, stream};
use tallyman_core::{Descriptor, Digest, ImageConfig, Manifest, Reference};
use tallyman_registry::FetchedManifest;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{
    problem::Problem,
    recents,
    registry::{Registries, use_registries, use_revision},
};

/// Children of a list that are fetched at the same time.
const PARALLEL: usize = 12;

/// What is known about a reference so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Inspection {
    /// The manifest is under way.
    #[default]
    Loading,
    /// The manifest is here.
    Ready(Inspected),
    /// It did not come.
    Failed(Problem),
}

/// A manifest, and as much of what it points to as has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// What was asked for.
    pub reference: Rc<Reference>,
    /// The manifest; its digest was computed here.
    pub manifest: Rc<Manifest>,
    /// What vouches for the digest.
    pub verified: Verified,
    /// The config, for images.
    pub config: Part<ImageConfig>,
    /// What each entry points to, for lists: as many as there are entries.
    pub children: Vec<Part<Manifest>>,
}

/// What vouches for a digest that was computed here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verified {
    /// The reference asked for this digest.
    Asked,
    /// The registry's `Docker-Content-Digest` says the same.
    Registry,
    /// Nothing: the registry names none, or the browser is not allowed to see it.
    Unconfirmed,
}

/// Something that comes after the manifest.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<T> {
    /// There is none.
    None,
    /// It is under way.
    Loading,
    /// It is here, its digest verified.
    Ready(Rc<T>),
    /// It did not come; the sentence says why.
    Failed(Rc<str>),
}

impl<T> Part<T> {
    /// What has come.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(value) => Some(value),
            _ => None,
        }
    }
}

/// What came, in the order in which it comes.
pub enum Came {
    /// Nothing yet: another reference is asked for.
    Start,
    /// The manifest, or why not.
    Manifest(Box<Inspection>),
    /// The config of an image.
    Config(Part<ImageConfig>),
    /// What the entry at this position points to.
    Child(usize, Part<Manifest>),
}

impl Reducible for Inspection {
    type Action = Came;

    fn reduce(self: Rc<Self>, came: Came) -> Rc<Self> {
        let mut next = match came {
            Came::Start => return Rc::default(),
            Came::Manifest(inspection) => return Rc::new(*inspection),
            _ => Rc::unwrap_or_clone(self),
        };
        if let Self::Ready(inspected) = &mut next {
            match came {
                Came::Config(part) => inspected.config = part,
                Came::Child(at, part) => inspected.children[at] = part,
                Came::Start | Came::Manifest(_) => unreachable!("these two replace the whole"),
            }
        }
        Rc::new(next)
    }
}

/// Inspects `text`: its manifest first, then, in parallel, the config or the entries. Starts over when `text` changes.
#[hook]
pub fn use_inspection(text: &str) -> Rc<Inspection> {
    let (registries, revision) = (use_registries(), use_revision());
    let state = use_reducer(Inspection::default);
    {
        let dispatcher = state.dispatcher();
        use_effect_with((text.to_owned(), revision), move |(text, _)| {
            // What an earlier reference still has under way is dropped, requests included.
            let (abort, registration) = futures_util::future::AbortHandle::new_pair();
            let work = inspect(text.clone(), registries, move |came| dispatcher.dispatch(came));
            spawn_local(async move {
                // An aborted inspection has nobody left to tell.
                let _ = futures_util::future::Abortable::new(work, registration).await;
            });
            move || abort.abort()
        });
    }
    let state: Rc<Inspection> = Rc::new((*state).clone());
    state
}

async fn inspect(text: String, registries: Rc<Registries>, tell: impl Fn(Came)) {
    tell(Came::Start);
    let inspected = match fetch_manifest(&text, &registries).await {
        Ok(inspected) => inspected,
        Err(problem) => return tell(Came::Manifest(Box::new(Inspection::Failed(problem)))),
    };
    tell(Came::Manifest(Box::new(Inspection::Ready(inspected.clone()))));
    recents::remember(&text);
    let Inspected { reference, manifest, .. } = inspected;
    if let Some(image) = manifest.image().filter(|image| image.has_image_config()) {
        tell(Came::Config(fetch_config(&registries, &reference, &image.config).await));
    }
    if let Some(index) = manifest.index() {
        let children = index.manifests.iter().enumerate().map(|(at, entry)| {
            let (registries, reference) = (&registries, &reference);
            async move { (at, fetch_child(registries, reference, entry).await) }
        });
        let mut children = stream::iter(children).buffer_unordered(PARALLEL);
        while let Some((at, part)) = children.next().await {
            tell(Came::Child(at, part));
        }
    }
}

async fn fetch_manifest(text: &str, registries: &Registries) -> Result<Inspected, Problem> {
    if let Ok(digest) = text.trim_start_matches('@').parse() {
        return Err(Problem::of_digest(&digest));
    }
    let reference: Reference = text.parse().map_err(|error| Problem::of_reference(text, &error))?;
    let fetched = registries.client().manifest(&reference).await;
    let fetched = fetched.map_err(|error| Problem::of_registry(&reference, &error))?;
    let manifest = fetched.manifest().map_err(|error| Problem::of_manifest(&reference, &error))?;
    let verified = verified(&reference, &fetched, manifest.digest());
    let config = match manifest.image() {
        Some(image) if image.has_image_config() => Part::Loading,
        _ => Part::None,
    };
    let entries = manifest.index().map_or(0, |index| index.manifests.len());
    let (reference, manifest) = (Rc::new(reference), Rc::new(manifest));
    Ok(Inspected { reference, manifest, verified, config, children: vec![Part::Loading; entries] })
}

fn verified(reference: &Reference, fetched: &FetchedManifest, digest: &Digest) -> Verified {
    if reference.digest() == Some(digest) {
        Verified::Asked
    } else if fetched.registry_digest.as_ref() == Some(digest) {
        Verified::Registry
    } else {
        Verified::Unconfirmed
    }
}

async fn fetch_config(
    registries: &Registries,
    reference: &Reference,
    config: &Descriptor,
) -> Part<ImageConfig> {
    match registries.client().blob(reference, config).await {
        Ok(bytes) => match ImageConfig::parse(&bytes) {
            Ok(config) => Part::Ready(Rc::new(config)),
            Err(error) => Part::Failed(error.to_string().into()),
        },
        Err(error) => Part::Failed(error.to_string().into()),
    }
}

async fn fetch_child(registries: &Registries, reference: &Reference, entry: &Descriptor) -> Part<Manifest> {
    match registries.client().manifest_as(reference, entry).await {
        Ok(fetched) => match fetched.manifest() {
            Ok(manifest) => Part::Ready(Rc::new(manifest)),
            Err(error) => Part::Failed(error.to_string().into()),
        },
        Err(error) => Part::Failed(error.to_string().into()),
    }
}
