//! Errors on their way to JavaScript: a code that does not change, a sentence, and the fields of the Rust error.

use tallyman_core::{ConfigError, DigestError, json::ObjectWriter, terminal};
use tallyman_layers::{Error, FileError};
use wasm_bindgen::JsValue;

/// An error as the JSON of its fields.
pub struct Failure(String);

impl From<Failure> for JsValue {
    fn from(Failure(json): Failure) -> Self {
        Self::from_str(&json)
    }
}

impl Failure {
    /// Something that JavaScript gave is not what it should be.
    pub fn argument(message: &str) -> Self {
        Self(begin("argument-invalid", message).end())
    }

    /// A text is no digest.
    pub fn digest(error: &DigestError) -> Self {
        Self(begin("digest-invalid", &error.to_string()).end())
    }

    /// A config cannot be read.
    pub fn of_config(error: &ConfigError, reference: &str) -> Self {
        let message = format!("the config of {reference}: {error}");
        Self(begin("manifest-invalid", &message).string("reference", reference).end())
    }

    /// A layer cannot be read; `name` is empty if it has none.
    pub fn of_layer(error: &Error, name: &str) -> Self {
        let message = if name.is_empty() { error.to_string() } else { format!("{name}: {error}") };
        let json = begin(error.code(), &message);
        let json = match error {
            Error::ChunkDigest { path, expected, found, .. } => json
                .string("path", path)
                .string("expected", expected.as_str())
                .string("found", found.as_str()),
            Error::Digest { expected, found }
            | Error::DiffId { expected, found }
            | Error::ContentsDigest { expected, found } => {
                json.string("expected", expected.as_str()).string("found", found.as_str())
            }
            Error::Size { expected, found } => json.number("expected", *expected).number("found", *found),
            Error::Limit { limit, path, .. } => {
                json.number("limit", *limit).maybe(path.as_ref(), |json, path| json.string("path", path))
            }
            Error::PathEscapes { path, .. } => json.string("path", path),
            Error::Compression { found } => json.string("found", found),
            _ => json,
        };
        Self(json.end())
    }
}

/// Begins an error with its code and its sentence. What a layer says in that must not control the terminal that shows it.
fn begin(code: &str, message: &str) -> ObjectWriter {
    ObjectWriter::new().string("code", code).string("message", &terminal::lines(message))
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let json = begin(error.code(), &error.to_string());
        let (FileError::Missing { image, path, .. }
        | FileError::NotAFile { image, path, .. }
        | FileError::Doubled { image, path, .. }) = &error;
        Self(json.string("reference", image).string("path", path).end())
    }
}
