//! Callers and registries that hold on to what the gateway has.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::Request, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use tallyman_dev_registry::skip_test;

use crate::support::{Folder, Process, Scripted, answer, at, caller, gateway, text};

const BLOB: &str = "r/lab/v2/a/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const MIB: usize = 1024 * 1024;
/// Short bounds, so that tests need not wait.
pub const SHORT: &str = "[limits]\nhead_seconds = 1\nidle_seconds = 2\nstall_seconds = 1\nanswer_seconds = 1\nbytes_per_second = 100000";

/// Starts a gateway that may have so many file descriptors besides those with which its threads wait: there is one for
/// each core.
fn start(folder: &Folder, config: &str, descriptors: usize) -> (Process, SocketAddr) {
    let descriptors = descriptors + 4 * std::thread::available_parallelism().unwrap().get();
    let file = folder.write("gateway.toml", config);
    let program = env!("CARGO_BIN_EXE_tallyman-gateway");
    let mut command = Command::new("sh");
    let line = format!("ulimit -n {descriptors} && exec \"$0\" --config \"$1\"");
    command.args(["-c", &line, program]).arg(&file);
    let (process, url) = Process::listening(command.stderr(Stdio::piped()));
    (process, url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap())
}

async fn connect(to: SocketAddr, from: IpAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Returns how long the gateway takes to say that it is well, a connection included.
async fn health(address: SocketAddr) -> std::io::Result<Duration> {
    let begin = Instant::now();
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    assert_eq!(&status, b"HTTP/1.1 200");
    Ok(begin.elapsed())
}

/// Checks that the gateway says so within 100 ms. Of many tries one will do: on a busy machine this program may itself be too
/// slow, even for the gateway's patience.
async fn assert_answers(address: SocketAddr, what: &str) {
    let begin = Instant::now();
    let mut tries = Vec::new();
    while begin.elapsed() < Duration::from_secs(30) {
        let answer = health(address).await;
        if answer.as_ref().is_ok_and(|took| *took < Duration::from_millis(100)) {
            return;
        }
        tries.push(answer);
    }
    panic!("{what}: /healthz: {tries:?}");
}

pub async fn assert_healthy(address: SocketAddr, what: &str) {
    for _ in 0..10 {
        assert_answers(address, what).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The memory of a process in MiB.
pub fn memory(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_do_not_keep_others_out() {
    let folder = Folder::new("silent");
    let (_process, address) = start(&folder, &text("http://127.0.0.1:1", "", ""), 256);
    let head = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
    for (what, bytes) in [
        ("nothing", &b""[..]),
        ("the beginning of a preface", b"PRI * HT"),
        ("a preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
        ("the beginning of a head", head),
        (
            "a head of a request with a body",
            b"PUT /r/lab/v2/a/manifests/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
        ),
    ] {
        let held = join_all((0..250).map(async |at: u8| {
            // From several places, so that no bound by caller helps.
            let mut stream = connect(address, IpAddr::from([127, 0, 0, 1 + at % 5])).await;
            let _closed_already = stream.write_all(bytes).await;
            stream
        }));
        let held = held.await;
        assert_healthy(address, what).await;
        drop(held);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_do_not_end_cost_little() {
    const HEADS: u32 = 3000;
    // This program has the other ends.
    if tallyman_gateway::raise_descriptor_limit().is_ok_and(|limit| limit < u64::from(HEADS) + 100) {
        return skip_test("this user may not open so many files");
    }
    let folder = Folder::new("heads");
    let file = folder.write("gateway.toml", &text("http://127.0.0.1:1", "", ""));
    let (process, url) = Process::gateway(&file);
    let address: SocketAddr = url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
    let before = memory(process.0.id());
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(60_000));
    let mut held = Vec::new();
    for at in 0..HEADS {
        let mut stream = connect(address, IpAddr::from([127, 0, 0, 1 + (at % 8) as u8])).await;
        let _refused = stream.write_all(head.as_bytes()).await;
        held.push(stream);
        if at % 300 == 0 {
            assert_answers(address, &format!("{at} heads that do not end")).await;
        }
    }
    let added = memory(process.0.id()) - before;
    assert!(added < 64, "{HEADS} heads without an end added {added} MiB to {before}");
    assert_healthy(address, "heads without an end").await;
}

/// Waits until the other side closes a connection.
async fn closed(stream: &mut TcpStream) -> Duration {
    let begin = Instant::now();
    let mut bytes = vec![0; 64 * 1024];
    let ended = async { while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the connection is closed");
    begin.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_wait_are_closed_in_time() {
    let registry = Scripted::start(|_| answer(200, &[], "reached")).await;
    let gateway = gateway(&registry.url, SHORT, "").await;
    let begin = async |bytes: &[u8]| {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    };
    for bytes in [
        &b""[..],
        b"PRI * HT",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        b"GET / HTTP/1.1\r\nHost: local",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /heal",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let took = closed(&mut begin(bytes).await).await;
        assert!(took < Duration::from_secs(5), "{took:?}: {}", String::from_utf8_lossy(bytes));
    }
    let mut used = begin(b"").await;
    for _ in 0..3 {
        used.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        assert!(used.read(&mut [0; 1024]).await.unwrap() > 0, "who asks now and then stays connected");
        tokio::time::sleep(Duration::from_millis(900)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_come_or_go_too_slowly_are_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let piece = Bytes::from(vec![7; 64 * 1024]);
    let app = Router::new().fallback(async move |request: Request| {
        let path = request.uri().path().to_owned();
        match path.split('/').nth(2).unwrap() {
            "silent" => {
                let _all = request.into_body().into_data_stream().count().await;
                std::future::pending().await
            }
            "deaf" => std::future::pending().await,
            "dripping" => Response::new(Body::from_stream(stream::repeat(Bytes::from_static(b"x")).then(
                async |byte| {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    Ok::<_, Infallible>(byte)
                },
            ))),
            _ => Response::new(Body::from_stream(stream::repeat(piece).map(Ok::<_, Infallible>))),
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    let gateway = gateway(&url, SHORT, "").await;

    let mut unread = TcpStream::connect(gateway.address).await.unwrap();
    unread.write_all(format!("GET /{BLOB} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    closed(&mut unread).await;

    let path = at(&gateway, "/r/lab/v2/dripping/blobs/uploads/1");
    let dripping = || {
        stream::repeat(Bytes::from_static(b"x")).then(async |byte| {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok::<_, Infallible>(byte)
        })
    };
    let begin = Instant::now();
    let silent = caller()
        .patch(path.replace("dripping", "silent"))
        .body(reqwest::Body::wrap_stream(dripping()))
        .send();
    assert_eq!(silent.await.unwrap().status(), 408, "a caller that sends too slowly");
    for (repository, what) in [("silent", "an answer that never comes"), ("deaf", "a body that nobody reads")]
    {
        let body = vec![7; 16 * MIB];
        let sent = caller().patch(path.replace("dripping", repository)).body(body).send().await;
        assert_eq!(sent.unwrap().status(), 504, "{what}");
    }
    let slow =
        caller().get(at(&gateway, &format!("/{}", BLOB.replace("/a/", "/dripping/")))).send().await.unwrap();
    assert!(slow.bytes().await.is_err(), "a registry that sends too slowly");
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_reads_slowly_but_steadily_gets_everything() {
    let registry = Scripted::start(|_| {
        Response::builder().header("content-length", MIB).body(Body::from(vec![7; MIB])).unwrap()
    })
    .await;
    let limits = "[limits]\nstall_seconds = 1\nbytes_per_second = 1000";
    let gateway = gateway(&registry.url, limits, "").await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream
        .write_all(format!("GET /{BLOB} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let (mut all, mut piece) = (0, vec![0; 128 * 1024]);
    loop {
        let read = stream.read(&mut piece).await.unwrap();
        all += read;
        if read == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(all > MIB, "{all} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_run_leave_room_for_the_question_of_health() {
    let registry =
        Scripted::start(|_| Response::new(Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())))
            .await;
    // Requests that bypass the proxy lack its base path.
    let top = "base_path = '/tools'\n[limits]\nconnections = 4\nconnections_per_caller = 4";
    let gateway = gateway(&registry.url, top, "").await;
    let begin = async || {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream
            .write_all(format!("GET /{BLOB} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        (std::str::from_utf8(&status[9..]).unwrap().to_owned(), stream)
    };
    let mut held = Vec::new();
    // One caller leaves a quarter to the others.
    for expected in ["200", "200", "200", "503", "503"] {
        let (status, stream) = begin().await;
        assert_eq!(status, expected);
        held.push(stream);
    }
    assert_healthy(gateway.address, "requests that run").await;
    let metrics = caller().get(at(&gateway, "/metrics")).send().await.unwrap();
    assert_eq!(metrics.status(), 503, "whoever is beyond the limits gets nothing else");
    drop(held);
    let metrics = async {
        loop {
            let response = caller().get(at(&gateway, "/metrics")).send().await.unwrap();
            if response.status() == 200 {
                break response.text().await.unwrap();
            }
        }
    };
    let metrics = tokio::time::timeout(Duration::from_secs(10), metrics).await.unwrap();
    for name in ["connections ", "connections_closed_total{reason=\"evicted\"}", "accept_errors_total 0"] {
        assert!(metrics.contains(&format!("tallyman_gateway_{name}")), "{name}: {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_that_stop_half_way_keep_the_cache_within_its_bound() {
    const SIZE: usize = 20 * MIB;
    let registry = Scripted::start(|_| {
        let piece = Bytes::from(vec![7; 64 * 1024]);
        let pieces = stream::repeat(piece).take(SIZE / (64 * 1024)).map(Ok::<_, Infallible>);
        Response::builder().header("content-length", SIZE).body(Body::from_stream(pieces)).unwrap()
    })
    .await;
    let folder = Folder::new("bound");
    let cache = folder.0.join("cache");
    let top = format!("[cache]\nfolder = {:?}\nmax_mib = 100", cache.display());
    let gateway = gateway(&registry.url, &top, "").await;
    let mut held = Vec::new();
    for at in 0..60 {
        let digest = format!("sha256:{:064x}", if at < 20 { 0 } else { at });
        let response = caller().get(at_blob(&gateway, &digest)).send().await.unwrap();
        let mut pieces = response.bytes_stream();
        let mut taken = 0;
        while taken < MIB {
            taken += pieces.next().await.unwrap().unwrap().len();
        }
        held.push(pieces);
    }
    let files = || std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    assert_eq!(files().count(), 5, "one file for each digest, as many as there is room for");
    assert!(files().sum::<u64>() <= 100 * MIB as u64);
    assert_healthy(gateway.address, "downloads that stop half way").await;
    drop(held);
}

fn at_blob(gateway: &tallyman_gateway::Server, digest: &str) -> String {
    at(gateway, &format!("/r/lab/v2/a/blobs/{digest}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_http2_that_is_not_read_is_given_up() {
    let registry = Scripted::start(|_| {
        let piece = Bytes::from(vec![7; 64 * 1024]);
        Response::new(Body::from_stream(stream::repeat(piece).map(Ok::<_, Infallible>)))
    })
    .await;
    let gateway = gateway(&registry.url, SHORT, "").await;
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    // Its connection goes on to be read, and the frames that belong to no stream with it.
    let unread = client.get(at(&gateway, &format!("/{BLOB}"))).send().await.unwrap();
    assert_eq!(unread.version(), http::Version::HTTP_2);
    let given_up = async {
        loop {
            let metrics = caller().get(at(&gateway, "/metrics")).send().await.unwrap().text().await.unwrap();
            if metrics.contains("connections_closed_total{reason=\"stalled\"} 1") {
                break assert!(metrics.contains("tallyman_gateway_running 0"), "{metrics}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), given_up).await.expect("the stream is given up");
    drop(unread);
}

#[tokio::test(flavor = "multi_thread")]
async fn want_of_descriptors_is_logged_counted_and_passes() {
    let folder = Folder::new("descriptors");
    let (mut process, address) = start(&folder, &text("http://127.0.0.1:1", "", ""), 20);
    let log = process.log();
    let mut line = tokio::task::spawn_blocking(move || {
        log.into_iter().find(|line| line.contains("could not accept a connection"))
    });
    // Connections make room for later ones: only many at once come faster than room is made.
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    let (line, held) = loop {
        let held = join_all((0..200).map(|_| TcpStream::connect(address))).await;
        tokio::select! {
            line = &mut line => break (line, held),
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        assert!(tokio::time::Instant::now() < end, "no line in the log");
    };
    line.unwrap().expect("a line in the log");
    drop(held);
    // It passes: what still waits is accepted and closed, then the gateway answers.
    let metrics = async {
        loop {
            let answer = caller().get(format!("http://{address}/metrics")).send().await;
            match answer {
                Ok(answer) if answer.status() == 200 => break answer.text().await.unwrap(),
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(60), metrics).await.expect("it passes");
    let errors = answer.lines().find_map(|line| line.strip_prefix("tallyman_gateway_accept_errors_total "));
    assert_ne!(errors.expect("the metric is there"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_catalog_ends_and_keeps_no_other_registry_waiting() {
    let quick = Scripted::start(|_| answer(200, &[], "{\"repositories\":[\"acme/app\"]}")).await;
    let slow = Scripted::start(|line| {
        // Pages without an open repository, each of which leads to another.
        let page = stream::once(async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            Ok::<_, Infallible>(Bytes::from_static(b"{\"repositories\":[\"secret/app\"]}"))
        });
        let link = format!("</v2/_catalog?n=1000&last={}>; rel=\"next\"", "x".repeat(line.len()));
        Response::builder().header("link", link).body(Body::from_stream(page)).unwrap()
    })
    .await;
    let open = "repositories = ['acme/*']";
    let more = format!("{open}\n[[registries]]\nname = 'quick'\nurl = '{}'\n{open}", quick.url);
    let gateway = gateway(&slow.url, "[limits]\nanswer_seconds = 2", &more).await;
    let catalog = |name: &str| caller().get(at(&gateway, &format!("/r/{name}/v2/_catalog"))).send();
    let limit = Duration::from_secs(20);
    let held: Vec<_> = (0..6).map(|_| tokio::spawn(catalog("lab"))).collect();
    while slow.lines().len() < 4 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let other = tokio::time::timeout(limit, catalog("quick")).await.expect("it does not wait");
    assert_eq!(other.unwrap().status(), 200);
    assert!(held.iter().all(|slow| !slow.is_finished()));
    for slow in tokio::time::timeout(limit, join_all(held)).await.expect("slow ones end") {
        let response = slow.unwrap().unwrap();
        // Refused connections get `Retry-After`.
        let again = response.headers().contains_key("retry-after");
        assert!(matches!((response.status().as_u16(), again), (504, false) | (503, true)), "{response:?}");
    }
}
