//! The browser's small stores for texts: one that ends with the page, one that ends with the tab, one that stays.

use std::cell::RefCell;

use web_sys::{Storage, Window};

thread_local! {
    /// Values that may not be stored.
    static MEMORY: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
}

/// Time for which a value is kept.
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

    /// Returns the value of `key`.
    pub fn read(self, key: &str) -> Option<String> {
        match self {
            Self::Memory => MEMORY.with_borrow(|memory| {
                memory.iter().find(|(kept, _)| kept == key).map(|(_, value)| value.clone())
            }),
            _ => self.store()?.get_item(key).ok()?,
        }
    }

    /// Keeps `value` under `key`, and says whether the browser took it.
    pub fn write(self, key: &str, value: &str) -> bool {
        if self == Self::Memory {
            self.remove(key);
            MEMORY.with_borrow_mut(|memory| memory.push((key.to_owned(), value.to_owned())));
            return true;
        }
        self.store().is_some_and(|store| store.set_item(key, value).is_ok())
    }

    /// Removes what is kept under `key`.
    pub fn remove(self, key: &str) {
        if self == Self::Memory {
            MEMORY.with_borrow_mut(|memory| memory.retain(|(kept, _)| kept != key));
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
