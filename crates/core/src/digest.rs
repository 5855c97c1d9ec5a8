//! Content digests: `algorithm:hex`, as the OCI image specification's "Digests" section has them.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tallyman_list_json::lower_hex;
use thiserror::Error;

/// A hash algorithm that registries accept in digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, the one that practically everything uses.
    Sha256,
    /// SHA-384, known to Docker's reference library though not to the OCI specification.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// The name before the colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The number of hexadecimal digits behind the colon.
    pub const fn hex_length(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sha384, Self::Sha512].into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// The reason why a string is no digest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DigestError {
    /// A text without `algorithm:` in front.
    #[error("expected a digest like sha256:<64 hex digits>, found {found:?}")]
    Format {
        /// The string as given.
        found: String,
    },
    /// The algorithm is not one of [`Algorithm`].
    #[error("expected the digest algorithm sha256, sha384 or sha512, found {algorithm:?}")]
    Unsupported {
        /// The name before the colon.
        algorithm: String,
    },
    /// Too many or too few digits.
    #[error("expected {expected} hexadecimal digits after {}:, found {found}", algorithm.as_str())]
    Length {
        /// The algorithm named.
        algorithm: Algorithm,
        /// Digits that this algorithm has.
        expected: usize,
        /// Digits that were there.
        found: usize,
    },
    /// A character that is not `0-9a-f`.
    #[error("expected lower-case hexadecimal digits after the digest's algorithm, found {found:?}")]
    Digit {
        /// The first character that does not belong.
        found: char,
    },
}

/// The digest of some bytes: an [`Algorithm`] and lower-case hexadecimal digits.
///
/// ```
/// use tallyman_core::Digest;
///
/// let digest = Digest::of(b"hello");
/// assert_eq!(digest.short(), "2cf24dba5fb0");
/// assert!(digest.matches(b"hello"));
/// assert_eq!(digest.to_string().parse(), Ok(digest));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    text: Box<str>,
}

impl Digest {
    /// The SHA-256 digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The digest of `bytes` by `algorithm`.
    pub fn with(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Returns the algorithm of a digest, without copying it.
    ///
    /// # Errors
    /// Any [`DigestError`].
    pub(crate) fn check(text: &str) -> Result<Algorithm, DigestError> {
        // As almost everybody writes it.
        if let Some(hex) = text.strip_prefix("sha256:")
            && (hex.len(), lower_hex(hex.as_bytes())) == (64, 64)
        {
            return Ok(Algorithm::Sha256);
        }
        let (name, hex) = text
            .split_once(':')
            .filter(|(name, hex)| !name.is_empty() && !hex.is_empty())
            .ok_or_else(|| DigestError::Format { found: text.to_owned() })?;
        let algorithm = Algorithm::from_name(name)
            .ok_or_else(|| DigestError::Unsupported { algorithm: name.to_owned() })?;
        if hex.len() != algorithm.hex_length() {
            let found = hex.chars().count();
            return Err(DigestError::Length { algorithm, expected: algorithm.hex_length(), found });
        }
        if lower_hex(hex.as_bytes()) < hex.len()
            && let Some(found) = hex.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f'))
        {
            return Err(DigestError::Digit { found });
        }
        Ok(algorithm)
    }

    /// The algorithm in front of the colon.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hexadecimal digits behind the colon.
    pub fn hex(&self) -> &str {
        &self.text[self.algorithm.as_str().len() + 1..]
    }

    /// The whole digest, `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first twelve hexadecimal digits, as Docker shortens them.
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }

    /// The algorithm and the first twelve hexadecimal digits, with an ellipsis for the others: `sha256:2cf24dba5fb0…`.
    pub fn abbreviated(&self) -> String {
        format!("{}:{}…", self.algorithm.as_str(), self.short())
    }

    /// Returns `true` if `bytes` have this digest, by this digest's own algorithm.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        Self::with(self.algorithm, bytes) == *self
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        Ok(Self { algorithm: Self::check(text)?, text: text.into() })
    }
}

impl TryFrom<&str> for Digest {
    type Error = DigestError;

    fn try_from(text: &str) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A hasher of bytes as they come.
#[derive(Clone, Debug)]
pub struct Hasher(State);

#[derive(Clone, Debug)]
enum State {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    /// A hasher that has seen nothing yet.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha384 => State::Sha384(Sha384::new()),
            Algorithm::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha384(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of everything taken in.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(state) => written(Algorithm::Sha256, &state.finalize()),
            State::Sha384(state) => written(Algorithm::Sha384, &state.finalize()),
            State::Sha512(state) => written(Algorithm::Sha512, &state.finalize()),
        }
    }
}

fn written(algorithm: Algorithm, hash: &[u8]) -> Digest {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(algorithm.as_str().len() + 1 + algorithm.hex_length());
    text.push_str(algorithm.as_str());
    text.push(':');
    for byte in hash {
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 15)].into());
    }
    Digest { algorithm, text: text.into() }
}
