//! Lists as sources of a list: the images that they point to.

use std::{cell::RefCell, collections::HashSet};

use futures_util::{FutureExt, future::LocalBoxFuture};
use tallyman_core::{Descriptor, Index, ListEntry, NESTED_INDEXES_MAX, Platform, Reference, taken_platforms};
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
    /// Take the images of these platforms alone, of several variants those that an engine would; all if there are none.
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
    let expansion = Expansion::new(client, list, options);
    let wanted = expansion.choose(descriptors);
    let found =
        side_by_side::all(wanted.into_iter().map(|descriptor| expansion.described(descriptor))).await?;
    expansion.checked(found.into_iter().flatten().collect())
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
            Ok(vec![image.with_platform_or_type(platform)?])
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
    entries(client, reference, &list.index, options).await
}

/// Fetches the images that the entries of a list point to: of the platforms that they name, else of those that their configs name,
/// and the images of nested lists.
///
/// # Errors
/// [`Error::NoSuchPlatform`] for the first platform without an image, and those of fetching.
pub(crate) async fn entries(
    client: &Client,
    list: &Reference,
    index: &Index,
    options: &ExpandOptions,
) -> Result<Vec<ListEntry>, Error> {
    let expansion = Expansion::new(client, list, options);
    let found = expansion.entries(&index.manifests, NESTED_INDEXES_MAX).await?;
    expansion.checked(found)
}

impl ExpandOptions {
    fn takes(&self, platform: &Platform) -> bool {
        self.platforms.is_empty() || self.platforms.iter().any(|wanted| wanted.accepts(platform))
    }

    fn keeps_lists(&self) -> bool {
        self.nest && self.platforms.is_empty()
    }

    /// Returns the entries of a list that are taken, as far as they tell it themselves: all lists among them, and the attestations
    /// of images that are taken. An artifact is of none of the platforms that are asked for.
    fn choose<'a>(&self, described: &'a [Descriptor]) -> Vec<&'a Descriptor> {
        let runnable = described.iter().filter(|entry| entry.is_runnable());
        let found: Vec<&Platform> = runnable.filter_map(Descriptor::named_platform).collect();
        let is_nearest = taken_platforms(&self.platforms, &found);
        let names = |entry: &Descriptor| match entry.named_platform() {
            Some(platform) => Some(self.platforms.is_empty() || is_nearest(platform)),
            None => (entry.is_artifact() && !self.platforms.is_empty()).then_some(false),
        };
        let taken = described.iter().filter(|entry| names(entry) == Some(true));
        let taken: HashSet<&str> = taken.map(|entry| entry.digest.as_str()).collect();
        let attests_taken = |entry: &Descriptor| entry.attests().is_some_and(|image| taken.contains(image));
        let is_taken = |entry: &&Descriptor| {
            let is_other = names(entry) == Some(false) && !attests_taken(entry);
            entry.media_type.is_list() || !is_other && (self.attestations || entry.is_runnable())
        };
        described.iter().filter(is_taken).collect()
    }

    /// Returns the entries that are taken of all that was found, in several lists and by their configs: of several variants those that
    /// an engine would take, and the attestations of these.
    fn nearest(&self, mut found: Vec<ListEntry>) -> Vec<ListEntry> {
        if self.platforms.is_empty() {
            return found;
        }
        let runnable = found.iter().filter(|entry| entry.descriptor.is_runnable());
        let platforms: Vec<&Platform> =
            runnable.filter_map(|entry| entry.descriptor.platform.as_ref()).collect();
        let is_nearest = taken_platforms(&self.platforms, &platforms);
        let is_taken = |entry: &ListEntry| entry.descriptor.is_runnable() && is_nearest(&entry.platform());
        let taken: HashSet<String> = found
            .iter()
            .filter(|entry| is_taken(entry))
            .map(|entry| entry.descriptor.digest.to_string())
            .collect();
        found.retain(|entry| match entry.descriptor.attests() {
            Some(image) => taken.contains(image),
            None => is_taken(entry),
        });
        found
    }

    /// Checks that an image of `platform` is taken.
    ///
    /// # Errors
    /// [`Error::NoSuchPlatform`] if it is not.
    pub(crate) fn check_image(&self, reference: &Reference, platform: &Platform) -> Result<(), Error> {
        if self.takes(platform) {
            return Ok(());
        }
        Err(no_such_platform(reference, &self.platforms[0], [platform.clone()]))
    }
}

/// The images below a list while they are fetched.
struct Expansion<'a> {
    client: &'a Client,
    list: &'a Reference,
    options: &'a ExpandOptions,
    /// Lists that were read: each gives its images once, however many lists have it.
    below: Below<'a>,
    /// The platforms of images that are not taken.
    passed: RefCell<Vec<Platform>>,
    /// The failure of an entry that may be of a platform that is asked for, and that the registry does not have.
    missing: RefCell<Option<Error>>,
}

