//! The tags that `tags` shows, and their order.

use std::cmp::Ordering;

use regex_lite::Regex;
use semver::Version;
use tallyman_core::is_digest_tag;

/// The tags of a repository that are shown, and their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagFilter {
    /// The number of tags that are shown at most.
    pub limit: Option<usize>,
    /// The tag behind which the registry's order is shown.
    pub last: Option<String>,
    /// A regular expression that tags match somewhere.
    pub pattern: Option<String>,
    /// The order.
    pub order: TagOrder,
    /// Leave out tags that stand for a digest, such as `sha256-….sig`.
    pub no_digest_tags: bool,
}

/// An order of tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagOrder {
    /// The registry's.
    #[default]
    Registry,
    /// Order by name.
    Name,
    /// Order by version, the lowest first. Tags that are no versions come before, by name.
    Version,
}

impl TagOrder {
    /// Parses the name of an order: `registry`, `name` or `semver`.
    ///
    /// # Errors
    /// A sentence with these names if it is another.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "registry" => Ok(Self::Registry),
            "name" => Ok(Self::Name),
            "semver" => Ok(Self::Version),
            _ => Err("expected registry, name or semver".to_owned()),
        }
    }

    /// Puts tags into this order.
    pub fn sort(self, tags: &mut [String]) {
        match self {
            Self::Registry => {}
            Self::Name => tags.sort_unstable(),
            Self::Version => {
                tags.sort_by_cached_key(|tag| VersionKey { version: version(tag), tag: tag.clone() });
            }
        }
    }
}

/// Checks a regular expression.
pub(super) fn check_pattern(text: &str) -> Result<(), String> {
    Regex::new(text).map(drop).map_err(|error| error.to_string())
}

/// A filter at work on the tags of one repository.
pub(super) struct TagSelection<'a> {
    filter: &'a TagFilter,
    pattern: Option<Regex>,
    is_behind_last: bool,
    shown: usize,
}

impl<'a> TagSelection<'a> {
    pub(super) fn new(filter: &'a TagFilter) -> Self {
        let pattern = filter.pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok());
        Self { filter, pattern, is_behind_last: filter.last.is_none(), shown: 0 }
    }

    /// Returns `true` if tags can be shown as they come.
    pub(super) fn is_in_registry_order(&self) -> bool {
        self.filter.order == TagOrder::Registry
    }

    /// Returns `true` if no further tag is shown.
    pub(super) fn is_complete(&self) -> bool {
        self.is_in_registry_order() && self.filter.limit.is_some_and(|limit| self.shown >= limit)
    }

    /// Returns the tag of `--last` if it has not come.
    pub(super) fn missing_last(&self) -> Option<&str> {
        self.filter.last.as_deref().filter(|_| !self.is_behind_last)
    }

    /// Takes the tags of a page that are shown.
    pub(super) fn select(&mut self, page: Vec<String>) -> Vec<String> {
        page.into_iter().filter(|tag| self.takes(tag)).collect()
    }

    fn takes(&mut self, tag: &str) -> bool {
        if !self.is_behind_last {
            self.is_behind_last = self.filter.last.as_deref() == Some(tag);
            return false;
        }
        let is_taken = !self.is_complete()
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(tag))
            && !(self.filter.no_digest_tags && is_digest_tag(tag));
        self.shown += usize::from(is_taken);
        is_taken
    }

    /// Puts all tags into the order that is shown.
    pub(super) fn sort(&self, tags: &mut Vec<String>) {
        self.filter.order.sort(tags);
        tags.truncate(self.filter.limit.unwrap_or(usize::MAX));
    }
}

#[derive(PartialEq, Eq)]
struct VersionKey {
    version: Option<Version>,
    tag: String,
}

impl Ord for VersionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.version.cmp(&other.version).then_with(|| self.tag.cmp(&other.tag))
    }
}

impl PartialOrd for VersionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Reads a tag as a version: with `v` in front or without, and with one or two of the three numbers too.
fn version(tag: &str) -> Option<Version> {
    let text = tag.strip_prefix('v').unwrap_or(tag);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let missing = 3_usize.checked_sub(numbers.split('.').count())?;
    Version::parse(&format!("{numbers}{}{rest}", ".0".repeat(missing))).ok()
}
