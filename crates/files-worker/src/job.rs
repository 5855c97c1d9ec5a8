//! The reading of one layer, for its entries or for one file of it.

use bytes::Bytes;
use tallyman_core::{Algorithm, Digest, Hasher};
use tallyman_layers::{Error, Event, Expected, LayerIndex, LayerReader, Limits};

use crate::{
    content::SHOWN_MAX,
    image::fault,
    messages::{Fault, LayerSource},
};

/// The zeros of a hole that are given at once.
const ZEROS: &[u8] = &[0; 64 * 1024];

/// The reading of one layer.
pub struct Job {
    reader: LayerReader,
    pub purpose: Purpose,
    /// The compressed bytes that were read.
    pub taken: u64,
    /// The bytes were kept in this browser, and compared with their digest when they were.
    pub is_kept: bool,
}

/// The thing that a layer is read for.
pub enum Purpose {
    /// Its entries.
    Index(LayerIndex),
    /// The content of one file.
    File(FileReading),
}

/// The content of a file that is being read.
pub struct FileReading {
    /// The number of its entry.
    entry: usize,
    /// The number of the next entry.
    next: usize,
    size: u64,
    given: u64,
    hasher: Option<Hasher>,
    /// The content is wanted whole and in pieces; else its beginning.
    is_saved: bool,
    /// Bytes that have not been taken.
    pub bytes: Vec<u8>,
    state: FileState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FileState {
    Before,
    Inside,
    Done,
}

/// The end of a job.
pub enum Outcome {
    /// The entries of a layer.
    Index(Box<LayerIndex>),
    /// The content of a file: its bytes that have not been taken, the number of all, and the digest.
    File(Vec<u8>, Option<Digest>),
}

impl Job {
    /// The reading of a layer.
    ///
    /// # Errors
    /// A digest that is none.
    pub fn new(source: &LayerSource, purpose: Purpose) -> Result<Self, Fault> {
        let parse =
            |text: &String| text.parse::<Digest>().map_err(|error| fault("layer-invalid", error.to_string()));
        let expected = Expected {
            size: Some(source.size),
            digest: Some(parse(&source.digest)?),
            diff_id: source.diff_id.as_ref().map(parse).transpose()?,
        };
        let reader = LayerReader::expecting(Limits::default(), expected);
        Ok(Self { reader, purpose, taken: 0, is_kept: false })
    }

    /// Takes in the next bytes. Returns `true` if no more are needed.
    ///
    /// # Errors
    /// The errors of the layer.
    pub fn push(&mut self, bytes: Bytes) -> Result<bool, Error> {
        self.taken += bytes.len() as u64;
        self.reader.push(bytes)?;
        while let Some(event) = self.reader.next()? {
            match &mut self.purpose {
                Purpose::Index(index) => index.event(event),
                Purpose::File(file) => file.event(event),
            }
        }
        // What was not kept is compared with its digest, which takes all of it.
        Ok(self.is_kept && matches!(&self.purpose, Purpose::File(file) if file.state == FileState::Done))
    }

    /// Ends the layer.
    ///
    /// # Errors
    /// The errors of the layer.
    pub fn finish(self) -> Result<Outcome, Error> {
        self.reader.finish()?;
        Ok(Self::outcome(self.purpose))
    }

    /// Ends before the layer does.
    pub fn stop(self) -> Outcome {
        Self::outcome(self.purpose)
    }

    fn outcome(purpose: Purpose) -> Outcome {
        match purpose {
            Purpose::Index(mut index) => {
                index.finish();
                Outcome::Index(Box::new(index))
            }
            Purpose::File(mut file) => {
                file.end();
                Outcome::File(file.bytes, file.hasher.map(Hasher::finish))
            }
        }
    }
}

impl FileReading {
    /// The content of the file whose entry has this number: its beginning, or all of it in pieces.
    pub fn new(entry: usize, is_saved: bool) -> Self {
        let hasher = Some(Hasher::new(Algorithm::Sha256));
        let state = FileState::Before;
        Self { entry, next: 0, size: 0, given: 0, hasher, is_saved, bytes: Vec::new(), state }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Entry(entry) => {
                self.end();
                if self.next == self.entry {
                    (self.state, self.size) = (FileState::Inside, entry.size);
                    if !self.is_saved && entry.size > SHOWN_MAX {
                        self.hasher = None;
                    }
                }
                self.next += 1;
            }
            Event::Content { offset, bytes } if self.state == FileState::Inside => {
                self.zeros(offset);
                self.give(bytes);
            }
            Event::Content { .. } => {}
        }
    }

    /// Ends the entry before.
    fn end(&mut self) {
        if self.state == FileState::Inside {
            self.zeros(self.size);
            self.state = FileState::Done;
        }
    }

    fn zeros(&mut self, until: u64) {
        while self.given < until && self.state == FileState::Inside {
            let count = usize::try_from(until - self.given).unwrap_or(usize::MAX).min(ZEROS.len());
            self.give(&ZEROS[..count]);
        }
    }

    fn give(&mut self, bytes: &[u8]) {
        self.given += bytes.len() as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        if self.is_saved {
            self.bytes.extend_from_slice(bytes);
            return;
        }
        let room = usize::try_from(SHOWN_MAX).unwrap_or(usize::MAX).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if self.bytes.len() as u64 == SHOWN_MAX {
            self.state = FileState::Done;
        }
    }
}
