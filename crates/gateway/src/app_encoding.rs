//! Compressed copies of the app's files: each is made once, when it is first asked for.

use std::{
    collections::HashMap,
    io::{self, Write as _},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use axum::body::Bytes;
use http::{HeaderMap, header};
use tokio::sync::OnceCell;

use crate::header_list::elements;

/// Files of fewer bytes are sent as they are.
pub(crate) const COMPRESSED_MIN: usize = 1024;
/// The quality, of 0 to 11. Beyond this, it takes long and saves little.
const BROTLI_QUALITY: u32 = 9;
const BROTLI_WINDOW: u32 = 22;
const BUFFER: usize = 64 * 1024;

/// An encoding of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    /// Returns the encoding that a request accepts and that is smallest, or `None` if it accepts none.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let accepted: Vec<&str> = elements(headers, header::ACCEPT_ENCODING, b',')
            .filter_map(|one| {
                let (name, parameters) = one.split_once(';').unwrap_or((one, ""));
                let quality = parameters.trim().strip_prefix("q=").map(|text| text.trim().parse::<f32>());
                // A quality of nothing is a refusal.
                quality.is_none_or(|quality| quality.is_ok_and(|quality| quality > 0.0)).then(|| name.trim())
            })
            .collect();
        [Self::Brotli, Self::Gzip]
            .into_iter()
            .find(|encoding| accepted.iter().any(|name| name.eq_ignore_ascii_case(encoding.name())))
    }

    /// Returns the name in `Content-Encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    fn compress(self, content: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Brotli => {
                let mut writer =
                    brotli::CompressorWriter::new(Vec::new(), BUFFER, BROTLI_QUALITY, BROTLI_WINDOW);
                writer.write_all(content)?;
                writer.flush()?;
                Ok(writer.into_inner())
            }
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                writer.write_all(content)?;
                writer.finish()
            }
        }
    }
}

/// Returns `true` for media types of which a copy is smaller when compressed.
pub(crate) fn is_text(media_type: &str) -> bool {
    let parts = ["text/", "javascript", "json", "wasm", "svg", "xml"];
    parts.iter().any(|part| media_type.contains(part))
}

type Copies = Mutex<HashMap<([u8; 32], Encoding), Arc<OnceCell<Bytes>>>>;

/// Returns a copy of `content`, whose SHA-256 is `hash`. Whoever asks while it is being made waits for it.
pub(crate) async fn compressed(hash: [u8; 32], encoding: Encoding, content: Bytes) -> Bytes {
    static COPIES: OnceLock<Copies> = OnceLock::new();
    let copy = {
        let mut copies = COPIES.get_or_init(Copies::default).lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(copies.entry((hash, encoding)).or_default())
    };
    let make = async || {
        let made = tokio::task::spawn_blocking(move || encoding.compress(&content)).await;
        made.map_err(io::Error::other).flatten().map(Bytes::from).expect("memory can be written to")
    };
    copy.get_or_init(make).await.clone()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use axum::body::Bytes;
    use http::{HeaderMap, HeaderValue, header};

    use super::{Encoding, compressed};

    #[test]
    fn the_smallest_encoding_that_is_accepted_is_taken() {
        for (value, expected) in [
            ("gzip, deflate, br", Some(Encoding::Brotli)),
            ("gzip;q=1.0, br;q=0", Some(Encoding::Gzip)),
            ("GZIP", Some(Encoding::Gzip)),
            ("br; q=0.5", Some(Encoding::Brotli)),
            ("identity", None),
            ("brr, xgzip", None),
            ("br;q=x", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(Encoding::of(&headers), expected, "{value}");
        }
    }

    #[tokio::test]
    async fn copies_are_made_once_and_hold_what_they_were_made_of() {
        let content = Bytes::from("a file of the app ".repeat(1000));
        for encoding in [Encoding::Brotli, Encoding::Gzip] {
            let copy = compressed([7; 32], encoding, content.clone()).await;
            let again = compressed([7; 32], encoding, Bytes::from_static(b"not looked at")).await;
            assert_eq!(copy.as_ptr(), again.as_ptr());
            assert!(copy.len() < content.len() / 10);
            let mut found = Vec::new();
            match encoding {
                Encoding::Brotli => {
                    brotli::Decompressor::new(&copy[..], 4096).read_to_end(&mut found).unwrap()
                }
                Encoding::Gzip => flate2::read::GzDecoder::new(&copy[..]).read_to_end(&mut found).unwrap(),
            };
            assert_eq!(found, content);
        }
    }
}
