//! The bytes of a list, as Docker writes them.

use std::collections::BTreeMap;

use tallyman_list_json::{Entry, Pairs, Platform, Writer};

use crate::{Descriptor, ManifestError, MediaType, manifest::parse_fast};

/// Encodes a list of these descriptors as Docker writes it: three spaces a level, Go's escapes, no newline at the end; of
/// each entry media type, size, digest and platform, and nothing else.
pub fn encode_index<'a>(media_type: &MediaType, entries: impl Iterator<Item = &'a Descriptor>) -> Vec<u8> {
    let mut writer = Writer::new(media_type.as_str(), entries.size_hint().0);
    entries.for_each(|entry| writer.entry(&view(entry)));
    writer.finish(&[])
}

/// Encodes an OCI index of these descriptors in the same manner, with its annotations, theirs, and their artifact types.
pub(super) fn encode_annotated<'a>(
    entries: impl Iterator<Item = &'a Descriptor>,
    annotations: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut writer = Writer::new(MediaType::OciIndex.as_str(), entries.size_hint().0);
    entries.for_each(|entry| {
        let (annotations, artifact_type) = (pairs(&entry.annotations), entry.artifact_type.as_deref());
        let mut view = view(entry);
        // An artifact has its type in place of a platform.
        view.platform = view.platform.filter(|_| entry.platform.is_some() || artifact_type.is_none());
        writer.entry(&Entry { annotations, artifact_type, ..view });
    });
    writer.finish(&pairs(annotations))
}

/// Encodes the list that Docker makes of the entries of another list, and returns it behind its media type: the `named`
/// one, else the one of [`MediaType::of_list`]. Returns `None` if `bytes` are a list that has to be read with
/// [`crate::ManifestBody::parse`], or no list.
///
/// # Errors
/// [`ManifestError::MediaTypeMismatch`] if the media types contradict each other.
pub fn reencode_index(
    bytes: &[u8],
    named: Option<&MediaType>,
) -> Result<Option<(MediaType, Vec<u8>)>, ManifestError> {
    let Some((_, list)) = parse_fast(bytes, named)? else { return Ok(None) };
    let first = list.manifests.first().map(|entry| MediaType::new(entry.media_type));
    let media_type = named.cloned().unwrap_or_else(|| MediaType::of_list(first.as_ref()));
    let mut writer = Writer::new(media_type.as_str(), list.manifests.len());
    for entry in list.manifests {
        let media_type = MediaType::new(entry.media_type);
        // Docker names a platform in any case.
        let platform = Some(entry.platform.unwrap_or_default());
        writer.entry(&Entry {
            media_type: media_type.as_str(),
            platform,
            annotations: Pairs::new(),
            artifact_type: None,
            ..entry
        });
    }
    Ok(Some((media_type, writer.finish(&[]))))
}

/// An entry as the writer takes it, with what Docker writes of it.
fn view(descriptor: &Descriptor) -> Entry<'_> {
    let platform = match &descriptor.platform {
        Some(platform) => Some(Platform {
            architecture: &platform.architecture,
            os: &platform.os,
            os_version: &platform.os_version,
            os_features: platform.os_features.iter().map(String::as_str).collect(),
            variant: &platform.variant,
        }),
        // Docker names a platform in any case. A list in a list, which Docker does not make, has none.
        None => (!descriptor.media_type.is_list()).then(Platform::default),
    };
    Entry {
        media_type: descriptor.media_type.as_str(),
        digest: descriptor.digest.as_str(),
        size: descriptor.size,
        platform,
        annotations: Pairs::new(),
        artifact_type: None,
    }
}

fn pairs(of: &BTreeMap<String, String>) -> Pairs<'_> {
    of.iter().map(|(key, value)| (&**key, &**value)).collect()
}
