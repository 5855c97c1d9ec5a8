//! Absolute URLs as the platform's own parser wrote them, and forms.

use std::fmt::{self, Write as _};

use http::{HeaderMap, HeaderValue, header};
use thiserror::Error;

/// An absolute `http` or `https` URL in the normal form of the WHATWG URL standard.
///
/// Two parsers that read one text differently are how credentials get lost: `http:\\thief\x?://registry/` is at
/// `registry` to one and at `thief` to another. So nothing is parsed here. The platform (a browser's `URL`, the `url`
/// crate) parses and writes, and this reads the parts of what it wrote, which have one reading.
///
/// ```
/// use tallyman_auth::HttpUrl;
///
/// let url = HttpUrl::from_normalized("https://registry.example:5000/v2/?n=1")?;
/// assert_eq!((url.origin(), url.host()), ("https://registry.example:5000", "registry.example"));
/// assert!(HttpUrl::from_normalized("javascript:alert(1)").is_err());
/// # Ok::<(), tallyman_auth::HttpUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpUrl {
    text: String,
    /// Bytes up to the path.
    origin: usize,
}

/// A reason for which a URL is not used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HttpUrlError {
    /// The scheme is neither `http` nor `https`.
    #[error("expected a URL with http or https, found {0:?}")]
    Scheme(String),
    /// A user name or a password stands in the URL.
    #[error("expected a URL without a user name or password, found one for {host}")]
    UserInfo {
        /// The host, with its port.
        host: String,
    },
    /// The text is not in the form that URL parsers write.
    #[error("expected a URL as a parser writes it, found {0:?}")]
    Form(String),
}

impl HttpUrl {
    /// Takes a URL that the platform's parser wrote. The fragment, which is never sent, is left out.
    ///
    /// # Errors
    /// [`HttpUrlError::Scheme`] for other schemes, [`HttpUrlError::UserInfo`] for a URL with a user name or password,
    /// [`HttpUrlError::Form`] for a text that no URL parser writes.
    pub fn from_normalized(text: &str) -> Result<Self, HttpUrlError> {
        let text = text.split('#').next().unwrap_or_default();
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let Some(rest) = rest else { return Err(HttpUrlError::Scheme(text.to_owned())) };
        let Some(slash) = rest.find('/') else { return Err(HttpUrlError::Form(text.to_owned())) };
        let authority = &rest[..slash];
        if let Some((_, host)) = authority.rsplit_once('@') {
            return Err(HttpUrlError::UserInfo { host: host.to_owned() });
        }
        // Parsers write hosts in ASCII, in lower case and without what ends or splits an authority.
        let is_plain = |byte: u8| {
            byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && !b"\\?#@<>^|%".contains(&byte)
        };
        if authority.is_empty() || authority.starts_with(':') || !authority.bytes().all(is_plain) {
            return Err(HttpUrlError::Form(text.to_owned()));
        }
        let origin = text.len() - rest.len() + slash;
        Ok(Self { text: text.to_owned(), origin })
    }

