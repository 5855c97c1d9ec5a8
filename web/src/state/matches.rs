//! Search in names and texts, whatever the case of ASCII letters.

/// Returns the bytes at which `wanted` begins in `text`; none for an empty one.
pub fn matches<'a>(text: &'a str, wanted: &'a str) -> impl Iterator<Item = usize> + 'a {
    let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
    let (lower, upper) =
        wanted.first().map_or((0, 0), |first| (first.to_ascii_lowercase(), first.to_ascii_uppercase()));
    let starts = if wanted.is_empty() { 0 } else { (text.len() + 1).saturating_sub(wanted.len()) };
    text[..starts]
        .iter()
        .enumerate()
        // Most bytes are told apart by this alone: a million names are looked through while somebody types.
        .filter(move |(_, byte)| **byte == lower || **byte == upper)
        .map(|(start, _)| start)
        .filter(move |start| text[*start..*start + wanted.len()].eq_ignore_ascii_case(wanted))
}

/// Returns `true` if `filter` is in `text`, or has nothing in it.
pub fn fits(text: &str, filter: &str) -> bool {
    filter.is_empty() || matches(text, filter).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::{fits, matches};

    #[test]
    fn every_place_is_found_and_none_beyond_the_end() {
        for (text, wanted, places) in [
            ("v1.10-Alpine", "alpine", &[6][..]),
            ("aAaA", "aa", &[0, 1, 2]),
            ("1.2", "1.2.3", &[]),
            ("1.2", "", &[]),
            ("", "1", &[]),
            ("a[b", "A{B", &[]),
            ("größe und Größe", "öß", &[2, 14]),
            ("latest", "t", &[2, 5]),
        ] {
            assert_eq!(matches(text, wanted).collect::<Vec<_>>(), places, "{wanted:?} in {text:?}");
            assert_eq!(fits(text, wanted), wanted.is_empty() || !places.is_empty());
        }
    }
}
