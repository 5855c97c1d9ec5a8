//! One file of an image.

use std::ops::ControlFlow;

use tallyman_layers::{EntryKind, Event, LayerIndex, LayerPath, Lookup, look_up};
use tallyman_registry::Client;

use super::LayeredImage;
use crate::Error;

/// A search for one file, from the highest layer down: layers below the one that has it are not fetched.
pub struct FileSearch<'a> {
    image: &'a LayeredImage,
    client: &'a Client,
    path: LayerPath,
    /// The layers that were read.
    read: Vec<Option<LayerIndex>>,
}

/// The content of a file that is given while its layer is read.
struct Content<'a, F> {
    /// The path that the file has in its layer, if it may be there.
    path: Option<LayerPath>,
    on_bytes: &'a mut F,
    /// The file's content comes next.
    is_open: bool,
    found: bool,
    /// There is a second entry of that path, which is the one that counts.
    is_doubled: bool,
    size: u64,
    given: u64,
}

impl<'a> FileSearch<'a> {
    /// A search for a file as people type its path. Links are followed as in a container.
    pub fn new(image: &'a LayeredImage, client: &'a Client, typed: &str) -> Self {
        Self { image, client, path: image.path(typed), read: vec![None; image.layers.len()] }
    }

    /// Finds the file and gives its content to `on_bytes`, piece by piece, until that breaks off.
    ///
    /// # Errors
    /// The errors of [`LayeredImage::read_layer`]; [`Error::NoSuchFile`] and [`Error::NotAFile`].
    pub async fn content(mut self, mut on_bytes: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<(), Error> {
        loop {
            match look_up(&self.read, &self.path) {
                Lookup::NeedsLayer { layer, path } => {
                    let content = self.read_layer(layer, path, &mut on_bytes).await?;
                    if content {
                        return Ok(());
                    }
                }
                Lookup::Found { layer, entry } => return self.again(layer, entry, on_bytes).await,
                Lookup::Directory => return Err(self.not_a_file("a directory")),
                Lookup::TooManyLinks => return Err(self.not_a_file("a circle of links")),
                Lookup::Missing { path, removed_by } => {
                    let reference = Box::new(self.image.reference.clone());
                    let removed_by = removed_by.map(|layer| layer + 1);
                    return Err(Error::NoSuchFile { reference, path: path.to_string(), removed_by });
                }
            }
        }
    }

    /// Reads a layer for its entries. If a file of this path is among them, its content is given at once; returns
    /// `true` then.
    async fn read_layer(
        &mut self,
        layer: usize,
        path: Option<LayerPath>,
        on_bytes: &mut impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<bool, Error> {
        let mut index = LayerIndex::default();
        let mut content = Content::new(path, on_bytes);
        self.image
            .read_layer(self.client, layer, true, |event| {
                let flow = match &event {
                    Event::Entry(entry) => {
                        let is_file = entry.kind == EntryKind::File;
                        content.entry(content.path.as_ref() == Some(&entry.path) && is_file, entry.size)
                    }
                    Event::Content { offset, bytes } => content.bytes(*offset, bytes),
                };
                index.event(event);
                flow
            })
            .await?;
        if content.is_doubled {
            let path = self.path.to_string();
            return Err(Error::DoubledFile { reference: Box::new(self.image.reference.clone()), path });
        }
        let _ = content.end();
        let found = content.found;
        self.read[layer] = Some(index);
        Ok(found)
    }

    /// Gives the content of an entry of a layer that was read before, while another path was looked for.
    async fn again(
        &self,
        layer: usize,
        number: usize,
        mut on_bytes: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let kind = self.read[layer].as_ref().map(|index| index.entries()[number].kind);
        match kind {
            Some(EntryKind::File) => {}
            Some(EntryKind::Directory) => return Err(self.not_a_file("a directory")),
            Some(EntryKind::Fifo) => return Err(self.not_a_file("a named pipe")),
            _ => return Err(self.not_a_file("a device")),
        }
        let mut content = Content::new(None, &mut on_bytes);
        let mut next = 0;
        self.image
            .read_layer(self.client, layer, true, |event| match event {
                Event::Entry(entry) => {
                    next += 1;
                    content.entry(next == number + 1, entry.size)
                }
                Event::Content { offset, bytes } => content.bytes(offset, bytes),
            })
            .await?;
        let _ = content.end();
        Ok(())
    }

    fn not_a_file(&self, found: &'static str) -> Error {
        let (reference, path) = (Box::new(self.image.reference.clone()), self.path.to_string());
        Error::NotAFile { reference, path, found }
    }
}

impl<'a, F: FnMut(&[u8]) -> ControlFlow<()>> Content<'a, F> {
    fn new(path: Option<LayerPath>, on_bytes: &'a mut F) -> Self {
        Self { path, on_bytes, is_open: false, found: false, is_doubled: false, size: 0, given: 0 }
    }

    /// Ends the entry before, and begins one.
    fn entry(&mut self, is_wanted: bool, size: u64) -> ControlFlow<()> {
        let flow = self.end();
        if is_wanted {
            self.is_doubled = self.found;
            (self.is_open, self.found, self.size, self.given) = (!self.found, true, size, 0);
        }
        flow
    }

    fn bytes(&mut self, offset: u64, bytes: &[u8]) -> ControlFlow<()> {
        if !self.is_open {
            return ControlFlow::Continue(());
        }
        self.zeros(offset)?;
        self.given = offset + bytes.len() as u64;
        (self.on_bytes)(bytes)
    }

    fn end(&mut self) -> ControlFlow<()> {
        if !std::mem::take(&mut self.is_open) {
            return ControlFlow::Continue(());
        }
        self.zeros(self.size)
    }

    /// Gives the zeros of a hole.
    fn zeros(&mut self, until: u64) -> ControlFlow<()> {
        const ZEROS: &[u8] = &[0; 64 * 1024];
        while self.given < until {
            let count = usize::try_from(until - self.given).unwrap_or(usize::MAX).min(ZEROS.len());
            self.given += count as u64;
            (self.on_bytes)(&ZEROS[..count])?;
        }
        ControlFlow::Continue(())
    }
}
