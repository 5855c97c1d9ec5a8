//! Bodies that come encoded though nobody asked for it, as caches and storage send them.
//!
//! A few hundred bytes can expand to gigabytes. They are decoded in steps, so that a reader of the body can stop between them.

use std::{
    io::{self, Write},
    mem,
};

use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, enc::StandardAlloc};
use bytes::{Buf, Bytes};
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, Method, StatusCode, header};

/// Bytes that a step of brotli's decoder gives at most. Those of flate2 give its buffer of 32 KiB, and once more what a window held back.
const STEP: usize = 64 * 1024;

/// A decoder that takes a body piece by piece.
pub(super) struct Decoder {
    format: Format,
    /// Encoded bytes that have come and are not decoded yet.
    input: Bytes,
}

enum Format {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Deflate(ZlibDecoder<Vec<u8>>),
    Brotli(Box<Brotli>),
}

struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    buffer: Box<[u8]>,
    total: usize,
    has_ended: bool,
}

impl Decoder {
    /// Returns the decoder of the body of a response to `method`; `None` if the body is not encoded. Parts of a body cannot be
    /// decoded.
    pub(super) fn of(method: &Method, status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let has_no_whole_body =
            matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if *method == Method::HEAD || has_no_whole_body {
            return None;
        }
        let encoding = headers.get(header::CONTENT_ENCODING)?.to_str().ok()?.trim().to_ascii_lowercase();
        let format = match &*encoding {
            "gzip" | "x-gzip" => Format::Gzip(MultiGzDecoder::new(Vec::new())),
            "deflate" => Format::Deflate(ZlibDecoder::new(Vec::new())),
            "br" => Format::Brotli(Box::new(Brotli::new())),
            _ => return None,
        };
        Some(Self { format, input: Bytes::new() })
    }

    /// Takes the next piece of the encoded body. [`Decoder::step`] has returned `None` for the one before.
    pub(super) fn push(&mut self, piece: Bytes) {
        self.input = piece;
    }

    /// Decodes some of what has come, and returns at most [`STEP`] bytes. Returns `None` if nothing can be decoded before there is
    /// another piece.
    pub(super) fn step(&mut self) -> io::Result<Option<Bytes>> {
        match &mut self.format {
            Format::Gzip(decoder) => step_of(decoder, MultiGzDecoder::get_mut, &mut self.input),
            Format::Deflate(decoder) => step_of(decoder, ZlibDecoder::get_mut, &mut self.input),
            Format::Brotli(decoder) => decoder.step(&mut self.input),
        }
    }

    /// Returns what is left at the end of the body: less than a step.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        match self.format {
            Format::Gzip(mut decoder) => {
                decoder.try_finish()?;
                Ok(mem::take(decoder.get_mut()).into())
            }
            Format::Deflate(mut decoder) => {
                decoder.try_finish()?;
                Ok(mem::take(decoder.get_mut()).into())
            }
            Format::Brotli(decoder) if decoder.has_ended => Ok(Bytes::new()),
            Format::Brotli(_) => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "incomplete brotli stream"))
            }
        }
    }
}

/// A step of a decoder of flate2. One `write` gives no more than its buffer holds; `write_all` would give everything.
fn step_of<D: Write>(
    decoder: &mut D,
    decoded: impl Fn(&mut D) -> &mut Vec<u8>,
    input: &mut Bytes,
) -> io::Result<Option<Bytes>> {
    while !input.is_empty() {
        let taken = decoder.write(input)?;
        input.advance(taken);
        let decoded = mem::take(decoded(decoder));
        if !decoded.is_empty() {
            return Ok(Some(decoded.into()));
        }
        if taken == 0 {
            return Err(behind_the_end());
        }
    }
    Ok(None)
}

impl Brotli {
    fn new() -> Self {
        let alloc = StandardAlloc::default;
        // Windows of more than 16 MiB are no part of the encoding that HTTP knows.
        let state = BrotliState::new_strict(alloc(), alloc(), alloc());
        Self { state, buffer: vec![0; STEP].into(), total: 0, has_ended: false }
    }

