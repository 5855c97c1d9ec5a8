//! TLS or plain HTTP, found out while requests are on their way.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{LocalBoxFuture, join_all},
};
use http::{HeaderMap, Method, StatusCode, header};
use tallyman_core::{Digest, Reference};
use tallyman_dev_registry::Registry;
use tallyman_registry::{
    Access, Body, Client, NativeTransport, Request, Response, Retry, Transport, TransportError,
    TransportErrorKind,
};

use crate::{
    scripted::{AtOnce, Scripted, answer},
    support::{Image, asked, reference},
};

/// A registry that has one of the two schemes. The answer by TLS comes once so many requests have been sent by plain HTTP.
struct OneScheme {
    network: NativeTransport,
    is_secure: bool,
    plain_first: usize,
    sent_plain: Cell<usize>,
}

impl Transport for OneScheme {
    fn send(&self, mut request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let is_plain = request.url.starts_with("http:");
            self.sent_plain.set(self.sent_plain.get() + usize::from(is_plain));
            while !is_plain && self.sent_plain.get() < self.plain_first {
                tokio::task::yield_now().await;
            }
            request.url = request.url.replacen("https:", "http:", 1);
            match (is_plain, self.is_secure) {
                (true, true) => Ok(Response {
                    status: StatusCode::BAD_REQUEST,
                    headers: HeaderMap::new(),
                    url: request.url,
                    body: Body::full("Client sent an HTTP request to an HTTPS server.\n"),
                }),
                (false, false) => {
                    let message = "http: server gave HTTP response to HTTPS client".to_owned();
                    Err(TransportError { kind: TransportErrorKind::PlainHttp, message })
                }
                _ => self.network.send(request).await,
            }
        }
        .boxed_local()
    }

    fn probe(&self, url: String) -> LocalBoxFuture<'_, bool> {
        self.network.probe(url)
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        self.network.sleep(duration)
    }

    fn now(&self) -> f64 {
        self.network.now()
    }

    fn join(&self, base: &str, location: &str) -> Result<String, TransportError> {
        self.network.join(base, location)
    }

    fn obeys_cors(&self) -> bool {
        false
    }
}

const TAGS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Requests that a registry got when six manifests were fetched from it at the same time, sorted.
async fn fetched(is_secure: bool, plain_first: usize) -> Vec<String> {
    let registry = Registry::builder().start().await.unwrap();
    let image = Image::new("amd64");
    for tag in TAGS {
        image.fill(&registry, "acme/app", tag);
    }
    let network = NativeTransport::new();
    let transport = Rc::new(OneScheme { network, is_secure, plain_first, sent_plain: Cell::default() });
    let client = Client::builder(transport).access(|_| Access::Insecure).build();
    let manifests = TAGS.map(|tag| {
        let (client, reference) = (client.clone(), reference(&registry, &format!("acme/app:{tag}")));
        async move { client.manifest(&reference).await.unwrap().digest }
    });
    let manifests = tokio::time::timeout(Duration::from_secs(60), join_all(manifests)).await;
    assert_eq!(manifests.expect("nobody waits for the answer by TLS"), [(); 6].map(|()| image.digest()));
    let mut asked = asked(&registry);
    asked.sort();
    asked
}

#[tokio::test]
async fn on_loopback_requests_go_by_plain_http_while_the_first_one_tries_tls() {
    let once = TAGS.map(|tag| format!("GET /v2/acme/app/manifests/{tag} 200"));
    assert_eq!(fetched(false, TAGS.len()).await, once);
    // Requests by plain HTTP are no answer where the registry speaks TLS.
    assert_eq!(fetched(true, TAGS.len()).await, once);
    // The answer by TLS may come first.
    assert_eq!(fetched(true, 0).await, once);
    assert_eq!(fetched(false, 0).await, once);
}

#[tokio::test]
async fn a_registry_that_failed_by_tls_once_and_answered_nothing_is_asked_by_tls_again() {
    let sent = Rc::new(RefCell::new(Vec::new()));
    // Its first answer by TLS is none, and it does not speak plain HTTP.
    let stumbling = {
        let sent = Rc::clone(&sent);
        move |request: Request| {
            let scheme = request.url.split(':').next().unwrap_or_default().to_owned();
            sent.borrow_mut().push(scheme.clone());
            let failed = |kind| Err(TransportError { kind, message: "it failed".to_owned() });
            match (&*scheme, sent.borrow().len()) {
                ("https", 1) => failed(TransportErrorKind::PlainHttp),
                ("https", _) => {
                    let (status, headers, body) = (StatusCode::OK, HeaderMap::new(), Body::full("{}"));
                    Ok(Response { status, headers, url: request.url, body })
                }
                _ => failed(TransportErrorKind::Refused),
            }
        }
    };
    let client = Client::builder(Rc::new(AtOnce(stumbling)))
        .access(|_| Access::Insecure)
        .retry(Retry::never())
        .build();
    let image: Reference = "r.example/acme/app:1".parse().unwrap();
    client.manifest(&image).await.unwrap_err();
    client.manifest(&image).await.unwrap();
    assert_eq!(*sent.borrow(), ["https", "http", "https"]);
}

#[tokio::test]
async fn uploads_to_a_registry_with_tls_never_go_by_plain_http() {
    let (image, blob): (Reference, _) = ("r.example/app:1".parse().unwrap(), Bytes::from_static(b"layer"));
    let uploaded = async |location: &'static str| {
        let server = Scripted::new(move |request| match request.method {
            Method::POST => Some((202, vec![(header::LOCATION, location.to_owned())], String::new())),
            _ => answer(201, "text/plain", ""),
        });
        let client = server.builder().access(|_| Access::Tls).build();
        let uploaded = client.upload_blob(&image, &Digest::of(&blob), &blob).await;
        let sent = server.asked().into_iter().filter(|line| !line.starts_with("POST ")).collect::<Vec<_>>();
        (uploaded.map_err(|error| error.to_string()), sent)
    };
    let end = format!("?_state=1&digest={}", Digest::of(&blob).as_str().replace(':', "%3A"));
    // Behind a proxy it does not know by which scheme it is called.
    for location in [
        "http://r.example/v2/app/blobs/uploads/u?_state=1",
        "http://r.example:443/v2/app/blobs/uploads/u?_state=1",
    ] {
        let expected = format!("PUT /v2/app/blobs/uploads/u{end}");
        assert_eq!(uploaded(location).await, (Ok(()), vec![expected]), "{location}");
    }
    let storage = format!("PUT https://s.example/u{end}");
    assert_eq!(uploaded("https://s.example/u?_state=1").await, (Ok(()), vec![storage]));
    let (refused, sent) = uploaded("http://s.example/u?_state=1").await;
    let refused = refused.unwrap_err();
    assert!(refused.contains("a Location with HTTPS") && refused.contains("http://s.example/u"), "{refused}");
    assert!(sent.is_empty(), "{sent:?}");
}
