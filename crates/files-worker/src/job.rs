//! The reading of one layer or of parts of it, for its entries or for one file of it.

use std::ops::Range;

use bytes::Bytes;
use tallyman_core::{Algorithm, Digest, Hasher};
use tallyman_layers::{
    ContentsReader, ContentsStep, Entry, EntryKind, Error, Event, Expected, FileContent, LayerIndex,
    LayerPath, LayerReader, Limits, TableOfContents, check_media_type, zeros,
};

use crate::{
    content::SHOWN_MAX,
    image::fault,
    messages::{Fault, LayerSource},
};

/// The reading of one layer.
pub struct Job {
    reading: Reading,
    pub purpose: Purpose,
    /// The compressed bytes that were read.
    pub taken: u64,
    /// The bytes were kept in this browser, and compared with their digest when they were.
    pub is_kept: bool,
}

/// The part of a layer that is read.
enum Reading {
    /// All of it.
    Whole(Box<LayerReader>),
    /// Its table of contents, with the bytes that came of what is needed next.
    Contents(ContentsReader, Vec<u8>),
    /// The bytes that have one file.
    File(Box<FileContent>),
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
    entry: WantedEntry,
    /// The number of the next entry.
    next: usize,
    size: u64,
    given: u64,
    hasher: Option<Hasher>,
    /// The content is wanted whole and in pieces; else its beginning.
    is_saved: bool,
    /// The parts that have not been taken.
    pub parts: Vec<FilePart>,
    state: FileState,
}

/// A part of a file's content.
#[derive(Debug)]
pub enum FilePart {
    /// Data.
    Bytes(Vec<u8>),
    /// A hole of a sparse file that is saved, of so many zeros: there may be more than memory has room for.
    Zeros(u64),
}

/// The entry of a file.
#[derive(Clone)]
enum WantedEntry {
    /// The one of this number.
    Number(usize),
    /// The first file of this path: numbers in a table of contents may be others than in the layer.
    Path(LayerPath),
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
    /// The entries of a layer by its table of contents.
    Contents(Box<TableOfContents>),
    /// The content of a file that has not been taken, and the digest of one that is shown whole.
    File(Vec<FilePart>, Option<Digest>),
}

/// The outcome of the end of the bytes that a job asked for.
pub enum Ended {
    /// The job is done.
    Outcome(Outcome),
    /// A job that needs other bytes, which [`Job::range`] tells.
    Next(Box<Job>),
}

impl Job {
    /// The reading of a layer for its entries: by its table of contents if it has one that the digests of its files stand in,
    /// should they be wanted.
    ///
    /// # Errors
    /// A digest that is none.
    pub fn of_entries(source: &LayerSource, index: LayerIndex) -> Result<Self, Fault> {
        let contents = ContentsReader::of(&source.annotations, source.size, Limits::default());
        let job = Self::whole(source, Purpose::Index(index))?;
        Ok(match contents {
            Some(reader) => Self { reading: Reading::Contents(reader, Vec::new()), ..job },
            None => job,
        })
    }

    /// The reading of a whole layer.
    ///
    /// # Errors
    /// A digest that is none, and a media type that is not one of layers that can be read.
    pub fn whole(source: &LayerSource, purpose: Purpose) -> Result<Self, Fault> {
        check_media_type(&source.media_type).map_err(|error| fault(error.code(), error.to_string()))?;
        let parse =
            |text: &String| text.parse::<Digest>().map_err(|error| fault("layer-invalid", error.to_string()));
        let expected = Expected {
            size: Some(source.size),
            digest: Some(parse(&source.digest)?),
            diff_id: source.diff_id.as_ref().map(parse).transpose()?,
        };
        let reader = LayerReader::expecting(Limits::default(), expected);
        Ok(Self { reading: Reading::Whole(Box::new(reader)), purpose, taken: 0, is_kept: false })
    }

    /// The reading of the bytes that have one file.
    pub fn of_file(content: FileContent, mut file: FileReading, size: u64) -> Self {
        file.begin(size);
        let reading = Reading::File(Box::new(content));
        Self { reading, purpose: Purpose::File(file), taken: 0, is_kept: false }
    }

    /// Returns `true` if the entries of a layer need no more than its table of contents.
    pub fn is_small(source: &LayerSource) -> bool {
        ContentsReader::of(&source.annotations, source.size, Limits::default()).is_some()
    }

    /// The bytes of the layer that are needed; `None` for all of them.
    pub fn range(&self) -> Option<Range<u64>> {
        match &self.reading {
            Reading::Whole(_) => None,
            Reading::Contents(reader, _) => Some(reader.range()),
            Reading::File(content) => Some(content.range()),
        }
    }

    /// The same for all bytes of the layer, since parts of it cannot be had.
    ///
    /// # Errors
    /// A digest that is none.
    pub fn into_whole(self, source: &LayerSource) -> Result<Self, Fault> {
        let purpose = match self.purpose {
            Purpose::Index(index) => Purpose::Index(index),
            Purpose::File(file) => Purpose::File(file.again()),
        };
        Self::whole(source, purpose)
    }

