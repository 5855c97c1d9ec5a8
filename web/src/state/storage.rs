//! The browser's small stores for texts: one that ends with the page, one that ends with the tab, one that stays.

use js_sys::{Map, Reflect};
use wasm_bindgen::JsCast;
use web_sys::{Storage, Window};

/// Where the page keeps what both halves of the app know and no store may have.
const MEMORY: &str = "tallymanMemory";

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Until the page is left: in no store at all.
    Memory,
    /// Until the tab is closed.
    Session,
    /// Until somebody removes it. Everyone who uses this browser profile can read it.
    Stored,
}

impl Keep {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Session, Self::Stored];

    /// What is kept under `key`.
    pub fn read(self, key: &str) -> Option<String> {
        match self {
            Self::Memory => memory()?.get(&key.into()).as_string(),
            _ => self.store()?.get_item(key).ok()?,
        }
    }

    /// Keeps `value` under `key`, and says whether the browser took it.
    pub fn write(self, key: &str, value: &str) -> bool {
        if self == Self::Memory {
            return memory().is_some_and(|memory| memory.set(&key.into(), &value.into()).has(&key.into()));
        }
        self.store().is_some_and(|store| store.set_item(key, value).is_ok())
    }

    /// Removes what is kept under `key`.
    pub fn remove(self, key: &str) {
        if self == Self::Memory {
            memory().map(|memory| memory.delete(&key.into()));
        } else if let Some(store) = self.store() {
            // What was not there is not there.
            let _ = store.remove_item(key);
        }
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

/// What the page keeps while it is open.
fn memory() -> Option<Map> {
    let window = web_sys::window()?;
    let found = Reflect::get(&window, &MEMORY.into()).ok()?;
    found.dyn_into().ok().or_else(|| {
        let memory = Map::new();
        Reflect::set(&window, &MEMORY.into(), &memory).ok()?.then_some(memory)
    })
}
