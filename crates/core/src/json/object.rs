//! Typed fields of JSON objects, read as Go's decoder reads them.
//!
//! Unknown names are passed over, names count in any case, `null` counts as absent, as an element as empty, and of two fields of
//! one name the last counts; two objects of one name are one with the members of both. Behind another value `null` removes an array,
//! a map and what is a pointer to Go, and changes nothing else.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use thiserror::Error;

use super::{Kind, SyntaxError, check, fold_key, kind, split_members, unquote, value::parts};
use crate::{Digest, DigestError};

/// The reason why some JSON does not have the fields that are expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The bytes are no JSON.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A string is no digest.
    #[error("{field}: {source}")]
    Digest {
        /// The path of the field.
        field: String,
        /// The reason.
        source: DigestError,
    },
    /// A field is of the wrong kind.
    #[error("expected {expected} as {field}, found {found}")]
    Field {
        /// The path of the field, such as `layers[0].digest`.
        field: String,
        /// The kind of value that belongs there.
        expected: &'static str,
        /// The value that was found.
        found: String,
    },
}

/// A JSON object, each member's value as the bytes that stand there.
pub struct Object<'a> {
    path: String,
    members: Vec<(String, &'a [u8])>,
}

impl<'a> Object<'a> {
    /// Parses bytes that are to be one object.
    ///
    /// # Errors
    /// [`FieldError::Syntax`] if the bytes are no JSON, [`FieldError::Field`] if they are another kind of value.
    pub fn parse(json: &'a [u8]) -> Result<Self, FieldError> {
        check(json)?;
        if kind(json) != Kind::Object {
            return Err(mismatch("", "an object", json));
        }
        Self::from_json(json, "")
    }

    /// Parses bytes that are to be one object, and keeps the fields of these names alone, however many others it has.
    ///
    /// # Errors
    /// The errors of [`Object::parse`].
    pub fn parse_fields(json: &'a [u8], names: &[&str]) -> Result<Self, FieldError> {
        check(json)?;
        if kind(json) != Kind::Object {
            return Err(mismatch("", "an object", json));
        }
        let mut members: Vec<(String, &[u8])> = Vec::new();
        for part in parts(json) {
            let key = part.key.map(unquote).unwrap_or_default();
            if let Some(name) = names.iter().find(|name| is_same_name(&key, name)) {
                members.retain(|(known, _)| known != name);
                members.push(((*name).to_owned(), part.value));
            }
        }
        Ok(Self { path: String::new(), members })
    }

    /// Reads the object that `json` is: valid JSON, found at `path`. `null` is an empty one.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is another kind of value.
    pub fn from_json(json: &'a [u8], path: &str) -> Result<Self, FieldError> {
        if !matches!(kind(json), Kind::Object | Kind::Null) {
            return Err(mismatch(path, "an object", json));
        }
        Ok(Self { path: path.to_owned(), members: split_members(json) })
    }

