//! Requests that are under way at a sign-in, a sign-out or a deletion, of which those who come later have nothing.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture, join},
};
use http::{Method, header};
use tallyman_core::{Digest, Reference, Registry};
use tallyman_dev_registry::{Auth, Fault, FaultKind, Registry as DevRegistry, RunningRegistry, TokenAuth};
use tallyman_registry::{Content, ContentStore, CredentialError, CredentialSource, Credentials};

use crate::{
    scripted::{Scripted, answer},
    support::{Image, asked, basic, builder, reference},
};

/// A store that tells what is in it.
#[derive(Default)]
struct Kept(RefCell<Vec<String>>);

impl ContentStore for Kept {
    fn get(&self, _: &str, _: &Digest) -> LocalBoxFuture<'static, Option<Content>> {
        future::ready(None).boxed_local()
    }

    fn keep(&self, place: &str, digest: &Digest, _: Content) {
        self.0.borrow_mut().push(format!("{place}/{digest}"));
    }

    fn remove(&self, place: &str, digest: &Digest) {
        self.0.borrow_mut().retain(|kept| *kept != format!("{place}/{digest}"));
    }

    fn forget(&self, registry: &Registry) {
        let prefix = format!("{}/", registry.as_str());
        self.0.borrow_mut().retain(|kept| !kept.starts_with(&prefix));
    }
}

/// A registry whose first answer to a request for content takes a while, and an image in it.
async fn slow_registry() -> (RunningRegistry, Image) {
    let slow = Fault::new(FaultKind::Latency { ms: 300 }).times(1);
    let registry = DevRegistry::builder().fault(slow).start().await.unwrap();
    let image = Image::new("amd64");
    image.fill(&registry, "acme/app", "a");
    (registry, image)
}

/// Does something while a request is under way.
async fn meanwhile<T>(request: impl Future<Output = T>, work: impl FnOnce()) -> T {
    let work = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        work();
    };
    join(request, work).await.0
}

