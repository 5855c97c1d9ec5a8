//! Tokens and who gets them.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tallyman_dev_registry::{Auth, Digest, Registry, RunningRegistry, TokenAuth};

use crate::http::{Answer, get, send};

async fn start(service: TokenAuth) -> RunningRegistry {
    let builder = Registry::builder().manifest("a", Some("x"), "text/plain", "manifest").blob("a", "blob");
    builder.auth(Auth::Token(service)).start().await.unwrap()
}

/// A token for some scopes, as a header's value.
async fn token(registry: &RunningRegistry, query: &str, password: Option<&str>) -> String {
    let basic = password.map(|password| format!("Basic {}", STANDARD.encode(format!("user:{password}"))));
    let headers: Vec<_> = basic.iter().map(|basic| ("authorization", basic.as_str())).collect();
    let answer = send("GET", &format!("{}/token?service=s&{query}", registry.url()), &headers, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    format!("Bearer {}", answer.json()["token"].as_str().unwrap())
}

async fn send_with(registry: &RunningRegistry, method: &str, path: &str, token: &str) -> Answer {
    send(method, &format!("{}{path}", registry.url()), &[("authorization", token)], "").await
}

#[tokio::test]
async fn a_token_opens_what_its_scope_names() {
    let registry = start(TokenAuth::new("user", "secret")).await;
    let challenge = get(&format!("{}/v2/a/manifests/x", registry.url())).await;
    let expected = format!(
        "Bearer realm=\"{}/token\",service=\"tallyman-dev-registry\",scope=\"repository:a:pull\"",
        registry.url()
    );
    assert_eq!(challenge.header("www-authenticate"), Some(expected.as_str()));
    let pull = token(&registry, "scope=repository:a:pull", Some("secret")).await;
    let both = token(&registry, "scope=repository:b:pull,push&scope=repository:a:pull", Some("secret")).await;
    let one = token(&registry, "scope=repository:b:pull,push", Some("secret")).await;
    let mount = format!("/v2/b/blobs/uploads/?mount={}&from=a", Digest::sha256(b"blob"));
    for (method, path, token, status) in [
        ("GET", "/v2/", &pull, 200),
        ("GET", "/v2/a/manifests/x", &pull, 200),
        ("GET", "/v2/b/manifests/x", &pull, 401),
        ("DELETE", "/v2/a/manifests/x", &pull, 401),
        ("POST", &mount, &one, 401),
        ("POST", &mount, &both, 201),
    ] {
        let answer = send_with(&registry, method, path, token).await;
        assert_eq!(answer.status, status, "{method} {path}");
        if status == 401 {
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.ends_with(",error=\"insufficient_scope\""), "{challenge}");
        }
    }
}

#[tokio::test]
async fn tokens_expire() {
    let registry =
        start(TokenAuth { lifetime: Duration::from_millis(80), ..TokenAuth::new("user", "secret") }).await;
    let pull = token(&registry, "scope=repository:a:pull", Some("secret")).await;
    assert_eq!(send_with(&registry, "GET", "/v2/a/manifests/x", &pull).await.status, 200);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let late = send_with(&registry, "GET", "/v2/a/manifests/x", &pull).await;
    assert!(late.header("www-authenticate").unwrap().ends_with(",error=\"invalid_token\""));

    let registry = start(TokenAuth::new("user", "secret")).await;
    let pull = token(&registry, "scope=repository:a:pull", Some("secret")).await;
    registry.expire_tokens();
    assert_eq!(send_with(&registry, "GET", "/v2/a/manifests/x", &pull).await.status, 401);
}

#[tokio::test]
async fn callers_without_a_name_may_pull_where_that_is_allowed() {
    for (anonymous_pull, status) in [(true, 200), (false, 401)] {
        let registry = start(TokenAuth { anonymous_pull, ..TokenAuth::new("user", "secret") }).await;
        let anonymous = token(&registry, "scope=repository:a:pull,push,delete", None).await;
        assert_eq!(send_with(&registry, "GET", "/v2/a/manifests/x", &anonymous).await.status, status);
        assert_eq!(send_with(&registry, "DELETE", "/v2/a/manifests/x", &anonymous).await.status, 401);
    }
}

#[tokio::test]
async fn refresh_tokens_are_exchanged_by_post() {
    let registry = start(TokenAuth::new("user", "secret")).await;
    let url = format!("{}/token", registry.url());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let password =
        "grant_type=password&username=user&password=secret&access_type=offline&service=s&client_id=t";
    let first = send("POST", &url, &form, password).await.json();
    let refresh = first["refresh_token"].as_str().unwrap();
    let grant = format!("grant_type=refresh_token&refresh_token={refresh}&scope=repository:a:pull&service=s");
    let second = send("POST", &url, &form, grant).await.json();
    let bearer = format!("Bearer {}", second["access_token"].as_str().unwrap());
    assert_eq!(send_with(&registry, "GET", "/v2/a/manifests/x", &bearer).await.status, 200);
    for (form_body, status) in [
        ("grant_type=refresh_token&refresh_token=unknown", 401),
        ("grant_type=password&username=user&password=wrong", 401),
        ("grant_type=other", 400),
    ] {
        assert_eq!(send("POST", &url, &form, form_body).await.status, status, "{form_body}");
    }
    let wrong = send("GET", &url, &[("authorization", "Basic dXNlcjp3cm9uZw==")], "").await;
    assert_eq!(wrong.status, 401);
}

#[tokio::test]
async fn preflights_are_refused_unless_they_are_let_through() {
    for (open, status) in [(false, 401), (true, 200)] {
        let auth = Auth::Token(TokenAuth::new("user", "secret"));
        let registry = Registry::builder().auth(auth).open_preflight(open).start().await.unwrap();
        let answer = send("OPTIONS", &format!("{}/v2/a/manifests/x", registry.url()), &[], "").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
}
