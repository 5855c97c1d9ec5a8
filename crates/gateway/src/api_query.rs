//! The fields of queries and forms: parsed once, and written anew for the registry.
//!
//! A gateway that looks for a field in one place while the registry looks in another permits one request and passes on
//! another one. So nothing of a caller's text is passed on: a registry gets the fields that the API gives to the route,
//! each at most once, in an encoding of the gateway's own.
//!
//! Links to the next page of a list are the exception: a registry may put a cursor into any field. Such fields reach the caller in
//! one field of the gateway's, [`NEXT`], and are taken out of it where the caller follows the link: by name they may not be any that
//! decides about a request, and what they are sent with is the list that was asked for.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use tallyman_core::{Registry, Repository};
use url::{Url, form_urlencoded};

use crate::{refusal::Refusal, route::Route};

/// The field in which callers get the cursors of a list that are the registry's own: a form in base64.
pub(crate) const NEXT: &str = "_next";
/// Bytes of those cursors.
const NEXT_MAX: usize = 4096;

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
    #[error(
        "expected `_next` as this gateway's links to a next page have it, found something else: follow the link as it is"
    )]
    Next,
    #[error(
        "expected a cursor in the link to the next page, found a field {name:?} that decides about a request"
    )]
    Cursor { name: String },
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
        let mut query = Self::default();
        for (name, value) in fields(text)? {
            if route.has_field(&name) {
                query.push(name, value)?;
            } else if name == NEXT && route.has_pages() {
                query.push_cursors(route, &value)?;
            }
        }
        Ok(query)
    }

    /// Parses the query of a link to the next page of the list `route`, with the cursors that are the registry's own.
    pub(crate) fn of_link(route: &Route, link: &Url) -> Result<Self, QueryError> {
        let mut query = Self::default();
        // To the registry it is a character like others.
        for (name, value) in fields(&link.query().unwrap_or_default().replace(';', "%3B"))? {
            if !route.has_field(&name) && !route.has_cursor(&name) {
                return Err(QueryError::Cursor { name });
            }
            query.push(name, value)?;
        }
        Ok(query)
    }

    fn push_cursors(&mut self, route: &Route, text: &str) -> Result<(), QueryError> {
        let form = Some(text).filter(|text| text.len() <= NEXT_MAX);
        let form = form.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let form = form.and_then(|form| String::from_utf8(form).ok()).ok_or(QueryError::Next)?;
        for (name, value) in fields(&form)? {
            if !route.has_cursor(&name) {
                return Err(QueryError::Next);
            }
            self.push(name, value)?;
        }
        Ok(())
    }

    fn push(&mut self, name: String, value: String) -> Result<(), QueryError> {
        check(&name, &value)?;
        if name != "scope" && self.get(&name).is_some() {
            return Err(QueryError::Repeated { name });
        }
        self.0.push((name, value));
        Ok(())
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
        Some(encoded(&self.0)).filter(|text| !text.is_empty())
    }

    /// Returns the fields as [`ApiQuery::encode`] does, for a caller who comes back with them: the registry's own cursors in one field
    /// of the gateway's. `None` if there are none, or if those cursors are too long.
    pub(crate) fn encode_for_caller(&self, route: &Route) -> Option<String> {
        let (cursors, known): (Vec<_>, Vec<_>) = self.0.iter().partition(|(name, _)| route.has_cursor(name));
        let mut text = encoded(known);
        if !cursors.is_empty() {
            let cursors = URL_SAFE_NO_PAD.encode(encoded(cursors));
            let separator = if text.is_empty() { "" } else { "&" };
            (cursors.len() <= NEXT_MAX).then(|| write!(text, "{separator}{NEXT}={cursors}"))?.ok()?;
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// Returns `true` if a page of a list begins behind a name, and not where a cursor of the registry's own says. Beside a name, other
    /// fields, such as an order, are no cursors.
    pub(crate) fn begins_by_name(&self, route: &Route) -> bool {
        let has_cursor = || self.0.iter().any(|(name, _)| route.has_cursor(name));
        self.get("next_page").is_none() && (self.get("last").is_some() || !has_cursor())
    }

    /// Returns `true` if a URL has all of these fields.
    pub(crate) fn is_in(&self, url: &Url) -> bool {
        self.0.iter().all(|(name, value)| url.query_pairs().any(|pair| pair == (name.into(), value.into())))
    }
}

fn encoded<'a>(fields: impl IntoIterator<Item = &'a (String, String)>) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields.into_iter().map(|(name, value)| (name, value)));
    text.finish()
}

/// Returns the decoded fields of a query or a form.
fn fields(text: &str) -> Result<Vec<(String, String)>, QueryError> {
    if text.contains(';') {
        return Err(QueryError::Semicolon);
    }
    let fields = text.split('&').filter(|field| !field.is_empty()).map(|field| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        Ok((decode(name)?, decode(value)?))
    });
    fields.collect()
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
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
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

    #[test]
    fn cursors_of_the_registrys_own_come_back_and_nothing_else_does() {
        let tags = route("v2/a/tags/list");
        let link = |query: &str| ApiQuery::of_link(&tags, &format!("http://r/x?{query}").parse().unwrap());
        for (query, for_caller) in [
            ("n=1&last=b", "n=1&last=b"),
            ("n=1&last=a;b", "n=1&last=a%3Bb"),
            ("n=1&page_token=2%2F%3D", "n=1&_next=cGFnZV90b2tlbj0yJTJGJTNE"),
            ("marker=x&offset=4", "_next=bWFya2VyPXgmb2Zmc2V0PTQ"),
        ] {
            let found = link(query).unwrap();
            assert_eq!(found.encode_for_caller(&tags).as_deref(), Some(for_caller), "{query}");
            assert_eq!(ApiQuery::parse(&tags, for_caller), Ok(found.clone()), "{query}");
            assert_eq!(found.begins_by_name(&tags), !for_caller.contains("_next"), "{query}");
        }
        for (query, expected) in
            [("n=1", true), ("last=b&orderby=", true), ("orderby=name", false), ("last=b&next_page=x", false)]
        {
            assert_eq!(link(query).unwrap().begins_by_name(&tags), expected, "{query}");
        }
        for refused in [
            "from=b",
            "ns=docker.io",
            "n=5",
            "last=x",
            "scope=x",
            "_method=DELETE",
            "X-HTTP-Method-Override=DELETE",
            "Mount=x",
            "access_token=x",
            "a%20b=x",
            "=x",
            "p=1;q=2",
            "p=1&p=2",
            "p=%00",
            "p=%ff",
        ] {
            let text = format!("n=5&_next={}", URL_SAFE_NO_PAD.encode(refused));
            assert!(ApiQuery::parse(&tags, &text).is_err(), "{refused}");
        }
        for text in ["_next=!", "_next=_w"] {
            assert_eq!(ApiQuery::parse(&tags, text), Err(QueryError::Next), "{text}");
        }
        let long = format!("p={}", "x".repeat(4096));
        assert_eq!(link(&long).unwrap().encode_for_caller(&tags), None);
        let text = format!("_next={}", URL_SAFE_NO_PAD.encode(&long));
        assert_eq!(ApiQuery::parse(&tags, &text), Err(QueryError::Next));
        assert!(link("n=1&from=b").is_err() && link("p=1&p=2").is_err() && link("n=x").is_err());
        let cursor = URL_SAFE_NO_PAD.encode("p=1");
        assert_eq!(
            ApiQuery::parse(&route("v2/a/manifests/x"), &format!("_next={cursor}")),
            Ok(ApiQuery::default()),
            "no list"
        );
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
