//! The layers of images: which are read, and what has become of them.

use std::{collections::HashMap, rc::Rc};

use tallyman_layers::{LayerIndex, Naming, PARALLEL_LAYERS, TableOfContents};

use super::{Image, Layer, LayerKey, QueryId, Session};
use crate::{
    job::{Job, Outcome},
    messages::{Fault, ImageId, LayerSource, LayerState, Summary},
};

impl Session {
    pub(super) fn open_image(
        &mut self,
        image: ImageId,
        naming: Naming,
        layers: Vec<LayerSource>,
        digests: bool,
        holds: bool,
    ) {
        let mut keys = Vec::new();
        for source in layers {
            let key = (source.digest.clone(), source.diff_id.clone());
            keys.push(key.clone());
            let is_held = holds && !Job::is_small(&source);
            self.layers.entry(key).or_insert(Layer {
                source,
                state: if is_held { LayerState::Held } else { LayerState::Waiting },
                index: None,
                contents: None,
                taken: 0,
                is_kept: false,
                job: None,
            });
        }
        self.images.insert(
            image,
            Image {
                naming,
                layers: keys,
                digests,
                is_cancelled: false,
                built: None,
                summary: Summary::default(),
                is_stale: true,
                has_news: true,
                entries: 0,
                told: f64::NEG_INFINITY,
                made: f64::NEG_INFINITY,
                cost: 0.0,
            },
        );
    }

    pub(super) fn read_held(&mut self, image: ImageId, layers: &[u32]) {
        let Some(image) = self.images.get_mut(&image) else { return };
        (image.is_cancelled, image.has_news) = (false, true);
        for (at, key) in image.layers.iter().enumerate() {
            let is_asked_for = layers.is_empty() || layers.contains(&(at as u32));
            if let Some(layer) = self.layers.get_mut(key)
                && is_asked_for
                && layer.state == LayerState::Held
            {
                layer.state = LayerState::Waiting;
            }
        }
    }

    pub(super) fn resume(&mut self, image: ImageId) {
        let Some(image) = self.images.get_mut(&image) else { return };
        (image.is_cancelled, image.has_news) = (false, true);
        for key in &image.layers {
            let is_open = |layer: &&mut Layer| {
                layer.index.is_none() && layer.job.is_none() && layer.state != LayerState::Held
            };
            if let Some(layer) = self.layers.get_mut(key).filter(is_open) {
                (layer.state, layer.taken) = (LayerState::Waiting, 0);
            }
        }
    }

    pub(super) fn cancel(&mut self, number: ImageId) {
        let Some(image) = self.images.get_mut(&number) else { return };
        (image.is_cancelled, image.has_news, image.told) = (true, true, f64::NEG_INFINITY);
        let keys = image.layers.clone();
        let mut stopped = Vec::new();
        for key in keys {
            let Some(layer) = self.layers.get_mut(&key) else { continue };
            if matches!(layer.state, LayerState::Waiting | LayerState::Reading) {
                layer.state = LayerState::Cancelled;
                stopped.extend(layer.job.take());
            }
        }
        for job in stopped {
            // The entries that were read so far stay visible.
            if let Some(running) = self.stop(job)
                && let Outcome::Index(index) = running.job.stop()
                && let Some(layer) = self.layers.get_mut(&running.key)
            {
                layer.index = None;
                self.keep_partial(&running.key, *index);
            }
        }
    }

    /// Keeps the tree as it is: entries of a layer that was not read to its end are in it.
    fn keep_partial(&mut self, key: &LayerKey, index: LayerIndex) {
        let partial = HashMap::from([(key.clone(), Rc::new(index))]);
        for number in self.images_of(key) {
            self.build(number, &partial);
        }
    }

    fn images_of(&self, key: &LayerKey) -> Vec<ImageId> {
        let with = self.images.iter().filter(|(_, image)| image.layers.contains(key));
        with.map(|(number, _)| *number).collect()
    }

    /// Begins to read the layers whose turn it is.
    pub(super) fn start_waiting(&mut self) {
        let reading = self.jobs.values().filter(|running| running.file.is_none()).count();
        let mut room = PARALLEL_LAYERS.saturating_sub(reading);
        let waiting: Vec<_> = self
            .images
            .iter()
            .filter(|(_, image)| !image.is_cancelled)
            .flat_map(|(number, image)| {
                let layers = image.layers.iter().cloned().enumerate();
                layers.map(|(at, key)| (*number, image.digests, at as u32, key))
            })
            .collect();
        for (image, digests, at, key) in waiting {
            if room == 0 {
                return;
            }
            let Some(layer) = self.layers.get_mut(&key).filter(|layer| layer.state == LayerState::Waiting)
            else {
                continue;
            };
            let index = if digests { LayerIndex::with_digests() } else { LayerIndex::default() };
            let job = match Job::of_entries(&layer.source, index) {
                Ok(job) => job,
                Err(fault) => {
                    layer.state = LayerState::Refused(Fault { layer: Some(at), ..fault });
                    continue;
                }
            };
            (layer.state, layer.job) = (LayerState::Reading, Some(self.next_job));
            room -= 1;
            self.start(job, key, image, at, None);
        }
    }

    /// The entries of a layer are here.
    pub(super) fn layer_read(
        &mut self,
        key: &LayerKey,
        index: Rc<LayerIndex>,
        contents: Option<Box<TableOfContents>>,
    ) {
        if let Some(layer) = self.layers.get_mut(key) {
            layer.contents = contents;
            layer.index = Some(index);
            (layer.state, layer.job, layer.taken) = (LayerState::Done, None, layer.source.size);
        }
        self.layer_ended(key);
    }

    pub(super) fn layer_failed(
        &mut self,
        key: &LayerKey,
        file: Option<(QueryId, usize)>,
        state: LayerState,
        fault: Fault,
    ) {
        if let Some((query, _)) = file {
            self.close(query);
            return self.refuse(query, fault);
        }
        if let Some(layer) = self.layers.get_mut(key) {
            (layer.state, layer.job) = (state, None);
        }
        self.layer_ended(key);
    }

    /// Shows at once what the end of a layer changes.
    fn layer_ended(&mut self, key: &LayerKey) {
        for image in self.images.values_mut().filter(|image| image.layers.contains(key)) {
            (image.is_stale, image.has_news) = (true, true);
            let is_over = |key: &LayerKey| {
                self.layers
                    .get(key)
                    .is_none_or(|layer| !matches!(layer.state, LayerState::Waiting | LayerState::Reading))
            };
            if image.layers.iter().all(is_over) {
                (image.made, image.told) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
            }
        }
    }
}
