//! Asking for a manifest and for all that belongs to it.

use std::{collections::BTreeMap, rc::Rc};

use futures_channel::mpsc::unbounded;
use futures_util::{
    FutureExt, StreamExt,
    future::{Either, LocalBoxFuture, select},
    stream::FuturesUnordered,
};
use tallyman_core::{Descriptor, Digest, ImageConfig, Index, Manifest, NESTED_INDEXES_MAX, Reference};
use tallyman_registry::{Error, FetchedManifest};

use super::{Blob, Extent, Inspected, Inspection, Loadable, Node, Relation, Update, Verified, Want, bare};
use super::{last_seen, recents};
use crate::{
    browser::{
        scheduler::{Pieces, next_task},
        service_worker,
    },
    state::{
        failure::{config_in, manifest_in},
        problem::Problem,
        registries::{Registries, pasted_manifests},
    },
    text::text,
};

/// Manifests that are asked for at most: some lists point to lists without end.
const NODES_MAX: usize = 400;
/// Entries of a large index that are shown.
const ENTRIES_MAX: usize = 20_000;
/// Images of a list that are asked what refers to them.
const SUBJECTS_MAX: usize = 16;
/// Bytes of a blob that is shown.
const BLOB_MAX: u64 = 2 * 1024 * 1024;

pub(super) async fn inspect(
    typed: String,
    extent: Extent,
    registries: Rc<Registries>,
    tell: impl Fn(Update),
) {
    let (want, mut wanted) = unbounded();
    let inspected = match manifest(&typed, &registries, Want(want)).await {
        Ok(Inspection::Ready(inspected)) => inspected,
        Ok(other) => return tell(Update::Manifest(Box::new(other))),
        Err(problem) => return tell(Update::Manifest(Box::new(Inspection::Failed(problem)))),
    };
    // A pasted manifest is lost with the tab.
    if inspected.verified != Verified::Pasted {
        recents::remember(&typed);
    }
    let is_large = inspected.is_large();
    let waits_for_wishes = is_large || extent != Extent::Whole;
    tell(Update::Manifest(Box::new(Inspection::Ready(inspected.clone()))));
    let mut work = Work {
        extent,
        registries,
        reference: inspected.reference,
        nodes: 1,
        subjects: Vec::new(),
        unfetched: BTreeMap::new(),
        asked: FuturesUnordered::new(),
        tell: &tell,
    };
    let manifest = inspected.manifest;
    if inspected.verified == Verified::Pasted {
        return work.tell_entries(&manifest);
    }
    if extent == Extent::Whole {
        work.ask_tag();
        work.ask_referrers(0, &manifest.descriptor());
    }
    match manifest.index().filter(|_| waits_for_wishes) {
        Some(index) => {
            work.keep_for_later(index).await;
            if !is_large && extent == Extent::Image {
                work.fetch_unnamed();
            }
        }
        None => work.follow(0, 0, &manifest),
    }
    loop {
        if work.asked.is_empty() {
            if !waits_for_wishes {
                return;
            }
            let Some(numbers) = wanted.next().await else { return };
            work.fetch_wanted(&numbers);
            continue;
        }
        match select(work.asked.next(), wanted.next()).await {
            Either::Left((Some(answer), _)) => work.take(answer),
            Either::Left((None, _)) | Either::Right((None, _)) => {}
            Either::Right((Some(numbers), _)) => work.fetch_wanted(&numbers),
        }
    }
}

/// Response for a node.
enum Answer {
    Manifest { node: usize, depth: usize, entry: Box<Descriptor>, part: Loadable<Manifest> },
    Config { node: usize, entry: Box<Descriptor>, part: Loadable<ImageConfig> },
    Referrers(usize, Vec<Descriptor>),
    Tag(Option<Digest>),
}

/// All that is under way for one inspection.
struct Work<'a> {
    extent: Extent,
    registries: Rc<Registries>,
    reference: Rc<Reference>,
    nodes: usize,
    /// Images that are to be asked what refers to them.
    subjects: Vec<(usize, Descriptor)>,
    /// The entries of an index that nobody has wanted yet, and those that, or whose configs, could not be fetched, by the numbers of
    /// their nodes.
    unfetched: BTreeMap<usize, Descriptor>,
    asked: FuturesUnordered<LocalBoxFuture<'a, Answer>>,
    tell: &'a dyn Fn(Update),
}

