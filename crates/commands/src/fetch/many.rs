//! Several images at once: as many requests side by side as there can be without asking for more than Docker would.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};

use futures_util::{FutureExt, StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use tallyman_core::{Digest, ListEntry, Platform, Reference};
use tallyman_registry::Client;

use crate::{
    ContentError, Error, MAX_PARALLEL_REQUESTS,
    fetch::{self, Fetched, FetchedImage, FetchedList},
};

/// Up to as many images, a failure never costs more requests than it costs Docker, which asks for one image after
/// another and stops at the first that fails. With more images, round trips are what costs.
const FEW: usize = 5;

/// The images of `references`, whole. Where some fail, the failure that comes first in the order given is returned, as if
/// they had been fetched one after another.
pub(crate) async fn images(client: &Client, references: &[Reference]) -> Result<Vec<ListEntry>, Error> {
    // For each image Docker pings and asks for manifest and config. One request of ours may be answered with a
    // challenge, for which Docker has its ping.
    let budget = RequestBudget { docker_before: 0, docker_each: 3, spent: 1 };
    let wanted = references.iter().map(|reference| (reference, reference)).collect();
    let refused = |requested_as: &Reference, list: &FetchedList| Error::IsList {
        reference: requested_as.clone(),
        found: list.index.platforms(),
    };
    ImageFetcher::new(client, wanted, &refused).run(budget).await
}

/// The entries of a list that was fetched as `reference`, in its order: each by the list's name and its own digest,
/// with the platform that the list names.
pub(crate) async fn entries(
    client: &Client,
    reference: &Reference,
    list: &FetchedList,
) -> Result<Vec<ListEntry>, Error> {
    fetch::verify(reference, &list.bytes)?;
    let described = &list.index.manifests;
    if described.is_empty() {
        return Err(Error::NotInRegistry { reference: reference.clone(), source: None, credentials: None });
    }
    let mut known = HashSet::with_capacity(described.len());
    let described_once = described.iter().filter(|entry| known.insert(&entry.digest));
    let children: Vec<Reference> =
        described_once.map(|entry| reference.by_digest(entry.digest.clone())).collect();
    // Docker has pinged and asked for the list twice, and asks for manifest and config of each entry. We have asked
    // once, and were challenged perhaps.
    let budget = RequestBudget { docker_before: 4, docker_each: 2, spent: 2 };
    let wanted = children.iter().map(|child| (child, reference)).collect();
    let refused =
        |requested_as: &Reference, _: &FetchedList| Error::content(requested_as, ContentError::NestedList);
    let whole = ImageFetcher::new(client, wanted, &refused).run(budget).await?;
    let by_digest: HashMap<&Digest, &ListEntry> =
        whole.iter().map(|entry| (&entry.descriptor.digest, entry)).collect();
    let placed = described.iter().map(|described| {
        let entry: &ListEntry = by_digest[&described.digest];
        let mut entry =
            ListEntry { reference: reference.with_digest(described.digest.clone()), ..entry.clone() };
        entry.descriptor.platform = Some(described.platform.clone().unwrap_or_default());
        entry
    });
    Ok(placed.collect())
}

/// The requests that Docker would have made, and those that were made.
struct RequestBudget {
    /// Docker's requests before the first image.
    docker_before: usize,
    /// Docker's requests for each image, the last of which is for the config.
    docker_each: usize,
    /// Our requests so far.
    spent: usize,
}

impl RequestBudget {
    /// Requests that may be made now that image `index` (from 0) is the first that may fail: with its config where
    /// the manifest `is_there`.
    fn allowance(&self, index: usize, is_there: bool, images: usize) -> usize {
        if images > FEW {
            return usize::MAX;
        }
        let manifest = self.docker_before + self.docker_each * (index + 1) - 1;
        (manifest + usize::from(is_there)).saturating_sub(self.spent)
    }
}

/// Images on their way.
struct ImageFetcher<'a> {
    client: &'a Client,
    /// The references to fetch, each with the name that the user knows.
    wanted: Vec<(&'a Reference, &'a Reference)>,
    /// The error for a list in the place of an image.
    refused: &'a dyn Fn(&Reference, &FetchedList) -> Error,
    manifests: Vec<ImageState>,
    /// The platforms by the digest of a config, which several images may share.
    platforms: HashMap<Digest, Result<Platform, Error>>,
    /// Configs that were asked for.
    configs: HashSet<Digest>,
    /// The first image whose manifest was not asked for.
    next_manifest: usize,
    /// The images that have come and whose config was not asked for, by index.
    configs_due: BTreeMap<usize, Rc<FetchedImage>>,
    /// The first image that is known to have failed.
    failed: Option<usize>,
}

/// The state of the manifest of an image.
enum ImageState {
    Pending,
    Arrived(Result<Rc<FetchedImage>, Error>),
}

