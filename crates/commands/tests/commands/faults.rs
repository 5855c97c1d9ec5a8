//! Every fault, at every step of a create and a push: what comes of it is the right list or a clear error, and never a
//! wrong list.
#![cfg(not(target_arch = "wasm32"))]

use std::{collections::BTreeSet, rc::Rc, time::Duration};

use crate::support::plan;
use tallyman_commands::{
    Create, CreateExtensions, Error, create, duplicate, execute, execute_as_docker, plan_copy,
};
use tallyman_core::{Action, Digest, Reference};
use tallyman_dev_registry::{Fault, FaultKind, Registry, RunningRegistry};
use tallyman_registry::{Access, Client, NativeTransport, Retry};
use tallyman_store::{ListStore, MemoryStore};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

fn kinds() -> Vec<FaultKind> {
    vec![
        FaultKind::Latency { ms: 400 },
        FaultKind::TooManyRequests { retry_after: Some(0) },
        FaultKind::TooManyRequests { retry_after: None },
        FaultKind::ServerError { status: 500, retry_after: None },
        FaultKind::ServerError { status: 503, retry_after: Some(0) },
        FaultKind::Reset,
        FaultKind::ResetAfterWork,
        FaultKind::ResetMidBody { after: None },
        FaultKind::Truncate { after: None },
        FaultKind::WrongByte { at: None },
        FaultKind::NoDigest,
        FaultKind::WrongDigest,
        FaultKind::WrongContentType { content_type: "text/html".to_owned() },
        FaultKind::Gzip,
        FaultKind::NoMount,
        FaultKind::RedirectBlobs { cors: true },
        FaultKind::RelativeLocation,
        FaultKind::LocationElsewhere,
    ]
}

/// A registry with an image in each of two repositories.
async fn registry() -> RunningRegistry {
    let mut builder = Registry::builder();
    for (repository, architecture) in [("a/amd64", "amd64"), ("a/arm64", "arm64")] {
        let config = format!(r#"{{"os":"linux","architecture":"{architecture}"}}"#);
        let layer = format!("layer for {architecture}");
        let described = |text: &str| {
            format!(
                r#"{{"mediaType":"a/b","digest":"{}","size":{}}}"#,
                Digest::of(text.as_bytes()),
                text.len()
            )
        };
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{},"layers":[{}]}}"#,
            described(&config),
            described(&layer)
        );
        builder = builder.blob(repository, config).blob(repository, layer);
        builder = builder.manifest(repository, Some("1"), OCI, manifest);
    }
    builder.start().await.expect("a port is free")
}

fn client() -> Client {
    let quick = Duration::from_millis(1);
    let retry = Retry { attempts: 3, first_backoff: quick, max_backoff: quick, max_retry_after: quick };
    let transport = Rc::new(NativeTransport::new());
    Client::builder(transport)
        .access(|_| Access::PlainFirst)
        .retry(retry)
        .timeout(Duration::from_millis(200))
        .build()
}

/// Creates the list and pushes it.
async fn run(store: &MemoryStore, registry: &RunningRegistry) -> Result<Digest, Error> {
    let name = |rest: &str| -> Reference {
        format!("{}/a/{rest}", registry.addr).parse().expect("the tests' references are right")
    };
    let wanted = Create {
        list: name("list:1"),
        images: vec![name("amd64:1"), name("arm64:1")],
        amend: false,
        extensions: CreateExtensions::default(),
    };
    let client = client();
    create(store, &client, &wanted).await?;
    let plan = plan(store, &wanted.list).await;
    execute(&client, &plan, &|_| {}).await
}

