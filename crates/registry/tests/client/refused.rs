//! Failures that a browser does not explain, and addresses that are never requested, with a scripted transport.

use std::{rc::Rc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, future, future::LocalBoxFuture};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tallyman_core::Reference;
use tallyman_registry::{
    Access, Body, Client, Error, Request, Response, Transport, TransportError, TransportErrorKind,
};

use crate::support::{basic, builder};

/// A page of `page` in a browser that lets nothing through, or a registry that asks everyone for a token.
#[derive(Clone, Default)]
struct Scripted {
    page: Option<&'static str>,
    kind: Option<TransportErrorKind>,
    reaches: bool,
    /// The network that the page may not reach: `true` for the loopback interface; `None` if it may reach all.
    denied: Option<bool>,
    realm: &'static str,
}

impl Transport for Scripted {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        let answer = match self.kind {
            Some(kind) => Err(TransportError { kind, message: "that is all it says".to_owned() }),
            None => {
                let challenge = format!("Bearer realm=\"{}\",service=\"tests\"", self.realm);
                let challenge = HeaderValue::from_str(&challenge).unwrap();
                let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, challenge)]);
                let body = Body::full(Bytes::new());
                Ok(Response { status: StatusCode::UNAUTHORIZED, headers, url: request.url, body })
            }
        };
        future::ready(answer).boxed_local()
    }

    fn probe(&self, _: String) -> LocalBoxFuture<'_, bool> {
        future::ready(self.reaches).boxed_local()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        // Patience does not end here, and waits between attempts are short.
        if duration > Duration::from_secs(30) {
            future::pending().boxed_local()
        } else {
            future::ready(()).boxed_local()
        }
    }

    fn now(&self) -> f64 {
        0.0
    }

    fn join(&self, _: &str, location: &str) -> Result<String, TransportError> {
        Ok(location.to_owned())
    }

    fn obeys_cors(&self) -> bool {
        self.page.is_some()
    }

    fn page(&self) -> Option<String> {
        self.page.map(str::to_owned)
    }

    fn local_network_is_denied(&self, loopback: bool) -> LocalBoxFuture<'_, bool> {
        future::ready(self.denied == Some(loopback)).boxed_local()
    }
}

#[tokio::test]
async fn hidden_browser_failures_are_distinguished() {
    let (secure, plain) = (Some("https://ui.example"), Some("http://127.0.0.1:8080"));
    let opaque = Some(TransportErrorKind::Opaque);
    for (page, host, kind, reaches, denied, code) in [
        (secure, "registry.example", opaque, true, None, "mixed-content"),
        (secure, "10.0.0.7:5000", opaque, true, None, "mixed-content"),
        (secure, "127.0.0.1:5000", opaque, true, None, "cors"),
        (secure, "localhost:5000", opaque, false, None, "unreachable"),
        (secure, "127.0.0.1:5000", opaque, false, Some(true), "local-network-denied"),
        (secure, "127.0.0.1:5000", opaque, false, Some(false), "unreachable"),
        (plain, "10.0.0.7:5000", opaque, false, Some(false), "local-network-denied"),
        (plain, "10.0.0.7:5000", opaque, false, Some(true), "unreachable"),
        (plain, "registry.example", opaque, false, None, "unreachable"),
        (plain, "registry.example", opaque, false, Some(false), "unreachable"),
        (plain, "registry.lan", opaque, false, Some(false), "local-network-denied"),
        (plain, "registry:5000", opaque, false, Some(false), "local-network-denied"),
        (plain, "registry.example", opaque, true, None, "cors"),
        (plain, "registry.example", Some(TransportErrorKind::NotOpen), true, None, "out-of-reach"),
        (plain, "registry.example", Some(TransportErrorKind::Redirects), true, None, "protocol"),
    ] {
        let script = Scripted { page, kind, reaches, denied, realm: "" };
        let client = Client::builder(Rc::new(script)).access(|_| Access::PlainFirst).build();
        let reference: Reference = format!("{host}/acme/app:a").parse().unwrap();
        let error = client.manifest(&reference).await.unwrap_err();
        assert_eq!(error.code(), code, "{page:?} {host}: {error}");
        assert!(error.to_string().contains(host), "{error}");
        assert_eq!(error.is_transient(), code == "unreachable", "{error}");
        if let Error::Unreachable { no_local_network, .. } = error {
            assert_eq!(no_local_network, denied == Some(host.starts_with("127.")), "{host}");
        }
    }
}

#[tokio::test]
async fn passwords_do_not_go_to_a_token_service_over_plain_http() {
    let reference: Reference = "registry.example/acme/app:a".parse().unwrap();
    for (realm, access, code) in [
        ("http://registry.example/token", Access::Tls, "plain-realm"),
        // Marked insecure, it is asked, and refuses.
        ("http://registry.example/token", Access::Insecure, "token-refused"),
        ("https://registry.example/token", Access::Tls, "token-refused"),
        ("https://registry.example.attacker.example/token", Access::Tls, "foreign-realm"),
        ("https://attacker.example/registry.example/token", Access::Tls, "foreign-realm"),
    ] {
        let script = Scripted { realm, ..Scripted::default() };
        let builder = Client::builder(Rc::new(script)).access(move |_| access);
        let client = builder.credentials(basic("user", "secret")).build();
        let error = client.manifest(&reference).await.unwrap_err();
        assert_eq!(error.code(), code, "{realm} {access:?}: {error}");
        assert!(error.to_string().contains(realm), "{error}");
    }
}

#[tokio::test]
async fn a_reference_without_a_host_is_asked_for_nowhere() {
    // Docker's grammar takes it, with an empty registry.
    let reference: Reference = "a_b.com/app:v1".parse().unwrap();
    for access in [Access::Tls, Access::Insecure, Access::PlainFirst] {
        let client = builder().access(move |_| access).credentials(basic("user", "secret")).build();
        let error = client.manifest(&reference).await.unwrap_err();
        assert_eq!(error.code(), "unreachable");
        assert!(error.to_string().contains("no Host in request URL"), "{error}");
    }
}