    /// Returns the bytes of a field; `None` if it is absent or `null`.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        let (_, value) = self.members.iter().rfind(|(key, _)| is_same_name(key, name))?;
        (kind(value) != Kind::Null).then_some(value)
    }

    /// Returns the bytes of a field that is no object, or of one that stands there once; `null` changes nothing. `None` if it is
    /// absent.
    fn scalar(&self, name: &str) -> Option<&'a [u8]> {
        let is_set = |(key, value): &&(String, &[u8])| is_same_name(key, name) && kind(value) != Kind::Null;
        self.members.iter().rfind(is_set).map(|(_, value)| *value)
    }

    /// Returns the bytes of a field that is a map or a pointer to Go; of an object that stands there several times, of one with the
    /// members of all behind the last `null`. `None` if it is absent or `null`.
    pub(crate) fn joined(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        join(behind_null(self.values(name))).filter(|value| kind(value) != Kind::Null)
    }

    /// Returns the bytes that stand there with a name, in their order.
    fn values(&self, name: &str) -> Vec<&'a [u8]> {
        let values = self.members.iter().filter(|(key, _)| is_same_name(key, name));
        values.map(|(_, value)| *value).collect()
    }

    /// Returns the path of a field, such as `layers[0].digest`.
    pub(crate) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Unwraps the `value` of a required field.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is `None`.
    pub fn required<T>(&self, name: &str, expected: &'static str, value: Option<T>) -> Result<T, FieldError> {
        value.ok_or_else(|| FieldError::Field {
            field: self.path(name),
            expected,
            found: "nothing".to_owned(),
        })
    }

    /// Returns a required digest.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is absent or no string, [`FieldError::Digest`] if the string is no digest.
    pub(crate) fn digest(&self, name: &str) -> Result<Digest, FieldError> {
        let value = self.required(name, "a digest such as sha256:…", self.scalar(name))?;
        digest(value, &self.path(name))
    }

    /// Returns a Boolean; `false` if it is absent.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is another kind of value.
    pub fn bool(&self, name: &str) -> Result<bool, FieldError> {
        match self.scalar(name) {
            None => Ok(false),
            Some(value) if kind(value) == Kind::Bool => Ok(value.trim_ascii() == b"true"),
            Some(value) => Err(mismatch(&self.path(name), "true or false", value)),
        }
    }

    /// Returns the names of the members of an object; none if it is absent.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is another kind of value.
    pub(crate) fn keys(&self, name: &str) -> Result<BTreeSet<String>, FieldError> {
        let Some(value) = self.joined(name) else { return Ok(BTreeSet::new()) };
        let fields = Object::from_json(&value, &self.path(name))?;
        let mut keys = BTreeSet::new();
        keys.extend(fields.members.into_iter().map(|(key, _)| key));
        Ok(keys)
    }

    /// Returns a string; `None` if it is absent.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is another kind of value.
    pub fn string(&self, name: &str) -> Result<Option<String>, FieldError> {
        self.scalar(name).map(|value| string(value, &self.path(name))).transpose()
    }

    /// Returns a string, empty if it is absent.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is another kind of value.
    pub fn string_or_empty(&self, name: &str) -> Result<String, FieldError> {
        Ok(self.string(name)?.unwrap_or_default())
    }

    /// Returns a whole number of 0 or more that fits into 64 bits with a sign, as Go reads it; `None` if it is absent.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is anything else, such as `1e3` and `1.0`.
    pub fn number(&self, name: &str) -> Result<Option<u64>, FieldError> {
        let Some(value) = self.scalar(name) else { return Ok(None) };
        let number = whole_number(value).and_then(|number| u64::try_from(number).ok());
        number.map(Some).ok_or_else(|| self.no_number(name, "a whole number of 0 or more", value))
    }

    /// Returns a whole number of 64 bits with its sign; `None` if it is absent.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is another kind of value.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, FieldError> {
        let Some(value) = self.scalar(name) else { return Ok(None) };
        whole_number(value).map(Some).ok_or_else(|| self.no_number(name, "a whole number", value))
    }

    /// The error for a field that is not `expected`, or too large a number.
    fn no_number(&self, name: &str, expected: &'static str, value: &[u8]) -> FieldError {
        let is_large = value.trim_ascii().iter().all(u8::is_ascii_digit) && whole_number(value).is_none();
        let expected = if is_large { NUMBER_MAX } else { expected };
        mismatch(&self.path(name), expected, value)
    }

    /// Returns a field that is a struct to Go as `read` reads it from its bytes and path; `None` if it is absent.
    ///
    /// # Errors
    /// The errors of `read`.
    pub fn field<T>(
        &self,
        name: &str,
        read: fn(&[u8], &str) -> Result<T, FieldError>,
    ) -> Result<Option<T>, FieldError> {
        let value = join(self.values(name)).filter(|value| kind(value) != Kind::Null);
        value.map(|value| read(&value, &self.path(name))).transpose()
    }

    /// Returns a field that is a pointer to Go, as [`Object::field`] does.
    ///
    /// # Errors
    /// The errors of `read`.
    pub fn pointer<T>(
        &self,
        name: &str,
        read: fn(&[u8], &str) -> Result<T, FieldError>,
    ) -> Result<Option<T>, FieldError> {
        self.joined(name).map(|value| read(&value, &self.path(name))).transpose()
    }

    /// Returns the elements of an array as `read` reads each from its bytes and path; none if the array is absent.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is another kind of value, and those of `read`.
    pub fn array<T>(
        &self,
        name: &str,
        read: fn(&[u8], &str) -> Result<T, FieldError>,
    ) -> Result<Vec<T>, FieldError> {
        self.get(name).map_or_else(|| Ok(Vec::new()), |value| parse_elements(value, &self.path(name), read))
    }

    /// Returns the elements of an array one by one, each with its path and as the bytes that stand there; none if the array
    /// is absent.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is another kind of value.
    pub fn elements(
        &self,
        name: &str,
    ) -> Result<impl Iterator<Item = (String, &'a [u8])> + use<'a>, FieldError> {
        let elements = self.get(name).map(|value| elements_at(value, self.path(name))).transpose()?;
        Ok(elements.into_iter().flatten())
    }

    /// Returns an object of strings; empty if it is absent. A `null` in it counts as an empty string.
    ///
    /// # Errors
    /// [`FieldError::Field`] if it is another kind of value, or one of its members is.
    pub fn string_map(&self, name: &str) -> Result<BTreeMap<String, String>, FieldError> {
        self.joined(name).map_or_else(
            || Ok(BTreeMap::new()),
            |value| Object::from_json(&value, &self.path(name))?.strings(),
        )
    }

    /// Returns the members of an object of strings. A `null` counts as an empty string.
    ///
    /// # Errors
    /// [`FieldError::Field`] if a member is another kind of value.
    pub fn strings(&self) -> Result<BTreeMap<String, String>, FieldError> {
        let mut strings = BTreeMap::new();
        for (key, value) in &self.members {
            strings.insert(key.clone(), string(value, &self.path(key))?);
        }
        Ok(strings)
    }
}

