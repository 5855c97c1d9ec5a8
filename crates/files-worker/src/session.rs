//! The worker without the browser around it: messages in, effects out.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use bytes::Bytes;
use tallyman_layers::{Error, LayerIndex, Naming, TableOfContents};

use crate::{
    content::{self, Document},
    image::{Both, Built, fault},
    job::{Ended, FilePart, FileReading, Job, Outcome, Purpose},
    listing::Listing,
    messages::{
        Fault, ImageId, JobId, LayerSource, LayerState, OpenedFile, QueryId, Request, Response, Subject,
        Summary, View,
    },
    path_text,
    visible::{Visible, owner},
};

/// The layers that are read for their entries at the same time.
const PARALLEL_LAYERS: usize = 3;
/// Milliseconds between two trees of layers that are still being read.
const REFRESH: f64 = 150.0;
/// A tree is made anew after so many times the time that the last one took.
const REFRESH_SHARE: f64 = 8.0;
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

/// A file that is being opened, or two whose difference is.
struct Opening {
    parts: Vec<Part>,
    told: f64,
    is_saved: bool,
}

struct Part {
    job: JobId,
    opened: OpenedFile,
    bytes: Option<Vec<u8>>,
}

/// The rows that were asked for last.
struct LastView {
    of: Subject,
    view: View,
    generations: (u32, u32),
    listing: Rc<Listing>,
    visible: Visible,
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

