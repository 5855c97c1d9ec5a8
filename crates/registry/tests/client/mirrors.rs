//! Mirrors that do not answer, or answer with something else than content.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use tallyman_core::Reference;
use tallyman_registry::Client;

use crate::scripted::{Answer, Scripted, answer};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The longest silence that the clients of these tests accept.
const TIMEOUT: Duration = Duration::from_millis(300);

/// A registry with a mirror, whose answers take some time, and the client of both.
fn mirrored(time: Duration, of_mirror: impl Fn() -> Answer + 'static) -> (Rc<Scripted>, Client) {
    let script = move |request: &tallyman_registry::Request| match request.is_to_mirror {
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
