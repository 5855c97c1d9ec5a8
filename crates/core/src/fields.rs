//! The fields of JSON objects, read as Go's decoder reads them: unknown names are passed over, `null` is as
//! good as nothing, and of two fields of one name the last counts.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::{
    Digest, DigestError,
    go_json::{Kind, SyntaxError, check, kind, split_elements, split_members, unquote},
};

/// Why some JSON does not have the fields that are expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The bytes are no JSON.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A digest is none.
    #[error("{field}: {source}")]
    Digest {
        /// The field with those that it stands in.
        field: String,
        /// What is wrong with it.
        source: DigestError,
    },
    /// A field is not what it should be.
    #[error("expected {expected} as {field}, found {found}")]
    Field {
        /// The field with those that it stands in, such as `layers[0].digest`.
        field: String,
        /// What should have been there.
        expected: &'static str,
        /// What was there.
        found: String,
    },
}

/// The members of an object, each value as the bytes that stand there.
pub struct Fields<'a> {
    path: String,
    members: Vec<(String, &'a [u8])>,
}

impl<'a> Fields<'a> {
    /// The fields of an object.
    ///
    /// # Errors
    /// Where the bytes are no JSON, or no object.
    pub fn read(json: &'a [u8]) -> Result<Self, FieldError> {
        check(json)?;
        Self::of(json, "")
    }

    /// The fields of `json`, which is valid JSON and found at `path`.
    ///
    /// # Errors
    /// Where it is no object.
    pub fn of(json: &'a [u8], path: &str) -> Result<Self, FieldError> {
        if kind(json) != Kind::Object {
            return Err(mismatch(path, "an object", json));
        }
        Ok(Self { path: path.to_owned(), members: split_members(json) })
    }

    /// The bytes of a field that is there and not `null`.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        let (_, value) = self.members.iter().rfind(|(key, _)| key == name)?;
        (kind(value) != Kind::Null).then_some(value)
    }

    /// Where a field is.
    pub(crate) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The field `name`, which has to be there.
    ///
    /// # Errors
    /// Where it is not.
    pub(crate) fn needed<T>(
        &self,
        name: &str,
        expected: &'static str,
        value: Option<T>,
    ) -> Result<T, FieldError> {
        value.ok_or_else(|| FieldError::Field {
            field: self.path(name),
            expected,
            found: "nothing".to_owned(),
        })
    }

    /// A digest, which has to be there.
    ///
    /// # Errors
    /// Where it is not there, or no digest.
    pub(crate) fn digest(&self, name: &str) -> Result<Digest, FieldError> {
        let value = self.needed(name, "a digest such as sha256:…", self.get(name))?;
        digest(value, &self.path(name))
    }

    /// Whether a field is `true`.
    ///
    /// # Errors
    /// Where it is neither `true` nor `false`.
    pub(crate) fn truth(&self, name: &str) -> Result<bool, FieldError> {
        match self.get(name) {
            None => Ok(false),
            Some(value) if kind(value) == Kind::Bool => Ok(value.trim_ascii() == b"true"),
            Some(value) => Err(mismatch(&self.path(name), "true or false", value)),
        }
    }

    /// The names of an object's fields.
    ///
    /// # Errors
    /// Where it is no object.
    pub(crate) fn names(&self, name: &str) -> Result<BTreeSet<String>, FieldError> {
        let Some(value) = self.get(name) else { return Ok(BTreeSet::new()) };
        let fields = Self::of(value, &self.path(name))?;
        Ok(fields.members.into_iter().map(|(key, _)| key).collect())
    }

    /// A text.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn text(&self, name: &str) -> Result<Option<String>, FieldError> {
        self.get(name).map(|value| text(value, &self.path(name))).transpose()
    }

    /// A text, empty where there is none.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn text_or_empty(&self, name: &str) -> Result<String, FieldError> {
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// A whole number of 0 or more.
    ///
    /// # Errors
    /// Where it is something else.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, FieldError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let digits = str::from_utf8(value.trim_ascii()).ok();
        let number = digits.and_then(|digits| digits.parse().ok());
        number.map(Some).ok_or_else(|| mismatch(&self.path(name), "a whole number of 0 or more", value))
    }

    /// What an object is read as.
    ///
    /// # Errors
    /// Where it is no object, or `read` says so.
    pub(crate) fn object<T>(
        &self,
        name: &str,
        read: fn(&[u8], &str) -> Result<T, FieldError>,
    ) -> Result<Option<T>, FieldError> {
        self.get(name).map(|value| read(value, &self.path(name))).transpose()
    }

    /// What the elements of an array are read as; nothing where there is none.
    ///
    /// # Errors
    /// Where it is no array, or `read` says so.
    pub fn array<T>(
        &self,
        name: &str,
        read: fn(&[u8], &str) -> Result<T, FieldError>,
    ) -> Result<Vec<T>, FieldError> {
        self.get(name).map_or_else(|| Ok(Vec::new()), |value| elements(value, &self.path(name), read))
    }

    /// Names and texts; nothing where there are none.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn texts_by_name(&self, name: &str) -> Result<BTreeMap<String, String>, FieldError> {
        let Some(value) = self.get(name) else { return Ok(BTreeMap::new()) };
        let fields = Self::of(value, &self.path(name))?;
        fields
            .members
            .iter()
            .map(|(key, value)| {
                let text =
                    if kind(value) == Kind::Null { String::new() } else { text(value, &fields.path(key))? };
                Ok((key.clone(), text))
            })
            .collect()
    }
}

/// What the elements of an array, which is valid JSON and found at `path`, are read as.
///
/// # Errors
/// Where it is no array, or an element is not what it should be.
pub(crate) fn elements<T>(
    json: &[u8],
    path: &str,
    read: fn(&[u8], &str) -> Result<T, FieldError>,
) -> Result<Vec<T>, FieldError> {
    if kind(json) != Kind::Array {
        return Err(mismatch(path, "an array", json));
    }
    split_elements(json)
        .into_iter()
        .enumerate()
        .map(|(at, value)| read(value, &format!("{path}[{at}]")))
        .collect()
}

/// A digest.
pub(crate) fn digest(value: &[u8], path: &str) -> Result<Digest, FieldError> {
    let text = text(value, path)?;
    text.parse().map_err(|source| FieldError::Digest { field: path.to_owned(), source })
}

/// A text.
pub fn text(value: &[u8], path: &str) -> Result<String, FieldError> {
    if kind(value) == Kind::String { Ok(unquote(value)) } else { Err(mismatch(path, "a string", value)) }
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
