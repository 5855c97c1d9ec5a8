//! The worker without the browser around it: messages in, effects out.

mod files;
mod jobs;
mod layers;
mod rows;
mod trees;

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use bytes::Bytes;
use tallyman_layers::{Error, LayerIndex, Naming, TableOfContents};

use crate::{
    content::Document,
    image::{Built, fault},
    job::{FilePart, Job},
    messages::{Fault, ImageId, JobId, LayerSource, LayerState, QueryId, Request, Response, Summary},
};
use files::Opening;
use rows::LastView;

/// Milliseconds between two messages about progress.
const PROGRESS: f64 = 100.0;

/// Something that a session wants done.
#[derive(Debug)]
pub enum Effect {
    /// Sends a message to the page.
    Post(Response),
    /// Reads the bytes of a layer: kept ones, else those that the page fetches.
    Read {
        /// The layer that is being read.
        job: JobId,
        /// The layer.
        source: LayerSource,
        /// The image.
        image: ImageId,
        /// The number of the layer.
        layer: u32,
        /// The bytes that are wanted, if not all.
        range: Option<(u64, u64)>,
    },
    /// A layer is read no longer.
    Ended {
        /// The layer that was read.
        job: JobId,
        /// All of it was read, and is what its descriptor says.
        is_whole: bool,
    },
    /// The next part of a file that is saved.
    Part {
        /// The question that asked for it.
        query: QueryId,
        /// The part.
        part: FilePart,
    },
    /// A file is saved no longer, or from its beginning again: the parts so far are not needed.
    NotSaved {
        /// The question that asked for it.
        query: QueryId,
    },
    /// All parts of a file that is saved have come.
    Saved {
        /// The question that asked for it.
        query: QueryId,
    },
}

/// A layer by what its bytes are, compressed and decompressed: images that share it share its entries.
type LayerKey = (String, Option<String>);

/// A layer, of however many images.
struct Layer {
    source: LayerSource,
    state: LayerState,
    index: Option<Rc<LayerIndex>>,
    /// The table of contents that the entries are from, if it was read alone.
    contents: Option<Box<TableOfContents>>,
    taken: u64,
    is_kept: bool,
    job: Option<JobId>,
}

struct Image {
    naming: Naming,
    layers: Vec<LayerKey>,
    digests: bool,
    is_cancelled: bool,
    built: Option<Rc<Built>>,
    summary: Summary,
    /// Entries have come that are not in the tree.
    is_stale: bool,
    /// Bytes have come that the page was not told of.
    has_news: bool,
    /// The entries that were in the tree.
    entries: usize,
    told: f64,
    made: f64,
    cost: f64,
}

/// A job with what it is for.
struct Running {
    job: Job,
    key: LayerKey,
    /// The image that the page is asked for.
    image: ImageId,
    /// The number of the layer in it.
    layer: u32,
    /// The question, and the side, that a file is read for.
    file: Option<(QueryId, usize)>,
}

/// A session of the worker.
#[derive(Default)]
pub struct Session {
    layers: HashMap<LayerKey, Layer>,
    images: BTreeMap<ImageId, Image>,
    jobs: BTreeMap<JobId, Running>,
    next_job: JobId,
    opening: BTreeMap<QueryId, Opening>,
    open: BTreeMap<QueryId, Document>,
    last: Option<LastView>,
    effects: Vec<Effect>,
}

impl Session {
    /// Takes a message, with the bytes beside it. `now` is the time in milliseconds.
    pub fn take(&mut self, request: Request, bytes: Option<Bytes>, now: f64) -> Vec<Effect> {
        match request {
            Request::Open { image, os, layers, digests, holds } => {
                self.open_image(image, Naming::of(&os), layers, digests, holds);
            }
            Request::Read { image, layers } => self.read_held(image, &layers),
            Request::Resume { image } => self.resume(image),
            Request::Cancel { image } => self.cancel(image),
            Request::Piece { job } => self.piece(job, bytes.unwrap_or_default(), now),
            Request::End { job } => self.end(job),
            Request::NoRanges { job } => self.read_whole(job),
            Request::Failed { job, reason } => {
                self.fail(job, LayerState::NotFetched, fault("not-fetched", reason));
            }
            Request::Elsewhere { job, urls } => self.refused(job, &Error::Elsewhere { urls }),
            Request::Rows { query, of, view, first, count } => self.rows(query, of, view, first, count),
            Request::File { query, of, path, layer } => self.open_file(query, of, &path, layer),
            Request::Save { query, image, path, layer } => self.save(query, image, &path, layer),
            Request::Lines { query, file, first, count } => {
                let lines = self.open.get(&file).map(|document| document.lines(first, count));
                let lines = lines.unwrap_or_default();
                self.post(Response::Lines { query, first, lines });
            }
            Request::Close { file } => self.close(file),
        }
        self.start_waiting();
        self.refresh(now);
        std::mem::take(&mut self.effects)
    }

    /// Says that the bytes of a layer were kept in this browser.
    pub fn is_kept(&mut self, job: JobId) {
        let Some(running) = self.jobs.get_mut(&job) else { return };
        running.job.is_kept = true;
        if let Some(layer) = self.layers.get_mut(&running.key).filter(|_| running.file.is_none()) {
            layer.is_kept = true;
        }
    }

    /// Returns `true` as long as the bytes of a layer are wanted.
    pub fn wants(&self, job: JobId) -> bool {
        self.jobs.contains_key(&job)
    }

    /// Makes trees anew of what has come, where it is time. Returns `true` if there is more than the trees have.
    pub fn tick(&mut self, now: f64) -> (Vec<Effect>, bool) {
        self.refresh(now);
        let is_stale = self.images.values().any(|image| image.is_stale || image.has_news);
        (std::mem::take(&mut self.effects), is_stale)
    }

    /// Tells how long making the last trees took.
    pub fn took(&mut self, milliseconds: f64) {
        for image in self.images.values_mut() {
            image.cost = image.cost.max(milliseconds);
        }
    }

    fn post(&mut self, response: Response) {
        self.effects.push(Effect::Post(response));
    }

    fn refuse(&mut self, query: QueryId, fault: Fault) {
        self.post(Response::NoAnswer { query, fault });
    }
}
