//! Manifests as Docker takes or refuses them, by the media type that they came with.

use tallyman_core::{
    MediaType,
    json::{self, Kind},
};

use crate::ContentError;

/// Returns `Ok` if Docker takes `bytes` for what `media_type` says.
pub(crate) fn check(media_type: &MediaType, bytes: &[u8]) -> Result<(), ContentError> {
    if !media_type.is_image() && !media_type.is_list() {
        return Err(ContentError::MediaType(media_type.clone()));
    }
    let members = json::members(bytes)?;
    let last = |name: &str| {
        members.iter().rev().find(|(key, _)| json::fold_key(key) == name).map(|(_, value)| *value)
    };
    let is_set = |name: &str| last(name).is_some_and(|value| json::kind(value) != Kind::Null);
    if *media_type == MediaType::OciManifest && is_set("manifests") {
        return Err(ContentError::IndexAsImage);
    }
    if *media_type == MediaType::OciIndex && (is_set("config") || is_set("layers")) {
        return Err(ContentError::ImageAsIndex);
    }
    let versions = members.iter().filter(|(key, _)| json::fold_key(key) == "schemaversion");
    if let Some(found) = versions.filter_map(|(_, value)| no_integer(value)).next() {
        return Err(ContentError::SchemaVersion { is_list: media_type.is_list(), found });
    }
    let named = match last("mediatype") {
        Some(value) if json::kind(value) == Kind::String => json::unquote(value),
        _ => String::new(),
    };
    let is_oci = matches!(media_type, MediaType::OciManifest | MediaType::OciIndex);
    if named == media_type.as_str() || (is_oci && named.is_empty()) {
        return Ok(());
    }
    Err(ContentError::MediaTypeNamed { answered: media_type.clone(), named })
}

/// Returns what a value is in Go's words, if Go does not take it for an integer.
fn no_integer(value: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(value);
    match json::kind(value) {
        Kind::Null => None,
        Kind::Number => text.parse::<i64>().is_err().then(|| format!("number {text}")),
        other => Some(other.as_str().to_owned()),
    }
}
