//! Fuzz targets for what strangers send: tar archives, whiteouts, zstd frames, gzip members.
//!
//! See `tallyman_fuzz`: the corpus is in `tests/__fuzz__/NAME/corpus`.
#![cfg(not(target_arch = "wasm32"))]

#[path = "layers/support/lazy.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod lazy;

use tallyman_fuzz::fuzz;
use tallyman_layers::{
    ContentsReader, ContentsStep, Entry, Error, Event, Export, ImageTree, LayerIndex, LayerPath, LayerReader,
    Limits, TableOfContents, look_up,
};

/// Limits under which an input of some kilobytes cannot take long.
fn limits() -> Limits {
    Limits { unpacked_size: 1 << 20, file_size: 1 << 20, window: 1 << 20, ..Limits::default() }
}

/// Reads a layer in pieces: what comes out, joined, and the error at the end.
fn read(input: &[u8], piece: usize) -> (Vec<Entry>, Vec<u8>, Option<Error>) {
    let mut reader = LayerReader::new(limits());
    let (mut entries, mut content) = (Vec::new(), Vec::new());
    for piece in input.chunks(piece) {
        if let Err(error) = reader.push(piece.to_vec().into()) {
            return (entries, content, Some(error));
        }
        loop {
            match reader.next() {
                Ok(Some(Event::Entry(entry))) => entries.push(entry),
                Ok(Some(Event::Content { offset, bytes })) => {
                    let entry: &Entry = entries.last().expect("content has an entry");
                    assert!(offset + bytes.len() as u64 <= entry.size, "content ends with its file");
                    content.extend_from_slice(bytes);
                }
                Ok(None) => break,
                Err(error) => return (entries, content, Some(error)),
            }
        }
    }
    let end = reader.finish().err();
    (entries, content, end)
}

/// Whatever the pieces are, the same is read.
fn reads_alike(input: &[u8]) {
    let whole = read(input, usize::MAX);
    let bytes = read(input, 1);
    assert_eq!(whole.2.is_some(), bytes.2.is_some(), "{:?} and {:?}", whole.2, bytes.2);
    // The events before the error depend on how much is decompressed at once.
    let is_whole = whole.2.is_none();
    let (entries, content) = (whole.0.len().min(bytes.0.len()), whole.1.len().min(bytes.1.len()));
    assert_eq!(whole.0[..entries], bytes.0[..entries]);
    assert_eq!(whole.1[..content], bytes.1[..content]);
    assert!(!is_whole || (whole.0.len(), whole.1.len()) == (bytes.0.len(), bytes.1.len()));
    for entry in &whole.0 {
        assert!(entry.path.components().all(|part| part != b".." && part != b"."));
        assert!(entry.mode <= 0o7777);
    }
}

/// Makes the checksums of an archive right, so that mutations get behind them.
fn with_checksums(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for block in bytes.as_chunks_mut::<512>().0 {
        if block[257..262] == *b"ustar" {
            block[148..156].copy_from_slice(b"        ");
            let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    bytes
}

#[test]
fn tar_archives() {
    fuzz!(|input: &[u8]| reads_alike(&with_checksums(input)));
}

#[test]
fn zstd_frames() {
    fuzz!(reads_alike);
}

#[test]
fn gzip_members() {
    fuzz!(reads_alike);
}

/// Tables of contents of a layer with one file: the first byte says of which form, the rest is the JSON.
#[test]
fn tables_of_contents() {
    fuzz!(|input: &[u8]| {
        let Some((form, json)) = input.split_first() else { return };
        let form = if form % 2 == 0 { lazy::Form::Estargz } else { lazy::Form::ZstdChunked };
        let json = String::from_utf8_lossy(json);
        let path = LayerPath::clean(b"hello").expect("it stays inside");
        let kind = tallyman_layers::EntryKind::File;
        let file = Entry { kind, size: 10, ..Entry::directory(path) };
        let layer = lazy::layer(form, &[(file, b"hellohello")], 5, |_| json.clone().into_owned());
        let size = layer.bytes.len() as u64;
        let mut next = ContentsReader::of(&layer.annotations, size, limits());
        while let Some(reader) = next.take() {
            let range = reader.range();
            let bytes = &layer.bytes[range.start as usize..range.end as usize];
            match reader.take(bytes) {
                Ok(ContentsStep::Next(reader)) => next = Some(reader),
                Ok(ContentsStep::Done(contents)) => files_of(&contents, &layer.bytes),
                Ok(ContentsStep::None) | Err(_) => {}
            }
        }
    });
}

/// Reads every file of a table of contents.
fn files_of(contents: &TableOfContents, layer: &[u8]) {
    for (number, entry) in contents.index().entries().iter().enumerate() {
        assert!(entry.path.components().all(|part| part != b".." && part != b"."));
        let Some(mut file) = contents.file(number) else { continue };
        let range = file.range();
        assert!(range.start <= range.end && range.end <= layer.len() as u64);
        file.push(layer[range.start as usize..range.end as usize].to_vec().into());
        let mut size = 0;
        while let Ok(Some(bytes)) = file.next() {
            size += bytes.len() as u64;
        }
        assert!(size <= entry.size);
    }
}

/// Layers as lines of paths, an empty line between two layers.
#[test]
fn whiteouts() {
    fuzz!(|input: &[u8]| {
        let mut layers = vec![LayerIndex::default()];
        for (count, line) in input.split(|byte| *byte == b'\n').take(200).enumerate() {
            match (line, LayerPath::clean(line.strip_suffix(b"/").unwrap_or(line))) {
                (b"", _) => layers.push(LayerIndex::default()),
                (line, Some(path)) if !path.is_root() => {
                    let layer = layers.last_mut().expect("there is one");
                    if line.ends_with(b"/") {
                        layer.add(Entry::directory(path));
                    } else {
                        let kind = tallyman_layers::EntryKind::File;
                        let size = count as u64;
                        layer.add(Entry { kind, size, stored_size: size, ..Entry::directory(path) });
                    }
                }
                _ => {}
            }
        }
        let mut tree = ImageTree::default();
        let mut export = Export::default();
        for layer in &layers {
            tree.apply(layer.clone());
        }
        for layer in layers.iter().rev() {
            for entry in layer.entries() {
                export.event(Event::Entry(entry.clone()));
            }
            assert!(!export.end_layer(), "only links need a layer again");
        }
        assert_eq!(tree.files().count(), tree.len());
        let efficiency = tree.efficiency();
        assert!((0.0..=1.0).contains(&efficiency));
        let wasted: u64 = tree.layer_waste().iter().map(|layer| layer.wasted).sum();
        assert_eq!(wasted, tree.wasted());
        let read: Vec<_> = layers.into_iter().map(Some).collect();
        for file in tree.files() {
            if let Some((entry, _)) = file.entry {
                let found = look_up(&read, &file.path);
                assert_eq!(found, tallyman_layers::Lookup::Found { layer: file.layer, entry });
            }
        }
    });
}
