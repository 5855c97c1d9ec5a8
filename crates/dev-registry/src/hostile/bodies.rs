//! Bodies that cost their reader memory or time.

use std::{io, sync::OnceLock, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use brotli::CompressorWriter;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use tokio::time::sleep;

/// The bytes of spaces in a bomb.
const BOMB: usize = 256 << 20;

fn with_type(body: Body, content_type: &'static str) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A body that begins as JSON and never ends.
pub(super) fn endless(content_type: &'static str) -> Response {
    let filler = Bytes::from(vec![b' '; 64 << 10]);
    let bytes = stream::unfold(false, move |begun| {
        let piece = if begun { filler.clone() } else { Bytes::from_static(b"{") };
        async move { Some((Ok::<_, io::Error>(piece), true)) }
    });
    with_type(Body::from_stream(bytes), content_type)
}

/// A body that drips some bytes and then says nothing more.
pub(super) fn stalled(content_type: &'static str) -> Response {
    let bytes = stream::unfold(0, |sent| async move {
        if sent == 10 {
            std::future::pending::<()>().await;
        }
        sleep(Duration::from_millis(20)).await;
        Some((Ok::<_, io::Error>(Bytes::from_static(b" ")), sent + 1))
    });
    with_type(Body::from_stream(bytes), content_type)
}

/// An encoding of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Gzip,
    Brotli,
}

/// A body that becomes [`BOMB`] spaces when it is decoded.
pub(super) fn bomb(encoding: Encoding, content_type: &'static str) -> Response {
    static GZIP: OnceLock<Bytes> = OnceLock::new();
    static BROTLI: OnceLock<Bytes> = OnceLock::new();
    let (name, packed) = match encoding {
        Encoding::Gzip => (
            "gzip",
            GZIP.get_or_init(|| {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                fill(&mut encoder);
                encoder.finish().expect("writing to memory cannot fail").into()
            }),
        ),
        Encoding::Brotli => (
            "br",
            BROTLI.get_or_init(|| {
                let mut encoder = CompressorWriter::new(Vec::new(), 1 << 20, 5, 22);
                fill(&mut encoder);
                encoder.into_inner().into()
            }),
        ),
    };
    let mut response = with_type(Body::from(packed.clone()), content_type);
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    response
}

fn fill(encoder: &mut impl io::Write) {
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..BOMB / spaces.len() {
        encoder.write_all(&spaces).expect("writing to memory cannot fail");
    }
}