impl<'e> Expansion<'e> {
    fn new(client: &'e Client, list: &'e Reference, options: &'e ExpandOptions) -> Self {
        Self {
            client,
            list,
            options,
            below: Below::new(list),
            passed: RefCell::default(),
            missing: RefCell::default(),
        }
    }

    /// Returns the entries of a list that are taken, as far as they tell it themselves.
    fn choose<'a>(&self, described: &'a [Descriptor]) -> Vec<&'a Descriptor> {
        let runnable = described.iter().filter(|entry| entry.is_runnable());
        let passed =
            runnable.filter_map(Descriptor::named_platform).filter(|platform| !self.options.takes(platform));
        self.passed.borrow_mut().extend(passed.cloned());
        self.options.choose(described)
    }

    /// Returns what is taken of what was found if every platform that was asked for is among it. One that is not may be that of an
    /// entry which is missing.
    fn checked(self, found: Vec<ListEntry>) -> Result<Vec<ListEntry>, Error> {
        let has = |wanted: &&Platform| found.iter().any(|entry| wanted.accepts(&entry.platform()));
        let Some(wanted) = self.options.platforms.iter().find(|wanted| !has(wanted)) else {
            return Ok(self.options.nearest(found));
        };
        if let Some(error) = self.missing.into_inner() {
            return Err(error);
        }
        let runnable = found.iter().filter(|entry| entry.descriptor.is_runnable());
        let platforms = self.passed.into_inner().into_iter().chain(runnable.map(ListEntry::platform));
        Err(no_such_platform(self.list, wanted, platforms))
    }

    /// Fetches the images that the entries of a list point to.
    fn entries<'a>(
        &'a self,
        described: &'a [Descriptor],
        depth: usize,
    ) -> LocalBoxFuture<'a, Result<Vec<ListEntry>, Error>> {
        async move {
            let mut wanted = self.choose(described);
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
        if !is_taken {
            self.passed.borrow_mut().push(entry.platform());
        }
        Ok(is_taken.then_some(entry).into_iter().collect())
    }

    async fn one(&self, described: &Descriptor, depth: usize) -> Result<Vec<ListEntry>, Error> {
        let Self { client, list, options, .. } = *self;
        let reference = list.by_digest(described.digest.clone());
        let invalid = |reason: ContentError| Error::content(&reference, reason);
        // An attestation of an image that is taken belongs to it.
        let may_be_missing = !options.platforms.is_empty()
            && described.named_platform().is_none()
            && described.attests().is_none();
        let fetched = match client.manifest_as(list, described).await {
            Err(error) if may_be_missing && error.is_not_found() => {
                self.missing.borrow_mut().get_or_insert(failed(error));
                return Ok(Vec::new());
            }
            fetched => fetched.map_err(failed)?,
        };
        if described.media_type.is_list() {
            if depth == 0 {
                return Err(too_deep(list));
            }
            let manifest = fetched.manifest().map_err(|error| content(&reference, error))?;
            let nested = manifest.index().map(|index| index.manifests.clone()).unwrap_or_default();
            return self.entries(&nested, depth - 1).await;
        }
        let media_type = described.media_type.clone();
        let mut descriptor =
            Descriptor::new(media_type, described.digest.clone(), fetched.bytes.len() as u64);
        if options.attestations {
            descriptor.annotations.clone_from(&described.annotations);
            descriptor.artifact_type.clone_from(&described.artifact_type);
        }
        if let Some(platform) = described.named_platform() {
            descriptor.platform = Some(platform.clone());
        } else {
            let manifest = fetched.manifest().map_err(|error| content(&reference, error))?;
            let Some(image) = manifest.image() else {
                // It is of none of the platforms that are asked for.
                if !options.platforms.is_empty() {
                    return Ok(Vec::new());
                }
                return Err(invalid(ContentError::kind("an image as an entry", list, &manifest.kind())));
            };
            fetch::complete(client, &reference, &mut descriptor, image).await?;
        }
        let is_taken = match &descriptor.platform {
            Some(platform) => options.takes(platform),
            None => options.attestations && options.platforms.is_empty(),
        };
        if described.attests().is_none() && !is_taken {
            self.passed.borrow_mut().extend(descriptor.platform);
            return Ok(Vec::new());
        }
        let entry = ListEntry::new(reference.clone(), descriptor, fetched.bytes);
        Ok(vec![entry.map_err(|error| invalid(error.into()))?])
    }
}
