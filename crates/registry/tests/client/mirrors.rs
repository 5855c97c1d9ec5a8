//! Mirrors that do not answer, or answer with something else than content.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use futures_util::{TryStreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tallyman_core::{Descriptor, Digest, MediaType, Reference};
use tallyman_registry::{Body, Client, Request, Response, Retry, TransportError, TransportErrorKind};

use crate::scripted::{Answer, AtOnce, Scripted, answer};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The longest silence that the clients of these tests accept.
const TIMEOUT: Duration = Duration::from_millis(300);

fn is_to_mirror(request: &Request) -> bool {
    request.url.starts_with("https://mirror.example")
}

/// A registry with a mirror, whose answers take some time, and the client of both.
fn mirrored(time: Duration, of_mirror: impl Fn() -> Answer + 'static) -> (Rc<Scripted>, Client) {
    let script = move |request: &Request| match is_to_mirror(request) {
        true => (time, of_mirror()),
        false => (Duration::ZERO, answer(200, MANIFEST, "{}")),
    };
    let server = Scripted::slow(script, false);
    let mirror = |_: &_| Some("https://mirror.example".to_owned());
    let client = server.builder().timeout(TIMEOUT).mirror(mirror).build();
    (server, client)
}

/// Asks for a manifest, and returns the number of requests to the mirror.
async fn requests_to_mirror(server: &Scripted, client: &Client, tag: &str) -> usize {
    let reference: Reference = format!("r.example/app:{tag}").parse().unwrap();
    assert_eq!(&client.manifest(&reference).await.unwrap().bytes[..], b"{}");
    server.asked().iter().filter(|line| line.contains("mirror.example")).count()
}

#[tokio::test]
async fn a_mirror_that_does_not_answer_is_asked_once_in_a_minute() {
    let (server, client) = mirrored(Duration::from_secs(600), || answer(200, MANIFEST, "{}"));
    let begun = Instant::now();
    assert_eq!(requests_to_mirror(&server, &client, "1").await, 1);
    assert!(begun.elapsed() >= TIMEOUT, "it has its time");
    assert_eq!(requests_to_mirror(&server, &client, "2").await, 0);
    server.now.set(59_000.0);
    assert_eq!(requests_to_mirror(&server, &client, "3").await, 0);
    server.now.set(61_000.0);
    assert_eq!(requests_to_mirror(&server, &client, "4").await, 1);
}

#[tokio::test]
async fn a_mirror_that_cannot_be_reached_is_left_alone_and_one_without_the_content_is_not() {
    let (server, client) = mirrored(Duration::ZERO, || None);
    assert_eq!(requests_to_mirror(&server, &client, "1").await, 1);
    assert_eq!(requests_to_mirror(&server, &client, "2").await, 0);
    for status in [404, 503] {
        let (server, client) = mirrored(Duration::ZERO, move || answer(status, "text/plain", ""));
        assert_eq!(requests_to_mirror(&server, &client, "1").await, 1, "{status}");
        assert_eq!(requests_to_mirror(&server, &client, "2").await, 1, "{status}");
    }
}

#[tokio::test]
async fn a_page_for_people_is_no_manifest_of_a_mirror() {
    let (server, client) =
        mirrored(Duration::ZERO, || answer(200, "text/html; charset=utf-8", "<!doctype html>"));
    assert_eq!(requests_to_mirror(&server, &client, "1").await, 1);
}

/// A registry whose mirror sends `from_mirror` for whatever is asked for, and the client of both.
fn with_wrong_mirror(from_mirror: fn() -> Body) -> (Rc<RefCell<Vec<bool>>>, Client) {
    let asked: Rc<RefCell<Vec<bool>>> = Rc::default();
    let requests = Rc::clone(&asked);
    let server = AtOnce(move |request: Request| {
        let is_to_mirror = is_to_mirror(&request);
        requests.borrow_mut().push(is_to_mirror);
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(MANIFEST))]);
        let body = if is_to_mirror { from_mirror() } else { Body::full(CONTENT) };
        Ok(Response { status: StatusCode::OK, headers, url: request.url, body })
    });
    let mirror = |_: &_| Some("https://mirror.example".to_owned());
    (asked, Client::builder(Rc::new(server)).retry(Retry::never()).mirror(mirror).build())
}

const CONTENT: &str = "{\"schemaVersion\":2}";

fn broken() -> Body {
    let error = TransportError { kind: TransportErrorKind::Reset, message: "reset".to_owned() };
    Body::from_stream(stream::iter([Ok(CONTENT[..5].into()), Err(error)]))
}

