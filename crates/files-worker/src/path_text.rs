//! Paths in messages: bytes as text, and back.

use std::fmt::Write;

use tallyman_layers::LayerPath;

/// The path as text: `%` and what is not UTF-8 stand as `%XX`.
pub fn to_text(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        let mut pieces = chunk.valid().split('%');
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            text.push_str("%25");
            text.push_str(piece);
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// The path of a text. A `%` without two digits behind it stands for itself.
pub fn to_path(text: &str) -> LayerPath {
    let bytes = text.as_bytes();
    let mut path = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                path.push(byte);
                at += 3;
            }
            None => {
                path.push(bytes[at]);
                at += 1;
            }
        }
    }
    LayerPath::clean_in_root(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_comes_back() {
        for path in [&b"etc/motd"[..], b"100%", b"a%41", b"\xff\xfe/x", "año/日本".as_bytes(), b"<b>&amp;"]
        {
            assert_eq!(to_path(&to_text(path)).as_bytes(), path, "{}", to_text(path));
        }
        assert_eq!(to_text(b"a%\xff"), "a%25%FF");
    }
}
