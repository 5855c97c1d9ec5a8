//! Gzip whose bytes are the same in every build. Which library `flate2` takes depends on what other crates of a build ask for,
//! and some libraries on the processor too; digests of samples stand in documents and tests.

use flate2::Crc;
use miniz_oxide::deflate::compress_to_vec;

/// Identification, deflate, no flags, no time, no level, unknown system (RFC 1952, section 2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The level that packs well.
pub(super) const USUAL: u8 = 6;
/// The level that packs quickly.
pub(super) const FAST: u8 = 1;
/// The level that does not pack.
pub(super) const STORED: u8 = 0;

/// Returns `bytes` as a gzip stream of one member.
pub(super) fn gzip(bytes: &[u8], level: u8) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(bytes);
    let mut packed = HEADER.to_vec();
    packed.extend(compress_to_vec(bytes, level));
    packed.extend(crc.sum().to_le_bytes());
    packed.extend(crc.amount().to_le_bytes());
    packed
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::{FAST, USUAL, gzip};
    use crate::digest::Digest;

    #[test]
    fn the_bytes_are_the_same_in_every_build_and_unpack() {
        let text = "every build packs this, and this, and this, the same\n".repeat(500);
        for (level, digest) in [
            (USUAL, "sha256:a332e2b20b3a12a9c8fd9cf6f031af28024b4924f010dd196850b69d53be6eee"),
            (FAST, "sha256:027b086afa060ac20ec9c919822f4525a5ad6468de3660f3448b8eea3d973d5e"),
        ] {
            let packed = gzip(text.as_bytes(), level);
            let mut unpacked = String::new();
            GzDecoder::new(packed.as_slice()).read_to_string(&mut unpacked).expect("it is gzip");
            assert_eq!(unpacked, text);
            assert_eq!(Digest::sha256(&packed).as_str(), digest);
        }
    }
}
