//! Interfaces of the browser that are no subject of the app: tasks and frames, the clipboard, storage, the service worker, the language.

pub mod clipboard;
pub mod language;
pub mod scheduler;
pub mod service_worker;
pub mod storage;
