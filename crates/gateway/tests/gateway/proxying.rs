//! Requests and responses as they pass: in which form, and how much of them at a time.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::Request, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::{Notify, mpsc},
};

use crate::support::{Folder, Scripted, answer, at, caller, gateway, gateway_of, get, own_user};

const BLOB: &str =
    "/r/lab/v2/a/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

async fn start(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test]
async fn a_download_arrives_while_the_registry_still_sends() {
    let seen = Arc::new(Notify::new());
    let go_on = Arc::clone(&seen);
    let url = start(Router::new().fallback(async move || {
        let pieces = stream::unfold(0, move |at| {
            let go_on = Arc::clone(&go_on);
            async move {
                if at == 1 {
                    go_on.notified().await;
                }
                (at < 2).then(|| (Ok::<_, Infallible>(Bytes::from_static(b"half ")), at + 1))
            }
        });
        Response::new(Body::from_stream(pieces))
    }))
    .await;
    let gateway = gateway(&url, "", "").await;
    let mut pieces = get(&gateway, BLOB).await.bytes_stream();
    assert_eq!(pieces.next().await.unwrap().unwrap(), "half ");
    seen.notify_one();
    assert_eq!(pieces.next().await.unwrap().unwrap(), "half ");
    assert!(pieces.next().await.is_none());
}

#[tokio::test]
async fn an_upload_arrives_while_the_caller_still_sends() {
    let (seen, mut arrived) = mpsc::unbounded_channel();
    let lengths = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&lengths);
    let url = start(Router::new().fallback(async move |request: Request| {
        let length =
            request.headers().get("content-length").map(|length| length.to_str().unwrap().to_owned());
        noted.lock().unwrap().push(length);
        let mut pieces = request.into_body().into_data_stream();
        while let Some(piece) = pieces.next().await {
            seen.send(piece.unwrap()).unwrap();
        }
        StatusCode::ACCEPTED
    }))
    .await;
    let gateway = gateway(&url, "", "").await;
    for length in [None, Some(10)] {
        let (send, receive) = mpsc::unbounded_channel::<Result<Bytes, Infallible>>();
        let body = stream::unfold(receive, async |mut receive| Some((receive.recv().await?, receive)));
        let mut request = caller()
            .patch(at(&gateway, "/r/lab/v2/a/blobs/uploads/1"))
            .body(reqwest::Body::wrap_stream(body));
        if let Some(length) = length {
            request = request.header("content-length", length);
        }
        let answered = tokio::spawn(request.send());
        for _ in 0..2 {
            send.send(Ok(Bytes::from_static(b"half "))).unwrap();
            assert_eq!(arrived.recv().await.unwrap(), "half ");
        }
        drop(send);
        assert_eq!(answered.await.unwrap().unwrap().status(), 202);
    }
    assert_eq!(*lengths.lock().unwrap(), [None, Some("10".to_owned())]);
}

#[tokio::test]
async fn only_headers_of_the_distribution_api_pass() {
    let registry = Scripted::start(|_| {
        answer(
            200,
            &[
                ("content-type", "text/html"),
                ("docker-content-digest", "sha256:00"),
                ("set-cookie", "session=registry"),
                ("access-control-allow-origin", "*"),
                ("content-security-policy", "script-src *"),
                ("service-worker-allowed", "/"),
                ("keep-alive", "timeout=5"),
                ("x-powered-by", "registry"),
                ("refresh", "0; url=https://attacker.example"),
            ],
            "<script>alert(1)</script>",
        )
    })
    .await;
    let gateway = gateway(&registry.url, "", "").await;
    let accept =
        "application/vnd.oci.image.index.v1+json,application/vnd.docker.distribution.manifest.list.v2+json";
    let request = caller()
        .get(at(&gateway, "/r/lab/v2/a/manifests/x?ns=b&x=y"))
        .header("accept", accept)
        .header("authorization", "Bearer caller")
        .header("cookie", "session=browser")
        .header("range", "bytes=0-1")
        .header("x-forwarded-for", "10.0.0.1")
        .header("proxy-authorization", "Basic cHJveHk6")
        .header("te", "trailers")
        .header("referer", "http://127.0.0.1/secret");
    let response = request.send().await.unwrap();
    let headers = response.headers();
    for (name, expected) in [
        ("content-type", Some("text/html")),
        ("docker-content-digest", Some("sha256:00")),
        ("x-content-type-options", Some("nosniff")),
        ("content-security-policy", Some("default-src 'none'; frame-ancestors 'none'; sandbox")),
        ("cross-origin-resource-policy", Some("same-origin")),
        ("x-frame-options", Some("DENY")),
        ("referrer-policy", Some("no-referrer")),
        ("cache-control", Some("private, no-cache")),
        ("set-cookie", None),
        ("access-control-allow-origin", None),
        ("service-worker-allowed", None),
        ("keep-alive", None),
        ("x-powered-by", None),
        ("refresh", None),
    ] {
        assert_eq!(headers.get(name).map(|value| value.to_str().unwrap()), expected, "{name}");
    }
    let asked = registry.asked.lock().unwrap();
    let (line, headers): &(String, HeaderMap) = &asked[0];
    assert_eq!(line, "GET /v2/a/manifests/x?ns=b");
    let mut names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "authorization", "host", "range", "user-agent"]);
    assert_eq!(headers["accept"], accept);
    assert_eq!(headers["host"], registry.url.trim_start_matches("http://"));
}