    fn open_image(
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

    fn read_held(&mut self, image: ImageId, layers: &[u32]) {
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

    fn resume(&mut self, image: ImageId) {
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

    fn cancel(&mut self, number: ImageId) {
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
            // What a layer has as far as it was read is shown on.
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
    fn start_waiting(&mut self) {
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

    fn start(
        &mut self,
        job: Job,
        key: LayerKey,
        image: ImageId,
        layer: u32,
        file: Option<(QueryId, usize)>,
    ) -> JobId {
        let number = self.next_job;
        self.next_job += 1;
        self.go_on(number, Running { job, key, image, layer, file });
        number
    }

    /// Asks for the bytes that a job needs.
    fn go_on(&mut self, number: JobId, running: Running) {
        if let Some(source) = self.layers.get(&running.key).map(|layer| layer.source.clone()) {
            let range = running.job.range().map(|range| (range.start, range.end));
            let (image, layer) = (running.image, running.layer);
            self.effects.push(Effect::Read { job: number, source, image, layer, range });
        }
        self.jobs.insert(number, running);
    }

    /// Reads the whole layer for a job whose part of it does not come.
    fn read_whole(&mut self, number: JobId) {
        let Some(running) = self.jobs.remove(&number) else { return };
        let Some(source) = self.layers.get(&running.key).map(|layer| layer.source.clone()) else { return };
        let (key, image, layer, file) = (running.key, running.image, running.layer, running.file);
        if let Some((query, _)) = file
            && self.opening.get(&query).is_some_and(|opening| opening.is_saved)
        {
            // The file begins anew.
            self.effects.push(Effect::NotSaved { query });
        }
        match running.job.into_whole(&source) {
            Ok(job) => self.go_on(number, Running { job, key, image, layer, file }),
            Err(fault) => self.layer_failed(&key, file, LayerState::Refused(fault.clone()), fault),
        }
    }

    /// Ends a job before its layer ends.
    fn stop(&mut self, job: JobId) -> Option<Running> {
        let running = self.jobs.remove(&job)?;
        self.post(Response::Stop { job });
        self.effects.push(Effect::Ended { job, is_whole: false });
        Some(running)
    }

    fn piece(&mut self, job: JobId, bytes: Bytes, now: f64) {
        // It may have been ended while its bytes were under way.
        let Some(running) = self.jobs.get_mut(&job) else { return };
        let count = bytes.len() as u32;
        let read = running.job.push(bytes);
        let taken = running.job.taken;
        match read {
            Ok(is_enough) => {
                let file = running.file;
                self.effects.push(Effect::Post(Response::Taken { job, bytes: count }));
                match file {
                    Some((query, _)) => self.file_progress(query, job, now),
                    None => self.index_progress(job, taken),
                }
                if is_enough && let Some(running) = self.stop(job) {
                    self.ended(running.file, running.job.stop());
                }
            }
            Err(error) => self.refused(job, &error),
        }
    }

    fn index_progress(&mut self, job: JobId, taken: u64) {
        let Some(key) = self.jobs.get(&job).map(|running| running.key.clone()) else { return };
        if let Some(layer) = self.layers.get_mut(&key) {
            layer.taken = taken;
        }
        for image in self.images.values_mut().filter(|image| image.layers.contains(&key)) {
            (image.is_stale, image.has_news) = (true, true);
        }
    }

    fn file_progress(&mut self, query: QueryId, job: JobId, now: f64) {
        let Some(running) = self.jobs.get_mut(&job) else { return };
        let done = running.job.taken;
        let whole = || self.layers.get(&running.key).map_or(0, |layer| layer.source.size);
        let of = running.job.range().map_or_else(whole, |range| range.end - range.start);
        let Some(opening) = self.opening.get_mut(&query) else { return };
        if opening.is_saved
            && let Purpose::File(file) = &mut running.job.purpose
        {
            self.effects.extend(file.parts.drain(..).map(|part| Effect::Part { query, part }));
        }
        if now - opening.told >= PROGRESS {
            opening.told = now;
            self.effects.push(Effect::Post(Response::Progress { query, done, of }));
        }
    }

    fn end(&mut self, job: JobId) {
        let Some(running) = self.jobs.remove(&job) else { return };
        let (key, image, layer, file) = (running.key, running.image, running.layer, running.file);
        let Some(source) = self.layers.get(&key).map(|layer| layer.source.clone()) else { return };
        let digests = self.images.get(&image).is_some_and(|image| image.digests);
        let is_whole = running.job.range().is_none();
        match running.job.finish(&source, digests) {
            Ok(Ended::Next(next)) => self.go_on(job, Running { job: *next, key, image, layer, file }),
            Ok(Ended::Outcome(outcome)) => {
                self.effects.push(Effect::Ended { job, is_whole });
                match outcome {
                    Outcome::Index(index) => self.layer_read(&key, Rc::from(index), None),
                    Outcome::Contents(contents) => {
                        self.layer_read(&key, Rc::new(contents.index().clone()), Some(contents));
                    }
                    outcome @ Outcome::File(..) => self.ended(file, outcome),
                }
            }
            Err(error) => {
                self.effects.push(Effect::Ended { job, is_whole: false });
                self.layer_failed(
                    &key,
                    file,
                    LayerState::Refused(fault_of(layer, &error)),
                    fault_of(layer, &error),
                );
            }
        }
    }

    /// The entries of a layer are here.
    fn layer_read(&mut self, key: &LayerKey, index: Rc<LayerIndex>, contents: Option<Box<TableOfContents>>) {
        if let Some(layer) = self.layers.get_mut(key) {
            layer.contents = contents;
            layer.index = Some(index);
            (layer.state, layer.job, layer.taken) = (LayerState::Done, None, layer.source.size);
        }
        self.layer_ended(key);
    }

    fn refused(&mut self, job: JobId, error: &Error) {
        let Some(layer) = self.jobs.get(&job).map(|running| running.layer) else { return };
        let fault = fault_of(layer, error);
        self.post(Response::Stop { job });
        self.fail(job, LayerState::Refused(fault.clone()), fault);
    }

    fn fail(&mut self, job: JobId, state: LayerState, fault: Fault) {
        let Some(running) = self.jobs.remove(&job) else { return };
        self.effects.push(Effect::Ended { job, is_whole: false });
        let fault = Fault { layer: Some(running.layer), ..fault };
        self.layer_failed(&running.key, running.file, state, fault);
    }

    fn layer_failed(
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

    fn refresh(&mut self, now: f64) {
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
    fn build(&mut self, number: ImageId, partial: &HashMap<LayerKey, Rc<LayerIndex>>) {
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

    fn rows(&mut self, query: QueryId, of: Subject, view: View, first: u32, count: u32) {
        let Some(generations) = self.generations(of) else {
            return self.post(Response::Rows { query, total: 0, matches: None, first: 0, rows: Vec::new() });
        };
        let is_known = self
            .last
            .as_ref()
            .is_some_and(|last| (last.of, last.generations) == (of, generations) && last.view == view);
        if !is_known {
            // A listing of differences is the same whatever is searched in it.
            let last = self.last.take().filter(|last| (last.of, last.generations) == (of, generations));
            let listing = match (of, last) {
                (Subject::Differences(..), Some(last)) => last.listing,
                (Subject::Differences(left, right), None) => match self.differences(left, right) {
                    Some(listing) => Rc::new(listing),
                    None => return,
                },
                (Subject::Image(image), _) => match self.built(image) {
                    Some(built) => built.listing(view.layer),
                    None => return,
                },
            };
            let Some(visible) = self.with_entries(of, |entries| match entries {
                Side::One(built) => Visible::of(&listing, &view, built),
                Side::Both(both) => Visible::of(&listing, &view, both),
            }) else {
                return;
            };
            self.last = Some(LastView { of, view, generations, listing, visible });
        }
        let Some(last) = &self.last else { return };
        let (from, count) = (first as usize, count as usize);
        let rows = self.with_entries(of, |entries| match entries {
            Side::One(built) => last.visible.rows(&last.listing, built, from, count),
            Side::Both(both) => last.visible.rows(&last.listing, both, from, count),
        });
        let (total, matches) = (last.visible.len() as u32, last.visible.matches);
        self.post(Response::Rows { query, total, matches, first, rows: rows.unwrap_or_default() });
    }

    fn built(&self, image: ImageId) -> Option<Rc<Built>> {
        self.images.get(&image)?.built.clone()
    }

    fn generations(&self, of: Subject) -> Option<(u32, u32)> {
        let of_image =
            |number| Some(self.images.get(&number).filter(|image| image.built.is_some())?.summary.generation);
        match of {
            Subject::Image(image) => Some((of_image(image)?, 0)),
            Subject::Differences(left, right) => Some((of_image(left)?, of_image(right)?)),
        }
    }

    fn differences(&self, left: ImageId, right: ImageId) -> Option<Listing> {
        let (one, other) = (self.built(left)?, self.built(right)?);
        let (left, right) = (&self.images.get(&left)?.layers, &self.images.get(&right)?.layers);
        Some(Built::differences(&one, &other, |a, b| {
            left.get(a).is_some_and(|key| right.get(b) == Some(key))
        }))
    }

    fn with_entries<T>(&self, of: Subject, then: impl FnOnce(Side<'_>) -> T) -> Option<T> {
        match of {
            Subject::Image(image) => Some(then(Side::One(&*self.built(image)?))),
            Subject::Differences(left, right) => {
                let (left, right) = (self.built(left)?, self.built(right)?);
                Some(then(Side::Both(&Both(&left, &right))))
            }
        }
    }

    fn open_file(&mut self, query: QueryId, of: Subject, path: &str, layer: Option<u32>) {
        let sides = match of {
            Subject::Image(image) => vec![image],
            Subject::Differences(left, right) => vec![left, right],
        };
        let mut parts = Vec::new();
        let mut first_fault = None;
        for image in sides {
            match self.read_file(query, parts.len(), image, path, layer, false) {
                Ok(part) => parts.push(part),
                Err(fault) => first_fault = first_fault.or(Some(fault)),
            }
        }
        match first_fault.filter(|_| parts.is_empty()) {
            Some(fault) => self.refuse(query, fault),
            None => {
                self.opening.insert(query, Opening { parts, told: f64::NEG_INFINITY, is_saved: false });
            }
        }
    }

    fn save(&mut self, query: QueryId, image: ImageId, path: &str, layer: Option<u32>) {
        match self.read_file(query, 0, image, path, layer, true) {
            Ok(part) => {
                let opening = Opening { parts: vec![part], told: f64::NEG_INFINITY, is_saved: true };
                self.opening.insert(query, opening);
            }
            Err(fault) => self.refuse(query, fault),
        }
    }

    /// Begins to read a file.
    fn read_file(
        &mut self,
        query: QueryId,
        side: usize,
        image: ImageId,
        path: &str,
        layer: Option<u32>,
        is_saved: bool,
    ) -> Result<Part, Fault> {
        let missing = || fault("no-such-file", format!("the image has no file {path}"));
        let built = self.built(image).ok_or_else(missing)?;
        let (layer, number) = built.find(&path_text::to_path(path), layer)?;
        let entry = built.entry(layer, number).ok_or_else(missing)?;
        let key =
            self.images.get(&image).and_then(|image| image.layers.get(layer)).cloned().ok_or_else(missing)?;
        let known = self.layers.get(&key).ok_or_else(missing)?;
        let opened = OpenedFile {
            path: path_text::to_text(entry.path.as_bytes()),
            layer: layer as u32,
            size: entry.size,
            mode: entry.mode_text(),
            owner: owner(entry),
            mtime: entry.mtime,
            digest: None,
            shown: 0,
            content: crate::messages::Content::Binary,
        };
        let job = match &known.contents {
            None => Job::whole(&known.source, Purpose::File(FileReading::new(number, is_saved)))?,
            Some(contents) => {
                let file = FileReading::at(entry.path.clone(), is_saved);
                match contents.file(number) {
                    Some(content) => Job::of_file(content, file, entry.size),
                    None => Job::whole(&known.source, Purpose::File(file))?,
                }
            }
        };
        let job = self.start(job, key, image, layer as u32, Some((query, side)));
        Ok(Part { job, opened, bytes: None })
    }

    /// A file was read.
    fn ended(&mut self, file: Option<(QueryId, usize)>, outcome: Outcome) {
        let (Some((query, side)), Outcome::File(parts, digest)) = (file, outcome) else { return };
        let Some(opening) = self.opening.get_mut(&query) else { return };
        if opening.is_saved {
            self.opening.remove(&query);
            self.effects.extend(parts.into_iter().map(|part| Effect::Part { query, part }));
            return self.effects.push(Effect::Saved { query });
        }
        // One that is shown comes as bytes alone, of which there are few.
        let bytes = match parts.into_iter().next() {
            Some(FilePart::Bytes(bytes)) => bytes,
            _ => Vec::new(),
        };
        if let Some(part) = opening.parts.get_mut(side) {
            part.opened.digest = digest.map(|digest| digest.to_string());
            part.opened.shown = bytes.len() as u64;
            part.bytes = Some(bytes);
        }
        if opening.parts.iter().any(|part| part.bytes.is_none()) {
            return;
        }
        let Some(opening) = self.opening.remove(&query) else { return };
        let mut parts = opening.parts.into_iter();
        let (Some(first), second) = (parts.next(), parts.next()) else { return };
        let mut opened = first.opened;
        let bytes = first.bytes.unwrap_or_default();
        let (content, document) = match second {
            Some(second) => {
                opened = second.opened;
                content::of_difference(bytes, second.bytes.unwrap_or_default())
            }
            None => content::of_file(bytes, opened.shown == opened.size),
        };
        opened.content = content;
        self.open.insert(query, document);
        self.post(Response::Opened { query, file: Box::new(opened) });
    }

    fn close(&mut self, file: QueryId) {
        self.open.remove(&file);
        let Some(opening) = self.opening.remove(&file) else { return };
        if opening.is_saved {
            self.effects.push(Effect::NotSaved { query: file });
        }
        for part in opening.parts {
            self.stop(part.job);
        }
    }
}

/// The entries of one image or of two.
enum Side<'a> {
    One(&'a Built),
    Both(&'a Both<'a>),
}

fn fault_of(layer: u32, error: &Error) -> Fault {
    Fault { code: error.code().to_owned(), reason: error.to_string(), layer: Some(layer) }
}
