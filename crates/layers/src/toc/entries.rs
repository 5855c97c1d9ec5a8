//! The entries of a table of contents: JSON, which eStargz and zstd:chunked have in common but for details.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use tallyman_core::{
    Digest,
    json::{FieldError, Object},
};

use super::{Chunk, FilePlace, TableOfContents, time};
use crate::{
    Compression, Device, Entry, EntryKind, Error, ExtendedAttribute, LayerIndex, LayerPath, LimitKind,
    Limits, entry::owner_number, path::Directories,
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
    let object = Object::parse_fields(json, &["version", "entries"]).map_err(damaged)?;
    if object.number("version").map_err(damaged)? != Some(VERSION) {
        return Ok(None);
    }
    let mut table = Table::new(compression, limits);
    for (path, json) in object.elements("entries").map_err(damaged)? {
        limits.check(LimitKind::ExtendedHeader, json.len() as u64, None)?;
        table.add(Item::read(json, &path).map_err(damaged)?)?;
    }
    let (index, files) = table.finish(end)?;
    Ok(Some(TableOfContents { index, compression, limits, size: end, files }))
}

/// An entry, or a further piece of the file before.
struct Item {
    kind: String,
    name: String,
    link: String,
    mode: u64,
    uid: i64,
    gid: i64,
    user: String,
    group: String,
    size: u64,
    mtime: String,
    device_major: u64,
    device_minor: u64,
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
        let integer = |name| Ok::<_, FieldError>(fields.integer(name)?.unwrap_or_default());
        let digest = |name| {
            // A text that is not a digest equals no digest.
            Ok::<_, FieldError>(fields.string(name)?.and_then(|text| text.parse::<Digest>().ok()))
        };
        Ok(Self {
            kind: fields.string_or_empty("type")?,
            name: fields.string_or_empty("name")?,
            link: fields.string_or_empty("linkName")?,
            mode: number("mode")?,
            uid: integer("uid")?,
            gid: integer("gid")?,
            user: fields.string_or_empty("userName")?,
            group: fields.string_or_empty("groupName")?,
            size: number("size")?,
            mtime: fields.string_or_empty("modtime")?,
            device_major: number("devMajor")?,
            device_minor: number("devMinor")?,
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

    /// The numbers of a device of this kind.
    fn device(&self, kind: EntryKind) -> Result<Device, Error> {
        if !matches!(kind, EntryKind::CharacterDevice | EntryKind::BlockDevice) {
            return Ok(Device::default());
        }
        let number = |number: u64| {
            number.try_into().map_err(|_| {
                damage(format!("expected the numbers of device {:?} in 32 bits, found {number}", self.name))
            })
        };
        Ok(Device { major: number(self.device_major)?, minor: number(self.device_minor)? })
    }

    /// The numbers of its user and its group.
    fn owner(&self) -> Result<(u64, u64), Error> {
        let number = |number: i64| {
            owner_number(number).ok_or_else(|| {
                damage(format!("expected the number of the owner of {:?}, found {number}", self.name))
            })
        };
        Ok((number(self.uid)?, number(self.gid)?))
    }
}

/// The table that is being read.
struct Table {
    limits: Limits,
    index: LayerIndex,
    files: Vec<UnplacedFile>,
    /// The file whose further pieces may come.
    open: Option<OpenFile>,
    /// The places of all pieces in the layer.
    offsets: Vec<u64>,
    file_size: u64,
    metadata: u64,
    directories: Directories,
    /// Names of users and groups, where they stand at the first entry of each number alone.
    users: Option<HashMap<u64, String>>,
    groups: Option<HashMap<u64, String>>,
}

/// A file with content.
struct OpenFile {
    /// The number of its entry.
    number: usize,
    name: String,
    size: u64,
    digest: Option<Digest>,
    skipped: u64,
    end: Option<u64>,
    pieces: Vec<Piece>,
}

/// A piece of a file.
struct Piece {
    offset: u64,
    position: u64,
    digest: Option<Digest>,
    is_zeros: bool,
}

/// A file whose end may be the place of a piece that comes later.
struct UnplacedFile {
    number: usize,
    /// The places of its first and its last piece in the layer.
    start: u64,
    last: u64,
    end: Option<u64>,
    skipped: u64,
    chunks: Box<[Chunk]>,
}

impl Table {
    fn new(compression: Compression, limits: Limits) -> Self {
        Self {
            limits,
            index: LayerIndex::with_digests(),
            files: Vec::new(),
            open: None,
            offsets: Vec::new(),
            file_size: 0,
            metadata: 0,
            directories: Directories::default(),
            // zstd:chunked names them at every entry.
            users: (compression == Compression::Gzip).then(HashMap::new),
            groups: (compression == Compression::Gzip).then(HashMap::new),
        }
    }

    /// Adds an entry, or a piece of the file before.
    fn add(&mut self, item: Item) -> Result<(), Error> {
        if item.kind == "chunk" {
            return self.add_piece(&item);
        }
        self.end_file()?;
        let kind = item.entry_kind().ok_or_else(|| {
            damage(format!("expected a known type of {:?}, found {:?}", item.name, item.kind))
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
        let (device, (uid, gid)) = (item.device(kind)?, item.owner()?);
        let mode = u32::try_from(item.mode & 0o7777).expect("it has twelve bits");
        let (mtime, mtime_nanos) = time::parse(&item.mtime).unwrap_or_default();
        let is_file = kind == EntryKind::File;
        let size = if is_file { item.size } else { 0 };
        self.file_size = self.file_size.saturating_add(size);
        self.limits.check(LimitKind::FileSize, self.file_size, Some(item.name.as_bytes()))?;
        if size > 0 {
            self.offsets.push(item.offset);
            self.open = Some(OpenFile {
                number,
                size,
                digest: item.digest.clone(),
                skipped: item.skipped,
                end: item.end,
                pieces: vec![Piece::of(&item)],
                name: item.name,
            });
        }
        let digest = match (is_file, size) {
            (true, 0) => Some(Digest::of(b"")),
            (true, _) => item.digest,
            (false, _) => None,
        };
        let entry = Entry {
            kind,
            mode,
            uid,
            gid,
            user: name(self.users.as_mut(), uid, item.user),
            group: name(self.groups.as_mut(), gid, item.group),
            size,
            mtime,
            mtime_nanos,
            link,
            device,
            xattrs: attributes(item.xattrs),
            stored_size: size,
            ..Entry::directory(path)
        };
        let size = entry.metadata_size() + self.directories.take_in_entry(&entry);
        self.count(size, entry.path.as_bytes())?;
        self.index.add_known(entry, digest);
        Ok(())
    }

    fn add_piece(&mut self, item: &Item) -> Result<(), Error> {
        let Some(file) = &mut self.open else {
            return Err(damage(format!("expected a file before its piece {:?}, found none", item.name)));
        };
        if item.name != file.name {
            return Err(not_in_order(&file.name));
        }
        file.pieces.push(Piece::of(item));
        self.offsets.push(item.offset);
        let digest = item.chunk_digest.as_ref().map_or(0, |digest| digest.as_str().len());
        self.count((size_of::<Piece>() + size_of::<u64>() + digest) as u64, item.name.as_bytes())
    }

    /// Counts bytes that are kept.
    fn count(&mut self, bytes: u64, path: &[u8]) -> Result<(), Error> {
        self.metadata += bytes;
        self.limits.check(LimitKind::Metadata, self.metadata, Some(path))
    }

    /// Ends the pieces of a file. One of which a piece has no digest has no place.
    fn end_file(&mut self) -> Result<(), Error> {
        let Some(file) = self.open.take() else { return Ok(()) };
        let ends = file.pieces.iter().skip(1).map(|piece| piece.position).chain([file.size]);
        let is_alone = file.pieces.len() == 1;
        let mut chunks = Vec::with_capacity(file.pieces.len());
        for (piece, end) in file.pieces.iter().zip(ends) {
            if end <= piece.position || (chunks.is_empty() && piece.position != 0) {
                return Err(not_in_order(&file.name));
            }
            // Without pieces, the digest of the file is that of its only one.
            let digest = piece.digest.clone().or(file.digest.clone().filter(|_| is_alone));
            if digest.is_none() && !piece.is_zeros {
                return Ok(());
            }
            let digest = digest.filter(|_| !piece.is_zeros);
            chunks.push(Chunk { length: end - piece.position, digest });
        }
        self.files.push(UnplacedFile {
            number: file.number,
            start: file.pieces[0].offset,
            last: file.pieces.iter().map(|piece| piece.offset).max().unwrap_or_default(),
            end: file.end,
            skipped: file.skipped,
            chunks: chunks.into(),
        });
        Ok(())
    }

    /// Ends the table, and returns the entries and the places of the files, which end at `end` in the layer.
    fn finish(mut self, end: u64) -> Result<(LayerIndex, Vec<(usize, FilePlace)>), Error> {
        self.end_file()?;
        self.index.finish();
        self.offsets.sort_unstable();
        let mut places = Vec::with_capacity(self.files.len());
        for UnplacedFile { number, start, last, end: own, skipped, chunks } in self.files {
            let next = self.offsets.get(self.offsets.partition_point(|offset| *offset <= last)).copied();
            let until = own.filter(|end| *end > last).or(next).unwrap_or(end);
            if until > end || start >= until {
                let path = &self.index.entries()[number].path;
                return Err(damage(format!(
                    "expected {path:?} before byte {end}, found it at bytes {start} to {until}"
                )));
            }
            places.push((number, FilePlace { range: start..until, skipped, chunks }));
        }
        Ok((self.index, places))
    }

    fn path(&self, path: &str) -> Result<LayerPath, Error> {
        let bytes = path.as_bytes();
        self.limits.check(LimitKind::PathLength, bytes.len() as u64, Some(bytes))?;
        if bytes.contains(&0) {
            return Err(damage(format!("expected a path without zero bytes, found {path:?}")));
        }
        let clean =
            LayerPath::clean(bytes).ok_or_else(|| Error::PathEscapes { offset: 0, path: path.to_owned() })?;
        self.limits.check(LimitKind::PathDepth, clean.components().count() as u64, Some(bytes))?;
        Ok(clean)
    }
}

impl Piece {
    fn of(item: &Item) -> Self {
        let digest = item.chunk_digest.clone();
        Self { offset: item.offset, position: item.position, digest, is_zeros: item.is_zeros }
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

fn not_in_order(file: &str) -> Error {
    damage(format!("expected the pieces of {file:?} one behind the other"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is a function of `map_err`")]
fn damaged(error: FieldError) -> Error {
    damage(error.to_string())
}

fn damage(reason: String) -> Error {
    Error::Contents { reason }
}
