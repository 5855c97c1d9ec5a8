//! Layers that are made for lazy pulling: their tables of contents and single files, fetched alone.

use std::ops::{ControlFlow, Range};

use futures_util::StreamExt;
use tallyman_layers::{ContentsReader, ContentsStep, FileContent, Limits, TableOfContents, check_media_type};
use tallyman_registry::{BlobPieces, Client};

use super::LayeredImage;
use crate::{Error, resolve::failed};

impl LayeredImage {
    /// Fetches the table of contents of a layer, the lowest being 0, and nothing else of it. Returns `None` if the layer has
    /// none, or the registry sends no part of a blob alone.
    ///
    /// # Errors
    /// [`Error::Layer`] if it is not the one that the layer's annotations name, or damaged, or its descriptor is not that of a layer that can be
    /// read; [`Error::NoSuchLayer`].
    pub async fn contents(
        &self,
        client: &Client,
        number: usize,
    ) -> Result<Option<Box<TableOfContents>>, Error> {
        let descriptor = &self.layer(number)?.descriptor;
        check_media_type(descriptor.media_type.as_str()).map_err(|source| self.error(number, source))?;
        let mut reader = ContentsReader::of(&descriptor.annotations, descriptor.size, Limits::default());
        while let Some(waiting) = reader {
            let Some(mut pieces) = self.range(client, number, waiting.range()).await else { return Ok(None) };
            let mut bytes = Vec::new();
            while let Some(piece) = pieces.next().await {
                bytes.extend_from_slice(&piece.map_err(failed)?.bytes());
            }
            match waiting.take(&bytes).map_err(|source| self.error(number, source))? {
                ContentsStep::Next(next) => reader = Some(next),
                ContentsStep::Done(contents) => return Ok(Some(contents)),
                ContentsStep::None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Fetches a file of a layer and nothing else of it, and gives its content to `on_bytes`, piece by piece, until that
    /// breaks off. Returns `false` if the registry sends no part of a blob alone.
    ///
    /// # Errors
    /// [`Error::Layer`] if it is not what the table of contents says; [`Error::Registry`] if it does not come whole.
    pub(super) async fn read_file(
        &self,
        client: &Client,
        number: usize,
        mut file: FileContent,
        on_bytes: &mut impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<bool, Error> {
        let Some(mut pieces) = self.range(client, number, file.range()).await else { return Ok(false) };
        let of_layer = |source| self.error(number, source);
        while !file.is_whole() {
            let Some(piece) = pieces.next().await else { break };
            file.push(piece.map_err(failed)?.bytes());
            while let Some(bytes) = file.next().map_err(of_layer)? {
                if on_bytes(bytes).is_break() {
                    return Ok(true);
                }
            }
        }
        file.finish().map_err(of_layer)?;
        Ok(true)
    }

    /// Fetches a part of a layer. Returns `None` if it does not come alone: the whole layer tells why, if it does not come
    /// either.
    async fn range(&self, client: &Client, number: usize, range: Range<u64>) -> Option<BlobPieces> {
        let digest = &self.layers.get(number)?.descriptor.digest;
        client.blob_range(&self.reference, digest, range).await.ok().flatten()
    }
}
