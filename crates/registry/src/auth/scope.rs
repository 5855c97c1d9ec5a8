//! What a token is for.

use std::{collections::BTreeMap, fmt};

use tallyman_core::Repository;

/// Resources, such as `repository:acme/app`, with the actions on each, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Scopes(BTreeMap<String, Vec<String>>);

impl Scopes {
    pub(crate) fn repository(repository: &Repository, actions: &[&str]) -> Self {
        Self::one(format!("repository:{}", repository.as_str()), actions)
    }

    pub(crate) fn pull(repository: &Repository) -> Self {
        Self::repository(repository, &["pull"])
    }

    pub(crate) fn push(repository: &Repository) -> Self {
        Self::repository(repository, &["pull", "push"])
    }

    pub(crate) fn catalog() -> Self {
        Self::one("registry:catalog".to_owned(), &["*"])
    }

    fn one(resource: String, actions: &[&str]) -> Self {
        let mut scopes = BTreeMap::new();
        scopes.insert(resource, actions.iter().map(|&action| action.to_owned()).collect());
        Self(scopes)
    }

    /// Both.
    pub(crate) fn and(mut self, other: &Self) -> Self {
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

    /// Those of a challenge.
    pub(crate) fn parse(text: &str) -> Self {
        let mut scopes = Self::default();
        for scope in text.split_whitespace() {
            if let Some((resource, actions)) = scope.rsplit_once(':') {
                let actions: Vec<&str> = actions.split(',').collect();
                scopes = scopes.and(&Self::one(resource.to_owned(), &actions));
            }
        }
        scopes
    }

    /// Whether a token for these does for `needed` too.
    pub(crate) fn cover(&self, needed: &Self) -> bool {
        needed.0.iter().all(|(resource, actions)| {
            self.0.get(resource).is_some_and(|ours| actions.iter().all(|action| ours.contains(action)))
        })
    }

    /// One by one, as they are written.
    pub(crate) fn iter(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(resource, actions)| format!("{resource}:{}", actions.join(",")))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_covers_less() {
        let mount = Scopes::parse("repository:a/b:pull,push repository:c:pull");
        assert_eq!(mount.to_string(), "repository:a/b:pull,push repository:c:pull");
        for (needed, covered) in [
            ("repository:a/b:pull", true),
            ("repository:a/b:push,pull", true),
            ("repository:c:pull", true),
            ("repository:c:push", false),
            ("repository:d:pull", false),
            ("", true),
        ] {
            assert_eq!(mount.cover(&Scopes::parse(needed)), covered, "{needed}");
        }
    }
}
