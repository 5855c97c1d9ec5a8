//! The reader of one layer.

use js_sys::Uint8Array;
use tallyman_core::json::array;
use tallyman_layers::{Entry, Error, Event, Expected, LayerIndex, LayerPath, Naming};
use wasm_bindgen::prelude::wasm_bindgen;

use super::{failure::Failure, lookup::FileSearch, terms::Terms, tree::Index};

/// A reader of one layer.
#[wasm_bindgen]
pub struct LayerReader {
    reader: tallyman_layers::LayerReader,
    /// Size and digest of the compressed layer, where the platform decompresses it.
    packed: Expected,
    index: LayerIndex,
    layer: Option<usize>,
    /// The path to which entries are restricted; the root is none of its own.
    path: Option<LayerPath>,
    naming: Naming,
    name: String,
    keeps: bool,
    /// The number of entries so far.
    entries: usize,
    /// The entry that was met while content was asked for.
    met: Option<Entry>,
    /// The position in its file of the content that came last.
    offset: u64,
}

#[wasm_bindgen]
impl LayerReader {
    /// Makes a reader. The terms are JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(terms: &str) -> Result<Self, Failure> {
        let Terms { expected, is_tar, limits, layer, path, naming, name, keeps, digests, .. } =
            Terms::parse(terms)?;
        let index = if digests { LayerIndex::with_digests() } else { LayerIndex::default() };
        let (reader, packed) = if is_tar {
            let Expected { size, digest, diff_id } = expected;
            let of_tar = Expected { diff_id, ..Expected::default() };
            let reader = tallyman_layers::LayerReader::of_tar(limits, of_tar);
            (reader, Expected { size, digest, diff_id: None })
        } else {
            (tallyman_layers::LayerReader::expecting(limits, expected), Expected::default())
        };
        Ok(Self { reader, packed, index, layer, path, naming, name, keeps, entries: 0, met: None, offset: 0 })
    }

    /// Takes the next piece of the layer. The one before must have been read.
    pub fn push(&mut self, piece: Vec<u8>) -> Result<(), Failure> {
        self.reader.push(piece.into()).map_err(|error| Failure::of_layer(&error, &self.name))
    }

    /// Takes the next piece of a layer that the platform decompresses, of which it has taken so many bytes so far.
    #[wasm_bindgen(js_name = pushTar)]
    pub fn push_tar(&mut self, piece: Vec<u8>, packed: f64) -> Result<(), Failure> {
        self.reader.set_packed(packed as u64);
        self.push(piece)
    }

    /// Fails, since the platform finds the compressed layer damaged behind so many bytes, or truncated there.
    pub fn damaged(&self, offset: f64, reason: Option<String>) -> Result<(), Failure> {
        let offset = offset as u64;
        let error = match reason {
            Some(reason) => Error::Gzip { offset, reason },
            None => Error::Truncated { offset, what: "a gzip member".to_owned() },
        };
        Err(Failure::of_layer(&error, &self.name))
    }

    /// Fails if size or digest of the compressed layer, which the platform decompresses, are not those that were expected.
    #[wasm_bindgen(js_name = checkPacked)]
    pub fn check_packed(&self, size: f64, digest: Option<String>) -> Result<(), Failure> {
        let digest = digest.and_then(|text| text.parse().ok());
        self.packed.check(size as u64, digest).map_err(|error| Failure::of_layer(&error, &self.name))
    }

    /// Returns the next entry, as JSON, and passes over the content of the one before; `undefined` if another piece is
    /// needed.
    pub fn entry(&mut self) -> Result<Option<String>, Failure> {
        if let Some(entry) = self.met.take() {
            return Ok(Some(entry.to_json(self.layer)));
        }
        while let Some(event) = next(&mut self.reader, &self.name)? {
            let mut json = None;
            if let Event::Entry(entry) = &event {
                let is_shown = |path| self.naming.is_in(&entry.path, path) && !entry.path.is_root();
                if self.path.as_ref().is_none_or(is_shown) {
                    json = Some(entry.to_json(self.layer));
                }
                self.entries += 1;
            }
            if self.keeps {
                self.index.event(event);
            }
            if json.is_some() {
                return Ok(json);
            }
        }
        Ok(None)
    }

    /// Returns all entries of the piece, as a JSON array, and passes over their content.
    pub fn entries(&mut self) -> Result<String, Failure> {
        let mut entries = Vec::new();
        while let Some(entry) = self.entry()? {
            entries.push(entry);
        }
        Ok(array(entries))
    }

    /// Passes over all entries of the piece, which are kept.
    pub fn skip(&mut self) -> Result<(), Failure> {
        while let Some(event) = next(&mut self.reader, &self.name)? {
            self.entries += usize::from(matches!(event, Event::Entry(_)));
            self.index.event(event);
        }
        Ok(())
    }

    /// Passes over entries up to the one that is looked for, and returns that, as JSON; `undefined` if another piece is
    /// needed.
    pub fn find(&mut self, search: &FileSearch) -> Result<Option<String>, Failure> {
        if let Some(entry) = self.met.take().filter(|entry| search.is(self.entries - 1, entry)) {
            return Ok(Some(entry.to_json(self.layer)));
        }
        while let Some(event) = next(&mut self.reader, &self.name)? {
            let mut found = None;
            if let Event::Entry(entry) = &event {
                found = search.is(self.entries, entry).then(|| entry.to_json(self.layer));
                self.entries += 1;
            }
            self.index.event(event);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Returns the next piece of the content of the entry that came last; `undefined` if another piece of the layer is
    /// needed, or the next entry was met.
    pub fn content(&mut self) -> Result<Option<Uint8Array>, Failure> {
        if self.met.is_some() {
            return Ok(None);
        }
        let Some(event) = next(&mut self.reader, &self.name)? else { return Ok(None) };
        let piece = match &event {
            Event::Content { offset, bytes } => {
                self.offset = *offset;
                Some(Uint8Array::from(*bytes))
            }
            Event::Entry(entry) => {
                self.met = Some(entry.clone());
                self.entries += 1;
                None
            }
        };
        if self.keeps {
            self.index.event(event);
        }
        Ok(piece)
    }

    /// `true` if the content of the entry is at its end, since the next one was met.
    #[wasm_bindgen(getter, js_name = hasMet)]
    pub fn has_met(&self) -> bool {
        self.met.is_some()
    }

    /// The position in its file of the content that came last.
    #[wasm_bindgen(getter)]
    pub fn offset(&self) -> f64 {
        self.offset as f64
    }

    /// Checks that the layer is whole, and what it was expected to be, and returns its entries if they were kept.
    pub fn finish(mut self) -> Result<Index, Failure> {
        self.reader.finish().map_err(|error| Failure::of_layer(&error, &self.name))?;
        self.index.finish();
        Ok(Index(self.index))
    }
}

// Apart, so that what it returns borrows the reader alone.
fn next<'a>(reader: &'a mut tallyman_layers::LayerReader, name: &str) -> Result<Option<Event<'a>>, Failure> {
    reader.next().map_err(|error| Failure::of_layer(&error, name))
}
