//! Layers that are made for lazy pulling, made by hand: eStargz and zstd:chunked, of stored blocks.

use std::{collections::BTreeMap, ops::Range};

use tallyman_core::{Digest, json::ObjectWriter};
use tallyman_layers::{Entry, EntryKind, TarWriter};

/// A layer with a table of contents.
pub struct LazyLayer {
    /// The layer.
    pub bytes: Vec<u8>,
    /// The annotations of its descriptor.
    pub annotations: BTreeMap<String, String>,
    /// The bytes that have the content of each file.
    pub places: BTreeMap<String, Range<u64>>,
    /// The bytes that have the table of contents, with the footer.
    pub contents: Vec<Range<u64>>,
}

/// The form of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A gzip member for each piece of a file, a footer with the place of the table.
    Estargz,
    /// A zstd frame for each piece of a file, the place of the table in an annotation.
    ZstdChunked,
}

/// The forms, of which there are two.
pub const FORMS: [Form; 2] = [Form::Estargz, Form::ZstdChunked];

/// A layer of these entries with their content, cut into pieces of `chunk` bytes. `change` may change the table of contents.
pub fn layer(
    form: Form,
    files: &[(Entry, &[u8])],
    chunk: usize,
    change: impl Fn(String) -> String,
) -> LazyLayer {
    let (mut bytes, mut places, mut items) = (Vec::new(), BTreeMap::new(), Vec::new());
    let mut archive = TarWriter::default();
    let pack = |bytes: &[u8]| if form == Form::Estargz { member(bytes) } else { frame(bytes) };
    let written =
        |archive: &mut TarWriter| std::iter::from_fn(|| archive.take()).flatten().collect::<Vec<u8>>();
    for (entry, content) in files {
        archive.entry(entry);
        bytes.extend(pack(&written(&mut archive)));
        archive.content(0, content);
        drop(written(&mut archive));
        let start = bytes.len() as u64;
        let mut pieces = Vec::new();
        for (number, piece) in content.chunks(chunk).enumerate() {
            let offset = bytes.len() as u64;
            bytes.extend(pack(piece));
            pieces.push((offset, (number * chunk) as u64, piece));
        }
        let end = bytes.len() as u64;
        if !content.is_empty() {
            places.insert(entry.path.to_string(), start..end);
        }
        items.extend(described(form, entry, content, &pieces, end));
    }
    let json = ObjectWriter::new().number("version", 1).json("entries", &format!("[{}]", items.join(",")));
    let json = change(json.end());
    if form == Form::Estargz {
        let mut table = TarWriter::default();
        let path = tallyman_layers::LayerPath::clean(b"stargz.index.json").expect("it stays inside");
        let size = json.len() as u64;
        archive.entry(&Entry { kind: EntryKind::File, mode: 0o444, size, ..Entry::directory(path.clone()) });
        // The padding of the last file, before the table's own archive.
        let padding = written(&mut archive);
        let padding = &padding[..padding.len() - 512];
        if !padding.is_empty() {
            bytes.extend(pack(padding));
        }
        let offset = bytes.len() as u64;
        table.entry(&Entry { kind: EntryKind::File, mode: 0o444, size, ..Entry::directory(path) });
        table.content(0, json.as_bytes());
        bytes.extend(pack(&table.finish()));
        let footer = bytes.len() as u64;
        bytes.extend(stargz_footer(offset));
        let digest = Digest::of(json.as_bytes()).to_string();
        let annotations = BTreeMap::from([("containerd.io/snapshot/stargz/toc.digest".to_owned(), digest)]);
        let contents = vec![footer..bytes.len() as u64, offset..footer];
        return LazyLayer { bytes, annotations, places, contents };
    }
    bytes.extend(pack(&archive.finish()));
    let packed = frame(json.as_bytes());
    let offset = bytes.len() as u64 + 8;
    bytes.extend(skippable(&packed));
    bytes.extend(skippable(&[0; 64]));
    let name = |name: &str| format!("io.github.containers.zstd-chunked.{name}");
    let annotations = BTreeMap::from([
        (name("manifest-checksum"), Digest::of(&packed).to_string()),
        (name("manifest-position"), format!("{offset}:{}:{}:1", packed.len(), json.len())),
    ]);
    let contents = Vec::from_iter([Range { start: offset, end: offset + packed.len() as u64 }]);
    LazyLayer { bytes, annotations, places, contents }
}

