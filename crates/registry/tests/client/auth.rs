//! Credentials: which requests carry them, and which servers get them.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use futures_channel::oneshot;
use futures_util::{
    FutureExt, TryStreamExt,
    future::{self, LocalBoxFuture, join_all, join3},
};
use http::{HeaderValue, Method, header};
use tallyman_dev_registry::{Auth, Builder as RegistryBuilder, Registry, RunningRegistry, TokenAuth};
use tallyman_registry::{
    CredentialError, CredentialRefusal, CredentialSource, Credentials, Error, Mount, NativeTransport,
    Request, Transport,
};

use crate::{
    scripted::{Scripted, answer},
    support::{Fixed, Image, asked, basic, builder, client, reference},
};

fn basic_registry() -> RegistryBuilder {
    let users = HashMap::from([("user".to_owned(), "secret".to_owned())]);
    Registry::builder().auth(Auth::Basic { realm: "Registry".to_owned(), users })
}

async fn token_registry(change: impl FnOnce(&mut TokenAuth)) -> RunningRegistry {
    let mut tokens = TokenAuth::new("user", "secret");
    change(&mut tokens);
    Registry::builder().auth(Auth::Token(tokens)).start().await.unwrap()
}

#[tokio::test]
async fn the_first_question_learns_the_challenge_for_all() {
    let registry = basic_registry().start().await.unwrap();
    let image = Image::new("amd64");
    image.fill(&registry, "acme/app", "a");
    image.fill(&registry, "acme/app", "b");
    image.fill(&registry, "acme/app", "c");
    let client = builder().credentials(basic("user", "secret")).build();
    let fetched = join_all(["a", "b", "c"].map(|tag| {
        let (client, reference) = (client.clone(), reference(&registry, &format!("acme/app:{tag}")));
        async move { client.manifest(&reference).await.unwrap().digest }
    }));
    assert_eq!(fetched.await, [image.digest(), image.digest(), image.digest()]);
    let statuses: Vec<u16> = registry.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [401, 200, 200, 200]);
}

#[tokio::test]
async fn a_wrong_password_is_the_registrys_own_401() {
    let registry = basic_registry().start().await.unwrap();
    for (client, expected) in [(builder().credentials(basic("user", "wrong")).build(), 2), (client(), 1)] {
        registry.clear_requests();
        let error = client.manifest(&reference(&registry, "acme/app:a")).await.unwrap_err();
        assert_eq!(error.code(), "unauthorized", "{error}");
        assert_eq!(registry.requests().len(), expected);
    }
}

#[tokio::test]
async fn a_token_is_asked_for_once_however_many_wait() {
    let registry = token_registry(|_| ()).await;
    let image = Image::new("amd64");
    image.fill(&registry, "acme/app", "a");
    image.fill(&registry, "acme/app", "b");
    let client = builder().credentials(basic("user", "secret")).build();
    let (one, two) = (reference(&registry, "acme/app:a"), reference(&registry, "acme/app:b"));
    let config = image.config_descriptor();
    let (a, b, config) =
        join3(client.manifest(&one), client.manifest(&two), client.blob(&one, &config)).await;
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(config.unwrap(), image.config);
    let asked = asked(&registry);
    assert_eq!(asked.iter().filter(|line| line.starts_with("GET /token")).count(), 1, "{asked:?}");
    assert_eq!(asked.iter().filter(|line| line.ends_with("401")).count(), 1, "{asked:?}");
}

#[tokio::test]
async fn public_images_need_no_credentials() {
    let registry = token_registry(|tokens| tokens.anonymous_pull = true).await;
    let image = Image::new("amd64");
    image.fill(&registry, "acme/app", "a");
    let fetched = client().manifest(&reference(&registry, "acme/app:a")).await.unwrap();
    assert_eq!(fetched.digest, image.digest());
    assert!(registry.requests().iter().all(|request| request.authorization.as_deref() != Some("Basic")));
}

#[tokio::test]
async fn a_token_that_ran_out_is_renewed_once() {
    let registry = token_registry(|_| ()).await;
    let image = Image::new("amd64");
    image.fill(&registry, "acme/app", "a");
    let client = builder().credentials(basic("user", "secret")).build();
    let reference = reference(&registry, "acme/app:a");
    client.manifest(&reference).await.unwrap();
    registry.expire_tokens();
    registry.clear_requests();
    client.manifest(&reference).await.unwrap();
    let asked = asked(&registry);
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[0].ends_with("401") && asked[1].starts_with("GET /token") && asked[2].ends_with("200"));
}

