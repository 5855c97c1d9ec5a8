//! Tables of contents of layers, and files that are read by them.

use js_sys::Uint8Array;
use tallyman_core::json::array;
use tallyman_layers::{
    ContentsReader as Reader, ContentsStep, Entry, FileContent as Content, LayerPath, Naming, TableOfContents,
};
use wasm_bindgen::prelude::wasm_bindgen;

use super::{failure::Failure, lookup::FileSearch, terms::Terms, tree::Index};

/// A reader of the table of contents of a layer.
#[wasm_bindgen]
pub struct ContentsReader {
    /// `None` once no more bytes are needed.
    reader: Option<Reader>,
    contents: Option<Box<TableOfContents>>,
    layer: Option<usize>,
    path: LayerPath,
    naming: Naming,
    name: String,
}

#[wasm_bindgen]
impl ContentsReader {
    /// Makes a reader. The terms are JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(terms: &str) -> Result<Self, Failure> {
        let Terms { expected, limits, layer, path, naming, name, annotations, .. } = Terms::parse(terms)?;
        let reader = Reader::of(&annotations, expected.size.unwrap_or_default(), limits);
        Ok(Self { reader, contents: None, layer, path: path.unwrap_or_default(), naming, name })
    }

    /// Returns the range of bytes of the layer that are needed next, its start and its end; `undefined` if none are.
    pub fn range(&self) -> Option<Vec<f64>> {
        let range = self.reader.as_ref()?.range();
        Some(vec![range.start as f64, range.end as f64])
    }

    /// Takes those bytes.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(reader) = self.reader.take() else { return Ok(()) };
        match reader.take(bytes).map_err(|error| Failure::of_layer(&error, &self.name))? {
            ContentsStep::Next(next) => self.reader = Some(next),
            ContentsStep::Done(contents) => self.contents = Some(contents),
            ContentsStep::None => {}
        }
        Ok(())
    }

    /// Returns the table of contents, once; `undefined` if there is none.
    pub fn contents(&mut self) -> Option<Contents> {
        let contents = self.contents.take()?;
        let (layer, path, name) = (self.layer, self.path.clone(), self.name.clone());
        Some(Contents { contents, layer, path, naming: self.naming, name, given: 0 })
    }
}

/// A table of contents.
#[wasm_bindgen]
pub struct Contents {
    contents: Box<TableOfContents>,
    layer: Option<usize>,
    path: LayerPath,
    naming: Naming,
    name: String,
    /// The number of entries that were given.
    given: usize,
}

#[wasm_bindgen]
impl Contents {
    /// Returns the entries.
    pub fn index(&self) -> Index {
        Index(self.contents.index().clone())
    }

    /// `true` if the digest of every file is known.
    #[wasm_bindgen(getter, js_name = hasDigests)]
    pub fn has_digests(&self) -> bool {
        self.contents.has_digests()
    }

    /// Returns the next `count` entries at the path that was asked for, as a JSON array; an empty one at the end.
    pub fn entries(&mut self, count: u32) -> String {
        let entries = self.contents.index().entries();
        let mut found: Vec<&Entry> = Vec::new();
        while found.len() < count as usize
            && let Some(entry) = entries.get(self.given)
        {
            self.given += 1;
            if self.naming.is_in(&entry.path, &self.path) && !entry.path.is_root() {
                found.push(entry);
            }
        }
        array(found.into_iter().map(|entry| entry.to_json(self.layer)))
    }

    /// Returns the reading of the file that is looked for; `undefined` if its place is not known.
    pub fn file(&self, search: &FileSearch) -> Option<FileContent> {
        let number = search.number()?;
        let content = self.contents.file(number)?;
        let json = self.contents.index().entries().get(number)?.to_json(self.layer);
        Some(FileContent { content, json, name: self.name.clone() })
    }
}

/// The reading of one file by a table of contents.
#[wasm_bindgen]
pub struct FileContent {
    content: Content,
    json: String,
    name: String,
}

#[wasm_bindgen]
impl FileContent {
    /// Returns the file, as JSON.
    pub fn entry(&self) -> String {
        self.json.clone()
    }

    /// Returns the range of bytes of the layer that are needed, its start and its end.
    pub fn range(&self) -> Vec<f64> {
        let range = self.content.range();
        vec![range.start as f64, range.end as f64]
    }

    /// `true` if the file has come to its end.
    #[wasm_bindgen(getter, js_name = isWhole)]
    pub fn is_whole(&self) -> bool {
        self.content.is_whole()
    }

    /// Takes the next bytes of the range. Those before must have been read.
    pub fn push(&mut self, piece: Vec<u8>) {
        self.content.push(piece.into());
    }

    /// Returns the next bytes of the file; `undefined` if others of the layer are needed, or the file is whole.
    pub fn next(&mut self) -> Result<Option<Uint8Array>, Failure> {
        let bytes = self.content.next().map_err(|error| Failure::of_layer(&error, &self.name))?;
        Ok(bytes.map(Uint8Array::from))
    }

    /// Fails unless the file is whole.
    pub fn finish(self) -> Result<(), Failure> {
        self.content.finish().map_err(|error| Failure::of_layer(&error, &self.name))
    }
}
