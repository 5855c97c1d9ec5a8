//! The Docker CLI's form of an entry: one JSON file, compact, keys in a fixed order, Go's escapes, no newline at the
//! end. What both programs write can be read by both.
//!
//! The form of a list ([`IndexForm`]), which Docker does not know, stands in a member of ours at the end of each entry's
//! file, which Docker passes over: so it lives and dies with the list, whichever program works on it.

use std::{collections::BTreeMap, fmt};

use base64::{
    DecodeError, Engine, alphabet,
    engine::{
        GeneralPurpose,
        general_purpose::{PAD, STANDARD},
    },
};
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

/// The member of a manifest of Docker's.
const DOCKER_MANIFEST: &str = "SchemaV2Manifest";

/// The member of a manifest of OCI's.
const OCI_MANIFEST: &str = "OCIManifest";

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
        list.insert(decode_file(bytes, path).map_err(damaged)?)?;
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
            if let Ok(entry) = decode_file(bytes, name) {
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
    let member = if entry.is_docker_manifest() { DOCKER_MANIFEST } else { OCI_MANIFEST };
    json.push_str(&format!(r#","{member}":"#));
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

/// Decodes the entry in a file of a list, by whose name Docker finds it. File systems may take names in another case for one.
///
/// # Errors
/// As [`decode_entry`], and a sentence about a name that is not that of the image.
fn decode_file(bytes: &[u8], path: &str) -> Result<ListEntry, String> {
    let entry = decode_entry(bytes, path)?;
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let expected = entry.reference.file_name();
    if expected.eq_ignore_ascii_case(name) {
        return Ok(entry);
    }
    let reference = &entry.reference;
    Err(invalid(path, format_args!("expected the name {expected} for a file of {reference}, found {name}")))
}

/// Decodes an entry that the Docker CLI or this program wrote into the file `path`. The form that Docker used before
/// version 20, with `Digest` and `Platform` in place of `Descriptor`, is read as well.
///
/// # Errors
/// A sentence, in Docker's words if it has some.
pub fn decode_entry(bytes: &[u8], path: &str) -> Result<ListEntry, String> {
    json::check(bytes).map_err(|error| error.to_string())?;
    let fields = Object::from_json(bytes, "").map_err(|error| invalid(path, error))?;
    let file = EntryFile { path, fields };
    let (docker, oci) = (file.fields.get(DOCKER_MANIFEST), file.fields.get(OCI_MANIFEST));
    let manifest =
        docker.or(oci).ok_or_else(|| file.lacks(&format!("{DOCKER_MANIFEST} or {OCI_MANIFEST}")))?;
    let descriptor = file.descriptor(manifest, docker.is_some())?;
    // Nested lists and artifacts, which Docker's lists do not have, stand there as well.
    if descriptor.media_type.is_image() || descriptor.media_type.as_str().is_empty() {
        check_media_types(docker, oci)?;
    }
    let raw = file.fields.get("Raw").map(|raw| file.bytes(raw, "Raw")).transpose()?;
    Ok(ListEntry {
        reference: file.reference()?,
        descriptor,
        raw: raw.filter(|raw| !raw.is_empty()).map(Into::into),
        manifest_json: manifest.into(),
    })
}

fn invalid(path: &str, reason: impl fmt::Display) -> String {
    format!("invalid manifest file {path}: {reason}")
}

/// A file of an entry that is being decoded.
struct EntryFile<'a> {
    path: &'a str,
    fields: Object<'a>,
}

impl EntryFile<'_> {
    fn invalid(&self, reason: impl fmt::Display) -> String {
        invalid(self.path, reason)
    }

    fn lacks(&self, field: &str) -> String {
        self.invalid(format_args!("expected the field {field}, found none"))
    }

    fn reference(&self) -> Result<Reference, String> {
        let named = self.fields.get("Ref").ok_or_else(|| self.lacks("Ref"))?;
        let text = json::string(named, "Ref").map_err(|error| self.invalid(error))?;
        let reference: Reference = text.parse().map_err(|error| self.invalid(error))?;
        let is_canonical = [reference.to_string(), reference.name()].contains(&text);
        is_canonical.then_some(reference).ok_or_else(|| NOT_CANONICAL.to_owned())
    }

    /// Returns the descriptor of the entry: what `Digest` and `Platform` say of the manifest as stored, where they are.
    fn descriptor(&self, manifest: &[u8], is_docker: bool) -> Result<Descriptor, String> {
        let named = self.fields.string_or_empty("Digest").map_err(|error| self.invalid(error))?;
        if !named.is_empty() {
            return self.older_descriptor(&named, manifest, is_docker);
        }
        let descriptor = self.fields.field("Descriptor", Descriptor::from_json);
        let descriptor = descriptor.map_err(|error| self.invalid(error))?;
        let mut descriptor = descriptor.ok_or_else(|| self.lacks("Descriptor"))?;
        if let Some(data) = descriptor.data.take() {
            let data = decode_base64(&data)?;
            descriptor.data = (!data.is_empty()).then(|| STANDARD.encode(data));
        }
        Ok(descriptor)
    }

    fn older_descriptor(&self, named: &str, manifest: &[u8], is_docker: bool) -> Result<Descriptor, String> {
        let found = Digest::of(manifest);
        if named != found.as_str() {
            let mismatch = format_args!("image manifest digest mismatch ({named} != {found})");
            return Err(self.invalid(mismatch));
        }
        let platform = self.fields.pointer("Platform", Platform::from_json);
        let platform = platform.map_err(|error| self.invalid(error))?.unwrap_or_default();
        let media_type = if is_docker { MediaType::DockerManifest } else { MediaType::OciManifest };
        let descriptor = Descriptor::new(media_type, found, manifest.len() as u64);
        Ok(Descriptor { platform: Some(platform), ..descriptor })
    }

    /// Reads bytes as Go reads them: a string of base64, or an array of numbers.
    fn bytes(&self, value: &[u8], name: &str) -> Result<Vec<u8>, String> {
        let no_bytes =
            || self.invalid(format_args!("expected bytes as base64 as {name}, found something else"));
        match json::kind(value) {
            json::Kind::String => decode_base64(&json::unquote(value)),
            json::Kind::Array => {
                let elements = json::elements(value).map_err(|error| error.to_string())?;
                let byte = |element: &[u8]| match json::kind(element) {
                    json::Kind::Null => Some(0),
                    _ => str::from_utf8(element.trim_ascii()).ok()?.parse().ok(),
                };
                elements.into_iter().map(byte).collect::<Option<_>>().ok_or_else(no_bytes)
            }
            _ => Err(no_bytes()),
        }
    }
}

/// Docker's words about a `Ref` that does not begin with a registry.
const NOT_CANONICAL: &str = "repository name must be canonical";

/// Checks that each manifest is one of its member.
///
/// # Errors
/// Docker's sentence.
fn check_media_types(docker: Option<&[u8]>, oci: Option<&[u8]>) -> Result<(), String> {
    let members = [(docker, MediaType::DockerManifest, ""), (oci, MediaType::OciManifest, "if present, ")];
    for (manifest, expected, if_present) in members {
        let Some(manifest) = manifest else { continue };
        let fields = Object::from_json(manifest, "").map_err(|error| error.to_string())?;
        let found = fields.string_or_empty("mediaType").map_err(|error| error.to_string())?;
        let is_absent = found.is_empty() && !if_present.is_empty();
        if found != expected.as_str() && !is_absent {
            return Err(format!("{if_present}mediaType in manifest should be '{expected}' not '{found}'"));
        }
    }
    Ok(())
}

/// Decodes base64 as Go decodes it: line ends are passed over, and so are the last bits that make no byte.
///
/// # Errors
/// Go's sentence.
fn decode_base64(text: &str) -> Result<Vec<u8>, String> {
    const LENIENT: GeneralPurpose =
        GeneralPurpose::new(&alphabet::STANDARD, PAD.with_decode_allow_trailing_bits(true));
    let text: String = text.chars().filter(|end| !matches!(end, '\r' | '\n')).collect();
    LENIENT.decode(&text).map_err(|error| {
        let at = match error {
            DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => at,
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => text.len() / 4 * 4,
        };
        format!("illegal base64 data at input byte {at}")
    })
}
