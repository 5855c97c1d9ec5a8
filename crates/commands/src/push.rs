//! Pushing a local list.

mod progress;
mod survey;

use std::collections::BTreeSet;

use futures_util::{
    FutureExt, StreamExt,
    future::{self, LocalBoxFuture},
    stream::FuturesUnordered,
};
use tallyman_core::{Action, Descriptor, Digest, ManifestList, MediaType, MountSource, PushPlan, Reference};
use tallyman_registry::{Client, Error as RegistryError, Mount};
use tallyman_store::ListStore;

use progress::PushProgress;
pub use survey::{Survey, survey};

use crate::{
    Error, MAX_PARALLEL_REQUESTS,
    docker::{self, RequestContext},
};

/// Blobs that are transferred at the same time, at most, but for small ones: each keeps a part of itself in memory.
const TRANSFERS: usize = 4;

/// Bytes of a blob that is small.
const SMALL: u64 = 1024 * 1024;

/// What happens while a plan is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushEvent {
    /// The step of this index begins.
    Began(usize),
    /// The step of this index has succeeded.
    Done(usize),
    /// The step of this index has failed.
    Failed(usize),
    /// A piece of the blob that the step of this index copies has come.
    Transferred {
        /// The step.
        step: usize,
        /// Bytes of the piece.
        bytes: u64,
    },
    /// The manifest of an entry is in the target's repository. Told in the plan's order, when all before it is done.
    Copied {
        /// Where it is: the target's repository and the manifest's digest.
        reference: Reference,
        /// The digest that the registry says it has.
        digest: Digest,
    },
}

/// The plan for pushing a local list. No registry is asked.
///
/// # Errors
/// When there is no such list, when it is empty or cannot be pushed, or when the store fails.
pub async fn plan(store: &dyn ListStore, list: &Reference) -> Result<PushPlan, Error> {
    Ok(PushPlan::new(&load(store, list).await?)?)
}

/// The plan for pushing a local list with images of other registries, which are copied.
///
/// # Errors
/// As [`plan`].
pub async fn plan_with_copies(store: &dyn ListStore, list: &Reference) -> Result<PushPlan, Error> {
    Ok(PushPlan::with_copies(&load(store, list).await?)?)
}

async fn load(store: &dyn ListStore, list: &Reference) -> Result<ManifestList, Error> {
    let found: Option<ManifestList> = store.load(list).await?;
    let found = found.ok_or_else(|| Error::NotInStore { reference: list.clone() })?;
    if found.is_empty() {
        return Err(Error::EmptyList { list: list.clone() });
    }
    Ok(found)
}

/// Does what a plan says, side by side as far as its steps do not depend on each other, and gives the digest that the
/// registry says the list has.
///
/// Where steps fail, no later ones begin, those before them are done all the same, and the failure of the first is
/// told: so the outcome is that of doing one after another. A small plan begins with its first step alone, which tells
/// whether the registry can be pushed to at all, and does more at a time the more have succeeded.
///
/// # Errors
/// When a blob is not mounted or a manifest is not taken.
pub async fn execute(
    client: &Client,
    plan: &PushPlan,
    on_event: &dyn Fn(PushEvent),
) -> Result<Digest, Error> {
    execute_rest(client, plan, &BTreeSet::new(), &|| future::ready(()).boxed_local(), on_event).await
}

/// As [`execute`], for a plan of which the steps in `done` have succeeded before: they are not made again. Before each
/// step that begins, `gate` is waited for: one that does not open yet holds the push, what is under way goes on.
/// Dropping the future ends the push; what was done stays.
///
/// # Errors
/// As [`execute`].
pub async fn execute_rest(
    client: &Client,
    plan: &PushPlan,
    done: &BTreeSet<usize>,
    gate: &dyn Fn() -> LocalBoxFuture<'static, ()>,
    on_event: &dyn Fn(PushEvent),
) -> Result<Digest, Error> {
    let mut progress = PushProgress::new(plan, on_event);
    for index in done.range(..plan.steps.len()) {
        progress.pass_over(*index);
    }
    if let Some(digest) = progress.outcome() {
        return Ok(digest);
    }
    let mut running = FuturesUnordered::new();
    let mut failure: Option<(usize, Error)> = None;
    let mut transfers = 0;
    client.expect(plan.target.registry(), plan.steps.len().min(MAX_PARALLEL_REQUESTS));
    loop {
        let end = failure.as_ref().map_or(plan.steps.len(), |(index, _)| *index);
        while running.len() < progress.parallel() {
            let may_begin = |index: usize| transfers < TRANSFERS || !is_transfer(plan, index);
            let Some(next) = progress.begin(end, may_begin) else { break };
            transfers += usize::from(is_transfer(plan, next));
            running.push(async move {
                gate().await;
                on_event(PushEvent::Began(next));
                (next, step(client, plan, next, on_event).await)
            });
        }
        let ended = running.next().await;
        transfers -= ended.as_ref().map_or(0, |(index, _)| usize::from(is_transfer(plan, *index)));
        match ended {
            Some((index, Ok(digest))) => progress.finish(index, digest),
            Some((index, Err(error))) => {
                on_event(PushEvent::Failed(index));
                if index < end {
                    failure = Some((index, error));
                }
            }
            None => break,
        }
    }
    match failure {
        Some((_, error)) => Err(error),
        None => Ok(progress.digest_of(plan.steps.len() - 1)),
    }
}

