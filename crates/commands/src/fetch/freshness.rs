//! Images and lists as sources of a local list, one at a time: for whoever shows each as it comes.

use std::sync::Arc;

use tallyman_core::{Digest, IndexForm, ListEntry, Manifest, Platform, Reference};
use tallyman_registry::Client;

use crate::{
    Error,
    fetch::{
        self, Fetched, check_platforms,
        expand::{self, ExpandOptions},
    },
    resolve::{content, failed},
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

/// Fetches a source as the whole of a list. Of an index that is its form, and its entries with all that they say, attestations among
/// them: the list has the same bytes until it is changed, unless the images of nested indexes take the place of these. An image is
/// the only entry of a list of Docker's form.
///
/// # Errors
/// As [`fetch_source`].
pub async fn fetch_whole(
    client: &Client,
    reference: &Reference,
) -> Result<(Vec<ListEntry>, IndexForm), Error> {
    let list = match fetch::manifest(client, reference, reference).await? {
        Fetched::Image(image) => {
            let platform = fetch::platform(client, &image).await?;
            return Ok((vec![image.with_platform(platform)?], IndexForm::default()));
        }
        Fetched::List(list) => list,
    };
    // By digest alone: the tag may be moved to another list.
    let reference = reference.by_digest(Digest::of(&list.bytes));
    let original = Manifest::parse(Arc::clone(&list.bytes), Some(&list.media_type))
        .map_err(|error| content(&reference, error))?;
    let options = ExpandOptions { attestations: true, ..ExpandOptions::default() };
    let mut entries = expand::list_images(client, &reference, &list, &options).await?;
    check_platforms(&entries)?;
    for entry in &mut entries {
        let of_list = list.index.manifests.iter().find(|of_list| of_list.digest == entry.descriptor.digest);
        if let Some(of_list) = of_list {
            entry.descriptor = of_list.clone();
        }
    }
    Ok((entries, IndexForm::of(&original).unwrap_or_default()))
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

/// The entry as its registry has it now, with what its list says about it: annotations, its artifact type, and the fields of its
/// platform that the image's config did not have from the first. If that config is gone, the platform stays.
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
    let config = match may_be_of_other_platform(entry, &fresh) {
        true => config_platform(client, entry).await?,
        false => None,
    };
    carry_over(entry, &mut fresh, config.as_ref());
    Ok(*fresh)
}

/// Returns `true` if the config of an image that was fetched anew says another platform than the list: then the config before tells
/// which of the list's fields were its own.
pub(crate) fn may_be_of_other_platform(before: &ListEntry, fresh: &ListEntry) -> bool {
    let now = fresh.platform();
    before.descriptor.digest != fresh.descriptor.digest && !now.os.is_empty() && now != before.platform()
}

/// Returns the platform that the config of an entry's image names, empty if it names none; `None` if nobody knows the config any
/// more.
///
/// # Errors
/// The errors of fetching that config, but that it is gone.
pub(crate) async fn config_platform(client: &Client, entry: &ListEntry) -> Result<Option<Platform>, Error> {
    let Ok(image) = entry.image() else { return Ok(None) };
    match client.blob_of_any_size(&entry.reference, &image.config.digest).await {
        Ok(config) => Ok(Some(Platform::from_config(&config).unwrap_or_default())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Gives an entry that was fetched anew what its list says about it: all of the platform, or the fields that the `config` of the
/// image before says otherwise.
pub(crate) fn carry_over(before: &ListEntry, fresh: &mut ListEntry, config: Option<&Platform>) {
    let now = fresh.platform();
    let (said, fresh) = (&before.descriptor, &mut fresh.descriptor);
    fresh.annotations.clone_from(&said.annotations);
    fresh.artifact_type.clone_from(&said.artifact_type);
    fresh.platform = match config {
        Some(config) => Some(merged(&before.platform(), config, now)),
        None => said.platform.clone(),
    };
}

/// Returns the platform of a config with the fields that the list says otherwise than the `old` config. A variant is one of its
/// architecture, and a version or features are those of their operating system: they go where that is another one now.
fn merged(said: &Platform, old: &Platform, mut now: Platform) -> Platform {
    if said.os != old.os && said.os != now.os {
        now.os.clone_from(&said.os);
        now.os_version.clone_from(&said.os_version);
        now.os_features.clone_from(&said.os_features);
    }
    if said.architecture != old.architecture && said.architecture != now.architecture {
        now.architecture.clone_from(&said.architecture);
        now.variant.clone_from(&said.variant);
    }
    if now.architecture == said.architecture && said.variant != old.variant {
        now.variant.clone_from(&said.variant);
    }
    if now.os == said.os && said.os_version != old.os_version {
        now.os_version.clone_from(&said.os_version);
    }
    if now.os == said.os && said.os_features != old.os_features {
        now.os_features.clone_from(&said.os_features);
    }
    now
}
