//! Blobs that are copied and uploaded: what is asked first, the ways of sending them, and when another one is tried.

use std::{cell::Cell, rc::Rc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use tallyman_core::{Descriptor, Digest, MediaType, Reference};
use tallyman_registry::{Access, Body, Client, Request, Response, Retry, TransportError, TransportErrorKind};

use crate::scripted::{Answer, AtOnce, Scripted, answer};

const CONTENT: &str = "0123456789";
const OCTETS: &str = "application/octet-stream";

fn source() -> Reference {
    "s.example/app".parse().unwrap()
}

fn target() -> Reference {
    "r.example/app".parse().unwrap()
}

fn blob(content: &str) -> Descriptor {
    Descriptor::new(MediaType::new("a/b"), Digest::of(content.as_bytes()), content.len() as u64)
}

/// A registry that takes uploads in every way, but for what `instead` answers, beside one that has `content`.
fn server(content: String, instead: impl Fn(&Request) -> Option<Answer> + 'static) -> Rc<Scripted> {
    let received = Cell::new(0);
    Scripted::new(move |request| {
        if let Some(answer) = instead(request) {
            return answer;
        }
        let upload = |status| {
            let range = format!("0-{}", u64::saturating_sub(received.get(), 1));
            let headers = vec![(header::LOCATION, "/v2/app/blobs/uploads/1".into()), (header::RANGE, range)];
            Some((status, headers, String::new()))
        };
        match request.method.as_str() {
            "GET" if request.url.starts_with("https://s.example/") => answer(200, OCTETS, content.clone()),
            "HEAD" => answer(404, "text/plain", ""),
            "POST" => {
                received.set(0);
                upload(202)
            }
            "PATCH" => {
                received.set(received.get() + request.body.len());
                upload(202)
            }
            "PUT" => upload(201),
            _ => upload(204),
        }
    })
}

/// Returns the number of requests since the last call that sent the blob or a part of it.
fn sent(server: &Scripted) -> usize {
    server.asked().iter().filter(|line| line.starts_with("PUT") || line.starts_with("PATCH")).count()
}

#[tokio::test]
async fn a_blob_is_there_only_with_its_length_and_not_as_a_page() {
    let head = |length: &str, media_type: &str| {
        let headers =
            vec![(header::CONTENT_TYPE, media_type.into()), (header::CONTENT_LENGTH, length.into())];
        Some((200, headers, String::new()))
    };
    for (found, expected) in [
        (head("10", OCTETS), 0),
        (answer(200, OCTETS, ""), 0),
        (head("0", OCTETS), 1),
        (answer(200, "text/html; charset=utf-8", ""), 1),
    ] {
        let answer = found.clone();
        let server =
            server(CONTENT.into(), move |request| (request.method == "HEAD").then(|| answer.clone()));
        server.client().copy_blob(&source(), &target(), &blob(CONTENT), &|_| ()).await.unwrap();
        assert_eq!(sent(&server), expected, "{found:?}");
    }
}

#[tokio::test]
async fn an_upload_goes_on_at_a_location_beyond_ascii() {
    let server = server(CONTENT.into(), |request| {
        let headers = vec![(header::LOCATION, "/v2/app/blobs/uploads/é".into())];
        (request.method == "POST").then(|| Some((202, headers, String::new())))
    });
    server.client().copy_blob(&source(), &target(), &blob(CONTENT), &|_| ()).await.unwrap();
    let asked = server.asked();
    assert!(asked.iter().any(|line| line.starts_with("PUT /v2/app/blobs/uploads/%C3%A9?")), "{asked:?}");
}

#[tokio::test]
async fn a_mount_that_leads_to_a_page_is_an_upload() {
    let server = server(CONTENT.into(), |request| {
        let answer = match request.url.contains("mount=") {
            true => Some((303, vec![(header::LOCATION, "/login".into())], String::new())),
            false if request.method == "GET" => answer(200, OCTETS, CONTENT),
            false => return None,
        };
        Some(answer)
    });
    let other = "r.example/other".parse().unwrap();
    server.client().copy_blob(&other, &target(), &blob(CONTENT), &|_| ()).await.unwrap();
    assert_eq!(sent(&server), 1);
}

#[tokio::test]
async fn a_storage_that_cannot_be_reached_has_no_say_in_what_is_there() {
    let puts = Rc::new(Cell::new(0));
    let seen = Rc::clone(&puts);
    let registry = AtOnce(move |request: Request| {
        if request.method == "HEAD" {
            // It redirects there.
            let message = "connection refused".to_owned();
            return Err(TransportError { kind: TransportErrorKind::Refused, message });
        }
        seen.set(seen.get() + usize::from(request.method == "PUT"));
        let headers = HeaderMap::from_iter([(header::LOCATION, "/v2/app/blobs/uploads/1".parse().unwrap())]);
        let body = Body::full(if request.method == "GET" { CONTENT } else { "" });
        Ok(Response { status: StatusCode::OK, headers, url: request.url, body })
    });
    let client = Client::builder(Rc::new(registry)).access(|_| Access::Tls).retry(Retry::never()).build();
    // A registry that has never answered is not asked for more.
    let copied = client.copy_blob(&source(), &target(), &blob(CONTENT), &|_| ()).await;
    assert_eq!(copied.unwrap_err().code(), "unreachable");
    client.check(target().registry()).await.unwrap();
    client.copy_blob(&source(), &target(), &blob(CONTENT), &|_| ()).await.unwrap();
    assert_eq!(puts.get(), 1);
}

#[tokio::test]
async fn wrong_bytes_are_told_of_the_place_that_they_come_from() {
    let server = server("012345678_".into(), |_| None);
    let copied = server.client().copy_blob(&source(), &target(), &blob(CONTENT), &|_| ()).await;
    let error = copied.unwrap_err();
    assert_eq!(error.code(), "digest-mismatch");
    assert!(error.to_string().contains("for s.example/app@sha256:"), "{error}");
}

#[tokio::test]
async fn another_way_is_tried_only_for_what_can_be_about_the_way() {
    let retry = Retry { first_backoff: Duration::from_millis(1), ..Retry::default() };
    // The number of requests that send bytes, and that number where the registry has taken a blob before.
    for (retry, status, [first, later]) in [
        (Retry::never(), 500, [1, 1]),
        (retry, 500, [4, 4]),
        (retry, 503, [4, 4]),
        (retry, 403, [1, 1]),
        (retry, 412, [3, 1]),
        (retry, 400, [3, 3]),
        (retry, 501, [3, 3]),
    ] {
        for (is_known, expected) in [(false, first), (true, later)] {
            let is_full = Rc::new(Cell::new(!is_known));
            let full = Rc::clone(&is_full);
            let server = server(CONTENT.into(), move |request| {
                let is_sent = full.get() && matches!(request.method.as_str(), "PUT" | "PATCH");
                is_sent.then(|| answer(status, "text/plain", "no"))
            });
            let client = server.builder().retry(retry).build();
            let upload = async || {
                let digest = Digest::of(CONTENT.as_bytes());
                client.upload_blob(&target(), &digest, &Bytes::from_static(CONTENT.as_bytes())).await
            };
            if is_known {
                upload().await.unwrap();
                is_full.set(true);
                server.asked();
            }
            upload().await.unwrap_err();
            let asked = server.asked();
            let sent = asked.iter().filter(|line| line.starts_with("PUT") || line.starts_with("PATCH"));
            assert_eq!(sent.count(), expected, "{status}, {is_known}: {asked:?}");
            assert!(asked.last().unwrap().starts_with("DELETE"), "an upload stays behind: {asked:?}");
        }
    }
}

#[tokio::test]
async fn blobs_of_a_few_bytes_are_sent_by_patch_as_well() {
    for length in [0, 1, 2] {
        let server = server(String::new(), |request| {
            // All at once is refused, but for what is empty at the end of an upload.
            let is_whole = request.method == "PUT" && !request.body.is_empty();
            is_whole.then(|| answer(405, "text/plain", ""))
        });
        let bytes = Bytes::from(&CONTENT.as_bytes()[..length]);
        let uploaded = server.client().upload_blob(&target(), &Digest::of(&bytes), &bytes).await;
        uploaded.unwrap_or_else(|error| panic!("{length} bytes: {error}"));
        let expected = if length == 0 { 1 } else { 3 };
        assert_eq!(sent(&server), expected, "{length} bytes");
    }
}

#[tokio::test]
async fn a_body_that_was_sent_as_it_came_is_sent_once_more_with_another_token() {
    let content = "x".repeat(3 << 20);
    for (refused, expected) in [(1, Ok(())), (u32::MAX, Err("unauthorized"))] {
        let tokens = Cell::new(0);
        let server = server(content.clone(), move |request| {
            if request.url.starts_with("https://s.example/") {
                return None;
            }
            if request.url.contains("/token") {
                tokens.set(tokens.get() + 1);
                return Some(answer(200, "application/json", format!(r#"{{"token":"{}"}}"#, tokens.get())));
            }
            let token = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let token = token.and_then(|value| value.strip_prefix("Bearer ")?.parse::<u32>().ok());
            let is_taken = token.is_some_and(|token| request.method != "PUT" || token > refused);
            let challenge = r#"Bearer realm="/token",service="r",error="invalid_token""#;
            (!is_taken)
                .then(|| Some((401, vec![(header::WWW_AUTHENTICATE, challenge.into())], String::new())))
        });
        server.streams_bodies.set(true);
        let copied =
            server.client().transfer_blob(&source(), &target(), &blob(&content), None, &|_| ()).await;
        assert_eq!(copied.map_err(|error| error.code()), expected);
        assert_eq!(sent(&server), 2);
    }
}
