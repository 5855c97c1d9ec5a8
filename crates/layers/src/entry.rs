//! Entries of a layer.

use crate::LayerPath;

/// The type of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of a file of the same image.
    HardLink,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
}

impl EntryKind {
    /// The word for it in JSON and in the package's types.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::HardLink => "hardlink",
            Self::CharacterDevice => "character-device",
            Self::BlockDevice => "block-device",
            Self::Fifo => "fifo",
        }
    }

    /// The character that `ls -l` begins a line with.
    pub const fn letter(self) -> char {
        match self {
            Self::File | Self::HardLink => '-',
            Self::Directory => 'd',
            Self::Symlink => 'l',
            Self::CharacterDevice => 'c',
            Self::BlockDevice => 'b',
            Self::Fifo => 'p',
        }
    }
}

/// The numbers of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// The driver.
    pub major: u32,
    /// The device of that driver.
    pub minor: u32,
}

/// An extended attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedAttribute {
    /// The name, such as `security.capability`.
    pub name: Box<str>,
    /// The value.
    pub value: Box<[u8]>,
}

/// A piece of a sparse file that has data. What lies between is zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The position in the file.
    pub offset: u64,
    /// The number of bytes.
    pub length: u64,
}

/// Returns so many zeros, the content of a hole, in pieces.
///
/// ```
/// let pieces: Vec<_> = tallyman_layers::zeros(100_000).collect();
/// assert!(pieces.len() > 1 && pieces.concat() == [0; 100_000]);
/// ```
pub fn zeros(mut count: u64) -> impl Iterator<Item = &'static [u8]> {
    const ZEROS: &[u8] = &[0; 16 * 1024];
    std::iter::from_fn(move || {
        let piece = &ZEROS[..usize::try_from(count).unwrap_or(usize::MAX).min(ZEROS.len())];
        count -= piece.len() as u64;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The number of a user or group, which is one of 32 bits if it is negative: -2 is 4294967294, as engines have the kernel take it.
pub(crate) fn owner_number(number: i64) -> Option<u64> {
    u64::try_from(number).ok().or_else(|| Some(i32::try_from(number).ok()?.cast_unsigned().into()))
}

/// Bytes of the name of a user or group, at most, on Linux.
const USER_NAME_MAX: usize = 32;

/// One entry of a layer, as its tar headers have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path, without `./` in front.
    pub path: LayerPath,
    /// The type.
    pub kind: EntryKind,
    /// The permissions with setuid, setgid and sticky bit: `0o7777` at most.
    pub mode: u32,
    /// The owner's number.
    pub uid: u64,
    /// The group's number.
    pub gid: u64,
    /// The owner's name, often empty.
    pub user: Box<str>,
    /// The group's name, often empty.
    pub group: Box<str>,
    /// The size of the file in bytes, holes included; 0 for everything else.
    pub size: u64,
    /// Seconds since 1970 of the last change.
    pub mtime: i64,
    /// Nanoseconds behind [`Entry::mtime`].
    pub mtime_nanos: u32,
    /// The target of a symbolic link as it stands there, or the path of the file that a hard link names.
    pub link: Box<[u8]>,
    /// The numbers of a device.
    pub device: Device,
    /// Extended attributes, by name: capabilities, access lists.
    pub xattrs: Box<[ExtendedAttribute]>,
    /// Windows' file attributes (`FILE_ATTRIBUTE_…`), of layers for Windows.
    pub windows_attributes: Option<u32>,
    /// The position of the entry's first header in the tar archive.
    pub header_offset: u64,
    /// The position of its content in the tar archive.
    pub content_offset: u64,
    /// The bytes of its content in the tar archive: less than its size if it is sparse.
    pub stored_size: u64,
    /// The pieces that have data, if the file is sparse.
    pub segments: Option<Box<[Segment]>>,
}

impl Entry {
    /// The mode as `ls -l` has it: `-rwsr-xr-x`.
    ///
    /// ```
    /// use tallyman_layers::{Entry, LayerPath};
    ///
    /// let bin = LayerPath::clean(b"bin").expect("it stays inside");
    /// let entry = Entry { mode: 0o4755, ..Entry::directory(bin) };
    /// assert_eq!(entry.mode_text(), "drwsr-xr-x");
    /// ```
    pub fn mode_text(&self) -> String {
        let bit = |bit: u32, letter: char| if self.mode & bit == 0 { '-' } else { letter };
        let special = |special: u32, execute: u32, lower: char| match (
            self.mode & special != 0,
            self.mode & execute != 0,
        ) {
            (true, true) => lower,
            (true, false) => lower.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        };
        [
            self.kind.letter(),
            bit(0o400, 'r'),
            bit(0o200, 'w'),
            special(0o4000, 0o100, 's'),
            bit(0o040, 'r'),
            bit(0o020, 'w'),
            special(0o2000, 0o010, 's'),
            bit(0o004, 'r'),
            bit(0o002, 'w'),
            special(0o1000, 0o001, 't'),
        ]
        .iter()
        .collect()
    }

    /// A directory of root's, as one is made for paths whose directory has no entry.
    pub fn directory(path: LayerPath) -> Self {
        Self {
            path,
            kind: EntryKind::Directory,
            mode: 0o755,
            uid: 0,
            gid: 0,
            user: "".into(),
            group: "".into(),
            size: 0,
            mtime: 0,
            mtime_nanos: 0,
            link: Box::default(),
            device: Device::default(),
            xattrs: Box::default(),
            windows_attributes: None,
            header_offset: 0,
            content_offset: 0,
            stored_size: 0,
            segments: None,
        }
    }

    /// Returns a hard link with the mode, the owner and the time of the file that it names. Long names and attributes are not repeated:
    /// there may be millions of links to one file.
    pub(crate) fn of_file(&self, file: &Self) -> Self {
        let name = |name: &str| if name.len() <= USER_NAME_MAX { name.into() } else { Box::default() };
        Self {
            mode: file.mode,
            uid: file.uid,
            gid: file.gid,
            user: name(&file.user),
            group: name(&file.group),
            mtime: file.mtime,
            mtime_nanos: file.mtime_nanos,
            ..self.clone()
        }
    }

    /// The bytes of its holes.
    pub(crate) fn holes(&self) -> u64 {
        self.segments.as_ref().map_or(0, |_| self.size.saturating_sub(self.stored_size))
    }

    /// The bytes that its path, link, names, attributes and segments take.
    pub(crate) fn metadata_size(&self) -> u64 {
        let texts = [self.path.as_bytes(), &self.link, self.user.as_bytes(), self.group.as_bytes()];
        let texts: usize = texts.iter().map(|text| text.len()).sum();
        let attributes: usize =
            self.xattrs.iter().map(|xattr| size_of_val(xattr) + xattr.name.len() + xattr.value.len()).sum();
        (texts + attributes + self.segments.as_deref().map_or(0, size_of_val)) as u64
    }

    /// Returns `true` if type, mode, owner, link, device and attributes are the same.
    pub(crate) fn has_same_metadata(&self, other: &Self) -> bool {
        (self.kind, self.mode, self.uid, self.gid, &self.link, self.device, &self.xattrs)
            == (other.kind, other.mode, other.uid, other.gid, &other.link, other.device, &other.xattrs)
    }
}
