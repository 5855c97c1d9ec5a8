//! Content kept by digest on disk, up to a bound.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tallyman_core::{Digest, Hasher};
use tokio::{fs, fs::File, io::AsyncWriteExt as _};
use tokio_util::io::ReaderStream;

/// The share of the bound that one piece of content may take.
const SHARE: u64 = 4;
const PIECE: usize = 64 * 1024;
/// What a file is called until it is whole.
const PARTIAL: &str = "partial-";

/// A folder of content, named by digest. It belongs to one gateway alone.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    max: u64,
    files: Mutex<Files>,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct Files {
    /// Size and last use, by name.
    by_name: HashMap<String, (u64, u64)>,
    by_use: BTreeMap<u64, String>,
    total: u64,
    clock: u64,
}

impl Files {
    fn touch(&mut self, name: &str) -> Option<u64> {
        let (size, used) = self.by_name.get_mut(name)?;
        self.clock += 1;
        self.by_use.remove(used);
        *used = self.clock;
        self.by_use.insert(self.clock, name.to_owned());
        Some(*size)
    }

    fn remove(&mut self, name: &str) {
        if let Some((size, used)) = self.by_name.remove(name) {
            self.by_use.remove(&used);
            self.total -= size;
        }
    }

    fn add(&mut self, name: &str, size: u64) {
        self.remove(name);
        self.clock += 1;
        self.by_name.insert(name.to_owned(), (size, self.clock));
        self.by_use.insert(self.clock, name.to_owned());
        self.total += size;
    }

    /// Takes out what was not used for the longest time, until the rest is within the bound.
    fn evict(&mut self, max: u64) -> Vec<String> {
        let mut evicted = Vec::new();
        while self.total > max
            && let Some((_, name)) = self.by_use.first_key_value()
        {
            let name = name.clone();
            self.remove(&name);
            evicted.push(name);
        }
        evicted
    }
}

/// Content that is there.
#[derive(Debug)]
pub(crate) struct Found {
    file: File,
    pub(crate) size: u64,
}

impl Found {
    pub(crate) fn into_body(self) -> Body {
        Body::from_stream(ReaderStream::with_capacity(self.file, PIECE))
    }
}

