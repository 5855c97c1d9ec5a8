//! Lists in files, in the Docker CLI's own form: `FOLDER/LIST/ENTRY`.

mod folder;
mod journal;
mod list_folders;
mod lock;
mod native;

use std::collections::BTreeMap;

use futures_util::{FutureExt, future};
use tallyman_core::{Digest, EditConflict, ListEdit, ManifestList, Reference};

use crate::{
    LastPush, ListHistory, ListStore, Outcome, StoreError, StoreFuture,
    docker::{decode_entries, decode_list, edit_files, encode_list},
    store::check_list_name,
};

pub use folder::{FileError, FileErrorKind, Folder, Holder};
pub use list_folders::{ListFile, ListFolders};
pub use lock::Lock;
pub use native::NativeFolder;

/// Reads of a file that cannot be read as an entry: the Docker CLI may be writing it.
const READS_MAX: usize = 3;

/// Lists in a folder, one folder each, one file an entry: the Docker CLI's `manifests`.
///
/// Nothing is lost, whoever writes at the same time and whenever a program dies; see [`ListFolders`].
#[derive(Debug)]
pub struct FileStore<F> {
    lists: ListFolders<F>,
}

/// The reason why an update of files changed none.
enum Refusal {
    Conflict(EditConflict),
    Store(StoreError),
}

impl From<FileError> for Refusal {
    fn from(error: FileError) -> Self {
        Self::Store(error.into())
    }
}

impl<F: Folder> FileStore<F> {
    /// The store in the folder `root`, which need not be there yet.
    pub fn new(folder: F, root: impl Into<String>) -> Self {
        Self { lists: ListFolders::new(folder, root) }
    }

    /// Returns what `decode` makes of the files of a list; `None` if there is no such list.
    async fn decoded(
        &self,
        list: &Reference,
        decode: impl Fn(Vec<ListFile>) -> Result<ManifestList, StoreError>,
    ) -> Result<Option<ManifestList>, StoreError> {
        let name = list.file_name();
        let mut reads = 1;
        loop {
            let Some(files) = self.lists.read(&name).await? else { return Ok(None) };
            match decode(files) {
                Err(StoreError::Damaged { .. }) if reads < READS_MAX => reads += 1,
                decoded => return decoded.map(Some),
            }
            self.lists.pause().await;
        }
    }
}

/// Reads the note of a push: two lines, the digest of the list and the one that the registry has.
fn last_push(note: &[u8], time: Option<f64>) -> Option<LastPush> {
    let mut lines = std::str::from_utf8(note).ok()?.lines().map(str::parse::<Digest>);
    let (list, digest) = (lines.next()?.ok()?, lines.next()?.ok()?);
    Some(LastPush { list, digest, time })
}

/// Returns the files that can be read.
fn readable(files: Vec<ListFile>) -> BTreeMap<String, Vec<u8>> {
    files.into_iter().filter_map(|(name, bytes)| Some((name, bytes.ok()?))).collect()
}

/// Returns the error of a file that one of `images` has, and that cannot be read.
fn check_readable(files: &[ListFile], images: &[&Reference]) -> Result<(), FileError> {
    let names: Vec<String> = images.iter().map(|image| image.file_name()).collect();
    let unreadable = files.iter().filter(|(name, _)| names.contains(name));
    unreadable.filter_map(|(_, bytes)| bytes.as_ref().err()).next().cloned().map_or(Ok(()), Err)
}

/// Returns the error of a file of `folder` with the whole path of the file.
fn in_folder(folder: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged { path, message } => {
            StoreError::Damaged { path: format!("{folder}/{path}"), message }
        }
        error => error,
    }
}

