//! Files that commands write: whole or not at all, with the owner and the mode of those that they replace.

use std::{
    collections::hash_map::RandomState,
    fs::{self, File, Metadata, OpenOptions, Permissions},
    hash::{BuildHasher, Hasher},
    io::{self, ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use rustix::fs::{Access, access};

/// Links that lead to a file, at most.
const LINKS_MAX: usize = 40;

/// The place that a path leads to.
enum WriteTarget {
    /// A regular file, or one that is not there yet.
    File(PathBuf),
    /// A pipe, a device or an open file of a process: it is opened and written, never replaced.
    Stream(PathBuf),
}

/// Writes a file. One that is not there yet gets the mode `new_mode`.
///
/// # Errors
/// The system's. A regular file is as it was then, unless its folder cannot be written.
pub fn write(path: &Path, bytes: &[u8], new_mode: u32) -> io::Result<()> {
    let target = match place(path)? {
        WriteTarget::Stream(stream) => return OpenOptions::new().append(true).open(stream)?.write_all(bytes),
        WriteTarget::File(target) => target,
    };
    let before = fs::metadata(&target).ok();
    let replaced = create_beside(&target, before.as_ref().map_or(new_mode, |_| 0o600)).and_then(|beside| {
        let written = fill(&beside.1, bytes, before.as_ref()).and_then(|()| fs::rename(&beside.0, &target));
        written.inspect_err(|_| drop(fs::remove_file(&beside.0)))
    });
    match replaced {
        // A file that may be written in a folder that may not, of an owner that it would lose, or a mount.
        Err(error) if before.is_some() && cannot_be_replaced(&error) => {
            let mut file = OpenOptions::new().write(true).truncate(true).open(&target)?;
            file.write_all(bytes)?;
            file.sync_all()
        }
        replaced => replaced,
    }
}

/// Checks that a file can be written. What is in it stays.
///
/// # Errors
/// The system's.
pub fn check(path: &Path) -> io::Result<()> {
    let target = match place(path)? {
        WriteTarget::Stream(stream) if stream.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        // Opening a pipe would wait for its reader.
        WriteTarget::Stream(stream) => return Ok(access(stream, Access::WRITE_OK)?),
        WriteTarget::File(target) => target,
    };
    match create_beside(&target, 0o600) {
        Ok((beside, _)) => fs::remove_file(beside),
        Err(error) if cannot_be_replaced(&error) && target.is_file() => {
            OpenOptions::new().write(true).open(target).map(drop)
        }
        Err(error) => Err(error),
    }
}

/// Follows the links of a path, also one that leads to a file that is not there yet.
fn place(path: &Path) -> io::Result<WriteTarget> {
    let mut target = path.to_owned();
    for _ in 0..LINKS_MAX {
        if target.file_name().is_none() && !target.is_dir() {
            return Err(ErrorKind::NotFound.into());
        }
        if is_open_file(&target) {
            return Ok(WriteTarget::Stream(target));
        }
        match fs::read_link(&target) {
            Ok(link) => target = target.parent().unwrap_or(Path::new("")).join(link),
            Err(_) if fs::metadata(&target).is_ok_and(|found| !found.is_file()) => {
                return Ok(WriteTarget::Stream(target));
            }
            Err(_) => return Ok(WriteTarget::File(target)),
        }
    }
    Err(rustix::io::Errno::LOOP.into())
}

/// Returns `true` for the names of the open files of a process, such as `/proc/self/fd/1`: others write there, too.
fn is_open_file(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
    folder.is_some_and(|folder| {
        folder == Path::new("/dev/fd") || folder.starts_with("/proc") && folder.ends_with("fd")
    })
}

/// Creates a file beside another one, to be renamed, under a name that nothing has: what others put there is neither followed nor
/// written.
fn create_beside(target: &Path, mode: u32) -> io::Result<(PathBuf, File)> {
    loop {
        // Each of these has other keys.
        let number = RandomState::new().build_hasher().finish() as u32;
        let mut beside = target.to_owned().into_os_string();
        beside.push(format!(".{number:08x}.tmp"));
        let beside = PathBuf::from(beside);
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (beside, file)),
        }
    }
}

/// Writes the bytes of a file that is to be renamed, and gives it owner and mode of the one that it replaces.
fn fill(mut file: &File, bytes: &[u8], before: Option<&Metadata>) -> io::Result<()> {
    file.write_all(bytes)?;
    if let Some(before) = before {
        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
            fchown(file, Some(before.uid()), Some(before.gid()))?;
        }
        file.set_permissions(Permissions::from_mode(before.mode() & 0o7777))?;
    }
    file.sync_all()
}

/// Returns `true` if a file may be written that cannot be replaced by another one: its folder is not to be written, or it is a mount,
/// as containers have single files.
fn cannot_be_replaced(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::ResourceBusy
    )
}