#[tokio::test]
async fn a_refusing_token_service_is_named() {
    let registry = token_registry(|_| ()).await;
    let client = builder().credentials(basic("user", "wrong")).build();
    let error = client.manifest(&reference(&registry, "acme/app:a")).await.unwrap_err();
    assert_eq!(error.code(), "token-refused");
    let text = error.to_string();
    assert!(text.contains("/token?account=…&scope=repository%3Aacme%2Fapp%3Apull"), "{text}");
    assert!(text.contains("UNAUTHORIZED, the user name or the password is wrong"), "{text}");
}

#[tokio::test]
async fn a_mount_is_one_request_with_a_token_for_both_repositories() {
    let registry = token_registry(|_| ()).await;
    let image = Image::new("amd64");
    image.fill(&registry, "acme/source", "a");
    let client = builder().credentials(basic("user", "secret")).build();
    let source = reference(&registry, "acme/source:a");
    client.manifest(&source).await.unwrap();
    registry.clear_requests();
    let target = reference(&registry, "acme/target:a");
    let digest = image.config_descriptor().digest;
    let mounted = client.mount_blob(&target, source.repository(), &digest).await.unwrap();
    assert_eq!(mounted, Mount::Mounted);
    // The token for both does for the target alone.
    assert_eq!(client.head_blob(&target, &digest).await.unwrap(), Some(image.config.len() as u64));
    let requests = registry.requests();
    let lines: Vec<_> = requests.iter().map(|request| (&*request.method, request.status)).collect();
    assert_eq!(lines, [("GET", 200), ("POST", 201), ("HEAD", 200)]);
    assert_eq!(
        requests[0].query,
        "account=user&scope=repository%3Aacme%2Fsource%3Apull&scope=repository%3Aacme%2Ftarget%3Apull%2Cpush&service=tallyman-dev-registry"
    );
}

#[tokio::test]
async fn credentials_do_not_go_to_another_site_unasked() {
    let elsewhere = token_registry(|_| ()).await;
    let realm = format!("http://localhost:{}/token", elsewhere.addr.port());
    let registry = token_registry(|tokens| tokens.realm = Some(realm.clone())).await;
    let reference = reference(&registry, "acme/app:a");
    let source = |may_go_elsewhere| {
        let credentials = Credentials::Basic { user: "user".to_owned(), password: "secret".to_owned() };
        Rc::new(Fixed { credentials: Some(credentials), may_go_elsewhere })
    };
    let client = builder().credentials(source(false)).build();
    let error = client.manifest(&reference).await.unwrap_err();
    assert_eq!(error.code(), "foreign-realm");
    assert!(error.to_string().contains(&realm), "{error}");
    assert_eq!(elsewhere.requests(), []);
    let client = builder().credentials(source(true)).build();
    client.manifest(&reference).await.unwrap_err();
    assert_eq!(elsewhere.requests().len(), 1);
}

#[tokio::test]
async fn an_identity_token_is_exchanged_and_never_shown_to_the_registry() {
    let registry = token_registry(|_| ()).await;
    Image::new("amd64").fill(&registry, "acme/app", "a");
    // A refresh token, as `docker login` would keep it.
    let mut login = Request::new(Method::POST, format!("{}/token", registry.url()));
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    login.headers.insert(header::CONTENT_TYPE, form);
    login.body =
        Bytes::from_static(b"grant_type=password&username=user&password=secret&access_type=offline").into();
    let answer = NativeTransport::new().send(login).await.unwrap().body.collect(10_000).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer.unwrap()).unwrap();
    registry.clear_requests();

    let identity = Credentials::IdentityToken(answer["refresh_token"].as_str().unwrap().to_owned());
    let source = Fixed { credentials: Some(identity), may_go_elsewhere: false };
    let client = builder().credentials(Rc::new(source)).build();
    client.manifest(&reference(&registry, "acme/app:a")).await.unwrap();
    let requests = registry.requests();
    let lines: Vec<_> = requests
        .iter()
        .map(|request| (&*request.method, request.status, request.authorization.as_deref(), &*request.query))
        .collect();
    assert_eq!(
        lines,
        [("GET", 401, None, ""), ("POST", 200, None, ""), ("GET", 200, Some("Bearer"), "")],
        "it is in no URL and no header"
    );
}

