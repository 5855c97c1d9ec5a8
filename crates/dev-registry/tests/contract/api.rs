//! Behaviour that Distribution 2.8 does not have, or that only the builder's options change.

use serde_json::json;
use tallyman_dev_registry::{Cors, Dialect, Digest, Hostile, Profile, Registry, RunningRegistry};

use crate::http::{get, send};

const IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCTETS: (&str, &str) = ("content-type", "application/octet-stream");

async fn begin(registry: &RunningRegistry) -> String {
    let url = format!("{}/v2/a/blobs/uploads/", registry.url());
    send("POST", &url, &[], "").await.header("location").unwrap().to_owned()
}

#[tokio::test]
async fn tags_come_in_pages_in_order() {
    let mut builder = Registry::builder();
    for tag in ["c", "a", "b", "B"] {
        builder = builder.manifest("a", Some(tag), IMAGE, "{}");
    }
    let registry = builder.start().await.unwrap();
    let url = format!("{}/v2/a/tags/list", registry.url());
    for (query, tags, link) in [
        ("", json!(["B", "a", "b", "c"]), None),
        ("?n=2", json!(["B", "a"]), Some("</v2/a/tags/list?last=a&n=2>; rel=\"next\"")),
        ("?n=2&last=a", json!(["b", "c"]), None),
        ("?n=0", json!([]), None),
        ("?last=zz", json!([]), None),
    ] {
        let answer = get(&format!("{url}{query}")).await;
        assert_eq!(answer.json(), json!({ "name": "a", "tags": tags }), "{query}");
        assert_eq!(answer.header("link"), link, "{query}");
    }
    let refused = get(&format!("{url}?n=-1")).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (400, "PAGINATION_NUMBER_INVALID"));
}

