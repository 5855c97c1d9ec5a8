//! The texts of the app, in every language it speaks.
//!
//! Each file holds the sentences of one subject: a struct, its English and its Spanish. A sentence that one language lacks
//! does not compile. Sentences with placeholders are functions. A subject's text is a method of [`Language`], so that a
//! chunk of the program carries only the subjects that it uses.

mod actions;
mod build;
mod command;
mod compare;
mod controls;
mod copy;
mod delete;
mod explore;
mod files;
mod frame;
mod inspect;
mod lists;
mod offline;
mod pasted_text;
mod problem;
mod push;
mod registries;
mod start;

use std::cell::Cell;

use yew::prelude::*;

/// A language of the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// Its tag, as BCP 47 has it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// Its name, as those who speak it write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
        }
    }

    /// The language of a BCP 47 tag such as `es-MX`, where the app speaks it.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// One of two, by language.
    fn choose<T>(self, english: &'static T, spanish: &'static T) -> &'static T {
        match self {
            Self::English => english,
            Self::Spanish => spanish,
        }
    }
}

/// A number with the form of the noun that goes with it: `1 step`, `2 steps`.
fn counted(count: usize, one: &str, many: &str) -> String {
    counted_as(count, &count.to_string(), one, many)
}

/// A number as it is `written` where it may be large, with the form of the noun that goes with it: `2,000 steps`.
fn counted_as(count: usize, written: &str, one: &str, many: &str) -> String {
    format!("{written} {}", if count == 1 { one } else { many })
}

/// The spoken language as the browser's user has it, so that dates read as at home: `en-GB`, or the language alone.
pub fn locale() -> String {
    let spoken = SPOKEN.get();
    let languages = web_sys::window().map(|window| window.navigator().languages());
    let own = languages
        .iter()
        .flat_map(|languages| languages.iter())
        .find_map(|tag| tag.as_string().filter(|tag| Language::of_tag(tag) == Some(spoken)));
    own.unwrap_or_else(|| spoken.tag().to_owned())
}

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// Speaks another language from now on. What is on screen has to be drawn anew.
pub fn speak(language: Language) {
    SPOKEN.set(language);
}

/// Returns the language that is spoken now; its methods return the texts of each subject.
pub fn text() -> Language {
    SPOKEN.get()
}

/// Draws the component anew when another language is chosen, with all its state. Returns the language.
#[hook]
pub fn use_language() -> Language {
    use_context().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tallyman_core::{Fix, Platform};

    use super::Language;

    #[test]
    fn numbers_of_rows_have_the_form_of_their_noun() {
        let [english, spanish] = Language::ALL.map(Language::files);
        let all =
            |number, written| [english.rows, spanish.rows, spanish.matches].map(|text| text(number, written));
        assert_eq!(all(1, "1"), ["1 row", "1 fila", "1 encontrado"]);
        assert_eq!(all(2000, "2,000"), ["2,000 rows", "2,000 filas", "2,000 encontrados"]);
    }

    #[test]
    fn a_fix_names_the_whole_platform() {
        let platform = Platform {
            os_version: "10.0.1".to_owned(),
            os_features: vec!["win32k".to_owned()],
            ..Platform::new("windows", "amd64")
        };
        let fix = Fix::SetPlatform { entry: 0, platform };
        let [english, spanish] = Language::ALL.map(|language| (language.build().fix)(&fix));
        assert_eq!(english, "Set platform to windows/amd64 10.0.1 (win32k)");
        assert_eq!(spanish, "Poner la plataforma windows/amd64 10.0.1 (win32k)");
    }

    #[test]
    fn sentences_that_the_documentation_quotes_are_there() {
        let page = include_str!("../../docs/troubleshooting.md");
        let browser = page.split("\n## ").find(|part| part.starts_with("In the browser")).expect("a part");
        let (problem, lists) = (Language::English.problem(), Language::English.lists());
        let offline = Language::English.offline();
        let sentences = [
            (problem.cors)("HOST"),
            (problem.mixed)("HOST"),
            (problem.local_network)("HOST"),
            offline.session_ended.to_owned(),
            offline.sign_in_again.to_owned(),
            (offline.settings_kept)("").trim_end_matches(": ").to_owned(),
            problem.again.to_owned(),
            lists.refused_storage.trim_end_matches('.').to_owned(),
        ];
        let quoted: Vec<&str> = browser.split('"').skip(1).step_by(2).collect();
        assert_eq!(quoted, sentences);
    }

    #[test]
    fn a_language_is_known_by_the_first_part_of_its_tag() {
        for (tag, language) in [
            ("es", Some(Language::Spanish)),
            ("ES-mx", Some(Language::Spanish)),
            ("en-GB", Some(Language::English)),
            ("est", None),
            ("", None),
        ] {
            assert_eq!(Language::of_tag(tag), language, "{tag}");
        }
    }
}
