//! Folders of lists, `ROOT/LIST/ENTRY`, changed so that nothing is lost: whoever writes at the same time, the Docker CLI
//! too, and whenever a program dies.
//!
//! Beside the lists' folders stand, for as long as somebody works on a list, files whose names begin with `.tallyman-` and a
//! hash of the list's name: its lock, the journal of a change, and what is staged for it. All are in `ROOT` itself, which may
//! be a link or a mount, in a folder that nobody may write to. Whoever works on a list next ends what another began: a
//! journal that stands there is carried out, all else is removed. In the folder `.tallyman-pushed` beside `ROOT` stands a file for
//! each list that was pushed, with its digests; the file's time is that of the push.

mod recovery;

use std::{
    iter,
    sync::atomic::{AtomicUsize, Ordering},
};

use tallyman_core::Digest;

use super::{
    FileError, FileErrorKind, Folder, Holder,
    journal::{Journal, is_file_name},
    lock::Lock,
};
use crate::docker::FileChange;

/// The beginning of all names that are no list's and no entry's.
const PREFIX: &str = ".tallyman-";
/// The folder with a note of each list's last push. It stands beside `ROOT`, in which the Docker CLI has its own files alone.
const PUSHED: &str = ".tallyman-pushed";
/// Bytes that the name of a file may have.
const NAME_MAX: usize = 255;
/// Reads of a list whose lock cannot be had, while other programs change it.
const READS_MAX: usize = 100;
/// Hexadecimal digits of the hash of a list's name.
const HASH: usize = 32;

/// The lists' folders below one root.
#[derive(Debug)]
pub struct ListFolders<F> {
    folder: F,
    root: String,
}

/// A file of a list: its name and its bytes, or the reason why it cannot be read.
pub type ListFile = (String, Result<Vec<u8>, FileError>);

impl<F: Folder> ListFolders<F> {
    /// The lists' folders below `root`, which need not be there yet.
    pub fn new(folder: F, root: impl Into<String>) -> Self {
        Self { folder, root: root.into() }
    }

    /// Returns the path of a list's folder.
    pub fn path(&self, list: &str) -> String {
        format!("{}/{list}", self.root)
    }

    /// Returns the names of all lists.
    ///
    /// # Errors
    /// Any [`FileError`].
    pub fn names(&self) -> Result<Vec<String>, FileError> {
        let names = self.folder.list(&self.root)?.unwrap_or_default();
        // No reference begins with a dot.
        Ok(names.into_iter().filter(|name| !name.starts_with('.')).collect())
    }

    /// Returns `true` if there is a list of that name.
    ///
    /// # Errors
    /// Any [`FileError`].
    pub(super) fn is_there(&self, list: &str) -> Result<bool, FileError> {
        Ok(self.folder.list(&self.path(list))?.is_some())
    }

    /// Returns the files of a list; `None` if there is no such list.
    ///
    /// # Errors
    /// Any [`FileError`] of the folder; those of files stand with them.
    pub async fn read(&self, list: &str) -> Result<Option<Vec<ListFile>>, FileError> {
        self.check_names(list, iter::empty())?;
        if self.folder.list(&self.path(list))?.is_none() {
            return Ok(None);
        }
        match self.lock(list).await {
            Ok(lock) => self.files(list, Some(&lock)),
            Err(error) if error.kind == FileErrorKind::Held => Err(error),
            // A list can be read from a read-only or full disk.
            Err(_) => self.read_unlocked(list).await,
        }
    }

    /// Returns the files of a list whose lock cannot be had. Who can write may change several of them meanwhile: they are read until
    /// they are the same twice.
    async fn read_unlocked(&self, list: &str) -> Result<Option<Vec<ListFile>>, FileError> {
        let mut before = self.files_with_journal(list)?;
        for _ in 0..READS_MAX {
            let now = self.files_with_journal(list)?;
            if now == before {
                return Ok(now);
            }
            before = now;
            self.pause().await;
        }
        let message = format!("open {}: other programs keep changing it; try again", self.path(list));
        Err(FileError { kind: FileErrorKind::Held, message })
    }