#[tokio::test(flavor = "current_thread")]
async fn every_fault_at_every_step_ends_in_the_right_list_or_in_a_clear_error() {
    let undisturbed = registry().await;
    let expected = run(&MemoryStore::new(), &undisturbed).await.expect("nothing goes wrong");
    let (_, right) = undisturbed.manifest("a/list", "1").expect("it was pushed");
    let steps = undisturbed.requests().len();
    assert!(steps >= 10, "only {steps} requests");

    let mut succeeded = BTreeSet::new();
    for kind in kinds() {
        for step in 0..steps {
            let registry = registry().await;
            let fault = Fault::new(kind.clone()).skip(u32::try_from(step).expect("few")).times(1);
            registry.add_fault(fault);
            let store = MemoryStore::new();
            let context = format!("{kind:?} at request {}", step + 1);

            let outcome = run(&store, &registry).await;
            let pushed = registry.manifest("a/list", "1");
            match &outcome {
                Ok(digest) => {
                    assert_eq!(*digest, expected, "{context}");
                    let (_, bytes) = pushed.unwrap_or_else(|| panic!("{context}: nothing was pushed"));
                    assert_eq!(bytes, right, "{context}");
                    succeeded.insert(format!("{kind:?}"));
                }
                Err(error) => {
                    assert!(!error.to_string().trim().is_empty(), "{context}");
                    // A put whose answer was lost may have worked; what is there is right all the same.
                    if let Some((_, bytes)) = pushed {
                        assert_eq!(bytes, right, "{context}: {error}");
                    }
                }
            }
            for name in store.names().await.expect("memory never fails") {
                let list = format!("{}/a/list:1", registry.addr).parse().expect("a reference");
                let kept = store.load(&list).await.expect("memory never fails").expect("it is there");
                assert_eq!((kept.len(), kept.digest()), (2, expected.clone()), "{context}: {name}");
            }

            // The same command succeeds without the fault.
            registry.clear_faults();
            let again = run(&MemoryStore::new(), &registry).await;
            assert_eq!(again.expect("nothing goes wrong any more"), expected, "{context}");
        }
    }
    // Transient faults are retried: none of these ends in an error.
    for kind in
        [FaultKind::Reset, FaultKind::ServerError { status: 500, retry_after: None }, FaultKind::NoDigest]
    {
        assert!(succeeded.contains(&format!("{kind:?}")), "{kind:?} never ended well: {succeeded:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_page_for_people_is_no_manifest_that_is_there_already() {
    let (source, target) = (registry().await, Registry::builder().start().await.expect("a port is free"));
    run(&MemoryStore::new(), &source).await.expect("nothing goes wrong");
    let list = |registry: &RunningRegistry| -> Reference {
        format!("{}/a/list:1", registry.addr).parse().expect("a reference")
    };
    let (client, from, to) = (client(), list(&source), list(&target));
    let plan = async || plan_copy(&client, &from, &to, None).await.expect("it can be read").plan;
    execute(&client, &plan().await.expect("nothing is there"), &|_| {}).await.expect("nothing goes wrong");
    assert_eq!(plan().await, None);
    for kind in [FaultKind::NoDigest, FaultKind::WrongContentType { content_type: "text/html".to_owned() }] {
        target.add_fault(Fault::new(kind).method("HEAD"));
    }
    // The tag itself is asked for by GET then, which must not tell it either.
    target.add_fault(Fault::new(FaultKind::WrongByte { at: None }).method("GET"));
    let steps = plan().await.expect("nothing says that it is there").steps;
    let put = steps.iter().filter(|step| matches!(step.action, Action::PutManifest { .. }));
    assert_eq!(put.count(), 2);
}

#[tokio::test(flavor = "current_thread")]
async fn blobs_that_are_not_mounted_are_copied_and_digests_that_are_not_named_are_computed() {
    let list = |registry: &RunningRegistry| -> Reference {
        format!("{}/a/list:1", registry.addr).parse().expect("a reference")
    };
    let expected = run(&MemoryStore::new(), &registry().await).await.expect("nothing goes wrong");
    for (kind, code) in [(FaultKind::NoMount, "not-mounted"), (FaultKind::NoDigest, "manifest-invalid")] {
        let registry = registry().await;
        let store = MemoryStore::new();
        registry.add_fault(Fault::new(kind.clone()));
        assert_eq!(run(&store, &registry).await.expect("the blobs are copied"), expected, "{kind:?}");
        assert!(registry.manifest("a/list", "1").is_some(), "{kind:?}");

        // Docker ends such a push.
        let fresh = format!("{}/a/docker:1", registry.addr).parse().expect("a reference");
        duplicate(&store, &list(&registry), &fresh).await.expect("memory never fails");
        let plan = plan(&store, &fresh).await;
        let error = execute_as_docker(&client(), &plan, &|_| {}).await.expect_err("Docker fails");
        assert_eq!(error.code(), code, "{error}");
    }
}
