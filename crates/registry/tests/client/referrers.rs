//! Referrers: when a registry is taken to be without their API, and when no longer.

use std::{cell::Cell, rc::Rc, time::Duration};

use http::header;
use tallyman_core::{Digest, Reference};
use tallyman_registry::{Client, Error};

use crate::scripted::{Answer, Scripted, answer};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const NOT_FOUND: &str = "404 page not found\n";
const NAME_UNKNOWN: &str =
    r#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}"#;
const MANIFEST_UNKNOWN: &str = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;

/// An index of one signature, with an annotation of so many letters.
fn index(letters: usize) -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,"digest":"{}","artifactType":"example/signature","annotations":{{"a":"{}"}}}}]}}"#,
        Digest::of(b"signature"),
        "x".repeat(letters)
    )
}

fn subject() -> Digest {
    Digest::of(b"subject")
}

/// A server whose referrers API gives one answer after another, the last one from then on. It has no tags.
fn server(answers: Vec<Answer>, is_browser: bool) -> Rc<Scripted> {
    let next = Cell::new(0);
    let script = move |request: &tallyman_registry::Request| {
        if request.url.contains("/referrers/") {
            let at = next.get().min(answers.len() - 1);
            next.set(at + 1);
            return (Duration::ZERO, answers[at].clone());
        }
        let (status, body) =
            if request.url.ends_with("/v2/") { (200, "{}") } else { (404, MANIFEST_UNKNOWN) };
        (Duration::ZERO, answer(status, "application/json", body))
    };
    Scripted::slow(script, is_browser)
}

async fn referrers(client: &Client, repository: &str) -> Result<usize, Error> {
    let image: Reference = format!("r.example/{repository}:1").parse().unwrap();
    client.referrers(&image, &subject(), None).await.map(|found| found.len())
}

/// Returns the number of requests to the API since the last call.
fn api_requests(server: &Scripted) -> usize {
    server.asked().iter().filter(|line| line.contains("/referrers/")).count()
}

#[tokio::test]
async fn an_api_that_has_answered_is_asked_again_whatever_it_refuses_once() {
    for (refusal, expected) in [
        (answer(404, "text/plain", NOT_FOUND), Some(0)),
        (answer(404, "application/json", MANIFEST_UNKNOWN), Some(0)),
        (answer(400, "text/plain", "bad request"), None),
        (answer(403, "text/plain", "forbidden"), None),
        (answer(405, "text/plain", "method not allowed"), None),
        (answer(501, "text/plain", "not implemented"), None),
        (answer(200, "text/html", "<!doctype html><title>Sign in</title>"), None),
    ] {
        let server =
            server(vec![answer(200, INDEX, index(1)), refusal.clone(), answer(200, INDEX, index(1))], false);
        let client = server.client();
        assert_eq!(referrers(&client, "acme/app").await.unwrap(), 1);
        // 404 is the answer to a subject that is not there. Of anything else it must be told that it was refused.
        assert_eq!(referrers(&client, "acme/app").await.ok(), expected, "{refusal:?}");
        assert_eq!(referrers(&client, "acme/app").await.unwrap(), 1, "{refusal:?}");
        assert_eq!(api_requests(&server), 3, "{refusal:?}");
    }
}