impl Work<'_> {
    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Manifest { node, depth, entry, part } => {
                (self.tell)(Update::Node(node, part.clone()));
                match part {
                    Loadable::Ready(manifest) => self.follow(node, depth, &manifest),
                    // It may come when its row is in sight again.
                    Loadable::Failed(failure) if !failure.is_missing => {
                        self.unfetched.insert(node, *entry);
                    }
                    _ => {}
                }
            }
            Answer::Tag(Some(digest)) if self.reference.digest() != Some(&digest) => {
                (self.tell)(Update::Moved(digest));
            }
            Answer::Tag(_) => {}
            Answer::Config { node, entry, part } => {
                if matches!(&part, Loadable::Failed(failure) if !failure.is_missing) {
                    self.unfetched.insert(node, *entry);
                }
                (self.tell)(Update::Config(node, part));
            }
            Answer::Referrers(node, found) => {
                // By now it is known whether the registry can tell such things at all.
                if node == 0 {
                    for (node, entry) in std::mem::take(&mut self.subjects) {
                        self.ask_referrers(node, &entry);
                    }
                }
                let room = NODES_MAX.saturating_sub(self.nodes);
                let nodes = found.iter().take(room);
                let nodes: Vec<Node> =
                    nodes.map(|found| Node::new(node, Relation::Referrer, found, Loadable::None)).collect();
                self.nodes += nodes.len();
                (self.tell)(Update::Nodes(nodes));
            }
        }
    }

    /// Asks for what a manifest points to.
    fn follow(&mut self, node: usize, depth: usize, manifest: &Manifest) {
        let has_config = node == 0 || self.extent != Extent::Sizes;
        if let Some(image) = manifest.image().filter(|image| has_config && image.has_image_config()) {
            (self.tell)(Update::Config(node, Loadable::Loading));
            let (registries, reference) = (Rc::clone(&self.registries), Rc::clone(&self.reference));
            let (config, entry) = (image.config.clone(), Box::new(manifest.descriptor()));
            let asked = async move {
                let answer = registries.client().blob(&reference, &config).await;
                Answer::Config { node, entry, part: config_in(answer, reference.registry()).into() }
            };
            self.asked.push(asked.boxed_local());
        }
        let Some(index) = manifest.index().filter(|_| depth < NESTED_INDEXES_MAX) else { return };
        let room = NODES_MAX.saturating_sub(self.nodes);
        let entries = index.manifests.iter().take(room);
        let nodes = entries.clone().enumerate();
        let nodes =
            nodes.map(|(at, entry)| Node::new(node, Relation::Entry(at), entry, Loadable::Loading)).collect();
        (self.tell)(Update::Nodes(nodes));
        for (at, entry) in entries.enumerate() {
            let node = self.nodes;
            self.nodes += 1;
            self.ask_child(node, depth, at, entry.clone());
            if depth == 0 && entry.is_runnable() && self.subjects.len() < SUBJECTS_MAX {
                self.subjects.push((node, entry.clone()));
            }
        }
    }

    /// Tells the entries of a list that was pasted: there is nowhere to fetch them from.
    fn tell_entries(&self, manifest: &Manifest) {
        let Some(index) = manifest.index() else { return };
        let missing = || Loadable::Failed(text().inspect().pasted_alone.into());
        let entries = index.manifests.iter().take(ENTRIES_MAX).enumerate();
        let nodes = entries.map(|(at, entry)| Node::new(0, Relation::Entry(at), entry, missing())).collect();
        (self.tell)(Update::Nodes(nodes));
    }

    /// Asks for the entry of a list. `at` is its place among those that are asked for together.
    fn ask_child(&self, node: usize, depth: usize, at: usize, entry: Descriptor) {
        let (registries, reference) = (Rc::clone(&self.registries), Rc::clone(&self.reference));
        let asked = async move {
            // Many requests are not made in one task: each takes its time.
            if at > 0 {
                next_task().await;
            }
            let part = fetch_child(&registries, &reference, &entry).await;
            Answer::Manifest { node, depth: depth + 1, entry: Box::new(entry), part }
        };
        self.asked.push(asked.boxed_local());
    }

    /// Tells the entries of an index, and fetches none.
    async fn keep_for_later(&mut self, index: &Index) {
        let mut pieces = Pieces::begin();
        let mut nodes = Vec::with_capacity(index.manifests.len().min(ENTRIES_MAX));
        for (at, entry) in index.manifests.iter().take(ENTRIES_MAX).enumerate() {
            nodes.push(Node::new(0, Relation::Entry(at), entry, Loadable::None));
            self.unfetched.insert(self.nodes + at, entry.clone());
            pieces.pause().await;
        }
        self.nodes += nodes.len();
        (self.tell)(Update::Nodes(nodes));
    }

    /// Fetches the entries of which the index does not name the platform.
    fn fetch_unnamed(&mut self) {
        let is_unnamed = |entry: &Descriptor| entry.named_platform().is_none() && entry.is_runnable();
        let unnamed = self.unfetched.iter().filter(|(_, entry)| is_unnamed(entry));
        let numbers: Vec<usize> = unnamed.map(|(number, _)| *number).collect();
        self.fetch_wanted(&numbers);
    }

    /// Fetches entries of an index.
    fn fetch_wanted(&mut self, numbers: &[usize]) {
        for (at, number) in numbers.iter().enumerate() {
            if let Some(entry) = self.unfetched.remove(number) {
                (self.tell)(Update::Node(*number, Loadable::Loading));
                self.ask_child(*number, 0, at, entry);
            }
        }
    }

    /// Asks where the tag of a pinned reference (`repository:tag@digest`) points to now. The digest alone says which image
    /// is meant: a tag that has moved since, or is gone, is no fault of the image.
    fn ask_tag(&self) {
        let Some(tag) = self.reference.tag().filter(|_| self.reference.digest().is_some()) else { return };
        let (registries, reference) = (Rc::clone(&self.registries), self.reference.by_tag(tag.clone()));
        let asked = async move {
            next_task().await;
            Answer::Tag(registries.client().manifest(&reference).await.ok().map(|fetched| fetched.digest))
        };
        self.asked.push(asked.boxed_local());
    }

    /// Asks what refers to a node. What cannot be told is as good as nothing: most registries have nothing to tell.
    fn ask_referrers(&self, node: usize, descriptor: &Descriptor) {
        let (registries, reference) = (Rc::clone(&self.registries), Rc::clone(&self.reference));
        let digest = descriptor.digest.clone();
        let asked = async move {
            next_task().await;
            let found = registries.client().referrers(&reference, &digest, None).await;
            Answer::Referrers(node, found.unwrap_or_default())
        };
        self.asked.push(asked.boxed_local());
    }
}

