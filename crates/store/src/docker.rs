//! The Docker CLI's form of an entry: one JSON file, compact, keys in a fixed order, Go's escapes, no newline at the
//! end. What both programs write can be read by both.
//!
//! The form of a list ([`IndexForm`]), which Docker does not know, stands in a member of ours at the end of each entry's
//! file, which Docker passes over: so it lives and dies with the list, whichever program works on it.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use tallyman_core::{
    Descriptor, Digest, EditConflict, IndexForm, ListEdit, ListEntry, ManifestList, MediaType, Platform,
    Reference,
    json::{self, Object, ObjectWriter, string_map},
};

use crate::StoreError;

/// A change of one file of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The file's name.
    pub name: String,
    /// Its new bytes; `None` removes it.
    pub after: Option<Vec<u8>>,
}

/// The member of ours.
const FORM: &str = "Tallyman";

/// The member of a form that came with annotations of entries, here and in exported lists; absent of others.
pub(crate) const BY_ANNOTATION: &str = "byAnnotation";

/// Encodes the files of a list: for each entry, in their order, the file's name and its bytes.
pub fn encode_list(list: &ManifestList) -> impl Iterator<Item = (String, Vec<u8>)> {
    list.iter().map(|entry| (entry.reference.file_name(), encode_entry(entry, list.form())))
}

/// Decodes the files of the list `reference`, each by its path and its bytes. The first file that has the list's form
/// decides it.
///
/// # Errors
/// [`StoreError::Damaged`] if a file is no entry, [`StoreError::NameTaken`] if two entries share a file name.
pub fn decode_list<'a>(
    reference: &Reference,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<ManifestList, StoreError> {
    let mut list = ManifestList::new(reference.clone());
    for (path, bytes) in files {
        let damaged = |message| StoreError::Damaged { path: path.to_owned(), message };
        list.insert(decode_entry(bytes, path).map_err(damaged)?)?;
        if *list.form() == IndexForm::default() {
            *list.form_mut() = decode_form(bytes).unwrap_or_default();
        }
    }
    Ok(list)
}

/// Applies an edit to the files of the list `reference`, and returns the files that change. Files that the edit does not
/// name may be damaged.
///
/// # Errors
/// [`StoreError::Damaged`] if a file that the edit names is no entry. The inner one if the edit does not fit the list.
pub fn edit_files(
    reference: &Reference,
    files: &BTreeMap<String, Vec<u8>>,
    edit: &ListEdit,
) -> Result<Result<Vec<FileChange>, EditConflict>, StoreError> {
    let images: Vec<&Reference> = edit.images().collect();
    let before = decode_entries(reference, files, &images)?;
    let mut after = before.clone();
    if let Err(conflict) = edit.apply(&mut after) {
        return Ok(Err(conflict));
    }
    let mut changes = BTreeMap::new();
    for image in images {
        let name = image.file_name();
        changes.insert(name, after.get(image).map(|entry| encode_entry(entry, after.form())));
    }
    if before.form() != after.form() {
        // The form stands in every file.
        for (name, bytes) in files {
            if let Ok(entry) = decode_entry(bytes, name) {
                changes.entry(name.clone()).or_insert_with(|| Some(encode_entry(&entry, after.form())));
            }
        }
    }
    let changes = changes.into_iter().map(|(name, after)| FileChange { name, after });
    Ok(Ok(changes.filter(|change| files.get(&change.name) != change.after.as_ref()).collect()))
}

/// Decodes the entries of `images` among the files of the list `reference`, and the list's form. All other files may be
/// damaged.
///
/// # Errors
/// [`StoreError::Damaged`] if one of those files is no entry.
pub fn decode_entries(
    reference: &Reference,
    files: &BTreeMap<String, Vec<u8>>,
    images: &[&Reference],
) -> Result<ManifestList, StoreError> {
    let names = images.iter().map(|image| image.file_name());
    let named = names.filter_map(|name| files.get_key_value(&name));
    let mut list = decode_list(reference, named.map(|(name, bytes)| (&**name, &**bytes)))?;
    *list.form_mut() = files.values().find_map(|bytes| decode_form(bytes)).unwrap_or_default();
    Ok(list)
}