#[tokio::test]
async fn places_become_references_relative_to_the_request() {
    let registry = Scripted::start(|line| match line {
        "GET /v2/" => answer(401, &[("www-authenticate", "Bearer realm=\"/\",service=\"s\"")], ""),
        "POST /v2/a/b/blobs/uploads/" => {
            answer(202, &[("location", "/v2/a/b/blobs/uploads/id?_state=x%2By")], "")
        }
        "PATCH /v2/a/b/blobs/uploads/id" => answer(202, &[("location", "id2?_state=2")], ""),
        "POST /v2/c/blobs/uploads/" => {
            answer(202, &[("location", "https://attacker.example/v2/c/blobs/uploads/1")], "")
        }
        "POST /v2/d/blobs/uploads/" => answer(202, &[("location", "/admin")], ""),
        "POST /v2/e/blobs/uploads/" => answer(307, &[("location", "/v2/e/blobs/uploads/1")], ""),
        "GET /v2/a/tags/list" => answer(200, &[("link", "</v2/a/tags/list?last=x&n=1>; rel=\"next\"")], "{}"),
        "GET /v2/c/tags/list" => {
            answer(200, &[("link", "<https://attacker.example/v2/c/tags/list?last=x>; rel=\"next\"")], "{}")
        }
        _ => answer(404, &[], ""),
    })
    .await;
    let gateway = gateway(&registry.url, "", "").await;
    for (method, path, status, name, expected) in [
        (
            "POST",
            "v2/a/b/blobs/uploads/",
            202,
            "location",
            Some("../../../../../v2/a/b/blobs/uploads/id?_state=x%2By"),
        ),
        (
            "PATCH",
            "v2/a/b/blobs/uploads/id",
            202,
            "location",
            Some("../../../../../v2/a/b/blobs/uploads/id2?_state=2"),
        ),
        ("POST", "v2/c/blobs/uploads/", 502, "location", None),
        ("POST", "v2/d/blobs/uploads/", 502, "location", None),
        ("POST", "v2/e/blobs/uploads/", 502, "location", None),
        ("GET", "v2/a/tags/list", 200, "link", Some("<../../../v2/a/tags/list?last=x&n=1>; rel=\"next\"")),
        ("GET", "v2/c/tags/list", 200, "link", Some("<../../../v2/c/tags/list?last=x>; rel=\"next\"")),
        // A realm that is no URL cannot be asked for a token.
        ("GET", "v2/", 502, "www-authenticate", None),
    ] {
        let url = at(&gateway, &format!("/r/lab/{path}"));
        let asking = caller().request(method.parse().unwrap(), url).header("tallyman-authorization", "none");
        let response = asking.send().await.unwrap();
        let found = response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!((response.status().as_u16(), found), (status, expected), "{method} {path}");
    }
}

