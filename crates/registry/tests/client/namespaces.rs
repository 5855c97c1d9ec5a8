//! Credentials for namespaces of a registry: each repository goes with those for its own.

use std::{cell::RefCell, rc::Rc, time::Duration};

use futures_util::{FutureExt, future, future::LocalBoxFuture};
use http::{Method, header};
use tallyman_core::{Digest, Reference, Registry, Repository};
use tallyman_registry::{Client, CredentialError, CredentialRefusal, CredentialSource, Credentials, Request};

use crate::scripted::{Answer, Scripted, answer};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A source with credentials for the namespaces `one` and `two`, and for the registry. It notes what it is asked for.
#[derive(Clone, Default)]
struct Namespaces(Rc<RefCell<Vec<String>>>);

impl Namespaces {
    fn of(&self, user: &str) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        self.0.borrow_mut().push(user.to_owned());
        let credentials = Credentials::Basic { user: user.to_owned(), password: "secret".to_owned() };
        future::ready(Ok(Some(credentials))).boxed_local()
    }
}

impl CredentialSource for Namespaces {
    fn credentials(
        &self,
        _: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        self.of("whole")
    }

    fn namespace(&self, _: &Registry, repository: &Repository) -> Option<String> {
        let (namespace, _) = repository.as_str().split_once('/')?;
        ["one", "two"].contains(&namespace).then(|| namespace.to_owned())
    }

    fn credentials_of_namespace(
        &self,
        _: &Registry,
        namespace: &str,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        self.of(namespace)
    }

    fn renewed(
        &self,
        _: &Registry,
        namespace: Option<&str>,
        _: &CredentialRefusal,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        self.of(&format!("new-{}", namespace.unwrap_or("whole")))
    }
}

/// Returns the one of `users` whose credentials a request goes with.
fn user_of<const N: usize>(request: &Request, users: [&'static str; N]) -> Option<&'static str> {
    let shown = request.headers.get(header::AUTHORIZATION)?;
    users.into_iter().find(|user| {
        let credentials = Credentials::Basic { user: (*user).to_owned(), password: "secret".to_owned() };
        credentials.basic().as_ref() == Some(shown)
    })
}

/// A registry whose token service gives each user a token of the same name, which is good for everything.
fn script(request: &Request) -> Answer {
    let shown = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if request.url.contains("/token") {
        let user = user_of(request, ["one", "two", "whole"]);
        return answer(200, "application/json", format!(r#"{{"token":"{}"}}"#, user.unwrap_or("nobody")));
    }
    if shown.is_none() {
        let challenge = r#"Bearer realm="https://r.example/token",service="r""#.to_owned();
        return Some((401, vec![(header::WWW_AUTHENTICATE, challenge)], String::new()));
    }
    match request.method {
        Method::POST => answer(201, "text/plain", ""),
        _ if request.url.contains("_catalog") => answer(200, "application/json", r#"{"repositories":[]}"#),
        _ => answer(200, MANIFEST, "{}"),
    }
}

async fn fetch(client: &Client, name: &str) {
    let reference: Reference = format!("r.example/{name}").parse().unwrap();
    client.manifest(&reference).await.unwrap();
}

#[tokio::test]
async fn each_repository_goes_with_the_credentials_for_its_namespace() {
    let server = Scripted::new(script);
    let source = Namespaces::default();
    let client = server.builder().credentials(Rc::new(source.clone())).build();
    for name in ["one/app:1", "two/app:1", "other/app:1", "one/more:1", "app:1"] {
        fetch(&client, name).await;
    }
    client.check(&"r.example".parse().unwrap()).await.unwrap();
    let from: Reference = "r.example/one/app:1".parse().unwrap();
    let to: Reference = "r.example/two/app:1".parse().unwrap();
    client.mount_blob(&to, from.repository(), &Digest::of(b"blob")).await.unwrap();
    let sent: Vec<_> = server.asked().into_iter().filter(|line| line.contains(" Bearer ")).collect();
    let expected = [
        "GET /v2/one/app/manifests/1 Bearer one",
        "GET /v2/two/app/manifests/1 Bearer two",
        "GET /v2/other/app/manifests/1 Bearer whole",
        "GET /v2/one/more/manifests/1 Bearer one",
        "GET /v2/app/manifests/1 Bearer whole",
        "GET /v2/ Bearer whole",
    ];
    assert_eq!(sent[..expected.len()], expected);
    let mounts = &sent[expected.len()..];
    assert!(!mounts.is_empty() && mounts.iter().all(|line| line.ends_with(" Bearer two")), "{mounts:?}");
    assert_eq!(*source.0.borrow(), ["one", "two", "whole"], "each is asked for once");
}

#[tokio::test]
async fn credentials_that_are_refused_are_renewed_for_their_namespace() {
    for (name, users) in [
        ("one/app:1", ["one", "new-one"]),
        ("other/app:1", ["whole", "new-whole"]),
        ("app:1", ["whole", "new-whole"]),
    ] {
        let server = Scripted::new(|request| match request.headers.get(header::AUTHORIZATION) {
            Some(_) => answer(403, "text/plain", ""),
            None => {
                let challenge = "Basic realm=\"r\"".to_owned();
                Some((401, vec![(header::WWW_AUTHENTICATE, challenge)], String::new()))
            }
        });
        let source = Namespaces::default();
        let client = server.builder().credentials(Rc::new(source.clone())).build();
        let reference: Reference = format!("r.example/{name}").parse().unwrap();
        assert_eq!(client.manifest(&reference).await.unwrap_err().code(), "denied");
        assert_eq!(*source.0.borrow(), users, "{name}");
    }
}

#[tokio::test]
async fn namespaces_that_are_refused_at_the_same_moment_are_both_renewed() {
    // Both refusals are on their way before either is renewed.
    let server = Scripted::slow(
        |request| {
            let is_signed = request.headers.contains_key(header::AUTHORIZATION);
            let answer = match user_of(request, ["new-one", "new-two"]) {
                Some(_) => answer(200, MANIFEST, "{}"),
                None if is_signed => answer(403, "text/plain", ""),
                None => Some((
                    401,
                    vec![(header::WWW_AUTHENTICATE, "Basic realm=\"r\"".to_owned())],
                    String::new(),
                )),
            };
            (Duration::from_millis(20), answer)
        },
        false,
    );
    let source = Namespaces::default();
    let client = server.builder().credentials(Rc::new(source.clone())).build();
    client.check(&"r.example".parse().unwrap()).await.ok();
    future::join(fetch(&client, "one/app:1"), fetch(&client, "two/app:1")).await;
    assert_eq!(*source.0.borrow(), ["whole", "new-whole", "one", "two", "new-one", "new-two"]);
}
