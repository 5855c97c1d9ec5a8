//! Orders in which people look for names.

use std::cmp::Ordering;

/// Compares names as people count: `v9` before `v10`, `1.2` before `1.10`.
pub fn natural(left: &str, right: &str) -> Ordering {
    let (mut left_rest, mut right_rest) = (left, right);
    while let (Some(a), Some(b)) = (left_rest.chars().next(), right_rest.chars().next()) {
        if a.is_ascii_digit() && b.is_ascii_digit() {
            let (a, b) = (number(&mut left_rest), number(&mut right_rest));
            // Longer numbers are larger, once their zeros in front are gone.
            let order = a.len().cmp(&b.len()).then(a.cmp(b));
            if order != Ordering::Equal {
                return order;
            }
        } else {
            if a != b {
                return a.cmp(&b);
            }
            left_rest = &left_rest[a.len_utf8()..];
            right_rest = &right_rest[b.len_utf8()..];
        }
    }
    left_rest.len().cmp(&right_rest.len()).then_with(|| left.cmp(right))
}

/// Takes the digits off the front, and gives them without the zeros that lead them.
fn number<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn numbers_are_counted() {
        let mut tags = ["v10", "latest", "1.10", "v9", "1.2", "1.2-rc1", "01.2", "1.2.0", "v9-a"];
        tags.sort_by(|left, right| natural(left, right));
        assert_eq!(tags, ["01.2", "1.2", "1.2-rc1", "1.2.0", "1.10", "latest", "v9", "v9-a", "v10"]);
    }
}
