//! Looking at images and lists.

use std::sync::Arc;

use tallyman_core::{
    IndexForm, ListEntry, ManifestList, MediaType, Reference, check_registry, encode_index, json,
};
use tallyman_registry::Client;
use tallyman_store::{ListStore, StoreError, docker::encode_entry};

use crate::{
    Error,
    fetch::{self, Fetched, many},
};

/// Connections to a registry on loopback that are opened before it is known whether there is a list: those for its images
/// need not be waited for then. Ports are forwarded from far away, and connections on loopback cost nobody anything.
const AHEAD: usize = 12;

/// The image or the list under a name.
#[derive(Clone, Debug)]
pub enum Inspected {
    /// An image of a registry.
    Image(ListEntry),
    /// An image of a local list.
    LocalImage(ListEntry),
    /// A list, local or of a registry.
    List {
        /// Its name.
        reference: Reference,
        /// Its images: those of a local list in the order of their file names, others in the list's own.
        entries: Vec<ListEntry>,
        /// The exact bytes of a local list, as a push would put them.
        local: Option<Arc<[u8]>>,
    },
}

/// Looks for an image in a local list. No registry is asked.
///
/// # Errors
/// When there is no such list, no such image in it, or when the store fails.
pub async fn inspect_local_image(
    store: &dyn ListStore,
    list: &Reference,
    image: &Reference,
) -> Result<Inspected, Error> {
    let missing = || Error::NotInStore { reference: image.clone() };
    // Other entries may be damaged: Docker reads this one alone.
    let list = store.load_entries(list, &[image]).await?.ok_or_else(missing)?;
    list.check_name(image)?;
    list.get(image).cloned().map(Inspected::LocalImage).ok_or_else(missing)
}

/// Looks for a local list, and where there is none that can be read, for an image or a list in a registry.
///
/// # Errors
/// When the registry has nothing of that name, or nothing that can be read.
pub async fn inspect(
    store: &dyn ListStore,
    client: &Client,
    reference: &Reference,
    on_damage: &dyn Fn(&StoreError),
) -> Result<Inspected, Error> {
    if let Some(list) = readable(store, reference, on_damage).await {
        let (entries, local) = (list.iter().cloned().collect(), Some(list.to_bytes().into()));
        return Ok(Inspected::List { reference: reference.clone(), entries, local });
    }
    if reference.registry().is_loopback() {
        client.preconnect_if_plain(reference.registry(), AHEAD);
    }
    match fetch::manifest(client, reference, reference).await? {
        Fetched::Image(image) => {
            let platform = fetch::platform(client, &image).await?;
            Ok(Inspected::Image(image.with_platform(platform)?))
        }
        Fetched::List(list) => {
            let entries = many::entries(client, reference, &list).await?;
            Ok(Inspected::List { reference: reference.clone(), entries, local: None })
        }
    }
}

/// The exact bytes under a name: of a local list as it would be pushed, or what the registry sent.
///
/// # Errors
/// As [`inspect`], but that what the bytes say does not matter.
pub async fn inspect_raw(
    store: &dyn ListStore,
    client: &Client,
    reference: &Reference,
    on_damage: &dyn Fn(&StoreError),
) -> Result<Arc<[u8]>, Error> {
    if let Some(list) = readable(store, reference, on_damage).await {
        return Ok(list.to_bytes().into());
    }
    fetch::raw(client, reference).await
}

/// Returns a local list. One that cannot be read is passed over, as Docker does, and `on_damage` is told why.
async fn readable(
    store: &dyn ListStore,
    reference: &Reference,
    on_damage: &dyn Fn(&StoreError),
) -> Option<ManifestList> {
    store.load(reference).await.unwrap_or_else(|error| {
        on_damage(&error);
        None
    })
}

impl Inspected {
    /// Returns the output of `inspect`: an image's manifest indented by tabs, or the list that Docker would make of these
    /// entries.
    ///
    /// # Errors
    /// When a local list has an image of another registry.
    pub fn brief(&self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Image(entry) => indented(entry, entry.raw.as_ref().unwrap_or(&entry.manifest_json)),
            Self::LocalImage(entry) => indented(entry, &entry.manifest_json),
            Self::List { reference, entries, local } => {
                for entry in entries {
                    check_registry(entry, reference).map_err(Error::Assemble)?;
                }
                if let Some(bytes) = local {
                    return Ok(bytes.to_vec());
                }
                let descriptors = entries.iter().map(|entry| &entry.descriptor);
                let media_type =
                    MediaType::of_list(descriptors.clone().next().map(|first| &first.media_type));
                Ok(encode_index(&media_type, descriptors))
            }
        }
    }

    /// Returns the output of `inspect --verbose`: each image with its name, descriptor and platform, as the local store keeps
    /// it, indented by tabs.
    ///
    /// # Errors
    /// When what the local store has of an image is no JSON.
    pub fn verbose(&self) -> Result<Vec<u8>, Error> {
        let entry_json = |entry: &ListEntry| encode_entry(entry, &IndexForm::default());
        let (first, json) = match self {
            Self::Image(entry) | Self::LocalImage(entry) => (Some(entry), entry_json(entry)),
            Self::List { entries, .. } => {
                let entries_json: Vec<Vec<u8>> = entries.iter().map(entry_json).collect();
                (entries.first(), [b"[", &entries_json.join(&b',')[..], b"]"].concat())
            }
        };
        match first {
            Some(entry) => indented(entry, &json),
            None => Ok(json),
        }
    }

    /// The exact bytes of an image's manifest, or of the list that Docker would make of these entries.
    ///
    /// # Errors
    /// As [`Inspected::brief`]; or when an entry without its bytes cannot be rebuilt.
    pub fn raw(&self) -> Result<Arc<[u8]>, Error> {
        match self {
            Self::Image(entry) | Self::LocalImage(entry) => {
                entry.manifest_bytes().map_err(|error| content(entry, error))
            }
            Self::List { .. } => Ok(self.brief()?.into()),
        }
    }
}

fn indented(entry: &ListEntry, json: &[u8]) -> Result<Vec<u8>, Error> {
    json::indent(json, "\t").map_err(|error| content(entry, error))
}

fn content(entry: &ListEntry, error: json::SyntaxError) -> Error {
    Error::content(&entry.reference, error)
}