/// Encodes an entry of a list of this form: as the Docker CLI writes it and, if the form is more than Docker's, with that
/// form behind it.
pub fn encode_entry(entry: &ListEntry, form: &IndexForm) -> Vec<u8> {
    let mut json = format!(r#"{{"Ref":{},"Descriptor":"#, json::quote(&entry.reference.to_string()));
    json.push_str(&entry.descriptor.to_json());
    if let Some(raw) = &entry.raw {
        json.push_str(r#","Raw":""#);
        STANDARD.encode_string(raw, &mut json);
        json.push('"');
    }
    json.push_str(if entry.is_oci() { r#","OCIManifest":"# } else { r#","SchemaV2Manifest":"# });
    let mut bytes = json.into_bytes();
    bytes.extend_from_slice(&entry.manifest_json);
    if *form != IndexForm::default() {
        let original = form.original.as_ref().map(|original| STANDARD.encode(original));
        let member = ObjectWriter::new()
            .json("oci", if form.oci { "true" } else { "false" })
            .json("annotations", &string_map(&form.annotations))
            .maybe(form.by_annotation.then_some("true"), |json, value| json.json(BY_ANNOTATION, value))
            .maybe(original, |json, original| json.string("original", &original))
            .end();
        bytes.extend_from_slice(format!(r#","{FORM}":{member}"#).as_bytes());
    }
    bytes.push(b'}');
    bytes
}

/// Decodes the form that stands in an entry's file; `None` if there is none that can be read.
pub fn decode_form(bytes: &[u8]) -> Option<IndexForm> {
    let mark = format!("\"{FORM}\"");
    if !bytes.windows(mark.len()).any(|window| window == mark.as_bytes()) {
        return None;
    }
    let form = Object::parse(bytes).ok()?.get(FORM)?;
    let fields = Object::from_json(form, FORM).ok()?;
    let annotations = fields.string_map("annotations").ok()?;
    let original = fields.string("original").ok()?.and_then(|original| STANDARD.decode(original).ok());
    let oci = fields.get("oci") == Some(b"true");
    let by_annotation = fields.get(BY_ANNOTATION) == Some(b"true");
    Some(IndexForm { oci, by_annotation, annotations, original: original.map(Into::into) })
}

/// The members of an entry's file, each value as the bytes that stand there.
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

/// Decodes an entry that the Docker CLI or this program wrote into the file `path`. The form that Docker used before
/// version 20, with `Digest` and `Platform` in place of `Descriptor`, is read as well.
///
/// # Errors
/// A sentence, in Docker's words if it has some.
pub fn decode_entry(bytes: &[u8], path: &str) -> Result<ListEntry, String> {
    let mut fields = Parts::default();
    for (key, value) in json::members(bytes).map_err(|error| error.to_string())? {
        let place = match json::fold_key(&key).as_str() {
            "ref" => &mut fields.reference,
            "descriptor" => &mut fields.descriptor,
            "raw" => &mut fields.raw,
            "schemav2manifest" => &mut fields.docker,
            "ocimanifest" => &mut fields.oci,
            "digest" => &mut fields.digest,
            "platform" => &mut fields.platform,
            _ => continue,
        };
        *place = Some(value).filter(|value| json::kind(value) != json::Kind::Null);
    }
    let lacks = |what: &str| format!("invalid manifest file {path}: expected the field {what}, found none");
    let manifest = fields.docker.or(fields.oci).ok_or_else(|| lacks("SchemaV2Manifest or OCIManifest"))?;
    let text = json::unquote(fields.reference.ok_or_else(|| lacks("Ref"))?);
    let reference: Reference =
        text.parse().map_err(|error| format!("invalid manifest file {path}: {error}"))?;
    let descriptor = match fields.descriptor {
        Some(json) => {
            Descriptor::parse(json).map_err(|error| format!("invalid manifest file {path}: {error}"))?
        }
        None => older_descriptor(&fields, manifest, path)?,
    };
    let raw = fields.raw.map(|raw| {
        STANDARD
            .decode(json::unquote(raw))
            .map_err(|error| format!("invalid manifest file {path}: Raw is no base64: {error}"))
    });
    Ok(ListEntry {
        reference,
        descriptor,
        raw: raw.transpose()?.map(Into::into),
        manifest_json: manifest.into(),
    })
}

/// Returns the descriptor of an entry that has none of its own: what `Digest` and `Platform` say of the manifest as stored.
fn older_descriptor(fields: &Parts<'_>, manifest: &[u8], path: &str) -> Result<Descriptor, String> {
    let named = json::unquote(fields.digest.unwrap_or_default());
    let found = Digest::of(manifest);
    if named != found.as_str() {
        return Err(format!(
            "invalid manifest file {path}: image manifest digest mismatch ({named} != {found})"
        ));
    }
    let platform = match fields.platform {
        Some(json) => Platform::from_json(json, "Platform")
            .map_err(|error| format!("invalid manifest file {path}: {error}"))?,
        None => Platform::default(),
    };
    let media_type = if fields.docker.is_some() { MediaType::DockerManifest } else { MediaType::OciManifest };
    Ok(Descriptor { platform: Some(platform), ..Descriptor::new(media_type, found, manifest.len() as u64) })
}
