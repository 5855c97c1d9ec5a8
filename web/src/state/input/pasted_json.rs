//! JSON that is pasted: manifests, what `docker manifest inspect --verbose` prints, and what people take for a manifest.

use tallyman_core::{
    Descriptor, Digest, Manifest, MediaType, encode_index,
    json::{self, Object},
};
use tallyman_store::docker::decode_entry;

/// A pasted text in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PastedJson {
    /// The exact text of a manifest, and those of the manifests in its list that came with it.
    Manifest(String, Vec<String>),
    /// JSON that is no manifest.
    Other(NoManifest),
}

/// The kind of JSON that is no manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoManifest {
    /// The Docker CLI's `config.json`, which may hold credentials.
    DockerConfig,
    /// The config of an image.
    ImageConfig,
    /// The descriptor of some content.
    Descriptor,
    /// JSON that says that it is a manifest, and whose fields are not those of one.
    Invalid(String),
    /// JSON that is not complete, or not valid.
    Broken(String),
    /// Anything else.
    Unknown,
}

/// Returns what a pasted text is if it is JSON, or was to be.
pub fn json_in(text: &str) -> Option<PastedJson> {
    let text = unwrapped(text);
    let start = text.trim_start();
    if !start.starts_with(['{', '[']) {
        return None;
    }
    if let Err(error) = json::check(text.as_bytes()) {
        // Templates and IPv6 addresses begin with a bracket, too.
        let is_json = match start[1..].trim_start().chars().next() {
            Some('"') => true,
            Some('{') => start.starts_with('['),
            _ => false,
        };
        return is_json.then(|| PastedJson::Other(NoManifest::Broken(error.to_string())));
    }
    Some(match json::elements(text.as_bytes()) {
        Ok(entries) if start.starts_with('[') => {
            list_of(&entries).unwrap_or(PastedJson::Other(NoManifest::Unknown))
        }
        _ => object(text),
    })
}

/// Removes a byte order mark and a fence of Markdown. Where there is neither, the text stays as it is, as its digest does.
fn unwrapped(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fenced = text.trim().strip_prefix("```").and_then(|text| text.strip_suffix("```"));
    let Some(fenced) = fenced else { return text };
    let inside = match fenced.split_once('\n') {
        Some((language, rest)) if !language.contains(['{', '[']) => rest,
        _ => fenced,
    };
    // The end of the last line belongs to the fence.
    let inside = inside.strip_suffix('\n').unwrap_or(inside);
    inside.strip_suffix('\r').unwrap_or(inside)
}

fn object(text: &str) -> PastedJson {
    let other = PastedJson::Other;
    let Ok(fields) = Object::parse(text.as_bytes()) else { return other(NoManifest::Unknown) };
    let has = |name: &str| fields.get(name).is_some();
    if ["auths", "credHelpers", "credsStore"].into_iter().any(has) {
        return other(NoManifest::DockerConfig);
    }
    if let Some((_, manifest)) = entry(text.as_bytes()) {
        return PastedJson::Manifest(manifest, Vec::new());
    }
    match Manifest::parse(text.as_bytes(), None) {
        Ok(manifest) if manifest.is_marked() => PastedJson::Manifest(text.to_owned(), Vec::new()),
        Err(error) if has("schemaVersion") => other(NoManifest::Invalid(error.to_string())),
        _ if has("mediaType") && has("digest") && has("size") => other(NoManifest::Descriptor),
        Err(error) => other(NoManifest::Invalid(error.to_string())),
        Ok(_) if has("rootfs") || has("architecture") && has("os") => other(NoManifest::ImageConfig),
        Ok(_) => other(NoManifest::Unknown),
    }
}

/// Returns the list whose images `docker manifest inspect --verbose` printed: as the same command without the flag prints it.
fn list_of(entries: &[&[u8]]) -> Option<PastedJson> {
    let mut descriptors = Vec::new();
    let mut manifests = Vec::new();
    for (descriptor, manifest) in entries.iter().map(|json| entry(json)).collect::<Option<Vec<_>>>()? {
        descriptors.push(descriptor?);
        manifests.push(manifest);
    }
    let media_type = MediaType::of_list(descriptors.first().map(|first| &first.media_type));
    let list = String::from_utf8(encode_index(&media_type, descriptors.iter())).ok()?;
    (!manifests.is_empty()).then_some(PastedJson::Manifest(list, manifests))
}

