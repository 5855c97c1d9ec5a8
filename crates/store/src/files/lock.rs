//! Locks: a file that only one program can create. Whoever dies leaves it behind, and another takes it over.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{FileError, FileErrorKind, Folder, Holder};

/// Pauses after which a lock is given up that has not changed: some ten seconds. Nothing that is done under a lock takes that
/// long. It is taken over, unless its holder is known to live.
const PAUSES_MAX: usize = 1000;
/// Pauses after which a lock is taken over that does not name its holder: that one died before it had
/// written its name.
const PAUSES_MAX_UNNAMED: usize = 100;

/// The end of the name of the file that guards the take-over of a lock.
pub(super) const TAKEOVER: &str = "-takeover";

/// A lock that is held. It ends when it is dropped. All programs that change the same files take the one of the same path.
#[derive(Debug)]
pub struct Lock<'a, F: Folder> {
    folder: &'a F,
    path: String,
    token: String,
}

impl<'a, F: Folder> Lock<'a, F> {
    /// Creates the lock file `path`, and waits while another program holds it.
    ///
    /// # Errors
    /// Any [`FileError`]; [`FileErrorKind::NotFound`] if the folder is missing, [`FileErrorKind::Held`] if a program that lives
    /// does not release the lock.
    pub async fn acquire(folder: &'a F, path: String) -> Result<Self, FileError> {
        let (mut seen, mut pauses) = (Vec::new(), 0);
        loop {
            let (lock, found) = Self::attempt(folder, &path)?;
            if let Some(lock) = lock {
                return Ok(lock);
            }
            let Some(found) = found else { continue };
            pauses = if found == seen { pauses + 1 } else { 0 };
            let pauses_max = if words(&found).len() == TOKEN_WORDS { PAUSES_MAX } else { PAUSES_MAX_UNNAMED };
            let (is_late, holder) = (pauses >= pauses_max, neighbour(folder, &found));
            match (holder, holder.and_then(|process| folder.is_alive(process))) {
                (Some(process), Some(true)) if is_late => return Err(held(&path, process)),
                (_, is_alive) if is_late || is_alive == Some(false) => {
                    take_over(folder, &path, &found, is_late)?;
                }
                _ => {}
            }
            seen = found;
            folder.pause().await;
        }
    }

    /// Creates the lock file `path` unless another program that lives holds it.
    ///
    /// # Errors
    /// Any [`FileError`].
    pub(super) fn try_acquire(folder: &'a F, path: &str) -> Result<Option<Self>, FileError> {
        let (lock, found) = Self::attempt(folder, path)?;
        if let (None, Some(found)) = (&lock, found)
            && neighbour(folder, &found).and_then(|process| folder.is_alive(process)) == Some(false)
        {
            take_over(folder, path, &found, false)?;
            return Ok(Self::attempt(folder, path)?.0);
        }
        Ok(lock)
    }

    /// Returns the lock, or what stands in that of another.
    fn attempt(folder: &'a F, path: &str) -> Result<(Option<Self>, Option<Vec<u8>>), FileError> {
        let token = token(&folder.holder());
        match folder.create_file(path, token.as_bytes(), false) {
            Ok(()) => Ok((Some(Self { folder, path: path.to_owned(), token }), None)),
            Err(error) if error.kind == FileErrorKind::Exists => Ok((None, folder.read(path)?)),
            Err(error) => Err(error),
        }
    }

    /// Returns an error if another program has taken this lock over, because this one stood still for too long.
    ///
    /// # Errors
    /// Any [`FileError`].
    pub fn check(&self) -> Result<(), FileError> {
        if self.is_held() {
            return Ok(());
        }
        let message = format!(
            "lock {}: another program has taken it over because this one stood still; nothing was changed; try again",
            self.path
        );
        Err(FileError { kind: FileErrorKind::Other, message })
    }

    fn is_held(&self) -> bool {
        matches!(self.folder.read(&self.path), Ok(Some(found)) if found == self.token.as_bytes())
    }
}

impl<F: Folder> Drop for Lock<'_, F> {
    fn drop(&mut self) {
        if self.is_held() {
            // A lock that cannot be removed is taken over by the next program.
            self.folder.remove_file(&self.path).ok();
        }
    }
}

/// Words of a token: process, host, instance and number.
const TOKEN_WORDS: usize = 4;

fn words(token: &[u8]) -> Vec<&str> {
    str::from_utf8(token).map(|token| token.split(' ').collect()).unwrap_or_default()
}

fn token(holder: &Holder) -> String {
    static LOCKS: AtomicUsize = AtomicUsize::new(0);
    let number = LOCKS.fetch_add(1, Ordering::Relaxed);
    format!("{} {} {} {number}", holder.process, holder.host, holder.instance)
}

/// Returns the process that wrote `token`, if it is one of this machine.
fn neighbour<F: Folder>(folder: &F, token: &[u8]) -> Option<u32> {
    let [process, host, _, _] = words(token)[..] else { return None };
    process.parse().ok().filter(|_| host == folder.holder().host)
}

/// The error of a lock that a program holds which lives.
fn held(path: &str, process: u32) -> FileError {
    let message = format!(
        "lock {path}: process {process} holds it and does not release it; nothing was changed; end that process, or remove the file if it is another program"
    );
    FileError { kind: FileErrorKind::Held, message }
}

/// Removes the lock in which `found` stands. One program at a time does so, and looks once more: so that no lock is
/// removed that another one has just created. A program that died over it is passed over if it `is_late`.
fn take_over<F: Folder>(folder: &F, path: &str, found: &[u8], is_late: bool) -> Result<(), FileError> {
    let guard = format!("{path}{TAKEOVER}");
    match folder.create_file(&guard, b"", false) {
        Ok(()) => {}
        Err(error) if error.kind == FileErrorKind::Exists => {
            return if is_late { ignore_missing(folder.remove_file(&guard)) } else { Ok(()) };
        }
        Err(error) => return Err(error),
    }
    let removed = match folder.read(path) {
        Ok(Some(now)) if now == found => ignore_missing(folder.remove_file(path)),
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    ignore_missing(folder.remove_file(&guard)).and(removed)
}

/// Takes it for success that there is nothing to remove.
pub(super) fn ignore_missing(removed: Result<(), FileError>) -> Result<(), FileError> {
    match removed {
        Err(error) if error.kind == FileErrorKind::NotFound => Ok(()),
        other => other,
    }
}
