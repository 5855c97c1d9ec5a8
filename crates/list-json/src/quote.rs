//! Texts as Go writes them.

use crate::bytes::unescaped;

/// `text` as a JSON string with Go's escapes.
pub fn quote(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    quote_into(&mut out, text);
    String::from_utf8(out).expect("escapes stand in the place of whole characters")
}

/// Writes `text` as a JSON string with Go's escapes.
pub fn quote_into(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let plain = unescaped(rest);
        out.extend_from_slice(&rest[..plain]);
        rest = match &rest[plain..] {
            [] => break,
            [0xe2, 0x80, last @ (0xa8 | 0xa9), after @ ..] => {
                out.extend_from_slice(if *last == 0xa8 { b"\\u2028" } else { b"\\u2029" });
                after
            }
            [first, after @ ..] => {
                match first {
                    b'"' => out.extend_from_slice(b"\\\""),
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    b'\n' => out.extend_from_slice(b"\\n"),
                    b'\r' => out.extend_from_slice(b"\\r"),
                    b'\t' => out.extend_from_slice(b"\\t"),
                    0x8 => out.extend_from_slice(b"\\b"),
                    0xc => out.extend_from_slice(b"\\f"),
                    0x80.. => out.push(*first),
                    _ => out.extend_from_slice(format!("\\u{first:04x}").as_bytes()),
                }
                after
            }
        };
    }
    out.push(b'"');
}