enum Answer {
    Manifest(usize, Result<Rc<FetchedImage>, Error>),
    Config(Digest, Result<Platform, Error>),
}

impl<'a> ImageFetcher<'a> {
    fn new(
        client: &'a Client,
        wanted: Vec<(&'a Reference, &'a Reference)>,
        refused: &'a dyn Fn(&Reference, &FetchedList) -> Error,
    ) -> Self {
        let manifests = wanted.iter().map(|_| ImageState::Pending).collect();
        let (platforms, configs, configs_due) = (HashMap::new(), HashSet::new(), BTreeMap::new());
        Self {
            client,
            wanted,
            refused,
            manifests,
            platforms,
            configs,
            next_manifest: 0,
            configs_due,
            failed: None,
        }
    }

    /// Asks for everything. The first failure that nothing before it can forestall ends all that is under way.
    async fn run(mut self, mut budget: RequestBudget) -> Result<Vec<ListEntry>, Error> {
        let images = self.wanted.len();
        if let Some((first, _)) = self.wanted.first() {
            // Of few, the next are not asked for before the first is there.
            let handshakes = if images > FEW { images } else { 1 };
            self.client.preconnect(first.registry(), images, handshakes);
        }
        let mut whole = Vec::with_capacity(images);
        let mut under_way = FuturesUnordered::new();
        loop {
            while let Some(entry) = self.finished(whole.len())? {
                whole.push(entry);
            }
            let index = whole.len();
            if index == images {
                return Ok(whole);
            }
            let is_there = matches!(self.manifests[index], ImageState::Arrived(_));
            let least = usize::from(under_way.is_empty());
            let room = MAX_PARALLEL_REQUESTS.saturating_sub(under_way.len());
            let asks = self.next(budget.allowance(index, is_there, images).min(room).max(least));
            budget.spent += asks.len();
            under_way.extend(asks);
            match under_way.next().await.expect("what is not whole is asked for") {
                Answer::Manifest(index, manifest) => self.arrived(index, manifest),
                Answer::Config(digest, platform) => {
                    self.platforms.insert(digest, platform);
                }
            }
        }
    }

    /// The entry of an image, where manifest and config are there.
    fn finished(&mut self, index: usize) -> Result<Option<ListEntry>, Error> {
        let image = match self.manifests.get_mut(index) {
            Some(ImageState::Arrived(Ok(image))) => Rc::clone(image),
            Some(come @ ImageState::Arrived(_)) => match std::mem::replace(come, ImageState::Pending) {
                ImageState::Arrived(Err(error)) => return Err(error),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        match self.platforms.get(image.config()) {
            None => Ok(None),
            Some(Ok(platform)) => image.with_platform(platform.clone()).map(Some),
            Some(Err(_)) => {
                let failed = self.platforms.remove(image.config()).expect("it was there just now");
                failed.map(|_| None)
            }
        }
    }

    /// The next requests, at most `allowance`: first for configs of images that have come, then for manifests, each in the
    /// images' order. Nothing behind a failure is needed any more.
    fn next(&mut self, allowance: usize) -> Vec<LocalBoxFuture<'a, Answer>> {
        let mut requests = Vec::new();
        let end = self.failed.unwrap_or(self.wanted.len());
        while requests.len() < allowance {
            if let Some((index, image)) = self.configs_due.pop_first() {
                if index < end && self.configs.insert(image.config().clone()) {
                    requests.push(self.ask_config(image));
                }
            } else if self.next_manifest < end {
                requests.push(self.ask_manifest(self.next_manifest));
                self.next_manifest += 1;
            } else {
                break;
            }
        }
        requests
    }

    /// Takes what has come of an image's manifest.
    fn arrived(&mut self, index: usize, manifest: Result<Rc<FetchedImage>, Error>) {
        match &manifest {
            Ok(image) => drop(self.configs_due.insert(index, Rc::clone(image))),
            Err(_) => self.failed = Some(self.failed.map_or(index, |failed| failed.min(index))),
        }
        self.manifests[index] = ImageState::Arrived(manifest);
    }

    fn ask_manifest(&self, index: usize) -> LocalBoxFuture<'a, Answer> {
        let (client, (reference, requested_as), refused) = (self.client, self.wanted[index], self.refused);
        async move {
            let manifest = match fetch::manifest(client, reference, requested_as).await {
                Ok(Fetched::Image(image)) => Ok(image.into()),
                Ok(Fetched::List(list)) => Err(refused(requested_as, &list)),
                Err(error) => Err(error),
            };
            Answer::Manifest(index, manifest)
        }
        .boxed_local()
    }

    fn ask_config(&self, image: Rc<FetchedImage>) -> LocalBoxFuture<'a, Answer> {
        let client = self.client;
        async move {
            let platform = fetch::platform(client, &image).await;
            Answer::Config(image.config().clone(), platform)
        }
        .boxed_local()
    }
}
