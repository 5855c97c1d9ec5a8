use crate::text::Explore;

pub static EXPLORE: Explore = Explore {
    repositories: "Repositories",
    tags: "Tags",
    filter_repositories: "Filter repositories",
    filter_tags: "Filter tags",
    count_repositories: |number, written| {
        format!("{written} {}", if number == 1 { "repository" } else { "repositories" })
    },
    count_tags: |number, written| format!("{written} {}", if number == 1 { "tag" } else { "tags" }),
    some_of: |some, all| format!("{some} of {all}"),
    so_far: |all| format!("{all} so far …"),
    no_repositories: "This registry has no repositories yet.",
    no_tags: "This repository has no tags.",
    none_fits: "Nothing has that in its name.",
    fold_all: "Fold all",
    unfold_all: "Unfold all",
    in_folder: |number, written| {
        format!("{written} {}", if number == 1 { "repository" } else { "repositories" })
    },
    repository: "Repository",
    repository_hint: "Name of a repository, such as team/app",
    open: "Open",
    open_named: |name| format!("Open {name} anyway"),

    sort: "Sort",
    sort_down: "Name, highest first",
    sort_up: "Name, lowest first",
    sort_date: "Date, newest first",
    dated: |known, all| format!("Dates of {known} of {all} known"),
    date_all: |number| format!("Ask for the other {number}"),
    stop: "Stop",

    column_tag: "Tag",
    column_platforms: "Platforms, compressed",
    column_size: "In all",
    column_created: "Created",
    column_digest: "Digest",
    column_pick: "Picked",
    no_reference: "no name that a reference can have",
    not_fetched: "could not be fetched",
    missing: |platform| format!("{platform}: not in the registry"),
    no_platform: "no platform",
    same_as: |tags| format!("the same as {tags}"),
    partly: "Without what is missing",

    keys: "Arrows move, Space picks, Shift with arrows picks a range, Ctrl A picks all, Enter opens",
    picked: |number| format!("{number} picked"),
    compare: "Compare",
    compare_two: "Pick two to compare them",
    clear: "Clear",
    actions: "Actions on what is picked",
    references: "references",
};
