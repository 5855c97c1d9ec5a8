//! Lists in headers, of which one element that is no text hides no other.

use http::{HeaderMap, header::AsHeaderName};

/// Returns the elements of all headers called `name`, in order and without white space around them. An element that is not
/// UTF-8 counts as an empty one: other programs of a host, and callers of a proxy, choose the elements beside those that count.
pub(crate) fn elements<K: AsHeaderName>(
    headers: &HeaderMap,
    name: K,
    separator: u8,
) -> impl DoubleEndedIterator<Item = &str> {
    let values = headers.get_all(name).into_iter();
    let elements = values.flat_map(move |value| value.as_bytes().split(move |byte| *byte == separator));
    elements.map(|element| str::from_utf8(element).unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::elements;

    #[test]
    fn an_element_that_is_no_text_hides_no_other() {
        let value = |bytes: &[u8]| (header::COOKIE, HeaderValue::from_bytes(bytes).unwrap());
        let headers = HeaderMap::from_iter([value("a=1; b=Málaga".as_bytes()), value(b"\xe9;c=3; d\xe9;")]);
        let found: Vec<&str> = elements(&headers, header::COOKIE, b';').collect();
        assert_eq!(found, ["a=1", "b=Málaga", "", "c=3", "", ""]);
    }
}
