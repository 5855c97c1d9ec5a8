//! The verification of a blob while it comes: its size and its digest.

use std::{cell::RefCell, rc::Rc};

use futures_util::{StreamExt, stream};
use tallyman_core::{Descriptor, Digest, Reference};

use super::{BlobPieces, ContentHasher};
use crate::{Error, Piece};

/// The size and the digest that a blob must have. What has been hashed stays hashed when its bytes are read anew.
#[derive(Clone)]
pub(crate) struct Verifier(Rc<Expected>);

struct Expected {
    reference: Reference,
    digest: Digest,
    size: u64,
    /// The hash of the bytes so far, and how many they are.
    hashed: RefCell<(Box<dyn ContentHasher>, u64)>,
}

impl Verifier {
    pub(crate) fn new(
        reference: &Reference,
        descriptor: &Descriptor,
        hasher: Box<dyn ContentHasher>,
    ) -> Self {
        let (digest, size) = (descriptor.digest.clone(), descriptor.size);
        let hashed = RefCell::new((hasher, 0));
        Self(Rc::new(Expected { reference: reference.by_digest(digest.clone()), digest, size, hashed }))
    }

    /// Passes on `pieces`, which begin at byte `start`. Holds the last one back until size and digest are known to be
    /// right.
    pub(crate) fn check(&self, pieces: BlobPieces, start: u64) -> BlobPieces {
        let state = Some((self.clone(), pieces, start));
        stream::unfold(state, async |state| {
            let (verifier, mut pieces, position) = state?;
            let piece = match pieces.next().await {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Some((Err(error), None)),
                None => return verifier.finish(position).err().map(|error| (Err(error), None)),
            };
            let end = position + piece.len() as u64;
            let checked = verifier.add(position, &piece);
            let checked =
                if end == verifier.0.size { checked.and_then(|()| verifier.finish(end)) } else { checked };
            match checked {
                Ok(()) => Some((Ok(piece), Some((verifier, pieces, end)))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed_local()
    }

    /// Returns the number of bytes that have been hashed.
    pub(crate) fn hashed(&self) -> u64 {
        self.0.hashed.borrow().1
    }

    fn add(&self, position: u64, piece: &Piece) -> Result<(), Error> {
        let expected = &self.0;
        let end = position + piece.len() as u64;
        if end > expected.size {
            return Err(Error::TooLarge { what: expected.reference.to_string(), limit: expected.size });
        }
        let (hasher, hashed) = &mut *expected.hashed.borrow_mut();
        if end > *hashed {
            let known = usize::try_from(*hashed - position).expect("pieces follow one another");
            if known == 0 {
                hasher.update(piece);
            } else {
                hasher.update(&piece.tail(known));
            }
            *hashed = end;
        }
        Ok(())
    }

    fn finish(&self, found: u64) -> Result<(), Error> {
        let expected = &self.0;
        let reference = || Box::new(expected.reference.clone());
        if found != expected.size {
            return Err(Error::SizeMismatch { reference: reference(), expected: expected.size, found });
        }
        let found = expected.hashed.borrow().0.digest();
        if found != expected.digest {
            let (reference, expected) = (reference(), expected.digest.clone());
            return Err(Error::DigestMismatch { reference, expected, found });
        }
        Ok(())
    }
}
