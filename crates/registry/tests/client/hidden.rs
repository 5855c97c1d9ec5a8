//! Registries that hide what they have from anonymous callers, and ask for credentials at `/v2/` alone, as Docker asks there.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use futures_util::TryStreamExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tallyman_core::Reference;
use tallyman_registry::{Access, Body, Client, Credentials, Request, Response, Retry};

use crate::{
    scripted::{AtOnce, Scripted, answer},
    support::{Fixed, basic},
};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A registry that gives a manifest to whoever shows a password.
struct Hiding {
    /// Status and media type of what others get.
    answer: (u16, &'static str),
    /// The URL of that answer, if a redirect led elsewhere.
    elsewhere: Option<&'static str>,
    /// `true` if `/v2/` asks for credentials.
    asks: bool,
    requests: RefCell<Vec<String>>,
    leaked: Cell<bool>,
}

impl Hiding {
    fn answer(&self, request: &Request) -> Response {
        let is_known = request.headers.contains_key(header::AUTHORIZATION);
        self.leaked.set(self.leaked.get() || is_known && !request.url.starts_with("https://r.example/"));
        let path = request.url.strip_prefix("https://r.example").unwrap_or(&request.url);
        self.requests.borrow_mut().push(format!(
            "{} {path}{}",
            request.method,
            if is_known { " known" } else { "" }
        ));
        let (status, media_type, url) = match (path, is_known) {
            ("/v2/", false) if self.asks => (401, "text/plain", request.url.clone()),
            ("/v2/", _) => (200, "text/plain", request.url.clone()),
            (_, true) if self.asks => (200, MANIFEST, request.url.clone()),
            _ => {
                let (status, media_type) = self.answer;
                (status, media_type, self.elsewhere.map_or(request.url.clone(), str::to_owned))
            }
        };
        let mut headers =
            HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        if path == "/v2/" && status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"r\""));
        }
        let status = StatusCode::from_u16(status).unwrap();
        let body = if request.method == Method::HEAD { Body::full("") } else { Body::full("{}") };
        Response { status, headers, url, body }
    }

    /// A client of somebody who has the password.
    fn client(self: &Rc<Self>) -> Client {
        let registry = Rc::clone(self);
        Client::builder(Rc::new(AtOnce(move |request| Ok(registry.answer(&request)))))
            .access(|_| Access::Tls)
            .credentials(basic("ann", "pw"))
            .build()
    }
}

