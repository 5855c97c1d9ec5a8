//! The fields of one header block.

use std::ops::Range;

use tar::{EntryType, Header};

use super::{BLOCK_SIZE, header_error, sparse};
use crate::{Device, Entry, EntryKind, Error, LayerPath, Segment, entry::owner_number};

/// The place of ustar's prefix in a header.
const PREFIX: Range<usize> = 345..500;

/// The type of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeFlag {
    File,
    /// A file of archives from before POSIX, which mark directories by a slash at the end of their names alone.
    OldFile,
    HardLink,
    Symlink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
    /// A sparse file of GNU's old format.
    GnuSparse,
    /// PAX records of the next entry.
    Pax,
    /// PAX records of all that follow.
    Global,
    /// GNU's name of the next entry.
    LongName,
    /// GNU's link target of the next entry.
    LongLink,
}

impl TypeFlag {
    pub(super) fn is_extended(self) -> bool {
        matches!(self, Self::Pax | Self::Global | Self::LongName | Self::LongLink)
    }

    /// The type of the entry of this name.
    pub(super) fn kind(self, name: &[u8]) -> EntryKind {
        match self {
            Self::HardLink => EntryKind::HardLink,
            Self::Symlink => EntryKind::Symlink,
            Self::CharacterDevice => EntryKind::CharacterDevice,
            Self::BlockDevice => EntryKind::BlockDevice,
            Self::Directory => EntryKind::Directory,
            Self::Fifo => EntryKind::Fifo,
            Self::OldFile if name.ends_with(b"/") => EntryKind::Directory,
            _ => EntryKind::File,
        }
    }
}

/// One header block.
pub(super) struct Block<'a> {
    header: &'a Header,
    bytes: &'a [u8; BLOCK_SIZE],
    offset: u64,
}

impl<'a> Block<'a> {
    pub(super) fn new(bytes: &'a [u8; BLOCK_SIZE], offset: u64) -> Self {
        Self { header: Header::from_byte_slice(bytes), bytes, offset }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }

    /// Compares the checksum. Some old programs add signed bytes.
    pub(super) fn check(&self) -> Result<(), Error> {
        let field = &self.header.as_old().cksum;
        let sum: u32 = self.bytes.iter().map(|byte| u32::from(*byte)).sum();
        let own: u32 = field.iter().map(|byte| u32::from(*byte)).sum();
        let expected = sum - own + 8 * u32::from(b' ');
        let high = self.bytes.iter().filter(|byte| **byte > 127).count();
        let high_own = field.iter().filter(|byte| **byte > 127).count();
        let signed = i64::from(expected) - 256 * i64::try_from(high - high_own).unwrap_or_default();
        let found = number(field);
        if found.is_some_and(|found| found == i64::from(expected) || found == signed) {
            return Ok(());
        }
        let found = String::from_utf8_lossy(field).trim_matches(['\0', ' ']).to_owned();
        let found = i64::from_str_radix(&found, 8).map_or(format!("{found:?}"), |found| found.to_string());
        Err(Error::Checksum { offset: self.offset, expected, found })
    }

    pub(super) fn type_flag(&self) -> Result<TypeFlag, Error> {
        Ok(match self.header.entry_type() {
            EntryType::Regular if self.header.as_old().linkflag == [0] => TypeFlag::OldFile,
            EntryType::Regular | EntryType::Continuous => TypeFlag::File,
            EntryType::Link => TypeFlag::HardLink,
            EntryType::Symlink => TypeFlag::Symlink,
            EntryType::Char => TypeFlag::CharacterDevice,
            EntryType::Block => TypeFlag::BlockDevice,
            EntryType::Directory => TypeFlag::Directory,
            EntryType::Fifo => TypeFlag::Fifo,
            EntryType::GNUSparse => TypeFlag::GnuSparse,
            EntryType::XHeader => TypeFlag::Pax,
            EntryType::XGlobalHeader => TypeFlag::Global,
            EntryType::GNULongName => TypeFlag::LongName,
            EntryType::GNULongLink => TypeFlag::LongLink,
            other => {
                let flag = char::from(other.as_byte());
                return Err(header_error(
                    self.offset,
                    format!("expected an entry's type, found {flag:?}, which layers do not have"),
                ));
            }
        })
    }

    pub(super) fn size(&self) -> Result<u64, Error> {
        self.unsigned("size", &self.header.as_old().size)
    }

    /// The path, with ustar's prefix.
    pub(super) fn path(&self) -> Vec<u8> {
        let name = until_zero(&self.header.as_old().name);
        match self.header.as_ustar().map(|ustar| until_zero(&ustar.prefix)).or_else(|| self.gnu_prefix()) {
            Some(prefix) if !prefix.is_empty() => [prefix, b"/", name].concat(),
            _ => name.to_vec(),
        }
    }

