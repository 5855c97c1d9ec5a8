//! The fields of queries and forms: parsed once, and written anew for the registry.
//!
//! A gateway that looks for a field in one place while the registry looks in another permits one request and passes on
//! another one. So nothing of a caller's text is passed on: a registry gets the fields that the API gives to the route,
//! each at most once, in an encoding of the gateway's own.

use http::StatusCode;
use tallyman_core::{Registry, Repository};
use url::form_urlencoded;

use crate::{refusal::Refusal, route::Route};

/// The fields of a request that its route has, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ApiQuery(Vec<(String, String)>);

/// A reason for which a query or a form is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    #[error(
        "expected fields separated by `&`, found `;`, which registries read in different ways: write %3B"
    )]
    Semicolon,
    #[error("expected two hexadecimal digits after each `%` of the query")]
    Escape,
    #[error("expected UTF-8 without control characters in the query")]
    Characters,
    #[error("expected one {name} in the query, found several: registries differ in which of them counts")]
    Repeated { name: String },
    #[error("expected {expected} as {name}, found {found:?}")]
    Value { name: String, expected: &'static str, found: String },
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        let message = error.to_string();
        match error {
            QueryError::Repeated { .. } => Self::denied(message),
            _ => Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message),
        }
    }
}

impl ApiQuery {
    /// Parses the query of a request for `route`, or the form in its body. Fields that the route does not have are
    /// left out.
    pub(crate) fn parse(route: &Route, text: &str) -> Result<Self, QueryError> {
        if text.contains(';') {
            return Err(QueryError::Semicolon);
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for field in text.split('&').filter(|field| !field.is_empty()) {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if !route.has_field(&name) {
                continue;
            }
            check(&name, &value)?;
            if name != "scope" && fields.iter().any(|(other, _)| *other == name) {
                return Err(QueryError::Repeated { name });
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// Returns the value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Returns the values of a field that may be repeated.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Sets a field.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a field out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| other != name);
    }

    /// Returns the fields as `application/x-www-form-urlencoded`, or `None` if there are none.
    pub(crate) fn encode(&self) -> Option<String> {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(&self.0);
        Some(text.finish()).filter(|text| !text.is_empty())
    }
}

fn decode(text: &str) -> Result<String, QueryError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
                let decoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.push(decoded.ok_or(QueryError::Escape)?);
                rest = &rest[2..];
            }
            byte => bytes.push(byte),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| QueryError::Characters)?;
    if text.chars().any(char::is_control) { Err(QueryError::Characters) } else { Ok(text) }
}

/// Checks the value of a field for which the API has a grammar.
fn check(name: &str, value: &str) -> Result<(), QueryError> {
    let (is_right, expected) = match name {
        "from" => (value.parse::<Repository>().is_ok(), "the name of a repository"),
        "mount" | "digest" => (is_digest(value), "a digest"),
        "n" => (value.len() <= 9 && value.bytes().all(|byte| byte.is_ascii_digit()), "a number"),
        "ns" => (value.parse::<Registry>().is_ok(), "the name of a registry"),
        _ => return Ok(()),
    };
    if is_right {
        return Ok(());
    }
    Err(QueryError::Value { name: name.to_owned(), expected, found: value.to_owned() })
}

/// Returns `true` for what has the form of a digest, whatever its algorithm.
fn is_digest(text: &str) -> bool {
    let part = |text: &str, other: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || other.contains(&byte))
    };
    text.split_once(':').is_some_and(|(algorithm, value)| part(algorithm, b"+._-") && part(value, b"=_-"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ApiQuery, QueryError};
    use crate::route::Route;

    fn route(rest: &str) -> Route {
        Route::parse(rest).unwrap()
    }

    #[test]
    fn registries_get_the_fields_of_the_api_and_nothing_else() {
        const START: &str = "v2/a/blobs/uploads/";
        for (rest, text, expected) in [
            (START, "mount=sha256:ab&from=b%2Fc", Ok(Some("mount=sha256%3Aab&from=b%2Fc"))),
            (START, "fro%6d=b&x=y&FROM=c", Ok(Some("from=b"))),
            (START, "&&digest=sha256:ab&", Ok(Some("digest=sha256%3Aab"))),
            (START, "_state=x&ns=docker.io", Ok(None)),
            (START, "from=b;mount=sha256:ab", Err("`;`")),
            (START, "from=b&from=b", Err("found several")),
            (START, "from=b&fro%6D=c", Err("found several")),
            (START, "from=B", Err("name of a repository")),
            (START, "from=../b", Err("name of a repository")),
            (START, "from=b%00", Err("control characters")),
            (START, "from=b%0a", Err("control characters")),
            (START, "from=%ff", Err("UTF-8")),
            (START, "from=%2", Err("two hexadecimal digits")),
            (START, "from=%2+", Err("two hexadecimal digits")),
            (START, "mount=latest", Err("a digest")),
            ("v2/a/blobs/uploads/1", "_state=x%2By&from=b", Ok(Some("_state=x%2By"))),
            ("v2/a/blobs/uploads/1", "digest=sha256:ab&_state=x", Ok(Some("digest=sha256%3Aab&_state=x"))),
            ("v2/a/tags/list", "n=5&last=b&from=c", Ok(Some("n=5&last=b"))),
            ("v2/a/tags/list", "n=-1", Err("a number")),
            ("v2/a/manifests/x", "ns=docker.io&from=c", Ok(Some("ns=docker.io"))),
            ("v2/a/manifests/x", "ns=a/b", Err("name of a registry")),
            ("v2/_catalog", "last=a+b", Ok(Some("last=a+b"))),
            (
                "v2/a/referrers/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "artifactType=application/x",
                Ok(Some("artifactType=application%2Fx")),
            ),
            (
                "token",
                "scope=repository:a:pull&scope=repository:b:pull&realm=x",
                Ok(Some("scope=repository%3Aa%3Apull&scope=repository%3Ab%3Apull")),
            ),
        ] {
            match (ApiQuery::parse(&route(rest), text), expected) {
                (Ok(query), Ok(expected)) => assert_eq!(query.encode().as_deref(), expected, "{rest}?{text}"),
                (Err(error), Err(part)) => {
                    assert!(error.to_string().contains(part), "{rest}?{text}: {error}");
                }
                (found, expected) => panic!("{rest}?{text}: {found:?}, expected {expected:?}"),
            }
        }
    }

    proptest! {
        /// Fields that were written are read again as the same, by ours and by the parser of the URL standard.
        #[test]
        fn fields_survive_being_written(text in "(mount|from|digest|x|_y|%66rom|fro%6D)=[a-z%0-9:/+;&=]{0,20}(&[a-z]{0,6}=[a-z0-9%;]{0,8}){0,4}") {
            let route = route("v2/a/blobs/uploads/");
            if let Ok(query) = ApiQuery::parse(&route, &text) {
                let written = query.encode().unwrap_or_default();
                prop_assert_eq!(ApiQuery::parse(&route, &written), Ok(query.clone()));
                let theirs: Vec<(String, String)> = url::form_urlencoded::parse(written.as_bytes()).into_owned().collect();
                prop_assert_eq!(theirs, query.0);
            }
        }

        /// No text makes the parser fail in another way than by its errors.
        #[test]
        fn any_text_is_parsed_or_refused(text in ".{0,60}") {
            let found = ApiQuery::parse(&route("token"), &text);
            prop_assert!(found.is_ok() || !text.is_empty());
            if text.contains(';') {
                prop_assert_eq!(found, Err(QueryError::Semicolon));
            }
        }
    }
}
