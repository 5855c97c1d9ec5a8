//! Lists in a form to hand on: as a text that a file or a link carries, and as the files of the Docker CLI. Neither
//! holds anything but what a list holds: no credentials, nothing of this machine.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use tallyman_core::{Descriptor, Digest, IndexForm, ListEntry, ManifestList, Reference};
use thiserror::Error;

use crate::docker::{decode_entry, decode_form, encode_entry_in};

#[cfg(feature = "archive")]
mod archive;
mod folder_name;

#[cfg(feature = "archive")]
pub use archive::{pack, unpack};
pub use folder_name::guess;

/// The version of the text that is written, where a list in it is more than Docker makes of its entries.
const VERSION: u32 = 2;
/// That of all others, which older versions of the program read as well.
const VERSION_PLAIN: u32 = 1;
/// The file beside the lists' folders that names them: from a folder's name alone the list's cannot be told.
const NAMES: &str = "lists.json";

/// Why something holds no lists.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// It is not what [`encode`] writes.
    #[error("expected lists that Tallyman exported, found something else: {reason}")]
    Form {
        /// Where it ends to be.
        reason: String,
    },
    /// A newer version wrote it.
    #[error(
        "expected lists in version {VERSION} of their text or an older one, found version {found}: a newer Tallyman wrote them"
    )]
    Version {
        /// The version.
        found: u32,
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
    /// Two entries of a list share a name.
    #[error(transparent)]
    NameTaken(#[from] tallyman_core::NameTaken),
}

#[derive(Serialize, Deserialize)]
struct File {
    tallyman: u32,
    lists: Vec<ListText>,
}

#[derive(Serialize, Deserialize)]
struct ListText {
    name: Reference,
    /// An OCI index whatever the entries are, with these annotations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oci: Option<BTreeMap<String, String>>,
    entries: Vec<EntryText>,
}

#[derive(Serialize, Deserialize)]
struct EntryText {
    #[serde(rename = "ref")]
    reference: Reference,
    descriptor: Descriptor,
    #[serde(flatten)]
    manifest: ManifestText,
}

/// The manifest of an entry, as text where it is text.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ManifestText {
    Manifest(String),
    Base64(String),
    /// Docker 20.10 kept no exact bytes, but this.
    Stored(String),
}

/// Lists as one text.
pub fn encode<'a>(lists: impl IntoIterator<Item = &'a ManifestList>) -> Vec<u8> {
    let entry = |entry: &ListEntry| EntryText {
        reference: entry.reference.clone(),
        descriptor: entry.descriptor.clone(),
        manifest: match entry.raw.as_deref().map(|raw| (raw, std::str::from_utf8(raw))) {
            Some((_, Ok(text))) => ManifestText::Manifest(text.to_owned()),
            Some((raw, Err(_))) => ManifestText::Base64(STANDARD.encode(raw)),
            None => ManifestText::Stored(String::from_utf8_lossy(&entry.manifest_json).into_owned()),
        },
    };
    let lists = lists.into_iter().map(|list| ListText {
        name: list.reference().clone(),
        oci: list.form().oci.then(|| list.form().annotations.clone()),
        entries: list.iter().map(entry).collect(),
    });
    let lists: Vec<ListText> = lists.collect();
    let is_plain = lists.iter().all(|list| list.oci.is_none());
    serde_json::to_vec(&File { tallyman: if is_plain { VERSION_PLAIN } else { VERSION }, lists })
        .expect("strings, numbers and maps of strings can be written as JSON")
}

/// The lists that [`encode`] wrote. The bytes of every manifest are held against its digest.
///
/// # Errors
/// Any [`ExchangeError`].
pub fn decode(bytes: &[u8]) -> Result<Vec<ManifestList>, ExchangeError> {
    let form = |error: &dyn std::fmt::Display| ExchangeError::Form { reason: error.to_string() };
    let file: File = serde_json::from_slice(bytes).map_err(|error| form(&error))?;
    if !(VERSION_PLAIN..=VERSION).contains(&file.tallyman) {
        return Err(ExchangeError::Version { found: file.tallyman });
    }
    file.lists.into_iter().map(list_of).collect()
}

fn list_of(text: ListText) -> Result<ManifestList, ExchangeError> {
    let mut list = ManifestList::new(text.name);
    if let Some(annotations) = text.oci {
        *list.form_mut() = IndexForm { oci: true, annotations };
    }
    for EntryText { reference, descriptor, manifest } in text.entries {
        let form = |reason: String| ExchangeError::Form { reason };
        let raw = match manifest {
            ManifestText::Manifest(text) => text.into_bytes(),
            ManifestText::Base64(text) => STANDARD.decode(text).map_err(|error| form(error.to_string()))?,
            ManifestText::Stored(text) => {
                let manifest_json = text.into_bytes().into();
                list.insert(ListEntry { reference, descriptor, raw: None, manifest_json })?;
                continue;
            }
        };
        let expected = descriptor.digest.clone();
        let found = Digest::with(expected.algorithm(), &raw);
        if found != expected {
            return Err(ExchangeError::Digest { image: Box::new(reference), expected, found });
        }
        let entry = ListEntry::new(reference, descriptor, raw).map_err(|error| form(error.to_string()))?;
        list.insert(entry)?;
    }
    Ok(list)
}

/// What was found in files of the Docker CLI.
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

/// The files of lists as the Docker CLI keeps them, in a folder `manifests`; and beside that a file with their names.
pub fn to_files<'a>(lists: impl IntoIterator<Item = &'a ManifestList>) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut names = BTreeMap::new();
    for list in lists {
        let folder = list.reference().file_name();
        for entry in list.iter() {
            let path = format!("manifests/{folder}/{}", entry.reference.file_name());
            files.push((path, encode_entry_in(entry, list.form())));
        }
        names.insert(folder, list.reference().to_string());
    }
    let names = serde_json::to_vec_pretty(&names).expect("a map of strings can be written as JSON");
    files.push((NAMES.to_owned(), names));
    files
}

/// The lists in files of the Docker CLI: paths end with `LIST/ENTRY`, whatever stands before.
pub fn from_files(files: &[(String, Vec<u8>)]) -> Found {
    let mut found = Found::default();
    let mut names: BTreeMap<String, Reference> = Default::default();
    let mut folders: BTreeMap<&str, Vec<ListEntry>> = Default::default();
    let mut forms: BTreeMap<&str, IndexForm> = Default::default();
    for (path, bytes) in files {
        let mut parts = path.rsplit('/').filter(|part| !part.is_empty());
        let (Some(file), folder) = (parts.next(), parts.next()) else { continue };
        if file.starts_with('.') || folder == Some("__MACOSX") {
            continue;
        }
        if file == NAMES {
            names = serde_json::from_slice(bytes).unwrap_or_default();
            continue;
        }
        match (folder, decode_entry(bytes, path)) {
            (Some(folder), Ok(entry)) => {
                folders.entry(folder).or_default().push(entry);
                if let Some(form) = decode_form(bytes) {
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
        let named = names.remove(folder).filter(|name| name.file_name() == folder);
        let is_guess = named.is_none();
        let Some(name) = named.or_else(|| guess(folder, &entries)) else {
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
