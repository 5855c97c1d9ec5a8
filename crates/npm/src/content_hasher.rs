//! Hashes of blobs by the platform, where that is faster.

use std::cell::OnceCell;

use tallyman_core::{Algorithm, Digest, Hasher};
use tallyman_registry::{ContentHasher, Piece};

use js_sys::Uint8Array;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::transport::{RequestSender, piece_for_js};

#[wasm_bindgen]
extern "C" {
    /// Makes the platform's own hasher. Browsers have none.
    #[wasm_bindgen(method, catch, js_name = hasher)]
    fn make_hasher(this: &RequestSender, algorithm: &str) -> Result<HostHasher, JsValue>;

    /// A hasher of the platform.
    type HostHasher;

    /// Takes in bytes. Throws if their buffer was transferred.
    #[wasm_bindgen(method, catch)]
    fn update(this: &HostHasher, bytes: &Uint8Array) -> Result<(), JsValue>;

    /// Ends it, and returns the hash in hexadecimal digits.
    #[wasm_bindgen(method)]
    fn finish(this: &HostHasher) -> String;
}

/// The platform's own hasher, which takes pieces where JavaScript has them.
struct PlatformHasher {
    algorithm: Algorithm,
    hasher: HostHasher,
    digest: OnceCell<Digest>,
}

/// Makes a hasher: the platform's, or ours if it has none.
pub fn hasher(sender: &RequestSender, algorithm: Algorithm) -> Box<dyn ContentHasher> {
    match sender.make_hasher(algorithm.as_str()) {
        Ok(hasher) => Box::new(PlatformHasher { algorithm, hasher, digest: OnceCell::new() }),
        Err(_) => Box::new(Hasher::new(algorithm)),
    }
}

impl ContentHasher for PlatformHasher {
    fn update(&mut self, piece: &Piece) {
        // Without the bytes that are not there any more the digest is another one, and that is the error.
        self.hasher.update(&piece_for_js(piece)).ok();
    }

    fn digest(&self) -> Digest {
        let finish = || {
            let text = format!("{}:{}", self.algorithm.as_str(), self.hasher.finish());
            text.parse().expect("a hash has the digits of its algorithm")
        };
        self.digest.get_or_init(finish).clone()
    }
}
