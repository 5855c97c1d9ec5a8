//! However many bodies pass, none is kept.

use std::convert::Infallible;

use axum::{Router, body::Body, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::support::{Folder, Process, Scripted, answer, caller, text};

const BLOB: &str = "r/lab/v2/a/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const STREAMS: usize = 200;
const MIB: usize = 1024 * 1024;
/// The bytes that each caller takes before it stops reading, and those that the registry has.
const TAKEN: usize = MIB;
const WHOLE: usize = 64 * MIB;

/// The most memory that a process ever had, in MiB.
fn peak(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_callers_that_stop_reading_cost_no_more_than_their_connections() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let piece = Bytes::from(vec![7; 64 * 1024]);
    let app = Router::new().fallback(async move || {
        let pieces = stream::repeat(piece.clone()).take(WHOLE / piece.len()).map(Ok::<_, Infallible>);
        Response::builder().header("content-length", WHOLE).body(Body::from_stream(pieces)).unwrap()
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    let folder = Folder::new("memory");
    let file = folder.write("gateway.toml", &text(&url, "", ""));
    let (gateway, address) = Process::gateway(&file);
    let caller = caller();
    let begin = async || {
        let response = caller.get(format!("{address}{BLOB}")).send().await.unwrap();
        let mut pieces = response.bytes_stream();
        let mut taken = 0;
        while taken < TAKEN {
            taken += pieces.next().await.unwrap().unwrap().len();
        }
        pieces
    };
    let one = begin().await;
    let before = peak(gateway.0.id());
    let many = join_all((0..STREAMS).map(|_| begin())).await;
    let added = peak(gateway.0.id()) - before;
    // All that was on its way to somebody would be 12,800 MiB, all that somebody took 200.
    assert!(added < STREAMS / 2, "{STREAMS} streams added {added} MiB to {before}");
    drop((one, many));
}

/// Returns the peak once it grows no more: what was sent may wait in sockets for a while.
async fn settled_peak(process: u32) -> usize {
    let mut found = (0, peak(process));
    while found.0 != found.1 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        found = (found.1, peak(process));
    }
    found.1
}

/// Manifests of the gateway's own user are kept until the registry has them, and callers may take their time.
#[tokio::test(flavor = "multi_thread")]
async fn slow_manifests_cost_no_more_than_the_room_for_them() {
    const MANIFESTS: usize = 60;
    const SIZE: usize = 4 * MIB;
    let registry = Scripted::start(|_| answer(201, &[], "")).await;
    let folder = Folder::new("manifests");
    let password = folder.write("password", "secret");
    let own = format!("username = 'user'\npassword_file = {password:?}\nread_only = false");
    let (gateway, address) = Process::gateway(&folder.write("gateway.toml", &text(&registry.url, "", &own)));
    let host = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let before = peak(gateway.0.id());
    let piece = vec![b' '; SIZE - 64 * 1024];
    let send = async || {
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let head = format!(
            "PUT /r/lab/v2/a/manifests/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {SIZE}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // One that is passed on goes no faster than the registry takes it.
        let limit = std::time::Duration::from_secs(2);
        let _late = tokio::time::timeout(limit, stream.write_all(&piece)).await;
        stream
    };
    let held = join_all((0..MANIFESTS).map(|_| send())).await;
    let added = settled_peak(gateway.0.id()).await - before;
    assert!(added < MANIFESTS * SIZE / MIB / 2, "{MANIFESTS} manifests added {added} MiB to {before}");
    let small = caller().put(format!("{address}r/lab/v2/a/manifests/y")).body("{}");
    let small = small.header("content-type", "application/json").send().await.unwrap();
    assert_eq!(small.status(), 201, "there is a way without room");
    drop(held);
}
