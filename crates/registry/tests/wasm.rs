//! `fetch` in a real browser, against the in-memory registry that the test command starts.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{rc::Rc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, TryStreamExt, future, future::LocalBoxFuture};
use tallyman_core::{Descriptor, Digest, ManifestKind, MediaType, Reference, Registry};
use tallyman_registry::{
    Access, CacheStorage, Cause, Client, Content, ContentStore, CredentialError, CredentialSource,
    Credentials, Error, FetchTransport, Request, Response, Transport, TransportError,
};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Hosts of registries with samples: this one is as a page would have it, the next sends no CORS headers.
const REGISTRY: Option<&str> = option_env!("TALLYMAN_TEST_REGISTRY");
const WITHOUT_CORS: Option<&str> = option_env!("TALLYMAN_TEST_REGISTRY_WITHOUT_CORS");
/// One that asks everyone for a password, preflights included, as Distribution does.
const WITH_PASSWORD: Option<&str> = option_env!("TALLYMAN_TEST_REGISTRY_WITH_PASSWORD");
/// One with a password that exposes no headers, the challenge included.
const HIDING: Option<&str> = option_env!("TALLYMAN_TEST_REGISTRY_THAT_HIDES");
/// One that a page may use in parts: some blobs come without CORS headers, some preflights are refused, some blobs are
/// redirected to a storage without CORS headers.
const IN_PARTS: Option<&str> = option_env!("TALLYMAN_TEST_REGISTRY_IN_PARTS");

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

/// A network that may not be used.
struct NoNetwork;

impl Transport for NoNetwork {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        panic!("asked for {}", request.url)
    }

    fn probe(&self, _url: String) -> LocalBoxFuture<'_, bool> {
        future::ready(false).boxed_local()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        gloo_timers::future::sleep(duration).boxed_local()
    }

    fn now(&self) -> f64 {
        0.0
    }

    fn join(&self, _base: &str, location: &str) -> Result<String, TransportError> {
        Ok(location.to_owned())
    }

    fn obeys_cors(&self) -> bool {
        true
    }
}

#[wasm_bindgen_test]
async fn content_by_digest_is_available_offline_until_forgotten() {
    let content = Rc::new(CacheStorage);
    let tag = reference(REGISTRY, "samples/hello:latest");
    let builder = || Client::builder(Rc::new(FetchTransport::new())).access(|_| Access::PlainFirst);
    let online = builder().content(content.clone()).build();
    let list = online.manifest(&tag).await.expect("the sample is there");
    let entry = list.manifest().expect("it is a list").index().expect("it is a list").manifests[0].clone();
    let image = online.manifest_as(&tag, &entry).await.expect("the child is there");
    let config = image.manifest().expect("it is an image").image().expect("it is an image").config.clone();
    let bytes = online.blob(&tag, &config).await.expect("the config is there");

    // Nothing tells when it is kept, so it is waited for.
    let blobs = format!("{}/blobs", tag.name());
    while content.get(&blobs, &config.digest).await.is_none() {
        gloo_timers::future::sleep(Duration::from_millis(10)).await;
    }
    let offline = Client::builder(Rc::new(NoNetwork)).content(content.clone()).build();
    let asked = offline.manifest(&tag.by_digest(list.digest.clone())).await.expect("it is kept");
    assert_eq!((asked.bytes, asked.media_type), (list.bytes, list.media_type));
    assert_eq!(offline.manifest_as(&tag, &entry).await.expect("it is kept").bytes, image.bytes);
    assert_eq!(offline.blob(&tag, &config).await.expect("it is kept"), bytes);

    // A blob is no manifest, whoever asks for one by its digest.
    let manifests = format!("{}/manifests", tag.name());
    assert_eq!(content.get(&manifests, &config.digest).await, None);

    offline.forget(tag.registry());
    while content.get(&blobs, &config.digest).await.is_some() {
        gloo_timers::future::sleep(Duration::from_millis(10)).await;
    }
}

