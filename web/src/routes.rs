//! Addresses of pages: what stands behind the `#`.

use std::collections::HashMap;

use yew_router::Routable;

const INSPECT: &str = "/inspect/";
const COMPARE: &str = "/compare/";
const EXPLORE: &str = "/explore/";
const REGISTRIES: &str = "/registries";

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
            Self::NotFound { path } => path.clone(),
        }
    }

    fn routes() -> Vec<&'static str> {
        vec!["/", "/inspect/*reference", "/compare/*two", "/explore/*place", REGISTRIES]
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