/// Registries behind a port or a prefix of their own (Nexus), or a repository of repositories (Artifactory), name the next page by
/// a path that leads nowhere; some name it by a cursor of their own.
#[tokio::test]
async fn pages_of_a_list_lead_on_whatever_path_and_cursor_their_links_have() {
    let registry = Scripted::start(|line| {
        let (path, query) = line.split_once('?').unwrap_or((line, ""));
        if path == "GET /v2/moved/tags/list" {
            return answer(307, &[("location", "/v2/lost/tags/list")], "");
        }
        if path == "GET /v2/kept/tags/list" {
            let place = format!("/v2/plain/tags/list?{query}");
            return answer(307, &[("location", &place)], "");
        }
        if matches!(query, "n=1&last=v1" | "n=1&page_token=2%2F") {
            return answer(200, &[], "{\"tags\":[\"v2\"]}");
        }
        let link = match path {
            "GET /v2/plain/tags/list" | "GET /v2/lost/tags/list" => "/v2/plain/tags/list?n=1&last=v1",
            "GET /v2/docker/ren/tags/list" => "/v2/ren/tags/list?n=1&last=v1",
            "GET /v2/nx/tags/list" => "http://nexus.example/repository/nx/v2/nx/tags/list?n=1&last=v1",
            "GET /v2/prefix/tags/list" => "/registry/v2/prefix/tags/list?n=1&last=v1",
            "GET /v2/token/tags/list" => "/v2/token/tags/list?n=1&page_token=2%2F",
            "GET /v2/same/tags/list" => "/v2/same/tags/list",
            "GET /v2/method/tags/list" => "/v2/method/tags/list?_method=DELETE",
            "GET /v2/port/tags/list" => "http://nexus.example:port/v2/port/tags/list?n=1&last=v1",
            _ => return answer(404, &[], ""),
        };
        answer(200, &[("link", &format!("<{link}>; rel=\"next\""))], "{\"tags\":[\"v1\"]}")
    })
    .await;
    let gateway = gateway(&registry.url, "", "").await;
    for (name, expected) in [
        ("plain", vec![200, 200]),
        ("kept", vec![200, 200]),
        ("docker/ren", vec![200, 200]),
        ("nx", vec![200, 200]),
        ("prefix", vec![200, 200]),
        ("token", vec![200, 200]),
        // The second page would be the first one again.
        ("moved", vec![200, 502]),
        ("same", vec![502]),
        ("method", vec![502]),
        ("port", vec![502]),
    ] {
        let mut url: url::Url = at(&gateway, &format!("/r/lab/v2/{name}/tags/list")).parse().unwrap();
        let path = url.path().to_owned();
        let (mut statuses, mut tags) = (Vec::new(), String::new());
        loop {
            assert_eq!(url.path(), path, "a page of a list is a page of that list");
            let response = caller().get(url.clone()).send().await.unwrap();
            statuses.push(response.status().as_u16());
            let link = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
            tags += &response.text().await.unwrap();
            let Some(link) = link else { break };
            url = url.join(link.split(['<', '>']).nth(1).unwrap()).unwrap();
        }
        assert_eq!(statuses, expected, "{name}: {tags}");
        if expected == [200, 200] {
            assert_eq!(tags, "{\"tags\":[\"v1\"]}{\"tags\":[\"v2\"]}", "{name}");
        }
    }
}

