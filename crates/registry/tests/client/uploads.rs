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
async fn wrong_bytes_are_told_of_the_place_that_they_come_from() {
    let server = server("012345678_".into(), |_| None);
    let copied = server.client().copy_blob(&source(), &target(), &blob(CONTENT), &|_| ()).await;
    let error = copied.unwrap_err();
    assert_eq!(error.code(), "digest-mismatch");
    assert!(error.to_string().contains("for s.example/app@sha256:"), "{error}");
}
