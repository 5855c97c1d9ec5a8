//! Addresses of pages: what stands behind the `#`.

use std::collections::HashMap;

use yew_router::Routable;

const INSPECT: &str = "/inspect/";

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

/// By hand, because a reference keeps its slashes, colons and `@` in the address, so that a person can read and edit
/// it there.
impl Routable for Route {
    fn from_path(path: &str, _params: &HashMap<&str, &str>) -> Option<Self> {
        Self::recognize(path)
    }

    fn to_path(&self) -> String {
        match self {
            Self::Start => "/".to_owned(),
            Self::Inspect { reference } => {
                let mut path = INSPECT.to_owned();
                for c in reference.chars() {
                    if c.is_ascii_alphanumeric() || "/:@._-[]+".contains(c) {
                        path.push(c);
                    } else {
                        path.push_str(&String::from(js_sys::encode_uri_component(
                            c.encode_utf8(&mut [0; 4]),
                        )));
                    }
                }
                path
            }
            Self::NotFound { path } => path.clone(),
        }
    }

    fn routes() -> Vec<&'static str> {
        vec!["/", "/inspect/*reference"]
    }

    fn not_found_route() -> Option<Self> {
        None
    }

    fn recognize(path: &str) -> Option<Self> {
        Some(match path.strip_prefix(INSPECT) {
            Some(reference) if !reference.is_empty() => {
                let decoded = js_sys::decode_uri_component(reference).map(String::from);
                Self::Inspect { reference: decoded.unwrap_or_else(|_| reference.to_owned()) }
            }
            _ if matches!(path, "" | "/") => Self::Start,
            _ => Self::NotFound { path: path.to_owned() },
        })
    }
}