    /// Waits until nobody writes any more, for files that cannot be read: the Docker CLI writes them piece by piece.
    pub async fn pause(&self) {
        self.folder.pause().await;
    }

    /// Changes files of a list as they are now: `change` is given them, and says what becomes of them. Returns `None` if
    /// there is no such list.
    ///
    /// # Errors
    /// The errors of `change`, and any [`FileError`]; nothing is changed then.
    pub async fn update<E: From<FileError>>(
        &self,
        list: &str,
        change: impl FnOnce(Vec<ListFile>) -> Result<Vec<FileChange>, E>,
    ) -> Result<Option<()>, E> {
        self.check_names(list, iter::empty())?;
        if self.folder.list(&self.path(list))?.is_none() {
            return Ok(None);
        }
        let lock = self.lock(list).await?;
        let Some(files) = self.files(list, Some(&lock))? else { return Ok(None) };
        let changes = change(files)?;
        self.check_names(list, changes.iter().map(|change| &*change.name))?;
        match self.commit(&lock, list, changes) {
            Err(error) if error.kind == FileErrorKind::NotFound => Ok(None),
            committed => Ok(Some(committed?)),
        }
    }

    /// Keeps a new list, unless there is one of that name. Returns whether it is kept.
    ///
    /// # Errors
    /// Any [`FileError`]; nothing is changed then.
    pub async fn add(&self, list: &str, files: &[(String, Vec<u8>)]) -> Result<bool, FileError> {
        self.check_names(list, files.iter().map(|(name, _)| &**name))?;
        let lock = self.lock(list).await?;
        if self.folder.list(&self.path(list))?.is_some() {
            return Ok(false);
        }
        self.create(&lock, list, files)
    }

    /// Keeps a whole list in place of what was there.
    ///
    /// # Errors
    /// Any [`FileError`]; nothing is changed then.
    pub async fn replace(&self, list: &str, files: &[(String, Vec<u8>)]) -> Result<(), FileError> {
        self.check_names(list, files.iter().map(|(name, _)| &**name))?;
        let lock = self.lock(list).await?;
        let path = self.path(list);
        let Some(present) = self.folder.list(&path)? else {
            if self.create(&lock, list, files)? {
                return Ok(());
            }
            let message = format!("mkdir {path}: another program has just made it; try again");
            return Err(FileError { kind: FileErrorKind::Exists, message });
        };
        let is_gone =
            |name: &String| !name.starts_with(PREFIX) && !files.iter().any(|(kept, _)| kept == name);
        let gone = present.into_iter().filter(is_gone).map(|name| FileChange { name, after: None });
        let kept =
            files.iter().map(|(name, bytes)| FileChange { name: name.clone(), after: Some(bytes.clone()) });
        self.commit(&lock, list, kept.chain(gone).collect())
    }

    /// Gives a list another name, unless that is taken. Returns `None` if there is no such list, and otherwise whether it
    /// has the name.
    ///
    /// # Errors
    /// Any [`FileError`]; nothing is changed then.
    pub async fn rename(&self, from: &str, to: &str) -> Result<Option<bool>, FileError> {
        self.check_names(from, iter::empty())?;
        self.check_names(to, iter::empty())?;
        let (source, target) = (self.path(from), self.path(to));
        if self.folder.list(&source)?.is_none() {
            return Ok(None);
        }
        if from == to {
            return Ok(Some(false));
        }
        // In one order, so that two programs never wait for each other.
        let _first = self.lock(from.min(to)).await?;
        let _second = self.lock(from.max(to)).await?;
        if self.folder.list(&target)?.is_some() {
            return Ok(Some(false));
        }
        match self.folder.rename(&source, &target) {
            Ok(()) => {}
            Err(error) if error.kind == FileErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind == FileErrorKind::Exists => return Ok(Some(false)),
            Err(error) => return Err(error),
        }
        self.folder.sync(&self.root)?;
        // Nothing depends on it: a list without a note counts as one that was not pushed.
        self.folder.rename(&self.note_path(from), &self.note_path(to)).ok();
        Ok(Some(true))
    }

