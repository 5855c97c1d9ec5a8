//! Indentation and compaction.

use super::scan::{SyntaxError, check, is_space};

/// The limit of indented JSON, in bytes: indentation makes a nested value larger by the square of its depth.
const INDENTED_MAX: usize = 64 << 20;

/// Returns `bytes` with one member or element a line, each level indented by `step`. Empty objects and arrays stay closed,
/// white space before the value goes, white space after it stays.
///
/// # Errors
/// [`SyntaxError`] if the bytes are no JSON, or more than 64 MiB when they are indented.
pub fn indent(bytes: &[u8], step: &str) -> Result<Vec<u8>, SyntaxError> {
    check(bytes)?;
    let mut out = Vec::with_capacity(bytes.len() * 2);
    let trailing = bytes.iter().rev().take_while(|byte| is_space(**byte)).count();
    let (value, trailing) = bytes.split_at(bytes.len() - trailing);
    let mut depth = 0;
    let mut just_opened = false;
    for token in tokens(value) {
        let closes = matches!(token, b"}" | b"]");
        if just_opened && !closes {
            depth += 1;
            new_line(&mut out, depth, step);
        } else if !just_opened && closes {
            depth -= 1;
            new_line(&mut out, depth, step);
        }
        just_opened = matches!(token, b"{" | b"[");
        out.extend_from_slice(token);
        if out.len() > INDENTED_MAX {
            return Err(SyntaxError::Indented { limit: INDENTED_MAX });
        }
        match token {
            b"," => new_line(&mut out, depth, step),
            b":" => out.push(b' '),
            _ => {}
        }
    }
    out.extend_from_slice(trailing);
    Ok(out)
}

fn new_line(out: &mut Vec<u8>, depth: usize, step: &str) {
    out.push(b'\n');
    for _ in 0..depth {
        out.extend_from_slice(step.as_bytes());
    }
}

/// Returns `bytes` without white space between tokens, and with `<`, `>`, `&`, U+2028 and U+2029 escaped: how Go puts raw
/// JSON into a document that it writes.
///
/// # Errors
/// [`SyntaxError`] if the bytes are no JSON.
pub fn compact(bytes: &[u8]) -> Result<Vec<u8>, SyntaxError> {
    check(bytes)?;
    let mut out = Vec::with_capacity(bytes.len());
    for token in tokens(bytes) {
        let mut rest = token;
        while let Some((first, tail)) = rest.split_first() {
            match rest {
                [b'<' | b'>' | b'&', ..] => {
                    out.extend_from_slice(format!("\\u{first:04x}").as_bytes());
                    rest = tail;
                }
                [0xe2, 0x80, last @ (0xa8 | 0xa9), after @ ..] => {
                    out.extend_from_slice(if *last == 0xa8 { b"\\u2028" } else { b"\\u2029" });
                    rest = after;
                }
                _ => {
                    out.push(*first);
                    rest = tail;
                }
            }
        }
    }
    Ok(out)
}

/// The tokens of valid JSON: punctuation byte by byte, strings with their quotes, numbers and words.
pub(super) fn tokens(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let length = match rest.first()? {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            b'"' => string_length(rest),
            _ => rest
                .iter()
                .position(|byte| is_space(*byte) || matches!(byte, b',' | b':' | b'}' | b']'))
                .unwrap_or(rest.len()),
        };
        let (token, tail) = rest.split_at(length);
        rest = tail;
        Some(token)
    })
}

/// Bytes of the string that `bytes` begin with, quotes included.
fn string_length(bytes: &[u8]) -> usize {
    let mut escaped = false;
    let end = bytes.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(bytes.len(), |end| end + 2)
}
