//! Bodies that come encoded though nobody asked for it, as caches and storage send them.

use std::io::{self, Write};

use brotli::DecompressorWriter;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, Method, StatusCode, header};

/// Bytes of the buffer of brotli's decoder.
const BUFFER: usize = 16 * 1024;

/// A decoder that takes a body piece by piece.
pub(super) enum Decoder {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Deflate(ZlibDecoder<Vec<u8>>),
    Brotli(Box<DecompressorWriter<Vec<u8>>>),
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
        match &*encoding {
            "gzip" | "x-gzip" => Some(Self::Gzip(MultiGzDecoder::new(Vec::new()))),
            "deflate" => Some(Self::Deflate(ZlibDecoder::new(Vec::new()))),
            "br" => Some(Self::Brotli(Box::new(DecompressorWriter::new(Vec::new(), BUFFER)))),
            _ => None,
        }
    }

    /// Takes a piece, and returns what can be read by then.
    pub(super) fn push(&mut self, piece: &[u8]) -> io::Result<Vec<u8>> {
        let out = match self {
            Self::Gzip(decoder) => {
                decoder.write_all(piece)?;
                decoder.get_mut()
            }
            Self::Deflate(decoder) => {
                decoder.write_all(piece)?;
                decoder.get_mut()
            }
            Self::Brotli(decoder) => {
                decoder.write_all(piece)?;
                decoder.get_mut()
            }
        };
        Ok(std::mem::take(out))
    }

    /// Returns what is left at the end of the body.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(mut decoder) => {
                decoder.try_finish()?;
                Ok(std::mem::take(decoder.get_mut()))
            }
            Self::Deflate(mut decoder) => {
                decoder.try_finish()?;
                Ok(std::mem::take(decoder.get_mut()))
            }
            Self::Brotli(mut decoder) => {
                decoder.close()?;
                Ok(std::mem::take(decoder.get_mut()))
            }
        }
    }
}
