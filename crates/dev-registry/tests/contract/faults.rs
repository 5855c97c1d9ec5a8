//! Each fault, as a client meets it.

use std::{
    io::Read as _,
    time::{Duration, Instant},
};

use flate2::read::GzDecoder;
use serde_json::json;
use tallyman_dev_registry::{Digest, Fault, Registry, RunningRegistry};

use crate::http::{get, send, try_send};

const OCTETS: (&str, &str) = ("content-type", "application/octet-stream");
const MANIFEST: &str = "{\"schemaVersion\":2}";

async fn start(faults: &[&str]) -> RunningRegistry {
    let mut builder =
        Registry::builder().manifest("a", Some("x"), "text/plain", MANIFEST).blob("a", vec![b'.'; 4000]);
    for fault in faults {
        builder = builder.fault(fault.parse().unwrap());
    }
    builder.start().await.unwrap()
}

fn blob(registry: &RunningRegistry) -> String {
    format!("{}/v2/a/blobs/{}", registry.url(), Digest::sha256(&[b'.'; 4000]))
}

fn manifest(registry: &RunningRegistry) -> String {
    format!("{}/v2/a/manifests/x", registry.url())
}

#[tokio::test]
async fn refusals_come_as_often_as_asked_and_say_when_to_try_again() {
    for (fault, status, code, retry_after) in [
        ("too-many-requests,times=2,retry-after=1", 429, "TOOMANYREQUESTS", Some("1")),
        ("server-error,times=2", 500, "UNKNOWN", None),
        ("server-error,times=2,status=503,retry-after=3", 503, "UNAVAILABLE", Some("3")),
    ] {
        let registry = start(&[fault]).await;
        for _ in 0..2 {
            let answer = get(&manifest(&registry)).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{fault}");
            assert_eq!(answer.header("retry-after"), retry_after, "{fault}");
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{fault}");
        }
        assert_eq!(get(&manifest(&registry)).await.status, 200, "{fault}");
    }
}

#[tokio::test]
async fn a_fault_meets_only_the_requests_it_is_meant_for() {
    let registry = start(&["server-error,method=GET,path=/v2/*/manifests/*,skip=1,times=1"]).await;
    assert_eq!(get(&blob(&registry)).await.status, 200);
    assert_eq!(send("HEAD", &manifest(&registry), &[], "").await.status, 200);
    let statuses = [
        get(&manifest(&registry)).await.status,
        get(&manifest(&registry)).await.status,
        get(&manifest(&registry)).await.status,
    ];
    assert_eq!(statuses.map(|status| status.as_u16()), [200, 500, 200]);
}

#[tokio::test]
async fn latency_and_slow_bodies_take_their_time() {
    for (fault, least) in [("latency,ms=120", 120), ("slow-body,bytes-per-second=8000", 400)] {
        let registry = start(&[fault]).await;
        let began = Instant::now();
        let answer = get(&blob(&registry)).await;
        assert!(began.elapsed() >= Duration::from_millis(least), "{fault} {:?}", began.elapsed());
        assert_eq!((answer.bytes.len(), answer.header("content-length")), (4000, Some("4000")), "{fault}");
    }
}

#[tokio::test]
async fn connections_break_before_the_answer_or_within_it() {
    for (fault, expected) in [
        ("reset,times=1", "no answer"),
        ("reset-after-work,times=1", "no answer"),
        ("reset-mid-body,times=1", "broken body"),
        ("reset-mid-body,times=1,after=0", "broken body"),
        ("truncate,times=1,after=3999", "broken body"),
    ] {
        let registry = start(&[fault]).await;
        let error = try_send("GET", &blob(&registry), &[], "").await.unwrap_err();
        assert!(error.starts_with(expected), "{fault}: {error}");
        assert_eq!(error.contains("ConnectionReset"), fault.starts_with("reset"), "{fault}: {error}");
        assert_eq!(get(&blob(&registry)).await.bytes.len(), 4000, "{fault}");
        assert_eq!(registry.requests().len(), 2, "{fault}");
    }
}

#[tokio::test]
async fn a_reset_leaves_the_work_undone_or_done() {
    for (fault, done) in [("reset,method=DELETE", false), ("reset-after-work,method=DELETE", true)] {
        let registry = start(&[fault]).await;
        try_send("DELETE", &manifest(&registry), &[], "").await.unwrap_err();
        assert_eq!(registry.manifest("a", "x").is_none(), done, "{fault}");
    }
}

#[tokio::test]
async fn an_upload_breaks_and_what_came_is_kept() {
    let registry = Registry::builder()
        .resumable_uploads(true)
        .fault("break-upload,after=2,times=1".parse().unwrap())
        .start()
        .await
        .unwrap();
    let begun = send("POST", &format!("{}/v2/a/blobs/uploads/", registry.url()), &[], "").await;
    let location = begun.header("location").unwrap();
    try_send("PATCH", location, &[OCTETS], "hello").await.unwrap_err();
    assert_eq!(get(location).await.header("range"), Some("0-1"));
    let url = format!("{location}&digest={}", Digest::sha256(b"hello"));
    assert_eq!(send("PUT", &url, &[OCTETS], "llo").await.status, 201);
}

