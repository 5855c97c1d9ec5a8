//! Ends changes of lists that were begun: a journal is carried out or taken back, and what else is staged is removed.

use super::{ListFolders, PREFIX};
use crate::files::{
    FileError, FileErrorKind, Folder,
    journal::Journal,
    lock::{TAKEOVER, ignore_missing},
};

impl<F: Folder> ListFolders<F> {
    /// Carries out the journal of the list whose names begin so, and removes what else is staged for it.
    pub(super) fn recover(&self, prefix: &str, names: &[String]) -> Result<(), FileError> {
        let path = format!("{}/{prefix}journal", self.root);
        if let Some(journal) = self.journal(&path)? {
            self.carry_out(&journal, &path)?;
        }
        let is_staged = |name: &&String| {
            let rest = name.strip_prefix(prefix);
            // This program holds the lock: a takeover that was begun belongs to a process that has died.
            let is_guard = |rest: &str| rest.strip_prefix("lock") == Some(TAKEOVER);
            rest.is_some_and(|rest| rest.starts_with("new-") || rest.starts_with("old-") || is_guard(rest))
        };
        for name in names.iter().filter(is_staged) {
            // A file that cannot be removed does no harm.
            self.remove_tree(&format!("{}/{name}", self.root)).ok();
        }
        Ok(())
    }

    /// Returns the journal at `path`, if there is one that can be read.
    fn journal(&self, path: &str) -> Result<Option<Journal>, FileError> {
        let Some(bytes) = self.folder.read(path)? else { return Ok(None) };
        match Journal::parse(&bytes) {
            Some(journal) => Ok(Some(journal)),
            // It appears whole: a damaged disk makes such a one, or a stranger.
            None => ignore_missing(self.folder.remove_file(path)).map(|()| None),
        }
    }

    /// Makes the changes of a journal that are not made yet, and removes it.
    pub(super) fn carry_out(&self, journal: &Journal, path: &str) -> Result<(), FileError> {
        let list = self.path(&journal.list);
        // If the list was removed meanwhile, there is nothing to change.
        if self.folder.list(&list)?.is_some() {
            self.make(journal)?;
        }
        ignore_missing(self.folder.remove_file(path))?;
        self.folder.sync(&self.root)
    }

    /// Makes the changes of a journal that are not made yet.
    pub(super) fn make(&self, journal: &Journal) -> Result<(), FileError> {
        let list = self.path(&journal.list);
        for (name, staged) in &journal.staged {
            self.put(&format!("{}/{staged}", self.root), &list, name)?;
        }
        for name in &journal.removed {
            ignore_missing(self.folder.remove_file(&format!("{list}/{name}")))?;
        }
        self.folder.sync(&list)
    }

    /// Puts a staged file in its place. If it is not there any more, that is done.
    fn put(&self, staged: &str, list: &str, name: &str) -> Result<(), FileError> {
        let target = format!("{list}/{name}");
        match self.folder.rename(staged, &target) {
            Err(error) if error.kind == FileErrorKind::NotFound => match self.folder.read(staged)? {
                Some(_) => Err(error),
                None => Ok(()),
            },
            // The list's folder is a link to another file system, or a mount.
            Err(error) if error.kind == FileErrorKind::CrossDevice => {
                let Some(bytes) = self.folder.read(staged)? else { return Ok(()) };
                let near = format!("{list}/{PREFIX}new");
                ignore_missing(self.folder.remove_file(&near))?;
                self.folder.create_file(&near, &bytes, true)?;
                self.folder.rename(&near, &target)?;
                ignore_missing(self.folder.remove_file(staged))
            }
            renamed => renamed,
        }
    }

    /// Takes a change back that failed before its first step was made. One that was begun is ended by whoever comes next.
    pub(super) fn take_back(&self, journal: &Journal, path: &str) {
        let staged: Vec<String> =
            journal.staged.values().map(|name| format!("{}/{name}", self.root)).collect();
        let is_there = |path: &String| matches!(self.folder.read(path), Ok(Some(_)));
        let has_journal = is_there(&path.to_owned());
        if has_journal && (staged.is_empty() || !staged.iter().all(is_there)) {
            return;
        }
        if !has_journal || self.folder.remove_file(path).is_ok() {
            staged.iter().for_each(|path| drop(self.folder.remove_file(path)));
        }
    }
}
