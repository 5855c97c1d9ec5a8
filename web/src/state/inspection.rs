//! One manifest under inspection, and what it points to.

pub mod cli_output;
mod fetch;
pub mod last_seen;
pub mod recents;
mod run;
#[cfg(test)]
pub mod sample;

use std::{cell::RefCell, rc::Rc};

use futures_channel::mpsc::UnboundedSender;
use tallyman_core::{Descriptor, Digest, ImageConfig, Manifest, MediaType, Reference};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    browser::{intl, scheduler::next_task},
    state::{
        failure::Failure,
        problem::{Problem, use_language_revision},
        registries::{use_changes, use_registries},
    },
    text::locale,
};
use run::Run;

/// State of the inspection of a reference.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Inspection {
    /// The manifest is under way.
    #[default]
    Loading,
    /// The manifest is here.
    Ready(Inspected),
    /// Under the digest there is no manifest, but a blob.
    Blob(Blob),
    /// A manifest that could not be fetched.
    Failed(Problem),
}

/// A manifest, and as much of what it points to as has come.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The reference that is inspected.
    pub reference: Rc<Reference>,
    /// The manifest; its digest was computed here.
    pub manifest: Rc<Manifest>,
    /// Source of the digest that the content was compared with.
    pub verified: Verified,
    /// The digest that the tag of a pinned reference points to now, if that is another one.
    pub moved_to: Option<Digest>,
    /// The manifest itself, and behind it all that it points to and that refers to it, parents before children.
    pub nodes: Vec<Rc<Node>>,
    /// Fetches entries of a large index, which are not fetched by themselves.
    pub want: Want,
}

/// Extent to which an inspection fetches what belongs to a manifest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything: entries of lists, configs, and what refers to it.
    Whole,
    /// An image's config. The entries of a list are fetched when they are wanted, and by themselves where the list does not say which
    /// platform they are for.
    Image,
    /// An image's config. Of the entries of a list that are wanted their manifests alone, which say how large they are.
    Sizes,
}

/// A large index has more entries than this: they are fetched when they are wanted.
const MANY: usize = 50;

/// Asks for nodes by their numbers.
#[derive(Clone, Debug)]
pub struct Want(UnboundedSender<Vec<usize>>);

impl Want {
    /// Fetches these nodes, those that have been fetched excepted.
    pub fn nodes(&self, numbers: &[usize]) {
        // An inspection that was left fetches nothing more.
        let _ = self.0.unbounded_send(numbers.to_vec());
    }
}

impl PartialEq for Inspected {
    fn eq(&self, other: &Self) -> bool {
        (&self.reference, &self.manifest, self.verified, &self.moved_to)
            == (&other.reference, &other.manifest, other.verified, &other.moved_to)
            && self.nodes.len() == other.nodes.len()
            // Most nodes of two states are the same ones.
            && self.nodes.iter().zip(&other.nodes).all(|(one, other)| Rc::ptr_eq(one, other) || one == other)
    }
}

/// One manifest among those that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The node that points to it, or that it refers to; nothing for the manifest under inspection.
    pub parent: Option<usize>,
    /// Relation to the parent.
    pub relation: Relation,
    /// The parent's descriptor of it.
    pub descriptor: Descriptor,
    /// The manifest.
    pub manifest: Loadable<Manifest>,
    /// Its config, for images.
    pub config: Loadable<ImageConfig>,
}

/// Relation of a manifest to its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The manifest under inspection.
    Itself,
    /// The entry at this position of a list.
    Entry(usize),
    /// A manifest that refers to the other: a signature, say.
    Referrer,
}

/// Content that manifests point to.
#[derive(Clone, Debug, PartialEq)]
pub struct Blob {
    /// The reference that was fetched.
    pub reference: Rc<Reference>,
    /// Its size in bytes, where the registry tells.
    pub size: Option<u64>,
    /// The config, if it is a text of moderate size; its digest is verified.
    pub text: Option<Rc<str>>,
}

