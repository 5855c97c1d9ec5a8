//! Slow networks: a timeout counts silence, and a transfer that moves may take as long as it needs.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::TryStreamExt;
use tallyman_core::{Descriptor, Digest, MediaType, Reference};
use tallyman_dev_registry::{Fault, FaultKind, Registry};
use tallyman_registry::{Access, Retry};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};

use crate::support::{builder, reference};

/// The longest silence that the clients of these tests accept.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes of the socket's buffer, so that the sender notices how slowly they are read.
const SOCKET_BUFFER: u32 = 16 * 1024;

/// A registry without any content that reads bodies at `rate` bytes a second. Returns its address.
async fn slow_reader(rate: usize) -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(SOCKET_BUFFER).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(16).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, rate));
        }
    });
    address
}

async fn serve(stream: TcpStream, rate: usize) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut line, mut method, mut left) = (String::new(), String::new(), 0);
        while stream.read_line(&mut line).await? > 2 {
            let lower = line.to_ascii_lowercase();
            match lower.strip_prefix("content-length:") {
                Some(length) => left = length.trim().parse().unwrap(),
                None if method.is_empty() => method = line.split(' ').next().unwrap().to_owned(),
                None => {}
            }
            line.clear();
        }
        if method.is_empty() {
            return Ok(());
        }
        let mut piece = vec![0; rate / 20];
        while left > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let wanted = left.min(piece.len());
            stream.read_exact(&mut piece[..wanted]).await?;
            left -= wanted;
        }
        let status = match &*method {
            "POST" => "202 Accepted\r\nLocation: /v2/acme/app/blobs/uploads/1",
            "PUT" => "201 Created",
            _ => "404 Not Found",
        };
        let response = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        stream.get_mut().write_all(response.as_bytes()).await?;
    }
}

#[tokio::test]
async fn an_uplink_of_50_kb_a_second_finishes_however_long_it_takes() {
    let address = slow_reader(50_000).await;
    let to: Reference = format!("{address}/acme/app:a").parse().unwrap();
    let bytes = Bytes::from(vec![7; 300_000]);
    let client = builder().access(|_| Access::PlainFirst).timeout(TIMEOUT).retry(Retry::never()).build();
    let start = Instant::now();
    client.upload_blob(&to, &Digest::of(&bytes), &bytes).await.unwrap();
    assert!(start.elapsed() > 3 * TIMEOUT, "it took {:?}: the server was not slow", start.elapsed());
}

#[tokio::test]
async fn a_download_that_trickles_finishes_however_long_it_takes() {
    let slow = FaultKind::SlowBody { bytes_per_second: 10_000 };
    let registry = Registry::builder().fault(Fault::new(slow)).start().await.unwrap();
    let blob = vec![7; 40_000];
    registry.put_blob("acme/app", blob.clone());
    let descriptor =
        Descriptor::new(MediaType::new("application/octet-stream"), Digest::of(&blob), blob.len() as u64);
    let client = builder().timeout(TIMEOUT).retry(Retry::never()).build();
    let start = Instant::now();
    let from = reference(&registry, "acme/app:a");
    let pieces: Vec<Bytes> = client.blob_stream(&from, &descriptor).try_collect().await.unwrap();
    assert_eq!(pieces.concat(), blob);
    assert!(start.elapsed() > 2 * TIMEOUT, "it took {:?}: the server was not slow", start.elapsed());
}
