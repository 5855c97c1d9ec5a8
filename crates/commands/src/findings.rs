//! Findings in what a registry has.

use tallyman_core::{
    Descriptor, Finding, ImageConfig, Manifest, Reference, ResolvedEntry, lint_image, lint_index,
};
use tallyman_registry::Client;

use crate::{
    Error,
    resolve::{failed, nested, resolve},
    side_by_side,
};

/// Looks for what is allowed but will surprise somebody, in an image or a list and in the images that it points to, as far as the
/// registry has them.
///
/// # Errors
/// [`Error::Registry`] and [`Error::Content`] if a manifest or a config cannot be fetched or parsed.
pub async fn findings(client: &Client, reference: &Reference) -> Result<Vec<Finding>, Error> {
    let root = resolve(client, reference, None).await?;
    let Some(index) = root.index() else {
        let config = config(client, reference, &root).await?;
        return Ok(lint_image(&root, config.as_ref()));
    };
    let fetched: Vec<(Option<Manifest>, Option<ImageConfig>)> =
        side_by_side::all(index.manifests.iter().map(|entry| fetch(client, reference, entry))).await?;
    let entries = fetched
        .iter()
        .map(|(manifest, config)| ResolvedEntry { manifest: manifest.as_ref(), config: config.as_ref() });
    Ok(lint_index(index, &entries.collect::<Vec<_>>()))
}

/// Fetches an entry with its config; nothing of one that the registry does not have.
async fn fetch(
    client: &Client,
    list: &Reference,
    entry: &Descriptor,
) -> Result<(Option<Manifest>, Option<ImageConfig>), Error> {
    match nested(client, list, entry).await {
        Ok(manifest) => {
            let config = config(client, list, &manifest).await?;
            Ok((Some(manifest), config))
        }
        Err(error) if error.is_missing() => Ok((None, None)),
        Err(error) => Err(error),
    }
}

/// The config of an image; `None` if it is none, or cannot be read.
async fn config(
    client: &Client,
    reference: &Reference,
    manifest: &Manifest,
) -> Result<Option<ImageConfig>, Error> {
    let Some(image) = manifest.image().filter(|image| image.has_image_config()) else { return Ok(None) };
    let bytes = client.blob(reference, &image.config).await.map_err(failed)?;
    Ok(ImageConfig::parse(&bytes).ok())
}
