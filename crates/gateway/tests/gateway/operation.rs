//! Operation: configuration, metrics, reload, shutdown.

use std::{
    convert::Infallible,
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use axum::{Router, body::Body, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use tallyman_core::Digest;
use tallyman_dev_registry::{Auth, Registry, TokenAuth};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::Notify,
};

use crate::support::{Folder, Process, Scripted, answer, at, caller, gateway, gateway_of, get, text};
use crate::upstreams::USERS;

/// A registry whose blobs come in two halves, the second when it is told.
async fn halting() -> (String, Arc<Notify>) {
    let go_on = Arc::new(Notify::new());
    let told = Arc::clone(&go_on);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(async move || {
        let pieces = stream::unfold(0, move |at| {
            let told = Arc::clone(&told);
            async move {
                if at == 1 {
                    told.notified().await;
                }
                (at < 2).then(|| (Ok::<_, Infallible>(Bytes::from_static(b"half ")), at + 1))
            }
        });
        Response::new(Body::from_stream(pieces))
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, go_on)
}

const BLOB: &str =
    "/r/lab/v2/a/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[tokio::test]
async fn the_app_is_told_what_there_is() {
    let top = "title = 'Ours'\ntheme = 'dark'\n[[samples]]\nreference = 'lab/a'\nabout = 'an image'";
    let gateway = gateway("http://127.0.0.1:5000", top, "read_only = true\ndelete = true").await;
    let told: serde_json::Value =
        serde_json::from_str(&get(&gateway, "/config.json").await.text().await.unwrap()).unwrap();
    let expected = serde_json::json!({
        "title": "Ours",
        "theme": "dark",
        "registries": [{
            "name": "lab", "host": "127.0.0.1:5000", "path": "r/lab/", "readOnly": true, "delete": false,
            "signedIn": false,
        }],
        "features": { "gateway": true, "signIn": false, "signOut": false, "direct": false },
        "samples": [{ "reference": "lab/a", "about": "an image" }],
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_app_is_served_by_its_policy_or_said_to_be_missing() {
    let gateway = gateway("http://127.0.0.1:5000", "", "").await;
    let response = get(&gateway, "/").await;
    let is_built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist/index.html").exists();
    assert_eq!(response.status(), if is_built { 200 } else { 503 });
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    if is_built {
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
        let tag = response.headers()["etag"].clone();
        let again =
            caller().get(at(&gateway, "/index.html")).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(again.status(), 304);
        let page = response.text().await.unwrap();
        let wasm = page.split(['\'', '"']).find(|part| part.ends_with("_bg.wasm")).unwrap();
        let wasm = caller()
            .get(at(&gateway, &format!("/{}", wasm.trim_start_matches("./"))))
            .header("accept-encoding", "gzip")
            .send()
            .await
            .unwrap();
        let headers = wasm.headers();
        assert_eq!(headers["content-type"], "application/wasm");
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(headers["content-encoding"], "gzip");
    }
    assert_eq!(get(&gateway, "/../Cargo.toml").await.status(), 404);
    assert_eq!(caller().post(at(&gateway, "/")).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn requests_are_counted_and_bounded_by_caller() {
    let registry = Scripted::start(|_| answer(200, &[], "reached")).await;
    let top = "trusted_proxies = ['127.0.0.0/8']";
    let gateway = gateway(&registry.url, top, "requests_per_minute = 2").await;
    for (from, expected) in [("192.0.2.1", 200), ("192.0.2.1", 200), ("192.0.2.1", 429), ("192.0.2.2", 200)] {
        let request = caller().get(at(&gateway, "/r/lab/v2/")).header("x-forwarded-for", from);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{from}");
        assert_eq!(response.headers().contains_key("retry-after"), expected == 429);
        assert_eq!(response.headers().contains_key("x-tallyman-gateway"), expected == 429);
        response.bytes().await.unwrap();
    }
    assert_eq!(registry.lines().len(), 3);
    let text = get(&gateway, "/metrics").await.text().await.unwrap();
    for line in [
        "tallyman_gateway_requests_total{registry=\"lab\",kind=\"base\",method=\"GET\",status=\"200\"} 3",
        "tallyman_gateway_requests_total{registry=\"lab\",kind=\"base\",method=\"GET\",status=\"429\"} 1",
        "tallyman_gateway_running 0",
        "tallyman_gateway_answer_seconds_count{registry=\"lab\"} 4",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn health_and_metrics_need_no_sign_in() {
    let folder = Folder::new("metrics");
    let users = folder.write("users", USERS);
    let top = format!("metrics_listen = '127.0.0.1:0'\n[sign_in]\nhtpasswd = {:?}", users.display());
    let gateway = gateway("http://127.0.0.1:1", &top, "").await;
    let address = gateway.metrics_address.unwrap();
    for (path, here, there) in [
        ("/metrics", 401, 200),
        ("/healthz", 200, 200),
        ("/readyz", 200, 200),
        ("/", 401, 404),
        ("/r/lab/v2/", 401, 404),
    ] {
        assert_eq!(get(&gateway, path).await.status(), here, "{path}");
        let response = caller().get(format!("http://{address}{path}")).send().await.unwrap();
        assert_eq!(response.status(), there, "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
    let metrics =
        caller().get(at(&gateway, "/metrics")).basic_auth("user", Some("secret")).send().await.unwrap();
    assert_eq!(metrics.status(), 404, "metrics with a listener of their own are nowhere else");
    let rebound = caller().get(format!("http://{address}/metrics")).header("host", "attacker.example");
    assert_eq!(rebound.send().await.unwrap().status(), 403);
    for address in [gateway.address, address] {
        let mut watcher = tokio::net::TcpStream::connect(address).await.unwrap();
        watcher.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await.unwrap();
        let mut said = String::new();
        watcher.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.0 200") && said.ends_with("alive\n"), "{said}");
    }
    let program = env!("CARGO_BIN_EXE_tallyman-gateway");
    for (path, expected) in [("/readyz", true), ("/missing", false)] {
        let mut probe = tokio::process::Command::new(program);
        probe.args(["--probe", &format!("http://{address}{path}")]).stderr(Stdio::null());
        assert_eq!(probe.status().await.unwrap().success(), expected, "{path}");
    }
}

#[tokio::test]
async fn content_comes_from_the_cache_only_for_those_whom_the_registry_would_serve() {
    let registry =
        Registry::builder().auth(Auth::Token(TokenAuth::new("user", "secret"))).start().await.unwrap();
    let content = vec![7; 300_000];
    let digest = registry.put_blob("acme/app", content.clone());
    assert_eq!(digest.to_string(), Digest::of(&content).to_string());
    let folder = Folder::new("cache");
    let top = format!("[cache]\nfolder = {:?}\nmax_mib = 10", folder.0.display());
    let gateway = gateway(&registry.url(), &top, "").await;
    let token = caller().get(at(&gateway, "/r/lab/v2/")).send().await.unwrap().headers()["www-authenticate"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(token.starts_with(&format!("Bearer realm=\"{}\"", at(&gateway, "/r/lab/token"))), "{token}");
    let answer = caller()
        .get(at(&gateway, "/r/lab/token?scope=repository:acme/app:pull"))
        .basic_auth("user", Some("secret"))
        .send()
        .await
        .unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let bearer = format!("Bearer {}", answer["token"].as_str().unwrap());
    registry.clear_requests();
    let url = at(&gateway, &format!("/r/lab/v2/acme/app/blobs/{digest}"));
    for expected in ["miss", "hit"] {
        let response = caller().get(&url).header("authorization", &bearer).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-cache"], expected);
        assert_eq!(response.headers()["docker-content-digest"], digest.to_string());
        assert_eq!(response.bytes().await.unwrap(), content);
    }
    let part = caller()
        .get(&url)
        .header("authorization", &bearer)
        .header("range", "bytes=0-9")
        .send()
        .await
        .unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().len()), (206, 10));
    assert_eq!(caller().get(&url).send().await.unwrap().status(), 401, "nobody else gets what somebody got");
    let elsewhere = url.replace("acme/app", "acme/other");
    assert_eq!(caller().get(elsewhere).header("authorization", &bearer).send().await.unwrap().status(), 401);
    let asked: Vec<String> =
        registry.requests().iter().map(|asked| format!("{} {}", asked.method, asked.status)).collect();
    assert_eq!(asked[..3], ["GET 200", "HEAD 200", "GET 206"]);
}

#[tokio::test]
async fn content_that_a_crash_damaged_is_fetched_again() {
    let registry = Registry::builder().start().await.unwrap();
    let folder = Folder::new("damaged");
    let top = format!("[cache]\nfolder = {:?}\nmax_mib = 10", folder.0.display());
    for (damaged, expected) in [
        (vec![0; 300_000], [None, Some("miss"), Some("hit")]),
        (vec![7; 100], [Some("miss"), Some("hit"), Some("hit")]),
        (vec![7; 300_000], [Some("hit"); 3]),
    ] {
        let content = vec![7; 300_000];
        let digest = registry.put_blob("acme/app", content.clone());
        fs::write(folder.0.join(digest.to_string().replace(':', "-")), damaged).unwrap();
        let gateway = gateway(&registry.url(), &top, "").await;
        for expected in expected {
            let response = get(&gateway, &format!("/r/lab/v2/acme/app/blobs/{digest}")).await;
            let from = response.headers()["x-cache"].to_str().unwrap().to_owned();
            let found = response.bytes().await.ok().map(|found| {
                assert!(found == content, "content of another digest");
                from.as_str()
            });
            assert_eq!(found, expected);
        }
    }
}

#[tokio::test]
async fn a_reload_that_is_refused_leaves_the_cache_as_it_is() {
    let folder = Folder::new("reload-cache");
    let (certificate, key) = folder.certificate("localhost");
    let cache = folder.0.join("cache");
    fs::create_dir(&cache).unwrap();
    let kept = cache.join(Digest::of(b"").to_string().replace(':', "-"));
    fs::write(&kept, vec![0; 2 * 1024 * 1024]).unwrap();
    let top = |max: u8| {
        format!(
            "[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n[cache]\nfolder = {cache:?}\nmax_mib = {max}"
        )
    };
    let url = "http://127.0.0.1:1";
    let gateway = gateway_of(&folder.0, url, &top(10), "").await;
    folder.write("gateway.toml", &text(url, &top(1), ""));
    folder.write("key.pem", "none");
    assert!(gateway.reload().await.is_err());
    assert!(kept.exists());
    folder.certificate("localhost");
    gateway.reload().await.unwrap();
    assert!(!kept.exists());
}

#[tokio::test]
async fn a_reload_changes_what_comes_and_not_what_runs() {
    let (url, go_on) = halting().await;
    let folder = Folder::new("reload");
    let gateway = gateway_of(&folder.0, &url, "title = 'Before'", "").await;
    let mut running = get(&gateway, BLOB).await.bytes_stream();
    assert_eq!(running.next().await.unwrap().unwrap(), "half ");
    let file = folder.0.join("gateway.toml");
    fs::write(&file, text(&url, "title = 'After'", "read_only = true").replace("'lab'", "'other'")).unwrap();
    gateway.reload().await.unwrap();
    assert!(get(&gateway, "/config.json").await.text().await.unwrap().contains("After"));
    assert_eq!(get(&gateway, "/r/lab/v2/").await.status(), 404);

    for broken in ["not toml", "listen = '127.0.0.1:0'", "[[registries]]\nname = 'x'\nurl = 'ftp://x'"] {
        fs::write(&file, broken).unwrap();
        assert!(gateway.reload().await.is_err(), "{broken}");
    }
    assert!(get(&gateway, "/config.json").await.text().await.unwrap().contains("After"));
    go_on.notify_one();
    assert_eq!(running.next().await.unwrap().unwrap(), "half ", "the registry is gone, the transfer goes on");
    assert!(running.next().await.is_none());
}

#[tokio::test]
async fn listeners_stay_bound_after_a_reload() {
    let folder = Folder::new("bound");
    let users = folder.write("users", USERS);
    let (certificate, key) = folder.certificate("localhost");
    let sign_in = format!("[sign_in]\nhtpasswd = {:?}", users.display());
    let tls = format!("[tls]\ncertificate = {:?}\nkey = {:?}", certificate.display(), key.display());
    let (plain, bound) = (sign_in.clone(), format!("metrics_listen = '127.0.0.1:0'\n{sign_in}\n{tls}"));
    let trusted = reqwest::Certificate::from_pem(&fs::read(&certificate).unwrap()).unwrap();
    let caller = reqwest::Client::builder().no_proxy().add_root_certificate(trusted).build().unwrap();
    for (before, after, is_bound) in [(&plain, &bound, false), (&bound, &plain, true)] {
        let url = "http://127.0.0.1:1";
        let gateway = gateway_of(&folder.0, url, before, "").await;
        let scheme = if is_bound { "https" } else { "http" };
        let base = format!("{scheme}://localhost:{}", gateway.address.port());
        fs::write(folder.0.join("gateway.toml"), text(url, after, "")).unwrap();
        for _ in 0..2 {
            gateway.reload().await.unwrap();
            let ask =
                |path: &str| caller.get(format!("{base}{path}")).basic_auth("user", Some("secret")).send();
            let settings = ask("/config.json").await.unwrap();
            assert_eq!(settings.status(), 200);
            let cookie = settings.headers()["set-cookie"].to_str().unwrap();
            assert_eq!(cookie.contains("Secure"), is_bound, "{cookie}");
            assert_eq!(cookie.starts_with("__Host-"), is_bound, "{cookie}");
            assert_eq!(settings.headers().contains_key("strict-transport-security"), is_bound);
            let metrics = if is_bound { 404 } else { 200 };
            assert_eq!(ask("/metrics").await.unwrap().status(), metrics, "{before}");
        }
    }
}

#[tokio::test]
async fn an_end_lets_transfers_end_first() {
    let (url, go_on) = halting().await;
    let gateway = gateway(&url, "", "").await;
    let address = gateway.address;
    assert_eq!(get(&gateway, "/readyz").await.status(), 200);
    let mut running = get(&gateway, BLOB).await.bytes_stream();
    assert_eq!(running.next().await.unwrap().unwrap(), "half ");
    let ending = tokio::spawn(gateway.shut_down());
    let refused = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), refused)
        .await
        .expect("no new connections are taken");
    assert!(!ending.is_finished());
    go_on.notify_one();
    assert_eq!(running.next().await.unwrap().unwrap(), "half ");
    assert!(running.next().await.is_none());
    tokio::time::timeout(std::time::Duration::from_secs(5), ending)
        .await
        .expect("nothing runs any more")
        .unwrap();
}

#[tokio::test]
async fn load_balancers_learn_of_an_end_before_it() {
    let registry = Scripted::start(|_| answer(200, &[], "reached")).await;
    let gateway = gateway(&registry.url, "drain_seconds = 60", "").await;
    let address = gateway.address;
    let ask =
        async |path: &str| caller().get(format!("http://{address}{path}")).send().await.unwrap().status();
    let ending = tokio::spawn(gateway.shut_down());
    while ask("/readyz").await != 503 {
        assert!(!ending.is_finished(), "it never said that it is ending");
    }
    assert_eq!(ask("/healthz").await, 200);
    assert_eq!(ask("/r/lab/v2/").await, 200, "connections are still taken");
    ending.abort();
}

#[tokio::test]
async fn transfers_that_never_end_do_not_hold_an_end_up() {
    let (url, _go_on) = halting().await;
    let gateway = gateway(&url, "shutdown_seconds = 1", "").await;
    let mut running = get(&gateway, BLOB).await.bytes_stream();
    assert_eq!(running.next().await.unwrap().unwrap(), "half ");
    tokio::time::timeout(std::time::Duration::from_secs(5), gateway.shut_down())
        .await
        .expect("the time is over");
}

#[tokio::test]
async fn tls_brings_http2_and_certificates_are_checked_upstream() {
    let folder = Folder::new("tls");
    let (certificate, key) = folder.certificate("localhost");
    let top = format!("[tls]\ncertificate = {:?}\nkey = {:?}", certificate.display(), key.display());
    let secure = gateway("http://127.0.0.1:1", &top, "").await;
    let trusted = reqwest::Certificate::from_pem(&fs::read(&certificate).unwrap()).unwrap();
    let caller = reqwest::Client::builder().no_proxy().add_root_certificate(trusted).build().unwrap();
    let url = format!("https://localhost:{}", secure.address.port());
    let response = caller.get(format!("{url}/config.json")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, http::Version::HTTP_2));
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
    assert!(response.headers()["permissions-policy"].to_str().unwrap().contains("camera=()"));
    let refused =
        caller.get(format!("{url}/config.json")).header("origin", "https://attacker.example").send().await;
    assert_eq!(refused.unwrap().status(), 403);
    let own = caller.get(format!("{url}/config.json")).header("origin", &url).send().await;
    assert_eq!(own.unwrap().status(), 200, "the name of an HTTP/2 request is in its URI");

    // That gateway is no registry, but whether it answers at all is a matter of its certificate.
    for (more, expected) in [
        (String::new(), 502),
        ("insecure = true".to_owned(), 404),
        (format!("ca_file = {:?}", certificate.display()), 404),
    ] {
        let front = gateway(&url, "", &more).await;
        assert_eq!(get(&front, "/r/lab/v2/").await.status(), expected, "{more}");
    }
}

type Change = fn(&mut CertificateParams);

#[tokio::test]
async fn faults_of_tls_are_told_with_what_helps() {
    let folder = Folder::new("tls-faults");
    let certificate = |name: &str, change: Change| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let pem = params.self_signed(&key).unwrap().pem();
        (folder.write("certificate.pem", &pem), folder.write("key.pem", &key.serialize_pem()))
    };
    let known = true;
    let faults: [(&str, Change, bool, &str); 5] = [
        ("localhost", |_| {}, !known, "is signed by an unknown authority; name a PEM file"),
        (
            "localhost",
            |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            known,
            "authority's, not a server's; use one",
        ),
        (
            "localhost",
            |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1),
            known,
            "has expired; renew it",
        ),
        (
            "localhost",
            |params: &mut CertificateParams| params.not_before = date_time_ymd(3000, 1, 1),
            known,
            "is not valid yet; compare the clocks",
        ),
        ("other.example", |_| {}, known, "is for other host names; use a host name"),
    ];
    let told = async |url: &str, more: &str| {
        let response = get(&gateway(url, "", more).await, "/r/lab/v2/").await;
        assert_eq!(response.status(), 502, "{url}");
        response.text().await.unwrap()
    };
    for (name, change, is_known, expected) in faults {
        let (certificate, key) = certificate(name, change);
        let top = format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}");
        let secure = gateway("http://127.0.0.1:1", &top, "").await;
        let more = if is_known { format!("ca_file = {certificate:?}") } else { String::new() };
        let port = secure.address.port();
        let text = told(&format!("https://localhost:{port}"), &more).await;
        assert!(text.contains(&format!("certificate of https://localhost:{port}")), "{text}");
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let (certificate, key) = certificate("localhost", |_| {});
    let top = format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}");
    let secure = gateway("http://127.0.0.1:1", &top, "").await;
    let text = told(&format!("http://{}", secure.address), "").await;
    assert!(text.contains("write https:// in the url of lab"), "{text}");
    let plain = Scripted::start(|_| answer(200, &[], "")).await;
    let text = told(&plain.url.replace("http://", "https://"), "").await;
    assert!(text.contains("write http:// in the url of lab"), "{text}");
    let cut = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", cut.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in cut.incoming().flatten() {
            let _hello = Read::read(&mut stream, &mut [0; 16 * 1024]);
        }
    });
    let text = told(&url, "").await;
    assert!(text.contains("expected a TLS handshake with") && text.contains("ended during it"), "{text}");
}

#[tokio::test]
async fn the_program_logs_no_credentials_reads_its_file_again_and_ends_when_told() {
    let registry = Scripted::start(|_| answer(401, &[("www-authenticate", "Basic realm=\"r\"")], "")).await;
    let folder = Folder::new("program");
    let file = folder.write("gateway.toml", &text(&registry.url, "title = 'Before'", ""));
    let program = env!("CARGO_BIN_EXE_tallyman-gateway");
    let check = Command::new(program).args(["--check", "--config"]).arg(&file).status().unwrap();
    assert!(check.success());
    let check = Command::new(program).arg("--check").stderr(Stdio::piped()).output().unwrap();
    assert!(!check.status.success());
    assert!(String::from_utf8_lossy(&check.stderr).contains("--registry NAME=URL"));

    let mut running = Command::new(program)
        .args(["--log", "json", "--listen", "127.0.0.2:0", "--config"])
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(running.stderr.take().unwrap());
    let mut lines = String::new();
    log.read_line(&mut lines).unwrap();
    if !lines.contains("listening") {
        assert!(lines.contains("cargo xtask web"), "{lines}");
        log.read_line(&mut lines).unwrap();
    }
    let url = lines.split("listening on ").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &running.id().to_string()]).status().unwrap().success());
    };
    let asked = caller()
        .get(format!("{url}r/lab/v2/acme/app/manifests/x?token=s3cret"))
        .basic_auth("user", Some("s3cret"))
        .header("cookie", "session=s3cret")
        .send();
    assert_eq!(asked.await.unwrap().status(), 401);
    let rebound = caller().get(format!("{url}config.json")).header("host", "attacker.example").send();
    assert_eq!(rebound.await.unwrap().status(), 403);
    let framed = caller().get(format!("{url}r/lab/v2/")).header("origin", "https://attacker.example").send();
    assert_eq!(framed.await.unwrap().status(), 403);
    fs::write(&file, text(&registry.url, "title = 'After'", "")).unwrap();
    signal("-HUP");
    let mut title = String::new();
    for _ in 0..100 {
        title = caller().get(format!("{url}config.json")).send().await.unwrap().text().await.unwrap();
        if title.contains("After") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(title.contains("After"), "{title}");
    signal("-TERM");
    log.read_to_string(&mut lines).unwrap();
    assert!(running.wait().unwrap().success());
    assert!(lines.contains("\"repository\":\"acme/app\"") && lines.contains("\"status\":401"), "{lines}");
    assert!(lines.contains("\"reason\":\"expected a request for a name that the gateway knows"), "{lines}");
    assert!(lines.contains("\"reason\":\"expected a request of the gateway's own pages"), "{lines}");
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    assert!(!lines.contains("take effect only after a restart"), "it listens where it was told: {lines}");
    assert!(!lines.contains("s3cret") && !lines.contains("dXNlcjpzM2NyZXQ="), "{lines}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_its_caller_gives_up_is_no_fault_of_the_registry() {
    let reading = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", reading.local_addr().unwrap());
    let folder = Folder::new("given-up");
    let (mut process, address) = Process::gateway(&folder.write("gateway.toml", &text(&url, "", "")));
    let log = process.log();
    let mut stream =
        tokio::net::TcpStream::connect(address.trim_start_matches("http://").trim_end_matches('/'))
            .await
            .unwrap();
    let head =
        "PATCH /r/lab/v2/a/blobs/uploads/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsome";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut sent, _) = reading.accept().await.unwrap();
    let mut piece = [0; 4096];
    let mut got = String::new();
    while !got.ends_with("some") {
        let read = sent.read(&mut piece).await.unwrap();
        got.push_str(std::str::from_utf8(&piece[..read]).unwrap());
    }
    // Only this side ends: the answer would still be read.
    stream.shutdown().await.unwrap();
    let line = tokio::task::spawn_blocking(move || log.into_iter().find(|line| line.contains("PATCH")));
    let line = line.await.unwrap().unwrap();
    assert!(line.contains("status=400") && line.contains("the caller ended it"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_read_before_it_is_passed_on_ends_with_its_caller() {
    let folder = Folder::new("given-up-whole");
    let password = folder.write("password", "secret");
    let own = format!("username = 'ada'\npassword_file = {password:?}\nread_only = false");
    for (more, line) in [
        (own.as_str(), "PUT /r/lab/v2/a/manifests/x HTTP/1.1\r\nContent-Type: application/json"),
        ("", "POST /r/lab/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded"),
    ] {
        let config = folder.write("gateway.toml", &text("http://127.0.0.1:1", "", more));
        let (mut process, address) = Process::gateway(&config);
        let log = process.log();
        let address = address.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!("{line}\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsome");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let found =
            tokio::task::spawn_blocking(move || log.into_iter().find(|line| line.contains("status=")));
        let found = found.await.unwrap().unwrap();
        assert!(found.contains("status=400") && found.contains("the caller ended it"), "{line}: {found}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_a_program_that_waits_for_transfers() {
    for (signal, code, seconds) in
        [("-INT", 130, "drain_seconds = 60"), ("-TERM", 143, "shutdown_seconds = 60")]
    {
        let (url, _go_on) = halting().await;
        let folder = Folder::new("signals");
        let (mut process, at) = Process::gateway(&folder.write("gateway.toml", &text(&url, seconds, "")));
        let log = process.log();
        let mut running = caller().get(format!("{}{BLOB}", at.trim_end_matches('/'))).send().await.unwrap();
        assert_eq!(running.chunk().await.unwrap().unwrap(), "half ");
        let id = process.0.id().to_string();
        let send = || assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let waits_for = |expected: &str| {
            let found = log.iter().find(|line| line.contains(expected));
            found.unwrap_or_else(|| panic!("no line with {expected:?}"))
        };
        send();
        let line = waits_for("shutting down: ");
        assert!(line.contains("(1 in progress)") && line.contains("again to end at once"), "{line}");
        assert!(
            line.contains(if signal == "-INT" { "up to 90 seconds" } else { "up to 60 seconds" }),
            "{line}"
        );
        send();
        waits_for("stopped at once");
        assert_eq!(process.0.wait().unwrap().code(), Some(code), "{signal}");
    }
}

/// Waits for the end of a program that was told to end.
async fn end_of(running: &mut std::process::Child) -> std::process::ExitStatus {
    let end = async {
        loop {
            if let Some(status) = running.try_wait().unwrap() {
                break status;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), end).await.expect("the program ends")
}

#[tokio::test]
async fn a_log_that_is_not_read_stops_nothing() {
    let registry = Scripted::start(|_| answer(200, &[], "")).await;
    let folder = Folder::new("unread-log");
    let file = folder.write("gateway.toml", &text(&registry.url, "", ""));
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallyman-gateway"));
    let mut child = command.arg("--config").arg(file).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening on ") {
        line.clear();
        log.read_line(&mut line).unwrap();
    }
    let url = format!("{}r/lab/v2/", line.split("listening on ").nth(1).unwrap().trim());
    let mut running = Process::quiet(child);
    // A pipe takes the lines of some 300 requests.
    let client = caller();
    for at in 0..1500 {
        let asked = client.get(&url).timeout(std::time::Duration::from_secs(20)).send().await;
        assert_eq!(asked.unwrap().status(), 200, "request {at}");
    }
    drop(client);
    assert!(Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap().success());
    assert!(end_of(&mut running.0).await.success());
}

#[tokio::test]
async fn a_reload_that_hangs_holds_up_neither_requests_nor_the_end() {
    let folder = Folder::new("hanging");
    let file = folder.write("gateway.toml", &text("http://127.0.0.1:1", "", ""));
    let (mut running, url) = Process::gateway(&file);
    // A read of the file waits for its text.
    let pipe = folder.0.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::rename(&pipe, &file).unwrap();
    let id = running.0.id().to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    signal("-HUP");
    let held = tokio::task::spawn_blocking(move || fs::OpenOptions::new().write(true).open(file)).await;
    let limit = std::time::Duration::from_secs(20);
    let asked = caller().get(format!("{url}healthz")).timeout(limit).send().await;
    assert_eq!(asked.unwrap().status(), 200);
    signal("-TERM");
    assert!(end_of(&mut running.0).await.success());
    drop(held);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_stops_nothing() {
    let registry = Scripted::start(|_| answer(200, &[], "")).await;
    let folder = Folder::new("lost-log");
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = folder.write("gateway.toml", &text(&registry.url, "title = 'Before'", ""));
    let program = env!("CARGO_BIN_EXE_tallyman-gateway");
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (closed, pipe) = std::io::pipe().unwrap();
    drop(closed);
    for (name, log) in [("a full disk", Stdio::from(full())), ("a closed pipe", Stdio::from(pipe))] {
        let mut running = Command::new(program)
            .args(["--listen", &address.to_string(), "--config"])
            .arg(&file)
            .stderr(log)
            .spawn()
            .unwrap();
        let ask = async |path: &str| {
            let response = caller().get(format!("http://{address}{path}")).send().await.ok()?;
            Some((response.status().as_u16(), response.text().await.unwrap()))
        };
        let signal = |name: &str| {
            assert!(Command::new("kill").args([name, &running.id().to_string()]).status().unwrap().success());
        };
        for _ in 0..250 {
            if ask("/healthz").await.is_some() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        for at in 0..6 {
            assert_eq!(ask("/r/lab/v2/").await.unwrap().0, 200, "{name}: request {at}");
        }
        fs::write(&file, text(&registry.url, "title = 'After'", "")).unwrap();
        signal("-HUP");
        let mut title = String::new();
        for _ in 0..100 {
            title = ask("/config.json").await.unwrap().1;
            if title.contains("After") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(title.contains("After"), "{name}: {title}");
        signal("-TERM");
        assert!(running.wait().unwrap().success(), "{name}");
        fs::write(&file, text(&registry.url, "title = 'Before'", "")).unwrap();
    }
    for arguments in [&["--check"][..], &["--probe", "http://127.0.0.1:1/readyz"]] {
        let status = Command::new(program).args(arguments).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(1), "{arguments:?}: an error, not a panic");
    }
}

#[tokio::test]
async fn the_path_of_the_app_leads_on_to_what_its_links_begin_with() {
    let gateway = gateway("http://127.0.0.1:1", "base_path = '/tools/tallyman'", "").await;
    let response = get(&gateway, "/tools/tallyman?q=1").await;
    assert_eq!(response.status(), 308);
    assert_eq!(response.headers()["location"], "/tools/tallyman/?q=1");
    assert_eq!(get(&gateway, "/tools/tallyman/config.json").await.status(), 200);
    for path in ["/tools", "/tools/tallyman2", "/"] {
        assert_ne!(get(&gateway, path).await.status(), 308, "{path}");
    }
}

#[test]
fn settings_that_prevent_a_start_are_refused_by_the_check() {
    let folder = Folder::new("check");
    let (certificate, key) = folder.certificate("localhost");
    let empty = folder.write("empty", "");
    let users = folder.write("users", USERS);
    let cache = folder.0.join("cache");
    let tls = |certificate: &Path, key: &Path| format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}");
    let cached = |folder: &Path| format!("[cache]\nfolder = {folder:?}\nmax_mib = 1");
    let sign_in = |users: &Path| format!("[sign_in]\nhtpasswd = {users:?}");
    let nothing = || String::new();
    let check = |top: &str, more: &str| {
        let file = folder.write("gateway.toml", &text("https://registry.example", top, more));
        Command::new(env!("CARGO_BIN_EXE_tallyman-gateway"))
            .args(["--check", "--config"])
            .arg(file)
            .env_remove("NOPE")
            .output()
            .unwrap()
    };
    for (top, more, expected) in [
        (sign_in("/nope".as_ref()), nothing(), "could not read /nope: "),
        (sign_in(&empty), nothing(), "at least one user"),
        (tls("/dev/null".as_ref(), &key), nothing(), "PEM form in /dev/null, found none"),
        (tls(&certificate, &empty), nothing(), "empty, found none"),
        (tls(&certificate, "/nope".as_ref()), nothing(), "could not read /nope: "),
        (cached("/proc/x".as_ref()), nothing(), "expected /proc/x to be a folder"),
        (cached(&empty), nothing(), "to be a folder"),
        (cached(&empty.join("x/y")), nothing(), "to be a folder"),
        (nothing(), "username = 'u'\npassword_env = 'NOPE'".to_owned(), "variable NOPE, found none"),
        (nothing(), format!("ca_file = {empty:?}"), "found none that can be used in"),
        (nothing(), "ca_file = '/dev/null'".to_owned(), "found none that can be used in /dev/null"),
        (
            nothing(),
            "host = 'https://r.example/'".to_owned(),
            "such as docker.io or registry.example.com:5000",
        ),
        (nothing(), "host = ''".to_owned(), "as references have it"),
        (nothing(), "host = 'index.docker.io'".to_owned(), "as references have it"),
        (nothing(), "host = 'registry'".to_owned(), "as references have it"),
        (
            nothing(),
            "[[registries]]\nname = 'b'\nurl = 'https://other.example'\nhost = 'registry.example'".to_owned(),
            "found a second one for registry.example after \"lab\"",
        ),
        (
            nothing(),
            "[[registries]]\nname = 'b'\nurl = 'https://docker.io'".to_owned(),
            "expected https://registry-1.docker.io",
        ),
        (
            nothing(),
            "[[registries]]\nname = 'b'\nurl = 'https://index.docker.io'".to_owned(),
            "expected https://registry-1.docker.io",
        ),
        (
            nothing(),
            "[[registries]]\nname = 'b'\nurl = '127.0.0.1:5000'".to_owned(),
            "http://127.0.0.1:5000 for plain HTTP",
        ),
        (
            nothing(),
            "[[registries]]\nname = 'b'\nurl = 'localhost:5000'".to_owned(),
            "http://127.0.0.1:5000 for plain HTTP",
        ),
        (
            "[[samples]]\nreference = '::bad ref'\nabout = 'x'".to_owned(),
            nothing(),
            "such as alpine:latest, found \"::bad ref\"",
        ),
        ("trusted_proxies = ['proxy']".to_owned(), nothing(), "10.0.0.0/8 or an address such as 10.0.0.5"),
        (nothing(), "networks = ['10.0.0.0/33']".to_owned(), "10.0.0.0/8 or an address such as 10.0.0.5"),
        ("metrics_listen = '9090'".to_owned(), nothing(), "an address and a port such as 127.0.0.1:8080"),
        ("public_url = 'registry.example.com'".to_owned(), nothing(), "expected a URL such as"),
        ("public_url = 'https://a.example/?b'".to_owned(), nothing(), "without a query or a user name"),
    ] {
        let checked = check(&top, &more);
        let error = String::from_utf8_lossy(&checked.stderr);
        assert_eq!(checked.status.code(), Some(1), "{top}{more}: {error}");
        assert!(error.contains(expected), "{top}{more}: {error}");
    }
    for (flags, expected) in [
        (["--listen", "8080"], "an address and a port such as 127.0.0.1:8080"),
        (["--registry", "lab=127.0.0.1:5000"], "http://127.0.0.1:5000 for plain HTTP"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tallyman-gateway"));
        let output = command.args(flags).arg("--check").output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && error.contains(expected), "{flags:?}: {error}");
    }
    let kept = folder.0.join("kept");
    fs::create_dir(&kept).unwrap();
    fs::write(kept.join("partial-1"), "half").unwrap();
    for (top, more) in [
        (tls(&certificate, &key), format!("ca_file = {certificate:?}")),
        (format!("{}\n{}", sign_in(&users), cached(&cache)), nothing()),
        (cached(&kept), nothing()),
        (cached(&folder.0.join("a/b")), nothing()),
        (
            "trusted_proxies = ['10.0.0.5', '::1', '10.0.0.0/8']".to_owned(),
            "networks = ['10.0.0.5']".to_owned(),
        ),
        (
            "public_url = 'https://registry.example.com/tallyman'".to_owned(),
            "host = 'other.example:5000'".to_owned(),
        ),
    ] {
        let checked = check(&top, &more);
        assert!(checked.status.success(), "{top}: {}", String::from_utf8_lossy(&checked.stderr));
    }
    assert!(kept.join("partial-1").exists(), "a check removes nothing");
    let mut names: Vec<_> =
        fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(
        names,
        ["certificate.pem", "empty", "gateway.toml", "kept", "key.pem", "users"],
        "nor makes it"
    );
}
