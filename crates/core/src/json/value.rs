//! The kinds of JSON values, and the members and elements of objects and arrays, each as the bytes that stand there.

use super::{
    format::tokens,
    quote::unquote,
    scan::{SyntaxError, check},
};

/// The kind of a JSON value, by Go's names.
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

/// Returns the kind of value that some valid JSON is.
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

/// Returns the members of an object in their order, repeated names included, each value as the bytes that stand there.
/// Empty if the JSON is no object.
///
/// # Errors
/// [`SyntaxError`] if the bytes are no JSON.
pub fn members(json: &[u8]) -> Result<Vec<(String, &[u8])>, SyntaxError> {
    check(json)?;
    Ok(if kind(json) == Kind::Object { split_members(json) } else { Vec::new() })
}

/// The members of a valid object.
pub(crate) fn split_members(json: &[u8]) -> Vec<(String, &[u8])> {
    parts(json).filter_map(|part| part.key.map(|key| (unquote(key), part.value))).collect()
}

/// The members of a valid object, their names with quotes and as they stand there.
pub(crate) fn members_as_written(json: &[u8]) -> Vec<(&[u8], &[u8])> {
    parts(json).filter_map(|part| Some((part.key?, part.value))).collect()
}

/// The elements of a valid array.
pub(crate) fn split_elements(json: &[u8]) -> Vec<&[u8]> {
    parts(json).map(|part| part.value).collect()
}

/// Returns the elements of an array in their order, each as the bytes that stand there. Empty if the JSON is no array.
///
/// # Errors
/// [`SyntaxError`] if the bytes are no JSON.
pub fn elements(json: &[u8]) -> Result<Vec<&[u8]>, SyntaxError> {
    check(json)?;
    Ok(if kind(json) == Kind::Array { split_elements(json) } else { Vec::new() })
}

/// A member or an element.
pub(super) struct Part<'a> {
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: &'a [u8],
}

/// The parts of a valid object or array between its outermost brackets, found one by one.
pub(super) fn parts(json: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let offset = |token: &[u8]| token.as_ptr().addr() - json.as_ptr().addr();
    let mut tokens = tokens(json);
    let mut depth = 0_usize;
    let (mut key, mut begin, mut end) = (None, None, 0);
    std::iter::from_fn(move || {
        for token in &mut tokens {
            let at = offset(token);
            let closes = matches!(token, b"}" | b"]");
            let mut part = None;
            if depth == 1 && (closes || token == b",") {
                part = begin.take().map(|begin| Part { key: key.take(), value: &json[begin..end] });
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
            if part.is_some() {
                return part;
            }
        }
        None
    })
}
