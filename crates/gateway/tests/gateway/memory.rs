//! However many bodies pass, none is kept.

use std::convert::Infallible;

use axum::{Router, body::Body, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};

use crate::support::{Folder, Process, caller, text};

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
