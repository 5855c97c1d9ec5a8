//! The client through the native transport, against the in-memory registry.
#![cfg(all(feature = "native", not(target_arch = "wasm32")))]

use std::rc::Rc;

use tallyman_core::{Digest, ManifestKind, Reference};
use tallyman_dev_registry::{Registry, RunningRegistry};
use tallyman_registry::{Access, Client, NativeTransport};

async fn samples() -> RunningRegistry {
    Registry::builder().samples().start().await.expect("a port is free")
}

fn client(access: Access) -> Client {
    let transport = NativeTransport::new();
    Client::builder(Rc::new(transport)).access(move |_| access).build()
}

fn reference(registry: &RunningRegistry, rest: &str) -> Reference {
    format!("{}/{rest}", registry.addr).parse().expect("the tests' references are right")
}

#[tokio::test]
async fn every_sample_comes_as_it_is_stored() {
    let registry = samples().await;
    for (name, kind) in [
        ("samples/hello:latest", ManifestKind::DockerList),
        ("samples/webapp:1.4", ManifestKind::OciIndex),
        ("samples/alpine:3.22", ManifestKind::OciImage),
        ("samples/legacy:1", ManifestKind::DockerImage),
        ("samples/schema1:old", ManifestKind::Schema1),
    ] {
        let reference = reference(&registry, name);
        let fetched = client(Access::PlainFirst).manifest(&reference).await.expect("the sample is there");
        assert_eq!(fetched.registry_digest, Some(Digest::of(&fetched.bytes)), "{name}");
        assert_eq!(fetched.manifest().expect("it is a manifest").kind(), kind, "{name}");
        let head = client(Access::PlainFirst).head_manifest(&reference).await.expect("the sample is there");
        assert_eq!(head.digest, fetched.registry_digest, "{name}");
        assert_eq!(head.size, Some(fetched.bytes.len() as u64), "{name}");
    }
}

#[tokio::test]
async fn plain_http_is_spoken_only_where_it_may_be() {
    let registry = samples().await;
    let reference = reference(&registry, "samples/hello:latest");
    for (access, works) in [(Access::Tls, false), (Access::Insecure, true), (Access::PlainFirst, true)] {
        let fetched = client(access).manifest(&reference).await;
        assert_eq!(fetched.is_ok(), works, "{access:?}: {fetched:?}");
    }
}

#[tokio::test]
async fn a_tag_with_another_digest_is_refused_with_both_digests_named() {
    let registry = samples().await;
    let wanted = Digest::of(b"something else");
    let reference = reference(&registry, "samples/hello:latest").with_digest(wanted.clone());
    let error =
        client(Access::PlainFirst).manifest(&reference).await.expect_err("the tag has another digest");
    assert_eq!(error.code(), "digest-mismatch");
    assert!(error.to_string().contains(wanted.as_str()), "{error}");
}

#[tokio::test]
async fn the_registrys_own_words_reach_the_reader() {
    let registry = samples().await;
    let error = client(Access::PlainFirst).manifest(&reference(&registry, "samples/hello:none")).await;
    let error = error.expect_err("there is no such tag");
    assert!(error.is_not_found());
    let said = error.to_string();
    assert!(said.contains("404 Not Found") && said.contains("MANIFEST_UNKNOWN, manifest unknown"), "{said}");
}
