//! Interfaces of the browser that are no subject of the app: tasks and frames, the clipboard, files,
//! numbers and dates, storage, the service worker, the language.

pub mod clipboard;
pub mod files;
pub mod intl;
pub mod language;
pub mod scheduler;
pub mod service_worker;
pub mod storage;