#[tokio::test]
async fn a_registry_may_name_itself_as_references_do_and_nobody_follows_what_is_stored() {
    let registry = Scripted::start(|line| {
        let place = match line.split('/').nth(2).unwrap() {
            "own" => "https://registry.example/v2/own/blobs/uploads/1?_state=x",
            "api" => "https://registry.example/admin",
            _ => "https://attacker.example/v2/foreign/blobs/uploads/1",
        };
        answer(if line.starts_with("POST") { 202 } else { 201 }, &[("location", place)], "")
    })
    .await;
    let gateway = gateway(&registry.url, "", "host = 'registry.example'").await;
    for (method, path, expected) in [
        ("POST", "own/blobs/uploads/", (202, Some("../../../../v2/own/blobs/uploads/1?_state=x"))),
        ("PUT", "own/manifests/x", (201, Some("../../../v2/own/blobs/uploads/1?_state=x"))),
        ("PUT", "foreign/manifests/x", (201, None)),
        ("PUT", "api/manifests/x", (201, None)),
        ("POST", "foreign/blobs/uploads/", (502, None)),
        ("POST", "api/blobs/uploads/", (502, None)),
    ] {
        let url = at(&gateway, &format!("/r/lab/v2/{path}"));
        let request = caller().request(method.parse().unwrap(), url).header("sec-fetch-site", "same-origin");
        let response = request.send().await.unwrap();
        let found = response.headers().get("location").map(|value| value.to_str().unwrap());
        assert_eq!((response.status().as_u16(), found), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn a_storage_says_nothing_of_the_credentials_that_the_registry_wants() {
    for challenge in ["Basic realm=\"storage\"", "Bearer realm=\"https://auth.example/token\""] {
        let storage = Scripted::start(move |_| answer(401, &[("www-authenticate", challenge)], "")).await;
        let place = format!("{}/blob", storage.url);
        let registry = Scripted::start(move |line| match line.contains("/blobs/") {
            true => answer(307, &[("location", place.as_str())], ""),
            false => answer(200, &[], ""),
        })
        .await;
        let host = storage.url.trim_start_matches("http://");
        let gateway = gateway(&registry.url, "", &format!("storage_hosts = ['{host}']")).await;
        let response = get(&gateway, BLOB).await;
        assert_eq!(response.status(), 403, "{challenge}");
        assert!(!response.headers().contains_key("www-authenticate"), "{challenge}");
        // Nothing asks the storage's token service for a token.
        let token = get(&gateway, "/r/lab/token").await;
        assert_eq!((token.status().as_u16(), storage.lines().len()), (404, 1), "{challenge}");
    }
}

#[tokio::test]
async fn browsers_are_sent_to_storages_that_let_them_read() {
    let registry = Scripted::start(|line| match line.split('/').nth(2).unwrap() {
        "far" => answer(307, &[("location", "https://a.storage.example/x?signature=y")], ""),
        "near" => answer(307, &[("location", "/v2/there/blobs/x")], ""),
        "elsewhere" => answer(307, &[("location", "https://attacker.example/x")], ""),
        "downgraded" => answer(307, &[("location", "ftp://a.storage.example/x")], ""),
        _ => answer(200, &[], "content"),
    })
    .await;
    let hosts = "storage_hosts = ['*.storage.example']";
    let gateway = gateway(&registry.url, "", &format!("{hosts}\nredirects = 'pass'")).await;
    for (repository, status, location) in [
        ("far", 307, Some("https://a.storage.example/x?signature=y")),
        ("near", 200, None),
        ("elsewhere", 502, None),
        ("downgraded", 502, None),
    ] {
        let response = get(&gateway, &BLOB.replace("/a/", &format!("/{repository}/"))).await;
        assert_eq!(response.status(), status, "{repository}");
        let found = response.headers().get("location").map(|found| found.to_str().unwrap());
        assert_eq!(found, location, "{repository}");
    }
    // A page follows by itself: browsers would take its header for the registry along.
    let far = caller().get(at(&gateway, &BLOB.replace("/a/", "/far/")));
    let response = far.header("tallyman-authorization", "Basic YTpi").send().await.unwrap();
    let found = ["tallyman-location", "location", "cache-control"]
        .map(|name| response.headers().get(name).map(|value| value.to_str().unwrap()));
    let storage = Some("https://a.storage.example/x?signature=y");
    assert_eq!((response.status().as_u16(), found), (204, [storage, None, Some("no-store")]));
    let page = get(&gateway, "/").await;
    if page.status() == 200 {
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("connect-src 'self' *.storage.example;"), "{policy}");
    }
}

#[tokio::test]
async fn connections_to_a_registry_are_used_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (accepted, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (connections, requests) = (Arc::clone(&accepted), Arc::clone(&asked));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            let requests = Arc::clone(&requests);
            tokio::spawn(async move {
                let mut lines = BufReader::new(stream);
                let mut line = String::new();
                while lines.read_line(&mut line).await.unwrap() > 0 {
                    if line == "\r\n" {
                        requests.fetch_add(1, Ordering::Relaxed);
                        lines.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
                    }
                    line.clear();
                }
            });
        }
    });
    let gateway = gateway(&url, "", "").await;
    // Each thread of the gateway keeps connections of its own, and a connection of a caller stays on its thread.
    let caller = caller();
    for _ in 0..20 {
        let response = caller.get(at(&gateway, "/r/lab/v2/")).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "ok");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 20);
    let connections = accepted.load(Ordering::Relaxed);
    assert!(connections <= 2, "{connections} connections for 20 requests, one after another");
}

