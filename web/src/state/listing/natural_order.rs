//! Orders in which people look for names.

use std::cmp::Ordering;

use tallyman_core::behind_algorithm;

/// Words that mark a version as one before its release.
const PRE_RELEASES: [&str; 10] =
    ["alpha", "beta", "rc", "pre", "preview", "dev", "snapshot", "nightly", "canary", "milestone"];

/// Digits of a commit that tags are named after at least.
const COMMIT: usize = 7;

/// Compares tags as people count versions: `v9` before `v10`, `1.2` before `v1.10`, `2.0.0-rc.2` before `2.0.0`. Digests and
/// commits come before words, and words before versions, so that none of them stands among the versions.
pub fn by_version(left: &str, right: &str) -> Ordering {
    match (Version::of(left), Version::of(right)) {
        (Some(a), Some(b)) => natural(a.numbers, b.numbers)
            // A pre-release comes before its release.
            .then(b.is_pre_release.cmp(&a.is_pre_release))
            .then_with(|| natural(a.rest, b.rest))
            .then_with(|| left.cmp(right)),
        (a, b) => a.is_some().cmp(&b.is_some()).then_with(|| {
            let is_word = |tag: &str| !is_commit(tag);
            is_word(left).cmp(&is_word(right)).then_with(|| natural(left, right))
        }),
    }
}

/// Returns `true` for tags that are named after a commit or a digest: `3f2a9c1`, `sha-3f2a9c1`, `sha512-….sig`.
fn is_commit(tag: &str) -> bool {
    let of_digest = behind_algorithm(tag).map(|(_, rest)| rest);
    let bare = of_digest.or_else(|| ["sha-", "git-"].iter().find_map(|prefix| tag.strip_prefix(prefix)));
    let hex = bare.unwrap_or(tag).split('.').next().unwrap_or_default();
    let has = |wanted: fn(&u8) -> bool| hex.as_bytes().iter().any(wanted);
    hex.len() >= COMMIT
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        // A date has digits alone, a word letters.
        && (bare.is_some() || has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic))
}

/// A tag that begins with the numbers of a version.
struct Version<'a> {
    /// `1.2.3` of `v1.2.3`.
    numbers: &'a str,
    is_pre_release: bool,
    rest: &'a str,
}

impl<'a> Version<'a> {
    fn of(tag: &'a str) -> Option<Self> {
        let bare = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
        let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
        let numbers = bare[..end].trim_end_matches('.');
        if !numbers.starts_with(|c: char| c.is_ascii_digit()) || is_commit(tag) {
            return None;
        }
        let rest = &bare[numbers.len()..];
        let word = rest.trim_start_matches(['-', '.', '_', '~']);
        let end = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
        let is_pre_release = PRE_RELEASES.iter().any(|pre| pre.eq_ignore_ascii_case(&word[..end]));
        Some(Self { numbers, is_pre_release, rest })
    }
}

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
    use super::{by_path, by_version, natural};

    #[test]
    fn numbers_are_counted() {
        let mut tags = ["v10", "latest", "1.10", "v9", "1.2", "1.2-rc1", "01.2", "1.2.0", "v9-a"];
        tags.sort_by(|left, right| natural(left, right));
        assert_eq!(tags, ["01.2", "1.2", "1.2-rc1", "1.2.0", "1.10", "latest", "v9", "v9-a", "v10"]);
    }

    #[test]
    fn releases_are_above_their_pre_releases() {
        let ordered = [
            "3f2a9c1",
            "7e3f2a1b9c",
            "sha-1234567",
            "sha256-3f2a9c1d.sig",
            "sha384-3f2a9c1d.sig",
            "sha512-3f2a9c1d",
            "defaced",
            "latest",
            "main",
            "1.2-rc1",
            "1.2",
            "1.2.0",
            "v1.9",
            "1.10.0-SNAPSHOT",
            "1.10.0",
            "1.10.0-alpine",
            "v2.0.0-alpha.1",
            "v2.0.0-beta",
            "v2.0.0-rc.2",
            "v2.0.0-rc.10",
            "v2.0.0",
            "v2.0.1rc1",
            "v2.0.1",
            "20260601",
        ];
        let mut tags = ordered;
        tags.reverse();
        tags.sort_by(|left, right| by_version(left, right));
        assert_eq!(tags, ordered);
    }

    #[test]
    fn namespaces_stand_together() {
        let mut names = ["a1/x", "a-b/c", "a01/y", "a1/z", "a1", "a/c", "a", "a/b/c"];
        names.sort_by(|left, right| by_path(left, right));
        assert_eq!(names, ["a", "a/b/c", "a/c", "a-b/c", "a01/y", "a1", "a1/x", "a1/z"]);
    }
}
