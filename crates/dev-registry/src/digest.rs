//! Content digests, computed here and not by the engine under test.

use std::{fmt, str::FromStr, sync::Arc};

use sha2::{Digest as _, Sha256, Sha512};
use thiserror::Error;

/// A sha256 or sha512 digest, `algorithm:hex`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Arc<str>);

/// The string is no sha256 or sha512 digest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected sha256: with 64 or sha512: with 128 lower-case hex digits, found {0:?}")]
pub struct DigestError(String);

impl Digest {
    /// The sha256 digest of some bytes.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex(&Sha256::digest(bytes))).into())
    }

    /// The sha512 digest of some bytes.
    pub fn sha512(bytes: &[u8]) -> Self {
        Self(format!("sha512:{}", hex(&Sha512::digest(bytes))).into())
    }

    /// Returns `true` if these bytes have this digest.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        *self == if self.0.starts_with("sha512:") { Self::sha512(bytes) } else { Self::sha256(bytes) }
    }

    /// The sha256 digest of the same bytes: Distribution calls everything by it, also what came under a sha512 digest.
    pub(crate) fn canonical(&self, bytes: &[u8]) -> Self {
        if self.0.starts_with("sha256:") { self.clone() } else { Self::sha256(bytes) }
    }

    /// `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let length = match text.split_once(':') {
            Some(("sha256", digits)) if digits.len() == 64 => digits.len(),
            Some(("sha512", digits)) if digits.len() == 128 => digits.len(),
            _ => return Err(DigestError(text.to_owned())),
        };
        if text[text.len() - length..]
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        {
            Ok(Self(text.into()))
        } else {
            Err(DigestError(text.to_owned()))
        }
    }
}
