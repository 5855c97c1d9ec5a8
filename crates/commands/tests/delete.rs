//! Plans of deletions.

use std::collections::BTreeSet;

use tallyman_commands::{DeletePlan, Removal};
use tallyman_core::{Digest, Reference, Tag};

fn tag(name: &str) -> Tag {
    name.parse().unwrap()
}

#[test]
fn every_tag_that_goes_with_a_digest_is_named() {
    let repository: Reference = "r.io/app".parse().unwrap();
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let tags =
        [(tag("1"), one.clone()), (tag("1.0"), one.clone()), (tag("2"), two), (tag("latest"), one.clone())];
    let chosen: BTreeSet<Tag> = ["1", "2"].into_iter().map(tag).collect();
    let plan = DeletePlan::new(&repository, &tags, &chosen, Removal::Manifests);
    assert_eq!(plan.steps.len(), 2);
    assert_eq!(plan.steps[0].reference, repository.by_digest(one));
    assert_eq!(plan.steps[0].tags, ["1", "1.0", "latest"].map(tag));
    assert_eq!(plan.unchosen, ["1.0", "latest"].map(tag));

    let plan = DeletePlan::new(&repository, &tags, &chosen, Removal::Untag);
    let references: Vec<_> = plan.steps.iter().map(|step| step.reference.to_string()).collect();
    assert_eq!(references, ["r.io/app:1", "r.io/app:2"]);
    assert!(plan.unchosen.is_empty());
}