#[tokio::test]
async fn deleting_a_tag_leaves_the_manifest() {
    let registry = Registry::builder()
        .manifest("a", Some("one"), IMAGE, "{}")
        .manifest("a", Some("two"), IMAGE, "{}")
        .start()
        .await
        .unwrap();
    let url = format!("{}/v2/a/manifests", registry.url());
    assert_eq!(send("DELETE", &format!("{url}/one"), &[], "").await.status, 202);
    assert_eq!(get(&format!("{url}/one")).await.code(), "MANIFEST_UNKNOWN");
    let again = send("DELETE", &format!("{url}/one"), &[], "").await;
    assert_eq!(again.status, 404);
    assert_eq!(again.code(), "MANIFEST_UNKNOWN");
    assert_eq!(get(&format!("{url}/two")).await.status, 200);
    let digest = Digest::sha256(b"{}");
    assert_eq!(send("DELETE", &format!("{url}/{digest}"), &[], "").await.status, 202);
    assert_eq!(get(&format!("{url}/two")).await.code(), "MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn docker_images_go_to_everyone_in_version_3_only() {
    for (dialect, status) in [(Dialect::V3, 200), (Dialect::V2_8, 400)] {
        let registry =
            Registry::builder().dialect(dialect).manifest("a", Some("x"), IMAGE, "{}").start().await.unwrap();
        assert_eq!(get(&format!("{}/v2/a/manifests/x", registry.url())).await.status, status, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_chunk_at_the_wrong_place_is_refused_in_version_3() {
    let registry = Registry::builder().start().await.unwrap();
    let location = begin(&registry).await;
    for (range, status) in [("3-4", 416), ("1-0", 416), ("x", 416), ("0-4", 400), ("0-1", 202)] {
        let answer = send("PATCH", &location, &[OCTETS, ("content-range", range)], "he").await;
        assert_eq!(answer.status, status, "{range} {}", answer.text());
    }
    assert_eq!(get(&location).await.code(), "RANGE_INVALID", "the first location is out of date");
}

#[tokio::test]
async fn an_old_location_is_good_where_uploads_resume() {
    let registry = Registry::builder().resumable_uploads(true).start().await.unwrap();
    let location = begin(&registry).await;
    send("PATCH", &location, &[OCTETS], "he").await;
    let progress = get(&location).await;
    assert_eq!((progress.status.as_u16(), progress.header("range")), (204, Some("0-1")));
    let digest = Digest::sha256(b"hello");
    let done = send("PUT", &format!("{location}&digest={digest}"), &[OCTETS], "llo").await;
    assert_eq!(done.status, 201);
    assert_eq!(registry.blob("a", digest.as_str()).unwrap(), "hello");
}

#[tokio::test]
async fn a_post_with_the_whole_blob_needs_its_knob() {
    let digest = Digest::sha256(b"hello");
    for (on, status) in [(true, 201), (false, 202)] {
        let registry = Registry::builder().monolithic_post(on).start().await.unwrap();
        let url = format!("{}/v2/a/blobs/uploads/?digest={digest}", registry.url());
        assert_eq!(send("POST", &url, &[OCTETS], "hello").await.status, status);
        assert_eq!(registry.blob("a", digest.as_str()).is_some(), on);
    }
}

#[tokio::test]
async fn referrers_are_listed_and_filtered() {
    let registry = Registry::builder().start().await.unwrap();
    let subject = registry.put_manifest("a", Some("x"), OCI, "{\"schemaVersion\":2}");
    let config = registry.put_blob("a", "{}");
    let mut digests = Vec::new();
    for kind in ["application/x-signature", "application/x-report"] {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI,
            "artifactType": kind,
            "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config.as_str(), "size": 2 },
            "layers": [],
            "subject": { "mediaType": OCI, "digest": subject.as_str(), "size": 19 },
            "annotations": { "kind": kind },
        })
        .to_string();
        let digest = Digest::sha256(manifest.as_bytes());
        let url = format!("{}/v2/a/manifests/{digest}", registry.url());
        let put = send("PUT", &url, &[("content-type", OCI)], manifest).await;
        assert_eq!((put.status.as_u16(), put.header("oci-subject")), (201, Some(subject.as_str())));
        digests.push(digest);
    }
    let url = format!("{}/v2/a/referrers/{subject}", registry.url());
    let all = get(&url).await;
    assert_eq!((all.header("content-type"), all.header("oci-filters-applied")), (Some(INDEX), None));
    assert_eq!(all.json()["manifests"].as_array().unwrap().len(), 2);
    let some = get(&format!("{url}?artifactType=application/x-report")).await;
    assert_eq!(some.header("oci-filters-applied"), Some("artifactType"));
    let found = some.json()["manifests"].clone();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["digest"], digests[1].as_str());
    assert_eq!(found[0]["annotations"]["kind"], "application/x-report");
    let none =
        get(&url.replace("sha256:", "sha256:0").replace(&subject.as_str()[7..], &subject.as_str()[8..]))
            .await;
    assert_eq!((none.status.as_u16(), none.json()["manifests"].as_array().unwrap().len()), (200, 0));
}

#[tokio::test]
async fn pages_of_other_origins_are_told_what_the_knobs_say() {
    let on = |origin: &str, expose_headers| Cors::On { origin: origin.to_owned(), expose_headers };
    for (cors, origin, exposed) in [
        (Cors::Off, None, false),
        (on("*", true), Some("*"), true),
        (on("https://app.example", false), Some("https://app.example"), false),
    ] {
        let registry = Registry::builder().cors(cors).start().await.unwrap();
        for (method, path) in
            [("GET", "/v2/"), ("OPTIONS", "/v2/a/manifests/x"), ("GET", "/v2/a/manifests/x")]
        {
            let answer = send(method, &format!("{}{path}", registry.url()), &[], "").await;
            assert_eq!(answer.header("access-control-allow-origin"), origin, "{method} {path}");
            assert_eq!(answer.header("access-control-expose-headers").is_some(), exposed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_log_tells_what_was_asked() {
    let registry = Registry::builder().start().await.unwrap();
    let headers =
        [("accept", IMAGE), ("accept", OCI), ("authorization", "Basic dTpw"), ("user-agent", "test"), OCTETS];
    send("PUT", &format!("{}/v2/a/manifests/x?q=1", registry.url()), &headers, "12345").await;
    let log = get(&format!("{}/_requests", registry.url())).await.json();
    assert_eq!(
        log,
        json!([{
            "method": "PUT",
            "path": "/v2/a/manifests/x",
            "query": "q=1",
            "accept": format!("{IMAGE}, {OCI}"),
            "content_type": "application/octet-stream",
            "authorization": "Basic",
            "origin": null,
            "user_agent": "test",
            "body_bytes": 5,
            "status": 400,
            "storage": false,
        }])
    );
    assert_eq!(registry.requests().len(), 1);
    send("DELETE", &format!("{}/_requests", registry.url()), &[], "").await;
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn a_manifest_can_be_pushed_by_its_sha512() {
    let registry = Registry::builder().start().await.unwrap();
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }).to_string();
    let digest = Digest::sha512(index.as_bytes());
    let url = format!("{}/v2/a/manifests/{digest}", registry.url());
    let put = send("PUT", &url, &[("content-type", INDEX)], index.clone()).await;
    assert_eq!((put.status.as_u16(), put.header("docker-content-digest")), (201, Some(digest.as_str())));
    assert_eq!(send("GET", &url, &[("accept", INDEX)], "").await.bytes, index);
}

#[test]
fn profiles_and_hostile_modes_are_found_by_their_names() {
    for profile in Profile::ALL {
        assert_eq!(profile.to_string().parse(), Ok(profile));
    }
    for mode in Hostile::ALL {
        assert_eq!(mode.to_string().parse(), Ok(mode));
    }
    let error = "docker".parse::<Profile>().unwrap_err().to_string();
    assert!(error.starts_with("there is no profile \"docker\"; the profiles are ghcr, ecr, "), "{error}");
    let error = "bomb".parse::<Hostile>().unwrap_err().to_string();
    assert!(error.contains("gzip-bomb"), "{error}");
}
