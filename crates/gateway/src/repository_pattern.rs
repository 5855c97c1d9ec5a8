//! Patterns of repositories: `*` stands for any part of a path component, `**` for any number of components.

use std::fmt;

use tallyman_core::Repository;

/// A pattern such as `acme/*` or `library/**`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepositoryPattern(Box<str>);

impl RepositoryPattern {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns `true` if there can be a repository that the pattern matches.
    pub(crate) fn can_match(&self) -> bool {
        self.0.replace('*', "a").parse::<Repository>().is_ok()
    }

    pub(crate) fn matches(&self, repository: &str) -> bool {
        let pattern: Vec<&str> = self.0.split('/').collect();
        let name: Vec<&str> = repository.split('/').collect();
        components(&pattern, &name)
    }

    /// Returns `true` if the pattern matches all repositories below `prefix`.
    pub(crate) fn matches_below(&self, prefix: &str) -> bool {
        self.0.rsplit('/').next() == Some("**") && self.matches(prefix)
    }
}

impl fmt::Display for RepositoryPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn components(pattern: &[&str], name: &[&str]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=name.len()).any(|taken| components(rest, &name[taken..])),
        ([first, pattern @ ..], [component, name @ ..]) => {
            component_matches(first.as_bytes(), component.as_bytes()) && components(pattern, name)
        }
        _ => false,
    }
}

/// Matches without recursion: goes back only to the last `*`, so that no name takes long.
fn component_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::RepositoryPattern;

    #[test]
    fn patterns_that_match_no_repository_are_known() {
        for (pattern, expected) in [
            ("acme/app", true),
            ("**", true),
            ("*/app-*/**", true),
            ("a*_*b", true),
            ("A/**", false),
            ("../x", false),
            ("", false),
            ("/acme", false),
            ("acme/", false),
            ("acme//app", false),
            ("-*", false),
            ("acme/app:1", false),
        ] {
            assert_eq!(RepositoryPattern::new(pattern).can_match(), expected, "{pattern}");
        }
    }

    #[test]
    fn patterns_match_all_below_a_prefix_if_they_end_with_any_components() {
        for (pattern, expected) in [
            ("**", true),
            ("acme/**", true),
            ("acme/images/**", true),
            ("*/images/**", true),
            ("acme/images", false),
            ("acme/*", false),
            ("acme/images/*", false),
            ("acme/images/a**", false),
            ("acme/images/app/**", false),
            ("other/**", false),
        ] {
            assert_eq!(RepositoryPattern::new(pattern).matches_below("acme/images"), expected, "{pattern}");
        }
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("acme/app", "acme/app", true),
            ("acme/app", "acme/app2", false),
            ("acme/*", "acme/app", true),
            ("acme/*", "acme/a/b", false),
            ("acme/*", "acme", false),
            ("acme/**", "acme/a/b", true),
            ("acme/**", "acme", true),
            ("acme/**", "acmes/a", false),
            ("**", "anything/at/all", true),
            ("*", "alpine", true),
            ("*", "library/alpine", false),
            ("acme/app-*", "acme/app-one", true),
            ("acme/a*c*e", "acme/abcde", true),
            ("acme/a*c*e", "acme/abcd", false),
            ("**/debug", "acme/app/debug", true),
            ("**/debug", "acme/app", false),
        ] {
            assert_eq!(RepositoryPattern::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }
}
