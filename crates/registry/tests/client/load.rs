//! Registries that take few requests at a time: a client that would never retry adapts to them.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tallyman_core::Reference;
use tallyman_registry::{
    Access, Body, Client, Error, Request, Response, Retry, Transport, TransportError, TransportErrorKind,
};

/// The time that a request takes.
const LATENCY: Duration = Duration::from_millis(5);

/// A registry that refuses requests while there are too many under way.
struct Busy {
    /// The status of a refusal; `None` if it resets the connection instead.
    status: Option<StatusCode>,
    /// The number of requests that it takes at a time.
    at_once: usize,
    /// The number of requests that it refuses whatever else is under way.
    refuses: Cell<usize>,
    /// The headers of a refusal.
    headers: HeaderMap,
    under_way: Cell<usize>,
    refused: Cell<usize>,
    /// The waits that the client asked for.
    waits: RefCell<Vec<Duration>>,
}

impl Busy {
    fn new(status: Option<u16>, at_once: usize) -> Rc<Self> {
        Rc::new(Self::refusing(status, at_once, 0, &[]))
    }

    fn refusing(
        status: Option<u16>,
        at_once: usize,
        refuses: usize,
        headers: &[(header::HeaderName, &str)],
    ) -> Self {
        let value = |text: &str| HeaderValue::from_str(text).unwrap();
        Self {
            status: status.map(|status| StatusCode::from_u16(status).unwrap()),
            at_once,
            refuses: Cell::new(refuses),
            headers: headers.iter().map(|(name, text)| (name.clone(), value(text))).collect(),
            under_way: Cell::default(),
            refused: Cell::default(),
            waits: RefCell::default(),
        }
    }

    /// A client that sends every request once, as Docker's commands do.
    fn client(self: &Rc<Self>) -> Client {
        let transport: Rc<dyn Transport> = self.clone();
        Client::builder(transport).access(|_| Access::Tls).retry(Retry::never()).build()
    }
}

impl Transport for Busy {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        async move {
            self.under_way.set(self.under_way.get() + 1);
            let is_refused = self.under_way.get() > self.at_once || self.refuses.get() > 0;
            tokio::time::sleep(LATENCY).await;
            self.under_way.set(self.under_way.get() - 1);
            let (status, headers) = if is_refused {
                self.refuses.set(self.refuses.get().saturating_sub(1));
                self.refused.set(self.refused.get() + 1);
                let reset = || TransportError { kind: TransportErrorKind::Reset, message: "EOF".to_owned() };
                (self.status.ok_or_else(reset)?, self.headers.clone())
            } else {
                (StatusCode::OK, HeaderMap::new())
            };
            Ok(Response { status, headers, url: request.url, body: Body::full("{}") })
        }
        .boxed_local()
    }

    fn probe(&self, _: String) -> LocalBoxFuture<'_, bool> {
        future::ready(true).boxed_local()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        if duration > Duration::from_secs(100) {
            // The client's timeout.
            return future::pending().boxed_local();
        }
        self.waits.borrow_mut().push(duration);
        tokio::time::sleep(duration.min(Duration::from_millis(50))).boxed_local()
    }

    fn now(&self) -> f64 {
        0.0
    }

    fn join(&self, _: &str, location: &str) -> Result<String, TransportError> {
        Ok(location.to_owned())
    }

    fn obeys_cors(&self) -> bool {
        false
    }
}

fn image(number: usize) -> Reference {
    format!("r.example/acme/app:{number}").parse().unwrap()
}

#[tokio::test]
async fn every_request_succeeds_though_few_are_taken_at_a_time() {
    for status in [Some(429), Some(503), None] {
        for at_once in [1, 2, 4, 8] {
            let registry = Busy::new(status, at_once);
            let client = registry.client();
            // The registry is there: a server that resets every connection is not asked again and again.
            client.manifest(&image(1000)).await.unwrap();
            let images: Vec<Reference> = (0..64).map(image).collect();
            let fetched = future::join_all(images.iter().map(|image| client.manifest(image))).await;
            for result in fetched {
                result.unwrap_or_else(|error| panic!("{status:?}, {at_once} at once: {error}"));
            }
            let refused = registry.refused.get();
            assert!(refused <= 2 * images.len(), "{status:?}, {at_once} at once: {refused} were refused");
            // The learnt limit is kept: the next requests are not all refused first.
            registry.refused.set(0);
            let more: Vec<Reference> = (64..96).map(image).collect();
            let fetched = future::join_all(more.iter().map(|image| client.manifest(image))).await;
            assert!(fetched.iter().all(Result::is_ok), "{status:?}, {at_once} at once");
            let refused = registry.refused.get();
            assert!(refused <= more.len(), "{status:?}, {at_once} at once: {refused} were refused later");
        }
    }
}

#[tokio::test]
async fn a_request_that_was_alone_is_sent_again_when_the_registry_says() {
    let date = [(header::DATE, "Sun, 06 Nov 1994 08:49:37 GMT")];
    let rows: [(&[_], Option<u64>); 7] = [
        (&[(header::RETRY_AFTER, "7")], Some(7)),
        (&[(header::RETRY_AFTER, "0")], Some(0)),
        (&[date[0].clone(), (header::RETRY_AFTER, "Sun, 06 Nov 1994 08:49:50 GMT")], Some(13)),
        (&[date[0].clone(), (header::RETRY_AFTER, "Sun, 06 Nov 1994 08:40:00 GMT")], Some(0)),
        // The client has no clock to compare a date with.
        (&[(header::RETRY_AFTER, "Sun, 06 Nov 1994 08:49:50 GMT")], None),
        // Longer than anybody waits.
        (&[(header::RETRY_AFTER, "3600")], None),
        // As Docker: the answer is the error.
        (&[], None),
    ];
    for status in [429, 503] {
        for (headers, expected) in &rows {
            let registry = Rc::new(Busy::refusing(Some(status), 8, 1, headers));
            let result = registry.client().manifest(&image(1)).await;
            let waits = registry.waits.borrow().clone();
            match expected {
                Some(seconds) => {
                    assert!(result.is_ok(), "{status} {headers:?}: {result:?}");
                    let least = Duration::from_secs(*seconds).max(Duration::from_millis(50));
                    let is_kept =
                        waits.len() == 1 && waits[0] >= least && waits[0] < least + Duration::from_secs(1);
                    assert!(is_kept, "{status} {headers:?}: {waits:?}");
                }
                None => {
                    assert!(matches!(result, Err(Error::Api { .. })), "{status} {headers:?}: {result:?}");
                    assert_eq!((waits.len(), registry.refused.get()), (0, 1), "{headers:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_registry_that_never_takes_a_request_is_given_up() {
    let registry = Rc::new(Busy::refusing(Some(429), 8, usize::MAX, &[(header::RETRY_AFTER, "1")]));
    registry.client().manifest(&image(1)).await.unwrap_err();
    assert_eq!(registry.refused.get(), 4);
    let registry = Rc::new(Busy::refusing(None, 8, usize::MAX, &[]));
    let client = registry.client();
    let images: Vec<Reference> = (0..64).map(image).collect();
    let fetched = future::join_all(images.iter().map(|image| client.manifest(image))).await;
    assert!(fetched.iter().all(Result::is_err));
    assert_eq!(registry.refused.get(), images.len(), "a registry that has never answered is asked once");
}