    /// Takes in the next bytes. Returns `true` if no more are needed.
    ///
    /// # Errors
    /// The errors of the layer.
    pub fn push(&mut self, bytes: Bytes) -> Result<bool, Error> {
        self.taken += bytes.len() as u64;
        match (&mut self.reading, &mut self.purpose) {
            (Reading::Contents(_, held), _) => {
                held.extend_from_slice(&bytes);
                Ok(false)
            }
            (Reading::File(content), Purpose::File(file)) => {
                content.push(bytes);
                while let Some(bytes) = content.next()? {
                    file.give(bytes);
                }
                Ok(content.is_whole())
            }
            (Reading::File(_), Purpose::Index(_)) => Ok(true),
            (Reading::Whole(reader), purpose) => {
                reader.push(bytes)?;
                while let Some(event) = reader.next()? {
                    match purpose {
                        Purpose::Index(index) => index.event(event),
                        Purpose::File(file) => file.event(event),
                    }
                }
                // A layer that was not cached is verified by its digest, which takes all of its bytes.
                let is_done = matches!(purpose, Purpose::File(file) if file.state == FileState::Done);
                Ok(self.is_kept && is_done)
            }
        }
    }

    /// Ends the bytes that were asked for. `source` is the layer, and `digests` says that those of its files are wanted.
    ///
    /// # Errors
    /// The errors of the layer.
    pub fn finish(self, source: &LayerSource, digests: bool) -> Result<Ended, Error> {
        let Self { reading, purpose, taken, is_kept } = self;
        match reading {
            Reading::Whole(reader) => {
                reader.finish()?;
                if let Purpose::File(FileReading { state: FileState::Before, .. }) = purpose {
                    let reason = "expected the file in the layer as well, found none".to_owned();
                    return Err(Error::Contents { reason });
                }
                Ok(Ended::Outcome(Self::outcome(purpose)))
            }
            Reading::File(content) => {
                content.finish()?;
                Ok(Ended::Outcome(Self::outcome(purpose)))
            }
            Reading::Contents(reader, held) => {
                let reading = match reader.take(&held)? {
                    ContentsStep::Done(contents) if !digests || contents.has_digests() => {
                        return Ok(Ended::Outcome(Outcome::Contents(contents)));
                    }
                    ContentsStep::Next(next) => Reading::Contents(next, Vec::new()),
                    ContentsStep::Done(_) | ContentsStep::None => {
                        // Its digests were parsed when it was begun.
                        let whole = Self::whole(source, purpose)
                            .map_err(|fault| Error::Contents { reason: fault.reason })?;
                        return Ok(Ended::Next(Box::new(whole)));
                    }
                };
                Ok(Ended::Next(Box::new(Self { reading, purpose, taken, is_kept })))
            }
        }
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
                Outcome::File(file.parts, file.hasher.map(Hasher::finish))
            }
        }
    }
}

impl FileReading {
    /// The content of the file whose entry has this number: its beginning, or all of it in pieces.
    pub fn new(entry: usize, is_saved: bool) -> Self {
        Self::of(WantedEntry::Number(entry), is_saved)
    }

    /// The content of the file of this path.
    pub fn at(path: LayerPath, is_saved: bool) -> Self {
        Self::of(WantedEntry::Path(path), is_saved)
    }

    fn of(entry: WantedEntry, is_saved: bool) -> Self {
        // The digest is shown for open files alone, not for saved ones.
        let hasher = (!is_saved).then(|| Hasher::new(Algorithm::Sha256));
        let state = FileState::Before;
        Self { entry, next: 0, size: 0, given: 0, hasher, is_saved, parts: Vec::new(), state }
    }

    /// The same from the beginning.
    fn again(self) -> Self {
        Self::of(self.entry, self.is_saved)
    }

    /// Begins the content, of so many bytes.
    fn begin(&mut self, size: u64) {
        (self.state, self.size) = (FileState::Inside, size);
        if size > SHOWN_MAX {
            self.hasher = None;
        }
    }

    fn is_wanted(&self, entry: &Entry) -> bool {
        match &self.entry {
            WantedEntry::Number(number) => self.next == *number,
            WantedEntry::Path(path) => {
                self.state == FileState::Before && entry.kind == EntryKind::File && entry.path == *path
            }
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Entry(entry) => {
                self.end();
                if self.is_wanted(&entry) {
                    self.begin(entry.size);
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

    /// Takes in the hole up to a position.
    fn zeros(&mut self, until: u64) {
        let count = until.saturating_sub(self.given);
        if !self.is_saved {
            // Only the bytes of the visible part are requested.
            zeros(count.min(SHOWN_MAX)).for_each(|piece| self.give(piece));
        } else if count > 0 {
            self.given += count;
            self.parts.push(FilePart::Zeros(count));
        }
    }

    fn give(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        let room = if self.is_saved { u64::MAX } else { SHOWN_MAX.saturating_sub(self.given) };
        let taken = &bytes[..bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX))];
        match self.parts.last_mut() {
            Some(FilePart::Bytes(last)) => last.extend_from_slice(taken),
            _ => self.parts.push(FilePart::Bytes(taken.to_vec())),
        }
        self.given += bytes.len() as u64;
        if !self.is_saved && self.given >= SHOWN_MAX {
            self.state = FileState::Done;
        }
    }
}
