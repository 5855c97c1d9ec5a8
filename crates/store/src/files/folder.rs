//! The files of this machine.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{FileError, Files};

/// The files of this machine, by `std::fs`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Folder;

impl Files for Folder {
    fn list_dir(&self, path: &str) -> Result<Option<Vec<String>>, FileError> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(told("open", path, &error)),
        };
        let names: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.file_name())).collect();
        let names = names.map_err(|error| told("readdirent", path, &error))?;
        let mut names: Vec<_> = names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        Ok(Some(names))
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(told("open", path, &error)),
        }
    }

    fn write_atomic(&self, path: &str, bytes: &[u8]) -> Result<(), FileError> {
        let target = Path::new(path);
        let folder = target.parent().unwrap_or(target);
        let written = || {
            fs::create_dir_all(folder)?;
            // Beside the list's folder, so that no list is ever seen with a half-written entry in it.
            let staged = beside(folder);
            fs::write(&staged, bytes)?;
            fs::rename(&staged, target).inspect_err(|_| drop(fs::remove_file(&staged)))
        };
        written().map_err(|error| told("open", path, &error))
    }

    fn replace_dir(&self, path: &str, files: &[(String, Vec<u8>)]) -> Result<(), FileError> {
        let target = Path::new(path);
        let replaced = || {
            fs::create_dir_all(target.parent().unwrap_or(target))?;
            let staged = beside(target);
            let filled = || {
                fs::create_dir(&staged)?;
                for (name, bytes) in files {
                    fs::write(staged.join(name), bytes)?;
                }
                let old = beside(target);
                let replaces = target.exists();
                if replaces {
                    fs::rename(target, &old)?;
                }
                let renamed = fs::rename(&staged, target);
                match (renamed, replaces) {
                    (Ok(()), true) => fs::remove_dir_all(&old),
                    (Err(error), true) => fs::rename(&old, target).and(Err(error)),
                    (renamed, false) => renamed,
                }
            };
            filled().inspect_err(|_| drop(fs::remove_dir_all(&staged)))
        };
        replaced().map_err(|error| told("open", path, &error))
    }

    fn remove_dir(&self, path: &str) -> Result<(), FileError> {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(told("unlinkat", path, &error)),
            _ => Ok(()),
        }
    }
}

/// A short name in the same folder that no list and no other writer has.
fn beside(target: &Path) -> PathBuf {
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    target.with_file_name(format!(".tallyman-{}-{number}", process::id()))
}

/// An error of the machine in Go's words: `open PATH: permission denied`.
fn told(action: &str, path: &str, error: &io::Error) -> FileError {
    let message = error.to_string();
    let message = message.split(" (os error").next().unwrap_or(&message).to_lowercase();
    FileError(format!("{action} {path}: {message}"))
}
