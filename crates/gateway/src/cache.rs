//! Content kept by digest on disk, up to a bound.

mod index;

use std::{
    fs::Permissions,
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::SystemTime,
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tallyman_core::{Digest, Hasher};
use tokio::{
    fs,
    fs::{File, OpenOptions},
    io::AsyncWriteExt as _,
};
use tokio_util::io::ReaderStream;
use tracing::warn;

use index::{FileInUse, Index};

/// The share of the bound that one piece of content may take.
const SHARE: u64 = 4;
const PIECE: usize = 64 * 1024;
/// The beginning of a file's name until it is whole.
const PARTIAL: &str = "partial-";
/// The rights on files, and on folders that are made for them, whatever the umask: the content may be of private repositories. A folder
/// that is there already keeps its rights.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A folder of content, named by digest. It belongs to one gateway alone.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    index: Mutex<Index>,
    next: AtomicU64,
    /// `true` if a write failed, which is logged once until a file has become whole.
    is_failing: AtomicBool,
}

/// Content of the cache that is being read.
#[derive(Debug)]
pub(crate) struct CachedContent {
    file: File,
    pub(crate) size: u64,
    reading: Reading,
}

/// Keeps a file from being removed.
#[derive(Debug)]
struct Reading {
    cache: Arc<Cache>,
    digest: Digest,
    name: String,
    file: FileInUse,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.cache.index().end_reading(&self.name, self.file);
    }
}

impl Reading {
    /// Removes the file.
    fn remove(&self) {
        if self.cache.index().take_out(&self.name, self.file) {
            self.cache.remove(vec![self.name.clone()]);
        }
    }

    /// Takes note of the digest that the whole file has.
    fn verify(&self, found: &Digest) -> io::Result<()> {
        if *found == self.digest {
            self.cache.index().verified(&self.name, self.file);
            return Ok(());
        }
        self.remove();
        let message = format!("expected content of {} in the cache, found {found}", self.digest);
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }
}

impl CachedContent {
    /// Returns the content. A file that an earlier gateway left is verified while it is read: it may be older than a crash of the
    /// machine. One that has another digest is removed, and the body breaks off.
    pub(crate) fn into_body(self) -> Body {
        let Self { file, size: mut left, reading } = self;
        let mut hasher = Hasher::new(reading.digest.algorithm());
        let pieces = ReaderStream::with_capacity(file, PIECE);
        Body::from_stream(pieces.map(move |piece| {
            let piece = piece?;
            if !reading.file.is_verified {
                hasher.update(&piece);
                left = left.saturating_sub(piece.len() as u64);
                if left == 0 {
                    reading.verify(&hasher.clone().finish())?;
                }
            }
            Ok::<_, io::Error>(piece)
        }))
    }

    /// Takes note that the registry tells another length: a file that nobody has verified is removed.
    pub(crate) fn has_other_length(self) {
        if !self.reading.file.is_verified {
            self.reading.remove();
        }
    }
}