impl Cache {
    /// Opens a folder with what an earlier gateway left there.
    pub(crate) fn open(folder: &Path, max: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut left: Vec<(SystemTime, String, u64)> = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let about = entry.metadata()?;
            if name.starts_with(PARTIAL) {
                std::fs::remove_file(entry.path())?;
            } else if about.is_file() && digest_of(&name).is_some() {
                left.push((about.modified()?, name, about.len()));
            }
        }
        left.sort();
        let mut files = Files::default();
        for (_, name, size) in &left {
            files.add(name, *size);
        }
        for name in files.evict(max) {
            std::fs::remove_file(folder.join(name))?;
        }
        Ok(Self { folder: folder.to_owned(), max, files: Mutex::new(files), next: AtomicU64::default() })
    }

    /// Whether it is this folder with this bound.
    pub(crate) fn is(&self, folder: &Path, max: u64) -> bool {
        self.folder == folder && self.max == max
    }

    pub(crate) async fn get(&self, digest: &Digest) -> Option<Found> {
        let name = name_of(digest);
        let size = self.files().touch(&name)?;
        match File::open(self.folder.join(&name)).await {
            Ok(file) => Some(Found { file, size }),
            Err(_) => {
                self.files().remove(&name);
                None
            }
        }
    }

    /// Passes a body on and keeps what passes, once it is whole and has the digest.
    pub(crate) async fn keep(self: &Arc<Self>, digest: &Digest, length: u64, body: Body) -> Body {
        if length > self.max / SHARE {
            return body;
        }
        let partial = self.folder.join(format!("{PARTIAL}{}", self.next.fetch_add(1, Ordering::Relaxed)));
        let Ok(file) = File::create(&partial).await else { return body };
        let hasher = Hasher::new(digest.algorithm());
        let keeping = Keeping {
            cache: Arc::clone(self),
            digest: digest.clone(),
            partial,
            file,
            hasher,
            written: 0,
            length,
        };
        let state = (body.into_data_stream(), Some(keeping));
        Body::from_stream(stream::unfold(state, |(mut pieces, mut keeping)| async move {
            let piece = match pieces.next().await? {
                Ok(piece) => piece,
                Err(error) => return Some((Err(error), (pieces, None))),
            };
            // The last piece goes out when it is kept: whoever has it all may ask again at once.
            keeping = match keeping {
                Some(keeping) => keeping.take(&piece).await,
                None => None,
            };
            Some((Ok(piece), (pieces, keeping)))
        }))
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is being written. Dropped before it is whole, it goes.
struct Keeping {
    cache: Arc<Cache>,
    digest: Digest,
    partial: PathBuf,
    file: File,
    hasher: Hasher,
    written: u64,
    length: u64,
}

impl Drop for Keeping {
    fn drop(&mut self) {
        // Renamed files are gone from here, and leftovers go when the folder is opened again.
        let _gone = std::fs::remove_file(&self.partial);
    }
}

impl Keeping {
    /// One more piece. `None` when there is nothing more to write, for whatever reason.
    async fn take(mut self, piece: &Bytes) -> Option<Self> {
        self.hasher.update(piece);
        self.written += piece.len() as u64;
        self.file.write_all(piece).await.ok()?;
        if self.written < self.length {
            return Some(self);
        }
        self.file.flush().await.ok()?;
        if self.written == self.length && self.hasher.clone().finish() == self.digest {
            let name = name_of(&self.digest);
            fs::rename(&self.partial, self.cache.folder.join(&name)).await.ok()?;
            let evicted = {
                let mut files = self.cache.files();
                files.add(&name, self.length);
                files.evict(self.cache.max)
            };
            for name in evicted {
                // A file that is open keeps its content; one that is gone needs no removing.
                let _gone = fs::remove_file(self.cache.folder.join(name)).await;
            }
        }
        None
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
    use std::sync::Arc;

    use axum::body::{Body, to_bytes};
    use tallyman_core::Digest;

    use super::Cache;

    async fn put(cache: &Arc<Cache>, digest: &Digest, content: &'static [u8]) {
        let body = cache.keep(digest, content.len() as u64, Body::from(content)).await;
        assert_eq!(to_bytes(body, usize::MAX).await.unwrap(), content);
    }

    async fn read(cache: &Cache, digest: &Digest) -> Option<Vec<u8>> {
        let found = cache.get(digest).await?;
        Some(to_bytes(found.into_body(), usize::MAX).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn content_is_kept_up_to_the_bound_and_over_a_restart() {
        let folder = std::env::temp_dir().join(format!("tallyman-gateway-cache-{}", std::process::id()));
        let contents: [&[u8]; 5] =
            [b"0123456789", b"abcdefghij", b"ABCDEFGHIJ", b"zyxwvutsrq", b"ZYXWVUTSRQ"];
        let digests = contents.map(Digest::of);
        let cache = Arc::new(Cache::open(&folder, 40).unwrap());
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
        let large: &[u8] = b"more than a quarter of the bound";
        put(&cache, &Digest::of(large), large).await;
        assert!(cache.get(&Digest::of(large)).await.is_none(), "content beyond its share is not kept");
        let broken = cache.keep(&digests[1], 10, Body::from("01234")).await;
        to_bytes(broken, usize::MAX).await.unwrap();
        assert!(cache.get(&digests[1]).await.is_none(), "content that broke off is not kept");

        drop(cache);
        let names = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(names, 4, "nothing partial is left");
        let again = Cache::open(&folder, 40).unwrap();
        assert_eq!(read(&again, &digests[4]).await.as_deref(), Some(contents[4]));
        let smaller = Cache::open(&folder, 15).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        drop(smaller);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
