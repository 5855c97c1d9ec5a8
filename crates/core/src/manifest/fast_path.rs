//! Lists as tools write them, which are read several times as fast as by the general reader.

use std::collections::BTreeMap;

use tallyman_list_json::{Entry, List, Pairs};

use super::{Index, error::ManifestError, media_type_rules::Probe};
use crate::{Descriptor, Digest, MediaType, Platform};

/// Parses a list without copying its texts, and returns it behind the media type by which it is read; `None` if it is for
/// the general reader.
///
/// # Errors
/// [`ManifestError::MediaTypeMismatch`] if the bytes contradict `media_type`.
pub(crate) fn parse<'a>(
    bytes: &'a [u8],
    media_type: Option<&MediaType>,
) -> Result<Option<(MediaType, List<'a>)>, ManifestError> {
    let Some(list) = read(bytes) else { return Ok(None) };
    let media_type = Probe::of_list(&list).decide(media_type)?;
    Ok(media_type.is_list().then_some((media_type, list)))
}

fn read(bytes: &[u8]) -> Option<List<'_>> {
    tallyman_list_json::read(bytes, &|text| Digest::check(text).is_ok())
}

impl Index {
    /// Returns `true` if the bytes are a list that every reader of JSON reads alike, whatever it makes of names in another case and of
    /// names that come twice: there are none. `false` is no verdict.
    pub fn is_read_alike(bytes: &[u8]) -> bool {
        read(bytes).is_some()
    }
}

impl Probe {
    /// Returns the fields that tell a list from other kinds.
    fn of_list(list: &List<'_>) -> Self {
        Self {
            schema_version: list.schema_version,
            media_type: list.media_type.map(MediaType::new),
            has_manifests: true,
            ..Self::default()
        }
    }
}

impl From<List<'_>> for Index {
    fn from(list: List<'_>) -> Self {
        Self {
            manifests: list.manifests.into_iter().map(descriptor).collect(),
            annotations: owned(list.annotations),
            subject: None,
            artifact_type: list.artifact_type.map(str::to_owned),
        }
    }
}

fn descriptor(entry: Entry<'_>) -> Descriptor {
    let digest = entry.digest.parse().expect("the reader takes digests alone");
    let platform = entry.platform.map(|platform| Platform {
        architecture: platform.architecture.to_owned(),
        os: platform.os.to_owned(),
        os_version: platform.os_version.to_owned(),
        os_features: platform.os_features.into_iter().map(str::to_owned).collect(),
        variant: platform.variant.to_owned(),
    });
    Descriptor {
        platform,
        annotations: owned(entry.annotations),
        artifact_type: entry.artifact_type.map(str::to_owned),
        ..Descriptor::new(MediaType::new(entry.media_type), digest, entry.size)
    }
}

fn owned(pairs: Pairs<'_>) -> BTreeMap<String, String> {
    let mut owned = BTreeMap::new();
    owned.extend(pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())));
    owned
}
