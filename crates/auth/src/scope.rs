//! Scopes of tokens, as the distribution project's "Token Scope Documentation" has them.

use std::{collections::BTreeMap, fmt};

/// Resources of a challenge that are read, and actions of each, which are compared with one another.
const RESOURCES_MAX: usize = 64;
const ACTIONS_MAX: usize = 32;

/// Resources, such as `repository:acme/app`, each with the actions that a token allows on it. Resources are sorted,
/// actions keep their order.
/// ```
/// use tallyman_auth::Scopes;
///
/// let scopes = Scopes::push("acme/app").and(&Scopes::pull("acme/base"));
/// assert_eq!(scopes.to_string(), "repository:acme/app:pull,push repository:acme/base:pull");
/// assert!(scopes.cover(&Scopes::pull("acme/app")) && !Scopes::pull("acme/app").cover(&scopes));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scopes(BTreeMap<String, Vec<String>>);

impl Scopes {
    /// The scope for `actions` on a repository.
    pub fn repository(repository: &str, actions: &[&str]) -> Self {
        Self::one(format!("repository:{repository}"), actions)
    }

    /// The scope for reading from a repository.
    pub fn pull(repository: &str) -> Self {
        Self::repository(repository, &["pull"])
    }

    /// The scope for writing to a repository. It includes reading: registries check both for a push.
    pub fn push(repository: &str) -> Self {
        Self::repository(repository, &["pull", "push"])
    }

    /// The scope for listing the repositories of a registry.
    pub fn catalog() -> Self {
        Self::one("registry:catalog".to_owned(), &["*"])
    }

    fn one(resource: String, actions: &[&str]) -> Self {
        let mut scopes = BTreeMap::new();
        scopes.insert(resource, actions.iter().map(|&action| action.to_owned()).collect());
        Self(scopes)
    }

    /// Returns the union of both.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (resource, actions) in &other.0 {
            let ours = self.0.entry(resource.clone()).or_default();
            for action in actions {
                if !ours.contains(action) {
                    ours.push(action.clone());
                }
            }
        }
        self
    }

    /// Parses the `scope` parameter of a challenge: scopes separated by spaces. Words without a colon are passed over, and so
    /// are more resources and actions than any registry asks for.
    pub fn parse(text: &str) -> Self {
        let mut scopes = Self::default();
        for (resource, actions) in text.split_whitespace().filter_map(|scope| scope.rsplit_once(':')) {
            if scopes.0.len() >= RESOURCES_MAX && !scopes.0.contains_key(resource) {
                continue;
            }
            let ours = scopes.0.entry(resource.to_owned()).or_default();
            for action in actions.split(',').filter(|action| !action.is_empty()) {
                if ours.len() < ACTIONS_MAX && !ours.iter().any(|known| known == action) {
                    ours.push(action.to_owned());
                }
            }
        }
        scopes
    }

    /// Returns `true` if a token with these scopes does for `required` too.
    pub fn cover(&self, required: &Self) -> bool {
        required.0.iter().all(|(resource, actions)| {
            self.0.get(resource).is_some_and(|ours| actions.iter().all(|action| ours.contains(action)))
        })
    }

    /// Returns the scopes one by one, each as its text.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(resource, actions)| format!("{resource}:{}", actions.join(",")))
    }
}

/// The scopes separated by spaces, as a challenge and a form have them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.iter().enumerate() {
            write!(f, "{}{scope}", if at == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_parsed_merged_and_printed() {
        for (text, printed) in [
            ("", ""),
            ("repository:a/b:pull,push repository:c:pull", "repository:a/b:pull,push repository:c:pull"),
            ("repository:c:pull  repository:a/b:pull,push", "repository:a/b:pull,push repository:c:pull"),
            ("repository:a:pull repository:a:push,pull", "repository:a:pull,push"),
            ("repository:h:5000/a:pull", "repository:h:5000/a:pull"),
            ("registry:catalog:*", "registry:catalog:*"),
            ("repository:a:pull,,push", "repository:a:pull,push"),
            ("nonsense", ""),
        ] {
            assert_eq!(Scopes::parse(text).to_string(), printed, "{text}");
        }
        assert_eq!(
            Scopes::push("a/b").and(&Scopes::pull("c")).to_string(),
            "repository:a/b:pull,push repository:c:pull"
        );
        assert_eq!(Scopes::catalog().to_string(), "registry:catalog:*");
    }

    #[test]
    fn more_than_any_registry_asks_for_is_passed_over() {
        let actions: Vec<String> = (0..100_000).map(|at| format!("a{at}")).collect();
        let scopes: Vec<String> = (0..100_000).map(|at| format!("repository:r{at}:pull")).collect();
        let again: Vec<String> = (0..100_000).map(|at| format!("repository:r:a{at}")).collect();
        for (text, printed) in [
            (
                format!("repository:r:{}", actions.join(",")),
                format!("repository:r:{}", actions[..32].join(",")),
            ),
            (again.join(" "), format!("repository:r:{}", actions[..32].join(","))),
            (format!("x {}", scopes.join(" ")), Scopes::parse(&scopes[..64].join(" ")).to_string()),
        ] {
            let read = Scopes::parse(&text);
            assert_eq!(read.to_string(), printed);
            assert!(read.clone().and(&read).cover(&read));
        }
    }

    #[test]
    fn more_covers_less() {
        let mount = Scopes::parse("repository:a/b:pull,push repository:c:pull");
        for (required, covered) in [
            ("repository:a/b:pull", true),
            ("repository:a/b:push,pull", true),
            ("repository:c:pull", true),
            ("repository:c:push", false),
            ("repository:d:pull", false),
            ("", true),
        ] {
            assert_eq!(mount.cover(&Scopes::parse(required)), covered, "{required}");
        }
    }
}
