//! Local manifest lists, kept until they are pushed: in memory, in a browser's IndexedDB, or in the Docker CLI's own
//! files. One interface, [`ListStore`]; each change is whole or not at all.

pub mod docker;
pub mod exchange;
mod files;
#[cfg(feature = "indexed-db")]
mod indexed_db;
mod memory;
mod store;

pub use files::{
    FileError, FileErrorKind, FileStore, Folder, Holder, ListFile, ListFolders, Lock, NativeFolder,
};
#[cfg(feature = "indexed-db")]
pub use indexed_db::{IndexedDbStore, ListSummary, Subscription};
pub use memory::MemoryStore;
pub use store::{LastPush, ListHistory, ListStore, Outcome, StoreError, StoreFuture};
