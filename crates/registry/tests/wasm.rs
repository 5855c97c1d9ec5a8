//! `fetch` in a real browser, against the in-memory registry that the test command starts.
#![cfg(target_arch = "wasm32")]

use std::rc::Rc;

use tallyman_core::{Digest, ManifestKind, MediaType, Reference};
use tallyman_registry::{Access, Cause, Client, Error, FetchTransport};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Hosts of a registry with samples, and of one that sends no CORS headers.
const REGISTRY: Option<&str> = option_env!("TALLYMAN_TEST_REGISTRY");
const WITHOUT_CORS: Option<&str> = option_env!("TALLYMAN_TEST_REGISTRY_WITHOUT_CORS");

fn client() -> Client {
    Client::builder(Rc::new(FetchTransport::new())).access(|_| Access::PlainFirst).build()
}

fn reference(host: Option<&str>, rest: &str) -> Reference {
    let host = host.expect("cargo xtask test starts the registries and names them");
    format!("{host}/{rest}").parse().expect("the tests' references are right")
}

#[wasm_bindgen_test]
async fn a_list_comes_as_it_is_stored_and_its_children_are_verified() {
    let list = reference(REGISTRY, "samples/hello:latest");
    let fetched = client().manifest(&list).await.expect("the sample is there");
    assert_eq!(fetched.registry_digest.as_ref(), Some(&fetched.digest));
    assert_eq!(fetched.digest, Digest::of(&fetched.bytes));
    let manifest = fetched.manifest().expect("it is a list");
    assert_eq!(manifest.kind(), ManifestKind::DockerList);
    for entry in &manifest.index().expect("it is a list").manifests {
        let child = client().manifest_as(&list, entry).await.expect("the child is there");
        assert_eq!(child.digest, entry.digest);
        let child = child.manifest().expect("it is an image");
        let config = &child.image().expect("it is an image").config;
        let bytes = client().blob(&list, config).await.expect("the config is there");
        assert!(config.digest.matches(&bytes));
    }
}

#[wasm_bindgen_test]
async fn a_layer_of_some_megabytes_comes_in_pieces_and_is_verified() {
    let image = reference(REGISTRY, "samples/alpine:3.22");
    let manifest =
        client().manifest(&image).await.expect("the sample is there").manifest().expect("it is an image");
    assert_eq!(manifest.media_type(), &MediaType::OciManifest);
    let layers = &manifest.image().expect("it is an image").layers;
    let largest = layers.iter().max_by_key(|layer| layer.size).expect("it has layers");
    assert!(largest.size > 1_000_000);
    let bytes = client().blob(&image, largest).await.expect("the layer is there");
    assert!(largest.digest.matches(&bytes));
}

#[wasm_bindgen_test]
async fn a_wrong_size_or_digest_is_refused() {
    let image = reference(REGISTRY, "samples/alpine:3.22");
    let manifest =
        client().manifest(&image).await.expect("the sample is there").manifest().expect("it is an image");
    let mut config = manifest.image().expect("it is an image").config.clone();
    config.size += 1;
    assert_eq!(
        client().blob(&image, &config).await.expect_err("one byte is missing").code(),
        "size-mismatch"
    );
    let other = image.with_digest(Digest::of(b"something else"));
    assert_eq!(
        client().manifest(&other).await.expect_err("the tag has another digest").code(),
        "digest-mismatch"
    );
}

#[wasm_bindgen_test]
async fn missing_silent_and_unreachable_are_told_apart() {
    for (reference, code) in [
        (reference(REGISTRY, "samples/hello:no-such-tag"), "not-found"),
        (reference(WITHOUT_CORS, "samples/hello:latest"), "cors"),
        (reference(Some("127.0.0.1:9"), "samples/hello:latest"), "unreachable"),
    ] {
        let error = client().manifest(&reference).await.expect_err("it cannot be had");
        assert_eq!(error.code(), code, "{error}");
    }
}

#[wasm_bindgen_test]
async fn why_the_browser_refused_is_found() {
    let silent = reference(WITHOUT_CORS, "samples/hello:latest");
    let Err(Error::Cors { diagnosis, .. }) = client().manifest(&silent).await else {
        panic!("the registry sends no CORS headers");
    };
    assert_eq!(diagnosis.cause, Cause::NoHeaders);
    assert_eq!(diagnosis.tried.len(), 2, "{diagnosis:?}");
}

#[wasm_bindgen_test]
async fn a_request_that_nobody_waits_for_is_dropped() {
    let list = reference(REGISTRY, "samples/hello:latest");
    let client = client();
    drop(client.manifest(&list));
    client.manifest(&list).await.expect("the client still works");
}
