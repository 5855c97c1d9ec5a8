//! Requests that wait until they are sent again, and are sent now because somebody does not want to wait.

use std::{cell::Cell, rc::Rc, time::Duration};

use futures_util::{FutureExt, future};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tallyman_core::Reference;
use tallyman_registry::{Body, Client, Request, Response, Retry};

use crate::{
    scripted::{AtOnce, Scripted, answer},
    support::Told,
};

fn image(tag: &str) -> Reference {
    format!("r.example/acme/app:{tag}").parse().unwrap()
}

#[test]
fn a_request_that_waits_is_sent_when_its_registry_is_tried_now_whatever_was_forgotten_meanwhile() {
    let is_limited = Rc::new(Cell::new(true));
    let limits = Rc::clone(&is_limited);
    let transport = AtOnce(move |request: Request| {
        let (status, headers) = match limits.get() {
            true => {
                let wait = HeaderValue::from_static("30");
                (StatusCode::TOO_MANY_REQUESTS, HeaderMap::from_iter([(header::RETRY_AFTER, wait)]))
            }
            false => (StatusCode::OK, HeaderMap::new()),
        };
        Ok(Response { status, headers, url: request.url, body: Body::full("{}") })
    });
    let client = Client::builder(Rc::new(transport)).build();
    let image = image("a");
    let mut fetched = Box::pin(client.manifest(&image));
    assert!(fetched.as_mut().now_or_never().is_none(), "it waits");
    is_limited.set(false);
    client.retry_now(&"other.example".parse().unwrap());
    assert!(fetched.as_mut().now_or_never().is_none(), "another registry is tried now");
    client.forget(image.registry());
    client.retry_now(image.registry());
    fetched.now_or_never().expect("it is sent at once").unwrap();
}

#[tokio::test]
async fn retry_now_wakes_rate_limited_requests_and_their_wait_is_reported() {
    let is_limited = Rc::new(Cell::new(true));
    let limits = Rc::clone(&is_limited);
    let script = move |_: &Request| {
        let refusal = Some((429, vec![(header::RETRY_AFTER, "30".to_owned())], String::new()));
        let answer = if limits.get() { refusal } else { answer(200, "application/json", "{}") };
        (Duration::from_millis(5), answer)
    };
    let told = Told::default();
    let builder = Scripted::slow(script, false).builder().retry(Retry::default());
    let client = builder.observer(told.observer()).build();
    let images = ["a", "b"].map(image);
    let fetched = future::join_all(images.iter().map(|image| client.manifest(image)));
    let try_now = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        is_limited.set(false);
        client.retry_now(images[0].registry());
    };
    let all = tokio::time::timeout(Duration::from_secs(10), future::join(fetched, try_now)).await;
    let (fetched, ()) = all.expect("nobody waits for half a minute");
    assert!(fetched.iter().all(Result::is_ok));
    assert_eq!((told.retries(), told.ends()), (vec!["too-many-requests"; 2], 1));
}

#[test]
fn the_end_of_retries_is_told_when_the_last_request_that_is_sent_again_ends_or_is_dropped() {
    let transport = AtOnce(|request: Request| {
        let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static("30"))]);
        Ok(Response { status: StatusCode::BAD_GATEWAY, headers, url: request.url, body: Body::full("") })
    });
    let told = Told::default();
    let client = Client::builder(Rc::new(transport)).observer(told.observer()).build();
    let images = ["a", "b"].map(image);
    let [first, second] = images.each_ref().map(|image| {
        let mut fetched = Box::pin(client.manifest(image));
        assert!(fetched.as_mut().now_or_never().is_none(), "it waits");
        fetched
    });
    assert_eq!((told.retries().len(), told.ends()), (2, 0));
    drop(first);
    assert_eq!(told.ends(), 0, "another one is still sent again");
    drop(second);
    assert_eq!(told.ends(), 1);
}