#[tokio::test]
async fn faults_change_bytes_digests_and_content_types() {
    let digest = Digest::sha256(MANIFEST.as_bytes()).to_string();
    let zeros = format!("sha256:{}", "0".repeat(64));
    for (fault, honest_body, shown, content_type) in [
        ("no-digest", true, None, "text/plain"),
        ("wrong-digest", true, Some(&zeros), "text/plain"),
        ("wrong-byte", false, Some(&digest), "text/plain"),
        ("wrong-byte,at=0", false, Some(&digest), "text/plain"),
        ("wrong-content-type", true, Some(&digest), "text/html"),
        ("wrong-content-type,content-type=application/json", true, Some(&digest), "application/json"),
    ] {
        let registry = start(&[fault]).await;
        let answer = get(&manifest(&registry)).await;
        assert_eq!(answer.bytes.len(), MANIFEST.len(), "{fault}");
        assert_eq!(answer.bytes == MANIFEST, honest_body, "{fault}");
        assert_eq!(answer.header("docker-content-digest"), shown.map(String::as_str), "{fault}");
        assert_eq!(answer.header("content-type"), Some(content_type), "{fault}");
    }
}

#[tokio::test]
async fn manifests_come_packed() {
    let registry = start(&["gzip"]).await;
    let answer = get(&manifest(&registry)).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    GzDecoder::new(answer.bytes.as_ref()).read_to_string(&mut text).unwrap();
    assert_eq!(text, MANIFEST);
}

#[tokio::test]
async fn mounts_turn_into_uploads() {
    let registry = start(&["no-mount,times=1"]).await;
    let digest = Digest::sha256(&[b'.'; 4000]);
    let url = format!("{}/v2/b/blobs/uploads/?mount={digest}&from=a", registry.url());
    let first = send("POST", &url, &[], "").await;
    assert_eq!(first.status, 202);
    assert!(first.header("location").unwrap().contains("/v2/b/blobs/uploads/"));
    assert_eq!(send("POST", &url, &[], "").await.status, 201);
}

#[tokio::test]
async fn blobs_are_elsewhere_with_cors_or_without() {
    for (fault, cors) in [("redirect-blobs", Some("*")), ("redirect-blobs,cors=false", None)] {
        let registry = start(&[fault]).await;
        let answer = get(&blob(&registry)).await;
        assert_eq!(answer.status, 307);
        let location = answer.header("location").unwrap();
        assert!(location.starts_with(&registry.storage_url()), "{location}");
        let stored = get(location).await;
        assert_eq!(
            (stored.bytes.len(), stored.header("access-control-allow-origin")),
            (4000, cors),
            "{fault}"
        );
        let leaked = send("GET", location, &[("authorization", "Bearer x")], "").await;
        assert_eq!(leaked.status, 400, "credentials do not belong there");
        let log = registry.requests();
        assert_eq!(log.iter().map(|request| request.storage).collect::<Vec<_>>(), [false, true, true]);
    }
}

#[tokio::test]
async fn locations_and_links_take_every_form() {
    for (fault, begins) in [("relative-location", "/v2/"), ("location-elsewhere", "STORAGE/v2/")] {
        let registry = start(&[fault]).await;
        let begun = send("POST", &format!("{}/v2/a/blobs/uploads/", registry.url()), &[], "").await;
        let location = begun.header("location").unwrap();
        assert!(
            location.replace(&registry.storage_url(), "STORAGE").starts_with(begins),
            "{fault} {location}"
        );
        let host = if location.starts_with('/') { registry.url() } else { String::new() };
        let digest = Digest::sha256(b"hello");
        let done = send("PUT", &format!("{host}{location}&digest={digest}"), &[OCTETS], "hello").await;
        assert_eq!(done.status, 201, "{fault}");
    }
    for (fault, expected) in
        [("absolute-link", Some("<URL/v2/_catalog?last=a&n=1>; rel=\"next\"")), ("no-link", None)]
    {
        let registry = start(&[fault]).await;
        registry.put_blob("b", "b");
        let answer = get(&format!("{}/v2/_catalog?n=1", registry.url())).await;
        let link = answer.header("link").map(|link| link.replace(&registry.url(), "URL"));
        assert_eq!(link.as_deref(), expected, "{fault}");
    }
}

#[tokio::test]
async fn some_answers_and_preflights_lack_what_browsers_need() {
    let registry = start(&["no-cors,path=*/blobs/*", "no-cors,method=OPTIONS,path=*/tags/list"]).await;
    for (method, path, expected) in [
        ("GET", "/v2/a/blobs/sha256:00", None),
        ("GET", "/v2/", Some("*")),
        ("OPTIONS", "/v2/a/blobs/sha256:00", Some("*")),
        ("OPTIONS", "/v2/a/tags/list", None),
        ("GET", "/v2/a/tags/list", Some("*")),
    ] {
        let answer = send(method, &format!("{}{path}", registry.url()), &[], "").await;
        assert_eq!(answer.header("access-control-allow-origin"), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn faults_are_set_and_taken_away_while_it_runs() {
    let registry = start(&[]).await;
    let faults = format!("{}/_faults", registry.url());
    let fault = json!({ "fault": "server-error", "status": 502, "times": 1 });
    assert_eq!(send("POST", &faults, &[], fault.to_string()).await.status, 200);
    assert_eq!(get(&manifest(&registry)).await.status, 502);
    let two = json!([{ "fault": "reset" }, { "fault": "no-digest", "path": "*/x" }]);
    assert_eq!(send("PUT", &faults, &[], two.to_string()).await.json().as_array().unwrap().len(), 2);
    try_send("GET", &manifest(&registry), &[], "").await.unwrap_err();
    send("DELETE", &faults, &[], "").await;
    assert_eq!(get(&manifest(&registry)).await.status, 200);
    for wrong in ["{}", "[", "{\"fault\":\"reset\",\"ms\":1}"] {
        assert_eq!(send("POST", &faults, &[], wrong).await.code(), "FAULT_INVALID", "{wrong}");
    }
    registry.add_fault("reset".parse::<Fault>().unwrap());
    try_send("GET", &manifest(&registry), &[], "").await.unwrap_err();
    registry.clear_faults();
    assert_eq!(get(&manifest(&registry)).await.status, 200);
}
