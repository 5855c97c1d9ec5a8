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

/// Compares names of repositories level by level, so that what is in one namespace stands together.
pub fn by_path(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('/'), right.split('/'));
    loop {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) => match natural(a, b) {
                Ordering::Equal => {}
                order => return order,
            },
            (a, b) => return a.is_some().cmp(&b.is_some()),
        }
    }
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
    use super::{by_path, natural};

    #[test]
    fn numbers_are_counted() {
        let mut tags = ["v10", "latest", "1.10", "v9", "1.2", "1.2-rc1", "01.2", "1.2.0", "v9-a"];
        tags.sort_by(|left, right| natural(left, right));
        assert_eq!(tags, ["01.2", "1.2", "1.2-rc1", "1.2.0", "1.10", "latest", "v9", "v9-a", "v10"]);
    }

    #[test]
    fn namespaces_stand_together() {
        let mut names = ["a1/x", "a-b/c", "a01/y", "a1/z", "a1", "a/c", "a", "a/b/c"];
        names.sort_by(|left, right| by_path(left, right));
        assert_eq!(names, ["a", "a/b/c", "a/c", "a-b/c", "a01/y", "a1", "a1/x", "a1/z"]);
    }
}