#[wasm_bindgen_test]
async fn content_stored_while_its_registry_is_forgotten_is_removed() {
    // A browser may read content for a while before it keeps it.
    let slow = "globalThis.swiftPut = Cache.prototype.put; Cache.prototype.put = async function (...given) { \
                await new Promise((done) => { globalThis.goOn = done; }); await swiftPut.apply(this, given); globalThis.isPut = true; };";
    let is_true = |script: &str| js_sys::eval(script).expect("it is a script").is_truthy();
    js_sys::eval(slow).expect("it is a script");
    let bytes = Bytes::from_static(b"content of somebody who has signed out");
    let (place, digest) = ("forgotten.example/acme/app/blobs", Digest::of(&bytes));
    CacheStorage.keep(place, &digest, Content { media_type: None, bytes });
    CacheStorage.forget(&"forgotten.example".parse().expect("it is a registry"));
    for step in ["globalThis.goOn", "goOn(), true", "globalThis.isPut", "Cache.prototype.put = swiftPut"] {
        while !is_true(step) {
            gloo_timers::future::sleep(Duration::from_millis(10)).await;
        }
    }
    while CacheStorage.get(place, &digest).await.is_some() {
        gloo_timers::future::sleep(Duration::from_millis(10)).await;
    }
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

/// The same name and password for every registry.
struct Fixed;

impl CredentialSource for Fixed {
    fn credentials(
        &self,
        _: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        let credentials = Credentials::Basic { user: "user".to_owned(), password: "secret".to_owned() };
        future::ready(Ok(Some(credentials))).boxed_local()
    }
}

fn signed_in() -> tallyman_registry::Builder {
    let builder = Client::builder(Rc::new(FetchTransport::new())).access(|_| Access::PlainFirst);
    builder.credentials(Rc::new(Fixed))
}

/// The config of an image that every registry of the tests has.
async fn config_of(image: &str) -> Descriptor {
    let fetched = client().manifest(&reference(REGISTRY, image)).await.expect("the sample is there");
    let manifest = fetched.manifest().expect("it is an image");
    manifest.image().expect("it is an image").config.clone()
}

fn cause<T>(result: Result<T, Error>) -> (Cause, usize) {
    match result {
        Err(Error::Cors { diagnosis, .. }) => (diagnosis.cause, diagnosis.tried.len()),
        Err(other) => panic!("expected the browser to refuse, found {other}"),
        Ok(_) => panic!("expected the browser to refuse, found an answer"),
    }
}

#[wasm_bindgen_test]
async fn why_the_browser_refused_is_found() {
    let silent = reference(WITHOUT_CORS, "samples/hello:latest");
    assert_eq!(cause(client().manifest(&silent).await), (Cause::NoHeaders, 2));

    let closed = reference(WITH_PASSWORD, "samples/hello:latest");
    let found = cause(signed_in().build().manifest(&closed).await);
    assert_eq!(found, (Cause::Preflight { wants_login: true }, 2));

    let webapp = reference(IN_PARTS, "samples/webapp:test");
    let put = client().put_manifest(&webapp, &MediaType::DockerManifest, b"{}".as_slice().into()).await;
    assert_eq!(cause(put), (Cause::Preflight { wants_login: false }, 2));

    let alpine = reference(IN_PARTS, "samples/alpine:3.22");
    let config = config_of("samples/alpine:3.22").await;
    assert_eq!(cause(client().blob(&alpine, &config).await), (Cause::Route, 2));

    let hello = reference(IN_PARTS, "samples/hello:arm64");
    let config = config_of("samples/hello:arm64").await;
    assert_eq!(cause(client().blob(&hello, &config).await), (Cause::Redirect, 3));
}

#[wasm_bindgen_test]
async fn headers_hidden_from_pages_are_replaced_where_possible() {
    let (anonymous, client) = (client(), signed_in().build());
    // Its challenge, its digests and its links cannot be seen from here.
    let list = reference(HIDING, "samples/hello:latest");
    let fetched = client.manifest(&list).await.expect("a password does where the challenge is hidden");
    assert_eq!((fetched.registry_digest.as_ref(), &fetched.digest), (None, &Digest::of(&fetched.bytes)));
    let many = reference(HIDING, "scale/many-tags:t0000000");
    let tags: Vec<String> = client.tags(&many).try_concat().await.expect("the pages go on by name");
    assert_eq!(tags.len(), 250);
    let upload = client.upload_blob(&many, &Digest::of(b"new"), &Bytes::from_static(b"new")).await;
    let error = upload.expect_err("nobody says where it goes on").to_string();
    assert!(error.contains("must expose Location"), "{error}");
    // Without a password there is nothing that could be tried.
    let error = anonymous.manifest(&list).await.expect_err("it wants a password");
    assert_eq!(error.code(), "unauthorized", "{error}");
}

#[wasm_bindgen_test]
async fn a_request_that_nobody_waits_for_is_dropped() {
    let list = reference(REGISTRY, "samples/hello:latest");
    let client = client();
    drop(client.manifest(&list));
    client.manifest(&list).await.expect("the client still works");
}
