//! The search for one file of an image.

use std::cell::Cell;

use tallyman_layers::{Entry, FileLookup, Naming, Wanted};
use wasm_bindgen::prelude::wasm_bindgen;

use super::{failure::Failure, tree::Index};

/// A search for one file in the layers of an image, from the highest down.
#[wasm_bindgen]
pub struct FileSearch {
    lookup: FileLookup,
    wanted: Option<Wanted>,
    /// The number of the entry that was found.
    found: Cell<Option<usize>>,
}

impl FileSearch {
    /// Returns `true` if the entry of this number is the one that is looked for.
    pub fn is(&self, number: usize, entry: &Entry) -> bool {
        let is_wanted = self.wanted.as_ref().is_some_and(|wanted| wanted.is(number, entry));
        if is_wanted {
            self.found.set(Some(number));
        }
        is_wanted
    }

    /// The number of the entry that is looked for, if that is known.
    pub fn number(&self) -> Option<usize> {
        self.wanted.as_ref()?.number()
    }
}

#[wasm_bindgen]
impl FileSearch {
    /// Makes a search for a path, as people type it, in an image of so many layers for an operating system.
    #[wasm_bindgen(constructor)]
    pub fn new(image: &str, layers: u32, os: &str, typed: &str) -> Self {
        let naming = Naming::of(os);
        let lookup = FileLookup::new(image, layers as usize, naming.typed(typed));
        Self { lookup: lookup.with_naming(naming), wanted: None, found: Cell::default() }
    }

    /// Takes the entries of a layer, the lowest being 0.
    pub fn add(&mut self, layer: u32, index: Index) {
        self.lookup.add(layer as usize, index.0);
    }

    /// Forgets the entries of a layer, which is to be read whole.
    pub fn forget(&mut self, layer: u32) {
        self.lookup.forget(layer as usize);
    }

    /// Returns the layer that is to be read next, the lowest being 0.
    pub fn layer(&mut self) -> Result<u32, Failure> {
        let wanted = self.lookup.wanted()?;
        let layer = wanted.layer as u32;
        self.wanted = Some(wanted);
        Ok(layer)
    }

    /// Takes the entries of the layer in which the file was found, and fails if another one of them is the file.
    pub fn confirm(&mut self, layer: u32, index: Index) -> Result<(), Failure> {
        let found = self.found.get().unwrap_or_default();
        Ok(self.lookup.confirm(layer as usize, index.0, found)?)
    }
}
