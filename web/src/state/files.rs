//! The files of images: the worker that reads them, and what it has found.

mod fetching;
pub mod kept_layers;
mod questions;
mod rows;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use tallyman_core::{Descriptor, Digest, HistoryEntry, Reference};
use tallyman_files_worker::{ImageId, LayerSource, LayerState, QueryId, Request, Response, Summary};
use tallyman_registry::Error;
use web_sys::Blob;
use yew::prelude::*;

use crate::{
    browser::files_worker::FilesWorker,
    state::registries::{Changes, Registries, use_changes, use_registries},
};
use fetching::Fetching;
use questions::Questions;

pub use questions::ReadProgress;
pub use rows::{Rows, use_rows};

/// Bytes of layers from which on they are read only when somebody asks.
const HELD_FROM: u64 = 200_000_000;

/// An image whose files are read.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSource {
    /// The image, by the digest of its manifest.
    pub reference: Reference,
    /// Its platform, in words.
    pub platform: String,
    /// Its operating system.
    pub os: String,
    /// Its layers, the lowest first.
    pub layers: Vec<ImageLayer>,
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageLayer {
    /// The blob.
    pub descriptor: Descriptor,
    /// The digest of the decompressed layer, if the config names it.
    pub diff_id: Option<Digest>,
    /// The step that made it, if the config tells.
    pub step: Option<HistoryEntry>,
}

/// The state of the reading of images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The state of each.
    pub images: Vec<Rc<Summary>>,
    /// The layers that could not be fetched, and why.
    pub failures: Vec<(Reference, Rc<Error>)>,
    /// The worker ended by itself, or could not be started.
    pub is_broken: bool,
}

impl Reading {
    /// The number of bytes of layers that were read, and that are to be read.
    pub fn progress(&self, images: &[ImageSource]) -> (u64, u64) {
        let (mut done, mut all) = (0, 0_u64);
        for (number, image) in images.iter().enumerate() {
            let summary = self.images.get(number);
            for (at, layer) in image.layers.iter().enumerate() {
                let known = summary.and_then(|summary| summary.layers.get(at));
                if known.is_some_and(|known| known.state == LayerState::Held) {
                    continue;
                }
                all = all.saturating_add(layer.descriptor.size);
                done += known.map_or(0, |known| known.taken.min(layer.descriptor.size));
            }
        }
        (done, all)
    }

    /// The bytes of layers that are read only when somebody asks.
    pub fn held(&self, images: &[ImageSource]) -> u64 {
        let all = self.images.iter().zip(images);
        let layers = all.flat_map(|(summary, image)| summary.layers.iter().zip(&image.layers));
        let held = layers.filter(|(known, _)| known.state == LayerState::Held);
        held.fold(0, |sum: u64, (_, layer)| sum.saturating_add(layer.descriptor.size))
    }

    /// Returns `true` as long as layers are being read, or will be.
    pub fn is_under_way(&self, images: &[ImageSource]) -> bool {
        let is_open = |state: &LayerState| matches!(state, LayerState::Waiting | LayerState::Reading);
        !self.is_broken
            && images.iter().enumerate().any(|(number, image)| match self.images.get(number) {
                Some(summary) => {
                    summary.layers.len() < image.layers.len()
                        || summary.layers.iter().any(|layer| is_open(&layer.state))
                }
                None => true,
            })
    }

    /// Returns `true` if all layers of all images were read.
    pub fn is_whole(&self, images: &[ImageSource]) -> bool {
        self.images.len() == images.len() && self.images.iter().all(|summary| summary.is_whole)
    }

    /// Returns `true` if the reading was ended.
    pub fn is_cancelled(&self) -> bool {
        let mut layers = self.images.iter().flat_map(|summary| &summary.layers);
        layers.any(|layer| layer.state == LayerState::Cancelled)
    }
}

/// Something that has happened in the reading.
pub enum Update {
    /// The start, with so many images.
    Start(usize),
    /// The state of an image.
    Summary(ImageId, Box<Summary>),
    /// A layer could not be fetched.
    Failed(Reference, Rc<Error>),
    /// A new try of what failed.
    Resumed,
    /// The worker ended.
    Broken,
}

impl Reducible for Reading {
    type Action = Update;

    fn reduce(self: Rc<Self>, update: Update) -> Rc<Self> {
        let mut next = Rc::unwrap_or_clone(self);
        match update {
            Update::Start(count) => next = Self { images: vec![Rc::default(); count], ..Self::default() },
            Update::Summary(image, summary) => {
                if let Some(known) = next.images.get_mut(image as usize) {
                    *known = Rc::new(*summary);
                }
            }
            Update::Failed(layer, error) => next.failures.push((layer, error)),
            Update::Resumed => next.failures.clear(),
            Update::Broken => next.is_broken = true,
        }
        Rc::new(next)
    }
}

/// Access to the files of images that are being read.
#[derive(Clone)]
pub struct Files(Rc<Inner>);

struct Inner {
    worker: RefCell<Option<FilesWorker>>,
    registries: Rc<Registries>,
    images: Vec<ImageSource>,
    fetching: Fetching,
    questions: Questions,
    next_query: Cell<QueryId>,
    update: UseReducerDispatcher<Reading>,
}

