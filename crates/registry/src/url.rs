//! The little about URLs that is needed without the platform: parts and forms.

use std::fmt::Write;

/// `https://host:port` of an absolute URL, in lower case, without a port that goes without saying.
pub(crate) fn origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let authority = authority(rest).to_ascii_lowercase();
    let scheme = scheme.to_ascii_lowercase();
    let default = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}", authority.strip_suffix(default).unwrap_or(&authority))
}

/// The host of an absolute URL.
pub(crate) fn host(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else { return "" };
    let authority = authority(rest);
    match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => &authority[..colon],
        _ => authority,
    }
}

/// Host and port of what stands behind `://`.
fn authority(rest: &str) -> &str {
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = &rest[..end];
    authority.rfind('@').map_or(authority, |at| &authority[at + 1..])
}

/// `url` with more query.
pub(crate) fn with_query(url: &str, query: &str) -> String {
    if query.is_empty() {
        return url.to_owned();
    }
    let separator = match (url.contains('?'), url.ends_with(['?', '&'])) {
        (false, _) => "?",
        (true, true) => "",
        (true, false) => "&",
    };
    format!("{url}{separator}{query}")
}

/// Names and values as a form or query has them.
pub(crate) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut form = String::new();
    for (name, value) in fields {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => form.push(byte.into()),
                b' ' => form.push('+'),
                _ => write!(form, "%{byte:02X}").expect("strings can be written to"),
            }
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_and_hosts() {
        let rows = [
            ("https://A.example/x", "https://a.example", "A.example"),
            ("https://a.example:443", "https://a.example", "a.example"),
            ("http://a.example:443/", "http://a.example:443", "a.example"),
            ("http://[::1]:5000/v2/", "http://[::1]:5000", "[::1]"),
            ("http://[::1]/v2/", "http://[::1]", "[::1]"),
            ("https://user:p@a.example?b", "https://a.example", "a.example"),
            ("https://a.example@evil.test/", "https://evil.test", "evil.test"),
            ("/relative", "", ""),
        ];
        for (url, expected_origin, expected_host) in rows {
            assert_eq!((origin(url).as_str(), host(url)), (expected_origin, expected_host), "{url}");
        }
    }

    #[test]
    fn queries_are_added_and_escaped() {
        let query = form([("scope", "repository:a/b:pull,push"), ("account", "a b&ü")]);
        assert_eq!(query, "scope=repository%3Aa%2Fb%3Apull%2Cpush&account=a+b%26%C3%BC");
        assert_eq!(with_query("https://a/t", "b=c"), "https://a/t?b=c");
        assert_eq!(with_query("https://a/t?x=y", "b=c"), "https://a/t?x=y&b=c");
        assert_eq!(with_query("https://a/t", ""), "https://a/t");
    }
}
