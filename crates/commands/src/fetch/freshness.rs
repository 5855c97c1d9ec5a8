//! Images and lists as sources of a local list, one at a time: for whoever shows each as it comes.

use tallyman_core::{Digest, ListEntry, Platform, Reference};
use tallyman_registry::Client;

use crate::{
    Error,
    fetch::{
        self, Fetched, check_platforms,
        expand::{self, ExpandOptions},
    },
    resolve::failed,
};

/// The images of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceImages {
    /// An image.
    Image(Box<ListEntry>),
    /// A list: its images and those of nested lists, each by its own digest, with the platform that the list names.
    /// Attestations are left out. Docker refuses lists as sources.
    List(Vec<ListEntry>),
}

/// Fetches a source.
///
/// # Errors
/// When it cannot be had, or is neither image nor list; [`Error::SeveralPlatforms`] if a list has one image for two platforms.
pub async fn fetch_source(client: &Client, reference: &Reference) -> Result<SourceImages, Error> {
    match fetch::manifest(client, reference, reference).await? {
        Fetched::Image(image) => {
            let platform = fetch::platform(client, &image).await?;
            Ok(SourceImages::Image(Box::new(image.with_platform(platform)?)))
        }
        Fetched::List(list) => {
            // By digest alone: the tag may be moved to another list.
            let reference = reference.by_digest(Digest::of(&list.bytes));
            let entries = expand::list_images(client, &reference, &list, &ExpandOptions::default()).await?;
            check_platforms(&entries)?;
            Ok(SourceImages::List(entries))
        }
    }
}

/// The state of an entry beside the tag in its registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The same digest as the registry's.
    Fresh,
    /// The tag has moved to this digest since.
    Stale(Digest),
    /// The registry has nothing under that name.
    Missing,
}

/// Asks the registry whether an entry is what it has. A digest stands for itself: it is fresh as long as it is there.
///
/// # Errors
/// When the registry does not tell.
pub async fn freshness(client: &Client, entry: &ListEntry) -> Result<Freshness, Error> {
    match client.manifest(&entry.reference.by_target()).await {
        Ok(found) if found.digest == entry.descriptor.digest => Ok(Freshness::Fresh),
        Ok(found) => Ok(Freshness::Stale(found.digest)),
        Err(error) if error.is_not_found() => Ok(Freshness::Missing),
        Err(error) => Err(failed(error)),
    }
}

/// The entry as its registry has it now, with what its list says about it: annotations, its artifact type, and its platform unless
/// the image's own config says another one than it did.
///
/// # Errors
/// As [`fetch_source`].
pub async fn refreshed(client: &Client, entry: &ListEntry) -> Result<ListEntry, Error> {
    let mut fresh = match fetch_source(client, &entry.reference.by_target()).await? {
        SourceImages::Image(fresh) => fresh,
        SourceImages::List(images) => {
            let found = images.iter().map(ListEntry::platform).collect();
            return Err(Error::IsList { reference: entry.reference.clone(), found });
        }
    };
    let is_other = is_of_other_platform(client, entry, &fresh).await?;
    carry_over(entry, &mut fresh, is_other);
    Ok(*fresh)
}

/// Returns `true` if the config of an image that was fetched anew says another operating system or architecture than before. A list
/// may say yet another one: then the config of the image before tells, if the registry still has it.
///
/// # Errors
/// The errors of fetching that config, but that it is gone.
pub(crate) async fn is_of_other_platform(
    client: &Client,
    before: &ListEntry,
    fresh: &ListEntry,
) -> Result<bool, Error> {
    let now = fresh.platform();
    let is_now = |platform: &Platform| (&platform.os, &platform.architecture) == (&now.os, &now.architecture);
    if now.os.is_empty() || is_now(&before.platform()) {
        return Ok(false);
    }
    let Ok(image) = before.image() else { return Ok(true) };
    match client.blob_of_any_size(&before.reference, &image.config.digest).await {
        Ok(config) => Ok(!Platform::from_config(&config).is_ok_and(|platform| is_now(&platform))),
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) => Err(failed(error)),
    }
}

/// Gives an entry that was fetched anew what its list says about it. The platform is left out if that `is_other` than before.
pub(crate) fn carry_over(before: &ListEntry, fresh: &mut ListEntry, is_other: bool) {
    let (before, fresh) = (&before.descriptor, &mut fresh.descriptor);
    fresh.annotations.clone_from(&before.annotations);
    fresh.artifact_type.clone_from(&before.artifact_type);
    if !is_other {
        fresh.platform.clone_from(&before.platform);
    }
}
