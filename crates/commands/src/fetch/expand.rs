//! Lists as sources of a list: the images that they point to.

use std::collections::HashSet;

use futures_util::{FutureExt, future::LocalBoxFuture};
use tallyman_core::{Descriptor, ListEntry, NESTED_INDEXES_MAX, Platform, Reference};
use tallyman_registry::Client;

use super::FetchedList;
use crate::{
    ContentError, Error,
    fetch::{self, Fetched},
    resolve::{Below, content, failed, no_such_platform, too_deep},
    side_by_side,
};

/// The entries of a list that are taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExpandOptions {
    /// Take entries that nobody can run, such as attestations, and the annotations and artifact types of all entries.
    pub attestations: bool,
    /// Take the images of these platforms alone; all if there are none.
    pub platforms: Vec<Platform>,
    /// Keep a list as an entry of its own, unless platforms are named.
    pub nest: bool,
}

/// Fetches the images of `references`, and those that the lists among them point to, each by its digest. If some fail, the
/// failure that comes first in the order given is returned.
pub(crate) async fn images(
    client: &Client,
    references: &[Reference],
    options: &ExpandOptions,
) -> Result<Vec<ListEntry>, Error> {
    let found =
        side_by_side::all(references.iter().map(|reference| source(client, reference, options))).await?;
    let (mut entries, mut known): (Vec<ListEntry>, _) = (Vec::new(), HashSet::new());
    for entry in found.into_iter().flatten() {
        // An image stands once for each platform that lists name it for.
        if known.insert((entry.reference.clone(), entry.platform())) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Fetches the manifests that descriptors name in the repository of `list`, each with what its descriptor says. Together they are
/// taken as the entries of a list are; in place of the lists among them their images, unless they are kept.
pub(crate) async fn described(
    client: &Client,
    list: &Reference,
    descriptors: &[Descriptor],
    options: &ExpandOptions,
) -> Result<Vec<ListEntry>, Error> {
    if descriptors.is_empty() {
        return Ok(Vec::new());
    }
    let expansion = Expansion { client, list, options, below: Below::new(list) };
    let wanted = options.choose(descriptors);
    let found =
        side_by_side::all(wanted.into_iter().map(|descriptor| expansion.described(descriptor))).await?;
    let found: Vec<ListEntry> = found.into_iter().flatten().collect();
    options.check_list(list, &found)?;
    Ok(found)
}

async fn source(
    client: &Client,
    reference: &Reference,
    options: &ExpandOptions,
) -> Result<Vec<ListEntry>, Error> {
    match fetch::manifest(client, reference, reference).await? {
        Fetched::Image(image) => {
            let platform = fetch::platform(client, &image).await?;
            options.check_image(reference, &platform)?;
            Ok(vec![image.with_platform(platform)?])
        }
        Fetched::List(list) => list_images(client, reference, &list, options).await,
    }
}

/// Fetches the images of a list that was fetched as `reference`, those of nested lists among them; or keeps it as one entry.
pub(crate) async fn list_images(
    client: &Client,
    reference: &Reference,
    list: &FetchedList,
    options: &ExpandOptions,
) -> Result<Vec<ListEntry>, Error> {
    fetch::verify(reference, &list.bytes)?;
    if options.keeps_lists() {
        return Ok(vec![list.as_entry(reference)?]);
    }
    let expansion = Expansion { client, list: reference, options, below: Below::new(reference) };
    let found = expansion.entries(&list.index.manifests, NESTED_INDEXES_MAX).await?;
    options.check_list(reference, &found)?;
    Ok(found)
}

impl ExpandOptions {
    fn takes(&self, platform: &Platform) -> bool {
        self.platforms.is_empty() || self.platforms.iter().any(|wanted| wanted.accepts(platform))
    }

    fn keeps_lists(&self) -> bool {
        self.nest && self.platforms.is_empty()
    }

    /// Returns the entries of a list that are taken, as far as they tell it themselves: all lists among them, and the attestations
    /// of images that are taken.
    fn choose<'a>(&self, described: &'a [Descriptor]) -> Vec<&'a Descriptor> {
        let names = |entry: &Descriptor| entry.platform.as_ref().map(|platform| self.takes(platform));
        let taken = described.iter().filter(|entry| names(entry) == Some(true));
        let taken: HashSet<&str> = taken.map(|entry| entry.digest.as_str()).collect();
        let attests_taken = |entry: &Descriptor| entry.attests().is_some_and(|image| taken.contains(image));
        let is_taken = |entry: &&Descriptor| {
            let is_other = names(entry) == Some(false) && !attests_taken(entry);
            entry.media_type.is_list() || !is_other && (self.attestations || entry.is_runnable())
        };
        described.iter().filter(is_taken).collect()
    }

    fn check_image(&self, reference: &Reference, platform: &Platform) -> Result<(), Error> {
        if self.takes(platform) {
            return Ok(());
        }
        Err(no_such_platform(reference, &self.platforms[0], vec![platform.clone()]))
    }

    /// Every platform that was asked for is in the list.
    fn check_list(&self, reference: &Reference, found: &[ListEntry]) -> Result<(), Error> {
        let has = |wanted: &&Platform| found.iter().any(|entry| wanted.accepts(&entry.platform()));
        match self.platforms.iter().find(|wanted| !has(wanted)) {
            Some(wanted) => {
                Err(no_such_platform(reference, wanted, found.iter().map(ListEntry::platform).collect()))
            }
            None => Ok(()),
        }
    }
}