impl Cache {
    /// Opens a folder with what an earlier gateway left there.
    pub(crate) fn open(folder: &Path, max: u64) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
        check_writable(folder)?;
        let mut left: Vec<(SystemTime, String, u64)> = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let metadata = entry.metadata()?;
            if name.starts_with(PARTIAL) {
                std::fs::remove_file(entry.path())?;
            } else if metadata.is_file()
                && digest_of(&name).is_some()
                && close_to_others(&entry.path(), metadata.permissions())?
            {
                left.push((metadata.modified()?, name, metadata.len()));
            }
        }
        left.sort();
        let mut index = Index::new(max);
        for (_, name, length) in &left {
            index.add(name, *length, false);
        }
        let cache = Self {
            folder: folder.to_owned(),
            index: Mutex::new(index),
            next: AtomicU64::default(),
            is_failing: AtomicBool::default(),
        };
        cache.set_max(max);
        Ok(cache)
    }

    /// Checks that a folder can be opened, and leaves it as it is.
    pub(crate) fn check(folder: &Path) -> io::Result<()> {
        let above = folder.ancestors().find(|folder| folder.try_exists().is_ok_and(|exists| exists));
        // A relative path is in the folder of the process.
        let above = above.unwrap_or_else(|| Path::new("."));
        std::fs::read_dir(above)?;
        check_writable(above)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Changes the bound.
    pub(crate) fn set_max(&self, max: u64) {
        let evicted = self.index().set_max(max);
        self.remove(evicted);
    }

    fn remove(&self, names: Vec<String>) {
        for name in names {
            // A file that is gone needs no removing.
            let _gone = std::fs::remove_file(self.folder.join(name));
        }
    }

    pub(crate) async fn get(self: &Arc<Self>, digest: &Digest) -> Option<CachedContent> {
        let name = name_of(digest);
        let file = self.index().read(&name)?;
        let path = self.folder.join(&name);
        let reading = Reading { cache: Arc::clone(self), digest: digest.clone(), name, file };
        match File::open(path).await {
            Ok(file) => Some(CachedContent { file, size: reading.file.length, reading }),
            Err(_) => {
                reading.remove();
                None
            }
        }
    }

    /// Passes a body on and keeps what passes, once it is whole and has the digest. Where somebody else does that
    /// already, or there is no room, it only passes.
    pub(crate) async fn keep(self: &Arc<Self>, digest: &Digest, length: u64, body: Body) -> Body {
        let name = name_of(digest);
        let evicted = {
            let mut index = self.index();
            let is_small = length <= index.max() / SHARE;
            if is_small { index.reserve(&name, length) } else { None }
        };
        let Some(evicted) = evicted else { return body };
        let partial = self.folder.join(format!("{PARTIAL}{}", self.next.fetch_add(1, Ordering::Relaxed)));
        let mut writer = CacheWriter {
            cache: Arc::clone(self),
            digest: digest.clone(),
            name,
            partial,
            file: None,
            hasher: Hasher::new(digest.algorithm()),
            written: 0,
            length,
            is_whole: false,
        };
        if !evicted.is_empty() {
            // Large files take a while to go, and this thread serves connections.
            let cache = Arc::clone(self);
            let _gone = tokio::task::spawn_blocking(move || cache.remove(evicted)).await;
        }
        let opened =
            OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&writer.partial).await;
        writer.file = self.unless_failed(opened);
        let state = (body.into_data_stream(), writer.file.is_some().then_some(writer));
        Body::from_stream(stream::unfold(state, |(mut pieces, mut writer)| async move {
            let piece = match pieces.next().await? {
                Ok(piece) => piece,
                Err(error) => return Some((Err(error), (pieces, None))),
            };
            // The last piece goes out when it is kept: whoever has it all may ask again at once.
            writer = match writer {
                Some(writer) => writer.take(&piece).await,
                None => None,
            };
            Some((Ok(piece), (pieces, writer)))
        }))
    }

    /// Returns what a write brought. The first of several failures in a row is logged: requests go on without the cache.
    fn unless_failed<T>(&self, written: io::Result<T>) -> Option<T> {
        match written {
            Ok(value) => Some(value),
            Err(error) => {
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    let advice = match is_full(&error) {
                        true => "make room on its disk, or lower cache.max_mib",
                        false => "make its folder writable for the gateway",
                    };
                    let folder = self.folder.display();
                    warn!(%folder, %error, "the cache cannot be written, so nothing new is kept; {advice}");
                }
                None
            }
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is being written. Dropped before it is whole, it goes.
struct CacheWriter {
    cache: Arc<Cache>,
    digest: Digest,
    name: String,
    partial: PathBuf,
    file: Option<File>,
    hasher: Hasher,
    written: u64,
    length: u64,
    is_whole: bool,
}

impl Drop for CacheWriter {
    fn drop(&mut self) {
        if !self.is_whole {
            // Leftovers go when the folder is opened again.
            let _gone = std::fs::remove_file(&self.partial);
        }
        self.cache.index().end_writing(&self.name, self.length, self.is_whole);
    }
}

impl CacheWriter {
    /// Writes one more piece. Returns `None` when there is nothing more to write, for whatever reason.
    async fn take(mut self, piece: &Bytes) -> Option<Self> {
        self.hasher.update(piece);
        self.written += piece.len() as u64;
        if self.written > self.length {
            return None;
        }
        let written = self.write(piece).await;
        self.is_whole = self.cache.unless_failed(written)?;
        (self.written < self.length).then_some(self)
    }

    /// Writes one more piece to the file. Returns `true` if the file is whole, has its digest, and got its name.
    async fn write(&mut self, piece: &Bytes) -> io::Result<bool> {
        let Some(file) = &mut self.file else { return Ok(false) };
        file.write_all(piece).await?;
        if self.written < self.length {
            return Ok(false);
        }
        file.flush().await?;
        let has_digest = self.hasher.clone().finish() == self.digest;
        if has_digest {
            fs::rename(&self.partial, self.cache.folder.join(&self.name)).await?;
            // A full disk still lets empty files and beginnings be made: only a whole file tells that writing goes on.
            self.cache.is_failing.store(false, Ordering::Relaxed);
        }
        Ok(has_digest)
    }
}

/// Checks that files can be made in a folder, and leaves it as it is. Rights and file systems do not tell beforehand. A full disk is no
/// fault: content of the cache makes room.
fn check_writable(folder: &Path) -> io::Result<()> {
    let probe = folder.join(format!(".tallyman-check-{}", std::process::id()));
    match std::fs::DirBuilder::new().mode(FOLDER_MODE).create(&probe) {
        Ok(()) => std::fs::remove_dir(probe),
        Err(error) if is_full(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Takes the rights of others on a file away, or the file where the system does not let them be changed.
fn close_to_others(file: &Path, mut rights: Permissions) -> io::Result<bool> {
    if rights.mode() & 0o077 == 0 {
        return Ok(true);
    }
    rights.set_mode(FILE_MODE);
    match std::fs::set_permissions(file, rights) {
        Ok(()) => Ok(true),
        Err(_) => std::fs::remove_file(file).map(|()| false),
    }
}

fn name_of(digest: &Digest) -> String {
    digest.as_str().replace(':', "-")
}

fn digest_of(name: &str) -> Option<Digest> {
    name.replacen('-', ":", 1).parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        fs::Permissions,
        io,
        os::unix::fs::PermissionsExt as _,
        path::Path,
        sync::{Arc, atomic::Ordering},
    };

    use axum::body::{Body, to_bytes};
    use bytes::Bytes;
    use futures_util::{StreamExt as _, stream};
    use tallyman_core::Digest;

    use super::Cache;

    const BLOCK: u64 = 4096;

    async fn put(cache: &Arc<Cache>, digest: &Digest, content: &'static [u8]) {
        let body = cache.keep(digest, content.len() as u64, Body::from(content)).await;
        assert_eq!(to_bytes(body, usize::MAX).await.unwrap(), content);
    }

    async fn read(cache: &Arc<Cache>, digest: &Digest) -> Option<Vec<u8>> {
        let found = cache.get(digest).await?;
        Some(to_bytes(found.into_body(), usize::MAX).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn content_is_kept_up_to_the_bound_and_over_a_restart() {
        let folder = std::env::temp_dir().join(format!("tallyman-gateway-cache-{}", std::process::id()));
        let contents: [&[u8]; 5] =
            [b"0123456789", b"abcdefghij", b"ABCDEFGHIJ", b"zyxwvutsrq", b"ZYXWVUTSRQ"];
        let digests = contents.map(Digest::of);
        let cache = Arc::new(Cache::open(&folder, 4 * BLOCK).unwrap());
        for (digest, content) in digests.iter().zip(contents).take(4) {
            put(&cache, digest, content).await;
        }
        assert_eq!(read(&cache, &digests[0]).await.as_deref(), Some(contents[0]));
        put(&cache, &digests[4], contents[4]).await;
        let here: Vec<bool> = futures_util::future::join_all(digests.iter().map(|one| cache.get(one)))
            .await
            .iter()
            .map(Option::is_some)
            .collect();
        assert_eq!(here, [true, false, true, true, true]);

        put(&cache, &digests[1], contents[0]).await;
        assert!(cache.get(&digests[1]).await.is_none(), "content with another digest is not kept");
        let large: &[u8] = &[7; 4097];
        put(&cache, &Digest::of(large), large).await;
        assert!(cache.get(&Digest::of(large)).await.is_none(), "content beyond its share is not kept");
        let broken = cache.keep(&digests[1], 10, Body::from("01234")).await;
        to_bytes(broken, usize::MAX).await.unwrap();
        assert!(cache.get(&digests[1]).await.is_none(), "content that broke off is not kept");

        drop(cache);
        let names = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(names, 3, "nothing partial is left, and what made room for it is gone");
        let again = Arc::new(Cache::open(&folder, 4 * BLOCK).unwrap());
        assert_eq!(read(&again, &digests[4]).await.as_deref(), Some(contents[4]));
        let smaller = Cache::open(&folder, BLOCK + 1).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        drop(smaller);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn cached_files_are_private() {
        let above = std::env::temp_dir().join(format!("tallyman-gateway-rights-{}", std::process::id()));
        let folder = above.join("cache");
        let cache = Arc::new(Cache::open(&folder, 4 * BLOCK).unwrap());
        let digest = Digest::of(b"0123456789");
        put(&cache, &digest, b"0123456789").await;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let file = folder.join(super::name_of(&digest));
        assert_eq!([&above, &folder, &file].map(|path| mode(path)), [0o700, 0o700, 0o600]);

        std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let again = Arc::new(Cache::open(&folder, 4 * BLOCK).unwrap());
        assert_eq!([&folder, &file].map(|path| mode(path)), [0o755, 0o600], "those of an earlier gateway");
        assert!(read(&again, &digest).await.is_some());
        std::fs::remove_dir_all(above).unwrap();
    }

    #[tokio::test]
    async fn writing_goes_on_once_a_file_is_whole() {
        let folder = std::env::temp_dir().join(format!("tallyman-gateway-full-{}", std::process::id()));
        let cache = Arc::new(Cache::open(&folder, 4 * BLOCK).unwrap());
        let digest = Digest::of(b"0123456789");
        let is_failing = || cache.is_failing.load(Ordering::Relaxed);
        assert!(cache.unless_failed(Err::<(), _>(io::ErrorKind::StorageFull.into())).is_none());
        let pieces = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"01234"))]);
        let body = cache.keep(&digest, 10, Body::from_stream(pieces.chain(stream::pending()))).await;
        let mut begun = body.into_data_stream();
        assert!(begun.next().await.unwrap().is_ok() && is_failing());
        drop(begun);
        put(&cache, &digest, b"abcdefghij").await;
        assert!(is_failing(), "content with another digest is not kept");
        put(&cache, &digest, b"0123456789").await;
        assert!(!is_failing());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn files_of_an_earlier_gateway_are_verified_once() {
        let folder = std::env::temp_dir().join(format!("tallyman-gateway-verified-{}", std::process::id()));
        let (content, digest) = (b"0123456789", Digest::of(b"0123456789"));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(super::name_of(&digest));
        std::fs::write(&file, [0; 10]).unwrap();
        let cache = Arc::new(Cache::open(&folder, 4 * BLOCK).unwrap());
        let (one, other) = (cache.get(&digest).await.unwrap(), cache.get(&digest).await.unwrap());
        assert!(to_bytes(one.into_body(), usize::MAX).await.is_err());
        assert!(!file.exists());
        put(&cache, &digest, content).await;
        assert!(to_bytes(other.into_body(), usize::MAX).await.is_err());
        assert_eq!(read(&cache, &digest).await.as_deref(), Some(&content[..]), "the new file stays");

        cache.get(&digest).await.unwrap().has_other_length();
        assert!(file.exists(), "the registry is wrong about its length");
        let again = Arc::new(Cache::open(&folder, 4 * BLOCK).unwrap());
        again.get(&digest).await.unwrap().has_other_length();
        assert!(!file.exists());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn the_bound_holds_whoever_reads_and_writes() {
        let folder = std::env::temp_dir().join(format!("tallyman-gateway-bound-{}", std::process::id()));
        let cache = Arc::new(Cache::open(&folder, 4 * BLOCK).unwrap());
        let contents: Vec<Vec<u8>> = (0..12).map(|at| vec![at; 4096]).collect();
        let here = || std::fs::read_dir(&folder).unwrap().count();
        let half = |at: usize| {
            let content = contents[at].clone();
            let pieces = stream::iter([Ok::<_, Infallible>(Bytes::from(content[..1000].to_vec()))])
                .chain(stream::pending());
            Body::from_stream(pieces)
        };
        let mut held = Vec::new();
        for at in [0, 0, 0, 1, 2, 3, 4, 5] {
            let mut body = cache.keep(&Digest::of(&contents[at]), 4096, half(at)).await.into_data_stream();
            assert_eq!(body.next().await.unwrap().unwrap().len(), 1000);
            held.push(body);
        }
        assert_eq!(here(), 4, "one writer for each digest, and no more than there is room for");
        drop(held);
        assert_eq!(here(), 0, "what breaks off makes room");

        for content in &contents[..4] {
            put(&cache, &Digest::of(content), content.clone().leak()).await;
        }
        let reading = cache.get(&Digest::of(&contents[0])).await.unwrap();
        let also = cache.get(&Digest::of(&contents[1])).await.unwrap();
        for content in &contents[4..] {
            put(&cache, &Digest::of(content), content.clone().leak()).await;
        }
        assert_eq!(here(), 4);
        assert!(cache.get(&Digest::of(&contents[0])).await.is_some(), "what is read stays");
        cache.set_max(0);
        assert_eq!(here(), 2, "what is read stays until it is read");
        drop((reading, also));
        cache.set_max(0);
        assert_eq!(here(), 0);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
