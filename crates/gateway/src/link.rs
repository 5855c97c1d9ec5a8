//! The `Link` header (RFC 8288): what it says about the next page.

use http::{HeaderMap, header};

/// Returns the target of the first link whose relation is `next`.
pub(crate) fn next(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::LINK).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(links).find(|(_, relation)| is_next(relation)).map(|(target, _)| target.to_owned())
}

fn is_next(relation: &str) -> bool {
    relation.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case("next"))
}

/// The targets of a header value, each with the value of its first `rel`.
fn links(mut rest: &str) -> Vec<(&str, String)> {
    let mut links = Vec::new();
    while let Some((target, parameters)) =
        rest.trim_start_matches([' ', '\t', ',']).strip_prefix('<').and_then(|rest| rest.split_once('>'))
    {
        let (end, relation) = relation(parameters);
        links.push((target, relation.unwrap_or_default()));
        rest = &parameters[end..];
    }
    links
}

/// Returns where the parameters end, and the first `rel` among them. Commas and semicolons count outside quotes alone.
fn relation(text: &str) -> (usize, Option<String>) {
    let (mut quoted, mut escaped, mut end) = (false, false, text.len());
    let (mut parameter, mut parameters) = (String::new(), Vec::new());
    for (at, character) in text.char_indices() {
        match character {
            character if escaped => {
                parameter.push(character);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                end = at;
                break;
            }
            ';' if !quoted => parameters.push(std::mem::take(&mut parameter)),
            character => parameter.push(character),
        }
    }
    parameters.push(parameter);
    let relation = parameters.iter().find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("rel").then(|| value.trim().to_owned())
    });
    (end, relation)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};
    use proptest::prelude::*;

    use super::next;

    fn found(values: &[&str]) -> Option<String> {
        let values = values.iter().filter_map(|value| HeaderValue::from_str(value).ok());
        next(&values.map(|value| (header::LINK, value)).collect::<HeaderMap>())
    }

    #[test]
    fn the_next_page_is_found_among_other_links() {
        for (values, expected) in [
            (&["</v2/a?n=1>; rel=\"next\""][..], Some("/v2/a?n=1")),
            (&["</a>; rel=next"], Some("/a")),
            (&["</a>;title=\"x, <y>; rel=prev\";REL=\"prev Next\""], Some("/a")),
            (&["</a>; rel=\"prev\", </b>; rel=\"next\""], Some("/b")),
            (&["</a>; rel=prev", "</b>; rel=next"], Some("/b")),
            (&["</a>; rel=next, <https://attacker.example>; rel=preload"], Some("/a")),
            (&["</a>; title=\"\\\"; rel=next\"; rel=prev"], None),
            (&["</a>"], None),
            (&["</a>; rel=nextly"], None),
            (&["no link"], None),
        ] {
            assert_eq!(found(values).as_deref(), expected, "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read_without_end(text in "[ -~]{0,60}") {
            let target = found(&[&text]);
            let is_there = target.is_none_or(|target| text.contains(&format!("<{target}>")));
            prop_assert!(is_there, "{}", text);
        }
    }
}