    /// Removes a list if `is_wanted` says so of its files as they are now. Returns whether it did.
    ///
    /// # Errors
    /// Any [`FileError`]; nothing is changed then.
    pub async fn remove(
        &self,
        list: &str,
        is_wanted: impl FnOnce(Vec<ListFile>) -> bool,
    ) -> Result<bool, FileError> {
        self.check_names(list, iter::empty())?;
        let path = self.path(list);
        if self.folder.list(&path)?.is_none() {
            return Ok(false);
        }
        let lock = match self.lock(list).await {
            // The removal is to make room for a lock, too. It is one rename, whole without one.
            Err(error) if error.kind == FileErrorKind::Full => None,
            lock => Some(lock?),
        };
        let files = match &lock {
            Some(lock) => self.files(list, Some(lock))?,
            None => self.read_unlocked(list).await?,
        };
        if !is_wanted(files.unwrap_or_default()) {
            return Ok(false);
        }
        let aside = format!("{}/{}", self.root, self.unused(list, "old"));
        match self.folder.rename(&path, &aside) {
            Ok(()) => {}
            Err(error) if error.kind == FileErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        self.folder.sync(&self.root)?;
        // The list is gone; what cannot be removed now is tried again by whoever comes next.
        self.remove_tree(&aside).ok();
        self.folder.remove_file(&self.note_path(list)).ok();
        Ok(true)
    }

    /// Returns the time at which a list was changed last, in milliseconds since 1970, as far as the file system says.
    pub(super) fn changed(&self, list: &str) -> Option<f64> {
        let path = self.path(list);
        let files = self.folder.list(&path).ok()??.into_iter().map(|name| format!("{path}/{name}"));
        files.chain([path.clone()]).filter_map(|path| self.folder.changed(&path)).reduce(f64::max)
    }

    /// Returns the note of the last push of a list, and its time.
    pub(super) fn push_note(&self, list: &str) -> Option<(Vec<u8>, Option<f64>)> {
        let path = self.note_path(list);
        let bytes = self.folder.read(&path).ok()??;
        Some((bytes, self.folder.changed(&path)))
    }

    /// Keeps a note of the push of a list, in place of the one before.
    ///
    /// # Errors
    /// Any [`FileError`]; what was noted before stays then.
    pub(super) async fn note_push(&self, list: &str, note: &[u8]) -> Result<(), FileError> {
        let _lock = self.lock(list).await?;
        let notes = self.notes();
        self.folder.create_folder(&notes)?;
        let staged = format!("{notes}/{}", self.unused(list, "new"));
        self.folder.create_file(&staged, note, false)?;
        self.folder.rename(&staged, &self.note_path(list)).inspect_err(|_| {
            self.folder.remove_file(&staged).ok();
        })
    }

    fn note_path(&self, list: &str) -> String {
        format!("{}/{list}", self.notes())
    }

    fn notes(&self) -> String {
        let parent = self.root.rsplit_once('/').map_or(".", |(parent, _)| parent);
        format!("{parent}/{PUSHED}")
    }

    /// Locks a list, and ends what another program left unfinished.
    async fn lock(&self, list: &str) -> Result<Lock<'_, F>, FileError> {
        let path = format!("{}/{}lock", self.root, prefix(list));
        let lock = match Lock::acquire(&self.folder, path.clone()).await {
            Err(error) if error.kind == FileErrorKind::NotFound => {
                self.folder.create_folder(&self.root)?;
                Lock::acquire(&self.folder, path).await?
            }
            lock => lock?,
        };
        let names = self.folder.list(&self.root)?.unwrap_or_default();
        let mut prefixes: Vec<&str> = names.iter().filter_map(|name| prefix_of(name)).collect();
        prefixes.dedup();
        for other in prefixes {
            if other == prefix(list) {
                self.recover(other, &names)?;
            } else if let Ok(Some(_lock)) =
                Lock::try_acquire(&self.folder, &format!("{}/{other}lock", self.root))
            {
                // Another list's: whatever is wrong with it does not concern this one.
                self.recover(other, &self.folder.list(&self.root)?.unwrap_or_default()).ok();
            }
        }
        Ok(lock)
    }

