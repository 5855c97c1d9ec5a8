//! Wasted bytes and efficiency.

use super::{
    ImageTree,
    tree::{ROOT, State},
};
use crate::LayerPath;

/// The bytes that layers have at one path.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PathWeight {
    /// The bytes of all layers together.
    cumulative: u64,
    /// The fewest bytes of one layer; `None` if none has a leaf here.
    fewest: Option<u64>,
    /// The bytes that were replaced or removed, and how often.
    wasted: u64,
    times: u32,
}

impl PathWeight {
    /// Counts a leaf of a layer, or a whiteout.
    pub(super) fn leaf(&mut self, bytes: u64) {
        self.cumulative += bytes;
        self.fewest = Some(self.fewest.map_or(bytes, |fewest| fewest.min(bytes)));
    }

    /// Counts bytes that are hidden.
    pub(super) fn hide(&mut self, bytes: u64) {
        self.wasted += bytes;
        self.times += 1;
    }
}

/// The size of one layer, and the part of it that the image does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerWaste {
    /// The bytes of the layer's files.
    pub size: u64,
    /// The bytes of them that later layers replace or remove.
    pub wasted: u64,
    /// The files and directories of the layer.
    pub files: u64,
}

/// A path at which bytes are wasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WastedPath {
    /// The path.
    pub path: LayerPath,
    /// The bytes that were written and later replaced or removed.
    pub wasted: u64,
    /// The number of times that this happened.
    pub times: u32,
    /// `true` if a file or directory is visible there still.
    pub is_visible: bool,
}

impl ImageTree {
    /// The efficiency, from 0 to 1, as dive defines it: for each path the fewest bytes that a layer writes there,
    /// summed, by the bytes that all layers write there. Opaque directories count as removals of what they hide.
    pub fn efficiency(&self) -> f64 {
        let sum =
            |bytes: fn(&PathWeight) -> u64| self.nodes.iter().map(|node| bytes(&node.weight)).sum::<u64>();
        let cumulative = sum(|weight| weight.cumulative);
        let fewest = sum(|weight| weight.fewest.unwrap_or_default());
        #[expect(clippy::cast_precision_loss, reason = "it is a figure with few digits")]
        if cumulative == 0 { 1.0 } else { fewest as f64 / cumulative as f64 }
    }

    /// The bytes that layers wrote and later ones replaced or removed.
    pub fn wasted(&self) -> u64 {
        self.nodes.iter().map(|node| node.weight.wasted).sum()
    }

    /// The size and the waste of each layer, from the lowest on.
    pub fn layer_waste(&self) -> Vec<LayerWaste> {
        let mut waste: Vec<LayerWaste> = Vec::new();
        for layer in &self.layers {
            let ordinary = layer.entries().iter().filter(|entry| crate::Whiteout::of(&entry.path).is_none());
            let (files, size) = ordinary.fold((0, 0), |(files, size), entry| (files + 1, size + entry.size));
            waste.push(LayerWaste { size, wasted: size, files });
        }
        for node in &self.nodes {
            if let State::Entry { layer, entry } = node.state {
                waste[layer].wasted -= self.layers[layer].entries()[entry].size;
            }
        }
        waste
    }

    /// The paths at which bytes are wasted, the most wasteful first.
    pub fn wasted_paths(&self) -> Vec<WastedPath> {
        let wasteful = (ROOT + 1..self.nodes.len()).filter(|node| self.nodes[*node].weight.wasted > 0);
        let mut paths: Vec<_> = wasteful
            .map(|node| {
                let PathWeight { wasted, times, .. } = self.nodes[node].weight;
                let is_visible = self.nodes[node].state != State::Absent;
                WastedPath { path: self.path(node), wasted, times, is_visible }
            })
            .collect();
        paths.sort_by(|a, b| b.wasted.cmp(&a.wasted).then_with(|| a.path.cmp(&b.path)));
        paths
    }
}