#[tokio::test]
async fn errors_of_a_repository_or_a_manifest_do_not_count_for_the_api() {
    for refusal in [
        answer(404, "application/json", NAME_UNKNOWN),
        answer(404, "application/json", MANIFEST_UNKNOWN),
        answer(400, "application/json", r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#),
        answer(403, "application/json", r#"{"errors":[{"code":"DENIED"}]}"#),
    ] {
        let server = server(vec![refusal.clone(), answer(200, INDEX, index(1))], false);
        let client = server.client();
        assert_eq!(referrers(&client, "acme/app").await.unwrap(), 0, "{refusal:?}");
        assert_eq!(referrers(&client, "acme/app").await.unwrap(), 1, "{refusal:?}");
    }
}

#[tokio::test]
async fn an_answer_that_a_browser_hides_says_nothing_of_the_next_one() {
    // To find out why, the request is made twice.
    let server = server(vec![None, None, answer(200, INDEX, index(1)), None], true);
    let client = server.client();
    assert_eq!(referrers(&client, "acme/app").await.unwrap(), 0);
    assert_eq!(referrers(&client, "acme/app").await.unwrap(), 1);
    assert_eq!(referrers(&client, "acme/app").await.unwrap_err().code(), "cors", "there are some");
}

#[tokio::test]
async fn a_missing_api_is_remembered_of_its_repository_for_some_minutes() {
    for missing in [
        answer(404, "text/plain", NOT_FOUND),
        answer(405, "text/plain", ""),
        answer(501, "text/plain", ""),
        answer(200, "text/html", "<!doctype html>"),
    ] {
        let server = server(vec![missing.clone(), answer(200, INDEX, index(1))], false);
        let client = server.client();
        for _ in 0..3 {
            assert_eq!(referrers(&client, "acme/app").await.unwrap(), 0, "{missing:?}");
        }
        assert_eq!(api_requests(&server), 1, "{missing:?}");
        assert_eq!(referrers(&client, "acme/other").await.unwrap(), 1, "{missing:?}");
        server.now.set(4.0 * 60_000.0);
        assert_eq!(referrers(&client, "acme/app").await.unwrap(), 0, "{missing:?}");
        server.now.set(6.0 * 60_000.0);
        assert_eq!(referrers(&client, "acme/app").await.unwrap(), 1, "{missing:?}");
        assert_eq!(api_requests(&server), 2, "{missing:?}");
    }
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_told_and_does_not_hide_the_others() {
    let digest = Digest::of(b"other");
    for (entry, field) in [
        (r#""size":2,"digest":"blake3:00""#.to_owned(), "manifests[1].digest"),
        (format!(r#""size":2,"digest":"{digest}","annotations":{{"n":5}}"#), "manifests[1].annotations.n"),
        (format!(r#""size":2,"digest":"{digest}","artifactType":5"#), "manifests[1].artifactType"),
    ] {
        let body = index(1).replace("]}", &format!(r#",{{"mediaType":"a/b",{entry}}}]}}"#));
        let by_api = server(vec![answer(200, INDEX, body.clone())], false);
        let by_tag = Scripted::new(move |request| match request.url.contains("/manifests/sha256-") {
            true => answer(200, INDEX, body.clone()),
            false => answer(404, "text/plain", NOT_FOUND),
        });
        for server in [by_api, by_tag] {
            let error = referrers(&server.client(), "acme/app").await.unwrap_err();
            assert_eq!(error.code(), "protocol", "{field}");
            assert!(error.to_string().contains(field), "{error}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_broken_is_told_and_no_missing_api() {
    let whole = index(1);
    let cut_off = &whole[..whole.len() / 2];
    let deep = format!(r#"{{"schemaVersion":2,"manifests":[],"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    for (media_type, body) in [
        (INDEX, cut_off),
        ("application/json; charset=utf-8", cut_off),
        ("text/plain; charset=utf-8", cut_off),
        (INDEX, ""),
        (INDEX, "{}"),
        (INDEX, r#"{"schemaVersion":2,"config":{},"layers":[]}"#),
        (INDEX, r#"{"schemaVersion":2,"mediaType":"a/b","manifests":[]}"#),
        (INDEX, "<!doctype html>"),
        ("application/json", "null"),
        ("application/json", r#"[{"manifests":[]}]"#),
        ("application/json", &deep),
    ] {
        let by_api = server(vec![answer(200, media_type, body), answer(200, INDEX, index(1))], false);
        let client = by_api.client();
        let error = referrers(&client, "acme/app").await.unwrap_err();
        assert_eq!(error.code(), "protocol", "{media_type} {body}");
        assert!(error.to_string().contains("that cannot be read: "), "{error}");
        assert_eq!(referrers(&client, "acme/app").await.unwrap(), 1, "the API is asked again");

        let (media_type, body) = (media_type.to_owned(), body.to_owned());
        let by_tag = Scripted::new(move |request| match request.url.contains("/manifests/sha256-") {
            true => answer(200, &media_type, body.clone()),
            false => answer(404, "text/plain", NOT_FOUND),
        });
        let error = referrers(&by_tag.client(), "acme/app").await.unwrap_err();
        assert_eq!(error.code(), "protocol", "at the tag: {error}");
    }
}

#[tokio::test]
async fn what_is_no_index_is_a_missing_api_and_at_the_tag_no_list_of_referrers() {
    let image = r#"{"schemaVersion":2,"config":{"digest":"DIGEST","size":2},"layers":[]}"#;
    let image = image.replace("DIGEST", Digest::of(b"config").as_str());
    for (media_type, body) in [
        ("text/html; charset=utf-8", "<!doctype html>"),
        ("text/plain", "no such route"),
        ("application/json", r#"{"message":"no such route"}"#),
    ] {
        let server = server(vec![answer(200, media_type, body)], false);
        let client = server.client();
        assert_eq!(referrers(&client, "acme/app").await.unwrap(), 0, "{body}");
        let app = "r.example/acme/app".parse().unwrap();
        assert_eq!(client.has_referrers_api(&app), Some(false), "{body}");
    }
    let by_tag = Scripted::new(move |request| match request.url.contains("/manifests/sha256-") {
        true => answer(200, "application/vnd.oci.image.manifest.v1+json", image.clone()),
        false => answer(404, "text/plain", NOT_FOUND),
    });
    assert_eq!(referrers(&by_tag.client(), "acme/app").await.unwrap(), 0);
}

#[tokio::test]
async fn pages_of_referrers_are_read_up_to_a_limit_of_bytes() {
    let page = Cell::new(0);
    let server = Scripted::new(move |_| {
        page.set(page.get() + 1);
        let mut headers = vec![(header::CONTENT_TYPE, INDEX.to_owned())];
        if page.get() < 40 {
            headers.push((
                header::LINK,
                format!("</v2/acme/app/referrers/x?page={}>; rel=\"next\"", page.get()),
            ));
        }
        Some((200, headers, index(3 << 20)))
    });
    let error = referrers(&server.client(), "acme/app").await.unwrap_err();
    assert_eq!(error.code(), "protocol", "{error}");
    let read = api_requests(&server);
    assert!(read < 30, "{read} pages of 3 MiB");
}