    /// The prefix in a header of GNU's format, which has none: Go before 1.8 wrote one over the times of access and change. It
    /// counts if one of them is no number, and it is ASCII, as in Go's `archive/tar` since.
    fn gnu_prefix(&self) -> Option<&[u8]> {
        let gnu = self.header.as_gnu()?;
        let is_time = |field: &[u8]| field[0] == 0 || number(field).is_some();
        if is_time(&gnu.atime) && is_time(&gnu.ctime) {
            return None;
        }
        let prefix = until_zero(&self.bytes[PREFIX]);
        prefix.is_ascii().then_some(prefix)
    }

    pub(super) fn link(&self) -> Vec<u8> {
        until_zero(&self.header.as_old().linkname).to_vec()
    }

    /// The entry as this block alone has it.
    pub(super) fn entry(&self, path: LayerPath, kind: EntryKind, link: Box<[u8]>) -> Result<Entry, Error> {
        let old = self.header.as_old();
        let names = match (self.header.as_ustar(), self.header.as_gnu()) {
            (Some(ustar), _) => Some((&ustar.uname, &ustar.gname, &ustar.dev_major, &ustar.dev_minor)),
            (_, Some(gnu)) => Some((&gnu.uname, &gnu.gname, &gnu.dev_major, &gnu.dev_minor)),
            _ => None,
        };
        let text = |field: &[u8]| String::from_utf8_lossy(until_zero(field)).into();
        let device = match names {
            Some((_, _, major, minor))
                if matches!(kind, EntryKind::CharacterDevice | EntryKind::BlockDevice) =>
            {
                let number = |name: &str, field: &[u8]| {
                    let number = self.unsigned(name, field)?;
                    u32::try_from(number).map_err(|_| self.field_error(name, field))
                };
                Device { major: number("device major", major)?, minor: number("device minor", minor)? }
            }
            _ => Device::default(),
        };
        let mode = self.unsigned("mode", &old.mode)? & 0o7777;
        Ok(Entry {
            kind,
            mode: u32::try_from(mode).expect("it has twelve bits"),
            uid: self.owner("uid", &old.uid)?,
            gid: self.owner("gid", &old.gid)?,
            user: names.map(|names| text(names.0)).unwrap_or_default(),
            group: names.map(|names| text(names.1)).unwrap_or_default(),
            mtime: number(&old.mtime).ok_or_else(|| self.field_error("mtime", &old.mtime))?,
            link,
            device,
            ..Entry::directory(path)
        })
    }

    /// The real size of a sparse file of GNU's old format, its first segments, and `true` if more blocks of them
    /// follow.
    pub(super) fn gnu_sparse(&self) -> Result<(u64, Vec<Segment>, bool), Error> {
        let gnu = self.header.as_gnu().ok_or_else(|| {
            header_error(self.offset, "expected GNU's magic in the header of a sparse file, found another")
        })?;
        let mut segments = Vec::new();
        for descriptor in &gnu.sparse {
            sparse::read_segment(descriptor, self.offset, &mut segments)?;
        }
        Ok((self.unsigned("real size", &gnu.realsize)?, segments, gnu.isextended[0] != 0))
    }

    fn unsigned(&self, name: &str, field: &[u8]) -> Result<u64, Error> {
        number(field)
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| self.field_error(name, field))
    }

    fn owner(&self, name: &str, field: &[u8]) -> Result<u64, Error> {
        number(field).and_then(owner_number).ok_or_else(|| self.field_error(name, field))
    }

    fn field_error(&self, name: &str, field: &[u8]) -> Error {
        header_error(self.offset, format!("expected the field {name} as a number, found {:?}", lossy(field)))
    }
}

/// The number in a field: octal digits with spaces and zero bytes around them, or GNU's base 256; 0 if it is empty.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    match field {
        [first, rest @ ..] if first & 0x80 != 0 => {
            // The bit behind the mark is the sign.
            let start = if first & 0x40 == 0 { i128::from(first & 0x3f) } else { i128::from(*first) - 256 };
            let mut number = start;
            for byte in rest {
                number = number.checked_mul(256)?.checked_add(i128::from(*byte))?;
            }
            number.try_into().ok()
        }
        field => {
            let is_filler = |byte: &u8| matches!(byte, 0 | b' ');
            let start = field.iter().position(|byte| !is_filler(byte)).unwrap_or(field.len());
            let digits = until_zero(&field[start..]);
            let end = digits.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
            digits[..end].iter().try_fold(0_i64, |number, digit| match digit {
                b'0'..=b'7' => number.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
                _ => None,
            })
        }
    }
}

fn until_zero(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|byte| *byte == 0).unwrap_or(field.len())]
}

fn lossy(field: &[u8]) -> String {
    String::from_utf8_lossy(until_zero(field)).into_owned()
}
