//! Interfaces of the browser that are no subject of the app: tasks and frames, the clipboard, files,
//! numbers and dates, storage, caches, locks, the session history, the service worker, the language, the theme, what is shown before
//! the program.

pub mod caches;
pub mod clipboard;
pub mod entry_state;
pub mod fetch;
pub mod files;
pub mod files_worker;
pub mod first_form;
pub mod intl;
pub mod language;
pub mod locks;
pub mod probe;
pub mod scheduler;
pub mod scroll;
pub mod service_worker;
pub mod storage;
pub mod theme;
pub mod unload_prompt;
