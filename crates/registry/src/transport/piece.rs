//! Pieces of the bodies of responses.

use std::any::Any;

use bytes::Bytes;

/// A piece of the body of a response.
pub enum Piece {
    /// Bytes in this program's memory.
    Bytes(Bytes),
    /// Bytes that the platform keeps.
    Kept(Box<dyn KeptBytes>),
}

/// Bytes that a platform keeps outside of this program's memory, as JavaScript does. They are copied when somebody reads them.
pub trait KeptBytes {
    /// The number of bytes.
    fn size(&self) -> usize;

    /// Returns the bytes behind the first `count`, without copying them.
    fn tail(&self, count: usize) -> Box<dyn KeptBytes>;

    /// Returns a copy of the bytes.
    fn to_bytes(&self) -> Bytes;

    /// Returns the value itself, for the platform that made it.
    fn as_any(&self) -> &dyn Any;
}

impl Piece {
    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Kept(kept) => kept.size(),
        }
    }

    /// Returns `true` if there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes behind the first `count`, without copying them.
    #[must_use]
    pub fn tail(&self, count: usize) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes.slice(count..)),
            Self::Kept(kept) => Self::Kept(kept.tail(count)),
        }
    }

    /// Returns the bytes, copied if the platform keeps them.
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Kept(kept) => kept.to_bytes(),
        }
    }
}

impl From<Bytes> for Piece {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}
