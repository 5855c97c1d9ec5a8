//! An image with its layers, and the steps that made them.

use std::ops::ControlFlow;

use futures_util::{StreamExt, TryStreamExt, stream};
use tallyman_core::{Descriptor, Digest, HistoryEntry, ImageConfig, ImageManifest, Platform, Reference};
use tallyman_layers::{
    Change, Event, Expected, ImageTree, LayerIndex, LayerLabel, LayerPath, LayerReader, Limits, Naming,
    PARALLEL_LAYERS, check_media_type,
};
use tallyman_registry::Client;

use crate::{
    Error,
    resolve::{failed, resolve, usual_image},
};

/// An image with its layers.
#[derive(Clone, Debug)]
pub struct LayeredImage {
    /// The image, by the digest of its manifest.
    pub reference: Reference,
    /// Its platform, its layers' digests and the steps that built it: what [`ImageConfig::parse_layers`] reads.
    pub config: ImageConfig,
    /// Its layers, the lowest first.
    pub layers: Vec<ImageLayer>,
}

/// A layer of an image.
#[derive(Clone, Debug)]
pub struct ImageLayer {
    /// The blob.
    pub descriptor: Descriptor,
    /// The digest of the decompressed layer; `None` if the config does not name it.
    pub diff_id: Option<Digest>,
    /// The step that made it; `None` if the config does not tell.
    pub step: Option<HistoryEntry>,
}

/// Finds the image of a reference as [`image_and_config`] does, and its layers.
///
/// # Errors
/// The errors of [`image_and_config`].
pub async fn layered_image(
    client: &Client,
    reference: &Reference,
    platform: Option<&Platform>,
) -> Result<LayeredImage, Error> {
    let (reference, image, bytes) = image_and_config(client, reference, platform).await?;
    let config = ImageConfig::parse_layers(&bytes).map_err(|error| Error::content(&reference, error))?;
    let steps = config.layer_steps(image.layers.len());
    let layers = image.layers.iter().enumerate().map(|(number, descriptor)| ImageLayer {
        descriptor: descriptor.clone(),
        diff_id: config.rootfs.diff_ids.get(number).cloned(),
        step: steps[number].cloned(),
    });
    let layers = layers.collect();
    Ok(LayeredImage { reference, config, layers })
}

/// Finds the image of a reference, and returns its reference by digest, its manifest and the bytes of its config. Of a list it
/// takes the image for `platform`; without one the only image that the list has, else the one for linux/amd64, else that of the only
/// platform. Nested lists count, artifacts do not.
///
/// # Errors
/// The errors of [`resolve`]; [`Error::NoConfig`] if it is no image.
pub async fn image_and_config(
    client: &Client,
    reference: &Reference,
    platform: Option<&Platform>,
) -> Result<(Reference, ImageManifest, Vec<u8>), Error> {
    let manifest = resolve(client, reference, platform).await?;
    let manifest = usual_image(client, reference, manifest).await?;
    let Some(image) = manifest.image() else {
        return Err(Error::NoConfig { reference: Box::new(reference.clone()), kind: manifest.kind() });
    };
    let config = client.blob(reference, &image.config).await.map_err(failed)?;
    Ok((reference.by_digest(manifest.digest().clone()), image.clone(), config.to_vec()))
}

impl ImageLayer {
    /// The command of the step that made the layer, in one line.
    pub fn created_by(&self) -> Option<String> {
        self.step.as_ref().map(HistoryEntry::command)
    }

    /// The words about the layer for the JSON of an image's waste.
    pub fn label(&self) -> LayerLabel {
        LayerLabel { digest: self.descriptor.digest.to_string(), created_by: self.created_by() }
    }
}

impl LayeredImage {
    /// Reads a layer, the lowest being 0, as it comes from the registry, and gives what it has to `on_event` until
    /// that breaks off. Size and digest are checked at the end, with `checks_content` the digest of the decompressed
    /// layer too.
    ///
    /// # Errors
    /// The errors of [`LayeredImage::check_layer`]; [`Error::Registry`] if it cannot be fetched or is not what its descriptor
    /// says, [`Error::Layer`] if it cannot be read.
    pub async fn read_layer(
        &self,
        client: &Client,
        number: usize,
        checks_content: bool,
        mut on_event: impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.check_layer(client, number).await?;
        let layer = self.layer(number)?;
        let of_layer = |source| self.error(number, source);
        let diff_id = layer.diff_id.clone().filter(|_| checks_content);
        let mut reader =
            LayerReader::expecting(Limits::default(), Expected { diff_id, ..Expected::default() });
        let mut pieces = client.blob_stream(&self.reference, &layer.descriptor);
        while let Some(piece) = pieces.next().await {
            reader.push(piece.map_err(failed)?).map_err(of_layer)?;
            while let Some(event) = reader.next().map_err(of_layer)? {
                if on_event(event).is_break() {
                    return Ok(());
                }
            }
        }
        reader.finish().map_err(of_layer)
    }