/// The images below a list while they are fetched.
struct Expansion<'a> {
    client: &'a Client,
    list: &'a Reference,
    options: &'a ExpandOptions,
    /// Lists that were read: each gives its images once, however many lists have it.
    below: Below<'a>,
}

impl Expansion<'_> {
    /// Fetches the images that the entries of a list point to.
    fn entries<'a>(
        &'a self,
        described: &'a [Descriptor],
        depth: usize,
    ) -> LocalBoxFuture<'a, Result<Vec<ListEntry>, Error>> {
        async move {
            let mut wanted = self.options.choose(described);
            wanted.retain(|entry| !entry.media_type.is_list() || self.below.is_new(&entry.digest));
            self.below.count(wanted.iter().copied())?;
            let found = side_by_side::all(wanted.into_iter().map(|entry| self.one(entry, depth))).await?;
            Ok(found.into_iter().flatten().collect())
        }
        .boxed_local()
    }

    /// Fetches what a descriptor names that is no entry of a list: all that it says is kept.
    async fn described(&self, descriptor: &Descriptor) -> Result<Vec<ListEntry>, Error> {
        if descriptor.media_type.is_list() && !self.options.keeps_lists() {
            return self.entries(std::slice::from_ref(descriptor), NESTED_INDEXES_MAX).await;
        }
        let entry = fetch::described(self.client, self.list, descriptor).await?;
        let is_taken = descriptor.attests().is_some() || self.options.takes(&entry.platform());
        Ok(is_taken.then_some(entry).into_iter().collect())
    }

    async fn one(&self, described: &Descriptor, depth: usize) -> Result<Vec<ListEntry>, Error> {
        let Self { client, list, options, .. } = *self;
        let reference = list.by_digest(described.digest.clone());
        let invalid = |reason: ContentError| Error::content(&reference, reason);
        let fetched = client.manifest_as(list, described).await.map_err(failed)?;
        if described.media_type.is_list() {
            if depth == 0 {
                return Err(too_deep(list));
            }
            let manifest = fetched.manifest().map_err(|error| content(&reference, error))?;
            let nested = manifest.index().map(|index| index.manifests.clone()).unwrap_or_default();
            return self.entries(&nested, depth - 1).await;
        }
        let named = described.platform.clone().filter(|platform| !platform.os.is_empty());
        let platform = match named {
            Some(platform) => platform,
            None => {
                let manifest = fetched.manifest().map_err(|error| content(&reference, error))?;
                let image = manifest.image().ok_or_else(|| {
                    invalid(ContentError::kind("an image as an entry", list, &manifest.kind()))
                })?;
                let config = client.blob(list, &image.config).await.map_err(failed)?;
                Platform::from_config(&config).map_err(|error| invalid(error.into()))?
            }
        };
        if !options.takes(&platform) && described.attests().is_none() {
            return Ok(Vec::new());
        }
        let media_type = described.media_type.clone();
        let mut descriptor = Descriptor::new(media_type, described.digest.clone(), described.size);
        descriptor.platform = Some(platform);
        if options.attestations {
            descriptor.annotations.clone_from(&described.annotations);
            descriptor.artifact_type.clone_from(&described.artifact_type);
        }
        let entry = ListEntry::new(reference.clone(), descriptor, fetched.bytes);
        Ok(vec![entry.map_err(|error| invalid(error.into()))?])
    }
}
