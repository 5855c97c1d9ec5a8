//! The platform that an image config names, read as the Docker CLI reads it.

use thiserror::Error;

use crate::{
    Platform,
    json::{self, Kind, SyntaxError},
};

/// The reason why no platform could be read from a config, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlatformError {
    /// The config is no JSON.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The config is JSON, but no object.
    #[error("json: cannot unmarshal {} into Go value of type v1.Platform", found.as_str())]
    Shape {
        /// The kind of value that was found.
        found: Kind,
    },
    /// A field is of the wrong type.
    #[error("json: cannot unmarshal {} into Go struct field Platform.{field} of type {expected}", found.as_str())]
    Field {
        /// The field's name.
        field: &'static str,
        /// Go's name of the type that belongs there.
        expected: &'static str,
        /// The kind of value that was found.
        found: Kind,
    },
}

impl Platform {
    /// Reads the platform that an image config names, as the Docker CLI reads it. Names of fields match without regard to
    /// case, the last of repeated ones counts, `null` sets nothing, unknown fields are passed over; what is not named is
    /// empty.
    ///
    /// # Errors
    /// [`PlatformError`] if the bytes are no JSON object, or a field is of the wrong type.
    pub fn from_config(config: &[u8]) -> Result<Self, PlatformError> {
        let members = json::members(config)?;
        match json::kind(config) {
            Kind::Object | Kind::Null => {}
            found => return Err(PlatformError::Shape { found }),
        }
        let mut platform = Self::default();
        // Go reads on after a wrong type and reports the first.
        let mut fault = None;
        for (name, value) in members {
            let read = match json::fold_key(&name).as_str() {
                "architecture" => text("architecture", value, &mut platform.architecture),
                "os" => text("os", value, &mut platform.os),
                "os.version" => text("os.version", value, &mut platform.os_version),
                "os.features" => texts("os.features", value, &mut platform.os_features),
                "variant" => text("variant", value, &mut platform.variant),
                _ => Ok(()),
            };
            fault = fault.or(read.err());
        }
        fault.map_or(Ok(platform), Err)
    }
}

fn text(field: &'static str, value: &[u8], into: &mut String) -> Result<(), PlatformError> {
    match json::kind(value) {
        Kind::Null => Ok(()),
        Kind::String => {
            *into = json::unquote(value);
            Ok(())
        }
        found => Err(PlatformError::Field { field, expected: "string", found }),
    }
}

fn texts(field: &'static str, value: &[u8], into: &mut Vec<String>) -> Result<(), PlatformError> {
    match json::kind(value) {
        Kind::Null => {
            into.clear();
            Ok(())
        }
        Kind::Array => {
            let elements = json::elements(value)?;
            into.resize(elements.len(), String::new());
            let read = elements.into_iter().zip(into).map(|(element, into)| text(field, element, into));
            read.fold(Ok(()), Result::and)
        }
        found => Err(PlatformError::Field { field, expected: "[]string", found }),
    }
}
