//! tar archives, written piece by piece.

use std::collections::VecDeque;

use tar::{EntryType, Header};

use crate::{
    Entry, EntryKind,
    tar::{BLOCK_SIZE, padding_of},
};

/// The largest number of eight octal digits with a zero behind them.
const SMALL_MAX: u64 = 0o777_7777;
/// The largest number of twelve octal digits with a zero behind them.
const LARGE_MAX: u64 = 0o777_7777_7777;
/// The zeros that are given in one piece.
const ZEROS: usize = 64 * 1024;

/// A writer of tar archives: ustar, with PAX records for what that cannot say. [`TarWriter::take`] gives what is
/// written.
///
/// ```
/// use tallyman_layers::{Entry, EntryKind, LayerPath, TarWriter};
///
/// let hello = LayerPath::clean(b"hello.txt").expect("it stays inside");
/// let mut archive = TarWriter::default();
/// archive.entry(&Entry { kind: EntryKind::File, mode: 0o644, size: 5, ..Entry::directory(hello) });
/// archive.content(0, b"hello");
/// assert_eq!(archive.finish().len(), 4 * 512);
/// ```
#[derive(Default)]
pub struct TarWriter {
    pieces: VecDeque<Piece>,
    /// The size of the file whose content comes, and what of it is written.
    size: u64,
    written: u64,
}

enum Piece {
    Bytes(Vec<u8>),
    Zeros(u64),
}

impl TarWriter {
    /// Begins an entry. A sparse file is written with its holes.
    pub fn entry(&mut self, entry: &Entry) {
        self.end_entry();
        let mut records = Records::default();
        let mut header = Header::new_ustar();
        let mut path = entry.path.as_bytes().to_vec();
        if entry.kind == EntryKind::Directory {
            if path.is_empty() {
                path.push(b'.');
            }
            path.push(b'/');
        }
        let old = header.as_old_mut();
        records.text("path", &path, &mut old.name);
        records.text("linkpath", &entry.link, &mut old.linkname);
        header.set_entry_type(match entry.kind {
            EntryKind::File => EntryType::Regular,
            EntryKind::Directory => EntryType::Directory,
            EntryKind::Symlink => EntryType::Symlink,
            EntryKind::HardLink => EntryType::Link,
            EntryKind::CharacterDevice => EntryType::Char,
            EntryKind::BlockDevice => EntryType::Block,
            EntryKind::Fifo => EntryType::Fifo,
        });
        header.set_mode(entry.mode);
        let size = if entry.kind == EntryKind::File { entry.size } else { 0 };
        header.set_uid(records.number("uid", entry.uid, SMALL_MAX));
        header.set_gid(records.number("gid", entry.gid, SMALL_MAX));
        header.set_size(records.number("size", size, LARGE_MAX));
        header.set_mtime(records.time(entry.mtime, entry.mtime_nanos));
        if let Some(ustar) = header.as_ustar_mut() {
            records.text("uname", entry.user.as_bytes(), &mut ustar.uname);
            records.text("gname", entry.group.as_bytes(), &mut ustar.gname);
        }
        if matches!(entry.kind, EntryKind::CharacterDevice | EntryKind::BlockDevice) {
            // ustar has no room for more than 21 bits, and PAX no record for them; Linux has 12 and 20.
            let bits = |number: u32| number & 0x1f_ffff;
            let _ = header.set_device_major(bits(entry.device.major));
            let _ = header.set_device_minor(bits(entry.device.minor));
        }
        for attribute in &entry.xattrs {
            records.add(format!("SCHILY.xattr.{}", attribute.name).as_bytes(), &attribute.value);
        }
        if let Some(attributes) = entry.windows_attributes {
            records.add(b"MSWINDOWS.fileattr", attributes.to_string().as_bytes());
        }
        header.set_cksum();
        self.records(&records.0);
        self.bytes(header.as_bytes());
        (self.size, self.written) = (size, 0);
    }

    /// Writes a piece of the content of the entry that began last, at this position in the file. What is passed over
    /// is zeros; what is behind the entry's size is left out.
    pub fn content(&mut self, offset: u64, bytes: &[u8]) {
        self.zeros(offset.min(self.size).saturating_sub(self.written));
        let room = usize::try_from(self.size - self.written).unwrap_or(usize::MAX).min(bytes.len());
        self.bytes(&bytes[..room]);
        self.written += room as u64;
    }