async fn manifest(typed: &str, registries: &Registries, want: Want) -> Result<Inspection, Problem> {
    if let Ok(digest) = typed.trim_start_matches('@').parse() {
        return Err(Problem::of_digest(&digest));
    }
    let reference: Reference = typed.parse().map_err(|error| Problem::of_reference(typed, &error))?;
    // Where both a tag and a digest are given, the digest is the name that cannot move.
    let wanted =
        reference.digest().map_or_else(|| reference.clone(), |digest| reference.by_digest(digest.clone()));
    let (fetched, verified) = match registries.client().manifest(&wanted).await {
        Ok(fetched) => {
            if reference.digest().is_none() {
                last_seen::keep(&reference, &fetched.digest);
            }
            let verified = verified(&reference, &fetched);
            (fetched, verified)
        }
        Err(error) => match kept(registries, &reference).await {
            Some(fetched) => (fetched, Verified::Kept),
            None => {
                let blob = if error.is_not_found() { blob(registries, &reference).await } else { None };
                return blob.map(Inspection::Blob).ok_or_else(|| Problem::of_registry(&reference, &error));
            }
        },
    };
    // Hashing, parsing and drawing a large index are tasks of their own.
    next_task().await;
    let manifest =
        fetched.manifest().map_err(|error| Problem::of_manifest(&reference, &fetched.bytes, &error))?;
    next_task().await;
    let config = match manifest.image() {
        Some(_) if verified == Verified::Pasted => Loadable::Failed(text().inspect().pasted_alone.into()),
        Some(image) if image.has_image_config() => Loadable::Loading,
        _ => Loadable::None,
    };
    let (reference, manifest) = (Rc::new(reference), Rc::new(manifest));
    let node = Node {
        parent: None,
        relation: Relation::Itself,
        descriptor: manifest.descriptor(),
        manifest: Loadable::Ready(Rc::clone(&manifest)),
        config,
    };
    Ok(Inspection::Ready(Inspected {
        reference,
        manifest,
        verified,
        moved_to: None,
        nodes: vec![Rc::new(node)],
        want,
    }))
}

/// Returns what the tag stood for when it was last seen, for use without network; by digest what it was then, or nothing.
async fn kept(registries: &Registries, reference: &Reference) -> Option<FetchedManifest> {
    if service_worker::is_online() {
        return None;
    }
    registries.client().manifest(&last_seen::last(reference)?).await.ok()
}

fn verified(reference: &Reference, fetched: &FetchedManifest) -> Verified {
    if pasted_manifests::is_pasted(reference) {
        Verified::Pasted
    } else if reference.digest() == Some(&fetched.digest) {
        Verified::Asked
    } else if fetched.registry_digest.as_ref() == Some(&fetched.digest) {
        Verified::Registry
    } else {
        Verified::Unconfirmed
    }
}

/// The blob of a digest for which there is no manifest.
async fn blob(registries: &Registries, reference: &Reference) -> Option<Blob> {
    let digest = reference.digest()?;
    let client = registries.client();
    let size = client.head_blob(reference, digest).await.ok()?;
    let text = match size.filter(|size| *size <= BLOB_MAX) {
        Some(size) => text_of(client.blob(reference, &bare(digest, size)).await),
        None => None,
    };
    Some(Blob { reference: Rc::new(reference.clone()), size, text })
}

fn text_of(bytes: Result<impl AsRef<[u8]>, Error>) -> Option<Rc<str>> {
    let bytes = bytes.ok()?;
    let text = std::str::from_utf8(bytes.as_ref()).ok()?;
    // Archives are no texts, even where their bytes could be one.
    (!text.contains('\0')).then(|| text.into())
}

async fn fetch_child(
    registries: &Registries,
    reference: &Reference,
    entry: &Descriptor,
) -> Loadable<Manifest> {
    let answer = registries.client().manifest_as(reference, entry).await;
    manifest_in(answer, reference.registry()).into()
}