#[tokio::test]
async fn a_registry_token_is_sent_as_it_is() {
    let registry = token_registry(|tokens| tokens.lifetime = Duration::from_secs(60)).await;
    let token = Credentials::RegistryToken("opaque".to_owned());
    let source = Fixed { credentials: Some(token), may_go_elsewhere: false };
    let client = builder().credentials(Rc::new(source)).build();
    let error = client.manifest(&reference(&registry, "acme/app:a")).await.unwrap_err();
    assert_eq!(error.code(), "unauthorized");
    let sent: Vec<_> = registry.requests().iter().map(|request| request.authorization.clone()).collect();
    assert_eq!(sent, [None, Some("Bearer".to_owned())]);
}

/// A source that answers when it is told to, and counts its calls.
#[derive(Default)]
struct Slow {
    calls: Cell<u32>,
    answers: RefCell<Vec<oneshot::Sender<()>>>,
}

impl CredentialSource for Slow {
    fn credentials(
        &self,
        _: &tallyman_core::Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        self.calls.set(self.calls.get() + 1);
        let (answer, asked) = oneshot::channel();
        self.answers.borrow_mut().push(answer);
        let credentials = Credentials::Basic { user: "user".into(), password: "secret".into() };
        asked.map(|_| Ok(Some(credentials))).boxed_local()
    }
}

