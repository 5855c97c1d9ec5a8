//! The kinds of transport failure, and the words that stand for them outside of Rust.

/// A kind of transport failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The connection was refused: nothing listens there.
    Refused,
    /// The host name is not known.
    Dns,
    /// TLS was spoken to a port that speaks plain HTTP.
    PlainHttp,
    /// The certificate is not trusted, or TLS failed in another way.
    Tls,
    /// The connection ended during the TLS handshake, without a word of TLS about the reason.
    Handshake,
    /// The connection broke.
    Reset,
    /// A request that took too long.
    Timeout,
    /// The caller gave up waiting.
    Aborted,
    /// A browser, which does not say why.
    Opaque,
    /// Whoever set this page or program up did not open the way there.
    NotOpen,
    /// A setting, such as the URL of a proxy, cannot be used.
    Setting,
    /// The redirects have no end.
    Redirects,
    /// Anything else.
    Other,
}

/// Every kind with its word.
const WORDS: &[(TransportErrorKind, &str)] = &[
    (TransportErrorKind::Refused, "refused"),
    (TransportErrorKind::Dns, "dns"),
    (TransportErrorKind::PlainHttp, "plain-http"),
    (TransportErrorKind::Tls, "tls"),
    (TransportErrorKind::Handshake, "handshake"),
    (TransportErrorKind::Reset, "reset"),
    (TransportErrorKind::Timeout, "timeout"),
    (TransportErrorKind::Aborted, "aborted"),
    (TransportErrorKind::Opaque, "opaque"),
    (TransportErrorKind::NotOpen, "not-open"),
    (TransportErrorKind::Setting, "setting"),
    (TransportErrorKind::Redirects, "redirects"),
    (TransportErrorKind::Other, "other"),
];

impl TransportErrorKind {
    /// Returns the word that stands for the kind in JavaScript, such as `plain-http`.
    pub fn as_str(self) -> &'static str {
        WORDS.iter().find(|(kind, _)| *kind == self).map_or("other", |(_, word)| word)
    }

    /// Returns the kind that `word` stands for; [`TransportErrorKind::Other`] if it stands for none.
    pub fn from_word(word: &str) -> Self {
        WORDS.iter().find(|(_, known)| *known == word).map_or(Self::Other, |(kind, _)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::{TransportErrorKind, WORDS};

    #[test]
    fn each_kind_is_read_back_from_its_word() {
        for (kind, word) in WORDS {
            assert_eq!(kind.as_str(), *word);
            assert_eq!(TransportErrorKind::from_word(word), *kind);
        }
        assert_eq!(TransportErrorKind::from_word("nothing of this kind"), TransportErrorKind::Other);
    }
}
