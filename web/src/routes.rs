//! Addresses of pages: what stands behind the `#`.

use std::collections::HashMap;

use yew_router::Routable;

const INSPECT: &str = "/inspect/";
const COMPARE: &str = "/compare/";
const EXPLORE: &str = "/explore/";
const REGISTRIES: &str = "/registries";
const LISTS: &str = "/lists";
const BUILD: &str = "/build/";
const PUSH: &str = "/push/";
const DELETE: &str = "/delete/";
const COMMAND: &str = "/command";
const IMPORT: &str = "/import/";

/// A page. Every view has an address that can be sent to somebody else.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// The start page: `#/`.
    Start,
    /// One manifest: `#/inspect/127.0.0.1:5050/samples/hello:latest`, the reference as it was written.
    Inspect {
        /// What was asked for; it need not be a valid reference.
        reference: String,
    },
    /// Two manifests: `#/compare/LEFT|RIGHT`. No reference has a `|`.
    Compare {
        /// The reference on the left.
        left: String,
        /// The reference on the right.
        right: String,
    },
    /// A registry's repositories or a repository's tags: `#/explore/127.0.0.1:5050`, `#/explore/HOST/samples/hello`.
    Explore {
        /// The registry, or the repository with its registry.
        place: String,
    },
    /// Registries, their settings and who is signed in: `#/registries`.
    Registries,
    /// The local lists: `#/lists`.
    Lists,
    /// A local list being built: `#/build/HOST/app:v1`; with images to add, `#/build/HOST/app:v1|IMAGE|IMAGE`. The name
    /// may be empty then, and is asked for.
    Build {
        /// The list as it was written.
        list: String,
        /// Images to add, as they were written.
        sources: Vec<String>,
    },
    /// Pushing a local list: `#/push/HOST/app:v1`.
    Push {
        /// The list as it was written.
        list: String,
    },
    /// Taking tags out of a repository: `#/delete/HOST/app|v1|v2`.
    Delete {
        /// The repository with its registry.
        place: String,
        /// Tags that are chosen at first.
        tags: Vec<String>,
    },
    /// The command line: `#/command`.
    Command,
    /// A list that the address itself carries: `#/import/…`.
    Import {
        /// The list, packed.
        packed: String,
    },
    /// Any other address.
    NotFound {
        /// The address.
        path: String,
    },
}

impl Route {
    /// The page of one manifest.
    pub fn inspect(reference: &impl ToString) -> Self {
        Self::Inspect { reference: reference.to_string() }
    }

    /// The page on which a list is built.
    pub fn build(list: &impl ToString) -> Self {
        Self::Build { list: list.to_string(), sources: Vec::new() }
    }
}

/// By hand, because a reference keeps its slashes, colons and `@` in the address.
impl Routable for Route {
    fn from_path(path: &str, _params: &HashMap<&str, &str>) -> Option<Self> {
        Self::recognize(path)
    }

    fn to_path(&self) -> String {
        match self {
            Self::Start => "/".to_owned(),
            Self::Inspect { reference } => format!("{INSPECT}{}", encoded(reference)),
            Self::Compare { left, right } => format!("{COMPARE}{}|{}", encoded(left), encoded(right)),
            Self::Explore { place } => format!("{EXPLORE}{}", encoded(place)),
            Self::Registries => REGISTRIES.to_owned(),
            Self::Lists => LISTS.to_owned(),
            Self::Build { list, sources } => format!("{BUILD}{}", with_more(list, sources)),
            Self::Push { list } => format!("{PUSH}{}", encoded(list)),
            Self::Delete { place, tags } => format!("{DELETE}{}", with_more(place, tags)),
            Self::Command => COMMAND.to_owned(),
            Self::Import { packed } => format!("{IMPORT}{packed}"),
            Self::NotFound { path } => path.clone(),
        }
    }

    fn routes() -> Vec<&'static str> {
        vec![
            "/",
            "/inspect/*reference",
            "/compare/*two",
            "/explore/*place",
            REGISTRIES,
            LISTS,
            "/build/*list",
            "/push/*list",
            "/delete/*place",
            COMMAND,
            "/import/*packed",
        ]
    }

    fn not_found_route() -> Option<Self> {
        None
    }

    fn recognize(path: &str) -> Option<Self> {
        if let Some(reference) = path.strip_prefix(INSPECT).filter(|reference| !reference.is_empty()) {
            return Some(Self::Inspect { reference: decoded(reference) });
        }
        if let Some(place) = path.strip_prefix(EXPLORE).filter(|place| !place.is_empty()) {
            return Some(Self::Explore { place: decoded(place) });
        }
        let after = |prefix: &str| path.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        if let Some(rest) = after(BUILD) {
            let (list, sources) = first_and_more(rest);
            return Some(Self::Build { list, sources });
        }
        if let Some(list) = after(PUSH) {
            return Some(Self::Push { list: decoded(list) });
        }
        if let Some(rest) = after(DELETE) {
            let (place, tags) = first_and_more(rest);
            return Some(Self::Delete { place, tags });
        }
        if let Some(packed) = after(IMPORT) {
            return Some(Self::Import { packed: packed.to_owned() });
        }
        if let Some(route) = [(LISTS, Self::Lists), (COMMAND, Self::Command)]
            .into_iter()
            .find_map(|(at, route)| (path.trim_end_matches('/') == at).then_some(route))
        {
            return Some(route);
        }
        // Some programs that pass links on write the bar as %7C.
        let two =
            path.strip_prefix(COMPARE).and_then(|two| two.split_once('|').or_else(|| two.split_once("%7C")));
        Some(match two {
            Some((left, right)) => Self::Compare { left: decoded(left), right: decoded(right) },
            None if matches!(path, "" | "/") => Self::Start,
            None if path.trim_end_matches('/') == REGISTRIES => Self::Registries,
            None => Self::NotFound { path: path.to_owned() },
        })
    }
}

/// Several texts for an address, parted by bars.
fn with_more(first: &str, more: &[String]) -> String {
    more.iter().fold(encoded(first), |path, text| format!("{path}|{}", encoded(text)))
}

fn first_and_more(path: &str) -> (String, Vec<String>) {
    let path = path.replace("%7C", "|");
    let mut texts = path.split('|').map(decoded);
    let first = texts.next().unwrap_or_default();
    (first, texts.filter(|text| !text.is_empty()).collect())
}

/// Text for an address. What references are made of stays as it is, so that a person can read and edit it there.
fn encoded(text: &str) -> String {
    text.chars().fold(String::new(), |mut path, c| {
        if c.is_ascii_alphanumeric() || "/:@._-[]+".contains(c) {
            path.push(c);
        } else {
            path.push_str(&String::from(js_sys::encode_uri_component(c.encode_utf8(&mut [0; 4]))));
        }
        path
    })
}

fn decoded(text: &str) -> String {
    js_sys::decode_uri_component(text).map_or_else(|_| text.to_owned(), String::from)
}
