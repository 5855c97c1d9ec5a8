//! Lists in a form to hand on: as a text that a file or a link carries, and as the files of the Docker CLI. Neither
//! holds anything but what a list holds: no credentials, nothing of this machine.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use tallyman_core::{
    Descriptor, Digest, IndexForm, ListEntry, ManifestList, Reference, ReferenceError,
    json::{self, FieldError, Object, ObjectWriter, array, string_map},
};
use thiserror::Error;

use crate::docker;

#[cfg(feature = "archive")]
mod archive;
mod folder_name;

#[cfg(feature = "archive")]
pub use archive::{pack, unpack};
pub use folder_name::guess;

/// The version of the text.
const VERSION: u64 = 1;
/// The file beside the lists' folders that names them: from a folder's name alone the list's cannot be told.
const NAMES: &str = "lists.json";

/// The reason why some bytes hold no lists.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// A text that is not what [`encode`] writes.
    #[error("expected lists that Tallyman exported, found something else: {reason}")]
    Form {
        /// The sentence about what was expected.
        reason: String,
    },
    /// The text has another version.
    #[error(
        "expected lists in version {VERSION} of their text, found version {found}: another version of Tallyman wrote them"
    )]
    Version {
        /// The version.
        found: u64,
    },
    /// The manifest of an entry is not the one that its digest stands for.
    #[error("expected the manifest {expected} for {image}, found {found}: nothing was imported")]
    Digest {
        /// The entry.
        image: Box<Reference>,
        /// The digest in its descriptor.
        expected: Digest,
        /// The digest of its bytes.
        found: Digest,
    },
    /// A field is not what [`encode`] writes there.
    #[error("expected lists that Tallyman exported, found something else: {0}")]
    Field(#[from] FieldError),
    /// Two entries of a list share a file name.
    #[error(transparent)]
    NameTaken(#[from] tallyman_core::NameTaken),
}

/// Encodes lists as one text.
pub fn encode<'a>(lists: impl IntoIterator<Item = &'a ManifestList>) -> Vec<u8> {
    ObjectWriter::new()
        .number("tallyman", VERSION)
        .json("lists", &array(lists.into_iter().map(encode_list)))
        .end()
        .into_bytes()
}

fn encode_list(list: &ManifestList) -> String {
    // An OCI index whatever the entries are, with these annotations.
    let annotations = list.form().oci.then(|| string_map(&list.form().annotations));
    let original = list.form().original.as_ref().map(|original| STANDARD.encode(original));
    ObjectWriter::new()
        .string("name", &list.reference().to_string())
        .maybe(annotations, |json, annotations| json.json("oci", &annotations))
        .maybe(list.form().by_annotation.then_some("true"), |json, value| {
            json.json(docker::BY_ANNOTATION, value)
        })
        .maybe(original, |json, original| json.string("original", &original))
        .json("entries", &array(list.iter().map(encode_entry)))
        .end()
}

/// An entry, its manifest as text if it is text. Docker 20.10 kept no exact bytes, but what is `stored`.
fn encode_entry(entry: &ListEntry) -> String {
    let json = ObjectWriter::new()
        .string("ref", &entry.reference.to_string())
        .json("descriptor", &entry.descriptor.to_json());
    let json = match entry.raw.as_deref().map(|raw| (raw, str::from_utf8(raw))) {
        Some((_, Ok(text))) => json.string("manifest", text),
        Some((raw, Err(_))) => json.string("base64", &STANDARD.encode(raw)),
        None => json.string("stored", &String::from_utf8_lossy(&entry.manifest_json)),
    };
    json.end()
}

/// Decodes the lists that [`encode`] wrote. The bytes of every manifest are held against its digest.
///
/// # Errors
/// Any [`ExchangeError`].
pub fn decode(bytes: &[u8]) -> Result<Vec<ManifestList>, ExchangeError> {
    let file = Object::parse(bytes)?;
    let version = file.number("tallyman")?.ok_or_else(|| absent("", "tallyman"))?;
    if version != VERSION {
        return Err(ExchangeError::Version { found: version });
    }
    let lists = required_array(&file, "", "lists")?;
    lists.into_iter().enumerate().map(|(at, list)| decode_list(list, &format!("lists[{at}]"))).collect()
}

fn absent(path: &str, field: &str) -> ExchangeError {
    let dot = if path.is_empty() { "" } else { "." };
    ExchangeError::Form { reason: format!("the field {path}{dot}{field} is missing") }
}

/// Returns the elements of a required array of the object at `path`.
fn required_array<'a>(fields: &Object<'a>, path: &str, name: &str) -> Result<Vec<&'a [u8]>, ExchangeError> {
    let array = fields.get(name).ok_or_else(|| absent(path, name))?;
    // The array is read for its kind; its elements are read by the caller, with errors of its own.
    fields.array(name, |_, _| Ok(()))?;
    Ok(json::elements(array).map_err(FieldError::from)?)
}

fn decode_list(json: &[u8], path: &str) -> Result<ManifestList, ExchangeError> {
    let fields = Object::from_json(json, path)?;
    let mut list = ManifestList::new(reference(&fields, path, "name")?);
    list.form_mut().oci = fields.get("oci").is_some();
    list.form_mut().by_annotation = fields.get(docker::BY_ANNOTATION) == Some(b"true");
    list.form_mut().annotations = fields.string_map("oci")?;
    list.form_mut().original = match fields.string("original")?.map(|original| STANDARD.decode(original)) {
        Some(Ok(original)) => Some(original.into()),
        Some(Err(error)) => {
            return Err(ExchangeError::Form { reason: format!("{path}.original is no base64: {error}") });
        }
        None => None,
    };
    for (at, entry) in required_array(&fields, path, "entries")?.into_iter().enumerate() {
        list.insert(decode_entry(entry, &format!("{path}.entries[{at}]"))?)?;
    }
    Ok(list)
}