    /// Reads a layer and keeps its entries, with the digests of files if they are wanted. Of a layer with a table of
    /// contents, only that is fetched.
    ///
    /// # Errors
    /// The errors of [`LayeredImage::read_layer`].
    pub async fn index_layer(
        &self,
        client: &Client,
        number: usize,
        with_digests: bool,
    ) -> Result<LayerIndex, Error> {
        if let Some(contents) = self.contents(client, number).await?
            && (!with_digests || contents.has_digests())
        {
            return Ok(contents.index().clone());
        }
        let mut index = if with_digests { LayerIndex::with_digests() } else { LayerIndex::default() };
        self.read_layer(client, number, false, |event| {
            index.event(event);
            ControlFlow::Continue(())
        })
        .await?;
        index.finish();
        Ok(index)
    }

    /// Reads the first `count` layers, some at the same time, and applies them one upon the other. Returns the file
    /// system, and what each layer changes. `on_layer` gets the number of each layer that has been read.
    ///
    /// # Errors
    /// The errors of [`LayeredImage::read_layer`].
    pub async fn tree(
        &self,
        client: &Client,
        count: usize,
        with_digests: bool,
        on_layer: impl Fn(usize),
    ) -> Result<(ImageTree, Vec<Vec<Change>>), Error> {
        self.check_layers(client, count).await?;
        let mut indexes = stream::iter(0..count.min(self.layers.len()))
            .map(|number| self.index_layer(client, number, with_digests))
            .buffered(PARALLEL_LAYERS);
        let (mut tree, mut changes) = (ImageTree::new(self.naming()), Vec::new());
        while let Some(index) = indexes.try_next().await? {
            on_layer(changes.len());
            changes.push(tree.apply(index));
        }
        Ok((tree, changes))
    }

    /// Checks that a layer, the lowest being 0, is one that can be read, without fetching it.
    ///
    /// # Errors
    /// [`Error::Layer`] if its descriptor is that of an encrypted layer or of something else than a layer, or if it is a foreign
    /// layer that the registry does not have; [`Error::NoSuchLayer`].
    pub async fn check_layer(&self, client: &Client, number: usize) -> Result<(), Error> {
        let descriptor = &self.layer(number)?.descriptor;
        check_media_type(descriptor.media_type.as_str()).map_err(|source| self.error(number, source))?;
        check_foreign_layer(client, &self.reference, number, descriptor).await
    }

    /// Checks the first `count` layers, some at the same time, without fetching one.
    ///
    /// # Errors
    /// The error of [`LayeredImage::check_layer`] for the lowest layer that has one.
    pub async fn check_layers(&self, client: &Client, count: usize) -> Result<(), Error> {
        stream::iter(0..count.min(self.layers.len()))
            .map(|number| self.check_layer(client, number))
            .buffered(PARALLEL_LAYERS)
            .try_collect()
            .await
    }

    /// The layer of a number, the lowest being 0.
    ///
    /// # Errors
    /// [`Error::NoSuchLayer`].
    pub fn layer(&self, number: usize) -> Result<&ImageLayer, Error> {
        self.layers.get(number).ok_or_else(|| Error::NoSuchLayer {
            reference: Box::new(self.reference.clone()),
            wanted: number.saturating_add(1),
            found: self.layers.len(),
        })
    }

    /// The rules for names of files in it.
    pub fn naming(&self) -> Naming {
        Naming::of(&self.config.platform.os)
    }

    /// The path of a file as people type it.
    pub fn path(&self, typed: &str) -> LayerPath {
        self.naming().typed(typed)
    }

    pub(crate) fn error(&self, number: usize, source: tallyman_layers::Error) -> Error {
        layer_error(&self.reference, number, &self.layers[number].descriptor.digest, source)
    }
}

/// Checks that the registry has a layer of the image `reference`, the lowest being 0, if it is a foreign one. Others are not asked for.
///
/// # Errors
/// [`Error::Layer`] with the layer's URLs if the registry does not have it.
pub async fn check_foreign_layer(
    client: &Client,
    reference: &Reference,
    number: usize,
    layer: &Descriptor,
) -> Result<(), Error> {
    // Some registries have been given foreign layers too.
    if layer.is_elsewhere()
        && let Err(error) = client.head_blob(reference, &layer.digest).await
        && error.is_not_found()
    {
        let source = tallyman_layers::Error::Elsewhere { urls: layer.urls.clone() };
        return Err(layer_error(reference, number, &layer.digest, source));
    }
    Ok(())
}

fn layer_error(
    reference: &Reference,
    number: usize,
    digest: &Digest,
    source: tallyman_layers::Error,
) -> Error {
    let (reference, digest) = (Box::new(reference.clone()), digest.clone());
    Error::Layer { reference, number: number + 1, digest, source: Box::new(source) }
}
