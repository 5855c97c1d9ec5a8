//! Pushing a local list.

mod form;
mod progress;
mod survey;

use std::collections::BTreeSet;

use futures_util::{
    FutureExt, StreamExt,
    future::{self, LocalBoxFuture},
    stream::FuturesUnordered,
};
use tallyman_core::{Action, Descriptor, Digest, ManifestList, MediaType, MountSource, PushPlan, Reference};
use tallyman_registry::{Client, Error as RegistryError, Mount, PutManifest, Upload};
use tallyman_store::ListStore;

pub use form::{PlannedPush, check_subject, convert, list_as_referrer, with_subject};
use progress::PushProgress;
pub use survey::{Survey, survey};

use crate::{Error, MAX_PARALLEL_REQUESTS, RequestPurpose};

/// Blobs that are transferred at the same time, at most, but for small ones.
const TRANSFERS: usize = 6;
/// The same where requests have no bodies that stream: each blob keeps a part of itself in memory.
const TRANSFERS_IN_PARTS: usize = 4;

/// Bytes of a blob that is small.
const SMALL: u64 = 1024 * 1024;

/// An event of a push.
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
        /// The reference by which it is there: the target's repository and the manifest's digest.
        reference: Reference,
        /// The digest that the registry says it has.
        digest: Digest,
    },
}

pub(crate) async fn load(store: &dyn ListStore, list: &Reference) -> Result<ManifestList, Error> {
    store.load(list).await?.ok_or_else(|| Error::NotInStore { reference: list.clone() })
}

/// Removes the local list of a plan that was pushed from the store, unless somebody has changed the list since it was planned.
/// Returns whether it was removed.
///
/// # Errors
/// [`Error::Store`] if the store fails.
pub async fn purge(store: &dyn ListStore, plan: &PushPlan) -> Result<bool, Error> {
    match plan.local_list() {
        Some(digest) => Ok(store.remove_pushed(&plan.target, digest).await?),
        None => Ok(false),
    }
}

/// Does what a plan says, side by side as far as its steps do not depend on each other, and gives the digest that the
/// registry says the list has.
///
/// Where steps fail, no later ones begin, those before them are done all the same, and the failure of the first is
/// told: so the outcome is that of doing one after another. A small plan that copies no blobs begins with its first step alone, which
/// tells whether the registry can be pushed to at all, and does more at a time the more have succeeded.
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

/// Executes a plan as [`execute`] does, by Docker's rules: a blob that is not mounted ends the push, and so does a manifest
/// whose digest the registry does not name.
///
/// # Errors
/// [`Error::NotMounted`], [`Error::NoDigest`], and [`Error::Registry`] for the requests.
pub async fn execute_as_docker(
    client: &Client,
    plan: &PushPlan,
    on_event: &dyn Fn(PushEvent),
) -> Result<Digest, Error> {
    let gate = || future::ready(()).boxed_local();
    let context = StepContext { client, plan, as_docker: true, on_event };
    execute_steps(context, &BTreeSet::new(), &gate).await
}

/// Executes like [`execute`] a plan of which the outcome of the steps in `done` is in the registry, as [`survey()`] finds it: they
/// are not made. Before each step that begins, `gate` is waited for: one that does not open yet holds the push, what is under
/// way goes on. Dropping the future ends the push; what was done stays.
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
    execute_steps(StepContext { client, plan, as_docker: false, on_event }, done, gate).await
}