#[tokio::test]
async fn an_aborted_request_leaves_its_call_of_the_source_to_the_others() {
    let registry = basic_registry().samples().start().await.unwrap();
    let source = Rc::new(Slow::default());
    let client = builder().credentials(Rc::clone(&source) as Rc<dyn CredentialSource>).build();
    let image = reference(&registry, "samples/hello:amd64");
    let mut aborted = Box::pin(client.head_manifest(&image));
    let mut other = Box::pin(client.head_manifest(&image));
    while source.calls.get() == 0 {
        assert!((&mut aborted).now_or_never().is_none());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!((&mut other).now_or_never().is_none());
    drop(aborted);
    let answered = async {
        while source.answers.borrow().is_empty() {
            tokio::task::yield_now().await;
        }
        let _ = source.answers.take().remove(0).send(());
    };
    let (head, ()) = future::join(other, answered).await;
    head.unwrap();
    assert_eq!(source.calls.get(), 1);
}

/// Passwords, one after another.
struct Rotating {
    passwords: RefCell<Vec<&'static str>>,
    refusals: RefCell<Vec<CredentialRefusal>>,
    are_current: Cell<bool>,
}

impl Rotating {
    fn new(passwords: &[&'static str]) -> Rc<Self> {
        let passwords = RefCell::new(passwords.iter().rev().copied().collect());
        Rc::new(Self { passwords, refusals: RefCell::default(), are_current: Cell::new(true) })
    }

    fn next(&self) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        let next = self.passwords.borrow_mut().pop();
        let next = next.map(|password| Credentials::Basic { user: "user".into(), password: password.into() });
        future::ready(Ok(next)).boxed_local()
    }
}

impl CredentialSource for Rotating {
    fn credentials(
        &self,
        _: &tallyman_core::Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        self.are_current.set(true);
        self.next()
    }

    fn are_current(&self, _: &tallyman_core::Registry) -> bool {
        self.are_current.get()
    }

    fn renewed(
        &self,
        _: &tallyman_core::Registry,
        _: Option<&str>,
        refusal: &CredentialRefusal,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        self.refusals.borrow_mut().push(refusal.clone());
        self.next()
    }
}

#[tokio::test]
async fn after_a_refusal_the_source_is_asked_once_more_with_the_reason() {
    for registry in [basic_registry().start().await.unwrap(), token_registry(|_| ()).await] {
        let image = Image::new("amd64");
        image.fill(&registry, "acme/app", "a");
        let reference = reference(&registry, "acme/app:a");
        let source = Rotating::new(&["expired", "secret"]);
        let client = builder().credentials(Rc::clone(&source) as Rc<dyn CredentialSource>).build();
        // Requests refused at the same time share one token request.
        for head in join_all((0..8).map(|_| client.head_manifest(&reference))).await {
            head.unwrap();
        }
        let refusals = source.refusals.borrow().clone();
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert_eq!(refusals[0].status, 401);
        assert_eq!(client.manifest(&reference).await.unwrap().digest, image.digest());

        // A source without other credentials is asked again, and the refusal is reported.
        let source = Rotating::new(&["expired"]);
        let client = builder().credentials(Rc::clone(&source) as Rc<dyn CredentialSource>).build();
        for expected in 1..3 {
            let error = client.manifest(&reference).await.unwrap_err();
            assert!(["unauthorized", "token-refused"].contains(&error.code()), "{error}");
            assert_eq!(source.refusals.borrow().len(), expected);
        }
        assert!(!source.refusals.borrow()[0].message.is_empty());
    }
}

#[tokio::test]
async fn credentials_that_are_no_longer_current_are_asked_for_anew() {
    let registry = basic_registry().start().await.unwrap();
    let image = Image::new("amd64");
    image.fill(&registry, "acme/app", "a");
    let reference = reference(&registry, "acme/app:a");
    let source = Rotating::new(&["secret", "secret", "wrong"]);
    let client = builder().credentials(Rc::clone(&source) as Rc<dyn CredentialSource>).build();
    for _ in 0..2 {
        client.head_manifest(&reference).await.unwrap();
        source.are_current.set(false);
    }
    assert_eq!(source.passwords.borrow().len(), 1);
}

#[tokio::test]
async fn a_registry_may_have_a_token_service_for_each_repository() {
    for refuses in [false, true] {
        let client = with_token_services(refuses).client();
        for repository in ["a", "b", "a"] {
            let image = format!("r.example/{repository}:1").parse().unwrap();
            client.manifest(&image).await.unwrap_or_else(|error| panic!("{repository}: {error}"));
        }
        // One that refuses a repository of its own has the last word, and what is shown without a token may not be all.
        for _ in 0..2 {
            let image = "r.example/denied:1".parse().unwrap();
            let errors = [
                client.manifest(&image).await.unwrap_err(),
                client.tags(&image).try_concat().await.unwrap_err(),
            ];
            assert_eq!(errors.each_ref().map(Error::code), ["token-refused"; 2]);
        }
    }
}

/// A registry with a token service for each repository, which refuses other repositories, or grants them a token without a use.
fn with_token_services(refuses: bool) -> Rc<Scripted> {
    Scripted::new(move |request| {
        let (place, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let path = place.strip_prefix("https://r.example/").unwrap();
        if let Some(service) = path.strip_prefix("token/") {
            let repository = query.split("%3A").nth(1).unwrap();
            if service == "denied" || refuses && service != repository {
                return answer(403, "application/json", "{}");
            }
            return answer(200, "application/json", format!(r#"{{"token":"{service}-{repository}"}}"#));
        }
        if path.contains("/tags/list") {
            return answer(200, "application/json", r#"{"tags":["a"]}"#);
        }
        let repository = path.split('/').nth(1).unwrap_or_default();
        let sent = request.headers.get(header::AUTHORIZATION).and_then(|sent| sent.to_str().ok());
        if sent == Some(&format!("Bearer {repository}-{repository}")) {
            return answer(200, "application/vnd.oci.image.manifest.v1+json", "{}");
        }
        let challenge = format!(
            r#"Bearer realm="https://r.example/token/{repository}",service="r",scope="repository:{repository}:pull""#
        );
        Some((401, vec![(header::WWW_AUTHENTICATE, challenge)], String::new()))
    })
}

#[tokio::test]
async fn the_answer_of_a_token_service_may_be_long_but_has_an_end() {
    for (spaces, expected) in [(100 << 10, Ok(())), (2 << 20, Err("too-large"))] {
        let server = Scripted::new(move |request| match request.headers.get(header::AUTHORIZATION) {
            _ if request.url.contains("/token") => {
                answer(200, "application/json", format!(r#"{{{}"token":"t"}}"#, " ".repeat(spaces)))
            }
            Some(_) => answer(200, "application/vnd.oci.image.manifest.v1+json", "{}"),
            None => {
                let challenge = r#"Bearer realm="https://r.example/token",service="r""#.to_owned();
                Some((401, vec![(header::WWW_AUTHENTICATE, challenge)], String::new()))
            }
        });
        let fetched = server.client().manifest(&"r.example/a:1".parse().unwrap()).await;
        assert_eq!(fetched.map(drop).map_err(|error| error.code()), expected, "{spaces}");
    }
}
