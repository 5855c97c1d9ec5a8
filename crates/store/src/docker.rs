//! The Docker CLI's form of an entry: one JSON file, compact, keys in a fixed order, Go's escapes, no newline at the
//! end. What both programs write can be read by both.
//!
//! What a list is to be beyond what Docker makes of it stands in a member of ours at the end of each entry's file, which
//! Docker passes over: so it lives and dies with the list, whichever program works on it.

use base64::{Engine, engine::general_purpose::STANDARD};
use tallyman_core::{
    Descriptor, Digest, IndexForm, ListEntry, ManifestList, MediaType, Platform, Reference,
    fields::Fields,
    go_json,
    list::{pairs_json, platform_json},
};

use crate::StoreError;

/// The member of ours.
const FORM: &str = "Tallyman";

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

/// An entry of a list of this form: as the Docker CLI writes it, and where the form is more than Docker's, with that
/// form behind it.
pub fn encode_entry_in(entry: &ListEntry, form: &IndexForm) -> Vec<u8> {
    let mut bytes = encode_entry(entry);
    if form.oci {
        bytes.pop();
        let annotations = pairs_json(&form.annotations);
        let member = format!(r#","{FORM}":{{"oci":true,"annotations":{annotations}}}}}"#);
        bytes.extend_from_slice(member.as_bytes());
    }
    bytes
}

/// The form that stands in an entry's file; nothing where none stands there that can be read.
pub fn decode_form(bytes: &[u8]) -> Option<IndexForm> {
    let mark = format!("\"{FORM}\"");
    if !bytes.windows(mark.len()).any(|window| window == mark.as_bytes()) {
        return None;
    }
    let form = Fields::read(bytes).ok()?.get(FORM)?;
    let annotations = Fields::of(form, FORM).ok()?.texts_by_name("annotations").ok()?;
    Some(IndexForm { oci: true, annotations })
}

/// Reads an entry's file into a list, with the form of the list where one stands there.
///
/// # Errors
/// When it is no entry, or when the list has another image of that name.
pub(crate) fn decode_into(list: &mut ManifestList, bytes: &[u8], path: &str) -> Result<(), StoreError> {
    let damaged = |message| StoreError::Damaged { path: path.to_owned(), message };
    list.insert(decode_entry(bytes, path).map_err(damaged)?)?;
    if !list.form().oci {
        *list.form_mut() = decode_form(bytes).unwrap_or_default();
    }
    Ok(())
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
        json.push_str(&format!(r#","annotations":{}"#, pairs_json(annotations)));
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
struct Parts<'a> {
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
    let mut fields = Parts::default();
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
            Descriptor::read(json).map_err(|error| format!("invalid manifest file {path}: {error}"))?
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
fn older_descriptor(fields: &Parts<'_>, manifest: &[u8], path: &str) -> Result<Descriptor, String> {
    let named = go_json::unquote(fields.digest.unwrap_or_default());
    let found = Digest::of(manifest);
    if named != found.as_str() {
        return Err(format!(
            "invalid manifest file {path}: image manifest digest mismatch ({named} != {found})"
        ));
    }
    let platform = match fields.platform {
        Some(json) => Platform::of(json, "Platform")
            .map_err(|error| format!("invalid manifest file {path}: {error}"))?,
        None => Platform::default(),
    };
    let media_type = if fields.docker.is_some() { MediaType::DockerManifest } else { MediaType::OciManifest };
    Ok(Descriptor { platform: Some(platform), ..Descriptor::new(media_type, found, manifest.len() as u64) })
}