async fn execute_steps(
    context: StepContext<'_>,
    done: &BTreeSet<usize>,
    gate: &dyn Fn() -> LocalBoxFuture<'static, ()>,
) -> Result<Digest, Error> {
    let StepContext { client, plan, on_event, .. } = context;
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
    let transfers_max = if client.streams_bodies() { TRANSFERS } else { TRANSFERS_IN_PARTS };
    let requests = plan.steps.len().min(MAX_PARALLEL_REQUESTS);
    client.preconnect(plan.target.registry(), requests, requests);
    loop {
        let end = failure.as_ref().map_or(plan.steps.len(), |(index, _)| *index);
        while running.len() < progress.parallel() {
            let may_begin = |index: usize| transfers < transfers_max || !is_transfer(plan, index);
            let Some(next) = progress.begin(end, may_begin) else { break };
            transfers += usize::from(is_transfer(plan, next));
            running.push(async move {
                gate().await;
                on_event(PushEvent::Began(next));
                (next, context.run(next).await)
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

/// Returns `true` if a step may keep a part of a blob in memory for long.
pub(crate) fn is_transfer(plan: &PushPlan, index: usize) -> bool {
    matches!(plan.steps[index].action, Action::CopyBlob { size, .. } if size > SMALL)
}

/// The rules by which steps are done.
#[derive(Clone, Copy)]
struct StepContext<'a> {
    client: &'a Client,
    plan: &'a PushPlan,
    /// Docker's rules: a blob that is not mounted ends the push, and so does a manifest whose digest the registry does not
    /// name. Otherwise the blob is copied, and the digest is that of the bytes.
    as_docker: bool,
    on_event: &'a dyn Fn(PushEvent),
}

impl StepContext<'_> {
    /// Does one step. Returns the digest of a manifest that was put.
    async fn run(self, index: usize) -> Result<Option<Digest>, Error> {
        match &self.plan.steps[index].action {
            Action::CopyBlob { source, digest, size } => {
                self.copy(index, source, digest, *size).await?;
                Ok(None)
            }
            Action::MountBlob { digest, size, sources } => {
                self.mount(index, digest, *size, sources).await?;
                Ok(None)
            }
            Action::PutManifest { media_type, digest, bytes, .. } => {
                let reference = self.plan.target.by_digest(digest.clone());
                let put = self.client.put_manifest(&reference, media_type, bytes.clone()).await;
                self.put_digest(put, &reference, &reference, digest).map(Some)
            }
            Action::PutList { reference, media_type, bytes, digest } => {
                let put = self.client.put_manifest(reference, media_type, bytes.clone()).await;
                self.put_digest(put, reference, &self.plan.target, digest).map(Some)
            }
        }
    }

    fn error(self, reference: &Reference, purpose: RequestPurpose, source: RegistryError) -> Error {
        Error::of_request(self.client, reference, purpose, source)
    }

    fn put_digest(
        self,
        put: Result<PutManifest, RegistryError>,
        reference: &Reference,
        named: &Reference,
        digest: &Digest,
    ) -> Result<Digest, Error> {
        let named = Box::new(named.clone());
        match put {
            Ok(put) => match put.registry_digest {
                Some(digest) => Ok(digest),
                None if self.as_docker => Err(Error::NoDigest { reference: named }),
                None => Ok(digest.clone()),
            },
            Err(error) => Err(self.error(reference, RequestPurpose::PutManifest { named }, error)),
        }
    }

    async fn copy(self, index: usize, source: &Reference, digest: &Digest, size: u64) -> Result<(), Error> {
        let target = &self.plan.target;
        let blob = Descriptor::new(MediaType::new(""), digest.clone(), size);
        let on_bytes = |bytes| (self.on_event)(PushEvent::Transferred { step: index, bytes });
        let copied = self.client.copy_blob(source, target, &blob, &on_bytes).await;
        copied.map_err(|error| {
            let (source, digest) = (Box::new(source.clone()), digest.clone());
            self.error(target, RequestPurpose::CopyBlob { source, digest }, error)
        })
    }

    /// Uploads a blob of another repository that the registry did not mount.
    async fn upload(
        self,
        index: usize,
        source: &Reference,
        digest: &Digest,
        size: u64,
        begun: Option<Upload>,
    ) -> Result<(), Error> {
        let target = &self.plan.target;
        let blob = Descriptor::new(MediaType::new(""), digest.clone(), size);
        let on_bytes = |bytes| (self.on_event)(PushEvent::Transferred { step: index, bytes });
        let uploaded = self.client.transfer_blob(source, target, &blob, begun, &on_bytes).await;
        uploaded.map_err(|error| {
            let (source, digest) = (Box::new(source.clone()), digest.clone());
            self.error(target, RequestPurpose::CopyBlob { source, digest }, error)
        })
    }

    async fn mount(
        self,
        index: usize,
        digest: &Digest,
        size: u64,
        sources: &[MountSource],
    ) -> Result<(), Error> {
        let (client, target) = (self.client, &self.plan.target);
        let mut begun = None;
        for MountSource { repository, may_fail } in sources {
            let from = repository.as_str().to_owned();
            match client.mount_blob(target, repository, digest).await {
                Ok(Mount::Upload(upload)) if !self.as_docker && !may_fail => begun = Some(upload),
                Ok(Mount::Upload(upload)) => {
                    // Whether the registry forgets the upload now or later makes no difference to anyone.
                    client.cancel_upload(target, &upload).await.ok();
                    if !may_fail {
                        let (digest, target) = (digest.clone(), Box::new(target.clone()));
                        return Err(Error::NotMounted { from, digest, target });
                    }
                }
                Ok(_) => return Ok(()),
                // A registry that mounts nothing may take the blob all the same.
                Err(error) if !self.as_docker && client.can_do_without(target.registry(), &error) => {}
                Err(error) => {
                    let digest = digest.clone();
                    return Err(self.error(target, RequestPurpose::MountBlob { from, digest }, error));
                }
            }
        }
        if self.as_docker {
            return Ok(());
        }
        match self.source_with(digest, sources).await {
            Some(source) => self.upload(index, &source, digest, size, begun).await,
            None => Ok(()),
        }
    }

    /// Returns the image that a blob is uploaded from; `None` if no repository has it and the push goes on without it.
    async fn source_with(self, digest: &Digest, sources: &[MountSource]) -> Option<Reference> {
        let target = &self.plan.target;
        let image = |MountSource { repository, .. }: &MountSource| {
            Reference::new(target.registry().clone(), repository.clone(), None, Some(digest.clone()))
        };
        if let Some(source) = sources.iter().rfind(|source| !source.may_fail) {
            return Some(image(source));
        }
        for source in sources.iter().map(image) {
            match self.client.head_blob(&source, digest).await {
                Err(error) if error.is_not_found() => {}
                // An upload tells what else is wrong.
                _ => return Some(source),
            }
        }
        None
    }
}
