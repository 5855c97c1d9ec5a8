//! Hashes of blobs by the platform, where that is faster.

use std::cell::OnceCell;

use tallyman_core::{Algorithm, Digest, Hasher};
use tallyman_registry::{ContentHasher, Piece};

use super::host::{ClientHost, HostHasher};
use crate::transport::piece_for_js;

/// The platform's own hasher, which takes pieces where JavaScript has them.
struct PlatformHasher {
    algorithm: Algorithm,
    hasher: HostHasher,
    digest: OnceCell<Digest>,
}

/// Makes a hasher: the platform's, or ours if it has none.
pub fn hasher(host: &ClientHost, algorithm: Algorithm) -> Box<dyn ContentHasher> {
    match host.hasher(algorithm.as_str()) {
        Ok(hasher) => Box::new(PlatformHasher { algorithm, hasher, digest: OnceCell::new() }),
        Err(_) => Box::new(Hasher::new(algorithm)),
    }
}

impl ContentHasher for PlatformHasher {
    fn update(&mut self, piece: &Piece) {
        self.hasher.update(&piece_for_js(piece));
    }

    fn digest(&self) -> Digest {
        let finish = || {
            let text = format!("{}:{}", self.algorithm.as_str(), self.hasher.finish());
            text.parse().expect("a hash has the digits of its algorithm")
        };
        self.digest.get_or_init(finish).clone()
    }
}