/// Source of the digest that a computed digest was compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verified {
    /// The reference asked for this digest.
    Asked,
    /// The registry's `Docker-Content-Digest` says the same.
    Registry,
    /// No digest: the registry names none, or the browser is not allowed to see it.
    Unconfirmed,
    /// No digest: the bytes were pasted.
    Pasted,
    /// An earlier visit: there is no network, and the tag stood for this when it was last seen here.
    Kept,
}

/// Something that comes after the manifest.
#[derive(Debug, PartialEq)]
pub enum Loadable<T: ?Sized> {
    /// No content.
    None,
    /// Content that is being fetched.
    Loading,
    /// Content that was fetched, its digest verified.
    Ready(Rc<T>),
    /// Content that could not be fetched.
    Failed(Failure),
}

impl<T: ?Sized> Clone for Loadable<T> {
    fn clone(&self) -> Self {
        match self {
            Self::None => Self::None,
            Self::Loading => Self::Loading,
            Self::Ready(value) => Self::Ready(Rc::clone(value)),
            Self::Failed(failure) => Self::Failed(failure.clone()),
        }
    }
}

impl<T> Loadable<T> {
    /// Something that is here.
    pub fn ready_of(value: T) -> Self {
        Self::Ready(Rc::new(value))
    }
}

impl Loadable<str> {
    /// A text that is here, or known to be none.
    pub fn of(text: Option<&str>) -> Self {
        text.map_or(Self::None, |text| Self::Ready(text.into()))
    }
}

impl<T> From<Result<T, Failure>> for Loadable<T> {
    fn from(answer: Result<T, Failure>) -> Self {
        answer.map_or_else(Self::Failed, Self::ready_of)
    }
}

impl<T: ?Sized> Loadable<T> {
    /// Returns the value if it is loaded.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(value) => Some(value),
            _ => None,
        }
    }

    /// Returns why it did not come.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

impl Inspected {
    /// The config, for images.
    pub fn config(&self) -> &Loadable<ImageConfig> {
        &self.nodes[0].config
    }

    /// The entries, for lists, in the list's order, each with its number among the nodes.
    pub fn entries(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes
            .iter()
            .map(|node| &**node)
            .enumerate()
            .filter(|(_, node)| node.parent == Some(0) && matches!(node.relation, Relation::Entry(_)))
    }

    /// Returns `true` for a large index, whose entries are fetched when they are wanted.
    pub fn is_large(&self) -> bool {
        self.manifest.index().is_some_and(|index| index.manifests.len() > MANY)
    }

    /// Returns the parent of a node, or its subject: for an attestation, the image that it attests.
    pub fn subject(&self, number: usize) -> Option<usize> {
        let node = &self.nodes[number];
        let attested = node.descriptor.attests().and_then(|digest| {
            let is_it = |other: &Node| {
                other.parent == node.parent
                    && other.descriptor.digest.as_str() == digest
                    && other.descriptor.attests().is_none()
            };
            self.nodes.iter().position(|node| is_it(node))
        });
        attested.or(node.parent)
    }
}

impl Node {
    fn new(parent: usize, relation: Relation, descriptor: &Descriptor, manifest: Loadable<Manifest>) -> Self {
        Self {
            parent: Some(parent),
            relation,
            descriptor: descriptor.clone(),
            manifest,
            config: Loadable::None,
        }
    }

    /// Returns the time at which the image was made, in RFC 3339.
    pub fn created(&self) -> Loadable<str> {
        match (&self.config, &self.manifest) {
            (Loadable::Ready(config), _) => Loadable::of(config.created.as_deref()),
            (Loadable::Failed(failure), _) => Loadable::Failed(failure.clone()),
            (Loadable::None, Loadable::Ready(_) | Loadable::Failed(_)) => Loadable::None,
            _ => Loadable::Loading,
        }
    }

    /// The image's platform: as the list has it, else as its config has it.
    pub fn platform(&self) -> Option<&tallyman_core::Platform> {
        let of_config = || self.config.ready().map(|config| &config.platform);
        self.descriptor.named_platform().or_else(of_config)
    }
}

impl Blob {
    /// Its digest.
    pub fn digest(&self) -> Option<&Digest> {
        self.reference.digest()
    }
}