/// Returns the manifest of an image of which `docker manifest inspect --verbose` printed this, with its descriptor if that is there:
/// the bytes of the descriptor's digest, if they can be had.
fn entry(json: &[u8]) -> Option<(Option<Descriptor>, String)> {
    let manifest = json::members(json).ok()?.into_iter().find_map(|(key, value)| {
        let is_manifest = matches!(json::fold_key(&key).as_str(), "schemav2manifest" | "ocimanifest");
        (is_manifest && json::kind(value) == json::Kind::Object).then(|| value.to_owned())
    })?;
    let Ok(entry) = decode_entry(json, "") else {
        return Some((None, String::from_utf8(manifest).ok()?));
    };
    // Docker prints what it keeps with another indentation.
    let candidates = [entry.manifest_bytes().ok().map(|bytes| bytes.to_vec()), json::compact(&manifest).ok()];
    let is_exact = |bytes: &Vec<u8>| Digest::of(bytes) == entry.descriptor.digest;
    let exact = candidates.into_iter().flatten().find(is_exact);
    Some((Some(entry.descriptor.clone()), String::from_utf8(exact.unwrap_or(manifest)).ok()?))
}

#[cfg(test)]
mod tests {
    use tallyman_core::{Digest, json::indent};

    use super::{NoManifest, PastedJson, json_in};

    fn manifest() -> String {
        let digest = Digest::of(b"{}");
        format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":2}},"layers":[]}}"#
        )
    }

    fn indented(json: &str) -> String {
        String::from_utf8(indent(json.as_bytes(), "\t").unwrap()).unwrap()
    }

    /// Output of `docker manifest inspect --verbose` for [`manifest`].
    fn verbose(member: &str) -> String {
        let manifest = manifest();
        format!(
            r#"{{"Ref":"docker.io/library/alpine:3","Descriptor":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{}}},"{member}":{manifest}}}"#,
            Digest::of(manifest.as_bytes()),
            manifest.len()
        )
    }

    #[test]
    fn a_manifest_is_taken_byte_for_byte_out_of_what_is_around_it() {
        let manifest = manifest();
        let indented_manifest = indented(&manifest);
        let without_reference = format!(r#"{{"OCIManifest":{manifest}}}"#);
        for (text, exact) in [
            (manifest.clone(), &manifest),
            (format!("\u{feff}{manifest}"), &manifest),
            (format!("```json\n{manifest}\n```"), &manifest),
            (format!("```\r\n{indented_manifest}\r\n```\n"), &indented_manifest),
            (format!("```{manifest}```"), &manifest),
            (indented(&verbose("OCIManifest")), &manifest),
            (verbose("SchemaV2Manifest"), &manifest),
            (without_reference, &manifest),
        ] {
            assert_eq!(json_in(&text), Some(PastedJson::Manifest(exact.clone(), Vec::new())), "{text}");
        }
        // A line's end is part of the bytes.
        let line = format!("{manifest}\n");
        assert_eq!(json_in(&line), Some(PastedJson::Manifest(line.clone(), Vec::new())));
    }

    #[test]
    fn the_images_of_a_list_are_taken_with_it() {
        let text = indented(&format!("[{},{}]", verbose("OCIManifest"), verbose("OCIManifest")));
        let Some(PastedJson::Manifest(list, images)) = json_in(&text) else { panic!("{text}") };
        let digest = Digest::of(manifest().as_bytes());
        assert_eq!(list.matches(digest.as_str()).count(), 2);
        assert!(list.contains("application/vnd.oci.image.index.v1+json"));
        assert_eq!(images, [manifest(), manifest()]);
    }

    #[test]
    fn json_that_is_no_manifest_is_told_apart() {
        let descriptor = format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":2}}"#,
            Digest::of(b"{}")
        );
        for (text, kind) in [
            (r#"{"auths":{"ghcr.io":{"auth":"bWU6cHc="}}}"#, NoManifest::DockerConfig),
            (r#"{"credsStore":"desktop","schemaVersion":2}"#, NoManifest::DockerConfig),
            (
                r#"{"architecture":"amd64","os":"linux","config":{"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":[]}}"#,
                NoManifest::ImageConfig,
            ),
            (descriptor.as_str(), NoManifest::Descriptor),
            (r#"{"hello":1}"#, NoManifest::Unknown),
            ("{}", NoManifest::Unknown),
            ("[]", NoManifest::Unknown),
            ("[1]", NoManifest::Unknown),
        ] {
            assert_eq!(json_in(text), Some(PastedJson::Other(kind)), "{text}");
        }
        let manifest = manifest();
        for text in [&manifest[..manifest.len() - 5], "[{\"Ref\":"] {
            assert!(matches!(json_in(text), Some(PastedJson::Other(NoManifest::Broken(_)))), "{text}");
        }
        let invalid = r#"{"schemaVersion":2,"manifests":5}"#;
        assert!(matches!(json_in(invalid), Some(PastedJson::Other(NoManifest::Invalid(_)))));
        for text in ["{{ .Values.image }}", "[::1]:5000/app:1", "alpine", "```\ndocker pull alpine\n```", ""]
        {
            assert_eq!(json_in(text), None, "{text}");
        }
    }
}