/// The entries of the table of contents for one of the layer.
fn described(
    form: Form,
    entry: &Entry,
    content: &[u8],
    pieces: &[(u64, u64, &[u8])],
    end: u64,
) -> Vec<String> {
    let kind = match entry.kind {
        EntryKind::File => "reg",
        EntryKind::Directory => "dir",
        EntryKind::Symlink => "symlink",
        EntryKind::HardLink => "hardlink",
        EntryKind::CharacterDevice => "char",
        EntryKind::BlockDevice => "block",
        EntryKind::Fifo => "fifo",
    };
    let name = entry.path.to_string();
    let has_content = entry.kind == EntryKind::File && !content.is_empty();
    let digest = has_content.then(|| Digest::of(content).to_string());
    let described = ObjectWriter::new()
        .string("name", &format!("{name}{}", if entry.kind == EntryKind::Directory { "/" } else { "" }))
        .string("type", kind)
        .number("mode", entry.mode.into())
        .number("uid", entry.uid)
        .number("gid", entry.gid)
        .non_empty("userName", &entry.user)
        .string("modtime", "2026-01-31T08:05:00Z")
        .non_empty("linkName", &String::from_utf8_lossy(&entry.link))
        .number("devMajor", entry.device.major.into())
        .number("devMinor", entry.device.minor.into())
        .maybe(has_content.then_some(entry.size), |json, size| json.number("size", size))
        .maybe(digest, |json, digest| json.string("digest", &digest))
        .maybe((form == Form::ZstdChunked && has_content).then_some(end), |json, end| {
            json.number("endOffset", end)
        });
    let mut items = Vec::new();
    let placed = |json: ObjectWriter, (offset, position, piece): &(u64, u64, &[u8])| {
        json.number("offset", *offset)
            .number("chunkOffset", *position)
            .number("chunkSize", if pieces.len() > 1 { piece.len() as u64 } else { 0 })
            .string("chunkDigest", Digest::of(piece).as_str())
            .end()
    };
    match pieces.split_first() {
        None => items.push(described.end()),
        Some((first, rest)) => {
            items.push(placed(described, first));
            let further = || ObjectWriter::new().string("name", &name).string("type", "chunk");
            items.extend(rest.iter().map(|piece| placed(further(), piece)));
        }
    }
    items
}

/// A gzip member of stored blocks.
pub fn member(bytes: &[u8]) -> Vec<u8> {
    let mut member = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    let mut blocks = bytes.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        member.extend(b"\x01\0\0\xff\xff");
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("blocks are small");
        member.push(u8::from(blocks.peek().is_none()));
        member.extend(length.to_le_bytes());
        member.extend((!length).to_le_bytes());
        member.extend(block);
    }
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    member.extend((!crc).to_le_bytes());
    member.extend(u32::try_from(bytes.len()).expect("tests have small files").to_le_bytes());
    member
}

/// A zstd frame of raw blocks.
pub fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut frame = b"\x28\xb5\x2f\xfd\xa0".to_vec();
    frame.extend(u32::try_from(bytes.len()).expect("tests have small files").to_le_bytes());
    let mut blocks = bytes.chunks(100_000).peekable();
    if blocks.peek().is_none() {
        frame.extend(b"\x01\0\0");
    }
    while let Some(block) = blocks.next() {
        let length = u32::try_from(block.len()).expect("blocks are small");
        frame.extend(&(length << 3 | u32::from(blocks.peek().is_none())).to_le_bytes()[..3]);
        frame.extend(block);
    }
    frame
}

fn skippable(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("tests have small files");
    [b"\x50\x2a\x4d\x18", &length.to_le_bytes()[..], bytes].concat()
}

fn stargz_footer(offset: u64) -> Vec<u8> {
    let field = format!("{offset:016x}STARGZ");
    let footer = [
        b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0",
        field.as_bytes(),
        b"\x01\0\0\xff\xff\0\0\0\0\0\0\0\0",
    ];
    footer.concat()
}