    /// Makes changes, all or none.
    fn commit(&self, lock: &Lock<'_, F>, list: &str, changes: Vec<FileChange>) -> Result<(), FileError> {
        self.check_free(list, &changes)?;
        let mut journal = Journal { list: list.to_owned(), ..Journal::default() };
        let path = format!("{}/{}journal", self.root, prefix(list));
        let committed = self.stage(&mut journal, changes).and_then(|()| {
            lock.check()?;
            // One rename or removal is whole by itself.
            if journal.staged.len() + journal.removed.len() < 2 {
                return self.make(&journal);
            }
            let staged = format!("{}/{}", self.root, self.unused(list, "new"));
            self.folder.create_file(&staged, journal.to_json().as_bytes(), true)?;
            self.folder.rename(&staged, &path)?;
            self.folder.sync(&self.root)?;
            self.carry_out(&journal, &path)
        });
        if committed.is_err() {
            self.take_back(&journal, &path);
        }
        committed
    }

    /// Writes the new bytes of files beside the lists.
    fn stage(&self, journal: &mut Journal, changes: Vec<FileChange>) -> Result<(), FileError> {
        for FileChange { name, after } in changes {
            let Some(bytes) = after else {
                journal.removed.push(name);
                continue;
            };
            let staged = self.unused(&journal.list, "new");
            journal.staged.insert(name, staged.clone());
            self.folder.create_file(&format!("{}/{staged}", self.root), &bytes, true)?;
        }
        Ok(())
    }

    /// Makes a new list's folder. Returns `false` if another program has just made it.
    fn create(&self, lock: &Lock<'_, F>, list: &str, files: &[(String, Vec<u8>)]) -> Result<bool, FileError> {
        let staged = format!("{}/{}", self.root, self.unused(list, "new"));
        let stage = || {
            self.folder.create_folder(&staged)?;
            for (name, bytes) in files {
                let created = self.folder.create_file(&format!("{staged}/{name}"), bytes, true);
                created.map_err(|error| match error.kind {
                    FileErrorKind::Exists => {
                        file_name_taken(list, name, files.iter().map(|(other, _)| other))
                    }
                    _ => error,
                })?;
            }
            self.folder.sync(&staged)?;
            lock.check()
        };
        let created = stage().and_then(|()| match self.folder.rename(&staged, &self.path(list)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind == FileErrorKind::Exists => Ok(false),
            Err(error) => Err(error),
        });
        match created {
            Ok(true) => self.folder.sync(&self.root).map(|()| true),
            not_created => {
                self.remove_tree(&staged).ok();
                not_created
            }
        }
    }

    /// Checks that no file of another name is found by the name of one that is new.
    fn check_free(&self, list: &str, changes: &[FileChange]) -> Result<(), FileError> {
        let path = self.path(list);
        let present = self.folder.list(&path)?.unwrap_or_default();
        for FileChange { name, .. } in changes.iter().filter(|change| change.after.is_some()) {
            if present.binary_search(name).is_err() && self.folder.read(&format!("{path}/{name}"))?.is_some()
            {
                return Err(file_name_taken(list, name, present.iter()));
            }
        }
        Ok(())
    }

    /// Returns the files of a list as they stand in its folder. Who has its lock removes what is left there of a change.
    fn files(&self, list: &str, lock: Option<&Lock<'_, F>>) -> Result<Option<Vec<ListFile>>, FileError> {
        let path = self.path(list);
        let Some(names) = self.folder.list(&path)? else { return Ok(None) };
        let mut files = Vec::with_capacity(names.len());
        for name in names {
            let file = format!("{path}/{name}");
            if name.starts_with(PREFIX) {
                // A process died between two steps of `put`.
                if lock.is_some() {
                    self.folder.remove_file(&file).ok();
                }
                continue;
            }
            match self.folder.read(&file).transpose() {
                Some(read) => files.push((name, read)),
                // A file that was removed since is no entry any more; a link that leads nowhere is a damaged one.
                None if self.folder.list(&path)?.is_some_and(|names| names.contains(&name)) => {
                    let message = format!("open {file}: no such file or directory");
                    files.push((name, Err(FileError { kind: FileErrorKind::NotFound, message })));
                }
                None => {}
            }
        }
        Ok(Some(files))
    }

