//! Helpers of the tests of layers: reading a whole layer, and archives made by hand.

use std::{collections::BTreeMap, io::Write};

use flate2::{Compression, write::GzEncoder};
use tallyman_layers::{
    Entry, EntryKind, Error, Event, Expected, LayerIndex, LayerPath, LayerReader, Limits, TarWriter,
};

/// The path of a text.
pub fn path(text: &str) -> LayerPath {
    LayerPath::clean(text.as_bytes()).unwrap_or_else(|| panic!("{text} leads out"))
}

/// The entries of a layer with their content, zeros of holes filled in.
pub fn read(bytes: &[u8], piece: usize) -> Result<Vec<(Entry, Vec<u8>)>, Error> {
    read_as(bytes, piece, Limits::default(), Expected::default())
}

/// The same, with limits and expectations.
pub fn read_as(
    bytes: &[u8],
    piece: usize,
    limits: Limits,
    expected: Expected,
) -> Result<Vec<(Entry, Vec<u8>)>, Error> {
    let mut reader = LayerReader::expecting(limits, expected);
    let mut files: Vec<(Entry, Vec<u8>)> = Vec::new();
    for piece in bytes.chunks(piece) {
        reader.push(piece.to_vec().into())?;
        while let Some(event) = reader.next()? {
            match event {
                Event::Entry(entry) => files.push((entry, Vec::new())),
                Event::Content { offset, bytes } => {
                    let content = &mut files.last_mut().expect("content has an entry").1;
                    let offset = usize::try_from(offset).expect("tests have small files");
                    assert!(offset >= content.len(), "content comes in order");
                    content.resize(offset, 0);
                    content.extend_from_slice(bytes);
                }
            }
        }
    }
    reader.finish()?;
    for (entry, content) in &mut files {
        content.resize(usize::try_from(entry.size).expect("tests have small files"), 0);
    }
    Ok(files)
}

/// A file's entry.
pub fn file(text: &str, size: usize) -> Entry {
    Entry { kind: EntryKind::File, mode: 0o644, size: size as u64, ..Entry::directory(path(text)) }
}

/// An archive of files: those that end with `/` are directories, `a -> b` a symbolic and `a => b` a hard link.
pub fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = TarWriter::default();
    for (name, content) in files {
        if let Some((name, target)) = name.split_once(" -> ") {
            let link = target.as_bytes().into();
            writer.entry(&Entry { kind: EntryKind::Symlink, link, ..Entry::directory(path(name)) });
        } else if let Some((name, target)) = name.split_once(" => ") {
            let link = target.as_bytes().into();
            writer.entry(&Entry { kind: EntryKind::HardLink, link, ..Entry::directory(path(name)) });
        } else if name.ends_with('/') {
            writer.entry(&Entry::directory(path(name)));
        } else {
            writer.entry(&file(name, content.len()));
            writer.content(0, content.as_bytes());
        }
    }
    writer.finish()
}

/// The index of an archive.
pub fn index(files: &[(&str, &str)]) -> LayerIndex {
    let mut index = LayerIndex::with_digests();
    let mut reader = LayerReader::new(Limits::default());
    reader.push(archive(files).into()).expect("the archive is whole");
    while let Some(event) = reader.next().expect("the archive is whole") {
        index.event(event);
    }
    index.finish();
    index
}

/// A gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// Paths with what `show` makes of their entries; a later one counts.
pub fn by_path<T>(files: &[(Entry, Vec<u8>)], show: impl Fn(&Entry, &[u8]) -> T) -> BTreeMap<String, T> {
    files.iter().map(|(entry, content)| (entry.path.to_string(), show(entry, content))).collect()
}
