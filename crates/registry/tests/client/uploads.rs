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