fn registry(answer: (u16, &'static str), elsewhere: Option<&'static str>, asks: bool) -> Rc<Hiding> {
    Rc::new(Hiding { answer, elsewhere, asks, requests: RefCell::default(), leaked: Cell::default() })
}

const ANSWERS: [((u16, &str), Option<&str>); 12] = [
    ((400, "text/plain"), None),
    ((401, "text/plain"), None),
    ((402, "text/plain"), None),
    ((403, "application/json"), None),
    ((404, "application/json"), None),
    ((405, "text/html"), None),
    ((410, "text/plain"), None),
    ((302, "text/html"), None),
    ((200, "text/html; charset=utf-8"), None),
    ((200, "TEXT/HTML"), Some("https://login.example/?next=x")),
    ((403, "text/html"), Some("https://login.example/")),
    ((404, "text/html"), Some("https://login.example/")),
];

#[tokio::test]
async fn credentials_are_sent_to_a_registry_that_hides_its_content_in_any_way() {
    let image: Reference = "r.example/acme/app:1".parse().unwrap();
    for (answer, elsewhere) in ANSWERS {
        let registry = registry(answer, elsewhere, true);
        let client = registry.client();
        let fetched = client.manifest(&image).await;
        assert!(fetched.is_ok(), "{answer:?} {elsewhere:?}: {fetched:?}");
        let path = "/v2/acme/app/manifests/1";
        let expected = [format!("GET {path}"), "GET /v2/".to_owned(), format!("GET {path} known")];
        assert_eq!(*registry.requests.borrow(), expected, "{answer:?} {elsewhere:?}");
        assert!(!registry.leaked.get(), "{answer:?} {elsewhere:?}");
        // It is known from now on.
        registry.requests.borrow_mut().clear();
        client.manifest(&"r.example/acme/app:2".parse().unwrap()).await.unwrap();
        assert_eq!(*registry.requests.borrow(), ["GET /v2/acme/app/manifests/2 known"]);
    }
}

#[tokio::test]
async fn a_registry_that_asks_for_nothing_is_asked_once_and_its_answer_is_told() {
    let image: Reference = "r.example/acme/app:1".parse().unwrap();
    for (answer, elsewhere) in ANSWERS.into_iter().filter(|((status, _), _)| ![200, 401].contains(status)) {
        let registry = registry(answer, elsewhere, false);
        let client = registry.client();
        let error = client.manifest(&image).await.unwrap_err();
        let is_told =
            matches!(&error, tallyman_registry::Error::Api { status, .. } if status.as_u16() == answer.0);
        assert!(is_told, "{answer:?}: {error:?}");
        assert_eq!(registry.requests.borrow().len(), 2, "{answer:?}");
        client.manifest(&image).await.unwrap_err();
        assert_eq!(registry.requests.borrow().len(), 3, "{answer:?}");
        assert!(!registry.leaked.get(), "{answer:?} {elsewhere:?}");
    }
}

#[tokio::test]
async fn a_registry_that_could_not_say_what_it_asks_for_is_asked_again() {
    for status in [429, 500, 502, 503] {
        // Of whoever is not to ask again it is told: the list would be short.
        let client = shortening(status).builder().credentials(basic("ann", "pw")).build();
        let image: Reference = "r.example/acme/app:1".parse().unwrap();
        let error = client.tags(&image).try_concat().await.unwrap_err();
        assert!(matches!(error.code(), "registry-error" | "too-many-requests"), "{status}: {error}");
        assert_eq!(client.tags(&image).try_concat().await.unwrap(), ["a", "b"], "{status}");

        let retry = Retry { first_backoff: Duration::from_millis(1), ..Retry::default() };
        let server = shortening(status);
        let client = server.builder().credentials(basic("ann", "pw")).retry(retry).build();
        assert_eq!(client.tags(&image).try_concat().await.unwrap(), ["a", "b"], "{status}");
        // The scheme is known by now.
        server.asked();
        assert_eq!(client.tags(&image).try_concat().await.unwrap(), ["a", "b"], "{status}");
        assert_eq!(server.asked().len(), 1);
    }
}

/// A registry that shows a tag less to those without credentials, and says once by `status` alone what it asks for.
fn shortening(status: u16) -> Rc<Scripted> {
    let failures = Cell::new(1);
    Scripted::new(move |request| {
        if request.url.ends_with("/v2/") {
            if failures.get() > 0 {
                failures.set(failures.get() - 1);
                return answer(status, "text/plain", "not now");
            }
            let challenge = (header::WWW_AUTHENTICATE, "Basic realm=\"r\"".to_owned());
            return Some((401, vec![challenge], "{}".to_owned()));
        }
        let is_known = request.headers.contains_key(header::AUTHORIZATION);
        answer(200, "application/json", if is_known { r#"{"tags":["a","b"]}"# } else { r#"{"tags":["a"]}"# })
    })
}

#[tokio::test]
async fn a_server_that_a_registry_redirects_to_does_not_name_its_token_service() {
    let sent = Rc::new(RefCell::new(Vec::new()));
    // It redirects all requests to a server that asks for a password, and hides its content as well.
    let redirecting = {
        let sent = Rc::clone(&sent);
        move |request: Request| {
            sent.borrow_mut().push(request.url.clone());
            let challenge = r#"Bearer realm="https://thief.example/token",service="r""#;
            let (status, url) = match request.url.strip_prefix("https://r.example") {
                Some("/v2/") => (StatusCode::UNAUTHORIZED, "http://new.example/v2/".to_owned()),
                Some(path) => (StatusCode::NOT_FOUND, format!("http://new.example{path}")),
                None => (StatusCode::OK, request.url),
            };
            let headers =
                HeaderMap::from_iter([(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))]);
            Ok(Response { status, headers, url, body: Body::full(r#"{"token":"t"}"#) })
        }
    };
    let credentials = Credentials::Basic { user: "ann".to_owned(), password: "pw".to_owned() };
    // As for the command line, a registry may name any token service.
    let source = Fixed { credentials: Some(credentials), may_go_elsewhere: true };
    let client = Client::builder(Rc::new(AtOnce(redirecting)))
        .access(|_| Access::Tls)
        .credentials(Rc::new(source))
        .build();
    client.manifest(&"r.example/acme/app:1".parse().unwrap()).await.unwrap_err();
    assert_eq!(*sent.borrow(), ["https://r.example/v2/acme/app/manifests/1", "https://r.example/v2/"]);
}
