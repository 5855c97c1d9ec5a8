//! The chunk that knows what a typed or pasted text is about: it comes when something is typed or pasted.

use std::cell::Cell;

use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::{
    routes::Route,
    state::input::destination::{self, Input},
};

/// The rules by which texts are read.
#[derive(Clone, Copy)]
pub struct InputRules {
    /// Reads a text that was typed: [`destination::route_of`].
    pub route_of: fn(&str, &Route) -> Option<Route>,
    /// Reads a text that was pasted: [`destination::input_of`].
    pub input_of: fn(&str) -> Option<Input>,
}

thread_local! {
    static RULES: Cell<Option<InputRules>> = const { Cell::new(None) };
}

#[wasm_split(input, fallible)]
fn load() -> Result<InputRules, SplitLoaderError> {
    Ok(InputRules { route_of: destination::route_of, input_of: destination::input_of })
}

impl InputRules {
    /// Returns the rules if their chunk is loaded.
    pub fn loaded() -> Option<Self> {
        RULES.get()
    }

    /// Calls `then` with the rules: at once if their chunk is loaded, else when it is. It gets `None` if the chunk cannot be had.
    pub fn with(then: impl FnOnce(Option<Self>) + 'static) {
        if let Some(rules) = Self::loaded() {
            return then(Some(rules));
        }
        spawn_local(async move {
            let rules = load().await.ok();
            if rules.is_some() {
                RULES.set(rules);
            }
            then(rules);
        });
    }

    /// Returns the page that a typed text leads to. Without the rules it is taken for a reference as it stands.
    pub fn destination(rules: Option<Self>, text: &str, open: &Route) -> Option<Route> {
        let as_written = || {
            let reference = text.trim().to_owned();
            (!reference.is_empty()).then_some(Route::Inspect { reference })
        };
        rules.map_or_else(as_written, |rules| (rules.route_of)(text, open))
    }
}

/// Returns `true` if a box of one line would change a pasted text, or if it may be a manifest: the rules have to read it.
pub fn is_more_than_a_line(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim();
    text.starts_with(['{', '[']) || text.contains(['\n', '\r'])
}
