//! One file of an image.

use std::{collections::HashMap, ops::ControlFlow};

use tallyman_layers::{Event, FileLookup, LayerIndex, TableOfContents, Wanted, zeros};
use tallyman_registry::Client;

use super::LayeredImage;
use crate::Error;

/// A search for one file, from the highest layer down: layers below the one that has it are not fetched, and of layers with
/// a table of contents only that and the file.
pub struct FileSearch<'a> {
    image: &'a LayeredImage,
    client: &'a Client,
    lookup: FileLookup,
    /// The tables of contents of layers; `None` for those that are read whole.
    contents: HashMap<usize, Option<Box<TableOfContents>>>,
}

/// The content of a file that is given while its layer is read.
struct Content<'a, F> {
    wanted: Wanted,
    on_bytes: &'a mut F,
    /// The number of entries so far.
    entries: usize,
    /// The file's content comes next.
    is_open: bool,
    /// The number of its entry.
    found: Option<usize>,
    size: u64,
    given: u64,
}

impl<'a> FileSearch<'a> {
    /// A search for a file as people type its path. Links are followed as in a container.
    pub fn new(image: &'a LayeredImage, client: &'a Client, typed: &str) -> Self {
        let lookup = FileLookup::new(image.reference.to_string(), image.layers.len(), image.path(typed));
        let lookup = lookup.with_naming(image.naming());
        Self { image, client, lookup, contents: HashMap::new() }
    }

    /// Finds the file and gives its content to `on_bytes`, piece by piece, until that breaks off.
    ///
    /// # Errors
    /// The errors of [`LayeredImage::read_layer`]; [`Error::File`].
    pub async fn content(mut self, mut on_bytes: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<(), Error> {
        loop {
            let wanted = self.lookup.wanted()?;
            let layer = wanted.layer;
            if let Some(contents) = self.contents.get_mut(&layer).and_then(Option::take) {
                let file = wanted.number().and_then(|entry| contents.file(entry));
                if let Some(file) = file
                    && self.image.read_file(self.client, layer, file, &mut on_bytes).await?
                {
                    return Ok(());
                }
                self.lookup.forget(layer);
                continue;
            }
            if !self.contents.contains_key(&layer) {
                let contents = self.image.contents(self.client, layer).await?;
                if let Some(contents) = &contents {
                    self.lookup.add(layer, contents.index().clone());
                }
                let is_known = contents.is_some();
                self.contents.insert(layer, contents);
                if is_known {
                    continue;
                }
            }
            let mut index = LayerIndex::default();
            let mut content = Content::new(wanted, &mut on_bytes);
            let read = self.image.read_layer(self.client, layer, true, |event| {
                let flow = content.event(&event);
                index.event(event);
                flow
            });
            read.await?;
            let _ = content.end();
            match content.found {
                Some(entry) => return Ok(self.lookup.confirm(layer, index, entry)?),
                None => self.lookup.add(layer, index),
            }
        }
    }
}

impl<'a, F: FnMut(&[u8]) -> ControlFlow<()>> Content<'a, F> {
    fn new(wanted: Wanted, on_bytes: &'a mut F) -> Self {
        Self { wanted, on_bytes, entries: 0, is_open: false, found: None, size: 0, given: 0 }
    }

    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        let entry = match event {
            Event::Entry(entry) => entry,
            Event::Content { offset, bytes } => return self.bytes(*offset, bytes),
        };
        let flow = self.end();
        if self.found.is_none() && self.wanted.is(self.entries, entry) {
            self.found = Some(self.entries);
            (self.is_open, self.size, self.given) = (true, entry.size, 0);
        }
        self.entries += 1;
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
        let hole = until.saturating_sub(self.given);
        self.given += hole;
        zeros(hole).try_for_each(|piece| (self.on_bytes)(piece))
    }
}
