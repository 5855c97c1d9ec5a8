//! The names of the local lists, for pages that do without the database: what keeps the lists writes them, any tab reads.

use gloo_events::EventListener;
use web_sys::Event;
use yew::prelude::*;

use crate::browser::storage::Keep;

const KEY: &str = "lists";
/// The event with which browsers tell other tabs of what is stored.
const STORED: &str = "storage";
/// The number of names that are written.
const MAX: usize = 8;

/// The local lists by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListNames {
    /// Number of lists.
    pub count: usize,
    /// The names of those that were changed last, the last one first.
    pub names: Vec<String>,
}

impl ListNames {
    /// Reads the names as they were written last. A browser that stores nothing has none.
    fn read() -> Self {
        let text = Keep::Stored.read(KEY).unwrap_or_default();
        let mut lines = text.lines();
        let count = lines.next().and_then(|count| count.parse().ok()).unwrap_or_default();
        Self { count, names: lines.map(str::to_owned).collect() }
    }
}

/// Writes the names of all local lists, the last changed one first.
pub fn write(names: &[String]) {
    if names.is_empty() {
        Keep::Stored.remove(KEY);
    } else {
        let some = &names[..names.len().min(MAX)];
        // A browser that stores nothing shows none.
        let _ = Keep::Stored.write(KEY, &format!("{}\n{}", names.len(), some.join("\n")));
    }
    if let (Some(window), Ok(stored)) = (web_sys::window(), Event::new(STORED)) {
        // This tab is not told by the browser. A page that did not hear it reads when it is drawn.
        let _ = window.dispatch_event(&stored);
    }
}

/// The names of the local lists, as any tab left them.
#[hook]
pub fn use_list_names() -> ListNames {
    let listed = use_state_eq(ListNames::read);
    {
        let listed = listed.setter();
        use_effect_with((), move |()| {
            let window = web_sys::window().expect("a page has a window");
            let listener = EventListener::new(&window, STORED, move |_| listed.set(ListNames::read()));
            move || drop(listener)
        });
    }
    (*listed).clone()
}