    /// Returns the files of a list as they will stand when its journal is carried out.
    fn files_with_journal(&self, list: &str) -> Result<Option<Vec<ListFile>>, FileError> {
        let Some(mut files) = self.files(list, None)? else { return Ok(None) };
        let bytes = self.folder.read(&format!("{}/{}journal", self.root, prefix(list)))?;
        let Some(journal) = bytes.and_then(|bytes| Journal::parse(&bytes)) else {
            return Ok(Some(files));
        };
        files.retain(|(name, _)| !journal.removed.contains(name));
        for (name, staged) in journal.staged {
            if let Some(bytes) = self.folder.read(&format!("{}/{staged}", self.root))? {
                files.retain(|(other, _)| *other != name);
                files.push((name, Ok(bytes)));
            }
        }
        files.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(Some(files))
    }

    /// Removes a file, or a folder with all that is in it; of a link the link alone.
    fn remove_tree(&self, path: &str) -> Result<(), FileError> {
        match self.folder.remove_file(path) {
            Err(error) if error.kind == FileErrorKind::NotFound => return Ok(()),
            // Systems that do not tell folders say that it is not permitted.
            Err(error) if matches!(error.kind, FileErrorKind::IsFolder | FileErrorKind::ReadOnly) => {}
            removed => return removed,
        }
        for name in self.folder.list(path)?.unwrap_or_default() {
            self.remove_tree(&format!("{path}/{name}"))?;
        }
        self.folder.remove_folder(path)
    }

    /// Returns a name beside the lists that nothing has.
    fn unused(&self, list: &str, kind: &str) -> String {
        static NAMES: AtomicUsize = AtomicUsize::new(0);
        let Holder { process, instance, .. } = self.folder.holder();
        let number = NAMES.fetch_add(1, Ordering::Relaxed);
        format!("{}{kind}-{process}-{instance}-{number}", prefix(list))
    }

    /// Checks that a list and its files can have these names, before anything is begun: none leads out of the list's folder, and
    /// none is of those that stand beside lists.
    fn check_names<'a>(&self, list: &str, files: impl Iterator<Item = &'a str>) -> Result<(), FileError> {
        let files = files.map(|name| (name, format!("{}/{name}", self.path(list))));
        for (name, path) in iter::once((list, self.path(list))).chain(files) {
            let reason = match name {
                _ if name.len() > NAME_MAX => "file name too long",
                _ if name.starts_with('.') || !is_file_name(name) => "invalid file name",
                _ => continue,
            };
            let message = format!("open {path}: {reason}");
            return Err(FileError { kind: FileErrorKind::Other, message });
        }
        Ok(())
    }
}

/// The error of a file whose name the file system takes for that of another one, as it does where capital letters are small ones.
fn file_name_taken<'a>(list: &str, name: &str, mut names: impl Iterator<Item = &'a String>) -> FileError {
    let other = names.find(|other| *other != name && other.eq_ignore_ascii_case(name));
    let other = other.map_or("another file", String::as_str);
    let message = format!(
        "open {list}/{name}: this file system takes the name for that of {other}; nothing was changed; give one of the two images another tag"
    );
    FileError { kind: FileErrorKind::Other, message }
}

/// Returns the beginning of the names that stand beside a list's folder. A hash, because the list's own name may be as long
/// as a name can be.
fn prefix(list: &str) -> String {
    format!("{PREFIX}{}.", &Digest::of(list.as_bytes()).hex()[..HASH])
}

/// Returns the beginning of a name as [`prefix`] makes it.
fn prefix_of(name: &str) -> Option<&str> {
    let hash = name.strip_prefix(PREFIX)?.split('.').next()?;
    let is_hash = hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.get(..PREFIX.len() + HASH + 1).filter(|_| is_hash)
}
