//! Strings and names of members, as Go writes, reads and compares them.

pub use tallyman_list_json::{quote, quote_into};

/// Returns the text of a valid JSON string. As Go reads it: every byte that is no UTF-8 and every lone surrogate becomes
/// U+FFFD.
pub fn unquote(string: &[u8]) -> String {
    let inner = string.trim_ascii().strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let mut rest = inner.unwrap_or_default();
    let mut text = String::with_capacity(rest.len());
    while !rest.is_empty() {
        let plain = rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len());
        push_plain(&mut text, &rest[..plain]);
        rest = match &rest[plain..] {
            [b'\\', b'u', tail @ ..] => push_unicode(&mut text, tail),
            [b'\\', escape, tail @ ..] => {
                text.push(match escape {
                    b'b' => '\u{8}',
                    b'f' => '\u{c}',
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    other => char::from(*other),
                });
                tail
            }
            _ => &[],
        };
    }
    text
}

/// Takes in bytes without escapes.
fn push_plain(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
}

/// Takes in what follows `\u`, two escapes where they are a pair of surrogates; gives back the rest.
fn push_unicode<'a>(text: &mut String, after: &'a [u8]) -> &'a [u8] {
    let unit = hex4(after);
    let rest = after.get(4..).unwrap_or_default();
    if let (0xd800..=0xdbff, [b'\\', b'u', low @ ..]) = (unit, rest) {
        let low_unit = hex4(low);
        if let Some(c) = char::decode_utf16([unit, low_unit]).next().and_then(Result::ok) {
            text.push(c);
            return low.get(4..).unwrap_or_default();
        }
    }
    text.push(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER));
    rest
}

fn hex4(bytes: &[u8]) -> u16 {
    let digits = bytes.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).unwrap_or(0xfffd)
}

/// Returns `name` as Go compares the names of members: without regard to case by Unicode's simple folding, under which the
/// long s and the Kelvin sign are an s and a k.
pub fn fold_key(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            _ => c.to_ascii_lowercase(),
        })
        .collect()
}
