//! Signed manifests in Docker's schema 1, whose digest is that of what is signed.

use http::{HeaderName, header};
use tallyman_core::{Digest, ManifestKind, Reference};

use crate::scripted::{Answer, Scripted};

const SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const CONTENT: &str = "{\n   \"schemaVersion\": 1,\n   \"name\": \"acme/app\",\n   \"tag\": \"old\",\n   \"architecture\": \"amd64\",\n   \"fsLayers\": []\n}";
/// The header of a signature of that: `{"formatLength":110,"formatTail":"Cn0","time":"2015-04-20T10:00:00Z"}`.
const PROTECTED: &str =
    "eyJmb3JtYXRMZW5ndGgiOjExMCwiZm9ybWF0VGFpbCI6IkNuMCIsInRpbWUiOiIyMDE1LTA0LTIwVDEwOjAwOjAwWiJ9";

/// The header of a signature that names the content, and no place of it.
const ELSEWHERE: &str = "eyJmb3JtYXRMZW5ndGgiOjAsImZvcm1hdFRhaWwiOiJld29nSUNBaWMyTm9aVzFoVm1WeWMybHZiaUk2SURFc0NpQWdJQ0p1WVcxbElqb2dJbUZqYldVdllYQndJaXdLSUNBZ0luUmhaeUk2SUNKdmJHUWlMQW9nSUNBaVlYSmphR2wwWldOMGRYSmxJam9nSW1GdFpEWTBJaXdLSUNBZ0ltWnpUR0Y1WlhKeklqb2dXMTBLZlEifQ";

/// The content with its signature, and with other members.
fn signed(more: &str) -> String {
    let content = CONTENT.strip_suffix("\n}").expect("it ends so");
    format!(
        "{content},\n   \"signatures\": [{{\"header\": {{}}, \"signature\": \"x\", \"protected\": \"{PROTECTED}\"}}]{more}\n}}"
    )
}

fn answer(body: String, digest: &Digest) -> Answer {
    let (status, mut headers, body) = unnamed(body)?;
    headers.push((HeaderName::from_static("docker-content-digest"), digest.to_string()));
    Some((status, headers, body))
}

/// An answer of a registry that names no digest.
fn unnamed(body: String) -> Answer {
    Some((200, vec![(header::CONTENT_TYPE, SIGNED.to_owned())], body))
}

#[tokio::test]
async fn a_signed_manifest_is_known_by_the_digest_of_its_content() {
    let digest = Digest::of(CONTENT.as_bytes());
    let name = digest.clone();
    let server = Scripted::new(move |_| answer(signed(""), &name));
    let tag: Reference = "r.example/acme/app:old".parse().unwrap();
    for reference in [tag.clone(), tag.by_digest(digest.clone()), tag.with_digest(digest.clone())] {
        let fetched = server.client().manifest(&reference).await.unwrap();
        assert_eq!((&fetched.digest, &fetched.bytes[..]), (&digest, signed("").as_bytes()), "{reference}");
        assert_eq!(fetched.manifest().unwrap().kind(), ManifestKind::Schema1);
    }
    // Registries that hash what they send are right as well.
    let whole = Digest::of(signed("").as_bytes());
    let name = whole.clone();
    let server = Scripted::new(move |_| answer(signed(""), &name));
    assert_eq!(server.client().manifest(&tag).await.unwrap().digest, whole);
}

#[tokio::test]
async fn a_signed_manifest_of_which_no_digest_is_named_has_that_of_its_content() {
    let server = Scripted::new(move |_| unnamed(signed("")));
    let tag: Reference = "r.example/acme/app:old".parse().unwrap();
    let digests = [CONTENT.to_owned(), signed("")].map(|bytes| Digest::of(bytes.as_bytes()));
    assert_eq!(server.client().manifest(&tag).await.unwrap().digest, digests[0]);
    for digest in digests {
        let fetched = server.client().manifest(&tag.by_digest(digest.clone())).await.unwrap();
        assert_eq!(fetched.digest, digest);
    }
}

#[tokio::test]
async fn unsigned_fields_are_no_part_of_a_signed_manifest() {
    for body in [
        signed(",\n   \"name\": \"acme/other\""),
        signed("").replace("acme/app", "acme/axe"),
        format!("{{\"schemaVersion\":1,{}", signed("").trim_start_matches('{')),
        signed("").replace("acme/app", "acme/axe").replace(PROTECTED, ELSEWHERE),
        CONTENT.replace('}', ",\"signatures\":[]}"),
    ] {
        let shown = body.clone();
        let server = Scripted::new(move |_| answer(body.clone(), &Digest::of(CONTENT.as_bytes())));
        let error = server.client().manifest(&"r.example/acme/app:old".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.code(), "digest-mismatch", "{shown}");
    }
}
