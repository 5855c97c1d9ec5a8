//! Networks, certificates and servers as people have them: what Go's client takes, the native transport takes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(all(feature = "native", not(target_arch = "wasm32")))]

mod servers;

use std::{io::Write, path::Path, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use http::{HeaderMap, Method, StatusCode, header};
use servers::{Identity, always, fine, start, start_socks, start_tls, with_headers};
use tallyman_core::{Descriptor, Digest, MediaType, Reference};
use tallyman_registry::{
    Access, Client, NativeTransport, OwnCertificates, Request, RequestBody, Transport, TransportError,
    TransportErrorKind,
};

type Variables = Vec<(&'static str, String)>;

fn transport(variables: Variables, folder: &Path) -> NativeTransport {
    let env =
        move |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    NativeTransport::for_environment(env, folder)
}

fn plain() -> NativeTransport {
    transport(Vec::new(), Path::new("/nonexistent"))
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

async fn request_whole(transport: &NativeTransport, request: Request) -> Result<Answer, TransportError> {
    let response = transport.send(request).await?;
    let body = response.body.collect(10_000_000).await?.expect("the body is short");
    Ok(Answer { status: response.status, headers: response.headers, body })
}

fn get(url: &str) -> Request {
    Request::new(Method::GET, url.to_owned())
}

async fn text(transport: &NativeTransport, url: &str) -> Result<String, (TransportErrorKind, String)> {
    match request_whole(transport, get(url)).await {
        Ok(answer) => Ok(String::from_utf8_lossy(&answer.body).into_owned()),
        Err(error) => Err((error.kind, error.message)),
    }
}

fn says(text: &str) -> Result<String, (TransportErrorKind, String)> {
    Ok(text.to_owned())
}

const UNKNOWN: &str = "tls: failed to verify certificate: x509: certificate signed by unknown authority";

#[tokio::test]
async fn requests_one_after_the_other_share_a_connection() {
    let server = start(always(fine(b"fine"))).await;
    let transport = plain();
    for _ in 0..5 {
        assert_eq!(text(&transport, &format!("http://{}/v2/?a=b%20c", server.host)).await, says("fine"));
    }
    assert_eq!((server.connections(), server.lines()[0].as_str()), (1, "GET /v2/?a=b%20c HTTP/1.1"));
    assert_eq!(server.asked.lock().unwrap()[0].header("host"), Some(&*server.host));
}

#[tokio::test]
async fn a_post_without_a_body_says_that_it_has_none() {
    let server = start(always(fine(b""))).await;
    let url = format!("http://{}/", server.host);
    request_whole(&plain(), Request::new(Method::POST, url)).await.unwrap();
    assert_eq!(server.asked.lock().unwrap()[0].header("content-length"), Some("0"));
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_replaced() {
    let server = start(Arc::new(|asked| match asked.line().contains("/first") {
        true => fine(b"first"),
        // Without a word.
        false => Vec::new(),
    }))
    .await;
    let transport = plain().repeating_on_kept_connections();
    assert_eq!(text(&transport, &format!("http://{}/first", server.host)).await, says("first"));
    let broken = text(&transport, &format!("http://{}/second", server.host)).await;
    assert_eq!(broken, Err((TransportErrorKind::Reset, "EOF".to_owned())));
    // Once on the kept connection, once on a new one, and no more.
    assert_eq!((server.connections(), server.lines().len()), (2, 3));
}

#[tokio::test]
async fn connections_that_were_opened_ahead_are_used() {
    let server = start(always(fine(b"fine"))).await;
    let (transport, url) = (plain(), format!("http://{}/", server.host));
    transport.preconnect(&url, false, 5, 5);
    for _ in 0..5 {
        assert_eq!(text(&transport, &url).await, says("fine"));
    }
    // However long it takes until they are all accepted.
    for _ in 0..3000 {
        if server.connections() == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(server.connections(), 5);
}

#[tokio::test]
async fn tls_to_a_port_that_speaks_plain_http_is_named_at_the_price_of_one_hello() {
    for answer in [
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request",
        "HTTP/1.0 400 Bad request\r\nConnection: close\r\n\r\n",
    ] {
        let server = start(always(answer.as_bytes().to_vec())).await;
        let (transport, url) = (plain(), format!("https://{}/v2/", server.host));
        let expected = "http: server gave HTTP response to HTTPS client".to_owned();
        let asked = futures_util::future::join_all((0..8).map(|_| text(&transport, &url))).await;
        for failure in asked {
            assert_eq!(failure, Err((TransportErrorKind::PlainHttp, expected.clone())));
        }
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn failures_are_told_in_the_words_of_go() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let refused = format!("dial tcp 127.0.0.1:{port}: connect: connection refused");
    assert_eq!(
        text(&plain(), &format!("https://127.0.0.1:{port}/")).await,
        Err((TransportErrorKind::Refused, refused.clone()))
    );
    let proxied = transport(vec![("HTTPS_PROXY", format!("127.0.0.1:{port}"))], Path::new("/nonexistent"));
    assert_eq!(
        text(&proxied, "https://registry.test/").await,
        Err((TransportErrorKind::Refused, format!("proxyconnect tcp: {refused}")))
    );
    let (kind, unknown) = text(&plain(), "https://registry.invalid/").await.unwrap_err();
    assert_eq!(kind, TransportErrorKind::Dns);
    assert!(unknown.starts_with("dial tcp: lookup registry.invalid"), "{unknown}");
    let half =
        start(always(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf".to_vec()))
            .await;
    assert_eq!(
        text(&plain(), &format!("http://{}/", half.host)).await,
        Err((TransportErrorKind::Reset, "unexpected EOF".to_owned()))
    );
}

#[tokio::test]
async fn a_connection_that_ends_during_the_handshake_is_told_from_one_that_ends_behind_it() {
    let cut = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", cut.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in cut.incoming().flatten() {
            // All of it is read: what is not makes the end a reset.
            let _hello = std::io::Read::read(&mut stream, &mut [0; 16 * 1024]);
        }
    });
    assert_eq!(text(&plain(), &url).await, Err((TransportErrorKind::Handshake, "EOF".to_owned())));
    let identity = Identity::of(&["127.0.0.1"]);
    let server = start_tls(&identity, Arc::new(|_| Vec::new())).await;
    let own = plain();
    let authorities = vec![identity.cert.to_string_lossy().into_owned()];
    own.use_certificates(OwnCertificates { authorities, ..OwnCertificates::default() }).unwrap();
    let behind = text(&own, &format!("https://{}/", server.host)).await;
    assert_eq!(behind.unwrap_err().0, TransportErrorKind::Reset);
}

#[tokio::test]
async fn a_certificate_is_trusted_if_something_names_it_and_refused_if_nothing_does() {
    let identity = Identity::of(&["127.0.0.1", "localhost"]);
    let server = start_tls(&identity, always(fine(b"fine"))).await;
    let url = format!("https://{}/", server.host);
    let file = identity.cert.to_string_lossy().into_owned();
    let folder = identity.folder.path().to_string_lossy().into_owned();
    let broken = identity.folder.path().join("broken.pem");
    let noise = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&broken, format!("{noise}{}", std::fs::read_to_string(&identity.cert).unwrap())).unwrap();
    for variables in [
        vec![("SSL_CERT_FILE", file.clone())],
        vec![("SSL_CERT_DIR", format!("/nonexistent:{folder}"))],
        vec![("SSL_CERT_FILE", "/nonexistent".to_owned()), ("SSL_CERT_DIR", folder.clone())],
        vec![("SSL_CERT_FILE", broken.to_string_lossy().into_owned())],
    ] {
        let named = transport(variables.clone(), Path::new("/nonexistent"));
        assert_eq!(text(&named, &url).await, says("fine"), "{variables:?}");
    }
    let own = plain();
    own.use_certificates(OwnCertificates { authorities: vec![file], ..OwnCertificates::default() }).unwrap();
    assert_eq!(text(&own, &url).await, says("fine"));
    let kept = tempfile::tempdir().unwrap();
    identity.keep(kept.path(), &server.host, &["ca.crt"]);
    assert_eq!(text(&transport(Vec::new(), kept.path()), &url).await, says("fine"));

    let refused = Err((TransportErrorKind::Tls, UNKNOWN.to_owned()));
    let transport = plain();
    assert_eq!(text(&transport, &url).await, refused);
    let insecure = Request { unverified_tls: true, ..get(&url) };
    assert_eq!(request_whole(&transport, insecure).await.unwrap().body, "fine");
    assert_eq!(text(&transport, &url).await, refused);
}

#[tokio::test]
async fn folders_of_the_system_are_read_beside_a_file_that_is_named_unless_others_are() {
    let [identity, foreign] = [(); 2].map(|()| Identity::of(&["127.0.0.1"]));
    let server = start_tls(&identity, always(fine(b"fine"))).await;
    let url = format!("https://{}/", server.host);
    let [folder, empty] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    std::fs::copy(&identity.cert, folder.path().join("own.pem")).unwrap();
    // The names by which OpenSSL finds certificates are links beside them.
    std::os::unix::fs::symlink("own.pem", folder.path().join("01234567.0")).unwrap();
    let with = |variables: Variables| {
        let transport = transport(variables, Path::new("/nonexistent"));
        transport.with_system_folders([Path::new("/nonexistent"), folder.path()])
    };
    let named = foreign.cert.to_string_lossy().into_owned();
    for variables in
        [vec![], vec![("SSL_CERT_FILE", named)], vec![("SSL_CERT_FILE", "/nonexistent".to_owned())]]
    {
        assert_eq!(text(&with(variables.clone()), &url).await, says("fine"), "{variables:?}");
    }
    let elsewhere = with(vec![("SSL_CERT_DIR", empty.path().to_string_lossy().into_owned())]);
    assert_eq!(text(&elsewhere, &url).await, Err((TransportErrorKind::Tls, UNKNOWN.to_owned())));
}

#[tokio::test]
async fn the_certificates_of_a_registry_count_for_its_token_service_and_for_redirects() {
    let identity = Identity::of(&["127.0.0.1"]);
    let storage = start_tls(&identity, Arc::new(|asked| fine(asked.shown.to_string().as_bytes()))).await;
    let tokens = start_tls(&identity, always(fine(br#"{"token":"t"}"#))).await;
    let redirect = format!("https://{}/blob", storage.host);
    let challenge = format!(r#"WWW-Authenticate: Bearer realm="https://{}/token",service="r""#, tokens.host);
    let answer: servers::Answer = Arc::new(move |asked| match asked.header("authorization") {
        None => format!("HTTP/1.1 401 Unauthorized\r\n{challenge}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        Some(_) if asked.line().contains("/blobs/") => {
            format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {redirect}\r\nContent-Length: 0\r\n\r\n")
                .into_bytes()
        }
        Some(_) => fine(b"{}"),
    });
    let registry = start_tls(&identity, Arc::clone(&answer)).await;
    let kept = tempfile::tempdir().unwrap();
    identity.keep(kept.path(), &registry.host, &["ca.crt", "me.cert", "me.key"]);
    let client = Client::builder(Rc::new(transport(Vec::new(), kept.path()))).build();
    let image = |host: &str| format!("{host}/acme/app:1").parse::<Reference>().unwrap();
    assert_eq!(&client.manifest(&image(&registry.host)).await.unwrap().bytes[..], b"{}");
    let blob = Descriptor::new(MediaType::new("text/plain"), Digest::of(b"1"), 1);
    assert_eq!(
        &client.blob(&image(&registry.host), &blob).await.unwrap()[..],
        b"1",
        "a certificate is shown"
    );
    // Certificates of one registry do not count for another, not even on open connections.
    let other = start_tls(&identity, answer).await;
    let elsewhere = Identity::of(&["127.0.0.1"]);
    elsewhere.keep(kept.path(), &other.host, &["ca.crt"]);
    let refused = client.manifest(&image(&other.host)).await.unwrap_err();
    assert!(refused.to_string().contains(UNKNOWN), "{refused}");
    // A place that has certificates of its own is held to them.
    elsewhere.keep(kept.path(), &storage.host, &["ca.crt"]);
    let client = Client::builder(Rc::new(transport(Vec::new(), kept.path()))).build();
    let refused = client.blob(&image(&registry.host), &blob).await.unwrap_err();
    assert!(refused.to_string().contains(UNKNOWN), "{refused}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_with_both_names() {
    let identity = Identity::of(&["other.test"]);
    let server = start_tls(&identity, always(fine(b"fine"))).await;
    let kept = tempfile::tempdir().unwrap();
    identity.keep(kept.path(), &server.host, &["ca.crt"]);
    let (kind, message) =
        text(&transport(Vec::new(), kept.path()), &format!("https://{}/", server.host)).await.unwrap_err();
    assert_eq!(kind, TransportErrorKind::Tls);
    assert!(message.ends_with("x509: certificate is valid for other.test, not 127.0.0.1"), "{message}");
}

#[tokio::test]
async fn client_certificates_are_shown_and_faults_of_their_files_are_told() {
    let identity = Identity::of(&["127.0.0.1"]);
    let other = Identity::of(&["127.0.0.1"]);
    let server = start_tls(&identity, Arc::new(|asked| fine(asked.shown.to_string().as_bytes()))).await;
    let url = format!("https://{}/", server.host);
    let with = async |keep: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path());
        let transport = transport(Vec::new(), folder.path());
        match request_whole(&transport, Request { unverified_tls: true, ..get(&url) }).await {
            Ok(answer) => String::from_utf8_lossy(&answer.body).into_owned(),
            Err(error) => error.message,
        }
    };
    let host = &server.host;
    assert_eq!(with(&|_| ()).await, "0");
    assert_eq!(with(&|folder| identity.keep(folder, host, &["me.cert", "me.key"])).await, "1");
    let missing_key =
        "missing key me.key for client certificate me.cert. CA certificates must use the extension .crt";
    assert_eq!(with(&|folder| identity.keep(folder, host, &["me.cert"])).await, missing_key);
    let missing_cert = "missing client certificate me.cert for key me.key";
    assert_eq!(with(&|folder| identity.keep(folder, host, &["me.key"])).await, missing_cert);
    let mismatch = with(&|folder| {
        identity.keep(folder, host, &["me.cert"]);
        other.keep(folder, host, &["me.key"]);
    })
    .await;
    assert!(mismatch.starts_with("tls: private key does not match public key in "), "{mismatch}");
    let folder_in_place =
        with(&|folder| std::fs::create_dir_all(folder.join(host).join("ca.crt")).unwrap()).await;
    assert!(folder_in_place.ends_with("ca.crt: is a directory"), "{folder_in_place}");

    let own = |cert: Option<&Path>, key: Option<&Path>| OwnCertificates {
        cert: cert.map(|path| path.to_string_lossy().into_owned()),
        key: key.map(|path| path.to_string_lossy().into_owned()),
        ..OwnCertificates::default()
    };
    let transport = plain();
    transport.use_certificates(own(Some(&identity.cert), Some(&identity.key))).unwrap();
    let insecure = || Request { unverified_tls: true, ..get(&url) };
    assert_eq!(request_whole(&transport, insecure()).await.unwrap().body, "1");
    // Faults of named files are reported before any request.
    let empty = identity.folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    let of_authority = OwnCertificates {
        authorities: vec![empty.to_string_lossy().into_owned()],
        ..OwnCertificates::default()
    };
    for (wrong, fault) in [
        (own(Some(&identity.cert), None), "expected both --cert and --key, found --cert alone"),
        (own(Some(&identity.cert), Some(&other.key)), "private key does not match public key in"),
        (own(Some(&identity.cert), Some(&empty)), "expected a private key in"),
        (own(Some(&empty), Some(&identity.key)), "expected a certificate in"),
        (own(Some(Path::new("/none.pem")), Some(&identity.key)), "open /none.pem: no such file or directory"),
        (of_authority, "expected a certificate in"),
    ] {
        let error = transport.use_certificates(wrong).expect_err(fault);
        assert!(error.message.contains(fault), "{}", error.message);
    }
    assert_eq!(request_whole(&transport, insecure()).await.unwrap().body, "1");
}

#[tokio::test]
async fn a_folder_of_certificates_is_found_with_and_without_the_usual_port() {
    let identity = Identity::of(&["registry.test"]);
    let server = start_tls(&identity, always(fine(b"fine"))).await;
    // A proxy that leads every name to the server, whatever its port.
    let port = server.port;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let mut onward = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                tokio::io::copy_bidirectional(&mut stream, &mut onward).await.ok();
            });
        }
    });
    for (name, url) in [
        ("registry.test", "https://registry.test/"),
        ("registry.test:443", "https://registry.test:443/"),
        ("registry.test", "https://registry.test:443/"),
        ("registry.test:443", "https://registry.test/"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        identity.keep(folder.path(), name, &["ca.crt"]);
        let transport = transport(vec![("HTTPS_PROXY", proxy.clone())], folder.path());
        assert_eq!(text(&transport, url).await, says("fine"), "{name} for {url}");
    }
}

#[tokio::test]
async fn proxies_of_every_kind_lead_to_plain_http_and_to_tls() {
    let identity = Identity::of(&["registry.test"]);
    let plain_target = start(always(fine(b"fine"))).await;
    let target = start_tls(&identity, always(fine(b"fine"))).await;
    let secure = |request: Request| Request { unverified_tls: true, ..request };
    let proxy = start(always(fine(b"by proxy"))).await;
    let setting = format!("http://alice:s%233cret@{}", proxy.host);
    let variables = vec![("HTTP_PROXY", setting.clone()), ("https_proxy", setting)];
    let by_http = transport(variables, Path::new("/nonexistent"));
    assert_eq!(text(&by_http, "http://registry.test:5000/v2/?q").await, says("by proxy"));
    let tunnelled =
        request_whole(&by_http, secure(get(&format!("https://registry.test:{}/", target.port)))).await;
    assert_eq!(tunnelled.unwrap().body, "fine");
    assert_eq!(
        text(&by_http, &format!("http://{}/", plain_target.host)).await,
        says("fine"),
        "loopback is reached straight"
    );
    let asked = proxy.asked.lock().unwrap().clone();
    let lines: Vec<_> =
        asked.iter().map(|asked| (asked.line(), asked.header("proxy-authorization"))).collect();
    let password = Some("Basic YWxpY2U6cyMzY3JldA==");
    let connect = format!("CONNECT registry.test:{} HTTP/1.1", target.port);
    assert_eq!(lines, [("GET http://registry.test:5000/v2/?q HTTP/1.1", password), (&*connect, password)]);

    let of_proxy = Identity::of(&["127.0.0.1"]);
    let secure_proxy = start_tls(&of_proxy, always(fine(b"by proxy"))).await;
    let trusted = of_proxy.cert.to_string_lossy().into_owned();
    let setting = format!("https://{}", secure_proxy.host);
    let variables =
        vec![("HTTPS_PROXY", setting.clone()), ("HTTP_PROXY", setting.clone()), ("SSL_CERT_FILE", trusted)];
    let by_https = transport(variables, Path::new("/nonexistent"));
    let tunnelled =
        request_whole(&by_https, secure(get(&format!("https://registry.test:{}/", target.port)))).await;
    assert_eq!(tunnelled.unwrap().body, "fine");
    assert_eq!(text(&by_https, "http://registry.test/").await, says("by proxy"));
    let untrusted = transport(vec![("HTTPS_PROXY", setting)], Path::new("/nonexistent"));
    let failure = Err((TransportErrorKind::Tls, format!("proxyconnect tcp: {UNKNOWN}")));
    assert_eq!(text(&untrusted, &format!("https://registry.test:{}/", target.port)).await, failure);

    for (password, user, scheme) in [(None, "", "socks5"), (Some("s#3"), "alice:s%233@", "socks5h")] {
        let socks = start_socks(password).await;
        let setting = format!("{scheme}://{user}{}", socks.host);
        let variables = vec![("HTTP_PROXY", setting.clone()), ("HTTPS_PROXY", setting)];
        let by_socks = transport(variables, Path::new("/nonexistent"));
        let url = format!("http://registry.test:{}/", plain_target.port);
        assert_eq!(text(&by_socks, &url).await, says("fine"));
        let tunnelled =
            request_whole(&by_socks, secure(get(&format!("https://registry.test:{}/", target.port)))).await;
        assert_eq!(tunnelled.unwrap().body, "fine");
        let who = if password.is_some() { "alice" } else { "" };
        assert_eq!(socks.lines(), [format!("{who}@registry.test"), format!("{who}@registry.test")]);
    }
    let socks = start_socks(Some("right")).await;
    let wrong = vec![("HTTP_PROXY", format!("socks5://alice:wrong@{}", socks.host))];
    let (_, message) =
        text(&transport(wrong, Path::new("/nonexistent")), "http://registry.test/").await.unwrap_err();
    let expected = format!(
        "socks connect tcp {}->registry.test:80: username/password authentication failed",
        socks.host
    );
    assert_eq!(message, expected);
}

#[tokio::test]
async fn bodies_that_are_compressed_without_being_asked_for_are_read() {
    let long = "manifest ".repeat(1000);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(long.as_bytes()).unwrap();
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(long.as_bytes()).unwrap();
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut long.as_bytes(), &mut brotli, &brotli::enc::BrotliEncoderParams::default())
        .unwrap();
    let (gzip, deflate) = (gzip.finish().unwrap(), deflate.finish().unwrap());
    for (encoding, body) in
        [("gzip", &gzip), ("x-gzip", &gzip), ("GZIP", &gzip), ("deflate", &deflate), ("br", &brotli)]
    {
        let server = start(always(with_headers(&format!("Content-Encoding: {encoding}\r\n"), body))).await;
        let answer = request_whole(&plain(), get(&format!("http://{}/", server.host))).await.unwrap();
        assert_eq!((answer.status, &*answer.body), (StatusCode::OK, long.as_bytes()), "{encoding}");
        assert_eq!(
            answer.headers.get(header::CONTENT_ENCODING).or(answer.headers.get(header::CONTENT_LENGTH)),
            None
        );
    }
    let cut = start(always(with_headers("Content-Encoding: gzip\r\n", &gzip[..gzip.len() / 2]))).await;
    assert!(text(&plain(), &format!("http://{}/", cut.host)).await.is_err());
}

#[tokio::test]
async fn redirects_are_followed_ten_times_and_credentials_stay_with_their_origin() {
    let there =
        start(Arc::new(|asked| fine(asked.header("authorization").unwrap_or("none").as_bytes()))).await;
    let location = format!("http://{}/there", there.host);
    let here = start(Arc::new(move |asked| {
        let to = match asked.line() {
            line if line.contains("/circle") => "/circle".to_owned(),
            line if line.contains("/own") => "/here".to_owned(),
            line if line.contains("/beyond-ascii") => "/here/é".to_owned(),
            line if line.contains("/here/") => {
                return fine(line.split(' ').nth(1).unwrap_or_default().as_bytes());
            }
            line if line.contains("/here") => {
                return fine(asked.header("authorization").unwrap_or("none").as_bytes());
            }
            _ => location.clone(),
        };
        format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    }))
    .await;
    let asking = async |path: &str, follow: bool| {
        let mut request = get(&format!("http://{}{path}", here.host));
        request.headers.insert(header::AUTHORIZATION, "Basic x".parse().unwrap());
        request.follow_redirects = follow;
        request_whole(&plain(), request).await
    };
    assert_eq!(asking("/away", true).await.unwrap().body, "none");
    assert_eq!(asking("/own", true).await.unwrap().body, "Basic x");
    assert_eq!(asking("/beyond-ascii", true).await.unwrap().body, "/here/%C3%A9");
    assert_eq!(asking("/away", false).await.unwrap().status, StatusCode::TEMPORARY_REDIRECT);
    let error = asking("/circle", true).await.err().expect("it has no end");
    assert_eq!(error.message, r#"Get "/circle": stopped after 10 redirects"#);
    assert_eq!(error.kind, TransportErrorKind::Redirects);
}

#[tokio::test]
async fn a_body_that_is_sent_arrives_with_its_length() {
    let server =
        start(Arc::new(|asked| fine(asked.header("content-length").unwrap_or("none").as_bytes()))).await;
    let url = format!("http://{}/", server.host);
    let request =
        Request { body: RequestBody::Full(Bytes::from_static(b"bytes")), ..Request::new(Method::PUT, url) };
    assert_eq!(request_whole(&plain(), request).await.unwrap().body, "5");
}

#[tokio::test]
async fn writes_are_never_redirected_as_get() {
    let image = |host: &str| -> Reference { format!("{host}/acme/app:1").parse().unwrap() };
    for (status, is_followed) in [(301, false), (302, false), (303, false), (307, true), (308, true)] {
        let new = start(always(fine(b"{}"))).await;
        let to = new.host.clone();
        let old = start(Arc::new(move |asked| {
            let path = asked.line().split(' ').nth(1).unwrap();
            format!(
                "HTTP/1.1 {status} Moved\r\nLocation: http://{to}{path}?key=k\r\nContent-Length: 0\r\n\r\n"
            )
            .into_bytes()
        }))
        .await;
        let client = Client::builder(Rc::new(plain())).access(|_| Access::PlainFirst).build();
        let digest = Digest::of(b"1");
        let deleted = client.delete_manifest(&image(&old.host).by_digest(digest.clone())).await;
        let put = client.put_manifest(&image(&old.host), &MediaType::OciManifest, (*b"").into()).await;
        for (result, path) in
            [(deleted, format!("manifests/{digest}")), (put.map(drop), "manifests/1".to_owned())]
        {
            match result {
                Ok(()) => assert!(is_followed, "{status} {path}"),
                Err(error) => {
                    assert!(!is_followed, "{status} {path}: {error}");
                    let words =
                        format!(" to http://{}/v2/acme/app/{path}?key=…; name the registry", new.host);
                    assert!(error.to_string().contains(&words), "{error}");
                }
            }
        }
        let asked = new.asked.lock().unwrap();
        let methods: Vec<_> = asked.iter().filter_map(|asked| asked.line().split(' ').next()).collect();
        assert_eq!(methods, if is_followed { vec!["DELETE", "PUT"] } else { vec![] }, "{status}");
    }
}
