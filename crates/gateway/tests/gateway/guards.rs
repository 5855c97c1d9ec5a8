//! Attacks on the gateway.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use tallyman_gateway::Server;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{
    support::{Folder, Process, Scripted, answer, at, caller, gateway, get, own_user, text},
    upstreams::USERS,
};

const BLOB: &str = "v2/a/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Sends bytes as they are, which no client library would, and reads the status.
async fn raw(gateway: &Server, request: &str) -> u16 {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    match tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await.unwrap() {
        Ok(_) => std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap(),
        Err(_) => 0,
    }
}

#[tokio::test]
async fn there_is_no_way_to_any_other_place() {
    let registry = Scripted::start(|_| answer(200, &[], "reached")).await;
    let other = Scripted::start(|_| answer(200, &[], "reached")).await;
    let gateway = gateway(&registry.url, "", "").await;
    let address = other.url.trim_start_matches("http://");
    for target in [
        "/r/other/v2/",
        "/r/lab",
        "/r/lab/",
        "/r/lab/admin",
        "/r/lab/v1/search",
        "/r/lab/v2/../../metrics",
        "/r/lab/v2/a/../../../metrics",
        "/r/lab/v2/a/manifests/..",
        "/r/lab/v2/a/manifests/%2e%2e",
        "/r/lab/v2/a%2f..%2f..%2fb/manifests/x",
        "/r/lab/v2/a/manifests/x%00",
        "/r/lab/v2/a/manifests/x%0d%0aHost:%20b",
        "/r/lab/v2/a/manifests/x;b",
        "/r/lab/v2/a/manifests/x\\..\\b",
        "/r/lab/v2/@ADDRESS/manifests/x",
        "/r/lab//ADDRESS/v2/",
        "/r/lab/http://ADDRESS/v2/",
        "/r/lab/token/http://ADDRESS/",
        "/r/http://ADDRESS/v2/",
        "/http://ADDRESS/v2/",
        "//ADDRESS/v2/",
        "http://ADDRESS/v2/",
    ] {
        let target = target.replace("ADDRESS", address);
        let status = raw(&gateway, &format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert!(matches!(status, 400 | 403 | 404), "{target}: {status}");
    }
    let connect = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    assert!(matches!(raw(&gateway, &connect).await, 400 | 403 | 404 | 405));
    for method in ["TRACE", "PURGE", "PROPFIND", "DELETE"] {
        let status =
            raw(&gateway, &format!("{method} /r/lab/{BLOB} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert!(matches!(status, 403 | 405), "{method}: {status}");
    }
    let smuggled = "POST /r/lab/v2/a/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let status = raw(&gateway, smuggled).await;
    assert!(matches!(status, 200 | 400), "{status}");
    assert!(other.lines().is_empty(), "{:?}", other.lines());
    let asked = registry.lines();
    assert!(asked.iter().all(|line| line == "POST /v2/a/blobs/uploads/"), "{asked:?}");
}

#[tokio::test]
async fn other_names_and_other_sites_are_refused() {
    let registry = Scripted::start(|_| answer(200, &[("access-control-allow-origin", "*")], "reached")).await;
    let top = "hosts = ['registry.example']\norigins = ['https://ui.example']";
    let gateway = gateway(&registry.url, top, "delete = true").await;
    for (method, headers, expected, allowed) in [
        ("GET", vec![("host", "registry.example")], 200, None),
        ("GET", vec![("host", "attacker.example")], 403, None),
        ("GET", vec![("origin", "https://attacker.example")], 403, None),
        ("GET", vec![("origin", "null")], 403, None),
        ("GET", vec![("sec-fetch-site", "cross-site")], 403, None),
        ("GET", vec![("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "script")], 403, None),
        ("DELETE", vec![("origin", "https://attacker.example")], 403, None),
        ("PUT", vec![("sec-fetch-site", "same-site")], 403, None),
        (
            "OPTIONS",
            vec![("origin", "https://attacker.example"), ("access-control-request-method", "PUT")],
            403,
            None,
        ),
        ("OPTIONS", vec![("origin", "https://ui.example")], 204, Some("https://ui.example")),
        (
            "PUT",
            vec![("origin", "https://ui.example"), ("sec-fetch-site", "cross-site")],
            200,
            Some("https://ui.example"),
        ),
        ("DELETE", vec![("origin", "http://registry.example"), ("host", "registry.example")], 200, None),
    ] {
        let before = registry.lines().len();
        let mut request = caller().request(method.parse().unwrap(), at(&gateway, "/r/lab/v2/a/manifests/x"));
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let told = response
            .headers()
            .get("access-control-allow-origin")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(
            (response.status().as_u16(), told.as_deref()),
            (expected, allowed),
            "{method} {headers:?}"
        );
        assert!(response.headers().get("access-control-allow-credentials").is_none());
        assert_eq!(registry.lines().len() - before, usize::from(expected == 200), "{method} {headers:?}");
    }
    for path in ["/", "/config.json", "/metrics", "/healthz"] {
        let response =
            caller().get(at(&gateway, path)).header("host", "attacker.example").send().await.unwrap();
        assert_eq!(response.status(), 403, "{path}");
    }
    for path in ["/config.json", "/metrics"] {
        let response = caller()
            .get(at(&gateway, path))
            .header("origin", "https://attacker.example")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 403, "{path}");
    }
}

/// A server on another loopback address than the one that the registry's URL opens.
async fn elsewhere(answer_with: &'static str) -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (reader, mut writer) = stream.split();
            let mut lines = BufReader::new(reader).lines();
            while lines.next_line().await.unwrap().is_some_and(|line| !line.is_empty()) {}
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer_with}", answer_with.len());
            writer.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (port, task)
}

#[tokio::test]
async fn every_redirect_is_checked_by_host_and_by_address() {
    let (port, _task) = elsewhere("internal").await;
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(async move |request: axum::extract::Request| {
        let path = request.uri().path();
        let authorized = request.headers().contains_key("authorization");
        let location = match path.split('/').nth(2).unwrap() {
            "named" => format!("http://localhost:{port}/x"),
            "literal" => format!("http://127.0.0.1:{port}/x"),
            "mapped" => format!("http://[::ffff:127.0.0.1]:{port}/x"),
            "decimal" => format!("http://2130706433:{port}/x"),
            "metadata" => "http://169.254.169.254/latest/meta-data/".to_owned(),
            "unknown" => "https://attacker.example/x".to_owned(),
            "file" => "file:///etc/passwd".to_owned(),
            "user" => format!("http://user:password@127.0.0.1:{port}/x"),
            "loop" => path.to_owned(),
            "own" => "/v2/end/blobs/x".to_owned(),
            _ => return answer(200, &[], if authorized { "authorized" } else { "anonymous" }),
        };
        answer(307, &[("location", location.as_str())], "")
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    let hosts = |all: &str| format!("storage_hosts = ['localhost:{port}'{all}]");
    let literals = hosts(&format!(", '127.0.0.1:{port}', '[::ffff:7f00:1]:{port}'"));
    let networks = "networks = ['127.0.0.1/32', '169.254.0.0/16']";
    // Addresses that may not be connected to are refused before anything leads to them.
    for refused in [&literals, &format!("{}\n{networks}", hosts(", '169.254.169.254'"))] {
        let config = toml::from_str(&text(&url, "", refused)).unwrap();
        let error = tallyman_gateway::serve(config, None).await.unwrap_err().to_string();
        assert!(error.contains("storage_hosts: expected"), "{error}");
    }
    let closed = gateway(&url, "", &hosts("")).await;
    let open = gateway(&url, "", &format!("{literals}\n{networks}")).await;
    for (repository, when_closed, when_open) in [
        ("named", 403, 200),
        ("literal", 502, 200),
        ("mapped", 502, 200),
        ("decimal", 502, 200),
        ("metadata", 502, 502),
        ("unknown", 502, 502),
        ("file", 502, 502),
        ("user", 502, 502),
        ("loop", 502, 502),
        ("own", 200, 200),
    ] {
        for (gateway, expected) in [(&closed, when_closed), (&open, when_open)] {
            let path = format!("/r/lab/{}", BLOB.replace("v2/a/", &format!("v2/{repository}/")));
            let request = caller().get(at(gateway, &path)).header("authorization", "Bearer caller");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), expected, "{repository}");
            if expected == 200 {
                let body = response.text().await.unwrap();
                assert_eq!(body, if repository == "own" { "authorized" } else { "internal" }, "{repository}");
            }
        }
    }
}

#[tokio::test]
async fn a_registry_whose_name_leads_inside_is_refused() {
    let (port, _task) = elsewhere("internal").await;
    // The name is known to the machine, but nothing says that the configuration means its private address.
    let host = std::fs::read_to_string("/etc/hostname").unwrap();
    let host = host.trim();
    let resolved = tokio::net::lookup_host((host, port)).await.map(Iterator::collect::<Vec<_>>);
    let Ok(addresses) = resolved else {
        tallyman_dev_registry::skip_test("the machine does not know its own name");
        return;
    };
    if addresses.iter().any(|address| tallyman_gateway::Networks::default().allow(address.ip())) {
        tallyman_dev_registry::skip_test("the machine's own name has a public address");
        return;
    }
    let folder = Folder::new("inside");
    // A program of its own: behind a proxy of the environment, only the proxy would know the address.
    let file = folder.write("gateway.toml", &text(&format!("http://{host}:{port}"), "", ""));
    let (_running, address) = Process::gateway(&file);
    let response = caller().get(format!("{address}r/lab/v2/")).send().await.unwrap();
    assert_eq!(response.status(), 403);
    let text = response.text().await.unwrap();
    assert!(text.contains("expected a public address"), "{text}");
}

#[tokio::test]
async fn token_services_are_those_of_the_configuration() {
    let registry = Scripted::start(|_| {
        let challenge = "Bearer realm=\"https://attacker.example:8443/token?key=s3cret\",service=\"s\"";
        answer(401, &[("www-authenticate", challenge)], "")
    })
    .await;
    let gateway = gateway(&registry.url, "", "").await;
    for path in ["/r/lab/v2/", "/r/lab/token?service=s", "/r/lab/token?realm=https://attacker.example/token"]
    {
        let response =
            caller().get(at(&gateway, path)).basic_auth("user", Some("secret")).send().await.unwrap();
        assert_eq!(response.status(), 502, "{path}");
        let text = response.text().await.unwrap();
        let expected = "names https://attacker.example:8443 for its token service";
        assert!(text.contains(expected) && text.contains("to its token_hosts"), "{path}: {text}");
        assert!(!text.contains("s3cret"), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_host_that_the_configuration_lacks_is_named_without_what_is_secret() {
    const UPLOAD: &str = "/r/lab/v2/upload/blobs/uploads/";
    let registry = Scripted::start(|line| {
        let (status, place) = match line.split('/').nth(2).unwrap() {
            "storage" => (307, "https://a.storage.example:9000/secret-path?signature=s3cret"),
            "user" => (307, "https://s3cret@storage.example/x"),
            "file" => (307, "file:///s3cret"),
            "none" => (307, "https://[s3cret"),
            _ => (202, "https://storage.example/secret-path?_state=s3cret"),
        };
        answer(status, &[("location", place)], "")
    })
    .await;
    let gateway = gateway(&registry.url, "", "").await;
    for (repository, expected) in [
        ("storage", "lab names https://a.storage.example:9000 for a download"),
        ("storage", "add \\\"a.storage.example:9000\\\" to its storage_hosts"),
        ("user", "only URLs of http or https without a user name"),
        ("file", "lab names file: for a download"),
        ("none", "found none that can be parsed"),
        ("upload", "Location of its own API, found https://storage.example\""),
    ] {
        let request = match repository {
            "upload" => caller().post(at(&gateway, UPLOAD)),
            name => caller()
                .get(at(&gateway, &format!("/r/lab/{}", BLOB.replace("v2/a/", &format!("v2/{name}/"))))),
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 502, "{repository}");
        let text = response.text().await.unwrap();
        assert!(text.contains(expected), "{repository}: {text}");
        assert!(!text.contains("s3cret") && !text.contains("secret-path"), "{repository}: {text}");
    }
}

#[tokio::test]
async fn pages_of_allowed_origins_use_what_the_app_uses() {
    let limits = [
        ("ratelimit-limit", "100;w=60"),
        ("ratelimit-remaining", "9;w=60"),
        ("docker-ratelimit-source", "10.0.0.1"),
    ];
    let registry = Scripted::start(move |_| answer(200, &limits, "reached")).await;
    let folder = Folder::new("origins");
    let users = folder.write("users", USERS);
    let top = format!("origins = ['https://ui.example']\n[sign_in]\nhtpasswd = {:?}", users.display());
    let gateway = gateway(&registry.url, &top, "").await;
    let ask = async |method: &str, path: &str, origin: &str| {
        let request = caller().request(method.parse().unwrap(), at(&gateway, path)).header("origin", origin);
        let request =
            request.header("access-control-request-method", "GET").basic_auth("user", Some("secret"));
        request.send().await.unwrap()
    };
    for (method, path, expected) in [
        ("OPTIONS", "/config.json", 204),
        ("OPTIONS", "/sign-out", 204),
        ("OPTIONS", "/r/lab/v2/", 204),
        ("GET", "/config.json", 200),
        ("POST", "/sign-out", 204),
        ("GET", "/r/lab/v2/", 200),
        ("GET", "/r/unknown/v2/", 404),
    ] {
        let response = ask(method, path, "https://ui.example").await;
        assert_eq!(response.status(), expected, "{method} {path}");
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], "https://ui.example", "{method} {path}");
        let exposed = headers["access-control-expose-headers"].to_str().unwrap().to_owned();
        for (name, value) in limits {
            assert!(exposed.split(", ").any(|exposed| exposed == name), "{name}: {exposed}");
            let found = headers.get(name).map(|found| found.to_str().unwrap());
            assert_eq!(found, (path == "/r/lab/v2/" && expected == 200).then_some(value), "{name}");
        }
        if method == "OPTIONS" {
            assert!(
                headers["access-control-allow-headers"].to_str().unwrap().contains("Authorization"),
                "{path}"
            );
        }
        let refused = ask(method, path, "https://attacker.example").await;
        let is_told = refused.headers().contains_key("access-control-allow-origin");
        assert_eq!((refused.status().as_u16(), is_told), (403, false), "{method} {path}");
    }
    assert_eq!(ask("OPTIONS", "/metrics", "https://ui.example").await.status(), 405);
}

#[tokio::test]
async fn credentials_of_the_gateways_own_stay_inside() {
    let folder = Folder::new("inside");
    let password = folder.write("password", "s3cret");
    let registry = Scripted::start(|line| match line {
        "GET /v2/refused/manifests/x" => answer(401, &[("www-authenticate", "Basic realm=\"r\"")], ""),
        "GET /v2/" => answer(401, &[("www-authenticate", "Basic realm=\"r\"")], ""),
        _ => answer(200, &[("authorization", "Basic dXNlcjpzM2NyZXQ=")], "content"),
    })
    .await;
    let own = format!("username = 'user'\npassword_file = {:?}", password.display());
    let gateway = gateway(&registry.url, "", &own).await;
    for (path, expected) in [
        ("/r/lab/v2/a/manifests/x", 200),
        ("/r/lab/v2/refused/manifests/x", 502),
        ("/r/lab/token", 404),
        ("/config.json", 200),
        ("/metrics", 200),
    ] {
        let request = caller().get(at(&gateway, path)).header("authorization", "Bearer of-the-caller");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{path}");
        let headers = format!("{:?}", response.headers());
        let text = headers + &response.text().await.unwrap();
        assert!(!text.contains("s3cret") && !text.contains("dXNlcjpzM2NyZXQ="), "{path}: {text}");
        assert!(!text.to_lowercase().contains("www-authenticate"), "{path}: {text}");
    }
    let asked = registry.asked.lock().unwrap().clone();
    let content = asked.iter().find(|(line, _)| line == "GET /v2/a/manifests/x").unwrap();
    assert_eq!(content.1["authorization"], "Basic dXNlcjpzM2NyZXQ=");
    assert!(
        asked.iter().all(|(_, headers)| headers
            .get("authorization")
            .is_none_or(|sent| sent != "Bearer of-the-caller"))
    );
    let write = caller().put(at(&gateway, "/r/lab/v2/a/manifests/x")).body("{}").send().await.unwrap();
    assert_eq!(write.status(), 403, "nobody signed in, so nobody may write with the gateway's credentials");
}

#[tokio::test]
async fn other_tokens_stay_when_the_gateways_own_user_may_not_read_a_repository() {
    let folder = Folder::new("rights");
    let password = folder.write("password", "s3cret");
    let service = Scripted::start(|line| {
        let named = line.split("repository%3A").nth(1).unwrap().split("%3A").next().unwrap();
        answer(200, &[], if named == "open" { "{\"token\":\"open\"}" } else { "{\"token\":\"none\"}" })
    })
    .await;
    let realm = service.url.clone();
    let registry = Scripted::start_with(move |line, headers| {
        let name = line.split('/').nth(2).unwrap_or_default();
        let sent = headers.get("authorization").map_or("", |sent| sent.to_str().unwrap());
        let error = match (name, sent) {
            ("open", "Bearer open") => return answer(200, &[], "content"),
            (_, "") => "",
            _ => ",error=\"insufficient_scope\"",
        };
        let scope =
            if name.is_empty() { String::new() } else { format!(",scope=\"repository:{name}:pull\"") };
        let challenge = format!("Bearer realm=\"{realm}/token\",service=\"s\"{scope}{error}");
        answer(401, &[("www-authenticate", challenge.as_str())], "")
    })
    .await;
    let own = own_user(&password, service.url.trim_start_matches("http://"));
    let gateway = gateway(&registry.url, "", &own).await;
    for (name, expected) in [("open", 200), ("closed", 403), ("open", 200)] {
        let response = get(&gateway, &format!("/r/lab/v2/{name}/manifests/x")).await;
        assert_eq!(response.status(), expected, "{name}");
        assert!(!response.headers().contains_key("www-authenticate"), "{name}");
    }
    let tokens = ["open", "closed"]
        .map(|name| format!("GET /token?account=user&scope=repository%3A{name}%3Apull&service=s"));
    assert_eq!(service.lines(), tokens);
}

#[tokio::test]
async fn requests_at_once_for_which_the_gateways_own_user_has_no_right_are_all_denied() {
    let folder = Folder::new("rights-at-once");
    let password = folder.write("password", "s3cret");
    let count = Arc::new(AtomicUsize::new(0));
    let service = Scripted::start(move |_| {
        const TOKENS: [&str; 4] =
            [r#"{"token":"0"}"#, r#"{"token":"1"}"#, r#"{"token":"2"}"#, r#"{"token":"3"}"#];
        answer(200, &[], TOKENS[count.fetch_add(1, Ordering::Relaxed) % TOKENS.len()])
    })
    .await;
    let realm = service.url.clone();
    let registry = Scripted::start_with(move |_, headers| {
        let error = if headers.contains_key("authorization") { ",error=\"insufficient_scope\"" } else { "" };
        let scope = "scope=\"repository:closed:pull\"";
        let challenge = format!("Bearer realm=\"{realm}/token\",service=\"s\",{scope}{error}");
        answer(401, &[("www-authenticate", challenge.as_str())], "")
    })
    .await;
    let own = own_user(&password, service.url.trim_start_matches("http://"));
    let gateway = gateway(&registry.url, "", &own).await;
    let asked = (0..8).map(|_| get(&gateway, "/r/lab/v2/closed/manifests/x"));
    let statuses: Vec<_> = join_all(asked).await.iter().map(|answer| answer.status().as_u16()).collect();
    assert_eq!(statuses, [403; 8]);
}

#[tokio::test]
async fn hidden_repositories_are_hidden() {
    let registry = Scripted::start(|line| match line {
        "GET /v2/_catalog" => {
            answer(200, &[], "{\"repositories\":[\"acme/app\",\"secret/app\",\"acme/b/c\"]}")
        }
        _ => answer(201, &[], ""),
    })
    .await;
    let gateway = gateway(&registry.url, "", "repositories = ['acme/*']").await;
    assert_eq!(
        get(&gateway, "/r/lab/v2/_catalog").await.text().await.unwrap(),
        "{\"repositories\":[\"acme/app\"]}"
    );
    for (method, path, expected) in [
        ("GET", "acme/app/manifests/x", 201),
        ("GET", "secret/app/manifests/x", 403),
        ("POST", "acme/app/blobs/uploads/?mount=sha256:x&from=acme/other", 201),
        ("POST", "acme/app/blobs/uploads/?mount=sha256:x&from=secret/app", 403),
        ("POST", "acme/app/blobs/uploads/?mount=sha256:x&fro%6d=secret%2Fapp", 403),
        ("POST", "acme/app/blobs/uploads/?from=acme/other&mount=sha256:x&from=secret/app", 403),
    ] {
        let url = at(&gateway, &format!("/r/lab/v2/{path}"));
        let response = caller().request(method.parse().unwrap(), url).send().await.unwrap();
        assert_eq!(response.status(), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn heads_of_requests_are_bounded() {
    let registry = Scripted::start(|_| answer(200, &[], "reached")).await;
    let gateway = gateway(&registry.url, "", "").await;
    let large = "x".repeat(80 * 1024);
    let status =
        raw(&gateway, &format!("GET /r/lab/v2/ HTTP/1.1\r\nHost: localhost\r\nX: {large}\r\n\r\n")).await;
    assert!(matches!(status, 400 | 431), "{status}");
    let many: String = (0..200).map(|at| format!("X-{at}: y\r\n")).collect();
    let status = raw(&gateway, &format!("GET /r/lab/v2/ HTTP/1.1\r\nHost: localhost\r\n{many}\r\n")).await;
    assert!(matches!(status, 400 | 431), "{status}");
    assert!(registry.lines().is_empty());
}

#[tokio::test]
async fn catalogs_lead_from_one_open_repository_to_the_next() {
    let registry = Scripted::start(|line| {
        let (names, next) = match line.split_once('?').map(|(_, query)| query) {
            None | Some("n=1") => ("acme/a", "n=1&last=acme/a"),
            Some(
                "n=1000&last=acme%2Fa" | "last=acme%2Fa&n=1000" | "n=1&last=acme%2Fa" | "last=acme%2Fa&n=1",
            ) => ("secret/a\",\"secret/b", "n=1000&last=secret/b"),
            Some("last=secret%2Fb&n=1000") => ("acme/z", "n=1000&last=secret/z"),
            other => panic!("{other:?}"),
        };
        let link = format!("</v2/_catalog?{next}>; rel=\"next\"");
        let body = format!("{{\"repositories\":[\"{names}\"]}}");
        answer(200, &[("link", link.as_str())], body.leak())
    })
    .await;
    let gateway = gateway(&registry.url, "", "repositories = ['acme/*']").await;
    for (path, names, last) in [
        ("v2/_catalog?n=1", "{\"repositories\":[\"acme/a\"]}", "acme%2Fa&n=1"),
        ("v2/_catalog?n=1&last=acme%2Fa", "{\"repositories\":[\"acme/z\"]}", "acme%2Fz&n=1"),
        ("v2/_catalog", "{\"repositories\":[\"acme/a\"]}", "acme%2Fa"),
    ] {
        let response = get(&gateway, &format!("/r/lab/{path}")).await;
        let link = response.headers()["link"].to_str().unwrap().to_owned();
        assert_eq!(response.text().await.unwrap(), names, "{path}");
        assert_eq!(link, format!("<../v2/_catalog?last={last}>; rel=\"next\""), "{path}");
    }
}

#[tokio::test]
async fn links_by_name_with_other_fields_show_no_hidden_repository() {
    let registry = Scripted::start(|line| {
        let (names, last) = match line.split_once('?').map(|(_, query)| query) {
            Some("n=2") => ("acme/a\",\"acme/b\",\"acme/c\",\"secret/x", "secret%2Fx"),
            Some("n=2&last=acme%2Fb") => ("acme/c\",\"secret/x", "secret%2Fx"),
            Some("last=secret%2Fx&orderby=&n=1000") => ("acme/y\",\"acme/z\",\"secret/z", "secret%2Fz"),
            other => panic!("{other:?}"),
        };
        let link = format!("</v2/_catalog?last={last}&n=2&orderby=>; rel=\"next\"");
        answer(200, &[("link", link.as_str())], format!("{{\"repositories\":[\"{names}\"]}}").leak())
    })
    .await;
    let gateway = gateway(&registry.url, "", "repositories = ['acme/*']").await;
    for (query, names, last) in [
        ("n=2", "\"acme/a\",\"acme/b\"", "acme%2Fb"),
        ("n=2&last=acme%2Fb", "\"acme/c\",\"acme/y\"", "acme%2Fy"),
    ] {
        let response = get(&gateway, &format!("/r/lab/v2/_catalog?{query}")).await;
        let link = response.headers()["link"].to_str().unwrap().to_owned();
        assert_eq!(response.text().await.unwrap(), format!("{{\"repositories\":[{names}]}}"), "{query}");
        assert_eq!(link, format!("<../v2/_catalog?last={last}&n=2>; rel=\"next\""), "{query}");
    }
}

#[tokio::test]
async fn a_catalog_of_smaller_pages_than_ours_is_read_in_its_own() {
    let registry = Scripted::start(|line| {
        let (names, next) = match line.split_once('?').map(|(_, query)| query) {
            None | Some("n=1") => ("secret/a", "n=2&last=secret/a"),
            Some("n=2&last=secret%2Fa" | "last=secret%2Fa&n=2") => ("secret/b", "n=2&last=secret/b"),
            Some("n=2&last=secret%2Fb" | "last=secret%2Fb&n=2") => ("acme/z", "n=2&last=acme/z"),
            _ => return answer(400, &[], "{\"errors\":[{\"code\":\"PAGINATION_NUMBER_INVALID\"}]}"),
        };
        let link = format!("</v2/_catalog?{next}>; rel=\"next\"");
        answer(200, &[("link", link.as_str())], format!("{{\"repositories\":[\"{names}\"]}}").leak())
    })
    .await;
    let gateway = gateway(&registry.url, "", "repositories = ['acme/*']").await;
    for query in ["", "?n=1"] {
        let page = get(&gateway, &format!("/r/lab/v2/_catalog{query}")).await;
        assert_eq!(page.text().await.unwrap(), "{\"repositories\":[\"acme/z\"]}", "{query}");
    }
    // As its clients know it, so that they ask without a size.
    let refused = get(&gateway, "/r/lab/v2/_catalog?n=1000").await;
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().contains("PAGINATION_NUMBER_INVALID"));
}

#[tokio::test]
async fn catalogs_whose_cursors_name_nothing_lead_from_page_to_page() {
    for (field, for_caller) in [
        ("next_page", ["next_page=p2", "next_page=p3"]),
        ("page_token", ["_next=cGFnZV90b2tlbj1wMg", "_next=cGFnZV90b2tlbj1wMw"]),
    ] {
        catalog_with_cursors_in(field, for_caller).await;
    }
}

async fn catalog_with_cursors_in(field: &'static str, for_caller: [&str; 2]) {
    let registry = Scripted::start(move |line| {
        let line = line.replace(field, "CURSOR");
        let (names, next) = match line.split_once('?').map(|(_, query)| query) {
            Some("n=1") => ("acme/a\",\"acme/b", None),
            Some("n=2") => ("acme/a\",\"secret/a", Some("p2")),
            Some("n=2&CURSOR=p2") => ("acme/b\",\"acme/c", Some("p3")),
            Some("n=2&CURSOR=p3") => ("secret/b\",\"secret/c", Some("p4")),
            Some("n=2&CURSOR=p4") => ("acme/d", None),
            other => panic!("{other:?}"),
        };
        let body = format!("{{\"repositories\":[\"{names}\"]}}");
        let link = next.map(|next| format!("</v2/_catalog?n=2&{field}={next}>; rel=\"next\""));
        let headers: Vec<(&str, &str)> = link.iter().map(|link| ("link", link.as_str())).collect();
        answer(200, &headers, body.leak())
    })
    .await;
    let gateway = gateway(&registry.url, "", "repositories = ['acme/*']").await;
    let all = get(&gateway, "/r/lab/v2/_catalog?n=1").await;
    assert!(!all.headers().contains_key("link"), "nothing leads into the middle of a page");
    assert_eq!(all.text().await.unwrap(), "{\"repositories\":[\"acme/a\",\"acme/b\"]}");
    let mut path = "v2/_catalog?n=2".to_owned();
    for (names, next) in [
        ("\"acme/a\"", Some(for_caller[0])),
        ("\"acme/b\",\"acme/c\"", Some(for_caller[1])),
        ("\"acme/d\"", None),
    ] {
        let response = get(&gateway, &format!("/r/lab/{path}")).await;
        let link = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        assert_eq!(response.text().await.unwrap(), format!("{{\"repositories\":[{names}]}}"), "{path}");
        let next = next.map(|next| format!("v2/_catalog?n=2&{next}"));
        assert_eq!(link, next.as_ref().map(|next| format!("<../{next}>; rel=\"next\"")), "{path}");
        path = next.unwrap_or_default();
    }
}

#[tokio::test]
async fn no_second_repository_gets_into_a_request() {
    let registry = Scripted::start(|line| match line {
        "GET /v2/acme/moved/tags/list" => answer(307, &[("location", "/v2/secret/app/tags/list")], ""),
        "GET /v2/acme/encoded/tags/list" => answer(307, &[("location", "/v2/secret%2Fapp/tags/list")], ""),
        "GET /v2/acme/doubled/tags/list" => {
            answer(307, &[("location", "//REGISTRY//v2/secret/app/tags/list")], "")
        }
        "GET /v2/acme/stored/tags/list" => answer(307, &[("location", "/storage/1")], ""),
        "GET /v2/acme/paged/tags/list" => {
            answer(200, &[("link", "</v2/secret/app/tags/list?last=x>; rel=next")], "{}")
        }
        "POST /v2/acme/begun/blobs/uploads/" => {
            answer(202, &[("location", "/v2/secret/app/blobs/uploads/1?_state=x")], "")
        }
        _ => answer(202, &[], ""),
    })
    .await;
    let gateway = gateway(&registry.url, "", "repositories = ['acme/*']").await;
    let form = "application/x-www-form-urlencoded";
    for (method, path, kind, expected, sent) in [
        ("POST", "acme/a/blobs/uploads/", Some("application/octet-stream"), 202, "acme/a/blobs/uploads/"),
        ("POST", "acme/a/blobs/uploads/", Some(form), 415, ""),
        ("POST", "acme/a/blobs/uploads/", Some("Application/X-WWW-form-urlencoded ; a=b"), 415, ""),
        ("POST", "acme/a/blobs/uploads/", Some("multipart/form-data; boundary=x"), 415, ""),
        ("POST", "acme/a/blobs/uploads/", Some("text/plain"), 415, ""),
        ("PATCH", "acme/a/blobs/uploads/1", Some(form), 415, ""),
        (
            "PUT",
            "acme/a/blobs/uploads/1?_state=x&from=secret/app&ns=b",
            None,
            202,
            "acme/a/blobs/uploads/1?_state=x",
        ),
        ("PUT", "acme/a/manifests/x", Some(form), 415, ""),
        ("PUT", "acme/a/manifests/x", Some("application/json"), 202, "acme/a/manifests/x"),
        ("GET", "acme/a/manifests/x?ns=secret.example&from=secret/app", None, 202, "acme/a/manifests/x"),
        ("GET", "acme/a/manifests/x?n=1;from=secret/app", None, 400, ""),
        ("POST", "acme/a/blobs/uploads/?mount=sha256:ab", None, 202, "acme/a/blobs/uploads/"),
        ("POST", "acme/a/blobs/uploads/1", None, 405, ""),
        ("PUT", "acme/a/blobs/uploads/", None, 405, ""),
        ("GET", "acme/moved/tags/list", None, 403, "acme/moved/tags/list"),
        ("GET", "acme/encoded/tags/list", None, 403, "acme/encoded/tags/list"),
        ("GET", "acme/doubled/tags/list", None, 502, "acme/doubled/tags/list"),
        ("POST", "acme/begun/blobs/uploads/", None, 502, "acme/begun/blobs/uploads/"),
    ] {
        let before = registry.lines().len();
        let mut request =
            caller().request(method.parse().unwrap(), at(&gateway, &format!("/r/lab/v2/{path}")));
        if let Some(kind) = kind {
            request = request.header("content-type", kind).body("mount=sha256:ab&from=secret/app");
        }
        assert_eq!(request.send().await.unwrap().status(), expected, "{method} {path} {kind:?}");
        let lines = registry.lines()[before..].to_vec();
        let expected = if sent.is_empty() { vec![] } else { vec![format!("{method} /v2/{sent}")] };
        assert_eq!(lines, expected, "{method} {path}");
    }
    let types: Vec<_> = registry
        .asked
        .lock()
        .unwrap()
        .iter()
        .filter_map(|(_, headers)| headers.get("content-type").cloned())
        .collect();
    assert_eq!(types, ["application/octet-stream", "application/json"]);
    let paged = get(&gateway, "/r/lab/v2/acme/paged/tags/list").await;
    assert_eq!(paged.headers()["link"], "<../../../../v2/acme/paged/tags/list?last=x>; rel=\"next\"");
    assert_eq!(
        get(&gateway, "/r/lab/v2/acme/stored/tags/list").await.status(),
        202,
        "a place beside the API"
    );
    let token = "/r/lab/token?scope=repository:acme/a:pull&scope=repository:secret/app:pull";
    assert_eq!(get(&gateway, token).await.status(), 403);
    assert_eq!(raw(&gateway, "GET /r//r/lab/v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n").await, 404);
}

#[tokio::test]
async fn headers_that_decide_are_there_once() {
    let registry = Scripted::start(|_| answer(200, &[], "reached")).await;
    let gateway = gateway(&registry.url, "", "").await;
    for (headers, expected) in [
        ("Host: localhost\r\n", 200),
        ("Host: localhost\r\nHost: localhost\r\n", 400),
        ("Host: localhost:80@attacker.example\r\n", 403),
        ("Host: localhost\r\nOrigin: http://localhost\r\nOrigin: https://attacker.example\r\n", 400),
        ("Host: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n", 400),
        ("Host: localhost\r\nTallyman-Authorization: none\r\nTallyman-Authorization: Bearer b\r\n", 400),
        ("Host: localhost\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n", 400),
    ] {
        let request = format!("GET /r/lab/v2/ HTTP/1.1\r\n{headers}\r\n");
        assert_eq!(raw(&gateway, &request).await, expected, "{headers:?}");
    }
    assert_eq!(registry.lines().len(), 1);
}

#[tokio::test]
async fn statuses_that_no_answer_may_have_are_not_passed_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap();
                let line = String::from_utf8_lossy(&head[..read]).into_owned();
                let status = line.split('/').nth(3).unwrap().trim_start_matches('s');
                let upgrade = if status == "101" { "connection: upgrade\r\nupgrade: x\r\n" } else { "" };
                let text =
                    format!("HTTP/1.1 {status} X\r\n{upgrade}content-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(text.as_bytes()).await.unwrap();
            });
        }
    });
    let gateway = gateway(&url, "", "").await;
    for (status, expected) in [(200, 200), (404, 404), (599, 599), (101, 502), (600, 502), (999, 502)] {
        let response = get(&gateway, &format!("/r/lab/v2/a/s{status}/manifests/x")).await;
        assert_eq!(response.status(), expected, "{status}");
    }
}