impl<F: Folder> ListStore for FileStore<F> {
    fn names(&self) -> StoreFuture<'_, Vec<String>> {
        async move { Ok(self.lists.names()?) }.boxed_local()
    }

    fn load<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, Option<ManifestList>> {
        let folder = self.lists.path(&list.file_name());
        let decode = move |files: Vec<ListFile>| {
            let files = files.into_iter().map(|(name, bytes)| Ok((format!("{folder}/{name}"), bytes?)));
            let files: Vec<(String, Vec<u8>)> = files.collect::<Result<_, FileError>>()?;
            decode_list(list, files.iter().map(|(path, bytes)| (&**path, &**bytes)))
        };
        async move { self.decoded(list, decode).await }.boxed_local()
    }

    fn load_entries<'a>(
        &'a self,
        list: &'a Reference,
        images: &'a [&'a Reference],
    ) -> StoreFuture<'a, Option<ManifestList>> {
        let folder = self.lists.path(&list.file_name());
        let decode = move |files: Vec<ListFile>| {
            check_readable(&files, images)?;
            decode_entries(list, &readable(files), images).map_err(|error| in_folder(&folder, error))
        };
        async move { self.decoded(list, decode).await }.boxed_local()
    }

    fn save<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, ()> {
        async move {
            let files: Vec<_> = encode_list(list).collect();
            Ok(self.lists.replace(&list.reference().file_name(), &files).await?)
        }
        .boxed_local()
    }

    fn add<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let files: Vec<_> = encode_list(list).collect();
            let is_added = self.lists.add(&list.reference().file_name(), &files).await?;
            Ok(if is_added { Outcome::Done(()) } else { Outcome::Taken })
        }
        .boxed_local()
    }

    fn edit<'a>(&'a self, list: &'a Reference, edit: &'a ListEdit) -> StoreFuture<'a, Outcome<()>> {
        let folder = self.lists.path(&list.file_name());
        let change = move |files: Vec<ListFile>| {
            check_readable(&files, &edit.images().collect::<Vec<_>>())?;
            let changes = edit_files(list, &readable(files), edit);
            let changes = changes.map_err(|error| Refusal::Store(in_folder(&folder, error)))?;
            changes.map_err(Refusal::Conflict)
        };
        async move {
            match self.lists.update(&list.file_name(), change).await {
                Ok(Some(())) => Ok(Outcome::Done(())),
                Ok(None) => Ok(Outcome::Gone),
                Err(Refusal::Conflict(conflict)) => Ok(Outcome::Conflict(conflict)),
                Err(Refusal::Store(error)) => Err(error),
            }
        }
        .boxed_local()
    }

    fn rename<'a>(&'a self, from: &'a Reference, to: &'a Reference) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let name = from.file_name();
            if from != to && name == to.file_name() && self.lists.is_there(&name)? {
                check_list_name(to, from)?;
            }
            Ok(match self.lists.rename(&from.file_name(), &to.file_name()).await? {
                Some(true) => Outcome::Done(()),
                Some(false) => Outcome::Taken,
                None => Outcome::Gone,
            })
        }
        .boxed_local()
    }

    fn remove<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, bool> {
        async move { Ok(self.lists.remove(&list.file_name(), |_| true).await?) }.boxed_local()
    }

    fn remove_pushed<'a>(&'a self, list: &'a Reference, digest: &'a Digest) -> StoreFuture<'a, bool> {
        let is_pushed = move |files: Vec<ListFile>| {
            let files = files.into_iter().map(|(name, bytes)| Some((name, bytes.ok()?)));
            let files: Option<Vec<(String, Vec<u8>)>> = files.collect();
            let files = files.unwrap_or_default();
            let now = decode_list(list, files.iter().map(|(name, bytes)| (&**name, &**bytes)));
            now.is_ok_and(|now| now.digest() == *digest)
        };
        async move { Ok(self.lists.remove(&list.file_name(), is_pushed).await?) }.boxed_local()
    }

    fn history<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, Option<ListHistory>> {
        let name = list.file_name();
        let pushed = self.lists.push_note(&name).and_then(|(note, time)| last_push(&note, time));
        let history = ListHistory { changed: self.lists.changed(&name), pushed };
        future::ready(Ok(Some(history))).boxed_local()
    }

    fn note_push<'a>(
        &'a self,
        reference: &'a Reference,
        list: &'a Digest,
        digest: &'a Digest,
    ) -> StoreFuture<'a, ()> {
        async move {
            let note = format!("{list}\n{digest}\n");
            Ok(self.lists.note_push(&reference.file_name(), note.as_bytes()).await?)
        }
        .boxed_local()
    }
}
