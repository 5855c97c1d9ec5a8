//! Reading objects, arrays and strings out of bytes, each value as the bytes that it is.

use super::{format::tokens, scan::SyntaxError, scan::check};

/// The sort of a JSON value, by Go's names for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// `[…]`.
    Array,
    /// `{…}`.
    Object,
}

impl Kind {
    /// The name in Go's error messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// The sort of value that some valid JSON is.
pub fn kind(json: &[u8]) -> Kind {
    match json.trim_ascii_start().first() {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b't' | b'f') => Kind::Bool,
        Some(b'n') => Kind::Null,
        _ => Kind::Number,
    }
}

/// The members of an object in their order, repeated names included, each value as the bytes that stand there.
/// Empty where the JSON is no object.
///
/// # Errors
/// When the bytes are no JSON.
pub fn members(json: &[u8]) -> Result<Vec<(String, &[u8])>, SyntaxError> {
    check(json)?;
    Ok(if kind(json) == Kind::Object { split_members(json) } else { Vec::new() })
}

/// The members of a valid object.
pub(crate) fn split_members(json: &[u8]) -> Vec<(String, &[u8])> {
    split(json).into_iter().filter_map(|part| part.key.map(|key| (unquote(key), part.value))).collect()
}

/// The elements of a valid array.
pub(crate) fn split_elements(json: &[u8]) -> Vec<&[u8]> {
    split(json).into_iter().map(|part| part.value).collect()
}

/// The elements of an array in their order, each as the bytes that stand there. Empty where the JSON is no array.
///
/// # Errors
/// When the bytes are no JSON.
pub fn elements(json: &[u8]) -> Result<Vec<&[u8]>, SyntaxError> {
    check(json)?;
    Ok(if kind(json) == Kind::Array { split_elements(json) } else { Vec::new() })
}

struct Part<'a> {
    key: Option<&'a [u8]>,
    value: &'a [u8],
}

/// The parts of a valid object or array between its outermost brackets.
fn split(json: &[u8]) -> Vec<Part<'_>> {
    let offset = |token: &[u8]| token.as_ptr().addr() - json.as_ptr().addr();
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let (mut key, mut begin, mut end) = (None, None, 0);
    for token in tokens(json) {
        let at = offset(token);
        let closes = matches!(token, b"}" | b"]");
        if depth == 1 && (closes || token == b",") {
            if let Some(begin) = begin.take() {
                parts.push(Part { key: key.take(), value: &json[begin..end] });
            }
        } else if depth == 1 && token == b":" {
            key = begin.take().map(|begin: usize| &json[begin..end]);
        } else if depth > 0 {
            begin = begin.or(Some(at));
            end = at + token.len();
        }
        match token {
            b"{" | b"[" => depth += 1,
            b"}" | b"]" => depth -= 1,
            _ => {}
        }
    }
    parts
}

/// The text of a valid JSON string. As Go reads it: every byte that is no UTF-8 and every lone surrogate becomes
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

/// `name` as Go compares the names of members: without regard to case by Unicode's simple folding, under which the
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