    fn step(&mut self, input: &mut Bytes) -> io::Result<Option<Bytes>> {
        if self.has_ended {
            return if input.is_empty() { Ok(None) } else { Err(behind_the_end()) };
        }
        let (mut left, mut taken) = (input.len(), 0);
        let (mut room, mut written) = (self.buffer.len(), 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut taken,
            input,
            &mut room,
            &mut written,
            &mut self.buffer,
            &mut self.total,
            &mut self.state,
        );
        input.advance(taken);
        match result {
            BrotliResult::ResultFailure => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "corrupt brotli stream"));
            }
            BrotliResult::ResultSuccess => self.has_ended = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok((written > 0).then(|| Bytes::copy_from_slice(&self.buffer[..written])))
    }
}

fn behind_the_end() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "bytes behind the end of the encoded body")
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};

    use super::*;

    /// The bytes of zeros in what the tests encode.
    const ZEROS: usize = 32 << 20;

    fn encoded(encoding: &str, bytes: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::new();
        match encoding {
            "gzip" => {
                GzEncoder::new(&mut encoded, Compression::best()).write_all(bytes).expect("memory takes it");
            }
            "deflate" => {
                ZlibEncoder::new(&mut encoded, Compression::best())
                    .write_all(bytes)
                    .expect("memory takes it");
            }
            _ => {
                let fast = brotli::enc::BrotliEncoderParams { quality: 2, ..Default::default() };
                brotli::BrotliCompress(&mut &*bytes, &mut encoded, &fast).expect("memory takes it");
            }
        }
        encoded
    }

    fn decoder(encoding: &'static str) -> Decoder {
        let headers =
            HeaderMap::from_iter([(header::CONTENT_ENCODING, http::HeaderValue::from_static(encoding))]);
        Decoder::of(&Method::GET, StatusCode::OK, &headers).expect("the encoding is known")
    }

    #[test]
    fn no_step_gives_more_than_its_limit_however_much_a_piece_stands_for() {
        for encoding in ["gzip", "deflate", "br"] {
            let encoded = Bytes::from(encoded(encoding, &vec![0; ZEROS]));
            assert!(encoded.len() < ZEROS / 1000, "{encoding}: {} bytes", encoded.len());
            let mut decoder = decoder(encoding);
            decoder.push(encoded);
            let mut found = 0;
            while let Some(piece) = decoder.step().expect("it is well formed") {
                assert!((1..=STEP).contains(&piece.len()), "{encoding}: {} bytes", piece.len());
                found += piece.len();
            }
            let rest = decoder.finish().expect("it is complete");
            assert!(rest.len() <= STEP, "{encoding}: {} bytes", rest.len());
            assert_eq!(found + rest.len(), ZEROS, "{encoding}");
        }
    }

    #[test]
    fn pieces_may_be_of_any_size() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|at| (at / 7).to_le_bytes()).collect();
        for encoding in ["gzip", "deflate", "br"] {
            for size in [1, 100, 1 << 20] {
                let mut decoder = decoder(encoding);
                let mut found = Vec::new();
                for piece in encoded(encoding, &text).chunks(size) {
                    decoder.push(Bytes::copy_from_slice(piece));
                    while let Some(piece) = decoder.step().expect("it is well formed") {
                        found.extend_from_slice(&piece);
                    }
                }
                found.extend_from_slice(&decoder.finish().expect("it is complete"));
                assert!(found == text, "{encoding} in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_body_that_is_cut_or_has_bytes_behind_its_end_is_an_error() {
        for encoding in ["gzip", "deflate", "br"] {
            let whole = encoded(encoding, b"manifest manifest manifest");
            let read = |bytes: &[u8]| {
                let mut decoder = decoder(encoding);
                decoder.push(Bytes::copy_from_slice(bytes));
                while decoder.step()?.is_some() {}
                decoder.finish()
            };
            assert!(read(&whole).is_ok(), "{encoding}");
            assert!(read(&whole[..whole.len() / 2]).is_err(), "{encoding}");
            assert!(read(&[&whole, b"more".as_slice()].concat()).is_err(), "{encoding}");
        }
    }
}