/// Whether a step may keep a part of a blob in memory for long.
fn is_transfer(plan: &PushPlan, index: usize) -> bool {
    matches!(plan.steps[index].action, Action::CopyBlob { size, .. } if size > SMALL)
}

/// Does one step; gives the registry's digest where something was put.
async fn step(
    client: &Client,
    plan: &PushPlan,
    index: usize,
    on_event: &dyn Fn(PushEvent),
) -> Result<Option<Digest>, Error> {
    match &plan.steps[index].action {
        Action::CopyBlob { source, digest, size } => {
            let blob = Descriptor::new(MediaType::new(""), digest.clone(), *size);
            let on_bytes = |bytes| on_event(PushEvent::Transferred { step: index, bytes });
            let copied = client.copy_blob(source, &plan.target, &blob, &on_bytes).await;
            copied.map_err(|error| copy_error(error, source, digest, &plan.target))?;
            Ok(None)
        }
        Action::MountBlob { digest, sources } => {
            mount(client, &plan.target, digest, sources).await?;
            Ok(None)
        }
        Action::PutManifest { media_type, digest, bytes, .. } => {
            let reference = plan.target.by_digest(digest.clone());
            let put = client.put_manifest(&reference, media_type, bytes.clone()).await;
            put_digest(client, put, &reference, &reference).map(Some)
        }
        Action::PutList { reference, media_type, bytes, .. } => {
            let put = client.put_manifest(reference, media_type, bytes.clone()).await;
            put_digest(client, put, reference, &plan.target).map(Some)
        }
    }
}

fn put_digest(
    client: &Client,
    put: Result<tallyman_registry::PutManifest, RegistryError>,
    reference: &Reference,
    requested_as: &Reference,
) -> Result<Digest, Error> {
    let failed = |reason: &str| format!("failed to put manifest {requested_as}: {reason}");
    let put = put.map_err(|error| {
        let path = format!("manifests/{}", reference.target());
        push_error(error, asked(client, "Put", reference, &path), failed)
    })?;
    put.registry_digest.ok_or_else(|| Error::Content {
        reference: reference.clone(),
        reason: failed("invalid checksum digest format"),
    })
}

async fn mount(
    client: &Client,
    target: &Reference,
    digest: &Digest,
    sources: &[MountSource],
) -> Result<(), Error> {
    for MountSource { repository, may_fail } in sources {
        let from = repository.as_str();
        let mounted = client.mount_blob(target, repository, digest).await.map_err(|error| {
            let path = format!("blobs/uploads/?from={}&mount={}", escaped(from), escaped(digest.as_str()));
            let failed = |reason: &str| format!("failed to mount blob {from}@{digest} to {target}: {reason}");
            push_error(error, asked(client, "Post", target, &path), failed)
        })?;
        let Mount::Upload(upload) = mounted else { return Ok(()) };
        // Whether the registry forgets the upload now or later makes no difference to anyone.
        client.cancel_upload(target, &upload).await.ok();
        if !may_fail {
            let (from, digest, target) = (from.to_owned(), digest.clone(), Box::new(target.clone()));
            return Err(Error::NotMounted { from, digest, target });
        }
    }
    Ok(())
}

fn asked<'a>(
    client: &Client,
    method: &'static str,
    repository: &'a Reference,
    path: &'a str,
) -> RequestContext<'a> {
    RequestContext { method, repository, path, signed_in: client.has_credentials(repository.registry()) }
}

/// `text` in a query, as Go writes it.
fn escaped(text: &str) -> String {
    text.replace('/', "%2F").replace(':', "%3A")
}

fn copy_error(error: RegistryError, source: &Reference, digest: &Digest, target: &Reference) -> Error {
    let (from, to) = (source.name(), target.name());
    let words = format!("failed to copy blob {digest} from {from} to {to}: {error}");
    Error::Registry { words, source: Box::new(error) }
}

/// A failed request of a push. One that never reached the registry is told without what it was for: Docker finds that
/// out by its ping.
fn push_error(error: RegistryError, asked: RequestContext<'_>, failed: impl FnOnce(&str) -> String) -> Error {
    let words = docker::configure_transport(&error)
        .unwrap_or_else(|| failed(&docker::docker_error(&error, asked).words));
    Error::Registry { words, source: Box::new(error) }
}
