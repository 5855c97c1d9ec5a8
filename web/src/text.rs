//! What the app says, in every language it speaks.
//!
//! Each area of the app has a struct of sentences here and a value of it per language, in `en/` and `es/`: a sentence
//! that one language lacks does not compile. Sentences with something to fill in are functions.

mod build;
mod command;
mod compare;
mod delete;
mod en;
mod es;
mod explore;
mod frame;
mod inspect;
mod lists;
mod offline;
mod parts;
mod problem;
mod push;
mod registries;
mod start;

use std::cell::Cell;

pub use build::Build;
pub use command::CommandLine;
pub use compare::Compare;
pub use delete::Delete;
pub use explore::Explore;
pub use frame::Frame;
pub use inspect::Inspect;
pub use lists::Lists;
pub use offline::Offline;
pub use parts::Parts;
pub use problem::Problem;
pub use push::Push;
pub use registries::Registries;
pub use start::Start;

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

/// What the app says, by area. One function each, so that a part of the app carries the sentences of its own areas alone.
impl Language {
    /// Two manifests side by side.
    pub fn compare(self) -> &'static Compare {
        self.choose(&en::COMPARE, &es::COMPARE)
    }

    /// Repositories and tags.
    pub fn explore(self) -> &'static Explore {
        self.choose(&en::EXPLORE, &es::EXPLORE)
    }

    /// The frame around every page.
    pub fn frame(self) -> &'static Frame {
        self.choose(&en::FRAME, &es::FRAME)
    }

    /// Images, lists, and whatever else a registry holds.
    pub fn inspect(self) -> &'static Inspect {
        self.choose(&en::INSPECT, &es::INSPECT)
    }

    /// The parts that pages are made of.
    pub fn parts(self) -> &'static Parts {
        self.choose(&en::PARTS, &es::PARTS)
    }

    /// What went wrong, and what to do.
    pub fn problem(self) -> &'static Problem {
        self.choose(&en::PROBLEM, &es::PROBLEM)
    }

    /// Registries, and signing in to them.
    pub fn registries(self) -> &'static Registries {
        self.choose(&en::REGISTRIES, &es::REGISTRIES)
    }

    /// The start page, and the box that takes anything.
    pub fn start(self) -> &'static Start {
        self.choose(&en::START, &es::START)
    }

    /// Building a list.
    pub fn build(self) -> &'static Build {
        self.choose(&en::BUILD, &es::BUILD)
    }

    /// The command line.
    pub fn command(self) -> &'static CommandLine {
        self.choose(&en::COMMAND_LINE, &es::COMMAND_LINE)
    }

    /// Taking tags out of a registry.
    pub fn delete(self) -> &'static Delete {
        self.choose(&en::DELETE, &es::DELETE)
    }

    /// The local lists.
    pub fn lists(self) -> &'static Lists {
        self.choose(&en::LISTS, &es::LISTS)
    }

    /// Without network, and in a new version.
    pub fn offline(self) -> &'static Offline {
        self.choose(&en::OFFLINE, &es::OFFLINE)
    }

    /// Pushing a list.
    pub fn push(self) -> &'static Push {
        self.choose(&en::PUSH, &es::PUSH)
    }
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

/// What the app says, in the language that is spoken now.
pub fn text() -> Language {
    SPOKEN.get()
}

#[cfg(test)]
mod tests {
    use super::Language;

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
