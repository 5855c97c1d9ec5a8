//! Digests: known values, what is refused, and streams hashed in any pieces.

use proptest::prelude::*;
use tallyman_core::{Algorithm, Digest, DigestError, Hasher};

#[test]
fn known_values() {
    let empty256 = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let empty384 = "sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b";
    let empty512 = "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
    for (algorithm, text) in
        [(Algorithm::Sha256, empty256), (Algorithm::Sha384, empty384), (Algorithm::Sha512, empty512)]
    {
        let digest: Digest = text.parse().unwrap();
        assert_eq!(Digest::with(algorithm, b""), digest);
        assert_eq!(digest.algorithm(), algorithm);
        assert!(digest.matches(b"") && !digest.matches(b"x"));
        assert_eq!(digest.to_string(), text);
    }
    assert_eq!(Digest::of(b"").short(), "e3b0c44298fc");
    assert_eq!(Digest::of(b"").abbreviated(), "sha256:e3b0c44298fc…");
    assert_eq!(Digest::with(Algorithm::Sha512, b"").abbreviated(), "sha512:cf83e1357eef…");
}

#[test]
fn refusals_say_what_was_found() {
    let long = "a".repeat(65);
    for (text, expected) in [
        ("", DigestError::Format { found: String::new() }),
        ("sha256", DigestError::Format { found: "sha256".into() }),
        ("sha256:", DigestError::Format { found: "sha256:".into() }),
        ("md5:41bf", DigestError::Unsupported { algorithm: "md5".into() }),
        (
            &format!("sha256:{long}"),
            DigestError::Length { algorithm: Algorithm::Sha256, expected: 64, found: 65 },
        ),
        (&format!("sha256:A{}", &long[2..]), DigestError::Digit { found: 'A' }),
        (&format!("sha256:é{}", &long[3..]), DigestError::Digit { found: 'é' }),
    ] {
        assert_eq!(text.parse::<Digest>().unwrap_err(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn pieces_do_not_matter(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8)) {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
            let mut hasher = Hasher::new(algorithm);
            pieces.iter().for_each(|piece| hasher.update(piece));
            let digest = hasher.finish();
            prop_assert_eq!(&digest, &Digest::with(algorithm, &pieces.concat()));
            prop_assert_eq!(digest.as_str().parse::<Digest>(), Ok(digest.clone()));
        }
    }
}
