//! Plans of deletions.

use std::{collections::BTreeSet, time::Duration};

use http::StatusCode;
use tallyman_commands::{DeletePlan, Removal, cannot_untag};
use tallyman_core::{Digest, Reference, Tag};
use tallyman_registry::{ApiError, Error as RegistryError};

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
    let plan = DeletePlan::new(&repository, &tags, &chosen, &[], Removal::Manifests);
    assert_eq!(plan.steps.len(), 2);
    assert_eq!(plan.steps[0].reference, repository.by_digest(one));
    assert_eq!(plan.steps[0].tags, ["1", "1.0", "latest"].map(tag));
    assert_eq!(plan.unchosen, ["1.0", "latest"].map(tag));

    let plan = DeletePlan::new(&repository, &tags, &chosen, &[], Removal::Untag);
    let references: Vec<_> = plan.steps.iter().map(|step| step.reference.to_string()).collect();
    assert_eq!(references, ["r.io/app:1", "r.io/app:2"]);
    assert!(plan.unchosen.is_empty());
}

#[test]
fn a_digest_is_deleted_with_the_tags_on_it_and_without_one() {
    let repository: Reference = "r.io/app".parse().unwrap();
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let tags = [(tag("keep"), one.clone()), (tag("v1"), Digest::of(b"three"))];
    let digests = [one.clone(), two.clone()];
    let plan = DeletePlan::new(&repository, &tags, &BTreeSet::new(), &digests, Removal::Manifests);
    let steps: Vec<_> = plan.steps.iter().map(|step| (&step.reference, &*step.tags)).collect();
    let (one, two) = (repository.by_digest(one), repository.by_digest(two));
    assert_eq!(steps, [(&one, &[tag("keep")][..]), (&two, &[][..])]);
    assert_eq!(plan.unchosen, [tag("keep")]);
    assert_eq!(plan.removal(), Removal::Manifests);
}

#[test]
fn a_tag_that_has_moved_since_the_plan_is_found() {
    let repository: Reference = "r.io/app".parse().unwrap();
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let tags = [(tag("old"), one.clone()), (tag("prod"), two.clone())];
    let chosen: BTreeSet<Tag> = [tag("old")].into();
    let untag = DeletePlan::new(&repository, &tags, &chosen, &[], Removal::Untag);
    let delete = DeletePlan::new(&repository, &tags, &chosen, &[], Removal::Manifests);
    let moved = |old: Option<&Digest>, prod: &Digest| {
        let old = old.map(|digest| (tag("old"), digest.clone()));
        let now: Vec<_> = old.into_iter().chain([(tag("prod"), prod.clone())]).collect();
        [&untag, &delete].map(|plan| plan.steps[0].moved(&now))
    };
    assert_eq!(moved(Some(&one), &two), [vec![], vec![]]);
    // Another writer has removed it.
    assert_eq!(moved(None, &two), [vec![], vec![]]);
    assert_eq!(moved(Some(&two), &two), [[tag("old")], [tag("old")]]);
    // It would go without having been named.
    assert_eq!(moved(Some(&one), &one), [vec![], vec![tag("prod")]]);
}

/// The answer of a registry to a request that was refused.
fn refusal(status: u16, codes: &[&str]) -> RegistryError {
    let errors = codes.iter().map(|code| ApiError { code: (*code).to_owned(), message: String::new() });
    RegistryError::Api {
        reference: None,
        url: "https://r.io/v2/app/manifests/1".into(),
        storage: None,
        status: StatusCode::from_u16(status).unwrap(),
        content_type: None,
        body: Box::default(),
        errors: errors.collect(),
        challenges: Box::default(),
        wants_token: false,
        retry_after: None,
    }
}

#[test]
fn a_registry_that_cannot_untag_is_told_from_one_that_refuses() {
    let digest = format!("r.io/app@{}", Digest::of(b"one"));
    for (reference, error, expected) in [
        // Distribution 2 wants a digest in the place of the tag.
        ("r.io/app:1", refusal(400, &["DIGEST_INVALID"]), true),
        // Distribution 2 and 3 with deletion switched off, and registries that delete nothing.
        ("r.io/app:1", refusal(405, &["UNSUPPORTED"]), true),
        ("r.io/app:1", refusal(405, &[]), true),
        ("r.io/app:1", refusal(400, &[]), true),
        // A tag that may not change: the body says that it is about something else.
        ("r.io/app:1", refusal(400, &["TAG_INVALID"]), false),
        ("r.io/app:1", refusal(405, &["DENIED"]), false),
        // The code alone says it, whatever the status.
        ("r.io/app:1", refusal(404, &["UNSUPPORTED"]), true),
        ("r.io/app:1", refusal(403, &["DENIED", "UNSUPPORTED"]), true),
        // A tag that is not there, a password that is missing, a registry that is down.
        ("r.io/app:1", refusal(404, &["MANIFEST_UNKNOWN"]), false),
        ("r.io/app:1", refusal(401, &["UNAUTHORIZED"]), false),
        ("r.io/app:1", refusal(403, &["DENIED"]), false),
        ("r.io/app:1", refusal(500, &[]), false),
        // By digest there is no tag to keep apart.
        (&*digest, refusal(405, &["UNSUPPORTED"]), false),
        (&*digest, refusal(400, &["DIGEST_INVALID"]), false),
        // No answer at all.
        (
            "r.io/app:1",
            RegistryError::TimedOut { url: "https://r.io/v2/".to_owned(), limit: Duration::from_secs(60) },
            false,
        ),
    ] {
        let parsed: Reference = reference.parse().unwrap();
        assert_eq!(cannot_untag(&parsed, &error), expected, "{reference}: {error}");
    }
}
