//! Manifests as Docker takes or refuses them, by the media type that they came with.

use tallyman_core::{
    MediaType,
    json::{self, Kind},
};

/// Whether `bytes` are what `media_type` promises. Docker's words where they are not.
pub(crate) fn check(media_type: &MediaType, bytes: &[u8]) -> Result<(), String> {
    let supported = media_type.is_image() || media_type.is_list();
    if !supported {
        let name = media_type.as_str().to_ascii_lowercase();
        return Err(format!("unsupported manifest media type and no default available: {name}"));
    }
    let members = json::members(bytes).map_err(|error| error.to_string())?;
    let last = |name: &str| {
        members.iter().rev().find(|(key, _)| json::fold_key(key) == name).map(|(_, value)| *value)
    };
    let is_set = |name: &str| last(name).is_some_and(|value| json::kind(value) != Kind::Null);
    if *media_type == MediaType::OciManifest && is_set("manifests") {
        return Err("ocimanifest: expected manifest but found index".to_owned());
    }
    if *media_type == MediaType::OciIndex && (is_set("config") || is_set("layers")) {
        return Err("index: expected index but found manifest".to_owned());
    }
    let named = match last("mediatype") {
        Some(value) if json::kind(value) == Kind::String => json::unquote(value),
        _ => String::new(),
    };
    let is_oci = matches!(media_type, MediaType::OciManifest | MediaType::OciIndex);
    if named == media_type.as_str() || (is_oci && named.is_empty()) {
        return Ok(());
    }
    let condition = if is_oci { "if present, " } else { "" };
    let noun = match media_type {
        MediaType::DockerList => "manifest list",
        MediaType::OciIndex => "image index",
        _ => "manifest",
    };
    Err(format!("{condition}mediaType in {noun} should be '{media_type}' not '{named}'"))
}
