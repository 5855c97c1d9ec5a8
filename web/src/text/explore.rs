//! Repositories and tags.

/// What is said of repositories and tags.
pub struct Explore {
    pub repositories: &'static str,
    pub tags: &'static str,
    pub filter_repositories: &'static str,
    pub filter_tags: &'static str,
    /// `count_repositories(7, "7")`: a number, and how it is written.
    pub count_repositories: fn(number: usize, written: &str) -> String,
    pub count_tags: fn(number: usize, written: &str) -> String,
    /// Some of all.
    pub some_of: fn(some: &str, all: &str) -> String,
    /// More are to come.
    pub so_far: fn(all: &str) -> String,
    pub no_repositories: &'static str,
    pub no_tags: &'static str,
    pub none_fits: &'static str,
    pub fold_all: &'static str,
    pub unfold_all: &'static str,
    pub in_folder: fn(number: usize, written: &str) -> String,
    /// The box for a repository that is not listed.
    pub repository: &'static str,
    pub repository_hint: &'static str,
    pub open: &'static str,
    pub open_named: fn(name: &str) -> String,

    pub sort: &'static str,
    pub sort_down: &'static str,
    pub sort_up: &'static str,
    pub sort_date: &'static str,
    pub dated: fn(known: &str, all: &str) -> String,
    pub date_all: fn(number: &str) -> String,
    pub stop: &'static str,

    pub column_tag: &'static str,
    pub column_platforms: &'static str,
    pub column_size: &'static str,
    pub column_created: &'static str,
    pub column_digest: &'static str,
    pub column_pick: &'static str,
    pub no_reference: &'static str,
    pub not_fetched: &'static str,
    pub missing: fn(platform: &str) -> String,
    pub no_platform: &'static str,
    pub same_as: fn(tags: &str) -> String,
    pub partly: &'static str,

    pub keys: &'static str,
    pub picked: fn(number: usize) -> String,
    pub compare: &'static str,
    pub compare_two: &'static str,
    pub clear: &'static str,
    pub actions: &'static str,
    pub references: &'static str,
}
