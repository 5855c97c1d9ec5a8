//! The layers that are being read: their bytes as they come.

use std::rc::Rc;

use bytes::Bytes;
use tallyman_layers::Error;

use super::{Effect, LayerKey, Running, Session};
use crate::{
    job::{Ended, Job, Outcome},
    messages::{Fault, ImageId, JobId, LayerState, QueryId, Response},
};

impl Session {
    pub(super) fn start(
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
    pub(super) fn read_whole(&mut self, number: JobId) {
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
    pub(super) fn stop(&mut self, job: JobId) -> Option<Running> {
        let running = self.jobs.remove(&job)?;
        self.post(Response::Stop { job });
        self.effects.push(Effect::Ended { job, is_whole: false });
        Some(running)
    }

    pub(super) fn piece(&mut self, job: JobId, bytes: Bytes, now: f64) {
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

    pub(super) fn end(&mut self, job: JobId) {
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

    pub(super) fn refused(&mut self, job: JobId, error: &Error) {
        let Some(layer) = self.jobs.get(&job).map(|running| running.layer) else { return };
        let fault = fault_of(layer, error);
        self.post(Response::Stop { job });
        self.fail(job, LayerState::Refused(fault.clone()), fault);
    }

    pub(super) fn fail(&mut self, job: JobId, state: LayerState, fault: Fault) {
        let Some(running) = self.jobs.remove(&job) else { return };
        self.effects.push(Effect::Ended { job, is_whole: false });
        let fault = Fault { layer: Some(running.layer), ..fault };
        self.layer_failed(&running.key, running.file, state, fault);
    }
}

fn fault_of(layer: u32, error: &Error) -> Fault {
    Fault { code: error.code().to_owned(), reason: error.to_string(), layer: Some(layer) }
}