#[tokio::test]
async fn answers_after_a_sign_out_are_not_cached() {
    for part in ["manifest", "entry", "blob"] {
        let (registry, image) = slow_registry().await;
        let kept = Rc::new(Kept::default());
        let client = builder().content(Rc::clone(&kept) as Rc<dyn ContentStore>).build();
        let app = reference(&registry, "acme/app:a");
        let by_digest = app.by_digest(image.digest());
        let (entry, config) = (image.descriptor(), image.config_descriptor());
        let fetch = async || match part {
            "manifest" => client.manifest(&by_digest).await.map(drop),
            "entry" => client.manifest_as(&app, &entry).await.map(drop),
            _ => client.blob(&app, &config).await.map(drop),
        };
        meanwhile(fetch(), || client.forget(app.registry())).await.unwrap();
        assert_eq!(*kept.0.borrow(), [""; 0], "{part}");
        fetch().await.unwrap();
        assert_eq!(asked(&registry).len(), 2, "{part}: it is not in memory either");
        assert_eq!(kept.0.borrow().len(), 1, "{part}: it belongs to those who are there now");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_after_a_deletion_are_not_cached() {
    let (is_deleted, is_first) = (Cell::new(false), Cell::new(true));
    let server = Scripted::slow(
        move |request| {
            if request.method == Method::DELETE {
                is_deleted.set(true);
                return (Duration::ZERO, answer(202, "text/plain", ""));
            }
            let time = if is_first.take() { Duration::from_millis(300) } else { Duration::ZERO };
            let gone = r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#;
            match is_deleted.get() {
                true => (time, answer(404, "application/json", gone)),
                false => (time, answer(200, "application/vnd.oci.image.manifest.v1+json", "{}")),
            }
        },
        false,
    );
    let kept = Rc::new(Kept::default());
    let client = server.builder().content(Rc::clone(&kept) as Rc<dyn ContentStore>).build();
    let image: Reference = "r.example/acme/app".parse().unwrap();
    let image = image.by_digest(Digest::of(b"{}"));
    let deletion = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.delete_manifest(&image).await.unwrap();
        // It is not what was there before that counts.
        client.manifest(&image).await.map(drop)
    };
    let (before, after) = join(client.manifest(&image), deletion).await;
    assert!(before.is_ok() && after.unwrap_err().is_not_found());
    assert_eq!(*kept.0.borrow(), [""; 0]);
    assert!(client.manifest(&image).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn requests_do_not_join_one_from_before_a_sign_in() {
    for part in ["manifest", "blob"] {
        let (registry, image) = slow_registry().await;
        let client = builder().build();
        let app = reference(&registry, "acme/app:a");
        let config = image.config_descriptor();
        let fetch = async || match part {
            "manifest" => client.manifest(&app).await.map(drop),
            _ => client.blob(&app, &config).await.map(drop),
        };
        let later = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            client.forget(app.registry());
            fetch().await
        };
        let (before, after) = join(fetch(), later).await;
        assert!(before.is_ok() && after.is_ok(), "{part}");
        assert_eq!(asked(&registry).len(), 2, "{part}");
    }
}

/// A source whose user changes.
struct Changing {
    user: Cell<&'static str>,
    are_current: Cell<bool>,
}

impl CredentialSource for Changing {
    fn credentials(
        &self,
        _: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        self.are_current.set(true);
        let (user, password) = (self.user.get().to_owned(), "pw".to_owned());
        future::ready(Ok(Some(Credentials::Basic { user, password }))).boxed_local()
    }

    fn are_current(&self, _: &Registry) -> bool {
        self.are_current.get()
    }
}

/// A registry whose token service names the user in each token, and thinks about Ann for a while.
fn token_server() -> Rc<Scripted> {
    let ann = "Basic YW5uOnB3";
    Scripted::slow(
        move |request| {
            let shown = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let is_ann = shown == Some(ann);
            if request.url.contains("/token") {
                let user = if is_ann { "ann" } else { "bob" };
                let time = if is_ann { Duration::from_millis(300) } else { Duration::ZERO };
                return (time, answer(200, "application/json", format!(r#"{{"token":"{user}"}}"#)));
            }
            if shown.is_some() {
                return (Duration::ZERO, answer(200, "application/json", "{}"));
            }
            let mut refusal = answer(401, "application/json", "{}");
            if let Some((_, headers, _)) = &mut refusal {
                let challenge = r#"Bearer realm="https://r.example/token",service="r""#;
                headers.push((header::WWW_AUTHENTICATE, challenge.to_owned()));
            }
            (Duration::ZERO, refusal)
        },
        false,
    )
}

#[tokio::test]
async fn a_token_goes_to_those_alone_whose_credentials_it_was_given_for() {
    for signs_out in [true, false] {
        let server = token_server();
        let source = Rc::new(Changing { user: Cell::new("ann"), are_current: Cell::new(true) });
        let client = server.builder().credentials(Rc::clone(&source) as Rc<dyn CredentialSource>).build();
        let [one, two]: [Reference; 2] =
            ["r.example/acme/app:1", "r.example/acme/app:2"].map(|text| text.parse().unwrap());
        let later = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            source.user.set("bob");
            match signs_out {
                true => client.forget(one.registry()),
                false => source.are_current.set(false),
            }
            client.head_manifest(&two).await
        };
        let (before, after) = join(client.head_manifest(&one), later).await;
        assert!(before.is_ok() && after.is_ok(), "{before:?} {after:?}");
        let path = "HEAD /v2/acme/app/manifests";
        let asked = server.asked();
        assert!(asked.contains(&format!("{path}/1 Bearer ann")), "{asked:?}");
        assert!(asked.contains(&format!("{path}/2 Bearer bob")), "{asked:?}");
        // Ann's token has come since.
        client.head_manifest(&one).await.unwrap();
        assert_eq!(server.asked(), [format!("{path}/1 Bearer bob")]);
    }
}

#[tokio::test]
async fn credentials_that_are_the_same_again_keep_their_token() {
    let server = token_server();
    let source = Rc::new(Changing { user: Cell::new("bob"), are_current: Cell::new(true) });
    let client = server.builder().credentials(Rc::clone(&source) as Rc<dyn CredentialSource>).build();
    let image: Reference = "r.example/acme/app:1".parse().unwrap();
    client.head_manifest(&image).await.unwrap();
    server.asked();
    source.are_current.set(false);
    client.head_manifest(&image).await.unwrap();
    assert_eq!(server.asked(), ["HEAD /v2/acme/app/manifests/1 Bearer bob"]);
}

#[tokio::test]
async fn an_upload_by_plain_http_goes_on_after_a_sign_out() {
    for signs_in in [false, true] {
        let slow = Fault::new(FaultKind::Latency { ms: 300 }).method("POST");
        let server = DevRegistry::builder().fault(slow);
        let server =
            if signs_in { server.auth(Auth::Token(TokenAuth::new("user", "secret"))) } else { server };
        let registry = server.start().await.unwrap();
        let client = builder().credentials(basic("user", "secret")).build();
        let app = reference(&registry, "acme/app:a");
        // The scheme is known, and the upload has begun.
        client.has_blob(&app, &Digest::of(b"none"), None).await.unwrap();
        let content = Bytes::from_static(b"content");
        let digest = Digest::of(&content);
        let upload = client.upload_blob(&app, &digest, &content);
        meanwhile(upload, || client.forget(app.registry())).await.unwrap();
        assert!(client.has_blob(&app, &digest, None).await.unwrap(), "{signs_in}");
    }
}
