//! The entries of a table of contents: JSON, which eStargz and zstd:chunked have in common but for details.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use tallyman_core::{
    Digest,
    json::{FieldError, Object},
};

use super::{Chunk, FilePlace, TableOfContents, time};
use crate::{
    Compression, Device, Entry, EntryKind, Error, ExtendedAttribute, LayerIndex, LayerPath, LimitKind, Limits,
};

/// The version of tables of contents that is known.
const VERSION: u64 = 1;

/// Reads a table of contents. `end` is the position in the layer at which its files end. Returns `None` if it is of an
/// unknown version.
pub(super) fn read(
    json: &[u8],
    compression: Compression,
    end: u64,
    limits: Limits,
) -> Result<Option<TableOfContents>, Error> {
    let object = Object::parse(json).map_err(damaged)?;
    if object.number("version").map_err(damaged)? != Some(VERSION) {
        return Ok(None);
    }
    let items = object.array("entries", Item::read).map_err(damaged)?;
    let mut table = Table::new(compression, limits, end, &items);
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        if item.kind == "chunk" {
            return Err(because(format!("expected a file before its piece {:?}, found none", item.name)));
        }
        let mut pieces = Vec::new();
        while let Some(piece) = items.next_if(|next| next.kind == "chunk") {
            pieces.push(piece);
        }
        table.add(item, &pieces)?;
    }
    let Table { index, files, .. } = table;
    Ok(Some(TableOfContents { index, compression, limits, files }))
}

/// An entry, or a further piece of the file before.
struct Item {
    kind: String,
    name: String,
    link: String,
    mode: u32,
    uid: u64,
    gid: u64,
    user: String,
    group: String,
    size: u64,
    mtime: String,
    device: Device,
    xattrs: Vec<(String, String)>,
    digest: Option<Digest>,
    /// The place of the piece in the layer, and behind so many decompressed bytes.
    offset: u64,
    skipped: u64,
    /// The end of all pieces in the layer.
    end: Option<u64>,
    /// The place of the piece in the file.
    position: u64,
    chunk_digest: Option<Digest>,
    is_zeros: bool,
}

impl Item {
    fn read(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Object::from_json(json, path)?;
        let number = |name| Ok::<_, FieldError>(fields.number(name)?.unwrap_or_default());
        let small = |name| number(name).map(|number| number as u32);
        let digest = |name| {
            // What is no digest compares with nothing.
            Ok::<_, FieldError>(fields.string(name)?.and_then(|text| text.parse::<Digest>().ok()))
        };
        Ok(Self {
            kind: fields.string_or_empty("type")?,
            name: fields.string_or_empty("name")?,
            link: fields.string_or_empty("linkName")?,
            mode: small("mode")? & 0o7777,
            uid: number("uid")?,
            gid: number("gid")?,
            user: fields.string_or_empty("userName")?,
            group: fields.string_or_empty("groupName")?,
            size: number("size")?,
            mtime: fields.string_or_empty("modtime")?,
            device: Device { major: small("devMajor")?, minor: small("devMinor")? },
            xattrs: fields.string_map("xattrs")?.into_iter().collect(),
            digest: digest("digest")?,
            offset: number("offset")?,
            skipped: number("innerOffset")?,
            end: fields.number("endOffset")?,
            position: number("chunkOffset")?,
            chunk_digest: digest("chunkDigest")?,
            is_zeros: fields.string_or_empty("chunkType")? == "zeros",
        })
    }

    /// The kind of the entry; `None` if it is of no known one.
    fn entry_kind(&self) -> Option<EntryKind> {
        Some(match self.kind.as_str() {
            "reg" => EntryKind::File,
            "dir" => EntryKind::Directory,
            "symlink" => EntryKind::Symlink,
            "hardlink" => EntryKind::HardLink,
            "char" => EntryKind::CharacterDevice,
            "block" => EntryKind::BlockDevice,
            "fifo" => EntryKind::Fifo,
            _ => return None,
        })
    }
}

/// The table that is being read.
struct Table {
    limits: Limits,
    index: LayerIndex,
    files: Vec<(usize, FilePlace)>,
    /// The position in the layer at which files end.
    end: u64,
    /// The places of all pieces in the layer, in order.
    offsets: Vec<u64>,
    file_size: u64,
    metadata: u64,
    /// Names of users and groups, where they stand at the first entry of each number alone.
    users: Option<HashMap<u64, String>>,
    groups: Option<HashMap<u64, String>>,
}

impl Table {
    fn new(compression: Compression, limits: Limits, end: u64, items: &[Item]) -> Self {
        let has_content = |item: &&Item| item.kind == "chunk" || (item.kind == "reg" && item.size > 0);
        let mut offsets: Vec<u64> = items.iter().filter(has_content).map(|item| item.offset).collect();
        offsets.sort_unstable();
        Self {
            limits,
            index: LayerIndex::with_digests(),
            files: Vec::new(),
            end,
            offsets,
            file_size: 0,
            metadata: 0,
            // zstd:chunked names them at every entry.
            users: (compression == Compression::Gzip).then(HashMap::new),
            groups: (compression == Compression::Gzip).then(HashMap::new),
        }
    }