/// The numbers that Go's `int64` has, in words.
const NUMBER_MAX: &str = "a whole number of at most 9223372036854775807";

/// Returns the number that `value` is, if it is a whole one in digits that Go's `int64` has.
fn whole_number(value: &[u8]) -> Option<i64> {
    str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
}

/// Returns `true` if `key` is the ASCII `name` to Go. Characters beyond ASCII that are one of it have more bytes.
pub(crate) fn is_same_name(key: &str, name: &str) -> bool {
    key.eq_ignore_ascii_case(name)
        || key.len() > name.len() && !key.is_ascii() && fold_key(key) == fold_key(name)
}

/// Returns those of `values` that count of a map or a pointer to Go: the last `null`, and what stands behind it.
pub(crate) fn behind_null(mut values: Vec<&[u8]>) -> Vec<&[u8]> {
    let last = values.iter().rposition(|value| kind(value) == Kind::Null);
    values.split_off(last.unwrap_or_default())
}

/// Returns the value of a member that stands there with each of `values`: of objects behind each other, one with the members of
/// all; else the last one, but for a `null` that changes nothing. `None` if there are no values.
pub(crate) fn join<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Option<Cow<'a, [u8]>> {
    // Either one value, or the members of several objects. They are copied once, however many objects there are.
    let (mut last, mut objects) = (None, Vec::new());
    for value in values {
        if kind(value) == Kind::Null && last.is_some_and(|before| kind(before) != Kind::Array) {
            continue;
        }
        let Some(members) = object_members(value) else {
            objects.clear();
            last = Some(value);
            continue;
        };
        if !members.is_empty() {
            objects.push(members);
        }
        if !members.is_empty() || last.is_none_or(|before| kind(before) != Kind::Object) {
            last = Some(value);
        }
    }
    if objects.len() > 1 {
        return Some([&b"{"[..], &objects.join(&b','), b"}"].concat().into());
    }
    last.map(Into::into)
}

/// Returns what is between the braces of a valid object; `None` if the JSON is no object.
fn object_members(json: &[u8]) -> Option<&[u8]> {
    Some(json.trim_ascii().strip_prefix(b"{")?.strip_suffix(b"}")?.trim_ascii())
}

/// Reads the elements of the array that `json` is: valid JSON, found at `path`.
///
/// # Errors
/// [`FieldError::Field`] if it is another kind of value, and those of `read`.
pub(crate) fn parse_elements<T>(
    json: &[u8],
    path: &str,
    read: fn(&[u8], &str) -> Result<T, FieldError>,
) -> Result<Vec<T>, FieldError> {
    elements_at(json, path.to_owned())?.map(|(path, value)| read(value, &path)).collect()
}

/// Returns the elements of the array that `json` is, found at `path`, one by one with their paths.
fn elements_at(json: &[u8], path: String) -> Result<impl Iterator<Item = (String, &[u8])>, FieldError> {
    if kind(json) != Kind::Array {
        return Err(mismatch(&path, "an array", json));
    }
    Ok(parts(json).enumerate().map(move |(at, part)| (format!("{path}[{at}]"), part.value)))
}

/// Reads the digest that `value` is: valid JSON, found at `path`.
///
/// # Errors
/// [`FieldError::Field`] if it is no string, [`FieldError::Digest`] if the string is no digest.
pub(crate) fn digest(value: &[u8], path: &str) -> Result<Digest, FieldError> {
    let text = string(value, path)?;
    text.parse().map_err(|source| FieldError::Digest { field: path.to_owned(), source })
}

/// Reads the string that `value` is: valid JSON, found at `path`. `null` is an empty one.
///
/// # Errors
/// [`FieldError::Field`] if it is another kind of value.
pub fn string(value: &[u8], path: &str) -> Result<String, FieldError> {
    match kind(value) {
        Kind::String => Ok(unquote(value)),
        Kind::Null => Ok(String::new()),
        _ => Err(mismatch(path, "a string", value)),
    }
}

fn mismatch(path: &str, expected: &'static str, json: &[u8]) -> FieldError {
    let field = if path.is_empty() { "the whole" } else { path }.to_owned();
    let found = match kind(json) {
        Kind::Number => String::from_utf8_lossy(json.trim_ascii()).into_owned(),
        Kind::Null => "null".to_owned(),
        Kind::Bool => "true or false".to_owned(),
        Kind::String => "a string".to_owned(),
        Kind::Array => "an array".to_owned(),
        Kind::Object => "an object".to_owned(),
    };
    FieldError::Field { field, expected, found }
}