fn decode_entry(json: &[u8], path: &str) -> Result<ListEntry, ExchangeError> {
    let form = |reason: &dyn std::fmt::Display| ExchangeError::Form { reason: reason.to_string() };
    let fields = Object::from_json(json, path)?;
    let reference = reference(&fields, path, "ref")?;
    let descriptor = fields.field("descriptor", Descriptor::from_json)?;
    let descriptor = descriptor.ok_or_else(|| absent(path, "descriptor"))?;
    let raw = match (fields.string("manifest")?, fields.string("base64")?) {
        (Some(text), _) => text.into_bytes(),
        (None, Some(text)) => STANDARD.decode(text).map_err(|error| form(&error))?,
        (None, None) => {
            let stored = fields.string("stored")?.ok_or_else(|| absent(path, "manifest"))?;
            json::check(stored.as_bytes()).map_err(FieldError::from)?;
            return Ok(ListEntry {
                reference,
                descriptor,
                raw: None,
                manifest_json: stored.into_bytes().into(),
            });
        }
    };
    let expected = descriptor.digest.clone();
    let found = Digest::with(expected.algorithm(), &raw);
    if found != expected {
        return Err(ExchangeError::Digest { image: Box::new(reference), expected, found });
    }
    ListEntry::new(reference, descriptor, raw).map_err(|error| form(&error))
}

fn reference(fields: &Object<'_>, path: &str, name: &str) -> Result<Reference, ExchangeError> {
    let text = fields.string(name)?.ok_or_else(|| absent(path, name))?;
    text.parse().map_err(|error: ReferenceError| ExchangeError::Form { reason: error.to_string() })
}

/// The lists that were found in files of the Docker CLI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The lists. A name that nothing vouches for is a guess, which somebody should look at.
    pub lists: Vec<FoundList>,
    /// Files that are no entry of a list, each with the reason.
    pub refused: Vec<(String, String)>,
}

/// A list that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundList {
    /// The list.
    pub list: ManifestList,
    /// Its name is a guess.
    pub is_guess: bool,
}

/// Encodes lists as the files of the Docker CLI, in a folder `manifests`; and beside that a file with their names.
pub fn to_files<'a>(lists: impl IntoIterator<Item = &'a ManifestList>) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut names = BTreeMap::new();
    for list in lists {
        let folder = list.reference().file_name();
        let entries = docker::encode_list(list);
        files.extend(entries.map(|(name, bytes)| (format!("manifests/{folder}/{name}"), bytes)));
        names.insert(folder, list.reference().to_string());
    }
    let names = json::indent(string_map(&names).as_bytes(), "  ").expect("a map of strings is JSON");
    files.push((NAMES.to_owned(), names));
    files
}

/// Decodes the lists in files of the Docker CLI: paths end with `LIST/ENTRY`, whatever stands before.
pub fn from_files(files: &[(String, Vec<u8>)]) -> Found {
    let mut found = Found::default();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut folders: BTreeMap<&str, Vec<ListEntry>> = BTreeMap::new();
    let mut forms: BTreeMap<&str, IndexForm> = BTreeMap::new();
    for (path, bytes) in files {
        let mut parts = path.rsplit('/').filter(|part| !part.is_empty());
        let (Some(file), folder) = (parts.next(), parts.next()) else { continue };
        if file.starts_with('.') || folder == Some("__MACOSX") {
            continue;
        }
        if file == NAMES {
            names = decode_names(bytes).unwrap_or_default();
            continue;
        }
        match (folder, docker::decode_entry(bytes, path)) {
            (Some(folder), Ok(entry)) => {
                folders.entry(folder).or_default().push(entry);
                if let Some(form) = docker::decode_form(bytes) {
                    forms.entry(folder).or_insert(form);
                }
            }
            (None, Ok(_)) => {
                let reason = "expected a folder around it, which names its list, found none";
                found.refused.push((path.clone(), reason.to_owned()));
            }
            (_, Err(reason)) => found.refused.push((path.clone(), reason)),
        }
    }
    for (folder, entries) in folders {
        let named = names.get(folder).and_then(|name| name.parse::<Reference>().ok());
        let named = named.filter(|name| name.file_name() == folder);
        let is_guess = named.is_none();
        let images: Vec<&Reference> = entries.iter().map(|entry| &entry.reference).collect();
        let Some(name) = named.or_else(|| guess(folder, &images)) else {
            let reason = "expected a folder that is named as the Docker CLI names lists, found another name";
            found.refused.push((folder.to_owned(), reason.to_owned()));
            continue;
        };
        let mut list = ManifestList::new(name);
        *list.form_mut() = forms.remove(folder).unwrap_or_default();
        for entry in entries {
            let path = format!("{folder}/{}", entry.reference.file_name());
            if let Err(error) = list.insert(entry) {
                found.refused.push((path, error.to_string()));
            }
        }
        found.lists.push(FoundList { list, is_guess });
    }
    found
}

fn decode_names(bytes: &[u8]) -> Result<BTreeMap<String, String>, FieldError> {
    Object::parse(bytes)?.strings()
}