    /// Returns the whole URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.text.starts_with("https:") { "https" } else { "http" }
    }

    /// Returns scheme, host and port, where the port is not the scheme's own: `https://registry.example`.
    pub fn origin(&self) -> &str {
        &self.text[..self.origin]
    }

    /// Returns the URL with another scheme: `http` or `https`.
    pub(crate) fn with_scheme(&self, scheme: &str) -> Self {
        let authority = &self.text[self.scheme().len() + "://".len()..self.origin];
        let implied = if scheme == "https" { ":443" } else { ":80" };
        let origin = format!("{scheme}://{}", authority.strip_suffix(implied).unwrap_or(authority));
        Self { text: format!("{origin}{}", self.path_and_query()), origin: origin.len() }
    }

    /// Returns the host without its port, and without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        let authority = &self.text[self.scheme().len() + "://".len()..self.origin];
        match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or(rest),
            None => authority.split(':').next().unwrap_or(authority),
        }
    }

    /// Returns the URL with `query` behind the query that it has.
    #[must_use]
    pub fn with_query(&self, query: &str) -> Self {
        if query.is_empty() {
            return self.clone();
        }
        let separator = match self.text.split_once('?') {
            None => "?",
            Some((_, present)) if present.is_empty() || present.ends_with('&') => "",
            Some(_) => "&",
        };
        Self { text: format!("{}{separator}{query}", self.text), origin: self.origin }
    }

    /// Returns path and query: what stands behind the origin.
    pub fn path_and_query(&self) -> &str {
        &self.text[self.origin..]
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the `Location` of a response, with the bytes beyond ASCII escaped as URL parsers escape them; `None` if there is none.
pub fn location_of(headers: &HeaderMap) -> Option<String> {
    headers.get(header::LOCATION).map(escaped)
}

/// Returns a header value, whose grammar is ASCII. Other bytes are escaped as URL parsers escape them, so that a URL in it stays
/// the one that it is.
pub(crate) fn escaped(value: &HeaderValue) -> String {
    let mut text = String::with_capacity(value.len());
    for &byte in value.as_bytes() {
        match byte {
            byte if byte.is_ascii() => text.push(byte.into()),
            byte => write!(text, "%{byte:02X}").expect("strings can be written to"),
        }
    }
    text
}

/// Returns names and values as a form or a query has them (`application/x-www-form-urlencoded`).
pub fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_read_from_what_a_parser_wrote() {
        let rows = [
            ("https://a.example/x?y", "https://a.example", "a.example", "/x?y"),
            ("http://a.example:443/", "http://a.example:443", "a.example", "/"),
            ("http://[::1]:5000/v2/", "http://[::1]:5000", "::1", "/v2/"),
            ("https://a.example/x#fragment", "https://a.example", "a.example", "/x"),
            ("https://a.example/@evil.test/", "https://a.example", "a.example", "/@evil.test/"),
        ];
        for (text, origin, host, rest) in rows {
            let url = HttpUrl::from_normalized(text).unwrap();
            assert_eq!((url.origin(), url.host(), url.path_and_query()), (origin, host, rest), "{text}");
        }
        for (text, expected) in [
            ("javascript:alert(1)", "http or https"),
            ("file:///etc/passwd", "http or https"),
            ("HTTPS://a.example/", "http or https"),
            ("/relative", "http or https"),
            ("", "http or https"),
            ("https://user:p@a.example/", "without a user name or password, found one for a.example"),
            ("https://a.example@evil.test/", "found one for evil.test"),
            ("https://a.example", "as a parser writes it"),
            ("https:///v2/", "as a parser writes it"),
            ("https://A.example/", "as a parser writes it"),
            ("https://evil.test\\x/", "as a parser writes it"),
            ("https://evil.test?x/", "as a parser writes it"),
        ] {
            let error = HttpUrl::from_normalized(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn queries_are_added_and_escaped() {
        let query = form([("scope", "repository:a/b:pull,push"), ("account", "a b&ü")]);
        assert_eq!(query, "scope=repository%3Aa%2Fb%3Apull%2Cpush&account=a+b%26%C3%BC");
        for (url, query, expected) in [
            ("https://a/t", "b=c", "https://a/t?b=c"),
            ("https://a/t?x=y", "b=c", "https://a/t?x=y&b=c"),
            ("https://a/t?x=y&", "b=c", "https://a/t?x=y&b=c"),
            ("https://a/t?", "b=c", "https://a/t?b=c"),
            ("https://a/t?x=y?", "b=c", "https://a/t?x=y?&b=c"),
            ("https://a/t", "", "https://a/t"),
        ] {
            assert_eq!(HttpUrl::from_normalized(url).unwrap().with_query(query).as_str(), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Addresses put together from what parsers have disagreed about.
        #[test]
        fn parts_are_those_that_the_parser_means(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "http", "https", "HTTP", "ftp", "javascript", "file", ":", "/", "//", "\\", "\\\\", "@", "?", "#",
                    "%", "%2f", "%40", "a.example", "127.0.0.1", "0x7f.1", "[::1]", "[::ffff:1.2.3.4]", ":80", ":443",
                    ":5000", "user", "..", ".", " ", "\t", "\n", "ü", "。", "x=y", "evil.test", "localhost", "*", "|",
                ]),
                0..10,
            ),
            prefix in prop::sample::select(vec!["", "http://", "https://", "http:\\\\", "https:/"]),
        ) {
            let text = format!("{prefix}{}", pieces.concat());
            if let Ok(parsed) = url::Url::parse(&text) {
                let ours = HttpUrl::from_normalized(parsed.as_str());
                let is_usable = matches!(parsed.scheme(), "http" | "https")
                    && parsed.username().is_empty()
                    && parsed.password().is_none();
                if let Ok(ours) = &ours {
                    prop_assert_eq!(ours.origin(), parsed.origin().ascii_serialization());
                    let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
                    prop_assert_eq!(ours.host(), host);
                    prop_assert_eq!(ours.scheme(), parsed.scheme());
                    let rest = &parsed[url::Position::BeforePath..url::Position::AfterQuery];
                    prop_assert_eq!(ours.path_and_query(), rest);
                }
                prop_assert_eq!(ours.is_ok(), is_usable, "{} {:?}", parsed, ours);
            }
        }
    }
}
