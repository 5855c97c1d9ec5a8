//! Lists as sources of a list: the images that they point to.

use futures_util::{
    FutureExt,
    future::{LocalBoxFuture, join_all},
};
use tallyman_core::{Descriptor, ListEntry, NESTED_INDEXES_MAX, Platform, Reference};
use tallyman_registry::Client;

use crate::{
    Error,
    fetch::{self, Fetched, FetchedImage},
    resolve::failed,
};

/// The images of `references`, and those that the lists among them point to, each by its digest. With `all`, also what
/// nobody can run, and with the annotations that the lists give. Where some fail, the failure that comes first in the
/// order given is told.
pub(crate) async fn images(
    client: &Client,
    references: &[Reference],
    all: bool,
) -> Result<Vec<ListEntry>, Error> {
    let found = join_all(references.iter().map(|reference| source(client, reference, all))).await;
    let mut entries: Vec<ListEntry> = Vec::new();
    for entry in found.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
        if entries.iter().all(|known| known.reference != entry.reference) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

async fn source(client: &Client, reference: &Reference, all: bool) -> Result<Vec<ListEntry>, Error> {
    match fetch::manifest(client, reference, reference).await? {
        Fetched::Image(image) => Ok(vec![whole(client, *image).await?]),
        Fetched::List(list) => {
            fetch::verify(reference, &list.bytes)?;
            entries(client, reference.clone(), list.index.manifests, all, NESTED_INDEXES_MAX).await
        }
    }
}

/// What the entries of a list point to.
fn entries(
    client: &Client,
    list: Reference,
    described: Vec<Descriptor>,
    all: bool,
    depth: usize,
) -> LocalBoxFuture<'_, Result<Vec<ListEntry>, Error>> {
    async move {
        let wanted =
            described.iter().filter(|entry| all || entry.is_runnable() || entry.media_type.is_list());
        let found = join_all(wanted.map(|entry| one(client, &list, entry, all, depth))).await;
        let found: Vec<_> = found.into_iter().collect::<Result<_, _>>()?;
        Ok(found.into_iter().flatten().collect())
    }
    .boxed_local()
}

async fn one(
    client: &Client,
    list: &Reference,
    described: &Descriptor,
    all: bool,
    depth: usize,
) -> Result<Vec<ListEntry>, Error> {
    let reference = list.by_digest(described.digest.clone());
    let content = |reason: String| Error::Content { reference: reference.clone(), reason };
    let fetched = client.manifest_as(list, described).await.map_err(failed)?;
    if described.media_type.is_list() {
        if depth == 0 {
            return Err(content(format!(
                "expected lists in lists no more than {NESTED_INDEXES_MAX} deep, found more"
            )));
        }
        let manifest = fetched.manifest().map_err(|error| content(error.to_string()))?;
        let nested = manifest.index().map(|index| index.manifests.clone()).unwrap_or_default();
        return entries(client, list.clone(), nested, all, depth - 1).await;
    }
    let named = described.platform.clone().filter(|platform| !platform.os.is_empty());
    let platform = match named {
        Some(platform) => platform,
        None => {
            let manifest = fetched.manifest().map_err(|error| content(error.to_string()))?;
            let image = manifest.image().ok_or_else(|| {
                content(format!("expected an image as an entry of {list}, found {}", manifest.media_type()))
            })?;
            let config = client.blob(list, &image.config).await.map_err(failed)?;
            Platform::from_config(&config).map_err(|error| content(error.to_string()))?
        }
    };
    let media_type = described.media_type.clone();
    let mut descriptor = Descriptor::new(media_type, described.digest.clone(), described.size);
    descriptor.platform = Some(platform);
    if all {
        descriptor.annotations.clone_from(&described.annotations);
    }
    let entry = ListEntry::new(reference.clone(), descriptor, fetched.bytes);
    Ok(vec![entry.map_err(|error| content(error.to_string()))?])
}

async fn whole(client: &Client, image: FetchedImage) -> Result<ListEntry, Error> {
    let platform = fetch::platform(client, &image).await?;
    image.with_platform(platform)
}
