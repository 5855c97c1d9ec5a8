//! The file system of an image.

use tallyman_core::{
    ImageConfig,
    json::{ObjectWriter, array},
};
use tallyman_layers::{
    Change, FileError, ImageTree, LayerIndex, LayerLabel, LayerPath, Naming, PARALLEL_LAYERS,
    check_media_type, differences_after,
};
use wasm_bindgen::prelude::wasm_bindgen;

use super::failure::Failure;

/// Returns the number of layers of an image that are read at the same time.
#[wasm_bindgen(js_name = parallelLayers)]
pub fn parallel_layers() -> usize {
    PARALLEL_LAYERS
}

/// Returns what an image's config tells of its layers, of which there are `count`, as JSON: the operating system, and of
/// each layer its digest when it is decompressed and the command of the step that made it.
#[wasm_bindgen(js_name = describeLayers)]
pub fn describe_layers(reference: &str, config: &[u8], count: u32) -> Result<String, Failure> {
    let config = ImageConfig::parse_layers(config).map_err(|error| Failure::of_config(&error, reference))?;
    let steps = config.layer_steps(count as usize);
    let layers = steps.iter().enumerate().map(|(number, step)| {
        ObjectWriter::new()
            .maybe(config.rootfs.diff_ids.get(number), |json, digest| json.string("diffId", digest.as_str()))
            .maybe(*step, |json, step| json.string("createdBy", &step.command()))
            .end()
    });
    Ok(ObjectWriter::new().string("os", &config.platform.os).json("layers", &array(layers)).end())
}

/// Fails if a descriptor of this media type is not that of a layer that can be read. `name` is that of the layer.
#[wasm_bindgen(js_name = checkLayer)]
pub fn check_layer(media_type: &str, name: &str) -> Result<(), Failure> {
    check_media_type(media_type).map_err(|error| Failure::of_layer(&error, name))
}

/// The entries of a layer that was read.
#[wasm_bindgen]
#[derive(Clone)]
pub struct Index(pub(super) LayerIndex);

#[wasm_bindgen]
impl Index {
    /// A second handle of the same entries, for another image.
    pub fn clone(&self) -> Self {
        Clone::clone(self)
    }
}

/// The file system of an image.
#[wasm_bindgen]
pub struct Tree {
    reference: String,
    tree: ImageTree,
    labels: Vec<LayerLabel>,
    changes: Vec<Vec<Change>>,
    /// The file or difference that was given last.
    last: Option<LayerPath>,
}

#[wasm_bindgen]
impl Tree {
    /// Makes an empty one.
    #[wasm_bindgen(constructor)]
    pub fn new(reference: String, os: &str) -> Self {
        let (labels, changes) = (Vec::new(), Vec::new());
        Self { reference, tree: ImageTree::new(Naming::of(os)), labels, changes, last: None }
    }

    /// Applies the next layer, of this digest and made by this command.
    pub fn apply(&mut self, index: Index, digest: String, created_by: Option<String>) {
        self.labels.push(LayerLabel { digest, created_by });
        self.changes.push(self.tree.apply(index.0));
    }

    /// Returns the next `count` files at a path, as people type it, as a JSON array; an empty one at the end.
    pub fn files(&mut self, typed: &str, count: u32) -> Result<String, Failure> {
        let path = self.tree.naming().typed(typed);
        let Some(files) = self.tree.files_at(&path, self.last.as_ref()) else {
            let image = self.reference.clone();
            return Err(FileError::missing(image, &path).into());
        };
        let files: Vec<_> = files.take(count as usize).collect();
        let last = files.last().map(|file| file.path.clone());
        let json = array(files.iter().map(|file| file.to_json()));
        self.last = last.or(self.last.take());
        Ok(json)
    }

    /// Returns `count` changes of a layer (the lowest being 0) from the one of a number on, as a JSON array; an empty one
    /// at the end.
    pub fn changes(&self, layer: u32, from: u32, count: u32) -> String {
        let changes = self.changes.get(layer as usize).into_iter().flatten();
        let part = changes.skip(from as usize).take(count as usize);
        array(part.map(|change| self.tree.change_json(layer as usize, change)))
    }

    /// Returns efficiency and waste, as JSON.
    pub fn waste(&self) -> String {
        self.tree.waste_json(&self.reference, &self.changes, &self.labels)
    }

    /// Returns the next `count` paths that differ from those of another image, as a JSON array; an empty one at the end.
    pub fn differences(&mut self, other: &Self, count: u32) -> String {
        let same = |a: usize, b: usize| self.labels[a].digest == other.labels[b].digest;
        let found = differences_after(&self.tree, &other.tree, self.last.as_ref(), same);
        let found: Vec<_> = found.take(count as usize).collect();
        let last = found.last().map(|difference| difference.path.clone());
        let json = array(found.iter().map(|difference| difference.to_json()));
        self.last = last.or(self.last.take());
        json
    }
}
