//! The chunk that knows what a typed or pasted text is about: it comes when something is typed or pasted.

use std::cell::Cell;

use tallyman_core::Digest;
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

    /// Reads a typed text on the page `open`. JSON may be typed or dropped, too. Without the rules, a text is taken for a reference as it
    /// stands.
    pub fn read(rules: Option<Self>, text: &str, open: &Route) -> Typed {
        let pasted = rules.filter(|_| is_more_than_a_line(text)).and_then(|rules| (rules.input_of)(text));
        if let Some(pasted) = pasted {
            return Typed::Pasted(pasted);
        }
        match rules.map_or_else(|| as_written(text), |rules| (rules.route_of)(text, open)) {
            Some(route) => Typed::Page(route),
            None if rules.is_none() && !text.trim().is_empty() => Typed::Unread,
            None => Typed::Nothing,
        }
    }
}

/// The meaning of a typed text.
pub enum Typed {
    /// A text as people paste it, such as JSON.
    Pasted(Input),
    /// A text that leads to a page.
    Page(Route),
    /// A text that cannot be read without the rules, whose chunk cannot be had.
    Unread,
    /// No text that leads anywhere.
    Nothing,
}

/// Returns the page of a text as it stands. JSON is not for addresses, and neither is a password in front of a registry.
fn as_written(text: &str) -> Option<Route> {
    let reference = text.trim();
    let name = match reference.rsplit_once('@') {
        Some((name, digest)) if digest.parse::<Digest>().is_ok() => name,
        _ => reference,
    };
    let is_reference = !reference.is_empty() && !name.contains('@') && !is_more_than_a_line(text);
    is_reference.then(|| Route::Inspect { reference: reference.to_owned() })
}

/// Returns `true` if a box of one line would change a pasted text, or if it may be a manifest: the rules have to read it.
pub fn is_more_than_a_line(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim();
    text.starts_with(['{', '[']) || text.contains(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::as_written;
    use crate::routes::Route;

    #[test]
    fn neither_json_nor_passwords_are_opened_without_the_rules() {
        let digest = format!("sha256:{}", "1a".repeat(32));
        for text in ["alpine:3", " r.io:5000/a ", &format!("r.io/a:1@{digest}")] {
            assert_eq!(
                as_written(text),
                Some(Route::Inspect { reference: text.trim().to_owned() }),
                "{text}"
            );
        }
        for text in [
            "",
            r#"{"auth":"c2VjcmV0"}"#,
            " [1]",
            "user:secret@r.io/a",
            "https://user:secret@r.io/",
            &format!("user:secret@r.io/a@{digest}"),
            "a\nb",
        ] {
            assert_eq!(as_written(text), None, "{text}");
        }
    }
}
