//! The trees of images, made anew of what has come, and what the page is told of them.

use std::{collections::HashMap, rc::Rc};

use tallyman_layers::LayerIndex;

use super::{LayerKey, PROGRESS, Session};
use crate::{
    image::Built,
    job::Purpose,
    messages::{ImageId, Response},
};

/// Milliseconds between two trees of layers that are still being read.
const REFRESH: f64 = 150.0;
/// A tree is made anew after so many times the time that the last one took.
const REFRESH_SHARE: f64 = 8.0;

impl Session {
    pub(super) fn refresh(&mut self, now: f64) {
        let numbers: Vec<_> = self.images.keys().copied().collect();
        for number in numbers {
            let Some(image) = self.images.get_mut(&number) else { continue };
            let pause = REFRESH.max(image.cost * REFRESH_SHARE);
            if image.is_stale && !image.is_cancelled && now - image.made >= pause {
                (image.made, image.cost) = (now, 0.0);
                self.build(number, &HashMap::new());
            }
            self.tell(number, now);
        }
    }

    /// Makes the tree of an image anew, of whole layers and of what has come of the others.
    pub(super) fn build(&mut self, number: ImageId, partial: &HashMap<LayerKey, Rc<LayerIndex>>) {
        let Some(image) = self.images.get_mut(&number) else { return };
        let index = |key: &LayerKey| -> Rc<LayerIndex> {
            let layer = self.layers.get(key);
            let whole = layer.and_then(|layer| layer.index.clone()).or_else(|| partial.get(key).cloned());
            whole.unwrap_or_else(|| {
                let job = layer.and_then(|layer| layer.job).and_then(|job| self.jobs.get(&job));
                Rc::new(match job.map(|running| &running.job.purpose) {
                    Some(Purpose::Index(index)) => index.clone(),
                    _ => LayerIndex::default(),
                })
            })
        };
        let indexes: Vec<_> = image.layers.iter().map(index).collect();
        image.is_stale = false;
        let entries = indexes.iter().map(|index| index.entries().len()).sum();
        let is_whole =
            image.layers.iter().all(|key| self.layers.get(key).is_some_and(|layer| layer.index.is_some()));
        if entries == image.entries && image.built.is_some() && !is_whole && partial.is_empty() {
            return;
        }
        let built = Rc::new(Built::new(&indexes, image.naming));
        let generation = image.summary.generation + 1;
        image.summary = built.summary(generation);
        image.summary.is_whole = is_whole;
        image.entries = entries;
        image.built = Some(built);
        (image.has_news, image.told) = (true, f64::NEG_INFINITY);
    }

    /// Tells the page how far an image is.
    fn tell(&mut self, number: ImageId, now: f64) {
        let Some(image) = self.images.get_mut(&number) else { return };
        if !image.has_news || now - image.told < PROGRESS {
            return;
        }
        (image.has_news, image.told) = (false, now);
        let mut summary = image.summary.clone();
        summary.layers.resize_with(image.layers.len(), Default::default);
        for (told, key) in summary.layers.iter_mut().zip(&image.layers) {
            if let Some(layer) = self.layers.get(key) {
                (told.state, told.taken, told.is_kept) = (layer.state.clone(), layer.taken, layer.is_kept);
                told.by_contents = layer.contents.is_some();
            }
        }
        self.post(Response::Summary { image: number, summary: Box::new(summary) });
    }
}