impl PartialEq for Files {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Files {
    fn start(
        images: &[ImageSource],
        registries: Rc<Registries>,
        update: UseReducerDispatcher<Reading>,
    ) -> Self {
        let files = Self(Rc::new(Inner {
            worker: RefCell::default(),
            registries,
            images: images.to_vec(),
            fetching: Fetching::default(),
            questions: Questions::default(),
            next_query: Cell::new(1),
            update,
        }));
        files.0.update.dispatch(Update::Start(images.len()));
        let (told, ended) = (Rc::downgrade(&files.0), Rc::downgrade(&files.0));
        let worker = FilesWorker::start(
            move |response, blob| {
                if let Some(inner) = told.upgrade() {
                    Self(inner).take(response, blob);
                }
            },
            move || {
                if let Some(inner) = ended.upgrade() {
                    inner.update.dispatch(Update::Broken);
                    inner.questions.forget();
                }
            },
        );
        if worker.is_none() {
            files.0.update.dispatch(Update::Broken);
        }
        *files.0.worker.borrow_mut() = worker;
        let digests = images.len() > 1;
        let all = images.iter().flat_map(|image| &image.layers);
        let sizes: HashMap<&Digest, u64> =
            all.map(|layer| (&layer.descriptor.digest, layer.descriptor.size)).collect();
        let holds = sizes.values().fold(0, |sum: u64, size| sum.saturating_add(*size)) > HELD_FROM;
        for (number, image) in images.iter().enumerate() {
            let layers = image.layers.iter().map(|layer| layer_source(image, layer)).collect();
            let (image_id, os) = (number as u32, image.os.clone());
            files.send(&Request::Open { image: image_id, os, layers, digests, holds });
        }
        files
    }

    /// Ends the reading. What was read stays.
    pub fn cancel(&self) {
        for image in 0..self.0.images.len() as u32 {
            self.send(&Request::Cancel { image });
        }
    }

    /// Reads the layers that wait for somebody to ask.
    pub fn read_held(&self) {
        for image in 0..self.0.images.len() as u32 {
            self.send(&Request::Read { image, layers: Vec::new() });
        }
    }

    /// Reads a layer of the first image, if it waits for somebody to ask.
    pub fn read_layer(&self, layer: u32) {
        self.send(&Request::Read { image: 0, layers: vec![layer] });
    }

    /// Goes on with what failed or was cancelled, and asks again for what does not come.
    pub fn resume(&self) {
        self.0.fetching.ask_again();
        self.0.update.dispatch(Update::Resumed);
        for image in 0..self.0.images.len() as u32 {
            self.send(&Request::Resume { image });
        }
    }

    /// Ends the worker and all that it asked for.
    fn end(&self) {
        self.0.fetching.stop_all();
        self.0.questions.forget();
        self.0.worker.take();
    }

    fn send(&self, request: &Request) {
        if let Some(worker) = &*self.0.worker.borrow() {
            worker.send(request);
        }
    }

    fn take(&self, response: Response, blob: Option<Blob>) {
        match response {
            Response::Fetch { job, image, layer, range } => self.fetch(job, image, layer, range),
            Response::Taken { job, bytes } => self.0.fetching.taken(job, bytes),
            Response::Stop { job } => self.0.fetching.stop(job),
            Response::Summary { image, summary } => {
                self.0.update.dispatch(Update::Summary(image, summary));
            }
            response => self.0.questions.answer(response, blob),
        }
    }
}

fn layer_source(image: &ImageSource, layer: &ImageLayer) -> LayerSource {
    LayerSource {
        place: image.reference.name(),
        digest: layer.descriptor.digest.to_string(),
        size: layer.descriptor.size,
        diff_id: layer.diff_id.as_ref().map(ToString::to_string),
        media_type: layer.descriptor.media_type.to_string(),
        annotations: layer.descriptor.annotations.clone(),
    }
}

/// Reads the files of `images`, and of two what differs, for as long as the component stands. Returns access to them once the
/// worker has been started.
#[hook]
pub fn use_files(images: &Rc<Vec<ImageSource>>) -> (Option<Files>, Rc<Reading>) {
    let registries = use_registries();
    let changes = use_changes_of(images);
    let reading = use_reducer(Reading::default);
    let files = use_state_eq(|| None::<Files>);
    {
        let (files, update) = (files.setter(), reading.dispatcher());
        use_effect_with(Rc::clone(images), move |images| {
            let started = Files::start(images, registries, update);
            files.set(Some(started.clone()));
            move || started.end()
        });
    }
    {
        // A sign-in or "try now" starts waiting layers again.
        let files = files.clone();
        let begun = use_mut_ref(|| changes);
        use_effect_with(changes, move |changes| {
            if begun.replace(*changes) != *changes
                && let Some(files) = &*files
            {
                files.resume();
            }
        });
    }
    let reading: Rc<Reading> = Rc::new((*reading).clone());
    ((*files).clone(), reading)
}

/// Returns what changed about the registries of `images` so far.
#[hook]
pub fn use_changes_of(images: &[ImageSource]) -> (Changes, Changes) {
    let host = |image: Option<&ImageSource>| image.map(|image| image.reference.registry().to_string());
    let of = [host(images.first()), host(images.last())].map(Option::unwrap_or_default);
    (use_changes(&of[0]), use_changes(&of[1]))
}