#[tokio::test]
async fn broken_or_wrong_mirror_content_is_requested_from_the_registry() {
    let content = CONTENT.as_bytes();
    let digest = Digest::of(content);
    let repository: Reference = "r.example/app".parse().unwrap();
    let by_digest = repository.by_digest(digest.clone());
    let descriptor = Descriptor::new(MediaType::OciManifest, digest, content.len() as u64);
    for from_mirror in [broken, || Body::full("{\"schemaVersion\":3}"), || Body::full("{}")] {
        for what in ["manifest", "entry", "blob"] {
            let (asked, client) = with_wrong_mirror(from_mirror);
            let ask = async || match what {
                "manifest" => client.manifest(&by_digest).await.unwrap().bytes.to_vec(),
                "entry" => client.manifest_as(&repository, &descriptor).await.unwrap().bytes.to_vec(),
                _ => client.blob(&repository, &descriptor).await.unwrap().to_vec(),
            };
            assert_eq!(ask().await, content, "{what}");
            assert_eq!(*asked.borrow(), [true, false], "{what}");
            // It is left alone for a while.
            client.manifest(&repository.by_tag("1".parse().unwrap())).await.unwrap();
            assert_eq!(*asked.borrow(), [true, false, false], "{what}");
        }
    }
    // A tag has no digest: a mirror's answer counts once it is whole, and can be a manifest.
    for from_mirror in [broken, || Body::full(""), || Body::full("[]"), || Body::full("{\"schemaVersion\":")]
    {
        let (asked, client) = with_wrong_mirror(from_mirror);
        let tag = repository.by_tag("1".parse().unwrap());
        assert_eq!(&*client.manifest(&tag).await.unwrap().bytes, content);
        assert_eq!(*asked.borrow(), [true, false]);
    }
}

#[tokio::test]
async fn a_page_for_people_is_no_blob_of_a_mirror() {
    let asked: Rc<RefCell<Vec<bool>>> = Rc::default();
    let requests = Rc::clone(&asked);
    let server = AtOnce(move |request: Request| {
        let is_to_mirror = is_to_mirror(&request);
        requests.borrow_mut().push(is_to_mirror);
        let (media_type, content) = if is_to_mirror {
            ("text/html", "<!doctype html>")
        } else {
            ("application/octet-stream", CONTENT)
        };
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        Ok(Response { status: StatusCode::OK, headers, url: request.url, body: Body::full(content) })
    });
    let mirror = |_: &_| Some("https://mirror.example".to_owned());
    let client = Client::builder(Rc::new(server)).retry(Retry::never()).mirror(mirror).build();
    let descriptor =
        Descriptor::new(MediaType::new("a/b"), Digest::of(CONTENT.as_bytes()), CONTENT.len() as u64);
    // A stream is used from its first bytes on, before its digest is known.
    let pieces = client.blob_stream(&"r.example/app".parse().unwrap(), &descriptor);
    assert_eq!(pieces.try_collect::<Vec<_>>().await.unwrap().concat(), CONTENT.as_bytes());
    assert_eq!(*asked.borrow(), [true, false]);
}

#[tokio::test]
async fn a_layer_that_a_mirror_sends_wrong_is_copied_from_the_registry() {
    let descriptor =
        Descriptor::new(MediaType::new("a/b"), Digest::of(CONTENT.as_bytes()), CONTENT.len() as u64);
    let source: Reference = "r.example/app".parse().unwrap();
    let wrong: [fn() -> Body; 4] = [
        || Body::full("{\"schemaVersion\":3}"),
        || Body::full("{}"),
        || Body::full(""),
        || Body::full("{\"schemaVersion\":2} and more"),
    ];
    for from_mirror in wrong {
        let (asked, client) = with_wrong_mirror(from_mirror);
        let copied = Cell::new(0);
        let on_progress = |bytes| copied.set(copied.get() + bytes);
        let target = "t.example/app".parse().unwrap();
        client.transfer_blob(&source, &target, &descriptor, None, &on_progress).await.unwrap();
        // An upload is begun, and begun anew with the registry's bytes.
        assert_eq!(*asked.borrow(), [false, true, false, false, false]);
        assert_eq!(copied.get(), descriptor.size);

        // The next stream comes from the registry.
        let (asked, client) = with_wrong_mirror(from_mirror);
        let read = async || client.blob_stream(&source, &descriptor).try_collect::<Vec<_>>().await;
        read().await.unwrap_err();
        assert_eq!(read().await.unwrap().concat(), CONTENT.as_bytes());
        assert_eq!(*asked.borrow(), [true, false]);
    }
}

#[tokio::test]
async fn a_stream_that_a_mirror_breaks_off_goes_on_from_the_registry() {
    let descriptor =
        Descriptor::new(MediaType::OciManifest, Digest::of(CONTENT.as_bytes()), CONTENT.len() as u64);
    let (asked, client) = with_wrong_mirror(broken);
    let pieces = client.blob_stream(&"r.example/app".parse().unwrap(), &descriptor);
    assert_eq!(pieces.try_collect::<Vec<_>>().await.unwrap().concat(), CONTENT.as_bytes());
    assert_eq!(*asked.borrow(), [true, false]);
}
