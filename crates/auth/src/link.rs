//! The `Link` header (RFC 8288): the next page of a list.

use http::{HeaderMap, header};
use thiserror::Error;

/// A reason for which the next page of a list is not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected links as `<TARGET>; rel=\"next\"`, found {0:?}")]
pub struct LinkError(String);

/// Returns the target of the next page as a response's `Link` headers name it, or `None` if there is none. A single link
/// that does not say what it is can be nothing else.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header};
///
/// let link = HeaderValue::from_static("</v2/_catalog?last=b>; rel=\"next\"");
/// let headers = HeaderMap::from_iter([(header::LINK, link)]);
/// assert_eq!(tallyman_auth::next_link(&headers).unwrap().unwrap(), "/v2/_catalog?last=b");
/// ```
///
/// # Errors
/// [`LinkError`] if one of the headers cannot be parsed: it may name the next page.
pub fn next_link(headers: &HeaderMap) -> Result<Option<String>, LinkError> {
    let mut links = Vec::new();
    for value in headers.get_all(header::LINK) {
        let mut rest = value.as_bytes();
        while let Some(next) = skip(rest, b",") {
            let error = || LinkError(String::from_utf8_lossy(value.as_bytes()).into_owned());
            let (link, behind) = Link::parse(next).ok_or_else(error)?;
            links.push(link);
            rest = behind;
        }
    }
    let is_next = |link: &Link| link.relations.iter().any(|relation| relation == "next");
    let only = links.len() == 1 && links[0].relations.is_empty();
    Ok(links.into_iter().find(|link| only || is_next(link)).map(|link| link.target))
}

/// A link of a `Link` header.
struct Link {
    /// The target, as it was written.
    target: String,
    /// The relation types in lower case; empty if there are none.
    relations: Vec<String>,
}

impl Link {
    /// Parses one link, and returns what stands behind it.
    fn parse(text: &[u8]) -> Option<(Self, &[u8])> {
        let text = text.strip_prefix(b"<")?;
        let end = text.iter().position(|&byte| byte == b'>')?;
        let target = String::from_utf8_lossy(&text[..end]).trim().to_owned();
        let mut link = Self { target, relations: Vec::new() };
        let mut has_relation = false;
        let mut rest = &text[end + 1..];
        loop {
            rest = rest.trim_ascii_start();
            let Some(parameters) = rest.strip_prefix(b";") else { break };
            let parameters = parameters.trim_ascii_start();
            let end = parameters.iter().position(|byte| b"=;, \t".contains(byte)).unwrap_or(parameters.len());
            let name = parameters[..end].to_ascii_lowercase();
            rest = parameters[end..].trim_ascii_start();
            let Some(written) = rest.strip_prefix(b"=") else { continue };
            let value;
            (value, rest) = parse_value(written.trim_ascii_start());
            // Only the first counts, as the standard says.
            if name == b"rel" && !has_relation {
                has_relation = true;
                link.relations = value.split_whitespace().map(str::to_ascii_lowercase).collect();
            }
        }
        (rest.is_empty() || rest.starts_with(b",")).then_some((link, rest))
    }
}

/// Parses a token or a quoted string, and returns what stands behind it.
fn parse_value(text: &[u8]) -> (String, &[u8]) {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| b";, \t".contains(byte)).unwrap_or(text.len());
        return (String::from_utf8_lossy(&text[..end]).into_owned(), &text[end..]);
    };
    let mut value = Vec::new();
    let mut bytes = quoted.iter().enumerate();
    while let Some((at, &byte)) = bytes.next() {
        match byte {
            b'"' => return (String::from_utf8_lossy(&value).into_owned(), &quoted[at + 1..]),
            b'\\' => value.extend(bytes.next().map(|(_, &escaped)| escaped)),
            _ => value.push(byte),
        }
    }
    (String::from_utf8_lossy(&value).into_owned(), b"")
}

/// Passes over blanks and separators. Returns `None` at the end.
fn skip<'a>(text: &'a [u8], separators: &[u8]) -> Option<&'a [u8]> {
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace() && !separators.contains(byte))?;
    Some(&text[start..])
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn next(values: &[&str]) -> Result<Option<String>, ()> {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value.as_bytes()).unwrap());
        let headers: HeaderMap = values.map(|value| (header::LINK, value)).collect();
        next_link(&headers).map_err(|_| ())
    }

    #[test]
    fn the_next_page_is_found_however_the_header_is_written() {
        for (values, expected) in [
            (&[][..], Ok(None)),
            (&[""], Ok(None)),
            (&["</a?n=1>; rel=\"next\""], Ok(Some("/a?n=1"))),
            (&["</a>;rel=next"], Ok(Some("/a"))),
            (&["</a>; Rel=\"Next\""], Ok(Some("/a"))),
            (&["</a> ; REL = NEXT"], Ok(Some("/a"))),
            (&["</a?last=a,b&n=1;2>; rel=\"next\""], Ok(Some("/a?last=a,b&n=1;2"))),
            (&["</p>; rel=prev, </n>; rel=next"], Ok(Some("/n"))),
            (&["</p>; rel=prev", "</n>; rel=next"], Ok(Some("/n"))),
            (&["</n>; rel=\"prefetch next\""], Ok(Some("/n"))),
            (&["</p>; title=\"a, <b>; rel=next\"; rel=prev"], Ok(None)),
            (&["</n>; title=\"a \\\" b, <c>\"; rel=next"], Ok(Some("/n"))),
            (&["</p>; rel=prev; rel=next"], Ok(None)),
            (&["</n>; nofollow; rel=next"], Ok(Some("/n"))),
            (&[", </n>; rel=next,"], Ok(Some("/n"))),
            (&["</n>"], Ok(Some("/n"))),
            (&["</a>, </b>"], Ok(None)),
            (&["<https://elsewhere.example/a?x=<>; rel=next"], Ok(Some("https://elsewhere.example/a?x=<"))),
            (&["/a; rel=next"], Err(())),
            (&["</a; rel=next"], Err(())),
            (&["</a> rel=next"], Err(())),
        ] {
            assert_eq!(
                next(values),
                expected.map(|next: Option<&str>| next.map(str::to_owned)),
                "{values:?}"
            );
        }
    }
}
