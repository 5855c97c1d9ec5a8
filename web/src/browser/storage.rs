//! The browser's small stores for texts: one that ends with the page, one that ends with the tab, one that stays.

use std::cell::RefCell;

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{PageTransitionEvent, Storage, StorageEvent, Window};

thread_local! {
    /// Values that may not be stored.
    static MEMORY: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
}

/// Time for which a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Kept until the page is left: in no store at all.
    Memory,
    /// Kept until the tab is closed.
    Session,
    /// Kept until somebody removes it. Everyone who uses this browser profile can read it.
    Stored,
}

impl Keep {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Session, Self::Stored];

    /// Returns the value of `key`.
    pub fn read(self, key: &str) -> Option<String> {
        match self {
            Self::Memory => MEMORY.with_borrow(|memory| {
                memory.iter().find(|(kept, _)| kept == key).map(|(_, value)| value.clone())
            }),
            _ => self.store()?.get_item(&of_this_copy(key)).ok()?,
        }
    }

    /// Keeps `value` under `key`, and says whether the browser took it.
    pub fn write(self, key: &str, value: &str) -> bool {
        if self == Self::Memory {
            self.remove(key);
            MEMORY.with_borrow_mut(|memory| memory.push((key.to_owned(), value.to_owned())));
            return true;
        }
        self.store().is_some_and(|store| store.set_item(&of_this_copy(key), value).is_ok())
    }

    /// Removes what is kept under `key`.
    pub fn remove(self, key: &str) {
        if self == Self::Memory {
            MEMORY.with_borrow_mut(|memory| memory.retain(|(kept, _)| kept != key));
        } else if let Some(store) = self.store() {
            // A missing item needs no removal.
            let _ = store.remove_item(&of_this_copy(key));
        }
    }

    /// Removes what is kept under keys that begin with `prefix`.
    pub fn remove_all(self, prefix: &str) {
        for key in self.keys(prefix) {
            self.remove(&key);
        }
    }

    /// Returns the keys of what is kept that begin with `prefix`.
    pub fn keys(self, prefix: &str) -> Vec<String> {
        if self == Self::Memory {
            let keys = |memory: &Vec<(String, String)>| memory.iter().map(|(key, _)| key.clone()).collect();
            let keys: Vec<String> = MEMORY.with_borrow(keys);
            return keys.into_iter().filter(|key| key.starts_with(prefix)).collect();
        }
        let Some(store) = self.store() else { return Vec::new() };
        let names = (0..store.length().unwrap_or(0)).filter_map(|at| store.key(at).ok()?);
        let key = |name: String| Some(name.strip_prefix(&of_this_copy(""))?.to_owned());
        names.filter_map(key).filter(|key| key.starts_with(prefix)).collect()
    }

    fn store(self) -> Option<Storage> {
        let of: fn(&Window) -> _ = match self {
            Self::Memory => return None,
            Self::Session => Window::session_storage,
            Self::Stored => Window::local_storage,
        };
        of(&web_sys::window()?).ok()?
    }
}

/// Calls `changed` with the key of each value that another tab stores or removes, and without one where any may be another: where it
/// removes all, and when the page comes back from the browser's back/forward cache, in which it hears nothing. Ends when what is
/// returned is dropped.
pub fn listen(changed: impl Fn(Option<&str>) + Clone + 'static) -> [EventListener; 2] {
    let window = web_sys::window().expect("a page has a window");
    let come_back = {
        let changed = changed.clone();
        EventListener::new(&window, "pageshow", move |event| {
            if event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted) {
                changed(None);
            }
        })
    };
    let elsewhere = EventListener::new(&window, "storage", move |event| {
        // Changes of this tab have another event.
        let Some(event) = event.dyn_ref::<StorageEvent>() else { return };
        let Some(name) = event.key() else { return changed(None) };
        // Other copies of the app have names of their own.
        if let Some(key) = name.strip_prefix(&of_this_copy("")) {
            changed(Some(key));
        }
    });
    [come_back, elsewhere]
}

/// Returns the path of the folder that the app is served from, with a slash at its end.
pub fn folder() -> String {
    let path = web_sys::window().and_then(|window| window.location().pathname().ok()).unwrap_or_default();
    path.rsplit_once('/').map_or_else(|| "/".to_owned(), |(folder, _)| format!("{folder}/"))
}

/// Returns a name in the browser's stores, which all pages of an origin share: a copy of the app below another path has
/// names of its own.
pub fn of_this_copy(name: &str) -> String {
    match folder().as_str() {
        "/" => name.to_owned(),
        folder => format!("{folder} {name}"),
    }
}