    fn add(&mut self, item: Item, pieces: &[Item]) -> Result<(), Error> {
        let kind = item.entry_kind().ok_or_else(|| {
            because(format!("expected a known type of {:?}, found {:?}", item.name, item.kind))
        })?;
        let number = self.index.entries().len();
        self.limits.check(LimitKind::Entries, number as u64 + 1, Some(item.name.as_bytes()))?;
        let path = self.path(&item.name)?;
        let link: Box<[u8]> = match kind {
            EntryKind::HardLink => self.path(&item.link)?.as_bytes().into(),
            EntryKind::Symlink => {
                let length = item.link.len() as u64;
                self.limits.check(LimitKind::PathLength, length, Some(item.name.as_bytes()))?;
                item.link.as_bytes().into()
            }
            _ => Box::default(),
        };
        let (mtime, mtime_nanos) = time::parse(&item.mtime).unwrap_or_default();
        let is_file = kind == EntryKind::File;
        let size = if is_file { item.size } else { 0 };
        self.file_size = self.file_size.saturating_add(size);
        self.limits.check(LimitKind::FileSize, self.file_size, Some(item.name.as_bytes()))?;
        if is_file
            && size > 0
            && let Some(place) = self.place(&item, pieces)?
        {
            self.files.push((number, place));
        }
        let digest = match (is_file, size) {
            (true, 0) => Some(Digest::of(b"")),
            (true, _) => item.digest.clone(),
            (false, _) => None,
        };
        let entry = Entry {
            kind,
            mode: item.mode,
            uid: item.uid,
            gid: item.gid,
            user: name(self.users.as_mut(), item.uid, item.user),
            group: name(self.groups.as_mut(), item.gid, item.group),
            size,
            mtime,
            mtime_nanos,
            link,
            device: item.device,
            xattrs: attributes(item.xattrs),
            stored_size: size,
            ..Entry::directory(path)
        };
        self.metadata += entry.metadata_size();
        self.limits.check(LimitKind::Metadata, self.metadata, Some(item.name.as_bytes()))?;
        self.index.add_known(entry, digest);
        Ok(())
    }

    /// The place of a file with content; `None` if a piece of it has no digest.
    fn place(&self, file: &Item, pieces: &[Item]) -> Result<Option<FilePlace>, Error> {
        let all = || std::iter::once(file).chain(pieces);
        let starts: Vec<u64> = all().map(|piece| piece.position).collect();
        let ends = starts.iter().skip(1).copied().chain([file.size]);
        let mut chunks = Vec::new();
        for ((piece, start), end) in all().zip(&starts).zip(ends) {
            let is_first = chunks.is_empty();
            if end <= *start || (is_first && *start != 0) || piece.name != file.name {
                return Err(because(format!("expected the pieces of {:?} one behind the other", file.name)));
            }
            // Without pieces, the digest of the file is that of its only one.
            let digest = piece.chunk_digest.clone().or(file.digest.clone().filter(|_| pieces.is_empty()));
            if digest.is_none() && !piece.is_zeros {
                return Ok(None);
            }
            chunks.push(Chunk { length: end - start, digest: digest.filter(|_| !piece.is_zeros) });
        }
        let last = all().map(|piece| piece.offset).max().unwrap_or_default();
        let next = self.offsets.get(self.offsets.partition_point(|offset| *offset <= last)).copied();
        let end = file.end.filter(|end| *end > last).or(next).unwrap_or(self.end);
        if end > self.end || file.offset >= end {
            return Err(because(format!(
                "expected {:?} before byte {}, found it at bytes {} to {end}",
                file.name, self.end, file.offset
            )));
        }
        let range = file.offset..end;
        Ok(Some(FilePlace { range, skipped: file.skipped, chunks: chunks.into() }))
    }

    fn path(&self, path: &str) -> Result<LayerPath, Error> {
        let bytes = path.as_bytes();
        self.limits.check(LimitKind::PathLength, bytes.len() as u64, Some(bytes))?;
        if bytes.contains(&0) {
            return Err(because(format!("expected a path without zero bytes, found {path:?}")));
        }
        let clean =
            LayerPath::clean(bytes).ok_or_else(|| Error::PathEscapes { offset: 0, path: path.to_owned() })?;
        self.limits.check(LimitKind::PathDepth, clean.components().count() as u64, Some(bytes))?;
        Ok(clean)
    }
}

/// The name of a user or group: that of the entry, or the last one of the same number.
fn name(known: Option<&mut HashMap<u64, String>>, number: u64, name: String) -> Box<str> {
    let Some(known) = known else { return name.into() };
    if name.is_empty() {
        return known.get(&number).map(String::as_str).unwrap_or_default().into();
    }
    known.insert(number, name.clone());
    name.into()
}

/// Extended attributes, whose values are base64.
fn attributes(given: Vec<(String, String)>) -> Box<[ExtendedAttribute]> {
    let attributes = given.into_iter().map(|(name, value)| {
        let value = BASE64_STANDARD.decode(value).unwrap_or_default();
        ExtendedAttribute { name: name.into(), value: value.into() }
    });
    attributes.collect()
}

#[expect(clippy::needless_pass_by_value, reason = "it is a function of `map_err`")]
fn damaged(error: FieldError) -> Error {
    because(error.to_string())
}

fn because(reason: String) -> Error {
    Error::Contents { reason }
}