    /// Returns the next bytes of the archive that are written; `None` if there are none yet.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        match self.pieces.pop_front()? {
            Piece::Bytes(bytes) => Some(bytes),
            Piece::Zeros(count) => {
                let now = usize::try_from(count).unwrap_or(usize::MAX).min(ZEROS);
                let left = count - now as u64;
                if left > 0 {
                    self.pieces.push_front(Piece::Zeros(left));
                }
                Some(vec![0; now])
            }
        }
    }

    /// Ends the archive, of which [`TarWriter::take`] gives the rest.
    pub fn end(&mut self) {
        self.end_entry();
        self.pieces.push_back(Piece::Zeros(2 * BLOCK_SIZE as u64));
    }

    /// Ends the archive and returns what of it has not been taken.
    pub fn finish(mut self) -> Vec<u8> {
        self.end();
        std::iter::from_fn(|| self.take()).flatten().collect()
    }

    fn end_entry(&mut self) {
        self.zeros(self.size - self.written);
        self.pad(self.size);
        (self.size, self.written) = (0, 0);
    }

    /// Writes an extended header.
    fn records(&mut self, records: &[u8]) {
        if records.is_empty() {
            return;
        }
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..6].copy_from_slice(b"PaxHdr");
        header.set_entry_type(EntryType::XHeader);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(records.len() as u64);
        header.set_cksum();
        self.bytes(header.as_bytes());
        self.bytes(records);
        self.pad(records.len() as u64);
    }

    fn pad(&mut self, size: u64) {
        self.push_zeros(padding_of(size));
    }

    fn zeros(&mut self, count: u64) {
        self.written += count;
        self.push_zeros(count);
    }

    fn push_zeros(&mut self, count: u64) {
        match self.pieces.back_mut() {
            _ if count == 0 => {}
            Some(Piece::Bytes(last)) if count < BLOCK_SIZE as u64 => {
                last.resize(last.len() + usize::try_from(count).unwrap_or_default(), 0);
            }
            _ => self.pieces.push_back(Piece::Zeros(count)),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match self.pieces.back_mut() {
            _ if bytes.is_empty() => {}
            Some(Piece::Bytes(last)) if last.len() < ZEROS => last.extend_from_slice(bytes),
            _ => self.pieces.push_back(Piece::Bytes(bytes.to_vec())),
        }
    }
}

/// PAX records of one entry.
#[derive(Default)]
struct Records(Vec<u8>);

impl Records {
    /// Adds a record. Its length counts its own digits.
    fn add(&mut self, key: &[u8], value: &[u8]) {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while length.to_string().len() + rest > length {
            length += 1;
        }
        let record = [length.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat();
        self.0.extend_from_slice(&record);
    }

    /// Writes a text into its field, and into a record if it is too long.
    fn text(&mut self, key: &str, text: &[u8], field: &mut [u8]) {
        let room = text.len().min(field.len());
        field[..room].copy_from_slice(&text[..room]);
        if text.len() > field.len() {
            self.add(key.as_bytes(), text);
        }
    }

    /// Returns the number for its field, and writes a record if it is too large.
    fn number(&mut self, key: &str, number: u64, max: u64) -> u64 {
        if number <= max {
            return number;
        }
        self.add(key.as_bytes(), number.to_string().as_bytes());
        0
    }

    /// Returns the seconds for their field, and writes a record for what that cannot hold.
    fn time(&mut self, seconds: i64, nanos: u32) -> u64 {
        let field = u64::try_from(seconds).ok().filter(|seconds| *seconds <= LARGE_MAX);
        if nanos > 0 || field.is_none() {
            let nanos_total = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
            let sign = if nanos_total < 0 { "-" } else { "" };
            let total = nanos_total.unsigned_abs();
            let (whole, fraction) = (total / 1_000_000_000, total % 1_000_000_000);
            self.add(b"mtime", format!("{sign}{whole}.{fraction:09}").as_bytes());
        }
        field.unwrap_or_default()
    }
}
