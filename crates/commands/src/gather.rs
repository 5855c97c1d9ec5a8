//! Several images at once: as many requests side by side as there can be without asking for more than Docker would.

use std::collections::HashMap;

use futures_util::future::join_all;
use tallyman_core::{Digest, ListEntry, Platform, Reference};
use tallyman_registry::Client;

use crate::{
    Error,
    fetch::{self, Fetched, FetchedImage, FetchedList},
};

/// Up to as many images, a failure never costs more requests than it costs Docker, which asks for one image after
/// another and stops at the first that fails. With more images, round trips are what costs.
const FEW: usize = 5;

/// The images of `references`, whole. Where some fail, the failure that comes first in the order given is told, as if
/// they had been fetched one after another.
pub(crate) async fn images(client: &Client, references: &[Reference]) -> Result<Vec<ListEntry>, Error> {
    // For each image Docker pings and asks for manifest and config. One request of ours may be answered with a
    // challenge, for which Docker has its ping.
    let economy = Economy { docker_before: 0, docker_each: 3, spent: 1 };
    let wanted = references.iter().map(|reference| (reference, reference)).collect();
    let refused = |told: &Reference| Error::IsList { reference: told.clone() };
    Gathering::new(client, wanted, &refused).run(economy).await
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
        return Err(Error::NotInRegistry { reference: reference.clone(), source: None, signed_in: false });
    }
    let mut children: Vec<Reference> = Vec::with_capacity(described.len());
    for entry in described {
        let child = reference.by_digest(entry.digest.clone());
        if !children.contains(&child) {
            children.push(child);
        }
    }
    // Docker has pinged and asked for the list twice, and asks for manifest and config of each entry. We have asked
    // once, and were challenged perhaps.
    let economy = Economy { docker_before: 4, docker_each: 2, spent: 2 };
    let wanted = children.iter().map(|child| (child, reference)).collect();
    let refused = |told: &Reference| Error::Content {
        reference: told.clone(),
        reason: "unsupported manifest type: *manifestlist.DeserializedManifestList".to_owned(),
    };
    let whole = Gathering::new(client, wanted, &refused).run(economy).await?;
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

/// What Docker would have spent, and what we have.
struct Economy {
    /// Docker's requests before the first image.
    docker_before: usize,
    /// Docker's requests for each image, the last of which is for the config.
    docker_each: usize,
    /// Our requests so far.
    spent: usize,
}

impl Economy {
    /// Requests that may be made now that image `index` (from 0) is the first that may fail: with its config where
    /// the manifest `is_there`.
    fn allowance(&self, index: usize, is_there: bool, images: usize) -> usize {
        if images > FEW {
            // A registry that does not answer is asked once.
            return if self.docker_before + index == 0 && !is_there { 1 } else { usize::MAX };
        }
        let manifest = self.docker_before + self.docker_each * (index + 1) - 1;
        (manifest + usize::from(is_there)).saturating_sub(self.spent)
    }
}

/// Images on their way.
struct Gathering<'a> {
    client: &'a Client,
    /// What to ask for, and the name that the user knows.
    wanted: Vec<(&'a Reference, &'a Reference)>,
    /// What a list in the place of an image is told as.
    refused: &'a dyn Fn(&Reference) -> Error,
    manifests: Vec<Option<Result<Box<FetchedImage>, Error>>>,
    /// By config: several images may share one.
    platforms: HashMap<Digest, Result<Platform, Error>>,
}

/// A request to make next.
enum Ask {
    Manifest(usize),
    Config(usize),
}

enum Answer {
    Manifest(usize, Result<Box<FetchedImage>, Error>),
    Config(Digest, Result<Platform, Error>),
}

impl<'a> Gathering<'a> {
    fn new(
        client: &'a Client,
        wanted: Vec<(&'a Reference, &'a Reference)>,
        refused: &'a dyn Fn(&Reference) -> Error,
    ) -> Self {
        let manifests = wanted.iter().map(|_| None).collect();
        Self { client, wanted, refused, manifests, platforms: HashMap::new() }
    }

    async fn run(mut self, mut economy: Economy) -> Result<Vec<ListEntry>, Error> {
        let mut whole = Vec::with_capacity(self.wanted.len());
        while whole.len() < self.wanted.len() {
            let index = whole.len();
            let is_there = match self.manifests[index].take_if(|manifest| manifest.is_err()) {
                Some(failed) => return failed.map(|_| whole),
                None => self.manifests[index].is_some(),
            };
            if let Some(entry) = self.finished(index)? {
                whole.push(entry);
                continue;
            }
            let asks = self.next(index, economy.allowance(index, is_there, self.wanted.len()).max(1));
            economy.spent += asks.len();
            let answers = join_all(asks.iter().map(|ask| self.ask(ask))).await;
            for answer in answers {
                match answer {
                    Answer::Manifest(index, manifest) => self.manifests[index] = Some(manifest),
                    Answer::Config(digest, platform) => {
                        self.platforms.insert(digest, platform);
                    }
                }
            }
        }
        Ok(whole)
    }

    /// The entry of an image, where manifest and config are there.
    fn finished(&mut self, index: usize) -> Result<Option<ListEntry>, Error> {
        let Some(Ok(image)) = &self.manifests[index] else { return Ok(None) };
        let platform = match self.platforms.get(image.config()) {
            None => return Ok(None),
            Some(Ok(platform)) => platform.clone(),
            Some(Err(_)) => {
                let failed = self.platforms.remove(image.config()).expect("it was there just now");
                return failed.map(|_| None);
            }
        };
        let image = self.manifests[index].take().and_then(Result::ok).expect("it was there just now");
        image.with_platform(platform).map(Some)
    }

    /// What to ask for next, at most `allowance` things: for the image at `first`, and ahead for those behind it.
    fn next(&self, first: usize, allowance: usize) -> Vec<Ask> {
        let mut asks = Vec::new();
        let mut configs: Vec<&Digest> = Vec::new();
        for index in first..self.wanted.len() {
            if asks.len() == allowance {
                break;
            }
            match &self.manifests[index] {
                None => asks.push(Ask::Manifest(index)),
                Some(Ok(image)) if self.platforms.contains_key(image.config()) => {}
                Some(Ok(image)) if configs.contains(&image.config()) => {}
                Some(Ok(image)) => {
                    configs.push(image.config());
                    asks.push(Ask::Config(index));
                }
                // Nothing behind a failure is needed any more.
                Some(Err(_)) => break,
            }
        }
        asks
    }

    async fn ask(&self, ask: &Ask) -> Answer {
        match *ask {
            Ask::Manifest(index) => {
                let (reference, told) = self.wanted[index];
                let manifest = match fetch::manifest(self.client, reference, told).await {
                    Ok(Fetched::Image(image)) => Ok(image),
                    Ok(Fetched::List(_)) => Err((self.refused)(told)),
                    Err(error) => Err(error),
                };
                Answer::Manifest(index, manifest)
            }
            Ask::Config(index) => {
                let image = self.manifests[index].as_ref().and_then(|manifest| manifest.as_ref().ok());
                let image = image.expect("configs are asked for when the manifest is there");
                Answer::Config(image.config().clone(), fetch::platform(self.client, image).await)
            }
        }
    }
}
