//! The Docker CLI's form of an entry: one JSON file, compact, keys in a fixed order, Go's escapes, no newline at the
//! end. What both programs write can be read by both.

use base64::{Engine, engine::general_purpose::STANDARD};
use tallyman_core::{
    Descriptor, Digest, ListEntry, MediaType, Platform, Reference, go_json, list::platform_json,
};

/// An entry as the Docker CLI writes it.
pub fn encode_entry(entry: &ListEntry) -> Vec<u8> {
    let mut json = format!(r#"{{"Ref":{},"Descriptor":"#, go_json::quote(&entry.reference.to_string()));
    json.push_str(&descriptor_json(&entry.descriptor));
    if let Some(raw) = &entry.raw {
        json.push_str(r#","Raw":""#);
        STANDARD.encode_string(raw, &mut json);
        json.push('"');
    }
    json.push_str(if entry.is_oci() { r#","OCIManifest":"# } else { r#","SchemaV2Manifest":"# });
    let mut bytes = json.into_bytes();
    bytes.extend_from_slice(&entry.manifest_json);
    bytes.push(b'}');
    bytes
}

/// A descriptor as the Docker CLI writes it: keys in this order, absent where they are empty.
pub fn descriptor_json(descriptor: &Descriptor) -> String {
    let Descriptor { media_type, digest, size, urls, annotations, data, platform, artifact_type } =
        descriptor;
    let quote = go_json::quote;
    let mut json =
        format!(r#"{{"mediaType":{},"digest":"{digest}","size":{size}"#, quote(media_type.as_str()));
    if !urls.is_empty() {
        let urls: Vec<_> = urls.iter().map(|url| quote(url)).collect();
        json.push_str(&format!(r#","urls":[{}]"#, urls.join(",")));
    }
    if !annotations.is_empty() {
        let pairs: Vec<_> =
            annotations.iter().map(|(key, value)| format!("{}:{}", quote(key), quote(value))).collect();
        json.push_str(&format!(r#","annotations":{{{}}}"#, pairs.join(",")));
    }
    if let Some(data) = data {
        json.push_str(&format!(r#","data":{}"#, quote(data)));
    }
    if let Some(platform) = platform {
        json.push_str(&format!(r#","platform":{}"#, platform_json(platform)));
    }
    if let Some(artifact_type) = artifact_type {
        json.push_str(&format!(r#","artifactType":{}"#, quote(artifact_type)));
    }
    json.push('}');
    json
}

/// What stands in an entry's file, each value as the bytes that it is.
#[derive(Default)]
struct Fields<'a> {
    reference: Option<&'a [u8]>,
    descriptor: Option<&'a [u8]>,
    raw: Option<&'a [u8]>,
    docker: Option<&'a [u8]>,
    oci: Option<&'a [u8]>,
    digest: Option<&'a [u8]>,
    platform: Option<&'a [u8]>,
}

/// Reads an entry that the Docker CLI or this program wrote into the file `path`. The form that Docker used before
/// version 20, with `Digest` and `Platform` in place of `Descriptor`, is read as well.
///
/// # Errors
/// A sentence, in Docker's words where it has some.
pub fn decode_entry(bytes: &[u8], path: &str) -> Result<ListEntry, String> {
    let mut fields = Fields::default();
    for (key, value) in go_json::members(bytes).map_err(|error| error.to_string())? {
        let place = match go_json::fold_key(&key).as_str() {
            "ref" => &mut fields.reference,
            "descriptor" => &mut fields.descriptor,
            "raw" => &mut fields.raw,
            "schemav2manifest" => &mut fields.docker,
            "ocimanifest" => &mut fields.oci,
            "digest" => &mut fields.digest,
            "platform" => &mut fields.platform,
            _ => continue,
        };
        *place = Some(value).filter(|value| go_json::kind(value) != go_json::Kind::Null);
    }
    let lacks = |what: &str| format!("invalid manifest file {path}: expected the field {what}, found none");
    let manifest = fields.docker.or(fields.oci).ok_or_else(|| lacks("SchemaV2Manifest or OCIManifest"))?;
    let text = go_json::unquote(fields.reference.ok_or_else(|| lacks("Ref"))?);
    let reference: Reference =
        text.parse().map_err(|error| format!("invalid manifest file {path}: {error}"))?;
    let descriptor = match fields.descriptor {
        Some(json) => {
            serde_json::from_slice(json).map_err(|error| format!("invalid manifest file {path}: {error}"))?
        }
        None => older_descriptor(&fields, manifest, path)?,
    };
    let raw = fields.raw.map(|raw| {
        STANDARD
            .decode(go_json::unquote(raw))
            .map_err(|error| format!("invalid manifest file {path}: Raw is no base64: {error}"))
    });
    Ok(ListEntry {
        reference,
        descriptor,
        raw: raw.transpose()?.map(Into::into),
        manifest_json: manifest.into(),
    })
}

/// The descriptor of an entry that has none of its own: what `Digest` and `Platform` say of the manifest as stored.
fn older_descriptor(fields: &Fields<'_>, manifest: &[u8], path: &str) -> Result<Descriptor, String> {
    let named = go_json::unquote(fields.digest.unwrap_or_default());
    let found = Digest::of(manifest);
    if named != found.as_str() {
        return Err(format!(
            "invalid manifest file {path}: image manifest digest mismatch ({named} != {found})"
        ));
    }
    let platform = match fields.platform {
        Some(json) => {
            serde_json::from_slice(json).map_err(|error| format!("invalid manifest file {path}: {error}"))?
        }
        None => Platform::default(),
    };
    let media_type = if fields.docker.is_some() { MediaType::DockerManifest } else { MediaType::OciManifest };
    Ok(Descriptor { platform: Some(platform), ..Descriptor::new(media_type, found, manifest.len() as u64) })
}