/// Updates of an inspection, in the order in which they come.
pub enum Update {
    /// No outcome yet: another reference is asked for.
    Start,
    /// The same reference is asked for again.
    Restart,
    /// The manifest, or why not.
    Manifest(Box<Inspection>),
    /// Children of a node, or its referrers.
    Nodes(Vec<Node>),
    /// A node's manifest.
    Node(usize, Loadable<Manifest>),
    /// The tag of a pinned reference points to another digest now.
    Moved(Digest),
    /// A node's config.
    Config(usize, Loadable<ImageConfig>),
}

impl Inspection {
    fn take(&mut self, came: Update) {
        match (came, self) {
            (Update::Manifest(inspection), whole) => *whole = *inspection,
            (Update::Nodes(nodes), Self::Ready(inspected)) => {
                inspected.nodes.extend(nodes.into_iter().map(Rc::new));
            }
            (Update::Node(number, part), Self::Ready(inspected)) => {
                Rc::make_mut(&mut inspected.nodes[number]).manifest.take(part);
            }
            (Update::Moved(digest), Self::Ready(inspected)) => inspected.moved_to = Some(digest),
            (Update::Config(number, part), Self::Ready(inspected)) => {
                Rc::make_mut(&mut inspected.nodes[number]).config.take(part);
            }
            // Beginning is for the run.
            (
                Update::Start
                | Update::Restart
                | Update::Nodes(_)
                | Update::Node(..)
                | Update::Config(..)
                | Update::Moved(_),
                _,
            ) => {}
        }
    }
}

/// Inspects `text`: its manifest first, then, in parallel and as far as `extent` says, what it points to and what refers to it. Starts
/// over when `text` changes or somebody signs out. When something else about its registry changes, it asks again, and what is shown stays
/// until the registry answers otherwise.
#[hook]
pub fn use_inspection(text: &str, extent: Extent) -> Rc<Inspection> {
    let registries = use_registries();
    let host = text.parse::<Reference>().map(|reference| reference.registry().to_string());
    let changes = use_changes(host.as_deref().unwrap_or_default());
    let state = use_reducer(Run::default);
    // A pasted manifest names the reason for its missing parts in the app's language.
    let worded = use_language_revision(match &state.shown {
        Inspection::Failed(_) => true,
        Inspection::Ready(inspected) => inspected.verified == Verified::Pasted,
        Inspection::Loading | Inspection::Blob(_) => false,
    });
    let before = use_mut_ref(|| None);
    {
        let dispatcher = state.dispatcher();
        use_effect_with((text.to_owned(), changes, worded), move |(text, changes, _)| {
            let now = Some((text.clone(), changes.sign_outs));
            let is_same = before.replace(now.clone()) == now;
            // Work for an earlier reference is dropped, with its requests.
            let (abort, registration) = futures_util::future::AbortHandle::new_pair();
            let waiting = Rc::new(RefCell::new(Vec::new()));
            let tell = {
                let abort = abort.clone();
                move |came| {
                    waiting.borrow_mut().push(came);
                    if waiting.borrow().len() > 1 {
                        return;
                    }
                    let (waiting, abort) = (Rc::clone(&waiting), abort.clone());
                    let dispatcher = dispatcher.clone();
                    spawn_local(async move {
                        // Asking for the rest goes first, in this task; what came together is drawn in another, at once.
                        next_task().await;
                        if !abort.is_aborted() {
                            dispatcher.dispatch(waiting.take());
                        }
                    });
                }
            };
            tell(if is_same { Update::Restart } else { Update::Start });
            let work = fetch::inspect(text.clone(), extent, registries, tell);
            spawn_local(intl::prepare(locale()));
            spawn_local(async move {
                // An aborted inspection has nobody left to tell.
                let _ = futures_util::future::Abortable::new(work, registration).await;
            });
            move || abort.abort()
        });
    }
    Rc::new(state.shown.clone())
}

/// A descriptor of content of which nothing but digest and size are known.
fn bare(digest: &Digest, size: u64) -> Descriptor {
    Descriptor::new(MediaType::new(""), digest.clone(), size)
}
