//! The language that the app speaks: the one that was chosen, else the first of the browser's that it knows.

use super::storage::Keep;
use crate::text::{Language, speak};

const KEY: &str = "language";

/// Speaks the language that the person would choose.
pub fn start() -> Language {
    let language = chosen().or_else(preferred).unwrap_or_default();
    apply(language);
    language
}

/// Speaks `language` from now on, in this tab and those opened later.
pub fn choose(language: Language) {
    // A browser that keeps nothing asks again next time.
    let _ = Keep::Stored.write(KEY, language.tag());
    apply(language);
}

fn apply(language: Language) {
    speak(language);
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        // Screen readers choose their voice by it; a page without it is still read.
        let _ = root.set_attribute("lang", language.tag());
    }
}

fn chosen() -> Option<Language> {
    Language::of_tag(&Keep::Stored.read(KEY)?)
}

fn preferred() -> Option<Language> {
    let languages = web_sys::window()?.navigator().languages();
    languages.iter().find_map(|tag| Language::of_tag(&tag.as_string()?))
}