#[tokio::test]
async fn reading_is_asked_again_where_the_registry_closes_a_kept_connection() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut lines = BufReader::new(stream).lines();
                let mut count = 0;
                while let Some(line) = lines.next_line().await.unwrap() {
                    if line.ends_with(" HTTP/1.1") {
                        log.lock().unwrap().push(line);
                        count += 1;
                    } else if line.is_empty() && count == 2 {
                        return;
                    } else if line.is_empty() {
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                        lines.get_mut().write_all(answer).await.unwrap();
                    }
                }
            });
        }
    });
    let gateway = gateway(&url, "", "").await;
    let caller = caller();
    for (method, path, expected) in [
        ("GET", "v2/", 200),
        ("GET", "v2/", 200),
        ("HEAD", "v2/a/manifests/x", 200),
        ("HEAD", "v2/a/manifests/x", 200),
        ("POST", "v2/a/blobs/uploads/", 502),
    ] {
        let url = at(&gateway, &format!("/r/lab/{path}"));
        let response = caller.request(method.parse().unwrap(), url).send().await.unwrap();
        assert_eq!(response.status(), expected, "{method} {path}");
    }
    let posts = asked.lock().unwrap().iter().filter(|line| line.starts_with("POST")).count();
    assert_eq!(posts, 1, "it may have been done");
}

#[tokio::test]
async fn an_answer_that_a_registry_gives_before_it_has_read_an_upload_arrives() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut lines = BufReader::new(stream).lines();
            while lines.next_line().await.unwrap().is_some_and(|line| !line.is_empty()) {}
            let answer = b"HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            lines.get_mut().write_all(answer).await.unwrap();
        }
    });
    let gateway = gateway(&url, "", "").await;
    let content = Bytes::from(vec![7; 4 * 1024 * 1024]);
    for at_run in 0..30 {
        let request = caller().patch(at(&gateway, "/r/lab/v2/a/blobs/uploads/1")).body(content.clone());
        assert_eq!(request.send().await.unwrap().status(), 401, "run {at_run}");
    }
}

#[tokio::test]
async fn a_token_service_is_found_where_only_repositories_ask_for_a_token() {
    let service =
        Scripted::start(|_| answer(200, &[("content-type", "application/json")], "{\"token\":\"t\"}")).await;
    let realm = format!("Bearer realm=\"{}/token\",service=\"s\"", service.url);
    let registry = Scripted::start(move |line| match line.split('/').nth(2) {
        Some("closed") => answer(401, &[("www-authenticate", realm.as_str())], ""),
        _ => answer(200, &[], "{}"),
    })
    .await;
    let hosts = format!("token_hosts = ['{}']", service.url.trim_start_matches("http://"));
    let ask = async |path: &str, form: Option<&'static str>| {
        let gateway = gateway(&registry.url, "", &hosts).await;
        let request = match form {
            None => caller().get(at(&gateway, path)),
            Some(form) => caller()
                .post(at(&gateway, path))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form),
        };
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("/r/lab/token?scope=repository:closed:pull", None).await, 200);
    assert_eq!(ask("/r/lab/token", Some("scope=repository:closed:pull,push")).await, 200);
    assert_eq!(ask("/r/lab/token?scope=repository:open:pull", None).await, 404);
    assert_eq!(ask("/r/lab/token?scope=repository:../closed:pull", None).await, 404);
    assert_eq!(ask("/r/lab/token", None).await, 404);
    assert!(registry.lines().iter().all(|line| !line.contains("..")), "{:?}", registry.lines());
}

