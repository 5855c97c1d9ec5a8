//! The file system of this machine, by `std::fs`.

use std::{
    collections::hash_map::RandomState,
    fs::{self, File, OpenOptions},
    hash::{BuildHasher, Hasher},
    io::{self, ErrorKind, Write},
    process,
    sync::LazyLock,
    thread,
    time::{Duration, UNIX_EPOCH},
};

use futures_channel::oneshot;
use futures_util::{FutureExt, future::LocalBoxFuture};

use super::{FileError, FileErrorKind, Folder, Holder};

/// The time between two looks at a lock.
const PAUSE: Duration = Duration::from_millis(10);

/// The file system of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeFolder;

impl Folder for NativeFolder {
    fn list(&self, path: &str) -> Result<Option<Vec<String>>, FileError> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open", path, &error)),
        };
        let names: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.file_name())).collect();
        let names = names.map_err(|error| failed("readdirent", path, &error))?;
        let mut names: Vec<_> = names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        Ok(Some(names))
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        let read = || {
            // Opening a pipe would wait for whoever writes into it.
            let kind = fs::metadata(path)?.file_type();
            if kind.is_file() || kind.is_dir() {
                return fs::read(path);
            }
            Err(io::Error::other("not a regular file"))
        };
        match read() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("open", path, &error)),
        }
    }

    fn changed(&self, path: &str) -> Option<f64> {
        let changed = fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
        Some(changed.duration_since(UNIX_EPOCH).ok()?.as_secs_f64() * 1000.0)
    }

    fn create_file(&self, path: &str, bytes: &[u8], durable: bool) -> Result<(), FileError> {
        let create = || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
            let mut file = options.open(path)?;
            let written = file.write_all(bytes).and_then(|()| if durable { file.sync_all() } else { Ok(()) });
            written.inspect_err(|_| drop(fs::remove_file(path)))
        };
        create().map_err(|error| failed("open", path, &error))
    }

    fn create_folder(&self, path: &str) -> Result<(), FileError> {
        fs::create_dir_all(path).map_err(|error| failed("mkdir", path, &error))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        fs::rename(from, to).map_err(|error| failed("rename", to, &error))
    }

    fn remove_file(&self, path: &str) -> Result<(), FileError> {
        fs::remove_file(path).map_err(|error| failed("unlinkat", path, &error))
    }

    fn remove_folder(&self, path: &str) -> Result<(), FileError> {
        fs::remove_dir(path).map_err(|error| failed("unlinkat", path, &error))
    }

    fn sync(&self, path: &str) -> Result<(), FileError> {
        // Other systems do not open folders, and keep their names by themselves.
        if cfg!(unix) {
            let synced = File::open(path).and_then(|folder| folder.sync_all());
            return synced.map_err(|error| failed("fsync", path, &error));
        }
        Ok(())
    }

    fn holder(&self) -> Holder {
        static INSTANCE: LazyLock<String> =
            LazyLock::new(|| format!("{:016x}", RandomState::new().build_hasher().finish()));
        let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let host = format!("{}/{}", name.trim(), namespace.display());
        Holder { process: process::id(), host, instance: INSTANCE.clone() }
    }

    fn is_alive(&self, process: u32) -> Option<bool> {
        // Where there is no such folder, or one of another PID namespace, locks end by their age.
        let own = fs::read_link("/proc/self").ok();
        let is_known = own.is_some_and(|own| own.as_os_str() == &*process::id().to_string());
        is_known.then(|| fs::exists(format!("/proc/{process}")).unwrap_or(true))
    }

    fn pause(&self) -> LocalBoxFuture<'_, ()> {
        let (end, ended) = oneshot::channel();
        // A thread of its own, whatever runs the futures: who waits can be ended meanwhile.
        let timer = thread::Builder::new().spawn(move || {
            thread::sleep(PAUSE);
            end.send(()).ok();
        });
        if timer.is_err() {
            thread::sleep(PAUSE);
        }
        ended.map(drop).boxed_local()
    }
}

/// An error of the machine in Go's words: `open PATH: permission denied`.
fn failed(action: &str, path: &str, error: &io::Error) -> FileError {
    let kind = match error.kind() {
        ErrorKind::NotFound => FileErrorKind::NotFound,
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => FileErrorKind::Exists,
        ErrorKind::CrossesDevices => FileErrorKind::CrossDevice,
        ErrorKind::IsADirectory => FileErrorKind::IsFolder,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => FileErrorKind::ReadOnly,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileErrorKind::Full,
        _ => FileErrorKind::Other,
    };
    let message = error.to_string();
    let message = message.split(" (os error").next().unwrap_or(&message).to_lowercase();
    FileError { kind, message: format!("{action} {path}: {message}") }
}
