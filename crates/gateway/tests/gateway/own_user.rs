//! The gateway's own user at a registry: refusals, tokens and passwords.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::future::join_all;

use crate::support::{Folder, Scripted, answer, at, caller, gateway, get, own_user};

/// Some registries say 401 to a token without the right, and nothing of why.
#[tokio::test]
async fn a_refusal_of_a_good_token_is_a_denial_in_the_registrys_words() {
    let folder = Folder::new("plain-401");
    let password = folder.write("password", "s3cret");
    let service = Scripted::start(|line| match line.contains("forbidden") {
        true => answer(403, &[], r#"{"errors":[{"code":"DENIED"}]}"#),
        false if line.contains("unknown") => answer(401, &[], ""),
        false => answer(200, &[], r#"{"token":"t"}"#),
    })
    .await;
    let realm = service.url.clone();
    let registry = Scripted::start_with(move |line, headers| {
        let is_known = headers.contains_key("authorization");
        let error = if is_known && line.contains("/invalid/") { ",error=\"invalid_token\"" } else { "" };
        let challenge = format!("Bearer realm=\"{realm}/token\",service=\"s\"{error}");
        let body = match line.contains("/silent/") {
            true => "",
            false => r#"{"errors":[{"code":"UNAUTHORIZED","message":"no such project"}]}"#,
        };
        answer(401, &[("www-authenticate", challenge.as_str()), ("content-type", "application/json")], body)
    })
    .await;
    let own = own_user(&password, service.url.trim_start_matches("http://"));
    let gateway = gateway(&registry.url, "", &format!("{own}\nread_only = false")).await;
    for (method, path, expected, words) in [
        ("GET", "closed/manifests/x", 403, "no such project"),
        ("GET", "silent/manifests/x", 403, "may not do this"),
        ("GET", "_catalog", 403, "no such project"),
        ("POST", "closed/blobs/uploads/?mount=sha256:ab&from=other", 403, "no such project"),
        ("PUT", "closed/manifests/x", 403, "no such project"),
        ("GET", "forbidden/manifests/x", 403, "DENIED"),
        // Requests are not denied before the registry has named its scheme.
        ("GET", "unknown/manifests/x", 502, "found 401"),
        ("GET", "invalid/manifests/x", 502, "answered 401"),
    ] {
        let request = caller().request(method.parse().unwrap(), at(&gateway, &format!("/r/lab/v2/{path}")));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{method} {path}");
        assert!(!response.headers().contains_key("www-authenticate"), "{method} {path}");
        let text = response.text().await.unwrap();
        assert!(text.contains(words), "{method} {path}: {text}");
    }
}

/// A token service with a password that the test changes, and a registry that takes its tokens. Both answer after `delay`.
async fn with_tokens(password: &Arc<Mutex<String>>, delay: Duration) -> (Scripted, Scripted) {
    let wanted = Arc::clone(password);
    let service = Scripted::start_after(delay, move |_, headers| {
        let wanted = format!("Basic {}", STANDARD.encode(format!("user:{}", wanted.lock().unwrap())));
        match headers.get("authorization").is_some_and(|sent| *sent == wanted) {
            true => answer(200, &[], r#"{"token":"t"}"#),
            false => answer(401, &[], ""),
        }
    })
    .await;
    let challenge = format!("Bearer realm=\"{}/token\",service=\"s\"", service.url);
    let registry = Scripted::start_after(delay, move |_, headers| {
        match headers.get("authorization").is_some_and(|sent| sent == "Bearer t") {
            true => answer(200, &[], "{}"),
            false => answer(401, &[("www-authenticate", challenge.as_str())], ""),
        }
    })
    .await;
    (registry, service)
}

#[tokio::test]
async fn requests_at_once_fetch_one_token_of_the_gateways_own_user() {
    let folder = Folder::new("single-flight");
    let file = folder.write("password", "wrong");
    let password = Arc::new(Mutex::new("s3cret".to_owned()));
    // Until all callers have come.
    let (registry, service) = with_tokens(&password, Duration::from_millis(500)).await;
    let own = own_user(&file, service.url.trim_start_matches("http://"));
    let gateway = gateway(&registry.url, "", &own).await;
    let ask = async || {
        let asked = (0..40).map(|_| get(&gateway, "/r/lab/v2/a/tags/list"));
        let statuses = join_all(asked).await.into_iter().map(|answer| answer.status().as_u16());
        statuses.collect::<Vec<_>>()
    };
    assert_eq!(ask().await, [502; 40]);
    let refused = service.lines().len();
    assert!(refused <= 3, "{refused} requests for a token that is refused");
    "wrong".clone_into(&mut password.lock().unwrap());
    assert_eq!(ask().await, [200; 40], "a failure is not kept");
    assert_eq!(service.lines().len() - refused, 1);
    let opened = registry.lines().iter().filter(|line| *line == "GET /v2/").count();
    assert!(opened <= 3, "{opened} requests for what the registry wants");
}

#[tokio::test]
async fn a_password_that_was_changed_is_read_anew() {
    let folder = Folder::new("renewed");
    let file = folder.write("password", "old\n");
    let password = Arc::new(Mutex::new("old".to_owned()));
    let (registry, service) = with_tokens(&password, Duration::ZERO).await;
    let own = own_user(&file, service.url.trim_start_matches("http://"));
    let by_token = gateway(&registry.url, "", &own).await;
    let wanted = Arc::clone(&password);
    let basic = Scripted::start_with(move |line, headers| {
        let wanted = format!("Basic {}", STANDARD.encode(format!("user:{}", wanted.lock().unwrap())));
        match headers.get("authorization").is_some_and(|sent| *sent == wanted) {
            true => answer(200, &[], "{}"),
            // As some say of a password that was good for hours.
            false if line.contains("/b/") => answer(403, &[], r#"{"errors":[{"code":"DENIED"}]}"#),
            false => answer(401, &[("www-authenticate", "Basic realm=\"r\"")], ""),
        }
    })
    .await;
    let by_password = gateway(&basic.url, "", &own).await;
    for gateway in [&by_token, &by_password] {
        assert_eq!(get(gateway, "/r/lab/v2/a/tags/list").await.status(), 200);
    }
    "new".clone_into(&mut password.lock().unwrap());
    folder.write("password", "new\n");
    assert_eq!(get(&by_token, "/r/lab/v2/c/tags/list").await.status(), 200);
    assert_eq!(get(&by_password, "/r/lab/v2/b/tags/list").await.status(), 200);
    assert_eq!(get(&by_password, "/r/lab/v2/a/tags/list").await.status(), 200);
}