#[tokio::test]
async fn a_manifest_is_put_again_as_the_gateways_own_user_once_the_registry_asks() {
    let service =
        Scripted::start(|_| answer(200, &[("content-type", "application/json")], "{\"token\":\"t\"}")).await;
    let challenge = format!("Bearer realm=\"{}/token\",service=\"s\"", service.url);
    let puts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&puts);
    let url = start(Router::new().fallback(async move |request: Request| {
        let is_known = request.headers().get("authorization").is_some_and(|sent| sent == "Bearer t");
        if request.method() == "PUT" {
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
            seen.lock().unwrap().push((is_known, body));
            if !is_known {
                return answer(401, &[("www-authenticate", challenge.as_str())], "");
            }
        }
        answer(201, &[], "")
    }))
    .await;
    let folder = Folder::new("own-put");
    let own = own_user(&folder.write("password", "s3cret"), service.url.trim_start_matches("http://"));
    for known in [true, false] {
        let gateway = gateway(&url, "", &format!("{own}\nread_only = false")).await;
        let body = if known {
            reqwest::Body::from("{}")
        } else {
            reqwest::Body::wrap_stream(stream::iter([Ok::<_, Infallible>("{}")]))
        };
        let sent = caller().put(at(&gateway, "/r/lab/v2/a/manifests/x")).body(body).send().await.unwrap();
        assert_eq!(sent.status(), 201, "length known: {known}");
        let bytes = Bytes::from_static(b"{}");
        assert_eq!(*puts.lock().unwrap(), [(false, bytes.clone()), (true, bytes)]);
        puts.lock().unwrap().clear();
        let large = vec![b' '; 4 * 1024 * 1024 + 1];
        let sent = caller().put(at(&gateway, "/r/lab/v2/a/manifests/x")).body(large).send().await.unwrap();
        assert_eq!(sent.status(), 413);
    }
    assert!(puts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_gateways_own_user_asks_where_all_may_read_and_writes_first_of_all() {
    let is_user = |headers: &HeaderMap| {
        headers.get("authorization").is_some_and(|sent| sent.as_bytes().starts_with(b"Basic "))
    };
    let registry = Scripted::start_with(move |line, headers| match line {
        "GET /v2/" => answer(200, &[], "{}"),
        "GET /v2/_catalog" if is_user(headers) => {
            answer(200, &[], r#"{"repositories":["private","public"]}"#)
        }
        "GET /v2/_catalog" => answer(200, &[], r#"{"repositories":["public"]}"#),
        line if line.starts_with("GET /v2/a/tags/list") => answer(200, &[], "{}"),
        _ if is_user(headers) => answer(202, &[], ""),
        _ => answer(401, &[("www-authenticate", "Basic realm=\"r\"")], ""),
    })
    .await;
    let folder = Folder::new("own-user");
    let own = own_user(&folder.write("password", "s3cret"), "auth.example") + "\nread_only = false";
    let gateway = gateway(&registry.url, "", &own).await;
    let catalog = get(&gateway, "/r/lab/v2/_catalog").await.text().await.unwrap();
    assert_eq!(catalog, r#"{"repositories":["private","public"]}"#);
    for _ in 0..2 {
        let piece = caller().patch(at(&gateway, "/r/lab/v2/a/blobs/uploads/u1")).body("piece");
        assert_eq!(piece.send().await.unwrap().status(), 202);
    }
    let lists = registry.lines().iter().filter(|line| line.contains("tags/list")).count();
    assert_eq!(lists, 1, "what a registry asks for is found out once");
}

#[tokio::test]
async fn the_scheme_of_a_registry_outlives_reloads_and_open_answers() {
    let service =
        Scripted::start(|_| answer(200, &[("content-type", "application/json")], "{\"token\":\"t\"}")).await;
    let challenge = format!("Bearer realm=\"{}/token\",service=\"s\"", service.url);
    let registry = Scripted::start_with(move |line, headers| match line {
        "GET /v2/" => answer(200, &[], "{}"),
        line if line.starts_with("GET /v2/a/tags/list") => answer(200, &[], "{}"),
        _ if headers.get("authorization").is_some_and(|sent| sent == "Bearer t") => answer(202, &[], ""),
        _ => answer(401, &[("www-authenticate", challenge.as_str())], ""),
    })
    .await;
    let folder = Folder::new("own-user-reload");
    let host = service.url.trim_start_matches("http://");
    let own = own_user(&folder.write("password", "s3cret"), host) + "\nread_only = false";
    let gateway = gateway_of(&folder.0, &registry.url, "", &own).await;
    let begun = caller().post(at(&gateway, "/r/lab/v2/a/blobs/uploads/")).send().await.unwrap();
    assert_eq!(begun.status(), 202);
    gateway.reload().await.unwrap();
    let piece = caller().patch(at(&gateway, "/r/lab/v2/a/blobs/uploads/u1")).body("piece");
    assert_eq!(piece.send().await.unwrap().status(), 202);
    let opened = registry.lines().iter().filter(|line| *line == "GET /v2/").count();
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn a_token_service_that_is_gone_is_asked_for_no_longer_than_the_registry_wants_it() {
    let is_gone = Arc::new(AtomicUsize::new(0));
    let (of_service, of_registry) = (Arc::clone(&is_gone), Arc::clone(&is_gone));
    let service = Scripted::start(move |_| match of_service.load(Ordering::Relaxed) {
        0 => answer(200, &[("content-type", "application/json")], "{\"token\":\"t\"}"),
        _ => answer(404, &[], ""),
    })
    .await;
    let challenge = format!("Bearer realm=\"{}/token\",service=\"s\"", service.url);
    let registry = Scripted::start_with(move |line, headers| {
        let is_open = of_registry.load(Ordering::Relaxed) > 0 || line == "GET /v2/";
        if is_open || headers.get("authorization").is_some_and(|sent| sent == "Bearer t") {
            return answer(200, &[], "{}");
        }
        answer(401, &[("www-authenticate", challenge.as_str())], "")
    })
    .await;
    let folder = Folder::new("own-user-moved");
    let own = own_user(&folder.write("password", "s3cret"), service.url.trim_start_matches("http://"));
    let gateway = gateway(&registry.url, "", &own).await;
    let ask = async |path| get(&gateway, path).await.status().as_u16();
    assert_eq!(ask("/r/lab/v2/a/manifests/x").await, 200);
    is_gone.store(1, Ordering::Relaxed);
    // Of another repository there is no token yet.
    let other = "/r/lab/v2/b/manifests/x";
    assert_eq!([ask(other).await, ask(other).await], [502, 200]);
}

#[tokio::test]
async fn a_caller_hears_when_to_come_again_whoever_says_it() {
    let busy = || answer(429, &[("retry-after", "7")], "");
    let service = Scripted::start(move |_| busy()).await;
    let host = service.url.trim_start_matches("http://").to_owned();
    let challenge = format!("Bearer realm=\"{}/token\",service=\"s\"", service.url);
    let by_token =
        Scripted::start(move |_| answer(401, &[("www-authenticate", challenge.as_str())], "")).await;
    let by_itself = Scripted::start(move |_| busy()).await;
    let folder = Folder::new("retry-after");
    let own = own_user(&folder.write("password", "s3cret"), &host);
    let of_callers = format!("token_hosts = ['{host}']");
    for (registry, more, path) in [
        (&by_token, &of_callers, "/r/lab/token?scope=repository:a:pull"),
        (&by_token, &own, "/r/lab/v2/a/manifests/x"),
        (&by_itself, &own, "/r/lab/v2/a/manifests/x"),
        (&by_itself, &of_callers, "/r/lab/v2/a/manifests/x"),
    ] {
        let gateway = gateway(&registry.url, "", more).await;
        let response = get(&gateway, path).await;
        assert_eq!(response.status(), 429, "{path} {more}");
        assert_eq!(response.headers()["retry-after"], "7", "{path} {more}");
    }
}

#[tokio::test]
async fn bytes_behind_a_body_are_not_forwarded() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut read = [0; 4096];
                let _asked = stream.read(&mut read).await;
                let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Evil\r\n\r\n2\r\n{}\r\n0\r\n\
                              Set-Cookie: a=b\r\nX-Evil: 1\r\n\r\n";
                let _sent = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    let gateway = gateway(&url, "", "").await;
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .http2_only(true)
        .build_http::<Body>();
    let uri = at(&gateway, "/r/lab/v2/a/manifests/x").parse().unwrap();
    let body = client.get(uri).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(body.trailers(), None);
    assert_eq!(body.to_bytes(), "{}");
}

#[tokio::test]
async fn realms_are_the_gateways_own_path_whatever_its_depth() {
    let registry = Scripted::start(|line| match line.split('?').next().unwrap() {
        "GET /auth/token" => {
            answer(200, &[("content-type", "application/json"), ("set-cookie", "a=b")], "{\"token\":\"t\"}")
        }
        _ => answer(
            401,
            &[(
                "www-authenticate",
                "Bearer realm=\"URL/auth/token?x=1\",service=\"s\",scope=\"repository:a:pull\"",
            )],
            "",
        ),
    })
    .await;
    // The script does not know its own address, so a second one sends it on.
    let url = registry.url.clone();
    let front = Scripted::start(move |_| {
        let realm =
            format!("Bearer realm=\"{url}/auth/token?x=1\",service=\"s\",scope=\"repository:a:pull\"");
        answer(401, &[("www-authenticate", realm.as_str())], "")
    })
    .await;
    let token_host = registry.url.trim_start_matches("http://");
    let gateway = gateway(&front.url, "", &format!("token_hosts = ['{token_host}']")).await;
    for (path, up) in
        [("v2/", "../"), ("v2", ""), ("v2/a/manifests/x", "../../../"), ("v2/a/b/tags/list", "../../../../")]
    {
        let request = caller().get(at(&gateway, &format!("/r/lab/{path}")));
        let response = request.header("sec-fetch-site", "same-origin").send().await.unwrap();
        let expected = format!("Bearer realm=\"{up}token\",service=\"s\",scope=\"repository:a:pull\"");
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()["www-authenticate"], expected, "{path}");
    }
    let request = caller().get(at(&gateway, "/r/lab/token?service=s&scope=repository%3Aa%3Apull"));
    let response = request.basic_auth("user", Some("secret")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers().get("set-cookie").is_none());
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.text().await.unwrap(), "{\"token\":\"t\"}");
    assert_eq!(registry.lines(), ["GET /auth/token?x=1&service=s&scope=repository%3Aa%3Apull"]);
}

#[tokio::test]
async fn manifests_and_uploads_are_bounded() {
    const LARGE: usize = 4 * 1024 * 1024 + 1;
    let url = start(Router::new().fallback(async |request: Request| {
        let told = request.uri().path().ends_with("told");
        if request.method() == "GET" {
            let pieces =
                stream::iter((0..65).map(|_| Ok::<_, Infallible>(Bytes::from(vec![b' '; 64 * 1024]))));
            return if told {
                Response::new(Body::from(vec![b' '; LARGE]))
            } else {
                Response::new(Body::from_stream(pieces))
            };
        }
        let read = axum::body::to_bytes(request.into_body(), usize::MAX).await;
        Response::builder().status(if read.is_ok() { 201 } else { 400 }).body(Body::empty()).unwrap()
    }))
    .await;
    let gateway = gateway(&url, "", "max_upload_mib = 1").await;
    assert_eq!(get(&gateway, "/r/lab/v2/a/manifests/told").await.status(), 502);
    assert!(get(&gateway, "/r/lab/v2/a/manifests/chunked").await.bytes().await.is_err());
    for (method, path, size, expected) in [
        ("PUT", "manifests/x", LARGE - 1, 201),
        ("PUT", "manifests/x", LARGE, 413),
        ("PATCH", "blobs/uploads/1", 1024 * 1024, 201),
        ("PATCH", "blobs/uploads/1", 1024 * 1024 + 1, 413),
    ] {
        for known in [true, false] {
            let content = Bytes::from(vec![b' '; size]);
            let body = if known {
                reqwest::Body::from(content)
            } else {
                reqwest::Body::wrap_stream(stream::iter([Ok::<_, Infallible>(content)]))
            };
            let url = at(&gateway, &format!("/r/lab/v2/a/{path}"));
            let sent = caller().request(method.parse().unwrap(), url).body(body).send().await;
            assert_eq!(
                sent.unwrap().status(),
                expected,
                "{method} {path} of {size} bytes, length known: {known}"
            );
        }
    }
}

#[tokio::test]
async fn a_refusal_reaches_a_caller_that_sends_everything_before_it_reads() {
    const SIZE: usize = 30 * 1024 * 1024;
    let gateway = gateway("http://127.0.0.1:1", "", "read_only = true").await;
    let send_head = async |length: usize| {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let head = format!(
            "PATCH /r/lab/v2/a/blobs/uploads/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    for _ in 0..3 {
        let mut stream = send_head(SIZE).await;
        stream.write_all(&vec![7; SIZE]).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 403 "), "{}", String::from_utf8_lossy(&answer));
    }
    let mut endless = send_head(usize::MAX >> 1).await;
    let begin = Instant::now();
    while endless.write_all(&[7; 1024]).await.is_ok() {
        assert!(begin.elapsed() < Duration::from_secs(20), "nobody may hold a connection like this");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
