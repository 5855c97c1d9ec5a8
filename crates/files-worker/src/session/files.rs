//! Files that are opened or saved.

use super::{Effect, PROGRESS, Session};
use crate::{
    content,
    image::fault,
    job::{FilePart, FileReading, Job, Outcome, Purpose},
    messages::{Content, Fault, ImageId, JobId, OpenedFile, QueryId, Response, Subject},
    path_text,
    visible::owner,
};

/// A file that is being opened, or two whose difference is.
pub(super) struct Opening {
    parts: Vec<Part>,
    told: f64,
    pub(super) is_saved: bool,
}

struct Part {
    job: JobId,
    opened: OpenedFile,
    bytes: Option<Vec<u8>>,
}

impl Session {
    pub(super) fn file_progress(&mut self, query: QueryId, job: JobId, now: f64) {
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

    pub(super) fn open_file(&mut self, query: QueryId, of: Subject, path: &str, layer: Option<u32>) {
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

    pub(super) fn save(&mut self, query: QueryId, image: ImageId, path: &str, layer: Option<u32>) {
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
        let ((layer, number), found) = built.find(&path_text::to_path(path), layer)?;
        let entry = built.entry(layer, number).ok_or_else(missing)?;
        let key =
            self.images.get(&image).and_then(|image| image.layers.get(layer)).cloned().ok_or_else(missing)?;
        let known = self.layers.get(&key).ok_or_else(missing)?;
        let opened = OpenedFile {
            path: path_text::to_text(found.as_bytes()),
            layer: layer as u32,
            size: entry.size,
            mode: entry.mode_text(),
            owner: owner(&entry),
            mtime: entry.mtime,
            digest: None,
            shown: 0,
            content: Content::Binary,
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
    pub(super) fn ended(&mut self, file: Option<(QueryId, usize)>, outcome: Outcome) {
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

    pub(super) fn close(&mut self, file: QueryId) {
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
