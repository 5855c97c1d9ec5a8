//! JSON in pieces of one colour, and where strings in it lead.

use tallyman_core::{Digest, Reference};

use crate::routes::Route;

/// The kind of a piece of JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sort {
    /// Brackets, commas, spaces, and whatever is no JSON.
    Plain,
    /// The name of a member.
    Key,
    /// Any other string.
    String,
    /// Numbers, `true`, `false` and `null`.
    Number,
}

/// Parts `text` into pieces of one colour each. Together they are the text, whether or not it is JSON.
pub fn tokens(text: &str) -> Vec<(Sort, std::ops::Range<usize>)> {
    let bytes = text.as_bytes();
    let mut tokens: Vec<(Sort, std::ops::Range<usize>)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let sort = match bytes[at] {
            b'"' => {
                at = end_of_string(bytes, at);
                let next = bytes[at..].iter().find(|byte| !byte.is_ascii_whitespace());
                if next == Some(&b':') { Sort::Key } else { Sort::String }
            }
            byte if is_word(byte) => {
                at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
                Sort::Number
            }
            _ => {
                at += bytes[at..].iter().take_while(|byte| **byte != b'"' && !is_word(**byte)).count();
                Sort::Plain
            }
        };
        tokens.push((sort, start..at));
    }
    tokens
}

/// Letters of numbers, `true`, `false` and `null`. Other bytes of a text outside strings are ASCII in JSON; where they
/// are not, they stay with their neighbours.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// Returns the end of the string that begins at `start`: behind its closing quote, or the end of the text.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The target of a string in a manifest.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// A link to a page of this app.
    Page(Route),
    /// A link to somewhere else.
    Web(String),
}

/// Returns the target of a string, given with its quotes: a digest into the repository of `around`, a reference to its own page,
/// an address to the web.
pub fn link(quoted: &str, around: &Reference) -> Option<Link> {
    let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if let Ok(digest) = text.parse::<Digest>() {
        return Some(Link::Page(Route::inspect(&around.by_digest(digest))));
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        return is_plain.then(|| Link::Web(text.to_owned()));
    }
    // Much could be a reference. Only what names a registry, and a tag or a digest, surely is one.
    let (host, rest) = text.split_once('/')?;
    let is_host = host.contains('.') || host.contains(':') || host == "localhost";
    let is_full = is_host && rest.contains([':', '@']);
    let reference: Reference = is_full.then(|| text.parse().ok()).flatten()?;
    Some(Link::Page(Route::inspect(&reference)))
}

#[cfg(test)]
mod tests {
    use super::{Link, Sort, link, tokens};

    #[test]
    fn pieces_together_are_the_text() {
        for text in
            ["", "{}", "{\"a\\\"\": [1, -2.5e3, true, \"é\u{2028}\"]}", "no json é \"", "\"\\", "[\"a\""]
        {
            let joined: String = tokens(text).into_iter().map(|(_, range)| &text[range]).collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn keys_strings_and_numbers_are_told_apart() {
        let text = r#"{"size" : 12, "digest": "sha256:aa"}"#;
        let coloured: Vec<_> = tokens(text)
            .into_iter()
            .filter(|(sort, _)| *sort != Sort::Plain)
            .map(|(sort, range)| (sort, &text[range]))
            .collect();
        assert_eq!(
            coloured,
            [
                (Sort::Key, "\"size\""),
                (Sort::Number, "12"),
                (Sort::Key, "\"digest\""),
                (Sort::String, "\"sha256:aa\"")
            ]
        );
    }

    #[test]
    fn digests_references_and_addresses_lead_somewhere() {
        let around = "r.io/a/b:1".parse().unwrap();
        let digest = format!("sha256:{}", "0".repeat(64));
        let shown = |text: &str| match link(&format!("\"{text}\""), &around) {
            Some(Link::Page(crate::routes::Route::Inspect { reference })) => reference,
            Some(Link::Web(address)) => format!("web {address}"),
            _ => String::new(),
        };
        for (text, to) in [
            (&*digest, &*format!("r.io/a/b@{digest}")),
            ("ghcr.io/acme/app:1.0", "ghcr.io/acme/app:1.0"),
            ("localhost/app@1", ""),
            ("https://example.com/x", "web https://example.com/x"),
            ("application/vnd.oci.image.index.v1+json", ""),
            ("team/app:1", ""),
            ("8080/tcp", ""),
            ("1.4.2", ""),
        ] {
            assert_eq!(shown(text), to, "{text}");
        }
    }
}
